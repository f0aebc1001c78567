/* SPDX-License-Identifier: MIT */
/* pins: see pins.h. */
#include "base/pins.h"

#include "base/hex.h"

#include <stdio.h>
#include <string.h>

static const char algorithm[] = "sha256:";

bool
pins_add(struct pins *pins, const char *text)
{
  size_t prefix = strlen(algorithm);

  if (pins->count == PINS_MAX || strncmp(text, algorithm, prefix) != 0 || strlen(text) != prefix + 2 * PIN_BYTES)
    return false;
  if (!hex_read(text + prefix, pins->digests[pins->count], PIN_BYTES))
    return false;
  pins->count++;
  return true;
}

bool
pins_have(const struct pins *pins, const uint8_t digest[PIN_BYTES])
{
  for (unsigned i = 0; i < pins->count; i++)
    if (memcmp(pins->digests[i], digest, PIN_BYTES) == 0)
      return true;
  return false;
}

void
pins_text(const uint8_t digest[PIN_BYTES], char text[PIN_TEXT_BYTES])
{
  size_t used = (size_t)snprintf(text, PIN_TEXT_BYTES, "%s", algorithm);

  hex_write(digest, PIN_BYTES, text + used);
}
