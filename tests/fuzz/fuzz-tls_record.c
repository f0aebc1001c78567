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
static uint8_t incoming[2 * TLS_RECORD_BYTES_MAX + 100], output[TLS_OUTPUT_BYTES_MIN];
static uint8_t stream[STREAM_BYTES], content[STREAM_BYTES], taken[STREAM_BYTES];

static void
start(struct fuzz_case *input)
{
  struct tls_keys keys = { .receive = { .key_bytes = 16, .sequence = 1 }, .send = { .key_bytes = 32, .sequence = 1 } };
  size_t spare = fuzz_between(input, 0, sizeof incoming - TLS_INPUT_BYTES_MIN);

  fuzz_fill(input, keys.send.key, 32);
  fuzz_fill(input, keys.receive.key, 16);
  tls_cipher_init(&server, &keys.receive);
  tls_record_init(&record, &keys, incoming, TLS_INPUT_BYTES_MIN + spare, output, sizeof output);
}

/* Puts records of some types into the stream, data mostly. Returns its length; `data` is
 * how much of the content goes before anything else. */
static size_t
make_stream(struct fuzz_case *input, size_t *data)
{
  size_t length = 0, records = fuzz_between(input, 1, 40);
  bool only_data = true;

  *data = 0;
  for (size_t i = 0; i < records && length + TLS_RECORD_BYTES_MAX <= sizeof stream; i++) {
    enum tls_content type = fuzz_one_in(input, 12) ? (enum tls_content)fuzz_between(input, 0, 30) : TLS_CONTENT_DATA;
    size_t part = fuzz_one_in(input, 3) ? fuzz_between(input, 0, TLS_PLAIN_BYTES_MAX) : fuzz_between(input, 0, 40);
    if (type == TLS_CONTENT_ALERT && fuzz_one_in(input, 2))
      part = 2;
    fuzz_fill(input, content + *data, part);
    tls_cipher_seal(&server, type, stream + length, content + *data, part);
    only_data = only_data && type == TLS_CONTENT_DATA;
    *data += only_data ? part : 0;
    length += part + TLS_RECORD_OVERHEAD_BYTES;
  }
  return length;
}

/* Takes some. Returns whether the connection is still alive. */
static bool
take(struct fuzz_case *input, size_t *total)
{
  size_t most = fuzz_one_in(input, 4) ? 40000 : 400, want = most - fuzz_between(input, 0, most);
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

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  size_t sent, length, done = 0, total = 0;

  start(input);
  length = make_stream(input, &sent);
  if (!fuzz_one_in(input, 4))
    length = fuzz_mutate(input, stream, length, sizeof stream);
  for (;;) {
    size_t room, part;
    uint8_t *to = tls_record_room(&record, &room);
    must(room > 0 || tls_record_is_ready(&record));
    part = length - done < room ? length - done : room;
    part -= fuzz_between(input, 0, part);
    memcpy(to, stream + done, part);
    tls_record_received(&record, part);
    done += part;
    if (!take(input, &total) || (done == length && !tls_record_is_ready(&record)))
      break;
  }
  must(total <= sent);
  must(memcmp(taken, content, total) == 0);
  return 0;
}
