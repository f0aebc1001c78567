/* SPDX-License-Identifier: MIT */
/* probe: see probe.h. */
#include "job/probe.h"

#include "base/range.h"
#include "job/ask.h"
#include "os/say.h"
#include "report/content.h"

#include <stdio.h>

_Static_assert(STREAM_HEAD_BYTES >= CONTENT_HEAD_BYTES, "a stream's head is enough to tell");

/* Reads about `wanted` bytes from the front, as far as there are so many; returns in
 * `length` how many came. What can't be read fails in the copy, with all that is to be
 * said about it. */
static int
look(struct probe *probe, struct endpoint *end, const struct probe_ends *ends, uint64_t wanted, uint64_t *length,
     struct fault *fault)
{
  const struct traits *traits = &end->traits;
  uint64_t most = range_align_down(range_min(traits->size, traits->request_max), traits->block_min);

  *length = 0;
  probe->request = (struct request){ .kind = REQUEST_READ,
                                     .length = range_min(range_align_up(wanted, traits->block_min), most),
                                     .payload = ends->buffer,
                                     .chunks = &probe->chunks };
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
  return fault_set(fault, EXIT_FAILED, 0, "%s is %s, and no disk as it is: nothing was written. To write the disk in it: "
                   "%s (or as it is, by --any-content)", ends->source->name, is->words, how);
}

int
probe_source(struct probe *probe, const struct probe_ends *ends, const struct options *options, struct fault *fault)
{
  const struct identity *from = &ends->source->identity, *to = &ends->destination->identity;
  uint64_t length;

  if (options->copy.any_content || options->copy.part != PART_ALL || !to->known || !to->is_device ||
      (from->known && from->is_device))
    return 0;
  if (look(probe, ends->source, ends, CONTENT_HEAD_BYTES, &length, fault) == -1)
    return -1;
  const struct content_wrapping *is = content_wrapping(ends->buffer, length);
  return is ? refuse(is, ends, options, fault) : 0;
}
