/* SPDX-License-Identifier: MIT */
/* skip_identical: see skip_identical.h. */
#include "copy/skip_identical.h"

#include "base/same.h"
#include "base/zeros.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

static struct skip_identical *
skip_of(struct endpoint *endpoint)
{
  return (struct skip_identical *)endpoint;
}
_Static_assert(offsetof(struct skip_identical, front) == 0, "it is found by its endpoint");
_Static_assert(offsetof(struct skip_lane, own) == 0, "a lane is found by its request");

/* ---- What is there ---- */

/* Where a byte of a lane's part lies: as on the disk, since direct I/O wants it so. */
static unsigned char *
byte_there(const struct skip_identical *skip, const struct skip_lane *lane, uint64_t offset)
{
  return skip->buffers + (uint64_t)(lane - skip->lanes) * SKIP_PART_BYTES + offset % skip->part_bytes;
}

static bool
is_identical(const struct skip_identical *skip, const struct skip_lane *lane, struct range unit)
{
  const struct request *asked = lane->asked;
  const unsigned char *there = byte_there(skip, lane, unit.start);

  if (unit.end > lane->known_end)
    return false;
  return asked->kind == REQUEST_ZERO ? zeros_only(there, range_length(unit))
                                     : same_bytes(there, asked->payload + (unit.start - asked->offset),
                                                  range_length(unit)) == range_length(unit);
}

/* The next run of units that differ, in what was read; empty: there is none. */
static struct range
next_differing(const struct skip_identical *skip, const struct skip_lane *lane)
{
  struct range run = { lane->at, lane->at }, unit;

  for (uint64_t at = lane->at; at < lane->part_end; at = unit.end) {
    uint64_t end = range_align_down(at, skip->unit_bytes) + skip->unit_bytes;
    unit = (struct range){ at, range_min(end, lane->part_end) };
    if (!is_identical(skip, lane, unit))
      run = (struct range){ range_is_empty(run) ? unit.start : run.start, unit.end };
    else if (!range_is_empty(run))
      break;
  }
  return run;
}

/* ---- The lanes ---- */

static void
skip_write(struct skip_identical *skip, struct skip_lane *lane, struct range run)
{
  const struct request *asked = lane->asked;

  lane->own = (struct request){ .kind = asked->kind,
                                .offset = run.start,
                                .length = range_length(run),
                                .no_hole = asked->no_hole,
                                .fast = asked->fast };
  if (asked->kind == REQUEST_WRITE)
    lane->own.payload = asked->payload + (run.start - asked->offset);
  front_pass_on(&skip->front, &lane->own);
}

static void
skip_read(struct skip_identical *skip, struct skip_lane *lane, uint64_t end)
{
  lane->part_end = range_min(end, range_align_down(lane->at, skip->part_bytes) + skip->part_bytes);
  lane->own = (struct request){ .kind = REQUEST_READ,
                                .offset = lane->at,
                                .length = lane->part_end - lane->at,
                                .payload = byte_there(skip, lane, lane->at),
                                .chunks = &lane->chunks };
  front_pass_on(&skip->front, &lane->own);
}

static void
skip_answer(struct skip_identical *skip, struct skip_lane *lane, int errnum)
{
  lane->asked->errnum = errnum;
  request_queue_push(&skip->answered, lane->asked);
  lane->asked = NULL;
}

static void
skip_go_on(struct skip_identical *skip, struct skip_lane *lane)
{
  uint64_t end = lane->asked->offset + lane->asked->length;
  struct range run = next_differing(skip, lane);

  if (!range_is_empty(run)) {
    skip_write(skip, lane, run);
    return;
  }
  lane->at = lane->part_end;
  if (lane->at < end)
    skip_read(skip, lane, end);
  else
    skip_answer(skip, lane, 0);
}

/* A read that fails tells nothing of what is there; a loss is the whole request's. */
static void
conclude_lane(struct skip_identical *skip, struct skip_lane *lane)
{
  const struct request *own = &lane->own;

  if (own->errnum && (own->kind != REQUEST_READ || own->errnum == ENOTCONN)) {
    skip_answer(skip, lane, own->errnum);
    return;
  }
  if (own->kind == REQUEST_READ) {
    lane->known_end = own->errnum ? lane->at : own->offset + own->done;
  } else {
    skip->written += own->length;
    lane->at = own->offset + own->length;
  }
  skip_go_on(skip, lane);
}

/* ---- The contract ---- */

static void
skip_submit(struct endpoint *endpoint, struct request *request)
{
  struct skip_identical *skip = skip_of(endpoint);
  struct skip_lane *lane = skip->lanes;

  if (request->kind != REQUEST_WRITE && request->kind != REQUEST_ZERO) {
    front_pass_on(&skip->front, request);
    return;
  }
  while (lane->asked)
    lane++;
  assert(lane < skip->lanes + SKIP_LANES);
  lane->asked = request;
  lane->at = lane->part_end = request->offset;
  skip_go_on(skip, lane);
}

static bool
is_lane(const struct skip_identical *skip, const struct request *request)
{
  return (const char *)request >= (const char *)skip->lanes &&
         (const char *)request < (const char *)(skip->lanes + SKIP_LANES);
}

static struct request *
skip_take(struct endpoint *endpoint)
{
  struct skip_identical *skip = skip_of(endpoint);
  struct endpoint *destination = skip->front.behind;
  struct request *answer = request_queue_pop(&skip->answered);

  while (!answer && (answer = destination->ops->take(destination)) && is_lane(skip, answer)) {
    conclude_lane(skip, (struct skip_lane *)answer);
    answer = request_queue_pop(&skip->answered);
  }
  front_mirror(&skip->front);
  return answer;
}

/* ---- The beginning ---- */

int
skip_identical_check(const struct endpoint *destination, struct fault *fault)
{
  const struct traits *traits = &destination->traits;
  const char *why = traits->in_order                      ? "is written from front to end"
                    : !traits->can_read                   ? "can't be read"
                    : traits->block_min > SKIP_PART_BYTES ? "takes blocks that are too large for that"
                                                          : NULL;

  if (!why)
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "%s %s, so what it has already can't be compared: copy without --skip-identical; nothing was "
                   "written",
                   destination->name, why);
}

void
skip_identical_init(struct skip_identical *skip, struct endpoint *destination, uint64_t unit_bytes,
                    unsigned char *buffers)
{
  uint64_t part = range_power_of_two_below(range_min(destination->traits.request_max, SKIP_PART_BYTES));

  *skip = (struct skip_identical){ .unit_bytes = range_min(unit_bytes, part), .part_bytes = part, .buffers = buffers };
  front_init(&skip->front, destination, skip_submit, skip_take);
  skip->front.requests_most = SKIP_LANES;
  front_mirror(&skip->front);
}
