/* SPDX-License-Identifier: MIT */
/* patch: see patch.h. */
#include "job/patch.h"

#include "base/range.h"
#include "job/ask.h"

#include <assert.h>
#include <string.h>

typedef unsigned long long ull;

static int
patch_ask(struct patch *patch, struct endpoint *end, const struct request *asked, const char *doing,
          struct fault *fault)
{
  const struct request *request = &patch->request;

  assert(!patch->is_left);
  patch->request = *asked;
  patch->is_left = ask(end, patch->loop, &patch->request, fault) == -1;
  if (patch->is_left)
    return -1;
  if (!request->errnum && (request->kind != REQUEST_READ || request->done == request->length))
    return 0;
  const char *why = request->errnum ? endpoint_why(end, request->errnum) : "it ends there";
  if (request->kind == REQUEST_FLUSH)
    fault_set(fault, EXIT_FAILED, 0, "cannot flush %s: %s", end->name, why);
  else
    fault_set(fault, EXIT_FAILED, 0, "cannot %s %s at offset %llu: %s", doing, end->name, (ull)request->offset, why);
  fault->may_pass = true;
  return -1;
}

/* The whole blocks that what is wanted begins with, as many as a request takes. */
static struct range
first_blocks(const struct patch *patch, uint64_t offset, uint64_t length)
{
  const struct traits *traits = &patch->end->traits;
  uint64_t most = range_align_down(range_min(traits->request_max, patch->buffer_bytes), traits->block_min);
  uint64_t start = range_align_down(offset, traits->block_min);

  return (struct range){ start, range_min(range_align_up(offset + length, traits->block_min), start + most) };
}

static int
read_blocks(struct patch *patch, struct range range, struct fault *fault)
{
  const struct request request = { .kind = REQUEST_READ,
                                   .offset = range.start,
                                   .length = range_length(range),
                                   .payload = patch->buffer,
                                   .chunks = &patch->chunks };

  if (patch_ask(patch, patch->end, &request, "read", fault) == -1)
    return -1;
  if (patch->hold)
    hold_back_show(patch->hold, range, patch->buffer);
  return 0;
}

int
patch_read(struct patch *patch, uint64_t offset, uint64_t length, unsigned char *bytes, struct fault *fault)
{
  while (length > 0) {
    struct range range = first_blocks(patch, offset, length);
    if (read_blocks(patch, range, fault) == -1)
      return -1;
    uint64_t part = range_min(length, range.end - offset);
    memcpy(bytes, patch->buffer + (offset - range.start), part);
    offset += part;
    bytes += part;
    length -= part;
  }
  return 0;
}

int
patch_write(struct patch *patch, uint64_t offset, uint64_t length, const unsigned char *bytes, struct fault *fault)
{
  while (length > 0) {
    struct range range = first_blocks(patch, offset, length);
    uint64_t part = range_min(length, range.end - offset);
    if (part < range_length(range) && read_blocks(patch, range, fault) == -1)
      return -1;
    memcpy(patch->buffer + (offset - range.start), bytes, part);
    const struct request request = {
      .kind = REQUEST_WRITE, .offset = range.start, .length = range_length(range), .payload = patch->buffer
    };
    if (patch_ask(patch, patch->written, &request, "write to", fault) == -1)
      return -1;
    offset += part;
    bytes += part;
    length -= part;
  }
  return 0;
}

int
patch_flush(struct patch *patch, bool is_final, struct fault *fault)
{
  const struct request request = { .kind = REQUEST_FLUSH, .is_midway = !is_final, .is_final = is_final };

  return patch->end->traits.can_flush ? patch_ask(patch, patch->written, &request, NULL, fault) : 0;
}
