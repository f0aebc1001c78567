/* SPDX-License-Identifier: MIT */
/* content: what a disk's first bytes look like: an image format that a server shows
 * as raw bytes, a partition table, a filesystem, an encrypted or compressed file.
 *
 * The words are those that file(1) begins with, since scripts look for them; it is
 * not asked, as it isn't there where this program runs.
 */
#ifndef DECANT_CONTENT_H
#define DECANT_CONTENT_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

#define CONTENT_TEXT_BYTES 128

/* As much as it takes to see all that can be recognised: Btrfs begins at 64 KiB. */
#define CONTENT_PROBE_BYTES (68 * KIB)

/* Says what `length` bytes from the beginning of a disk look like: "empty" if there
 * are none, "data" if nothing is known. Returns whether something is. */
bool content_recognise(const unsigned char *bytes, size_t length, char text[CONTENT_TEXT_BYTES]);

/* Which ext filesystem it is that `length` bytes begin: 2, 3 or 4. */
unsigned content_ext_version(const unsigned char *bytes, size_t length);

/* A file that has a disk in it, but isn't one. */
struct content_wrapping {
  const char *words;       /* "a qcow2 image" */
  const char *qemu_format; /* what qemu-nbd -f calls it; or NULL */
  const char *unpack;      /* the command that writes what is in FILE to a pipe; or NULL */
};

/* How many bytes it takes to tell. */
#define CONTENT_HEAD_BYTES 512

/* What `length` bytes from the beginning are wrapped in, or NULL: they may be a disk. */
const struct content_wrapping *content_wrapping(const unsigned char *bytes, size_t length);

#endif
