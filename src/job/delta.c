/* SPDX-License-Identifier: MIT */
/* delta: see delta.h. */
#include "job/delta.h"

#include "base/range.h"

#include <errno.h>
#include <stddef.h>

size_t
delta_bytes(const struct options *options)
{
  return options->copy.delta ? range_align_up(sizeof(struct delta), PAGE_BYTES) : 0;
}

static int
cannot_read_back(const struct delta *delta, uint64_t offset, int errnum, struct fault *fault)
{
  fault_set(fault, EXIT_FAILED, 0,
            "reading %s, to see what is there already, failed at offset %llu: %s; nothing was written",
            delta->destination->name, (unsigned long long)offset, endpoint_why(delta->destination, errnum));
  fault->may_pass = true;
  return -1;
}

/* The blocks of one read: those that aren't what they have to be are wanted. */
static void
delta_judge(struct delta *delta, const struct delta_read *read)
{
  const struct block_list *list = &delta->blocks->list;
  uint64_t block = list->config.block_bytes, at = read->request.offset;
  const uint8_t *digests = read->digests;

  while (at < read->end) {
    uint64_t good = block_list_good(list, digests, read->request.payload + (at - read->request.offset), read->end - at);
    digests += (good / block + 1) * list->config.hash->digest_bytes;
    at += good;
    areas_set(&delta->areas, (struct range){ at, range_min(at + block, read->end) }, AREA_FINISHED);
    at = range_min(at + block, read->end);
  }
}

/* Returns 1 where there was an answer, 0, or -1 with the fault set. */
static int
delta_take(struct delta *delta, struct fault *fault)
{
  struct endpoint *destination = delta->destination;
  struct request *answer = destination->ops->take(destination);
  struct delta_read *read = (struct delta_read *)answer;

  if (!answer)
    return 0;
  read->waits = answer->errnum == ENOTCONN;
  if (read->waits && !blocks_can_return(destination, &delta->recovery))
    return cannot_read_back(delta, answer->offset, ENOTCONN, fault);
  if (read->waits)
    return 1;
  read->is_out = false;
  delta->out--;
  recovery_progress(&delta->recovery);
  if (answer->errnum || answer->done < answer->length)
    areas_set(&delta->areas, (struct range){ answer->offset, read->end }, AREA_FINISHED);
  else
    delta_judge(delta, read);
  return 1;
}
_Static_assert(offsetof(struct delta_read, request) == 0, "a read is found by its request");

static bool
read_lost_again(struct delta *delta)
{
  for (struct delta_read *read = delta->reads; read < delta->reads + delta->count; read++)
    if (read->waits) {
      read->waits = false;
      delta->destination->ops->submit(delta->destination, &read->request);
      return true;
    }
  return false;
}

/* The next read, as far as the list is here. Returns whether there was one. */
static bool
delta_read_on(struct delta *delta)
{
  const struct block_list *list = &delta->blocks->list;
  const struct traits *traits = &delta->destination->traits;
  uint64_t start = delta->position, part = list->config.block_bytes * BLOCK_LIST_PART_BLOCKS;
  struct delta_read *read = delta->reads;

  if (blocks_is_away(delta->destination, &delta->recovery))
    return false;
  if (read_lost_again(delta))
    return true;
  if (start == list->config.size || delta->out >= range_min(delta->count, traits->requests_max) ||
      !block_list_has(list, start))
    return false;
  while (read->is_out)
    read++;
  read->end = range_min(range_min(start + delta->bytes, range_align_down(start, part) + part), list->config.size);
  block_list_take(list, start, read->end, read->digests);
  read->request = (struct request){ .kind = REQUEST_READ,
                                    .offset = start,
                                    .length = range_align_up(read->end, traits->block_min) - start,
                                    .payload = read->request.payload,
                                    .chunks = &read->chunks };
  read->is_out = true;
  delta->out++;
  delta->position = read->end;
  delta->destination->ops->submit(delta->destination, &read->request);
  return true;
}

/* One step of any kind. Returns whether there was one to be taken, or -1 with the fault set. */
static int
take_delta_step(struct delta *delta, struct fault *fault)
{
  int taken = delta_take(delta, fault);

  if (taken != 0)
    return taken;
  int tended = blocks_tend(delta->blocks, delta->destination, &delta->recovery);
  if (tended == -1)
    return cannot_read_back(delta, delta->position, ENOTCONN, fault);
  if (tended > 0)
    return 1;
  int fetched = delta->position == delta->areas.size ? 0 : blocks_fetch(delta->blocks, delta->position, fault);
  return fetched != 0 ? fetched : delta_read_on(delta);
}

static int
look_at_all(struct delta *delta, struct fault *fault)
{
  while (delta->position < delta->areas.size || delta->out > 0) {
    int taken = take_delta_step(delta, fault);
    if (taken == -1 || (taken == 0 && blocks_wait(delta->blocks, delta->destination, &delta->recovery, fault) == -1))
      return -1;
  }
  return 0;
}

/* Reads are as large as the copy's, as far as the destination takes that. */
static int
delta_plan(struct delta *delta, const struct copy_config *config, struct fault *fault)
{
  const struct traits *traits = &config->destination->traits;
  const struct block_list *list = config->blocks;

  delta->bytes = range_min(config->budget.slot_bytes, range_power_of_two_below(traits->request_max));
  if (traits->can_read && delta->bytes >= range_max(traits->block_min, list->config.block_bytes))
    return 0;
  return fault_set(
      fault, EXIT_FAILED, 0,
      "--delta: what %s has can't be read back in blocks of %llu bytes: copy without it; nothing was written",
      config->destination->name, (unsigned long long)list->config.block_bytes);
}

uint64_t
delta_differs(const struct delta *delta)
{
  return areas_total(&delta->areas, AREA_FINISHED).bytes;
}

void
delta_want(struct delta *delta, struct range part)
{
  part.end = range_min(part.end, delta->areas.size);
  if (part.start < part.end)
    areas_set(&delta->areas, part, AREA_FINISHED);
}

int
delta_find(struct delta *delta, const struct copy_config *config, struct blocks *blocks, struct fault *fault)
{
  const struct block_list *list = &blocks->list;
  const struct budget *budget = &config->budget;

  delta->destination = config->destination;
  delta->blocks = blocks;
  delta->count = budget->slots;
  recovery_init(&delta->recovery, config->retry_ms, 2);
  areas_init(&delta->areas, list->config.size, true);
  if (delta_plan(delta, config, fault) == -1)
    return -1;
  for (unsigned i = 0; i < budget->slots; i++) {
    delta->reads[i].request.payload = config->slot_buffers + i * budget->slot_bytes;
    delta->reads[i].digests = config->slot_digests + i * block_list_bytes(budget->slot_bytes, list->config.block_bytes,
                                                                          list->config.hash->digest_bytes);
  }
  return look_at_all(delta, fault);
}
