/* SPDX-License-Identifier: MIT */
/* tls_machine_record: data in AES-GCM, by tls_record; see tls_machine.h. */
#include "tls/tls_machine.h"

#include "base/secret.h"

static const uint8_t *
record_unsent(struct tls_machine *machine, size_t *length)
{
  return tls_record_unsent(&machine->record, length);
}

static void
record_sent(struct tls_machine *machine, size_t length)
{
  tls_record_sent(&machine->record, length);
}

static uint8_t *
record_room(struct tls_machine *machine, size_t *length)
{
  return tls_record_room(&machine->record, length);
}

static int
record_received(struct tls_machine *machine, size_t length, struct fault *fault)
{
  (void)fault;
  tls_record_received(&machine->record, length);
  return 0;
}

static int64_t
record_take(struct tls_machine *machine, void *bytes, size_t length, struct fault *fault)
{
  return tls_record_take(&machine->record, bytes, length, fault);
}

static bool
record_is_ended(struct tls_machine *machine)
{
  return tls_record_is_ended(&machine->record);
}

static int64_t
record_put(struct tls_machine *machine, const void *bytes, size_t length, struct fault *fault)
{
  return tls_record_put(&machine->record, bytes, length, fault);
}

static bool
record_is_ready(struct tls_machine *machine)
{
  return tls_record_is_ready(&machine->record);
}

static void
record_close(struct tls_machine *machine)
{
  tls_record_close(&machine->record);
}

const struct tls_machine_ops tls_machine_record_ops = {
  .unsent = record_unsent,
  .sent = record_sent,
  .room = record_room,
  .received = record_received,
  .take = record_take,
  .is_ended = record_is_ended,
  .put = record_put,
  .is_ready = record_is_ready,
  .close = record_close,
};

void
tls_machine_enter_record(struct tls_machine *machine, struct tls_keys *keys)
{
  struct tls_machine_buffers *buffers = &machine->room.buffers;

  secret_wipe(&machine->room, sizeof machine->room);
  tls_record_init(&machine->record, keys, buffers->input, sizeof buffers->input, buffers->output,
                  sizeof buffers->output);
  secret_wipe(keys, sizeof *keys);
  machine->ops = &tls_machine_record_ops;
}
