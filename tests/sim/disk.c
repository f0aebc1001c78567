/* SPDX-License-Identifier: MIT */
/* disk: see disk.h. */
#include "sim/disk.h"

#include "base/range.h"
#include "sim/power.h"

#include <errno.h>
#include <string.h>

typedef unsigned long long ull;

static struct disk *
disk_of(struct endpoint *endpoint)
{
  return (struct disk *)endpoint;
}

static bool
happens(struct disk *disk, unsigned one_in)
{
  return one_in && random_one_in(&disk->random, one_in);
}

/* ---- What a request must be like ---- */

static void
check_alignment(const struct disk *disk, const struct request *request)
{
  const struct traits *traits = &disk->base.traits;
  uint64_t end = request->offset + request->length;
  const char *name = disk->base.name;

  sim_check(request->length > 0, "%s: a request for nothing", name);
  sim_check(traits->size == SIZE_UNKNOWN || end <= traits->size, "%s: [%llu, %llu) is beyond its end", name,
            (ull)request->offset, (ull)end);
  sim_check(range_is_aligned(request->offset, traits->block_min), "%s: offset %llu is not on its blocks", name,
            (ull)request->offset);
  sim_check(range_is_aligned(end, traits->block_min) || end == traits->size, "%s: [%llu, %llu) ends inside a block",
            name, (ull)request->offset, (ull)end);
}

static void
check_request(struct disk *disk, const struct request *request)
{
  const struct traits *traits = &disk->base.traits;
  const char *name = disk->base.name;

  sim_check(disk->prepared || disk->role == ROLE_SOURCE, "%s: a request before prepare", name);
  sim_check(disk->pending_count < traits->requests_max, "%s: more than %u requests at once", name,
            traits->requests_max);
  sim_check(disk->base.presence != PRESENCE_OTHER, "%s: a request to what is another disk", name);
  if (request->kind == REQUEST_FLUSH) {
    sim_check(traits->can_flush, "%s: a flush that it can't do", name);
    return;
  }
  sim_check(!disk->owes_flush || disk->dead, "%s: a request before it was flushed", name);
  check_alignment(disk, request);
  if (request->kind == REQUEST_READ || request->kind == REQUEST_WRITE)
    sim_check(request->length <= traits->request_max, "%s: %llu bytes in a request", name, (ull)request->length);
  if (request->kind == REQUEST_ZERO) {
    sim_check(traits->can_zero, "%s: a zero that it can't do", name);
    sim_check(request->length <= disk->zero_limit, "%s: a zero of %llu bytes", name, (ull)request->length);
  }
  if (request->kind == REQUEST_SURVEY)
    sim_check(traits->can_extents, "%s: a survey that it can't do", name);
  if (disk->role == ROLE_SOURCE)
    sim_check(request->kind == REQUEST_READ || request->kind == REQUEST_SURVEY, "%s: the source was written to", name);
  if (traits->in_order) {
    sim_check(request->offset == disk->stream_position, "%s: offset %llu in a stream that is at %llu", name,
              (ull)request->offset, (ull)disk->stream_position);
    disk->stream_position += request->length;
  }
}

/* ---- Answers ---- */

static bool
is_zero(const uint8_t *bytes, uint64_t length)
{
  return length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
}

/* In chunks of random length, now and then in any order; zeros as holes or as
 * data, as a server likes. */
static void
answer_in_chunks(struct disk *disk, struct request *request)
{
  const uint8_t *content = disk->content + request->offset;
  uint64_t cuts[9] = { 0 };
  unsigned parts = (unsigned)random_between(&disk->random, 2, 8);

  for (unsigned i = 1; i < parts; i++)
    cuts[i] = random_between(&disk->random, cuts[i - 1], request->done);
  cuts[parts] = request->done;
  unsigned turn = happens(disk, 2) ? (unsigned)random_between(&disk->random, 0, parts - 1) : 0;
  for (unsigned i = 0; i < parts; i++) {
    unsigned part = (i + turn) % parts;
    uint64_t length = cuts[part + 1] - cuts[part];
    bool zero = is_zero(content + cuts[part], length) && happens(disk, 2);
    sim_check(chunks_add(request->chunks, cuts[part], length, zero), "%s: chunks_add", disk->base.name);
  }
}

