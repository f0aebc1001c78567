/* SPDX-License-Identifier: MIT */
/* A PEM file with anything in it: objects come out within their bounds, or words, and
 * reading ends; and an object that has been read is read again out of a file of its own. A case is how much room there is for one,
 * and the file. */
#include "fuzz/fuzz.h"

#include "tls/tls_pem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int
file_of(const void *bytes, size_t length)
{
  int fd = memfd_create("fuzz", 0);

  must(fd >= 0 && write(fd, bytes, length) == (ssize_t)length && lseek(fd, 0, SEEK_SET) == 0);
  return fd;
}

static void
must_come_back(const char *name, const unsigned char *der, size_t der_bytes)
{
  char name_again[PEM_NAME_BYTES];
  unsigned char *again = malloc(der_bytes + 1);
  char *text = malloc(2 * der_bytes + 1000);
  struct fault fault = { 0 };
  struct tls_pem pem;
  size_t again_bytes;

  must(again && text);
  tls_pem_use(&pem, file_of(text, br_pem_encode(text, der, der_bytes, name, 0)), "file");
  must(tls_pem_next(&pem, name_again, again, der_bytes + 1, &again_bytes, &fault) == 1);
  must(strcmp(name, name_again) == 0 && again_bytes == der_bytes && memcmp(der, again, der_bytes) == 0);
  must(tls_pem_next(&pem, name_again, again, der_bytes + 1, &again_bytes, &fault) == 0);
  tls_pem_close(&pem);
  free(text);
  free(again);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  size_t room = fuzz_between(input, 1, 255), der_bytes;
  uint8_t *der = malloc(room);
  char name[PEM_NAME_BYTES];
  struct tls_pem pem;
  struct fault fault = { 0 };
  unsigned objects = 0;
  int result;

  must(der != NULL);
  tls_pem_use(&pem, file_of(input->bytes, input->left), "file");
  while ((result = tls_pem_next(&pem, name, der, room, &der_bytes, &fault)) == 1) {
    must(der_bytes <= room && strlen(name) < sizeof name);
    must(++objects <= size / 20);
    if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ")] ==
        '\0') /* a name with hyphens has no one way back */
      must_come_back(name, der, der_bytes);
  }
  must((result == -1) == (fault.exit_code != EXIT_DONE));
  tls_pem_close(&pem);
  free(der);
  return 0;
}
