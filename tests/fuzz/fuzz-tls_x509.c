/* SPDX-License-Identifier: MIT */
/* A server's certificates with anything in them, handed over as BearSSL does: they are
 * refused in words, unless they are what the CA has signed; then the key is its key. */
#include "fuzz/fuzz.h"

#include "fuzz/certificates.h"
#include "tls/tls_x509.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CERTIFICATES_MAX 4

static struct tls_x509 x509; /* large */

/* The CA as a PEM file, mutated now and then; its path. */
static int
write_authority(struct fuzz_case *input, char *path, size_t path_bytes)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t der[1500], text[4000];
  size_t length = fuzz_from_hex(der, ca_hex), used = 0;
  int fd = memfd_create("ca", 0);

  if (fuzz_one_in(input, 4))
    length = fuzz_mutate(input, der, length, sizeof der);
  used += (size_t)sprintf((char *)text, "-----BEGIN CERTIFICATE-----\n");
  for (size_t i = 0; i < length; i += 3) {
    unsigned bits = (unsigned)der[i] << 16 | (i + 1 < length ? der[i + 1] : 0u) << 8 |
                    (i + 2 < length ? der[i + 2] : 0u);
    text[used++] = (uint8_t)digits[bits >> 18];
    text[used++] = (uint8_t)digits[bits >> 12 & 63];
    text[used++] = (uint8_t)(i + 1 < length ? digits[bits >> 6 & 63] : '=');
    text[used++] = (uint8_t)(i + 2 < length ? digits[bits & 63] : '=');
    if (i % 48 == 45)
      text[used++] = '\n';
  }
  used += (size_t)sprintf((char *)text + used, "\n-----END CERTIFICATE-----\n");
  must(fd >= 0 && write(fd, text, used) == (ssize_t)used);
  snprintf(path, path_bytes, "/proc/self/fd/%d", fd);
  return fd;
}

static void
show(struct fuzz_case *input, const uint8_t *bytes, size_t length)
{
  const br_x509_class **context = &x509.vtable;
  uint8_t *copy = fuzz_copy(bytes, length);
  size_t at = 0;

  (*context)->start_cert(context, (uint32_t)length);
  while (at < length) {
    size_t part = length - at - fuzz_between(input, 0, length - at - 1);
    (*context)->append(context, copy + at, part);
    at += part;
  }
  (*context)->end_cert(context);
  free(copy);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  static const char *const hosts[] = { "a.example", "x.b.example", "10.0.0.1", NULL };
  static struct tls_files files;
  struct pins pins = { 0 };
  struct tls tls = { .host = hosts[fuzz_between(input, 0, LENGTH_OF(hosts) - 1)], .verify_peer = true, .pins = &pins };
  uint8_t leaf[1500], mutated[1500];
  size_t leaf_bytes = fuzz_from_hex(leaf, leaf_hex);
  const br_x509_class **context = &x509.vtable;
  bool is_whole = true;
  int fd = write_authority(input, files.authorities, sizeof files.authorities);

  tls_x509_init(&x509, &tls, &files);
  (*context)->start_chain(context, tls.host);
  for (uint64_t i = 0, count = fuzz_between(input, 1, CERTIFICATES_MAX); i < count; i++) {
    size_t length = fuzz_from_hex(mutated, i == 0 || fuzz_one_in(input, 2) ? leaf_hex : ca_hex);
    length = fuzz_mutate(input, mutated, length, sizeof mutated);
    if (length > 0)
      show(input, mutated, length);
    if (i == 0)
      is_whole = length == leaf_bytes && memcmp(mutated, leaf, length) == 0;
  }
  unsigned verdict = (*context)->end_chain(context);
  must(verdict == 0 || x509.fault.exit_code != EXIT_DONE);
  if (verdict == 0) {
    struct certificate certificate, ours;
    /* All but the signature's own bytes is signed; those may be written otherwise. */
    must(certificate_read(&certificate, x509.chain[0].bytes, x509.chain[0].length) &&
         certificate_read(&ours, leaf, leaf_bytes));
    must(is_whole || (span_is(certificate.public_key, ours.public_key) && span_is(certificate.names, ours.names)));
    must((*context)->get_pkey((const br_x509_class *const *)context, NULL));
  }
  close(fd);
  return 0;
}
