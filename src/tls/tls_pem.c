/* SPDX-License-Identifier: MIT */
/* tls_pem: see tls_pem.h. */
#include "tls/tls_pem.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
append(void *context, const void *bytes, size_t length)
{
  struct tls_pem_sink *sink = context;

  if (sink->length <= sink->max && length <= sink->max - sink->length)
    memcpy(sink->bytes + sink->length, bytes, length);
  else
    sink->length = sink->max + 1;
  if (sink->length <= sink->max)
    sink->length += length;
}

void
tls_pem_use(struct tls_pem *pem, int fd, const char *path)
{
  memset(pem, 0, sizeof *pem);
  br_pem_decoder_init(&pem->decoder);
  pem->path = path;
  pem->fd = fd;
}

int
tls_pem_open(struct tls_pem *pem, const char *path, struct fault *fault)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);

  if (fd == -1)
    return fault_set(fault, EXIT_FAILED, errno, "cannot open %s", path);
  tls_pem_use(pem, fd, path);
  return 0;
}

/* The decoder knows lines that end with a newline only, the file's last one too. */
static int
refill(struct tls_pem *pem, struct fault *fault)
{
  ssize_t got;

  do
    got = read(pem->fd, pem->part, sizeof pem->part);
  while (got == -1 && errno == EINTR);
  if (got == -1)
    return fault_set(fault, EXIT_FAILED, errno, "cannot read %s", pem->path);
  pem->begin = pem->end = 0;
  for (ssize_t i = 0; i < got; i++)
    if (pem->part[i] != '\r')
      pem->part[pem->end++] = pem->part[i];
  if (got == 0) {
    pem->at_end = true;
    pem->part[pem->end++] = '\n';
  }
  return 0;
}

int
tls_pem_next(struct tls_pem *pem, char name[PEM_NAME_BYTES], unsigned char *der, size_t der_bytes_max,
             size_t *der_bytes, struct fault *fault)
{
  struct tls_pem_sink *sink = &pem->sink;
  bool inside = false;

  *sink = (struct tls_pem_sink){ .bytes = der, .max = der_bytes_max };
  for (;;) {
    if (pem->begin == pem->end) {
      if (pem->at_end)
        return inside ? fault_set(fault, EXIT_FAILED, 0, "%s ends in the middle of a PEM object", pem->path) : 0;
      if (refill(pem, fault) == -1)
        return -1;
      continue;
    }
    pem->begin += br_pem_decoder_push(&pem->decoder, pem->part + pem->begin, pem->end - pem->begin);
    switch (br_pem_decoder_event(&pem->decoder)) {
    case BR_PEM_BEGIN_OBJ:
      snprintf(name, PEM_NAME_BYTES, "%s", br_pem_decoder_name(&pem->decoder));
      br_pem_decoder_setdest(&pem->decoder, append, sink);
      inside = true;
      break;
    case BR_PEM_END_OBJ:
      if (!inside)
        break; /* the rest of one that did not fit */
      if (sink->length > sink->max)
        return fault_set(fault, EXIT_FAILED, 0, "%s: a PEM object is longer than %zu bytes", pem->path, sink->max);
      *der_bytes = sink->length;
      return 1;
    case BR_PEM_ERROR:
      return fault_set(fault, EXIT_FAILED, 0, "%s is not a PEM file that decant can read (an encrypted key?)",
                       pem->path);
    default:
      break;
    }
  }
}

void
tls_pem_close(struct tls_pem *pem)
{
  if (pem->fd != -1)
    close(pem->fd);
  secret_wipe(pem, sizeof *pem);
  pem->fd = -1;
}
