/* SPDX-License-Identifier: MIT */
/* gcm_x86: AES-GCM with the AES and carry-less multiplication instructions of x86.
 *
 * One pass over the message, eight blocks at a time, or sixteen: their counters are
 * encrypted while the product of as many others is computed, so that both units of
 * the processor have work. Only gcm calls this, and its promises are gcm.h's.
 *
 * Constant time: no branch and no address depends on a key or a byte of a message.
 */
#ifndef DECANT_GCM_X86_H
#define DECANT_GCM_X86_H

#include "tls/gcm.h"

/* Whether the processor has the instructions; the others only then. */
bool gcm_x86_is_there(void);

/* Whether it has those too that take two blocks at once (VAES, VPCLMULQDQ). */
bool gcm_x86_is_wide(void);

/* `is_wide`: to use them. */
void gcm_x86_init(struct gcm *gcm, const uint8_t *key, unsigned key_bytes, bool is_wide);

/* As gcm_seal() and gcm_open(), but both compute the tag: comparing is gcm's. */
void gcm_x86_seal(const struct gcm *gcm, const uint8_t nonce[GCM_NONCE_BYTES], const uint8_t *header,
                  size_t header_length, uint8_t *to, const uint8_t *from, size_t length, uint8_t tag[GCM_TAG_BYTES]);
void gcm_x86_open(const struct gcm *gcm, const uint8_t nonce[GCM_NONCE_BYTES], const uint8_t *header,
                  size_t header_length, uint8_t *to, const uint8_t *from, size_t length, uint8_t tag[GCM_TAG_BYTES]);

#endif
