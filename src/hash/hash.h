/* SPDX-License-Identifier: MIT */
/* hash: MD5 and the hashes of FIPS 180-4, as fast as the processor can.
 *
 * An engine is what blocks are taken in by: the processor's own instructions where
 * it has some (SHA-1, SHA-224 and SHA-256 on x86-64; these, SHA-384 and SHA-512 on
 * AArch64), else BearSSL's code, which takes five to six times as long for SHA-256.
 * They never differ in what they compute.
 *
 * A message is added in parts of any length, at any alignment, of 2^61 bytes at most.
 * The caller owns the struct; nothing can fail.
 */
#ifndef DECANT_HASH_H
#define DECANT_HASH_H

#include <stdint.h>

enum hash_kind { HASH_MD5, HASH_SHA1, HASH_SHA224, HASH_SHA256, HASH_SHA384, HASH_SHA512 };

#define HASH_KINDS 6
#define HASH_BYTES_MAX 64        /* the longest digest, and the longest state */
#define HASH_BLOCK_BYTES_MAX 128 /* what is taken in at once: 64 bytes, or these */

struct hash_engine;

/* One message on its way. */
struct hash {
  enum hash_kind kind;
  const struct hash_engine *engine;   /* NULL: BearSSL's code */
  uint64_t length;                    /* bytes added */
  uint8_t state[HASH_BYTES_MAX];      /* over all whole blocks; its words as in a digest */
  uint8_t rest[HASH_BLOCK_BYTES_MAX]; /* of a block that isn't whole yet */
};

/* In lower case: "sha256". */
const char *hash_name(enum hash_kind kind);

/* How long its digests are. */
unsigned hash_bytes(enum hash_kind kind);

/* The fastest engine that this processor has for this hash, or NULL: that is
 * BearSSL's code, which any processor runs. Asks the processor each time. */
const struct hash_engine *hash_best_engine(enum hash_kind kind);

/* Begins a message. The engine is the best one or NULL. */
void hash_init(struct hash *hash, enum hash_kind kind, const struct hash_engine *engine);

/* Adds what comes next of the message; zeros if `data` is NULL. */
void hash_add(struct hash *hash, const uint8_t *data, uint64_t length);

/* The message has ended: writes its digest, hash_bytes() of it. `hash` is used up. */
void hash_out(struct hash *hash, uint8_t *digest);

/* The digests of two messages of one length, side by side: in less time than one
 * after the other, where the engine can. */
void hash_two(enum hash_kind kind, const struct hash_engine *engine, const uint8_t *const data[2], uint64_t length,
              uint8_t digests[2][HASH_BYTES_MAX]);

#endif
