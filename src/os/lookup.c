/* SPDX-License-Identifier: MIT */
/* lookup: see lookup.h. */
#include "os/lookup.h"

#include "os/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child writes, at once. */
struct answer {
  int error; /* getaddrinfo's */
  int errnum;
  struct addresses found;
};
_Static_assert(sizeof(struct answer) <= 4096, "a pipe takes it whole (PIPE_BUF)");

static void
lookup_ask(struct answer *answer, const char *host, const char *port, int flags)
{
  struct addrinfo hints = { .ai_flags = AI_NUMERICSERV | flags, .ai_socktype = SOCK_STREAM };
  struct addrinfo *list = NULL;

  memset(answer, 0, sizeof *answer);
  answer->error = getaddrinfo(host, port, &hints, &list);
  answer->errnum = errno;
  for (struct addrinfo *i = list; i && answer->found.count < ADDRESSES_MAX; i = i->ai_next) {
    struct address *address = &answer->found.list[answer->found.count++];
    memcpy(&address->name, i->ai_addr, i->ai_addrlen);
    address->length = i->ai_addrlen;
  }
  if (list)
    freeaddrinfo(list);
}

/* In the child, which is gone when its parent is. */
static void
ask_and_tell(const char *host, const char *port, int to, pid_t parent)
{
  struct answer answer;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == parent) {
    lookup_ask(&answer, host, port, 0);
    (void)!write(to, &answer, sizeof answer);
  }
  _exit(0);
}

pid_t
lookup_spawn(const char *host, const char *port, int to, pid_t (*forks)(void), pid_t parent)
{
  pid_t child = forks();

  if (child == 0)
    ask_and_tell(host, port, to, parent);
  return child;
}

/* Whether something came before the time was over, or a signal. */
static bool
hears(int from, struct loop *loop, uint64_t limit_ms)
{
  struct fault ignored;
  unsigned index;
  uint64_t end_ms = limit_ms ? loop_now_ms(loop) + limit_ms : LOOP_NEVER;

  do {
    loop_begin(loop);
    index = loop_watch(loop, from, POLLIN);
    loop_wake_by(loop, end_ms);
    if (loop_wait(loop, &ignored) == -1)
      return false;
    if (loop_ready(loop, index))
      return true;
  } while (!loop->signal_seen && loop_now_ms(loop) < end_ms);
  return false;
}

static const char *
ask_by_child(struct answer *answer, const char *host, const char *port, struct loop *loop, uint64_t limit_ms)
{
  const char *why = NULL;
  int ends[2];

  if (pipe2(ends, O_CLOEXEC) == -1)
    return strerror(errno);
  pid_t child = outside_look_up(host, port, ends[1]);
  if (child == -1)
    why = strerror(errno);
  close(ends[1]);
  if (child > 0 && !hears(ends[0], loop, limit_ms))
    why = "no answer from the name servers in time";
  else if (child > 0 && read(ends[0], answer, sizeof *answer) != sizeof *answer)
    why = "its addresses can't be looked up";
  close(ends[0]);
  if (child > 0) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
  }
  return why;
}

const char *
lookup_host(struct addresses *found, const char *host, const char *port, struct loop *loop, uint64_t limit_ms)
{
  struct answer answer;
  const char *why = NULL;

  found->count = 0;
  lookup_ask(&answer, host, port, AI_NUMERICHOST);
  if (answer.error == EAI_NONAME)
    why = ask_by_child(&answer, host, port, loop, limit_ms);
  if (why)
    return why;
  if (answer.error == EAI_SYSTEM)
    return strerror(answer.errnum);
  if (answer.error == EAI_AGAIN)
    return "the name servers do not answer";
  if (answer.error)
    return gai_strerror(answer.error);
  *found = answer.found;
  return NULL;
}
