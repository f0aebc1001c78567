/* SPDX-License-Identifier: MIT */
/* Records from a server that has the keys and is out of its mind, over a channel that
 * changes them: what is taken is always the beginning of what was sent as data, and
 * nobody waits for what never comes. */
#include "fuzz/fuzz.h"

#include "tls/tls_record.h"

#include <stdlib.h>
#include <string.h>

#define STREAM_BYTES (6 * TLS_RECORD_BYTES_MAX)

static struct tls_record record;
static struct tls_cipher server;
static uint8_t input[2 * TLS_RECORD_BYTES_MAX + 100], output[TLS_OUTPUT_BYTES_MIN];
static uint8_t stream[STREAM_BYTES], content[STREAM_BYTES], taken[STREAM_BYTES];

static void
start(struct random *random)
{
  struct tls_keys keys = { .receive = { .key_bytes = 16, .sequence = 1 }, .send = { .key_bytes = 32, .sequence = 1 } };
  size_t spare = random_between(random, 0, sizeof input - TLS_INPUT_BYTES_MIN);

  for (size_t i = 0; i < 32; i++)
    keys.send.key[i] = (uint8_t)random_next(random);
  for (size_t i = 0; i < 16; i++)
    keys.receive.key[i] = (uint8_t)random_next(random);
  tls_cipher_init(&server, &keys.receive);
  tls_record_init(&record, &keys, input, TLS_INPUT_BYTES_MIN + spare, output, sizeof output);
}

/* Puts records of some types into the stream, data mostly. Returns its length; `data` is
 * how much of the content goes before anything else. */
static size_t
make_stream(struct random *random, size_t *data)
{
  size_t length = 0, records = random_between(random, 1, 40);
  bool only_data = true;

  *data = 0;
  for (size_t i = 0; i < records && length + TLS_RECORD_BYTES_MAX <= sizeof stream; i++) {
    enum tls_content type = random_one_in(random, 12) ? (enum tls_content)random_between(random, 0, 30)
                                                      : TLS_CONTENT_DATA;
    size_t part = random_one_in(random, 3) ? random_between(random, 0, TLS_PLAIN_BYTES_MAX)
                                           : random_between(random, 0, 40);
    if (type == TLS_CONTENT_ALERT && random_one_in(random, 2))
      part = 2;
    for (size_t j = 0; j < part; j++)
      content[*data + (only_data ? j : 0)] = (uint8_t)random_next(random);
    tls_cipher_seal(&server, type, stream + length, content + *data, part);
    only_data = only_data && type == TLS_CONTENT_DATA;
    *data += only_data ? part : 0;
    length += part + TLS_RECORD_OVERHEAD_BYTES;
  }
  return length;
}

/* Takes some. Returns whether the connection is still alive. */
static bool
take(struct random *random, size_t *total)
{
  size_t want = random_between(random, 0, random_one_in(random, 4) ? 40000 : 400);
  struct fault fault = { 0 };
  uint8_t *to = malloc(want ? want : 1);
  bool was_ready = tls_record_is_ready(&record);
  int64_t got = tls_record_take(&record, to, want, &fault);

  must(got >= -1 && got <= (int64_t)want);
  must((got == -1) == (fault.exit_code != EXIT_DONE));
  must(was_ready || got == 0);
  must(got != 0 || want == 0 || !tls_record_is_ready(&record));
  if (got > 0) {
    must(*total + (size_t)got <= sizeof taken);
    memcpy(taken + *total, to, (size_t)got);
    *total += (size_t)got;
  }
  free(to);
  return got >= 0 && !tls_record_is_ended(&record);
}

void
fuzz_one(struct random *random)
{
  size_t data, length, done = 0, total = 0;

  start(random);
  length = make_stream(random, &data);
  if (!random_one_in(random, 4))
    length = fuzz_mutate(random, stream, length, sizeof stream);
  for (;;) {
    size_t room, part;
    uint8_t *to = tls_record_room(&record, &room);
    must(room > 0 || tls_record_is_ready(&record));
    part = length - done < room ? length - done : room;
    part = random_between(random, 0, part);
    memcpy(to, stream + done, part);
    tls_record_received(&record, part);
    done += part;
    if (!take(random, &total) || (done == length && !tls_record_is_ready(&record)))
      break;
  }
  must(total <= data);
  must(memcmp(taken, content, total) == 0);
}
