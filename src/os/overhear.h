/* SPDX-License-Identifier: MIT */
/* overhear: a process that listens to what a server that we start says, for its last words.
 *
 * It reads the pipe that the server has as standard error, passes on all that comes, to ours, unchanged and at once, and
 * keeps the last line where we can read it at any time: whatever keeps us from looking, nobody waits for us. It
 * holds nothing open but that pipe and standard error, and no memory but what it needs. It ends when the pipe does, that
 * is, after the server: signals to all of us are not for it, and if we are gone without a word, it stays as long as a server
 * may take to end. Where standard error takes nothing any more, what is said is lost, and the server isn't stopped by it.
 */
#ifndef DECANT_OVERHEAR_H
#define DECANT_OVERHEAR_H

#include "base/last_line.h"

#include <sys/types.h>

struct heard;

struct overhear {
  pid_t pid;           /* 0: nobody listens */
  struct heard *heard; /* shared with it; kept for the next one */
};

/* Begins to listen to `from`, a pipe; whoever calls closes it. Returns 0, or -1 with errno set. */
int overhear_begin(struct overhear *overhear, int from);

/* Whether it has something that standard error has yet to take. */
bool overhear_is_writing(const struct overhear *overhear);

/* The last line so far, as it may be shown; "": there was none. */
void overhear_tell(const struct overhear *overhear, char text[LAST_LINE_TEXT_BYTES]);

#endif
