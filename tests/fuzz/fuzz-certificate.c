/* SPDX-License-Identifier: MIT */
/* A certificate with anything in it: what is read lies inside, and words about it end
 * where their room does. */
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

void
fuzz_one(struct random *random)
{
  uint8_t bytes[1500];
  char text[64], time[CERTIFICATE_TIME_BYTES];
  struct certificate certificate;
  size_t length = fuzz_from_hex(bytes, random_one_in(random, 4) ? ca_hex : leaf_hex);

  length = fuzz_mutate(random, bytes, length, sizeof bytes);
  uint8_t *copy = fuzz_copy(bytes, length);
  if (certificate_read(&certificate, copy, length)) {
    must(lies_inside(certificate.issuer, copy, length) && lies_inside(certificate.subject, copy, length));
    must(lies_inside(certificate.public_key, copy, length) && certificate.public_key.length > 0);
    must(lies_inside(certificate.names, copy, length) && lies_inside(certificate.purposes, copy, length));
    certificate_list_names(&certificate, text, random_between(random, 8, sizeof text));
    certificate_common_name(certificate.issuer, text, sizeof text);
    certificate_time_text(certificate.not_before_s, time);
    certificate_time_text(certificate.not_after_s, time);
    certificate_is_for_address(&certificate, (const uint8_t *)"\x0A\0\0\1", 4);
    certificate_may_serve(&certificate);
  }
  free(copy);
}
