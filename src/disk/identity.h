/* SPDX-License-Identifier: MIT */
/* identity: which file or device an end is, so that none is copied onto itself. */
#ifndef DECANT_IDENTITY_H
#define DECANT_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

struct identity {
  bool known; /* else it may be anything */
  bool is_device;
  uint64_t filesystem; /* a file: st_dev */
  uint64_t number;     /* a file: st_ino; a device: st_rdev */
};

static inline bool
identity_is_same(const struct identity *a, const struct identity *b)
{
  return a->known && b->known && a->is_device == b->is_device && a->filesystem == b->filesystem &&
         a->number == b->number;
}

#endif
