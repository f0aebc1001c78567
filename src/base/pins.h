/* SPDX-License-Identifier: MIT */
/* pins: the public keys by which an operator knows servers whose CA isn't at hand.
 *
 * A pin is the SHA-256 of the key as it stands in the certificate, the DER of its
 * SubjectPublicKeyInfo: a new certificate for the same key keeps it.
 */
#ifndef DECANT_PINS_H
#define DECANT_PINS_H

#include <stdbool.h>
#include <stdint.h>

#define PINS_MAX 4 /* two ends, and a new key beside the old one on each */
#define PIN_BYTES 32
#define PIN_TEXT_BYTES (7 + 2 * PIN_BYTES + 1)

struct pins {
  uint8_t digests[PINS_MAX][PIN_BYTES];
  unsigned count;
};

/* Adds "sha256:" and 64 hexadecimal digits, in any case. Returns false if it isn't
 * that, or one too many. */
bool pins_add(struct pins *pins, const char *text);

bool pins_have(const struct pins *pins, const uint8_t digest[PIN_BYTES]);

/* Writes a digest as pins_add() reads it. */
void pins_text(const uint8_t digest[PIN_BYTES], char text[PIN_TEXT_BYTES]);

#endif
