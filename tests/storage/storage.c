/* SPDX-License-Identifier: MIT */
/* storage: see storage.h. */
#include "storage/storage.h"

#include "base/range.h"
#include "sim/check.h"

#include <errno.h>
#include <string.h>

typedef unsigned long long ull;

/* Of direct writes of a file system that wants more than it says. */
#define MORE_BYTES 16384

bool
storage_happens(struct storage *storage, unsigned one_in)
{
  return one_in > 0 && random_one_in(&storage->random, one_in);
}

static int
fault(struct storage *storage, int errnum)
{
  storage->faults++;
  return -errnum;
}

void
storage_begin(struct storage *storage)
{
  storage->back_us = STORAGE_NEVER;
  storage->stable_size = storage->flushing_size = storage->size;
  storage->is_named_for_good = storage->exists;
  for (uint64_t i = 0; i * storage->block < storage->size; i++)
    storage->allocated_bytes += storage->allocated[i] ? storage->block : 0;
}

bool
storage_is_dead(const struct storage_view *view)
{
  return view->generation != view->storage->generation || view->storage->is_gone;
}

int
storage_loss_errnum(struct storage *storage)
{
  static const int errnums[] = { EIO, ENODEV, ENXIO };

  return storage->is_device ? errnums[random_between(&storage->random, 0, 2)] : EIO;
}

static bool
is_misaligned(const struct storage_view *view, const uint8_t *bytes, uint64_t length, uint64_t offset)
{
  return view->is_direct && !range_is_aligned(offset | length | (uintptr_t)bytes, view->storage->sector);
}

/* Of so many bytes, those that go now. */
static uint64_t
some_of(struct storage *storage, uint64_t length, bool is_direct)
{
  uint64_t grain = is_direct ? storage->sector : 1;

  if (length <= grain || !storage_happens(storage, storage->manners.short_one_in))
    return length;
  return range_max(range_align_down(random_between(&storage->random, 1, length), grain), grain);
}

/* ---- Reading ---- */

int64_t
storage_read(const struct storage_view *view, uint8_t *to, uint64_t length, uint64_t offset)
{
  struct storage *storage = view->storage;
  const struct storage_manners *manners = &storage->manners;

  if (storage_is_dead(view))
    return -storage_loss_errnum(storage);
  if (is_misaligned(view, to, length, offset))
    return -EINVAL;
  if (offset >= storage->size)
    return 0;
  sim_check(offset + length <= STORAGE_BYTES_MAX, "%s: a read up to %llu", storage->path, (ull)offset + length);
  length = some_of(storage, range_min(length, storage->size - offset), view->is_direct);
  if (offset < manners->bad_end && offset + length > manners->bad_start) {
    uint64_t good = manners->bad_start > offset ? range_align_down(manners->bad_start - offset, storage->sector) : 0;
    storage->faults++;
    if (good == 0)
      return storage->is_device && random_one_in(&storage->random, 2) ? -ENODATA : -EIO;
    length = good;
  }
  if (storage_happens(storage, manners->read_fails_one_in))
    return fault(storage, EIO);
  memcpy(to, storage->content + offset, length);
  return (int64_t)length;
}

/* ---- Writing ---- */

static void
note_pages(struct storage *storage, uint64_t offset, uint64_t length, int by)
{
  for (uint64_t page = offset / STORAGE_PAGE_BYTES; length > 0 && page <= (offset + length - 1) / STORAGE_PAGE_BYTES;
       page++)
    storage->writes[page] += (unsigned)by;
}

void
storage_write_begins(struct storage *storage, uint64_t offset, uint64_t length)
{
  note_pages(storage, offset, length, 1);
  storage->writes_end = range_max(storage->writes_end, offset + length);
}

void
storage_write_ends(struct storage *storage, uint64_t offset, uint64_t length)
{
  note_pages(storage, offset, length, -1);
  for (uint64_t page = 0; page <= STORAGE_BYTES_MAX / STORAGE_PAGE_BYTES; page++)
    if (storage->writes[page] > 0)
      return;
  storage->writes_end = 0;
}

static void
check_pages(const struct storage *storage, uint64_t offset, uint64_t length)
{
  for (uint64_t page = offset / STORAGE_PAGE_BYTES; page <= (offset + length - 1) / STORAGE_PAGE_BYTES; page++)
    sim_check(storage->is_device || storage->writes[page] == 0,
              "%s: the page cache is written to at %llu, where another write passes it", storage->path, (ull)offset);
}

static void
check_may_write(const struct storage *storage, uint64_t end)
{
  sim_check(!storage->is_source, "%s: the source is written to", storage->path);
  sim_check(!storage->is_other, "%s: another disk is written to", storage->path);
  sim_check(end <= STORAGE_BYTES_MAX, "%s: a write up to %llu", storage->path, (ull)end);
}