/* The first byte of a range with one of these defects; its end where there is none. */
static uint64_t
find_defect(const struct disk *disk, uint64_t start, uint64_t end, unsigned defects)
{
  while (disk->defects && start < end && !(disk->defects[start] & defects))
    start++;
  return disk->defects ? start : end;
}

/* What was read is made another, if it is about time. */
static bool
tells_a_lie(struct disk *disk, struct request *request)
{
  struct manners *manners = &disk->manners;

  if (manners->lies_left == 0 || manners->lie_at < request->offset ||
      manners->lie_at - request->offset >= request->done)
    return false;
  manners->lies_left--;
  disk->lies++;
  request->payload[manners->lie_at - request->offset] ^= 1;
  return true;
}

static int
answer_read(struct disk *disk, struct request *request)
{
  uint64_t end = range_min(request->offset + request->length, disk->bytes);

  chunks_clear(request->chunks);
  bool bad = request->offset < disk->manners.bad_end && end > disk->manners.bad_start;
  if (bad)
    end = range_max(disk->manners.bad_start, request->offset);
  uint64_t defect = find_defect(disk, request->offset, end, DEFECT_BAD);
  if (defect < end) {
    bad = true;
    end = defect;
    disk->failed_reads++;
  }
  if (happens(disk, disk->manners.read_fails_one_in)) {
    bad = true;
    end = random_between(&disk->random, request->offset, range_max(end, request->offset));
  }
  if (bad && happens(disk, 2)) /* what lies before may be good, or be lost with the rest */
    end = request->offset;
  request->done = end > request->offset ? end - request->offset : 0;
  memcpy(request->payload, disk->content + request->offset, request->done);
  if (tells_a_lie(disk, request))
    chunks_add(request->chunks, 0, request->done, false);
  else if (happens(disk, disk->manners.split_one_in) && request->done > 0)
    answer_in_chunks(disk, request);
  else
    chunks_add(request->chunks, 0, request->done, false);
  return bad ? EIO : 0;
}

static void
take_bytes(struct disk *disk, const struct request *request)
{
  sim_check(request->offset + request->length <= disk->watched_bytes, "%s: a write beyond everything", disk->base.name);
  memcpy(disk->content + request->offset, request->payload, request->length);
}

static void
change(struct disk *disk, const struct request *request)
{
  uint64_t end = request->offset + request->length;

  sim_check(end <= disk->watched_bytes, "%s: a zero beyond everything", disk->base.name);
  if (request->kind == REQUEST_ZERO)
    memset(disk->content + request->offset, 0, request->length);
  for (uint64_t i = request->offset; i < end; i++)
    disk->decided[i]++;
  disk->longest = range_max(disk->longest, end);
  disk->flushed = false;
}

static int
answer_zero(struct disk *disk, struct request *request)
{
  sim_check(!request->fast || disk->base.traits.can_fast_zero, "%s: a fast zero that it can't do", disk->base.name);
  if (disk->manners.zero_max && request->length > disk->manners.zero_max)
    return happens(disk, 2) ? EINVAL : EOVERFLOW;
  if (request->fast && happens(disk, disk->manners.slow_zero_one_in))
    return EOPNOTSUPP;
  if (happens(disk, disk->manners.zero_refused_one_in))
    return EOPNOTSUPP;
  if (happens(disk, disk->manners.write_fails_one_in))
    return happens(disk, 2) ? ENOSPC : EIO;
  if (request->length >= 2 * disk->base.traits.block_preferred && happens(disk, disk->manners.zero_parts_one_in))
    request->length = range_align_down(request->length / 2, disk->base.traits.block_preferred);
  if (disk->manners.zero_short && request->length > disk->manners.zero_short)
    memset(disk->content + request->offset, 0, disk->manners.zero_short); /* and nothing is decided */
  else
    change(disk, request);
  return 0;
}

