/* SPDX-License-Identifier: MIT */
/* gcm: AES-GCM (NIST SP 800-38D) over whole messages, from one place to another.
 *
 * With the instructions that processors have for it where they are there
 * (gcm_x86), else with BearSSL's constant-time code, which is some forty times
 * slower. Either way it takes the same time whatever the bytes are. Nothing is
 * allocated: the caller owns the key, and wipes it (secret.h).
 *
 * Keys are 16 or 32 bytes, nonces 12, tags 16. `to` and `from` may be the same
 * place, but must not overlap otherwise; any alignment. A message has at most
 * GCM_BYTES_MAX; longer ones assert.
 */
#ifndef DECANT_GCM_H
#define DECANT_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GCM_NONCE_BYTES 12
#define GCM_TAG_BYTES 16
#define GCM_KEY_BYTES_MAX 32

/* As far as the block counter reaches, with room to spare: 1 GiB. */
#define GCM_BYTES_MAX (UINT64_C(1) << 30)

/* From slow to fast. A processor that has one has those before it. */
enum gcm_engine { GCM_PORTABLE, GCM_X86, GCM_X86_WIDE };

/* A key, made ready. gcm.c and gcm_x86.c hold the room to what they keep there. */
struct gcm {
  _Alignas(32) uint64_t words[98];
  enum gcm_engine engine;
};

/* The fastest engine that this processor has. */
enum gcm_engine gcm_best_engine(void);

/* Readies a key for an engine that is there: gcm_best_engine() or one before it. */
void gcm_init(struct gcm *gcm, enum gcm_engine engine, const uint8_t *key, unsigned key_bytes);

/* Encrypts `length` bytes, and computes the tag over them and the header. The two
 * calls never differ in what they write but in how fast. A nonce is used once. */
void gcm_seal(const struct gcm *gcm, const uint8_t nonce[GCM_NONCE_BYTES], const uint8_t *header, size_t header_length,
              uint8_t *to, const uint8_t *from, size_t length, uint8_t tag[GCM_TAG_BYTES]);

/* Decrypts, and returns whether the tag is right. If it isn't, what stands at `to`
 * is worth nothing and must not be looked at. `tag` must not lie within `to`. */
bool gcm_open(const struct gcm *gcm, const uint8_t nonce[GCM_NONCE_BYTES], const uint8_t *header, size_t header_length,
              uint8_t *to, const uint8_t *from, size_t length, const uint8_t tag[GCM_TAG_BYTES]);

#endif