/* Gives room to what is written. Returns how much of it has some. */
static uint64_t
allocate(struct storage *storage, uint64_t offset, uint64_t length)
{
  for (uint64_t at = range_align_down(offset, storage->block); at < offset + length; at += storage->block) {
    bool *is_allocated = &storage->allocated[at / storage->block];
    if (*is_allocated)
      continue;
    if (!storage->is_device && storage->allocated_bytes + storage->block > storage->manners.room_bytes)
      return at > offset ? at - offset : 0;
    *is_allocated = true;
    storage->allocated_bytes += storage->block;
  }
  return length;
}

static void
put(struct storage *storage, const uint8_t *from, uint64_t length, uint64_t offset)
{
  for (uint64_t page = offset / STORAGE_PAGE_BYTES; length > 0 && page <= (offset + length - 1) / STORAGE_PAGE_BYTES;
       page++)
    storage->cached[page] = random_one_in(&storage->random, 2);
  memcpy(storage->content + offset, from, length);
}

int64_t
storage_write(const struct storage_view *view, const uint8_t *from, uint64_t length, uint64_t offset)
{
  struct storage *storage = view->storage;
  const struct storage_manners *manners = &storage->manners;

  if (storage_is_dead(view))
    return -storage_loss_errnum(storage);
  check_may_write(storage, offset + length);
  if (is_misaligned(view, from, length, offset) ||
      (view->is_direct && manners->wants_more && !range_is_aligned(offset | length, MORE_BYTES)))
    return -EINVAL;
  if (storage->is_device && offset + length > storage->size)
    return -ENOSPC;
  sim_check(offset + length <= storage->size || storage->is_changed, "%s: a write beyond its end", storage->path);
  if (offset + length > storage->size)
    storage->size = offset + length;
  if (!view->is_direct)
    check_pages(storage, offset, length);
  uint64_t room = allocate(storage, offset, some_of(storage, length, view->is_direct));
  if (room == 0)
    return fault(storage, ENOSPC);
  if (storage_happens(storage, manners->write_fails_one_in)) {
    put(storage, from, random_between(&storage->random, 0, room), offset);
    return fault(storage, random_one_in(&storage->random, 4) ? ENOSPC : EIO);
  }
  put(storage, from, room, offset);
  return (int64_t)room;
}

/* ---- Zeros ---- */

int
storage_zero(const struct storage_view *view, unsigned way, uint64_t offset, uint64_t length)
{
  struct storage *storage = view->storage;
  bool makes_hole = way == 1;

  if (storage_is_dead(view))
    return -storage_loss_errnum(storage);
  check_may_write(storage, offset + length);
  if (storage->manners.no_ways & way)
    return random_one_in(&storage->random, 4) ? -ENODEV : -EOPNOTSUPP;
  sim_check(length > 0 && (!storage->is_device || range_is_aligned(offset | length, storage->sector)),
            "%s: zeros from %llu, %llu long, aren't whole sectors", storage->path, (ull)offset, (ull)length);
  sim_check(offset + length <= storage->size || storage->is_changed, "%s: zeros beyond its end", storage->path);
  if (storage_happens(storage, storage->manners.busy_one_in))
    return storage->is_device && random_one_in(&storage->random, 2) ? -EBUSY : -EINVAL;
  if (!makes_hole && allocate(storage, offset, length) < length)
    return fault(storage, ENOSPC);
  if (storage_happens(storage, storage->manners.zero_fails_one_in)) {
    memset(storage->content + offset, 0, random_between(&storage->random, 0, length));
    return fault(storage, EIO);
  }
  memset(storage->content + offset, 0, length);
  for (uint64_t at = range_align_up(offset, storage->block); makes_hole && at + storage->block <= offset + length;
       at += storage->block) {
    storage->allocated_bytes -= storage->allocated[at / storage->block] ? storage->block : 0;
    storage->allocated[at / storage->block] = false;
  }
  return 0;
}

/* ---- Length ---- */

/* What lies beyond the content that is looked at is zeros. */
static void
cut(struct storage *storage, uint64_t bytes)
{
  uint64_t end = range_min(storage->size, STORAGE_BYTES_MAX);

  if (bytes < end)
    memset(storage->content + bytes, 0, end - bytes);
  for (uint64_t at = range_align_up(bytes, storage->block); at < end; at += storage->block) {
    storage->allocated_bytes -= storage->allocated[at / storage->block] ? storage->block : 0;
    storage->allocated[at / storage->block] = false;
  }
  storage->size = bytes;
}

int
storage_set_length(const struct storage_view *view, uint64_t bytes)
{
  struct storage *storage = view->storage;

  if (storage_is_dead(view))
    return -storage_loss_errnum(storage);
  sim_check(!storage->is_device, "%s: a device is given a length", storage->path);
  sim_check(!storage->is_source && !storage->is_other, "%s: what isn't ours is given a length", storage->path);
  sim_check(storage->writes_end <= range_min(bytes, storage->size) || storage->is_changed,
            "%s: its length becomes %llu, and a write is on its way to %llu", storage->path, (ull)bytes,
            (ull)storage->writes_end);
  if (storage_happens(storage, storage->manners.length_fails_one_in))
    return fault(storage, random_one_in(&storage->random, 2) ? EFBIG : EIO);
  if (bytes < storage->size)
    cut(storage, bytes);
  storage->size = bytes;
  return 0;
}