static int
answer_write(struct disk *disk, struct request *request, bool has_bytes)
{
  if (happens(disk, disk->manners.write_fails_one_in))
    return happens(disk, 2) ? ENOSPC : EIO;
  if (!has_bytes)
    take_bytes(disk, request);
  change(disk, request);
  return 0;
}

/* What a context truly says of a byte. */
static uint64_t
value_of(const struct disk *disk, enum context_kind kind, uint64_t at)
{
  uint64_t allocation = disk->content[at] == 0 ? EXTENT_ZERO : 0;
  unsigned depth = disk->marks[at] & MARK_DEPTH;

  switch (kind) {
  case CONTEXT_ALLOCATION:
    return allocation;
  case CONTEXT_DEPTH:
    return depth;
  case CONTEXT_JOINT:
    return allocation | (depth == 1 ? EXTENT_LOCAL : depth ? EXTENT_BACKING : 0);
  case CONTEXT_DIRTY:
    return (disk->marks[at] & MARK_DIRTY) != 0;
  case CONTEXT_OTHER:
    break;
  }
  return at / 1000;
}

/* A value as a server may put it: zeros with or without a hole, and less helpful
 * when it lies, but never zero where there is data. */
static uint64_t
put(struct disk *disk, enum context_kind kind, uint64_t value, bool lies)
{
  if (kind != CONTEXT_ALLOCATION && kind != CONTEXT_JOINT)
    return value;
  if (lies && happens(disk, 4))
    value &= ~(uint64_t)EXTENT_ZERO; /* undefined content, or data: to be read */
  return value | (happens(disk, 2) ? EXTENT_HOLE : 0);
}

/* True extents of one context, made less helpful at random; at least a block. */
static void
reply(struct disk *disk, const struct request *request, enum context_kind kind)
{
  uint64_t at = request->offset, end = request->offset + request->length;
  uint64_t least = at + disk->base.traits.block_min;
  bool lies = happens(disk, disk->manners.survey_lies_one_in);

  if (lies && happens(disk, 2))
    end = range_min(disk->bytes, end + random_between(&disk->random, 0, 5000));
  while (at < end) {
    uint64_t value = value_of(disk, kind, at), next = at + 1;
    while (next < end && value_of(disk, kind, next) == value)
      next++;
    if (lies && happens(disk, 3))
      next = random_between(&disk->random, at + 1, next);
    survey_add(request->survey, next - at, put(disk, kind, value, lies));
    at = next;
    if (lies && at >= least && happens(disk, 8))
      break;
  }
}

static int
answer_survey(struct disk *disk, struct request *request)
{
  const struct contexts *contexts = &disk->base.contexts;
  unsigned first = (unsigned)random_between(&disk->random, 0, contexts->count - 1);

  survey_begin(request->survey, contexts->count);
  if (happens(disk, disk->manners.survey_fails_one_in))
    return EIO;
  for (unsigned i = 0; i < contexts->count; i++) {
    unsigned context = (first + i) % contexts->count;
    if (happens(disk, disk->manners.reply_missing_one_in))
      continue;
    survey_reply(request->survey, context);
    reply(disk, request, contexts->list[context].kind);
  }
  if (happens(disk, 20))
    request->survey->told += SURVEY_EXTENTS_MAX;
  return 0;
}

/* What a dead connection left behind is done now at the latest. */
static void
carry_out_late(struct disk *disk)
{
  for (unsigned i = 0; i < disk->late_count; i++) {
    const struct late *late = &disk->late[i];
    if (late->zero)
      memset(disk->content + late->offset, 0, late->length);
    else
      memcpy(disk->content + late->offset, disk->late_bytes + late->offset, late->length);
  }
  disk->late_count = 0;
}

static int
answer_flush(struct disk *disk)
{
  if (disk->owes_flush) {
    carry_out_late(disk);
    memcpy(disk->flushing, disk->content, disk->watched_bytes);
  }
  disk->owes_flush = false;
  disk->flushed = !disk->manners.flush_fails;
  if (disk->flushed) {
    memcpy(disk->stable, disk->flushing, disk->watched_bytes);
    return 0;
  }
  disk->flush_failed = true;
  if (happens(disk, 2))
    disk_lose_power(disk); /* as a cache that drops what it could not write */
  return EIO;
}

