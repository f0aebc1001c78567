/* SPDX-License-Identifier: MIT */
/* tls_machine_psk: a handshake with a shared secret, by tls_psk, and where the secret
 * comes from; see tls_machine.h. */
#include "tls/tls_machine.h"

#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Its beginning: the secret ---- */

/* Reads a whole file. Returns its length, or -1 with the fault set. */
static ssize_t
read_file(const char *path, char *text, size_t text_bytes, struct fault *fault)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t used = 0;
  ssize_t got = 0;

  if (fd == -1)
    return fault_set(fault, EXIT_FAILED, errno, "cannot open %s", path);
  while (used < text_bytes && ((got = read(fd, text + used, text_bytes - used)) > 0 || (got == -1 && errno == EINTR)))
    used += got > 0 ? (size_t)got : 0;
  int errnum = errno;
  close(fd);
  if (got == -1)
    return fault_set(fault, EXIT_FAILED, errnum, "cannot read %s", path);
  if (used == text_bytes)
    return fault_set(fault, EXIT_FAILED, 0, "%s is longer than %zu KiB", path, text_bytes / 1024);
  return (ssize_t)used;
}

static int
find_secret(struct tls_machine *machine, const char *user, uint8_t key[TLS_PSK_KEY_BYTES_MAX], size_t *key_length,
            struct fault *fault)
{
  struct tls_machine_psk *room = &machine->room.psk;
  const char *path = machine->tls->psk_file;
  ssize_t length = read_file(path, room->file, sizeof room->file, fault);

  return length == -1
             ? -1
             : psk_file_find(room->file, (size_t)length, path, user, key, TLS_PSK_KEY_BYTES_MAX, key_length, fault);
}

static int
psk_start(struct tls_machine *machine, struct fault *fault)
{
  struct tls_machine_psk *room = &machine->room.psk;
  const char *user = machine->tls->user ? machine->tls->user : getenv("LOGNAME");
  uint8_t key[TLS_PSK_KEY_BYTES_MAX], random[TLS_PSK_RANDOM_BYTES];
  struct tls_psk_config config = { .user = user, .key = key, .random = random };

  if (!user)
    return fault_set(fault, EXIT_FAILED, 0, "whose secret is it? Write the user's name into the URI: nbds://USER@HOST");
  room->begin = room->end = 0;
  int result = find_secret(machine, user, key, &config.key_length, fault);
  if (result == 0 && getentropy(random, sizeof random) == -1)
    result = fault_set(fault, EXIT_FAILED, errno, "the kernel gave no random bytes");
  if (result == 0)
    result = tls_psk_start(&room->psk, &config, fault);
  secret_wipe(key, sizeof key);
  secret_wipe(random, sizeof random);
  return result;
}

/* ---- Its bytes ---- */

static const uint8_t *
psk_unsent(struct tls_machine *machine, size_t *length)
{
  return tls_psk_unsent(&machine->room.psk.psk, length);
}

static void
psk_sent(struct tls_machine *machine, size_t length)
{
  tls_psk_sent(&machine->room.psk.psk, length);
}

static uint8_t *
psk_room(struct tls_machine *machine, size_t *length)
{
  *length = sizeof machine->room.psk.input;
  return machine->room.psk.input;
}

static int
psk_received(struct tls_machine *machine, size_t length, struct fault *fault)
{
  struct tls_machine_psk *room = &machine->room.psk;

  room->end = length;
  return tls_psk_receive(&room->psk, room->input, length, &room->begin, fault);
}

/* ---- Its end ---- */

static bool
psk_is_done(struct tls_machine *machine)
{
  return tls_psk_is_done(&machine->room.psk.psk);
}

/* What came behind the handshake is the first of the data. */
static void
psk_finish(struct tls_machine *machine)
{
  struct tls_machine_psk *room = &machine->room.psk;
  struct tls_keys keys = *tls_psk_keys(&room->psk);
  uint8_t rest[sizeof room->input];
  size_t rest_bytes = room->end - room->begin, space;

  memcpy(rest, room->input + room->begin, rest_bytes);
  tls_machine_describe(machine, room->psk.prime_bytes ? "DHE-PSK-AES128-GCM-SHA256" : "PSK-AES128-GCM-SHA256",
                       room->psk.has_extended_master ? "" : ", without extended master secret");
  fault_set(&machine->blame, EXIT_FAILED, 0, "the server hung up right after the TLS handshake");
  tls_machine_enter_record(machine, &keys);
  uint8_t *input = tls_record_room(&machine->record, &space);
  assert(rest_bytes <= space);
  memcpy(input, rest, rest_bytes);
  tls_record_received(&machine->record, rest_bytes);
}

static int
psk_closed(struct tls_machine *machine, struct fault *fault)
{
  (void)machine, (void)fault;
  return 0; /* it is told as it comes */
}

static int
psk_cut(struct tls_machine *machine, int errnum, struct fault *fault)
{
  (void)errnum;
  return tls_psk_cut(&machine->room.psk.psk, fault);
}

const struct tls_machine_ops tls_machine_psk_ops = {
  .start = psk_start,
  .unsent = psk_unsent,
  .sent = psk_sent,
  .room = psk_room,
  .received = psk_received,
  .is_done = psk_is_done,
  .finish = psk_finish,
  .closed = psk_closed,
  .cut = psk_cut,
};
