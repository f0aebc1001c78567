/* SPDX-License-Identifier: MIT */
/* facts: what a server says about itself and about one export, and the names that
 * nbdinfo has for it.
 *
 * `server` fills them in, `info` prints them. What the server doesn't say is
 * unknown, never no.
 */
#ifndef DECANT_FACTS_H
#define DECANT_FACTS_H

#include "base/names.h"
#include "disk/uri.h"
#include "report/content.h"

#include <stdbool.h>
#include <stdint.h>

/* What is so or isn't. */
enum fact {
  /* Of the connection. */
  FACT_TLS,
  FACT_STRUCTURED,
  FACT_EXTENDED,
  /* Of the export, in the order in which they are shown. */
  FACT_ROTATIONAL,
  FACT_READ_ONLY,
  FACT_BLOCK_STATUS_PAYLOAD,
  FACT_CACHE,
  FACT_DF,
  FACT_FAST_ZERO,
  FACT_FLUSH,
  FACT_FUA,
  FACT_MULTI_CONN,
  FACT_TRIM,
  FACT_ZERO,
  /* Always so. */
  FACT_CONNECTED,
};
#define FACTS (FACT_CONNECTED + 1)
#define FACT_OF_EXPORT_FIRST FACT_ROTATIONAL
#define FACT_OF_EXPORT_LAST FACT_ZERO

#define FACT_UNKNOWN (-1)

/* By enum fact: the name that is shown. */
extern const char *const facts_names[FACTS];

/* The sizes of blocks, in the order in which they are shown. */
enum block_size { BLOCK_MINIMUM, BLOCK_PREFERRED, BLOCK_MAXIMUM };
#define BLOCK_SIZES (BLOCK_MAXIMUM + 1)

/* By enum block_size: the name that is shown. */
extern const char *const facts_block_size_names[BLOCK_SIZES];

struct facts {
  char protocol[32]; /* "newstyle-fixed" and the like; "": unknown */
  int is[FACTS];     /* 1, 0 or FACT_UNKNOWN */

  char name[URI_EXPORT_BYTES];        /* of the export, as the server calls it */
  char description[URI_EXPORT_BYTES]; /* "": none */
  char uri[URI_TEXT_BYTES];           /* how to reach it again; "": can't be */
  char content[CONTENT_TEXT_BYTES];   /* what its first bytes look like; "": unknown */
  int64_t size;                       /* bytes; negative: unknown */
  int64_t allocated;                  /* bytes of it that take room, of a file */
  bool has_allocated;                 /* that is known */
  int64_t block_sizes[BLOCK_SIZES];   /* bytes; 0 or negative: unknown */
  struct names contexts;              /* the metadata contexts that it has */
  bool has_contexts;                  /* the server was able to list them */
};

/* Finds what a word such as "read-only", "multi_conn" or "Structured Replies" asks
 * for. `negated` is set if the word asks for the opposite of the fact ("write").
 * Returns false if the word is unknown. */
bool facts_find(const char *word, enum fact *fact, bool *negated);

#endif