/* A request that fails in passing: none that failed as often already as the copy bears. */
static bool
fails_in_passing(struct disk *disk, const struct request *request)
{
  if (disk->manners.transient_left == 0 || request->kind == REQUEST_FLUSH || request->kind == REQUEST_SURVEY ||
      !happens(disk, disk->manners.transient_one_in) || sim_failures(request) == RETRIES_MAX)
    return false;
  disk->manners.transient_left--;
  return true;
}

static int
answer(struct disk *disk, struct request *request, bool has_bytes)
{
  if (disk->dead && disk->manners.returns)
    return ENOTCONN;
  disk->in_passing = fails_in_passing(disk, request);
  if (disk->in_passing)
    return EIO;
  if (disk->dead) /* a library may not have noticed yet when it is given a request that it finds wrong then */
    return request->kind == REQUEST_ZERO && happens(disk, 2) ? EINVAL : ENOTCONN;
  switch (request->kind) {
  case REQUEST_READ:
    return answer_read(disk, request);
  case REQUEST_WRITE:
    return answer_write(disk, request, has_bytes);
  case REQUEST_ZERO:
    return answer_zero(disk, request);
  case REQUEST_SURVEY:
    return answer_survey(disk, request);
  case REQUEST_FLUSH:
    return answer_flush(disk);
  }
  return EIO;
}

/* Whether the copy has to fail for it. */
static bool
is_fault(const struct disk *disk, const struct request *request)
{
  if (request->kind == REQUEST_SURVEY)
    return disk->surveys_matter && (request->errnum || !survey_is_complete(request->survey));
  if (request->errnum == 0 || (request->errnum == ENOTCONN && disk->manners.returns) || disk->in_passing)
    return false;
  if (request->kind == REQUEST_READ && request->errnum != ENOTCONN && disk->forgives && disk->forgives(request))
    return false;
  return request->kind != REQUEST_ZERO ||
         (request->errnum != EOPNOTSUPP && request->errnum != EINVAL && request->errnum != EOVERFLOW);
}

static void
conclude(struct disk *disk, struct request *request, bool has_bytes)
{
  static const char *const kinds[] = { "read", "write", "zero", "survey", "flush" };

  request->done = 0;
  disk->in_passing = false;
  request->errnum = answer(disk, request, has_bytes);
  sim_trace("%8llu us %s: %s [%llu, +%llu) answered with errno %d", (ull)disk->now_us, disk->base.name,
            kinds[request->kind], (ull)request->offset, (ull)request->length, request->errnum);
  if (is_fault(disk, request)) {
    disk->faults++;
    disk->hard_faults += request->errnum == ENOSPC || request->kind == REQUEST_FLUSH;
    if (request->kind != REQUEST_FLUSH)
      disk->fault_offset = range_min(disk->fault_offset,
                                     request->offset + (request->kind == REQUEST_READ ? request->done : 0));
  }
  request_queue_push(&disk->answered, request);
}

/* ---- The contract ---- */

static int
disk_prepare(struct endpoint *endpoint, uint64_t size, struct fault *fault)
{
  (void)size, (void)fault;
  disk_of(endpoint)->prepared = true;
  return 0;
}

/* When a request of a failing disk is answered. */
static uint64_t
delay_by_defects(struct disk *disk, const struct request *request, uint64_t due_us)
{
  uint64_t end = request->offset + request->length;

  if (request->kind != REQUEST_READ)
    return due_us;
  if (find_defect(disk, request->offset, end, DEFECT_HANGS) < end) {
    disk->manners.dies_at_us = range_min(disk->manners.dies_at_us, disk->now_us + DEFECT_HANGS_US);
    return NEVER;
  }
  return find_defect(disk, request->offset, end, DEFECT_SLOW) < end ? due_us + DEFECT_SLOW_US : due_us;
}

