/* SPDX-License-Identifier: MIT */
/* copy_zeros: the stage that asks the destination for zeros, and what becomes of those
 * that it refuses; see copy_stages.h. */
#include "base/range.h"
#include "copy/copy_stages.h"

#include <errno.h>
#include <stddef.h>

void
copy_zero_later(struct copy *copy, struct transfer *transfer)
{
  transfer->state = TRANSFER_WAITS;
  copy->zeros_waiting++;
}

bool
copy_zero_was_refused(const struct request *request)
{
  return request->kind == REQUEST_ZERO &&
         (request->errnum == EOPNOTSUPP || request->errnum == EINVAL || request->errnum == EOVERFLOW);
}

/* One that is too large is halved, for all that follow too, down to a block; else it
 * is written as data. */
void
copy_zero_otherwise(struct copy *copy, struct transfer *transfer)
{
  uint64_t block = copy->config.budget.block_bytes;
  uint64_t length = transfer->request.length;

  if (transfer->request.errnum == EOPNOTSUPP)
    transfer->writes_zeros = true;
  else
    copy->zero_max = range_min(copy->zero_max, length > block ? range_align_up(length / 2, block) : 0);
  copy_zero_later(copy, transfer);
}

/* Whether a transfer is to spare for a part of zeros: as many may wait as may be out. */
static bool
has_spare_transfer(const struct copy *copy)
{
  return copy->transfers_out + copy->zeros_waiting <
         range_min(WRITES_MAX, UINT64_C(2) * copy->config.destination->traits.requests_max);
}

static struct transfer *
find_lowest_waiting(struct copy *copy)
{
  struct transfer *lowest = NULL;

  for (struct transfer *transfer = copy->transfers; transfer < copy->transfers + WRITES_MAX; transfer++)
    if (transfer->state == TRANSFER_WAITS && (!lowest || transfer->range.start < lowest->range.start))
      lowest = transfer;
  return lowest;
}

static bool
has_to_write_zeros(const struct copy *copy, const struct transfer *transfer)
{
  return transfer->writes_zeros || !copy->config.destination->traits.can_zero || copy->zero_max == 0;
}

/* How much of the zeros that wait one request takes. */
static uint64_t
next_zeros(const struct copy *copy, const struct transfer *transfer)
{
  uint64_t max = has_to_write_zeros(copy, transfer) ? copy->config.budget.zero_bytes : copy->zero_max;

  return range_min(range_length(transfer->range), max);
}

/* Sends the first `length` bytes of a transfer's zeros. Those that a single write
 * could do as well are only to be zeroed if that is faster. */
static void
submit_zeros(struct copy *copy, struct transfer *transfer, uint64_t length)
{
  if (has_to_write_zeros(copy, transfer))
    transfer->request = (struct request){ .kind = REQUEST_WRITE,
                                          .offset = transfer->range.start,
                                          .length = length,
                                          .payload = copy->config.zeros };
  else
    transfer->request = (struct request){
      .kind = REQUEST_ZERO,
      .offset = transfer->range.start,
      .length = length,
      .no_hole = copy->config.allocated,
      .fast = copy->config.destination->traits.can_fast_zero && length <= copy->config.budget.zero_bytes,
    };
  copy_submit_transfer(copy, transfer);
}

/* Zeros that take many requests would otherwise advance side by side with those
 * behind them, and of much that is done nothing could be said. */
bool
copy_zero(struct copy *copy)
{
  struct transfer *waiting = copy->zeros_waiting > 0 && copy_takes_more(copy) ? find_lowest_waiting(copy) : NULL;

  if (!waiting || (!has_spare_transfer(copy) && copy->transfers_out > 0))
    return false;
  uint64_t length = next_zeros(copy, waiting);
  struct range part = range_make(waiting->range.start, length);
  if (length < range_length(waiting->range) && has_spare_transfer(copy)) {
    struct transfer *transfer = copy_take_transfer(copy, part);
    transfer->writes_zeros = waiting->writes_zeros;
    waiting->range.start = part.end;
    submit_zeros(copy, transfer, length);
  } else { /* what remains is put in line again */
    copy->zeros_waiting--;
    submit_zeros(copy, waiting, length);
  }
  return true;
}
