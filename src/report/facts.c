/* SPDX-License-Identifier: MIT */
/* facts: see facts.h. */
#include "report/facts.h"

#include <string.h>

#define WORD_BYTES 32 /* longer than any that is known here */

const char *const facts_names[FACTS] = {
  [FACT_TLS] = "TLS",
  [FACT_STRUCTURED] = "structured",
  [FACT_EXTENDED] = "extended",
  [FACT_ROTATIONAL] = "is_rotational",
  [FACT_READ_ONLY] = "is_read_only",
  [FACT_BLOCK_STATUS_PAYLOAD] = "can_block_status_payload",
  [FACT_CACHE] = "can_cache",
  [FACT_DF] = "can_df",
  [FACT_FAST_ZERO] = "can_fast_zero",
  [FACT_FLUSH] = "can_flush",
  [FACT_FUA] = "can_fua",
  [FACT_MULTI_CONN] = "can_multi_conn",
  [FACT_TRIM] = "can_trim",
  [FACT_ZERO] = "can_zero",
  [FACT_CONNECTED] = "can_connect",
};

const char *const facts_block_size_names[BLOCK_SIZES] = {
  [BLOCK_MINIMUM] = "block_size_minimum",
  [BLOCK_PREFERRED] = "block_size_preferred",
  [BLOCK_MAXIMUM] = "block_size_maximum",
};

/* Written in lower case without what separates words. */
static const struct {
  const char *word;
  enum fact fact;
  bool negated;
} words[] = {
  { "connect", FACT_CONNECTED, false },
  { "read", FACT_CONNECTED, false }, /* every server must */
  { "tls", FACT_TLS, false },
  { "sr", FACT_STRUCTURED, false },
  { "structured", FACT_STRUCTURED, false },
  { "structuredreply", FACT_STRUCTURED, false },
  { "structuredreplies", FACT_STRUCTURED, false },
  { "eh", FACT_EXTENDED, false },
  { "extendedheader", FACT_EXTENDED, false },
  { "extendedheaders", FACT_EXTENDED, false },
  { "readonly", FACT_READ_ONLY, false },
  { "write", FACT_READ_ONLY, true },
  { "rotational", FACT_ROTATIONAL, false },
  { "blockstatuspayload", FACT_BLOCK_STATUS_PAYLOAD, false },
  { "cache", FACT_CACHE, false },
  { "df", FACT_DF, false },
  { "fastzero", FACT_FAST_ZERO, false },
  { "flush", FACT_FLUSH, false },
  { "fua", FACT_FUA, false },
  { "multiconn", FACT_MULTI_CONN, false },
  { "trim", FACT_TRIM, false },
  { "zero", FACT_ZERO, false },
};

/* "Fast-Zero" becomes "fastzero"; what is too long becomes "". */
static void
normalise(const char *word, char out[WORD_BYTES])
{
  size_t used = 0;

  for (; *word && used + 1 < WORD_BYTES; word++)
    if (!strchr(" -_", *word))
      out[used++] = (char)(*word >= 'A' && *word <= 'Z' ? *word | ('a' - 'A') : *word);
  out[*word ? 0 : used] = '\0';
}

bool
facts_find(const char *word, enum fact *fact, bool *negated)
{
  char normal[WORD_BYTES];

  normalise(word, normal);
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strcmp(words[i].word, normal) == 0) {
      *fact = words[i].fact;
      *negated = words[i].negated;
      return true;
    }
  return false;
}
