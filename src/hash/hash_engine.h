/* SPDX-License-Identifier: MIT */
/* hash_engine: how a hash takes whole blocks in, by the instructions that some
 * processors have for it.
 *
 * Only hash uses these, and its promises are hash.h's. A state is the words of
 * FIPS 180-4, each with its highest byte first: as they stand in a digest. Blocks
 * and states lie anywhere, at any alignment.
 */
#ifndef DECANT_HASH_ENGINE_H
#define DECANT_HASH_ENGINE_H

#include "hash/hash.h"

#include <stdint.h>

struct hash_engine {
  /* Takes `blocks` blocks at `data` into a state. */
  void (*take)(uint8_t *state, const uint8_t *data, uint64_t blocks);
  /* Those of two messages at once, or NULL. A block waits for the one before it, but
   * not for the other message's: what one leaves of the processor unused is the other's. */
  void (*take_two)(uint8_t *const states[2], const uint8_t *const data[2], uint64_t blocks);
};

/* The constants of SHA-256's rounds. */
extern const _Alignas(16) uint32_t hash_sha256_constants[64];

/* The engines of x86-64 (SHA extensions) and of AArch64 (SHA-1, SHA-2). NULL: this
 * processor has no instructions for this hash, or is of another kind. */
const struct hash_engine *hash_x86_engine(enum hash_kind kind);
const struct hash_engine *hash_arm_engine(enum hash_kind kind);

#endif
