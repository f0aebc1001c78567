/* SPDX-License-Identifier: MIT */
/* tls_pem: the objects of a PEM file, one after the other.
 *
 * Text between objects is skipped; lines may end as on any system. A file of any
 * length is read in small parts, and an object that doesn't fit is a fault.
 */
#ifndef DECANT_TLS_PEM_H
#define DECANT_TLS_PEM_H

#include "base/error.h"

#include <bearssl_pem.h>

#include <stdbool.h>
#include <stddef.h>

#define PEM_PART_BYTES 1024
#define PEM_NAME_BYTES 128

/* Where an object goes. */
struct tls_pem_sink {
  unsigned char *bytes; /* the caller's */
  size_t max;
  size_t length; /* beyond max: it doesn't fit */
};

struct tls_pem {
  br_pem_decoder_context decoder;
  struct tls_pem_sink sink;
  const char *path; /* for messages; the caller's */
  int fd;
  bool at_end;
  size_t begin, end; /* what of `part` is still to be decoded */
  unsigned char part[PEM_PART_BYTES];
};

/* Opens a file. Returns 0; or -1 with the fault set, fault->errnum saying why. */
int tls_pem_open(struct tls_pem *pem, const char *path, struct fault *fault);

/* The same for what a file descriptor brings, which stays open until close. */
void tls_pem_use(struct tls_pem *pem, int fd, const char *path);

/* Reads the next object: its name ("CERTIFICATE") and its bytes. Returns 1, 0
 * when there is none left, or -1 with the fault set. */
int tls_pem_next(struct tls_pem *pem, char name[PEM_NAME_BYTES], unsigned char *der, size_t der_bytes_max,
                 size_t *der_bytes, struct fault *fault);

/* Closes the file and wipes what was read: it may have been a key. */
void tls_pem_close(struct tls_pem *pem);

#endif