/* ---- Flushing ---- */

void
storage_flush_begin(struct storage *storage)
{
  if (!storage->flushing)
    return;
  memcpy(storage->flushing, storage->content, STORAGE_BYTES_MAX);
  storage->flushing_size = storage->size;
  storage->flushes++;
}

/* What couldn't be written is taken for written from then on, and may be what it was before. */
static void
drop_pages(struct storage *storage)
{
  for (uint64_t at = 0; at < STORAGE_BYTES_MAX; at += STORAGE_PAGE_BYTES)
    if (random_one_in(&storage->random, 2))
      memcpy(storage->content + at, storage->stable + at, STORAGE_PAGE_BYTES);
}

int
storage_flush_end(const struct storage_view *view)
{
  struct storage *storage = view->storage;

  if (storage_is_dead(view))
    return -storage_loss_errnum(storage);
  if (storage_happens(storage, storage->manners.flush_fails_one_in)) {
    storage->flush_failed = true;
    drop_pages(storage);
    return fault(storage, random_one_in(&storage->random, 4) ? ENOSPC : EIO);
  }
  memcpy(storage->stable, storage->flushing, STORAGE_BYTES_MAX);
  storage->stable_size = storage->flushing_size;
  return 0;
}

/* ---- Where its data is ---- */

uint64_t
storage_seek(const struct storage *storage, uint64_t from, bool for_data)
{
  for (uint64_t at = from; at < storage->size; at = range_align_down(at, storage->block) + storage->block)
    if (storage->allocated[at / storage->block] == for_data)
      return at;
  return for_data ? STORAGE_NEVER : storage->size;
}

/* ---- What happens to it ---- */

uint64_t
storage_next_us(const struct storage *storage)
{
  const struct storage_manners *manners = &storage->manners;
  uint64_t next_us = manners->change ? manners->changes_at_us : STORAGE_NEVER;

  return range_min(next_us, storage->is_gone ? storage->back_us : manners->dies_at_us);
}

void
storage_lose_power(struct storage *storage)
{
  for (uint64_t at = 0; storage->stable && at < STORAGE_BYTES_MAX; at += STORAGE_PAGE_BYTES)
    if (random_one_in(&storage->random, 2))
      memcpy(storage->content + at, storage->stable + at, STORAGE_PAGE_BYTES);
  if (storage->stable && !storage->is_device) {
    cut(storage, range_min(storage->size, storage->stable_size));
    storage->size = storage->stable_size;
  }
  storage->exists = storage->exists && storage->is_named_for_good;
}

static void
die(struct storage *storage, uint64_t now_us)
{
  struct storage_manners *manners = &storage->manners;

  sim_trace("%8llu us %s: gone", (ull)now_us, storage->path);
  storage->is_gone = true;
  storage->deaths++;
  storage->generation++;
  manners->dies_at_us = STORAGE_NEVER;
  storage->back_us = storage_happens(storage, manners->never_back_one_in)
                         ? STORAGE_NEVER
                         : now_us + random_between(&storage->random, 1, manners->away_max_us);
}

static void
come_back(struct storage *storage, uint64_t now_us)
{
  struct storage_manners *manners = &storage->manners;
  bool exists = storage->exists;

  storage->is_gone = false;
  storage->back_us = STORAGE_NEVER;
  if (storage_happens(storage, manners->forgets_one_in))
    storage_lose_power(storage);
  storage->exists = exists; /* a name that is lost is never found again, and that is another story */
  storage->is_other = storage_happens(storage, manners->other_one_in);
  storage->is_like_it = random_one_in(&storage->random, 2);
  sim_trace("%8llu us %s: back%s", (ull)now_us, storage->path, storage->is_other ? ", another one" : "");
  if (storage_happens(storage, manners->dies_again_one_in))
    manners->dies_at_us = now_us + random_between(&storage->random, 0, manners->away_max_us);
}

static void
change(struct storage *storage, uint64_t now_us)
{
  storage->manners.changes_at_us = STORAGE_NEVER;
  if (!storage->exists || (storage->manners.change == CHANGE_CUT && storage->size == 0))
    return;
  sim_trace("%8llu us %s: changed by others", (ull)now_us, storage->path);
  storage->is_changed = true;
  if (storage->manners.change == CHANGE_CUT)
    cut(storage, random_between(&storage->random, 0, storage->size - 1));
  if (storage->manners.change == CHANGE_REMOVED)
    storage->exists = false;
}

void
storage_advance(struct storage *storage, uint64_t now_us)
{
  const struct storage_manners *manners = &storage->manners;

  if (manners->change && manners->changes_at_us <= now_us)
    change(storage, now_us);
  if (storage->is_gone ? storage->back_us <= now_us : manners->dies_at_us <= now_us)
    (storage->is_gone ? come_back : die)(storage, now_us);
}
