/* SPDX-License-Identifier: MIT */
/* psk-client: shakes hands with a TLS server on this machine by a key, as decant does,
 * and sends it standard input; what comes back goes to standard output, until as much
 * came as went. For tests against servers that speak TLS and not NBD.
 *
 *   psk-client PORT USER HEXKEY
 *
 * Says on standard error what was agreed on, or what failed. Exit code 0 or 1.
 */
#include "base/secret.h"
#include "tls/tls_psk.h"
#include "tls/tls_record.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (4 * TLS_RECORD_BYTES_MAX)

static struct tls_psk psk;
static struct tls_record record;
static uint8_t input[BUFFER_BYTES], output[BUFFER_BYTES], part[BUFFER_BYTES];
static struct fault fault;

static int
failed(const char *what)
{
  fprintf(stderr, "%s\n", what);
  return 1;
}

static int
connect_to(int port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  return fd != -1 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

/* The handshake; what came behind it is in part[0, *left) then. */
static int
shake_hands(int fd, const char *user, const char *hex, size_t *left)
{
  uint8_t key[TLS_PSK_KEY_BYTES_MAX], random[TLS_PSK_RANDOM_BYTES];
  struct tls_psk_config config = { .user = user, .key = key, .random = random };
  size_t length, used;

  for (; sscanf(hex, "%2hhx", &key[config.key_length]) == 1; hex += 2)
    config.key_length++;
  if (getrandom(random, sizeof random, 0) != sizeof random || tls_psk_start(&psk, &config, &fault) != 0)
    return -1;
  while (!tls_psk_is_done(&psk)) {
    const uint8_t *unsent = tls_psk_unsent(&psk, &length);
    ssize_t got = length > 0 ? send(fd, unsent, length, MSG_NOSIGNAL) : 0;
    if (got > 0)
      tls_psk_sent(&psk, (size_t)got);
    got = recv(fd, part, sizeof part, got > 0 && (size_t)got < length ? MSG_DONTWAIT : 0);
    if (got <= 0)
      return tls_psk_cut(&psk, &fault);
    if (tls_psk_receive(&psk, part, (size_t)got, &used, &fault) != 0)
      return -1;
    *left = (size_t)got - used;
    memmove(part, part + used, *left);
  }
  return 0;
}

/* Moves what can be moved without waiting for more than one of the two. */
static int
talk(int fd)
{
  uint64_t sent = 0, received = 0;
  bool at_end = false;

  while (!at_end || received < sent) {
    size_t length, room;
    const uint8_t *unsent = tls_record_unsent(&record, &length);
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    int64_t taken;
    ssize_t got;

    if (length == 0 && !at_end) {
      got = read(0, part, sizeof part / 2);
      at_end = got <= 0;
      if (got > 0 && tls_record_put(&record, part, (size_t)got, &fault) != got)
        return failed("not all was put");
      sent += got > 0 ? (uint64_t)got : 0;
      continue;
    }
    wait.events |= length > 0 ? POLLOUT : 0;
    poll(&wait, 1, -1);
    if (wait.revents & POLLOUT && (got = send(fd, unsent, length, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
      tls_record_sent(&record, (size_t)got);
    if (wait.revents & ~POLLOUT) {
      uint8_t *to = tls_record_room(&record, &room);
      if ((got = recv(fd, to, room, MSG_DONTWAIT)) <= 0)
        return failed("the server hung up");
      tls_record_received(&record, (size_t)got);
    }
    while ((taken = tls_record_take(&record, part, sizeof part, &fault)) > 0) {
      received += (uint64_t)taken;
      if (write(1, part, (size_t)taken) != taken)
        return failed("standard output fails");
    }
    if (taken < 0)
      return failed(fault.text);
  }
  return 0;
}

int
main(int argc, char **argv)
{
  int fd = argc == 4 ? connect_to(atoi(argv[1])) : -1, code;
  size_t left = 0, length;
  const uint8_t *unsent;

  if (fd == -1)
    return failed("usage: psk-client PORT USER HEXKEY, with a server there");
  if (shake_hands(fd, argv[2], argv[3], &left) != 0)
    return failed(fault.text);
  fprintf(stderr, "suite %04x, %s master secret, prime of %zu bits\n", psk.suite,
          psk.has_extended_master ? "extended" : "plain", psk.prime_bytes * 8);
  tls_record_init(&record, tls_psk_keys(&psk), input, sizeof input, output, sizeof output);
  tls_psk_wipe(&psk);
  memcpy(tls_record_room(&record, &length), part, left);
  tls_record_received(&record, left);
  code = talk(fd);
  tls_record_close(&record);
  unsent = tls_record_unsent(&record, &length);
  if (send(fd, unsent, length, MSG_NOSIGNAL) == -1)
    code = 1;
  tls_record_wipe(&record);
  return code;
}
