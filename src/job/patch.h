/* SPDX-License-Identifier: MIT */
/* patch: a few bytes of an end, read and written where nothing else is under way, whatever its blocks and its largest request are.
 *
 * Of a destination whose ends are held back, what is held is read and written in memory.
 */
#ifndef DECANT_PATCH_H
#define DECANT_PATCH_H

#include "copy/hold_back.h"
#include "disk/endpoint.h"
#include "os/loop.h"

#include <stdbool.h>

/* The ends, the loop and the buffer are the caller's. What a request takes may be with the end until that is closed. */
struct patch {
  struct endpoint *end;         /* to be read */
  struct endpoint *written;     /* to be written: the same, or what holds its ends back */
  const struct hold_back *hold; /* that; NULL: nothing is held back */
  struct loop *loop;
  unsigned char *buffer; /* in pages */
  uint64_t buffer_bytes; /* at least a block of the end */
  struct request request;
  struct chunks chunks;
  bool is_left; /* the request is still with the end, so that nothing more may be asked of it */
};

/* Each returns 0, or -1 with the fault set; nothing is left of what was asked before. */
int patch_read(struct patch *patch, uint64_t offset, uint64_t length, unsigned char *bytes, struct fault *fault);
int patch_write(struct patch *patch, uint64_t offset, uint64_t length, const unsigned char *bytes, struct fault *fault);

/* Brings what was written to stable storage, if the end can do that; or, as the last flush, what is held back, too. */
int patch_flush(struct patch *patch, bool is_final, struct fault *fault);

#endif
