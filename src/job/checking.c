/* SPDX-License-Identifier: MIT */
/* checking: see checking.h. */
#include "job/checking.h"

#include "base/range.h"
#include "os/say.h"

typedef unsigned long long ull;

struct copy_tap *
checking_tap(struct checking *checking, const struct bmap *map, const struct endpoint *of, struct copy_tap *next)
{
  if (!map)
    return next;
  checking->of = of;
  checker_begin(&checking->checker, map, next);
  return &checking->checker.tap;
}

uint64_t
checking_from(const struct checking *checking, uint64_t offset)
{
  return checking->checker.map ? checker_whole_below(&checking->checker, offset) : offset;
}

/* How much of a range is on the destination, or on its way there. */
static uint64_t
written_of(const struct checking *checking, const struct copy *copy)
{
  struct range range = checking->checker.differing;
  uint64_t reached = range_min(range_max(copy->done_most, copy_confirmed_below(copy)), range.end);

  return copy->config.only_looks ? 0 : range_max(reached, range.start) - range.start;
}

bool
checking_tell(const struct checking *checking, const struct options *options, const struct copy *copy,
              struct fault *fault)
{
  struct range range = checking->checker.differing;
  uint64_t written = written_of(checking, copy);

  if (!checking->checker.differs)
    return false;
  fault_set(fault, EXIT_DIGEST_DIFFERS, 0,
            "%s isn't what %.256s says: the range of %llu bytes at offset %llu has another digest (%s)",
            checking->of->name, options->copy.bmap, (ull)range_length(range), (ull)range.start,
            hash_name(checking->checker.map->kind));
  if (copy->config.only_looks || options->destination.kind == PLACE_NULL)
    return true;
  if (written > 0)
    fault_add(fault, "; %s has wrong data there, %llu bytes, and is incomplete from there on: don't use it",
              copy->config.destination->name, (ull)written);
  else
    fault_add(fault, "; nothing of it was written, and %s is incomplete from there on: don't use it",
              copy->config.destination->name);
  if (copy->flushed_below >= range.start)
    fault_add(fault, "; what lies below is right and flushed");
  fault_add(fault, ". Get the image and its map again from whoever made them, then");
  return true;
}

static void
say_sum(const struct checking *checking, const struct options *options, const struct checker_sum *sum, const char *why)
{
  if (sum->ranges > 0)
    (void)say_line(options_program(options),
                   "%llu ranges of %s weren't checked (%llu bytes together, the first at offset %llu): %s",
                   (ull)sum->ranges, checking->of->name, (ull)sum->bytes, (ull)sum->first, why);
}

void
checking_say(const struct checking *checking, const struct options *options, bool is_mute)
{
  if (!checking->checker.map || is_mute)
    return;
  say_sum(checking, options, &checking->checker.partial, "only a part of each was copied now, and a digest is of all");
  say_sum(checking, options, &checking->checker.digestless, "the map has no digests of them");
}

void
checking_add_json(const struct checking *checking, struct text *text)
{
  const struct checker *checker = &checking->checker;

  if (!checker->map)
    return;
  text_add(text, ",\n\"checked\": %llu,\n\"unchecked\": %llu", (ull)checker->checked.bytes,
           (ull)checker->partial.bytes + checker->digestless.bytes);
  if (checker->differs)
    text_add(text, ",\n\"refused-at\": %llu,\n\"refused\": %llu", (ull)checker->differing.start,
             (ull)range_length(checker->differing));
}