static void
disk_submit(struct endpoint *endpoint, struct request *request)
{
  struct disk *disk = disk_of(endpoint);
  uint64_t delay_max_us = disk->manners.delay_max_us;

  check_request(disk, request);
  if (disk->role != ROLE_SOURCE)
    sim_see(request);
  else
    sim_see_asked(request);
  if (request->kind == REQUEST_FLUSH)
    memcpy(disk->flushing, disk->content, disk->watched_bytes);
  if (request->kind == REQUEST_READ)
    memset(request->payload, 0xa5, request->length);
  if ((delay_max_us == 0 && !disk->defects) || disk->dead) {
    conclude(disk, request, false);
    return;
  }
  uint64_t due_us = disk->now_us + random_between(&disk->random, 1, range_max(delay_max_us, 1));
  due_us = delay_by_defects(disk, request, due_us);
  uint64_t sent_us = NEVER;
  if (disk->manners.sends && request->kind == REQUEST_WRITE)
    sent_us = random_between(&disk->random, disk->now_us, due_us);
  /* A stream answers in order. */
  if (disk->base.traits.in_order && disk->pending_count > 0)
    due_us = range_max(due_us, disk->pending[disk->pending_count - 1].due_us);
  disk->pending[disk->pending_count++] = (struct pending){ request, due_us, sent_us, false };
}

static struct request *
disk_take(struct endpoint *endpoint)
{
  return request_queue_pop(&disk_of(endpoint)->answered);
}

static bool
disk_has_sent(struct endpoint *endpoint, const struct request *request)
{
  struct disk *disk = disk_of(endpoint);
  struct pending *pending = disk->pending;
  struct pending *end = pending + disk->pending_count;

  while (pending < end && pending->request != request)
    pending++;
  if (pending == end || pending->sent_us > disk->now_us)
    return false; /* answered already, or not sent yet */
  if (!pending->has_bytes)
    take_bytes(disk, request);
  pending->has_bytes = true;
  return true;
}

static void
disk_wait(struct endpoint *endpoint, struct loop *loop)
{
  (void)endpoint, (void)loop;
}

static int
disk_close(struct endpoint *endpoint, struct fault *fault)
{
  (void)endpoint, (void)fault;
  return 0;
}

/* An attempt to reach it again takes its time, or is over at once. */
static void
disk_reopen(struct endpoint *endpoint)
{
  struct disk *disk = disk_of(endpoint);

  sim_check(endpoint->presence == PRESENCE_LOST, "%s: an attempt too many", endpoint->name);
  sim_check(disk->pending_count == 0, "%s: is tried with requests out", endpoint->name);
  sim_check(disk->now_us + 1000 >= disk->lost_us + PAUSE_MS_MIN * 1000 / 2, "%s: is tried too soon", endpoint->name);
  endpoint->presence = PRESENCE_COMING;
  disk->back_at_us = disk->now_us + random_between(&disk->random, 0, 1000000);
}

/* Of one that doesn't return, all but `reopen`. */
static const struct endpoint_ops disk_ops = {
  .prepare = disk_prepare,
  .submit = disk_submit,
  .take = disk_take,
  .has_sent = disk_has_sent,
  .watch = disk_wait,
  .serve = disk_wait,
  .reopen = disk_reopen,
  .close = disk_close,
};

void
disk_init(struct disk *disk)
{
  disk->ops = disk_ops;
  if (!disk->manners.returns)
    disk->ops.reopen = NULL;
  disk->base.ops = &disk->ops;
  disk->back_at_us = NEVER;
  disk->fault_offset = NEVER;
  disk->flushed = true;
}

void
disk_lose_power(struct disk *disk)
{
  power_lose(&disk->random, disk->content, disk->stable, disk->watched_bytes);
}

void
disk_forget_requests(struct disk *disk)
{
  disk->pending_count = disk->late_count = 0;
  disk->answered = (struct request_queue){ NULL, NULL };
  disk->dead = disk->owes_flush = false;
  disk->back_at_us = disk->manners.dies_at_us = NEVER;
  disk->base.presence = PRESENCE_HERE;
}

