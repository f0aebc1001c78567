/* SPDX-License-Identifier: MIT */
/* activation: a server that we start, by systemd's socket activation, for one
 * connection, and that ends with us.
 *
 * The connection is made before the server runs: it waits in the listen queue of the
 * socket that the server inherits. The socket's name is gone from the file system
 * by then, so that nobody else can connect, and nothing is left to clear away, whatever
 * becomes of us.
 *
 * Standard input and output belong to our data: the server reads nothing, and what it
 * prints goes to standard error, past somebody who listens for its last words (overhear.h). It
 * takes signals as we did at start, and SIGTERM when we end without a word.
 */
#ifndef DECANT_ACTIVATION_H
#define DECANT_ACTIVATION_H

#include "base/error.h"
#include "os/loop.h"
#include "os/overhear.h"

#include <stdbool.h>
#include <sys/types.h>

struct activation {
  pid_t pid;             /* 0: none is running, or none that we would have to wait for */
  int status;            /* how it ended, as waitpid() has it; once there is no pid */
  uint64_t dismissed_ms; /* when it was asked to end, since it is of no use any more; 0: it wasn't */
  struct overhear words; /* what it says */
};

/* Starts the command (argv, NULL at its end), which is called `name` in messages.
 * Returns a socket that is connected to it, the caller's, or -1 with the fault set. */
int activation_start(struct activation *server, char *const *command, const char *name, struct fault *fault);

/* What that takes, wherever it is done (outside.h): makes the socket and the connection, forks by `forks`, and has the child,
 * one of `parent`'s, become the server, whose standard output and error are `words`. Where it can't, its errno (an int) is
 * written to `failed`. Returns the child and the connection, or -1 with errno set; *connection is -1 where there is no
 * socket, and else the caller's in any case. */
pid_t
activation_spawn(char *const *command, int words, int failed, pid_t (*forks)(void), pid_t parent, int *connection);

/* Asks it to end, where it hasn't yet; waits for nothing. activation_is_over() tells whether it has: who takes long is
 * killed, so that another can be started. */
void activation_dismiss(struct activation *server);
bool activation_is_over(struct activation *server);

/* Whether it has ended by itself; waits a moment for who has hung up to be gone. Says how in
 * `words`, of ACTIVATION_WORDS_BYTES, and with which last words. */
#define ACTIVATION_WORDS_BYTES (LAST_LINE_TEXT_BYTES + 44)
bool activation_has_ended(struct activation *server, char *words);

/* Ends it, once the connection is closed: asks it to (SIGTERM) and waits, as long as it
 * may take to write what it holds; a signal to us, now or a second one before, cuts
 * that short. Then it is killed. Returns false where it had to be. What it has said is passed on meanwhile; of somebody
 * else who still has its standard error nothing more is. */
bool activation_end(struct activation *server, struct loop *loop);

#endif
