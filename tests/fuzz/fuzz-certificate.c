/* SPDX-License-Identifier: MIT */
/* A certificate with anything in it: what is read lies inside, and words about it end
 * where their room does. A case is which of two it was, or itself, and what has changed. */
#include "fuzz/fuzz.h"

#include "fuzz/certificates.h"
#include "tls/certificate.h"

#include <stdlib.h>
#include <string.h>

static bool
lies_inside(struct span span, const uint8_t *bytes, size_t length)
{
  return span.length == 0 || (span.bytes >= bytes && span.bytes + span.length <= bytes + length);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  uint8_t bytes[1500];
  char text[64], time[CERTIFICATE_TIME_BYTES];
  struct certificate certificate;
  size_t length;

  switch (fuzz_between(input, 0, 3)) {
  case 0:
    length = input->left < sizeof bytes ? input->left : sizeof bytes;
    memcpy(bytes, input->bytes, length);
    break;
  case 1:
    length = fuzz_mutate(input, bytes, fuzz_from_hex(bytes, ca_hex), sizeof bytes);
    break;
  default:
    length = fuzz_mutate(input, bytes, fuzz_from_hex(bytes, leaf_hex), sizeof bytes);
  }
  uint8_t *copy = fuzz_copy(bytes, length);
  if (certificate_read(&certificate, copy, length)) {
    must(lies_inside(certificate.issuer, copy, length) && lies_inside(certificate.subject, copy, length));
    must(lies_inside(certificate.public_key, copy, length) && certificate.public_key.length > 0);
    must(lies_inside(certificate.names, copy, length) && lies_inside(certificate.purposes, copy, length));
    size_t room = sizeof text - fuzz_between(input, 0, sizeof text - 8);
    certificate_list_names(&certificate, text, room);
    must(memchr(text, '\0', room));
    certificate_common_name(certificate.issuer, text, room);
    must(memchr(text, '\0', room));
    certificate_time_text(certificate.not_before_s, time);
    must(memchr(time, '\0', sizeof time) && fuzz_may_be_shown(time));
    certificate_time_text(certificate.not_after_s, time);
    must(memchr(time, '\0', sizeof time) && fuzz_may_be_shown(time));
    certificate_is_for_address(&certificate, (const uint8_t *)"\x0A\0\0\1", 4);
    certificate_may_serve(&certificate);
  }
  free(copy);
  return 0;
}
