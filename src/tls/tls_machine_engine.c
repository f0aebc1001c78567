/* SPDX-License-Identifier: MIT */
/* tls_machine_engine: a handshake with certificates, and data in ChaCha20, by
 * tls_engine; see tls_machine.h. */
#include "tls/tls_machine.h"

#include "base/secret.h"
#include "tls/tls_keys.h"

static int
engine_start(struct tls_machine *machine, struct fault *fault)
{
  return tls_engine_start(&machine->room.engine, machine->tls, fault);
}

static const uint8_t *
engine_unsent(struct tls_machine *machine, size_t *length)
{
  return tls_engine_unsent(&machine->room.engine, length);
}

static void
engine_sent(struct tls_machine *machine, size_t length)
{
  tls_engine_sent(&machine->room.engine, length);
}

static uint8_t *
engine_room(struct tls_machine *machine, size_t *length)
{
  return tls_engine_room(&machine->room.engine, length);
}

static int
engine_received(struct tls_machine *machine, size_t length, struct fault *fault)
{
  (void)fault;
  tls_engine_received(&machine->room.engine, length);
  return 0;
}

static bool
engine_is_done(struct tls_machine *machine)
{
  return tls_engine_is_done(&machine->room.engine);
}

static void
engine_finish(struct tls_machine *machine)
{
  struct tls_engine *engine = &machine->room.engine;
  struct tls_keys keys;

  tls_machine_describe(machine, tls_engine_suite(engine),
                       !tls_x509_clock_is_behind()
                           ? ""
                           : "; the clock is wrong, certificates were judged as of when decant was built");
  fault_set(&machine->blame, EXIT_FAILED, 0, "the server hung up right after the TLS handshake");
  tls_engine_blame(engine, &machine->blame);
  secret_wipe(&engine->files.key, sizeof engine->files.key);
  if (tls_keys_from_engine(&keys, &engine->client.eng))
    tls_machine_enter_record(machine, &keys);
}

static int
engine_closed(struct tls_machine *machine, struct fault *fault)
{
  return tls_engine_closed(&machine->room.engine, fault);
}

static int
engine_cut(struct tls_machine *machine, int errnum, struct fault *fault)
{
  return tls_engine_cut(&machine->room.engine, errnum, fault);
}

static int64_t
engine_take(struct tls_machine *machine, void *bytes, size_t length, struct fault *fault)
{
  size_t taken = tls_engine_take(&machine->room.engine, bytes, length);

  return taken == 0 && engine_closed(machine, fault) == -1 ? -1 : (int64_t)taken;
}

static bool
engine_is_ended(struct tls_machine *machine)
{
  struct fault ignored;

  return engine_closed(machine, &ignored) == 1;
}

static int64_t
engine_put(struct tls_machine *machine, const void *bytes, size_t length, struct fault *fault)
{
  size_t put = tls_engine_put(&machine->room.engine, bytes, length);
  int closed = put > 0 ? 0 : engine_closed(machine, fault);

  if (closed == 1 || (put == 0 && closed == 0 && !tls_machine_has_unsent(machine)))
    return fault_set(fault, EXIT_FAILED, 0, "the server has ended the TLS connection");
  return closed == -1 ? -1 : (int64_t)put;
}

static bool
engine_is_ready(struct tls_machine *machine)
{
  return tls_engine_is_ready(&machine->room.engine);
}

static void
engine_close(struct tls_machine *machine)
{
  tls_engine_close(&machine->room.engine);
}

const struct tls_machine_ops tls_machine_engine_ops = {
  .start = engine_start,
  .unsent = engine_unsent,
  .sent = engine_sent,
  .room = engine_room,
  .received = engine_received,
  .is_done = engine_is_done,
  .finish = engine_finish,
  .closed = engine_closed,
  .cut = engine_cut,
  .take = engine_take,
  .is_ended = engine_is_ended,
  .put = engine_put,
  .is_ready = engine_is_ready,
  .close = engine_close,
};
