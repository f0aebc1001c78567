/* SPDX-License-Identifier: MIT */
/* tls_machine: see tls_machine.h. */
#include "tls/tls_machine.h"

#include "base/secret.h"

#include <stdio.h>
#include <string.h>

int
tls_machine_start(struct tls_machine *machine, struct tls *tls, struct fault *fault)
{
  memset(machine, 0, offsetof(struct tls_machine, room));
  machine->tls = tls;
  machine->ops = tls->psk_file ? &tls_machine_psk_ops : &tls_machine_engine_ops;
  return machine->ops->start(machine, fault);
}

bool
tls_machine_has_unsent(struct tls_machine *machine)
{
  size_t length;

  return machine->ops->unsent(machine, &length), length > 0;
}

/* What is in the buffers behind a handshake is disk content, as everywhere. */
void
tls_machine_wipe(struct tls_machine *machine)
{
  if (machine->ops != &tls_machine_record_ops)
    secret_wipe(&machine->room, sizeof machine->room);
  tls_record_wipe(&machine->record);
}

void
tls_machine_describe(struct tls_machine *machine, const char *suite, const char *more)
{
  snprintf(machine->tls->description, sizeof machine->tls->description, "TLS 1.2, %s%s", suite, more);
}
