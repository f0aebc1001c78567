/* SPDX-License-Identifier: MIT */
/* copy_zeros: the stage that asks the destination for zeros, and what becomes of those
 * that it refuses, or says it has made and hasn't; see copy_stages.h. */
#include "base/range.h"
#include "base/zeros.h"
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

/* Whether a transfer is to spare for a part of zeros: as many may wait, of zeros and of what is to be asked for again, as
 * may be out. */
static bool
has_spare_transfer(const struct copy *copy)
{
  return copy->transfers_out + copy->transfers_waiting + copy->zeros_waiting <
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

  if (transfer->asks_for_less)
    max = range_min(max, copy->config.budget.zero_sure);
  return range_min(range_length(transfer->range), max);
}

/* Sends the first `length` bytes of a transfer's zeros. Those that a single write
 * could do as well are only to be zeroed if that is faster. */
static void
submit_zeros(struct copy *copy, struct transfer *transfer, uint64_t length)
{
  if (has_to_write_zeros(copy, transfer))
    transfer->request = (struct request){
      .kind = REQUEST_WRITE, .offset = transfer->range.start, .length = length, .payload = copy->config.zeros
    };
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

/* Sends the first `length` bytes of zeros that wait, as a transfer of their own if one
 * is to spare; else what remains is put in line again. Returns what was sent. */
static struct transfer *
send_zeros(struct copy *copy, struct transfer *waiting, uint64_t length)
{
  struct transfer *transfer = waiting;

  if (length < range_length(waiting->range) && has_spare_transfer(copy)) {
    transfer = copy_take_transfer(copy, range_make(waiting->range.start, length));
    transfer->writes_zeros = waiting->writes_zeros;
    transfer->asks_for_less = waiting->asks_for_less;
    waiting->range.start += length;
  } else {
    copy->zeros_waiting--;
  }
  submit_zeros(copy, transfer, length);
  return transfer;
}

/* ---- The proof that large zeros work ---- */

static bool
needs_proof(const struct copy *copy, const struct transfer *waiting, uint64_t length)
{
  return !copy->large_zeros_work && length > copy->config.budget.zero_sure && !has_to_write_zeros(copy, waiting);
}

static void
end_proof(struct copy *copy)
{
  copy->proof = PROOF_NONE;
  copy->stage_busy[copy->proof_stage] = false;
}

/* Reads the last block below `end`. */
static void
read_for_proof(struct copy *copy, enum proof proof, uint64_t end)
{
  uint64_t start = range_align_down(end - 1, copy->config.destination->traits.block_min);

  copy->proof = proof;
  copy->proof_request = (struct request){ .kind = REQUEST_READ,
                                          .offset = start,
                                          .length = end - start,
                                          .payload = copy_stage_buffer(copy, copy->proof_stage),
                                          .chunks = &copy->proof_chunks };
  copy_submit_to_destination(copy, &copy->proof_request);
}

static bool
begin_proof(struct copy *copy, struct transfer *waiting, uint64_t length)
{
  uint32_t stage = copy_find_free_stage(copy);

  if (stage == STAGE_NONE)
    return false;
  copy->stage_busy[stage] = true;
  copy->proof_stage = stage;
  copy->proof_of = waiting;
  read_for_proof(copy, PROOF_READS_BEFORE, waiting->range.start + length);
  return true;
}

/* Where the end reads as zeros already, nothing would be shown: these are asked for in small
 * requests. Where it can't be read, nothing can be known, and the server is believed. */
static void
conclude_reading_before(struct copy *copy, bool is_zero)
{
  struct transfer *waiting = copy->proof_of;
  const struct request *request = &copy->proof_request;
  uint64_t length = next_zeros(copy, waiting);
  /* What was refused meanwhile goes first, or makes all others smaller. */
  bool is_next = waiting == find_lowest_waiting(copy) &&
                 waiting->range.start + length == request->offset + request->length;

  copy->large_zeros_work = request->errnum != 0;
  waiting->asks_for_less = is_zero;
  if (copy->large_zeros_work || is_zero || !is_next || copy_is_over(copy) || copy->is_rewinding) {
    end_proof(copy);
    return;
  }
  copy->proof = PROOF_ZEROES;
  copy->proof_of = send_zeros(copy, waiting, length);
}

/* Zeros that aren't there are asked for again, in small requests as all that follow. */
static struct transfer *
conclude_reading_after(struct copy *copy, bool is_zero)
{
  struct transfer *transfer = copy->proof_of;

  end_proof(copy);
  if (is_zero) {
    copy->large_zeros_work = true;
    return transfer;
  }
  copy->zero_max = range_min(copy->zero_max, copy->config.budget.zero_sure);
  copy->transfers_out--;
  copy_zero_later(copy, transfer);
  return NULL;
}

bool
copy_proves(struct copy *copy, struct transfer *transfer)
{
  const struct request *request = &transfer->request;
  uint64_t end = request->offset + request->length;

  if (copy->proof != PROOF_ZEROES || transfer != copy->proof_of)
    return false;
  /* Refused; or made in part, by an end that knows what it does, of which nothing needs to be shown. */
  if (request->errnum || end < copy->proof_request.offset + copy->proof_request.length) {
    end_proof(copy);
    return false;
  }
  if (copy_is_over(copy) || copy->is_rewinding) { /* nothing will be shown, so nothing is confirmed */
    end_proof(copy);
    copy->transfers_out--;
    copy_zero_later(copy, transfer);
    return true;
  }
  read_for_proof(copy, PROOF_READS_AFTER, end);
  return true;
}

struct transfer *
copy_conclude_proof(struct copy *copy)
{
  const struct request *request = &copy->proof_request;
  bool is_zero = request->errnum == 0 && zeros_only(request->payload, request->length);

  if (request->errnum == ENOTCONN &&
      copy_can_return(copy, copy->config.destination)) { /* nothing is shown either way */
    if (copy->proof == PROOF_READS_AFTER)
      copy->transfers_out--;
    end_proof(copy);
    copy_rewind(copy, true);
    return NULL;
  }
  if (copy->proof == PROOF_READS_AFTER)
    return conclude_reading_after(copy, is_zero);
  conclude_reading_before(copy, is_zero);
  return NULL;
}

/* ---- The stage ---- */

/* Zeros that take many requests would otherwise advance side by side with those
 * behind them, and of much that is done nothing could be said. */
bool
copy_zero(struct copy *copy)
{
  struct transfer *waiting = copy->zeros_waiting > 0 && copy_takes_more(copy) ? find_lowest_waiting(copy) : NULL;

  if (!waiting || (!has_spare_transfer(copy) && copy->transfers_out > 0))
    return false;
  uint64_t length = next_zeros(copy, waiting);
  if (needs_proof(copy, waiting, length))
    return begin_proof(copy, waiting, length);
  send_zeros(copy, waiting, length);
  return true;
}
