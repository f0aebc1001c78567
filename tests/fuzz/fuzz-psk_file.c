/* SPDX-License-Identifier: MIT */
/* A key file with anything in it: a key comes out within its bounds, and is what stands behind the user's name there, or words without
 * a key in them. A case is the user's name, a NUL and the file. */
#include "fuzz/fuzz.h"

#include "base/hex.h"
#include "tls/psk_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A line of the file that begins with the user's name and has this key. */
static bool
stands_there(const char *text, size_t length, const char *user, const char *hex)
{
  size_t user_length = strlen(user), hex_length = strlen(hex);

  for (size_t at = 0; at < length; at++) {
    const char *line = text + at;
    if ((at == 0 || line[-1] == '\n') && length - at > user_length + hex_length &&
        memcmp(line, user, user_length) == 0 && line[user_length] == ':' &&
        strncasecmp(line + user_length + 1, hex, hex_length) == 0)
      return true;
  }
  return false;
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  char *user = fuzz_word(input), hex[2 * 16 + 1];
  char *text = (char *)fuzz_copy(input->bytes, input->left);
  size_t key_length = SIZE_MAX;
  uint8_t *key = malloc(16);
  struct fault fault = { 0 };

  must(key != NULL);
  int found = psk_file_find(text, input->left, "file", user, key, 16, &key_length, &fault);
  must((found == 0) == (fault.exit_code == EXIT_DONE));
  if (found == 0) {
    must(key_length >= 1 && key_length <= 16);
    hex_write(key, key_length, hex);
    must(stands_there(text, input->left, user, hex));
  }
  free(key);
  free(text);
  free(user);
  return 0;
}
