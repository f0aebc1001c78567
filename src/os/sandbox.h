/* SPDX-License-Identifier: MIT */
/* sandbox: what this process may still do once its ends are open, whoever has it in hand by then.
 *
 * Three things by the kernel, each where it has that: no privileges that it doesn't have already (no_new_privs), no file but those
 * that are allowed here (Landlock, since Linux 5.13), and no system call but those of one list (seccomp), which is in sandbox.c.
 * What is open stays open. There is no way back; children have it too. A call that is refused fails with EPERM, a file with
 * EACCES.
 */
#ifndef DECANT_SANDBOX_H
#define DECANT_SANDBOX_H

#include <stdbool.h>

/* What a job takes beyond what all do; a sum. */
enum sandbox_need {
  SANDBOX_CONNECTS = 1, /* to servers over a network */
  SANDBOX_UNIX = 2,     /* to servers on Unix sockets */
  SANDBOX_STARTS = 4,   /* servers, or rather who listens to them */
  SANDBOX_WRITES = 8,   /* files that it opens itself: a mapfile */
  SANDBOX_CHILDREN = 16 /* has some that it may have to end */
};

/* What may be done with a file, or with all in and below a directory; a sum. */
enum sandbox_right {
  SANDBOX_READ = 1,
  SANDBOX_WRITE = 2,
  SANDBOX_RENAME = 4, /* and remove, and make */
  SANDBOX_LIST = 8    /* a directory's names */
};

/* Which files: between begin and enter. -1: this kernel knows no such rules. */
struct sandbox {
  int rules;
  unsigned long long handled;
};

/* Begins with none. */
void sandbox_begin(struct sandbox *sandbox);

/* Allows this file, or all in and below this directory; one that isn't there isn't allowed. */
void sandbox_allow(struct sandbox *sandbox, const char *path, unsigned rights);

/* From here on. Says what is on. */
struct sandbox_state {
  bool calls, files;
};
struct sandbox_state sandbox_enter(struct sandbox *sandbox, unsigned needs);

/* What the kernel has of it. */
struct sandbox_state sandbox_of_kernel(void);

#endif
