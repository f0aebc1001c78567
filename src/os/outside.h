/* SPDX-License-Identifier: MIT */
/* outside: a process of ours that stays out of the sandbox, and does what nobody inside may.
 *
 * It is forked at the start, before anything is opened. It knows the ends by what the command line calls them, and does three
 * things: it opens an end again, for no more than it was opened for before; it starts the server of an end again; and it has
 * a child look up a host's addresses. Nothing that a server or a disk says ever reaches it. Whoever takes us over can have
 * these three things done, and no others.
 *
 * Its children are ours (CLONE_PARENT): we wait for them, and they end with us. It ends with us, however that comes about.
 * Before the sandbox, and without one, all three are done right here.
 */
#ifndef DECANT_OUTSIDE_H
#define DECANT_OUTSIDE_H

#include <stdbool.h>
#include <sys/types.h>

/* The two ends, and a list of blocks. */
#define OUTSIDE_ENDS_MAX 3

/* The strings are the caller's. One that is neither is nothing that could be opened again. */
struct outside_end {
  const char *path;     /* a file's or a device's */
  char *const *command; /* a server's, NULL at its end */
  bool is_written;
};

/* The state, defined in main.c; all zero is none. */
struct outside {
  pid_t pid;     /* 0: there is no such process */
  int fd;        /* of the way to it */
  bool is_asked; /* since we are inside the sandbox */
  struct outside_end ends[OUTSIDE_ENDS_MAX];
};

extern struct outside outside;

/* Forks it, for the ends that are in the state. Returns 0, or -1 with errno set. */
int outside_begin(void);

/* From here on, it is asked. */
void outside_use(void);

/* Ends it, and waits for that; harmless where there is none. */
void outside_end(void);

/* open() of one of the ends, which is closed on exec; a file that is made is 0666. All other paths are opened right here.
 * Returns -1 with errno set. */
int outside_open(const char *path, int flags);

/* Starts the command of an end, as activation_spawn() does. */
pid_t outside_start(char *const *command, int words, int failed, int *connection);

/* Has a child look up a host, as lookup_spawn() does. */
pid_t outside_look_up(const char *host, const char *port, int to);

#endif
