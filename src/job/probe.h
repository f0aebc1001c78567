/* SPDX-License-Identifier: MIT */
/* probe: looks at the first bytes of an end before anything is written.
 *
 * An image of a disk, or a compressed one, that is written to a block device as it is
 * makes a disk that doesn't boot, and nobody notices before. Files and servers are given
 * what they are given, and one device's content is another's. And who types the name of a
 * device that holds something is asked whether it is the right one.
 */
#ifndef DECANT_PROBE_H
#define DECANT_PROBE_H

#include "cli/options.h"
#include "disk/endpoint.h"
#include "os/loop.h"

/* The ends of a copy, both open. */
struct probe_ends {
  struct endpoint *source;
  struct endpoint *destination;
  struct loop *loop;
  unsigned char *buffer; /* room for a block of either end, and CONTENT_HEAD_BYTES */
  uint64_t buffer_bytes;
  bool goes_on; /* what the destination has is this copy's own, or is meant to stay */
};

/* What a look takes; it may be with the endpoint until that is closed. */
struct probe {
  struct request request;
  struct chunks chunks;
};

/* Refuses a source that isn't a disk but has one in it, or that doesn't belong there (see fitting.h), where the destination is a block
 * device. As nbdcopy, only says so. Returns 0, or -1 with the fault set. */
int
probe_source(struct probe *probe, const struct probe_ends *ends, const struct options *options, struct fault *fault);

/* Asks, on a terminal, whether a device is to be overwritten that holds a filesystem, a
 * partition table or the like. Where nobody sits, as nbdcopy, where a copy goes on, and with --yes, it is as the
 * command line says. Returns 0, or -1 with the fault set. */
int probe_destination(struct probe *probe, const struct probe_ends *ends, const struct options *options,
                      struct fault *fault);

#endif
