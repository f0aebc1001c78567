/* SPDX-License-Identifier: MIT */
/* A key file with anything in it: a key comes out with its bounds kept, or words without
 * a line of the file in them. */
#include "fuzz/fuzz.h"

#include "tls/psk_file.h"

#include <stdlib.h>
#include <string.h>

void
fuzz_one(struct random *random)
{
  static const char seed[] = "bob:00\r\n#carol:1f2e\nalice:00112233445566778899AAbbccddeeff\nalice:\nmallory\n\ndave:0";
  static const char *const users[] = { "alice", "bob", "", "dave", "mallory", "#carol" };
  uint8_t text[400], key[16], *copy;
  size_t length = sizeof seed - 1, key_length = SIZE_MAX;
  struct fault fault = { 0 };
  int found;

  memcpy(text, seed, length);
  length = fuzz_mutate(random, text, length, sizeof text);
  copy = fuzz_copy(text, length);
  found = psk_file_find((const char *)copy, length, "file", users[random_between(random, 0, LENGTH_OF(users) - 1)], key,
                        sizeof key, &key_length, &fault);
  free(copy);
  must((found == 0) == (fault.exit_code == EXIT_DONE));
  must(found != 0 || (key_length >= 1 && key_length <= sizeof key));
}
