/* SPDX-License-Identifier: MIT */
/* skipping: see skipping.h. */
#include "job/skipping.h"

#include "base/range.h"
#include "base/sizes.h"
#include "os/say.h"

size_t
skipping_bytes(const struct options *options)
{
  return options->copy.skip_identical ? range_align_up(sizeof(struct skip_identical), PAGE_BYTES) + SKIP_BUFFER_BYTES
                                      : 0;
}

void
skipping_open(struct skipping *skipping, const struct options *options, struct arena *arena)
{
  if (!options->copy.skip_identical)
    return;
  skipping->skip = arena_take(arena, sizeof *skipping->skip, PAGE_BYTES);
  skipping->buffers = arena_take(arena, SKIP_BUFFER_BYTES, PAGE_BYTES);
}

int
skipping_check(const struct skipping *skipping, const struct endpoint *destination, struct fault *fault)
{
  return skipping->skip ? skip_identical_check(destination, fault) : 0;
}

void
skipping_begin(struct skipping *skipping, struct copy_config *config)
{
  if (!skipping->skip)
    return;
  skip_identical_init(skipping->skip, config->destination, config->budget.block_bytes, skipping->buffers);
  config->destination = &skipping->skip->front.base;
}

void
skipping_tell(const struct skipping *skipping, const struct options *options, bool says, struct outcome *outcome)
{
  char written[SIZES_TEXT_BYTES], size[SIZES_TEXT_BYTES];

  if (!skipping->skip)
    return;
  outcome->counts_written = true;
  outcome->written = skipping->skip->written;
  sizes_rounded_text(written, (double)outcome->written);
  sizes_rounded_text(size, (double)outcome->bytes);
  if (says)
    (void)say_line(options_program(options), "%s of %s written", written, size);
}
