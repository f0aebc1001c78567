/* SPDX-License-Identifier: MIT */
/* endpoint_file: a regular file or a block device.
 *
 * Both are moved past the page cache, by direct I/O, where they allow that: many
 * requests at once through the ring, if there is one. What isn't whole blocks of the
 * file system, such as a file's last one, goes through the page cache after all; so does what of a
 * source is in there already. A destination
 * file is created, or emptied and made as long as the source, in prepare (one
 * that is updated must be there, and is neither; one that is resumed must be there, and isn't emptied); a stream's is grown ahead of what is
 * written, and cut to its length by a flush and at the end; a block device keeps its size
 * and whatever is not written to. A device that is mounted or otherwise in use is refused
 * as a destination.
 *
 * A device that is pulled is lost, and so is a file whose disk is; opened again, by its name, it must be the same disk.
 *
 * Holes are found with SEEK_DATA and SEEK_HOLE, and made by punching; a device
 * that can't punch is asked to zero a range, and then to write zeros by itself.
 */
#ifndef DECANT_ENDPOINT_FILE_H
#define DECANT_ENDPOINT_FILE_H

#include "disk/endpoint.h"
#include "local/device_marks.h"
#include "os/ring.h"

#include <sys/stat.h>

/* What is carried out within submit is quick when it takes no longer than this. */
#define FILE_QUICK_US 10000

struct endpoint_file {
  struct endpoint base;
  const char *path;
  int fd;            /* -1: a destination to be created */
  int cached_fd;     /* where fd is for direct I/O: the same through the page cache; or -1 */
  bool is_direct;    /* fd is for direct I/O */
  struct ring *ring; /* for direct reads or writes, and flushes; NULL: they are carried out within submit */
  void *mapped;      /* a source that is read directly: never touched, to learn what the page cache has; or NULL */
  uint64_t mapped_bytes;
  bool is_device;
  bool is_source;
  bool is_forced;             /* a destination is opened also if it is in use; the caller's, before it is opened */
  bool is_changed;            /* something was written to it, or asked to be */
  bool is_resumed;            /* what lies below `start` stays as it is */
  uint64_t start;             /* where the copy begins */
  bool keeps;                 /* what isn't written to stays as it is, and its size too */
  uint64_t direct_bytes;      /* a file: direct I/O goes in whole multiples of this, a power of two */
  uint64_t content_bytes;     /* a file: where it ends, by what it was given so far */
  uint64_t length_bytes;      /* a file: how long it is now; longer only while it is written to */
  uint64_t ahead_bytes;       /* a file: and by how much */
  uint64_t durable_bytes;     /* a file: as long as this it must be, whatever happens to its disk ... */
  uint64_t former_bytes;      /* ... or as this, which it was before we changed that, until it is flushed */
  unsigned zero_ways_unknown; /* a bit for each way to make zeros that isn't known here */
  unsigned zeros_distrusted;  /* how many zeros have to be quick before one is made within submit */
  uint64_t zero_part_bytes;   /* how much is zeroed at once, a power of two */
  uint64_t disk_number;       /* of the device, or of what a file's file system is on, by the kernel */
  struct device_marks marks;  /* and what tells it from others */
  char last_words[ENDPOINT_WORDS_BYTES];
  struct request_queue answered;
  struct request_queue late; /* answered too, but only after the loop has had its turn */
  unsigned slow;             /* of what is late, or a zero in the ring: until that is through, nothing more is taken */
};

/* Opens the file or device at `path`, of which `found` is what stat() told, or
 * NULL for a destination that doesn't exist yet. `start` is where a copy that is resumed
 * begins: a file must reach to there. Changes nothing. The ring is for
 * its use alone; it may be NULL. Returns 0, or -1 with the fault set. */
int endpoint_file_open(struct endpoint_file *file, const char *path, const struct stat *found, enum role role,
                       uint64_t start, struct ring *ring, struct fault *fault);

static inline struct endpoint_file *
file_of(struct endpoint *endpoint)
{
  return (struct endpoint_file *)endpoint;
}

#endif
