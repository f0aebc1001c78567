/* SPDX-License-Identifier: MIT */
/* digest: what the content of a disk adds up to, computed as it goes by in order.
 *
 * Two kinds. The plain digest H(content) is the one that sha256sum and its like
 * print. A blkhash is
 *
 *   H(H(block 1) || ... || H(block n) || size as 64-bit little endian)
 *
 * over blocks of one size, of which only the last may be shorter; a disk of no
 * bytes has no blocks. It is the hash that nbdcopy and blksum compute.
 *
 * The disk is added from its first byte to its last, in parts of any length;
 * sizes and lengths are bytes. Nothing is read, printed or allocated: a struct
 * digest has one size, whatever it computes, and the caller owns it. Two digests
 * of one disk are two of them.
 *
 * What it costs: SHA-256 takes in 2 GB/s where the processor has instructions for
 * it, else some 300 MB/s (hash.h). A plain digest hashes the zeros of holes too. A
 * blkhash only counts them: the hash of a block of zeros is computed once, and what
 * remains is the digest of each block, so that 1 TiB of hole costs what 512 MiB of
 * data do with the default block size, and more with smaller blocks. Of data, two
 * blocks are hashed side by side, half as fast again, where they come at once. A
 * caller that has to stay responsive adds DIGEST_PART_BYTES at a time.
 *
 * Parsing returns faults, with EXIT_BAD_USAGE; computing can't fail.
 */
#ifndef DECANT_DIGEST_H
#define DECANT_DIGEST_H

#include "base/error.h"
#include "base/limits.h"
#include "hash/hash.h"

#include <stdbool.h>
#include <stdint.h>

#define DIGEST_HEX_BYTES (2 * HASH_BYTES_MAX + 1) /* with its NUL */

#define DIGEST_BLOCK_BYTES_DEFAULT (64 * KIB)
/* Small enough that a block of zeros, hashed in one go, keeps nobody waiting for
 * longer than a few seconds. */
#define DIGEST_BLOCK_BYTES_MAX (1 * GIB)

/* Hashed within some four milliseconds, on any processor. */
#define DIGEST_PART_BYTES (1 * MIB)

enum digest_kind { DIGEST_PLAIN, DIGEST_BLKHASH };

struct digest_config {
  enum digest_kind kind;
  enum hash_kind hash;
  uint64_t block_bytes; /* DIGEST_BLKHASH: a power of two from 1 to DIGEST_BLOCK_BYTES_MAX; else unused */
};

/* What --sha256 asks for, and --blkhash when it says no more. */
extern const struct digest_config digest_sha256;
extern const struct digest_config digest_blkhash;

/* Is given the digest of each block of a blkhash, in order. */
struct digest_sink {
  void (*take)(struct digest_sink *sink, const uint8_t *digest, unsigned bytes);
};

struct digest {
  struct digest_config config;
  struct digest_sink *sink; /* DIGEST_BLKHASH: set once it is readied, by who wants the blocks' digests; NULL: nobody */
  struct hash whole;        /* over the content, or over the digests of the blocks */
  struct hash block;        /* over the current block, once it holds anything but zeros */
  uint64_t size;            /* bytes added */
  uint64_t block_fill;      /* of them, those in the current block; below block_bytes */
  bool block_is_zero;       /* they are zeros, and not in `block` */
  bool zero_block_is_known;
  bool finished;
  uint8_t zero_block[HASH_BYTES_MAX]; /* if known, the digest of a whole block of zeros */
};

/* Readies a digest; `digest` may be uninitialised memory. */
void digest_init(struct digest *digest, const struct digest_config *config);

/* Adds what comes next of the disk. `data` may be NULL: zeros, of any length. */
void digest_add(struct digest *digest, const uint8_t *data, uint64_t length);

/* The disk has ended: writes the digest in lower-case hexadecimal digits. Once. */
void digest_finish(struct digest *digest, char hex[DIGEST_HEX_BYTES]);

/* What to write before a digest of this kind: "sha256" or "blkhash". */
const char *digest_label(enum digest_kind kind);

/* Reads DIGEST[/SIZE], the value of --blkhash: DIGEST is one of md5 sha1 sha224
 * sha256 sha384 sha512 in any case, SIZE as in sizes_parse. NULL or empty:
 * digest_blkhash. Returns 0, or -1 with the fault set. */
int digest_parse_blkhash(struct digest_config *config, const char *text, struct fault *fault);

/* What a digest has to be, by the operator's word. */
struct digest_expected {
  enum digest_kind kind;
  char hex[DIGEST_HEX_BYTES]; /* lower case */
};

/* Reads sha256:HEX or blkhash:HEX, the value of --expect. How long a blkhash has
 * to be depends on --blkhash, which may stand behind it: see the next. Returns 0,
 * or -1 with the fault set. */
int digest_parse_expected(struct digest_expected *expected, const char *text, struct fault *fault);

/* Whether what is expected has the length of what this config, of the same kind,
 * computes. Returns 0, or -1 with the fault set. */
int
digest_check_expected(const struct digest_expected *expected, const struct digest_config *config, struct fault *fault);

/* Returns 0 if `hex` is what was expected, or -1 with a fault that names both
 * (EXIT_DIGEST_DIFFERS). */
int digest_compare(const struct digest_expected *expected, const char *hex, struct fault *fault);

#endif
