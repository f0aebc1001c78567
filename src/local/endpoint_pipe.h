/* SPDX-License-Identifier: MIT */
/* endpoint_pipe: standard input or output, a FIFO, a socket, a character device.
 *
 * A stream: requests are carried out in the order of their offsets, which is the
 * order in which they must be submitted; a source's first bytes can be looked at before, as
 * its head is kept. Its size is unknown; the read in which it ends comes back short, and
 * those after it empty. A destination gets
 * zeros as bytes. Where the kernel allows it, writing never waits; otherwise it
 * may wait for the reader.
 */
#ifndef DECANT_ENDPOINT_PIPE_H
#define DECANT_ENDPOINT_PIPE_H

#include "disk/endpoint.h"

#include <sys/stat.h>

struct endpoint_pipe {
  struct endpoint base;
  int fd;
  bool is_socket;
  bool is_file;        /* redirected: it can be flushed */
  bool is_written;     /* a destination */
  bool had_name;       /* a file: it was somewhere when we got it */
  uint64_t file_bytes; /* a file: how long it is at least, without what we write */
  bool ended;          /* a source: the end was seen */
  int failed;          /* errno of the request that failed: none after it can succeed; or 0 */
  unsigned watched;    /* the loop's index, while there are requests waiting */
  bool is_watched;
  uint64_t position;                     /* bytes that went through; every request begins here when its turn comes */
  unsigned char head[STREAM_HEAD_BYTES]; /* of a source: the first of them */
  struct request_queue waiting;
  struct request_queue answered;
};

/* Takes over an open fd. Returns 0, or -1 with the fault set. */
int endpoint_pipe_open(struct endpoint_pipe *pipe, int fd, enum role role, struct fault *fault);

#endif
