/* SPDX-License-Identifier: MIT */
/* A server that says anything, before the client knows whether it has the key: whatever
 * comes is refused in words or understood, and the handshake is done only if not a bit
 * was changed. */
#include "fuzz/fuzz.h"

#include "tls/tls_psk.h"

#include "unit/psk_server.h"
#include "unit/psk_sessions.h"

#include <stdlib.h>

static struct tls_psk psk;
static uint8_t key[64], prime[TLS_PSK_PRIME_BYTES_MAX], flight[40000], changed[40000];

static struct psk_server
some_server(struct fuzz_case *input)
{
  struct psk_server server = { .is_dhe = fuzz_one_in(input, 3),
                               .has_extended_master = fuzz_one_in(input, 2),
                               .hint = fuzz_one_in(input, 2) ? "hint" : NULL,
                               .session_bytes = fuzz_one_in(input, 2) ? 32 : 0,
                               .record_bytes = fuzz_one_in(input, 2) ? fuzz_between(input, 1, 600) : 0,
                               .prime = prime,
                               .prime_bytes = fuzz_one_in(input, 8) ? 512 : 256,
                               .generator = (uint8_t)fuzz_between(input, 2, 5),
                               .key = key,
                               .key_length = fuzz_between(input, 1, sizeof key) };

  fuzz_fill(input, server.exponent, sizeof server.exponent);
  fuzz_fill(input, prime, server.prime_bytes);
  prime[0] |= 0x80;
  prime[server.prime_bytes - 1] |= 1;
  return server;
}

static void
start(struct fuzz_case *input, size_t key_length)
{
  uint8_t randomness[TLS_PSK_RANDOM_BYTES];
  struct tls_psk_config config = { SESSION_USER, key, key_length, randomness };
  struct fault fault = { 0 };

  fuzz_fill(input, randomness, sizeof randomness);
  must(tls_psk_start(&psk, &config, &fault) == 0);
}

/* One of them at least. */
static size_t
some_of(struct fuzz_case *input, size_t most)
{
  return most - fuzz_between(input, 0, most - 1);
}

/* Gives the client the bytes in parts. Returns whether it goes on. */
static bool
receive(struct fuzz_case *input, const uint8_t *bytes, size_t length)
{
  size_t most = fuzz_one_in(input, 4) ? fuzz_between(input, 1, 20) : length;

  while (length > 0 && !tls_psk_is_done(&psk)) {
    size_t part = some_of(input, length < most ? length : most), used = SIZE_MAX;
    struct fault fault = { 0 };
    uint8_t *copy = fuzz_copy(bytes, part);
    int received = tls_psk_receive(&psk, copy, part, &used, &fault);
    free(copy);
    must(used <= part);
    must((received == 0) == (fault.exit_code == EXIT_DONE));
    must(received != 0 || used == part || tls_psk_is_done(&psk));
    if (received != 0)
      return false;
    bytes += part;
    length -= part;
  }
  return true;
}

/* Sends all or some of them, changed. Returns whether the client goes on; `is_same` is
 * whether all came as they were. */
static bool
receive_mutated(struct fuzz_case *input, size_t length, bool *is_same)
{
  size_t mutated;

  memcpy(changed, flight, length);
  mutated = fuzz_one_in(input, 3) ? length : fuzz_mutate(input, changed, length, sizeof changed);
  *is_same = mutated == length && memcmp(changed, flight, length) == 0;
  return receive(input, changed, mutated);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  struct psk_server server = some_server(input);
  struct fault fault = { 0 };
  bool first_same, last_same;
  size_t length;
  const uint8_t *bytes;

  start(input, server.key_length);
  bytes = tls_psk_unsent(&psk, &length);
  server_hears_hello(&server, bytes, length);
  tls_psk_sent(&psk, length);
  /* Sometimes whole messages say something else, in records that are right. */
  if (fuzz_one_in(input, 2)) {
    uint8_t decent[sizeof server.messages];
    size_t decent_length = server.length;
    memcpy(decent, server.messages, decent_length);
    server.length = fuzz_mutate(input, server.messages, server.length, sizeof server.messages);
    length = server_frames(&server, flight);
    first_same = server.length == decent_length && memcmp(decent, server.messages, decent_length) == 0;
    if (!receive(input, flight, length))
      return 0;
    memcpy(server.messages, decent, server.length = decent_length);
  } else if (!receive_mutated(input, server_frames(&server, flight), &first_same)) {
    return 0;
  }
  bytes = tls_psk_unsent(&psk, &length);
  must(length <= TLS_PSK_OUTPUT_BYTES);
  if (length == 0) { /* it waits for more */
    must(tls_psk_cut(&psk, &fault) == -1);
    must(fault.text[0] != '\0');
    return 0;
  }
  memcpy(flight, bytes, length);
  tls_psk_sent(&psk, length);
  if (!server_hears_finished(&server, flight, length, SESSION_USER, flight, &length)) {
    must(!first_same);
    return 0;
  }
  /* What came behind ServerHelloDone may be no whole message yet, but is one too much. */
  if (receive_mutated(input, length, &last_same) && first_same && last_same)
    must(tls_psk_is_done(&psk));
  must(!tls_psk_is_done(&psk) || (first_same && memcmp(changed, flight, length) == 0));
  return 0;
}