uint64_t
disk_next_us(const struct disk *disk)
{
  uint64_t next_us = NEVER;

  for (unsigned i = 0; i < disk->pending_count; i++) {
    const struct pending *pending = &disk->pending[i];
    next_us = range_min(next_us, pending->sent_us > disk->now_us ? range_min(pending->sent_us, pending->due_us)
                                                                 : pending->due_us);
  }
  if (disk->pending_count > 0 && !disk->dead)
    next_us = range_min(next_us, range_max(disk->manners.dies_at_us, disk->now_us));
  return range_min(next_us, disk->back_at_us);
}

/* What was sent when it died may still be carried out, at once or late; or never. */
static void
leave_behind(struct disk *disk, const struct pending *pending)
{
  const struct request *request = pending->request;
  bool is_write = request->kind == REQUEST_WRITE;

  if (disk->role == ROLE_SOURCE || (!is_write && request->kind != REQUEST_ZERO) || happens(disk, 3))
    return;
  sim_check(request->offset + request->length <= disk->watched_bytes, "%s: a write beyond everything", disk->base.name);
  disk->late[disk->late_count++] = (struct late){ !is_write, request->offset, request->length };
  if (is_write)
    memcpy(disk->late_bytes + request->offset, pending->has_bytes ? disk->content + request->offset : request->payload,
           request->length);
  for (uint64_t i = request->offset; i < request->offset + request->length; i++)
    disk->decided[i]++;
  disk->longest = range_max(disk->longest, request->offset + request->length);
  if (happens(disk, 2))
    carry_out_late(disk);
}

static void
die(struct disk *disk)
{
  disk->dead = true;
  disk->deaths++;
  disk->manners.dies_at_us = NEVER;
  sim_trace("%8llu us %s: dies", (ull)disk->now_us, disk->base.name);
  if (!disk->manners.returns)
    return;
  if (disk->lost_alone && disk->pending_count == 1 && disk->pending[0].request->kind == REQUEST_READ)
    memset(disk->lost_alone + disk->pending[0].request->offset, 1, disk->pending[0].request->length);
  disk->base.presence = PRESENCE_LOST;
  disk->lost_us = disk->now_us;
  disk->late_count = 0;
  for (unsigned i = 0; i < disk->pending_count; i++)
    leave_behind(disk, &disk->pending[i]);
  if (disk->role != ROLE_SOURCE && happens(disk, disk->manners.forgets_one_in))
    disk_lose_power(disk);
}

/* An attempt to reach it has ended. */
static void
come_back(struct disk *disk)
{
  const struct manners *manners = &disk->manners;

  disk->back_at_us = NEVER;
  disk->base.presence = happens(disk, manners->refuses_one_in) ? PRESENCE_LOST
                        : happens(disk, manners->other_one_in) ? PRESENCE_OTHER
                                                               : PRESENCE_HERE;
  sim_trace("%8llu us %s: an attempt ends with %d", (ull)disk->now_us, disk->base.name, (int)disk->base.presence);
  disk->lost_us = disk->now_us;
  if (disk->base.presence != PRESENCE_HERE)
    return;
  disk->dead = false;
  disk->owes_flush = disk->role != ROLE_SOURCE && disk->base.traits.can_flush && disk->flushes;
  if (!disk->owes_flush)
    carry_out_late(disk);
  if (!happens(disk, manners->stays_one_in))
    disk->manners.dies_at_us = disk->now_us + random_between(&disk->random, 0, 20000);
}

void
disk_advance(struct disk *disk, uint64_t now_us)
{
  unsigned kept = 0;

  disk->now_us = now_us;
  if (now_us >= disk->back_at_us)
    come_back(disk);
  if (!disk->dead && now_us >= disk->manners.dies_at_us)
    die(disk);
  for (unsigned i = 0; i < disk->pending_count; i++) {
    struct pending pending = disk->pending[i];
    if (disk->dead || pending.due_us <= now_us)
      conclude(disk, pending.request, pending.has_bytes);
    else
      disk->pending[kept++] = pending;
  }
  disk->pending_count = kept;
}
