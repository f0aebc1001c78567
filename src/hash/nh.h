/* SPDX-License-Identifier: MIT */
/* nh: the universal hash NH of UMAC (RFC 4418, 5.2), over words of 64 bits: it makes a block of 1024 bytes into 32, as fast as
 * memory hands them over, on any processor.
 *
 * Two blocks that aren't the same get the same digest by one key of 2^128, whoever chose them, as long as they didn't know the key.
 * So it is of use where one process takes digests for itself; it proves nothing to anybody else.
 *
 * The caller owns all memory. Makes no call, never fails.
 */
#ifndef DECANT_NH_H
#define DECANT_NH_H

#include <stdint.h>

#define NH_BLOCK_BYTES 1024
#define NH_DIGEST_BYTES 32
#define NH_SEED_BYTES 16

struct nh_key {
  uint64_t words[NH_BLOCK_BYTES / 8 + 2];
};

/* Makes a key of a few random bytes; of the same ones, the same. */
void nh_key_init(struct nh_key *key, const uint8_t seed[NH_SEED_BYTES]);

/* The digest of one block, at any alignment. */
void nh_take(const struct nh_key *key, const uint8_t block[NH_BLOCK_BYTES], uint8_t digest[NH_DIGEST_BYTES]);

#endif
