/* SPDX-License-Identifier: MIT */
/* copy_blocks: the stages that hold the source to a list of its blocks' digests; see copy_stages.h.
 *
 * Where a read is planned, the part of the list is here that its blocks are in, and what they have to be goes with the read. What
 * comes is checked before it is a piece, and so before anything of it can be written. A block of zeros is known by its digest, and
 * needs no read, whatever the source calls it. */
#include "base/range.h"
#include "copy/copy_stages.h"

#include <errno.h>

/* ---- The list ---- */

/* Whether what comes next is to be read at all. */
static bool
comes_to_blocks(const struct copy *copy)
{
  const struct known_extent *front = extents_front(&copy->extents);

  return copy->config.blocks && front && front->kind != EXTENT_IS_KEPT;
}

bool
copy_waits_for_list(const struct copy *copy)
{
  const struct block_list *blocks = copy->config.blocks;
  bool waits = blocks && block_list_out(blocks) > 0;

  for (unsigned i = 0; blocks && i < BLOCK_LIST_WINDOWS; i++)
    waits = waits || blocks->windows[i].retry.waits;
  return waits;
}

bool
copy_asks_list(const struct copy *copy)
{
  const struct endpoint *list = copy->config.list;

  return comes_to_blocks(copy) && !copy_has_failed(copy) && !copy->is_rewinding && !copy_is_away(copy, list) &&
         block_list_out(copy->config.blocks) < list->traits.requests_max;
}

/* What failed may be asked once its time has come. */
static void
let_ask_again(struct copy *copy)
{
  uint64_t now_ms = loop_now_ms(copy->config.loop);

  for (unsigned i = 0; i < BLOCK_LIST_WINDOWS; i++) {
    struct retry *retry = &copy->config.blocks->windows[i].retry;
    retry->waits = retry->waits && now_ms < retry->again_ms;
  }
}

bool
copy_ask_list(struct copy *copy)
{
  struct endpoint *list = copy->config.list;
  struct request *question;

  if (!copy_asks_list(copy))
    return false;
  let_ask_again(copy);
  question = block_list_ask(copy->config.blocks, copy->extents.start);
  if (question)
    list->ops->submit(list, question);
  return question;
}

bool
copy_take_list_answer(struct copy *copy)
{
  struct endpoint *list = copy->config.list;
  struct request *answer = list ? list->ops->take(list) : NULL;

  if (!answer)
    return false;
  enum block_answer learnt = block_list_learn(copy->config.blocks, answer);
  if (learnt == BLOCK_ANSWER_TAKEN) {
    recovery_progress(&copy->list_recovery);
    *block_list_retry(answer) = (struct retry){ 0 };
    return true;
  }
  if (learnt == BLOCK_ANSWER_DIFFERS)
    answer->errnum = COPY_DIFFERS;
  else if (!answer->errnum)
    answer->errnum = ENODATA;
  if (!copy_asks_again(copy, list, answer, block_list_retry(answer)))
    copy_fail(copy, list, learnt == BLOCK_ANSWER_DIFFERS ? "checking" : "reading",
              answer->offset + (learnt == BLOCK_ANSWER_DIFFERS ? 0 : answer->done), answer->errnum);
  return true;
}

/* ---- Reads ---- */

bool
copy_lacks_blocks(const struct copy *copy)
{
  return comes_to_blocks(copy) && !block_list_has(copy->config.blocks, copy->extents.start);
}

struct step
copy_next_step(struct copy *copy)
{
  struct extents *extents = &copy->extents;
  uint64_t start = extents->start;
  bool is_zero;

  if (!comes_to_blocks(copy))
    return schedule_next(&copy->schedule, extents);
  uint64_t end = block_list_run(copy->config.blocks, start, range_end(start, copy->schedule.request_bytes), &is_zero);
  if (!is_zero) {
    copy->schedule.limit = end;
    return schedule_next(&copy->schedule, extents);
  }
  end = range_min(end, range_end(start, extents_front(extents)->length));
  extents_consume(extents, end - start);
  return (struct step){ .kind = STEP_ZERO, .offset = start, .length = end - start };
}

void
copy_note_blocks(struct copy *copy, struct slot *slot)
{
  if (copy->config.blocks)
    block_list_take(copy->config.blocks, slot->start, slot->end, slot->digests);
}

void
copy_check_blocks(struct copy *copy, struct slot *slot)
{
  const struct block_list *blocks = copy->config.blocks;
  struct request *request = &slot->request;

  if (!blocks)
    return;
  uint64_t block = blocks->config.block_bytes, end = request->offset + request->done;
  uint64_t whole = (end == slot->end ? end : range_align_down(end, block)) - request->offset;
  uint64_t noted = (request->offset - slot->start) / block * blocks->config.hash->digest_bytes;
  uint64_t good = block_list_good(blocks, slot->digests + noted, request->payload, whole);

  if (good == request->done)
    return;
  chunks_keep_front(&slot->chunks, good);
  request->done = good;
  if (good < whole)
    request->errnum = COPY_DIFFERS;
  else if (!request->errnum)
    request->errnum = EIO;
}
