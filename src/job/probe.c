/* SPDX-License-Identifier: MIT */
/* probe: see probe.h. */
#include "job/probe.h"

#include "base/clean.h"
#include "base/range.h"
#include "job/ask.h"
#include "job/fitting.h"
#include "os/say.h"
#include "report/content.h"
#include "report/partitions.h"

#include <stdio.h>
#include <unistd.h>

_Static_assert(STREAM_HEAD_BYTES >= CONTENT_HEAD_BYTES, "a stream's head is enough to tell");

/* Reads about `wanted` bytes from the front, as far as there are so many; returns in
 * `length` how many came. What can't be read fails in the copy, with all that is to be
 * said about it. */
static int
look(struct probe *probe, struct endpoint *end, const struct probe_ends *ends, uint64_t wanted, uint64_t *length,
     struct fault *fault)
{
  const struct traits *traits = &end->traits;
  uint64_t most = range_min(range_min(traits->size, traits->request_max), ends->buffer_bytes);

  *length = 0;
  probe->request = (struct request){
    .kind = REQUEST_READ,
    .length = range_align_down(range_min(range_align_up(wanted, traits->block_min), most), traits->block_min),
    .payload = ends->buffer,
    .chunks = &probe->chunks
  };
  if (probe->request.length == 0)
    return 0;
  if (ask(end, ends->loop, &probe->request, fault) == -1) {
    fault_add(fault, "; nothing was written");
    return -1;
  }
  *length = probe->request.done;
  return 0;
}

/* How the disk in it gets onto the device. */
static void
tell_how(char *text, size_t room, const struct content_wrapping *is, const struct options *options)
{
  const struct place *source = &options->source;
  const char *device = options->destination.text;
  bool is_stream = source->kind == PLACE_STREAM;

  if (is->unpack && source->kind == PLACE_PATH)
    snprintf(text, room, "%s %s | decant - %s", is->unpack, source->text, device);
  else if (is->unpack)
    snprintf(text, room, "%s | %s | decant - %s", is_stream ? "..." : "decant SOURCE -", is->unpack, device);
  else if (source->kind == PLACE_PATH)
    snprintf(text, room, "decant [ qemu-nbd -f %s %s ] %s", is->qemu_format, source->text, device);
  else
    snprintf(text, room, "%s: decant [ qemu-nbd -f %s FILE ] %s",
             is_stream ? "from a file" : "by a server that knows the format", is->qemu_format, device);
}

static int
refuse(const struct content_wrapping *is, const struct probe_ends *ends, const struct options *options,
       struct fault *fault)
{
  char how[FAULT_TEXT_BYTES / 2];

  if (options->persona == PERSONA_NBDCOPY) {
    (void)say_line("nbdcopy", "warning: %s is %s, and %s gets it as it is", ends->source->name, is->words,
                   ends->destination->name);
    return 0;
  }
  tell_how(how, sizeof how, is, options);
  return fault_set(fault, EXIT_FAILED, 0,
                   "%s is %s, and no disk as it is: nothing was written. To write the disk in it: "
                   "%s (or as it is, by --any-content)",
                   ends->source->name, is->words, how);
}

int
probe_source(struct probe *probe, const struct probe_ends *ends, const struct options *options, struct fault *fault)
{
  const struct identity *from = &ends->source->identity, *to = &ends->destination->identity;
  bool is_device = from->known && from->is_device;
  uint64_t length;

  if (options->copy.part != PART_ALL || !to->known || !to->is_device || (is_device && options->verb == VERB_RESCUE))
    return 0;
  if (look(probe, ends->source, ends, ends->source->traits.in_order ? STREAM_HEAD_BYTES : PARTITIONS_HEAD_BYTES,
           &length, fault) == -1)
    return -1;
  const struct content_wrapping *is = is_device || options->copy.any_content ? NULL
                                                                             : content_wrapping(ends->buffer, length);
  return is ? refuse(is, ends, options, fault) : fitting_check(ends, length, options, fault);
}

/* The first letter of the line that is typed, or 0. */
static int
hear(struct loop *loop, char *letter, struct fault *fault)
{
  char line[256]; /* the rest of a longer one is for whoever reads the terminal next */
  unsigned index;

  *letter = '\0';
  do {
    loop_begin(loop);
    index = loop_watch(loop, STDIN_FILENO, POLLIN);
    if (loop_wait(loop, fault) == -1)
      return -1;
    if (loop_ready(loop, index)) /* what was typed before the line's end may have come after the look at signals */
      loop_take_signal(loop);
    if (loop->signal_seen)
      return fault_set(fault, EXIT_FAILED, 0, "stopped by signal %d; nothing was written", loop->signal_seen);
  } while (!loop_ready(loop, index));
  if (read(STDIN_FILENO, line, sizeof line) > 0)
    *letter = line[0];
  return 0;
}

int
probe_destination(struct probe *probe, const struct probe_ends *ends, const struct options *options,
                  struct fault *fault)
{
  const struct endpoint *destination = ends->destination;
  char content[CONTENT_TEXT_BYTES], question[FAULT_TEXT_BYTES], letter;
  uint64_t length;

  if (options->copy.yes || options->source.kind == PLACE_STREAM || options->persona == PERSONA_NBDCOPY ||
      ends->goes_on || !destination->identity.known || !destination->identity.is_device ||
      !destination->traits.can_read || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
    return 0;
  if (look(probe, ends->destination, ends, CONTENT_PROBE_BYTES, &length, fault) == -1)
    return -1;
  if (!content_recognise(ends->buffer, length, content))
    return 0;
  snprintf(question, sizeof question, "%s: %s holds something: %s. Overwrite it (y, N)? ", options_program(options),
           destination->name, content);
  clean_in_place(question);
  (void)say_text(STDERR_FILENO, question);
  if (hear(ends->loop, &letter, fault) == -1)
    return -1;
  if (letter == 'y' || letter == 'Y')
    return 0;
  return fault_set(fault, EXIT_FAILED, 0, "%s is left as it was: nothing was written", destination->name);
}
