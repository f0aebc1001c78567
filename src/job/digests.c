/* SPDX-License-Identifier: MIT */
/* digests: see digests.h. */
#include "job/digests.h"

#include "os/say.h"

#include <errno.h>
#include <stdio.h>

static void
take(struct copy_tap *tap, const uint8_t *data, uint64_t length)
{
  struct digests *digests = (struct digests *)tap;

  for (int i = 0; i < DIGESTS; i++)
    if (digests->wanted[i])
      digest_add(&digests->list[i], data, length);
}
_Static_assert(offsetof(struct digests, tap) == 0, "digests are found by their tap");

static int
read_options(struct digests *digests, struct digest_config configs[DIGESTS], const struct options *options,
             struct fault *fault)
{
  configs[DIGEST_PLAIN] = digest_sha256;
  configs[DIGEST_BLKHASH] = digest_blkhash;
  digests->wanted[DIGEST_PLAIN] = digests->told[DIGEST_PLAIN] = options->copy.sha256;
  if (options->verb == VERB_COPY && options->copy.blocks) /* the blkhash is held to block by block */
    return 0;
  digests->wanted[DIGEST_BLKHASH] = digests->told[DIGEST_BLKHASH] = options->copy.blkhash || options->copy.blkhash_file;
  if (options->copy.blkhash && digest_parse_blkhash(&configs[DIGEST_BLKHASH], options->copy.blkhash, fault) == -1)
    return -1;
  if (!options->copy.expect)
    return 0;
  if (digest_parse_expected(&digests->expected, options->copy.expect, fault) == -1 ||
      digest_check_expected(&digests->expected, &configs[digests->expected.kind], fault) == -1)
    return -1;
  digests->expects = true;
  digests->wanted[digests->expected.kind] = true;
  return 0;
}

int
digests_init(struct digests *digests, const struct options *options, struct fault *fault)
{
  struct digest_config configs[DIGESTS];

  *digests = (struct digests){ .tap = { .take = take }, .file = { .fd = -1 }, .blocks = { .fd = -1 } };
  if (read_options(digests, configs, options, fault) == -1)
    return -1;
  for (int i = 0; i < DIGESTS; i++)
    digest_init(&digests->list[i], &configs[i]);
  if (digest_file_open(&digests->file, options->copy.blkhash_file, fault) == -1)
    return -1;
  if (options->verb != VERB_DIGEST || !options->copy.blocks)
    return 0;
  digests->list[DIGEST_BLKHASH].sink = &digests->blocks.sink;
  return block_file_open(&digests->blocks, options->copy.blocks, fault);
}

/* What is in the way of the list goes, and what has its name is replaced. */
static int
check_block_file(const struct digests *digests, const struct endpoint *source, struct fault *fault)
{
  const struct block_file *blocks = &digests->blocks;
  const struct identity *file = &digests->file.identity;

  if (identity_is_same(&blocks->identity, &source->identity))
    return fault_set(fault, EXIT_FAILED, 0, "--blocks=%.512s is the source itself: nothing was written", blocks->path);
  if (identity_is_same(&blocks->in_way, &source->identity))
    return fault_set(fault, EXIT_FAILED, 0,
                     "--blocks=%.512s would be made as %.512s, which is the source itself: nothing was written",
                     blocks->path, blocks->fresh);
  if (identity_is_same(&blocks->identity, file) || identity_is_same(&blocks->in_way, file))
    return fault_set(fault, EXIT_FAILED, 0,
                     "--blocks=%.512s (with its .new) and --blkhash-file=%.512s are the same: nothing was written",
                     blocks->path, digests->file.path);
  return 0;
}

int
digests_check(const struct digests *digests, const struct endpoint *source, const struct endpoint *destination,
              struct fault *fault)
{
  const struct identity *file = &digests->file.identity;
  bool is_source = identity_is_same(file, &source->identity);

  if (check_block_file(digests, source, fault) == -1)
    return -1;
  if (!is_source && !identity_is_same(file, &destination->identity))
    return 0;
  return fault_set(fault, EXIT_FAILED, 0, "--blkhash-file=%.512s is the %s of the copy: nothing was written",
                   digests->file.path, is_source ? "source" : "destination");
}

int
digests_begin(struct digests *digests, struct fault *fault)
{
  return block_file_begin(&digests->blocks, fault);
}

bool
digests_are_wanted(const struct options *options)
{
  const struct copy_options *copy = &options->copy;

  return copy->sha256 || copy->blkhash || copy->blkhash_file || copy->expect;
}

void
digests_begin_again(struct digests *digests)
{
  for (int i = 0; i < DIGESTS; i++) {
    struct digest_config config = digests->list[i].config;
    digest_init(&digests->list[i], &config);
  }
}

struct copy_tap *
digests_tap(struct digests *digests)
{
  return digests->wanted[DIGEST_PLAIN] || digests->wanted[DIGEST_BLKHASH] ? &digests->tap : NULL;
}

/* A blkhash is printed bare, as nbdcopy does it. */
static int
tell(struct digests *digests, const struct options *options, enum digest_kind kind, const char *hex,
     struct fault *fault)
{
  char line[DIGEST_HEX_BYTES + 16];
  bool to_file = kind == DIGEST_BLKHASH && digests->file.path;

  if (!to_file && options->copy.json) /* which has it too */
    return 0;
  if (!to_file && options->destination.kind == PLACE_STREAM) {
    if (say_line(options_program(options), "%s:%s", digest_label(kind), hex) == 0)
      return 0;
    return fault_set(fault, EXIT_FAILED, errno, "all is copied, but its digest can't be written to standard error");
  }
  snprintf(line, sizeof line, "%s%s%s\n", kind == DIGEST_PLAIN ? digest_label(kind) : "",
           kind == DIGEST_PLAIN ? ":" : "", hex);
  return to_file ? digest_file_write(&digests->file, line, fault) : say_answer(line, fault);
}

int
digests_finish(struct digests *digests, const struct options *options, struct fault *fault)
{
  struct fault difference;
  bool differs = false;
  int result = 0;

  for (int i = 0; i < DIGESTS; i++)
    if (digests->wanted[i])
      digest_finish(&digests->list[i], digests->hex[i]);
  if (digests->expects)
    differs = digest_compare(&digests->expected, digests->hex[digests->expected.kind], &difference) == -1;
  if (!differs && block_file_finish(&digests->blocks, fault) == -1)
    result = -1;
  for (int i = 0; i < DIGESTS; i++)
    if (digests->told[i] && tell(digests, options, (enum digest_kind)i, digests->hex[i], fault) == -1)
      result = -1;
  if (!differs)
    return result;
  *fault = difference; /* says more than what couldn't be told */
  return -1;
}

void
digests_close(struct digests *digests)
{
  digest_file_abandon(&digests->file);
  block_file_abandon(&digests->blocks);
}
