/* SPDX-License-Identifier: MIT */
/* tls_machine: what turns bytes of the socket into a handshake, and what turns them
 * into data, behind one table of functions.
 *
 * tls_session moves the bytes, and never asks which machine it is; no machine makes
 * a call to the socket. There are three, each in a file of its own:
 *
 *   tls_machine_engine  a handshake with certificates, and data in ChaCha20
 *   tls_machine_psk     a handshake with a shared secret
 *   tls_machine_record  data in AES-GCM
 *
 * The first two begin; their finish() lets the third take their place, unless the
 * data is in ChaCha20. They share their bytes with its buffers, and are wiped in
 * between.
 */
#ifndef DECANT_TLS_MACHINE_H
#define DECANT_TLS_MACHINE_H

#include "base/error.h"
#include "tls/psk_file.h"
#include "tls/tls.h"
#include "tls/tls_engine.h"
#include "tls/tls_psk.h"
#include "tls/tls_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_machine;

/* NULL is what a machine is never asked for: data of one that only shakes hands, and
 * the other way round. */
struct tls_machine_ops {
  /* Begins a handshake; as tls_machine_start(). */
  int (*start)(struct tls_machine *machine, struct fault *fault);

  /* What is to be sent (length 0: nothing), and so much of it was. */
  const uint8_t *(*unsent)(struct tls_machine *machine, size_t *length);
  void (*sent)(struct tls_machine *machine, size_t length);
  /* Where to put what the socket brings, and so much did. NULL: nothing before all
   * is sent. */
  uint8_t *(*room)(struct tls_machine *machine, size_t *length);
  int (*received)(struct tls_machine *machine, size_t length, struct fault *fault);

  /* A handshake: whether both sides have ended it, and what to do then; whether the
   * server ended all, as tls_engine_closed(); what it means that the socket ended. */
  bool (*is_done)(struct tls_machine *machine);
  void (*finish)(struct tls_machine *machine);
  int (*closed)(struct tls_machine *machine, struct fault *fault);
  int (*cut)(struct tls_machine *machine, int errnum, struct fault *fault);

  /* Data: as tls_record_take(), _is_ended(), _put(), _is_ready() and _close(). */
  int64_t (*take)(struct tls_machine *machine, void *bytes, size_t length, struct fault *fault);
  bool (*is_ended)(struct tls_machine *machine);
  int64_t (*put)(struct tls_machine *machine, const void *bytes, size_t length, struct fault *fault);
  bool (*is_ready)(struct tls_machine *machine);
  void (*close)(struct tls_machine *machine);
};

extern const struct tls_machine_ops tls_machine_engine_ops;
extern const struct tls_machine_ops tls_machine_psk_ops;
extern const struct tls_machine_ops tls_machine_record_ops;

/* A handshake with a shared secret, and what came behind its end. */
struct tls_machine_psk {
  struct tls_psk psk;
  size_t begin, end; /* what of `input` the handshake has not taken */
  uint8_t input[1024];
  char file[PSK_FILE_BYTES_MAX]; /* where the secret was found */
};

/* Many records come with one recv() and go with one send(). */
struct tls_machine_buffers {
  uint8_t input[8 * TLS_RECORD_BYTES_MAX];
  uint8_t output[4 * TLS_RECORD_BYTES_MAX];
};

struct tls_machine {
  const struct tls_machine_ops *ops;
  struct tls *tls;
  struct fault blame; /* what to say, should the server hang up before it has sent data */
  struct tls_record record;
  union {
    struct tls_engine engine;
    struct tls_machine_psk psk;
    struct tls_machine_buffers buffers;
  } room; /* most of it, and the last: tls_machine_start() clears what is before */
};

/* ---- What tls_session calls ---- */

/* Begins the handshake that `tls` asks for; reads certificates or secrets. `tls` is
 * kept. Returns 0, or -1 with the fault set. To be wiped in either case. */
int tls_machine_start(struct tls_machine *machine, struct tls *tls, struct fault *fault);

/* Whether something is to be sent. */
bool tls_machine_has_unsent(struct tls_machine *machine);

/* Overwrites its secrets. The buffers are left alone, as by tls_record_wipe(). */
void tls_machine_wipe(struct tls_machine *machine);

/* ---- What a handshake calls when it is done ---- */

/* Says what was agreed on, for people. */
void tls_machine_describe(struct tls_machine *machine, const char *suite, const char *more);

/* From a handshake to its data, with other bytes in the same place. Wipes the keys. */
void tls_machine_enter_record(struct tls_machine *machine, struct tls_keys *keys);

#endif
