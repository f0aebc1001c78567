/* SPDX-License-Identifier: MIT */
/* A PEM file with anything in it: objects come out within their bounds, or words, and
 * reading ends. */
#include "fuzz/fuzz.h"

#include "tls/tls_pem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char seed[] =
    "# who knows\n-----BEGIN CERTIFICATE-----\r\n"
    "MIIB0zCCAXmgAwIBAgIUAAECAwQFBgcICQoLDA0ODxAREhMwCgYIKoZIzj0EAwIw\r\n"
    "DTELMAkGA1UEAxMCY2EwHhcNMjAwMTAxMDAwMDAwWhcN\r\n-----END CERTIFICATE-----\r\n"
    "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqG\nSM49AwEH\n-----END PRIVATE KEY-----";

void
fuzz_one(struct random *random)
{
  uint8_t text[3000];
  char name[PEM_NAME_BYTES];
  size_t length = sizeof seed - 1, der_bytes, room = random_between(random, 1, 200);
  uint8_t *der = malloc(room);
  struct tls_pem pem;
  struct fault fault = { 0 };
  unsigned objects = 0;
  int fd = memfd_create("fuzz", 0), result;

  memcpy(text, seed, length);
  length = fuzz_mutate(random, text, length, sizeof text);
  must(fd >= 0 && write(fd, text, length) == (ssize_t)length && lseek(fd, 0, SEEK_SET) == 0);
  tls_pem_use(&pem, fd, "file");
  while ((result = tls_pem_next(&pem, name, der, room, &der_bytes, &fault)) == 1) {
    must(der_bytes <= room && strlen(name) < sizeof name);
    must(++objects <= length / 20);
  }
  must((result == -1) == (fault.exit_code != EXIT_DONE));
  tls_pem_close(&pem);
  free(der);
}
