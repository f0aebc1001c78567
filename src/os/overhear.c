/* SPDX-License-Identifier: MIT */
/* overhear: see overhear.h. */
#include "os/overhear.h"

#include "base/limits.h"
#include "base/range.h"
#include "os/heap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOW_MS 1000 /* how long a standard error that doesn't block may take nothing */

/* A page that both processes have. */
struct heard {
  volatile bool is_writing;
  struct last_line line;
};

/* ---- The one that listens ---- */

static void
stay_for_the_end(int number)
{
  (void)number;
  alarm(SERVER_END_MS / 1000);
}

static void
ignore_signals(pid_t parent)
{
  static const int ours[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ };
  sigset_t none;

  for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
    signal(ours[i], SIG_IGN);
  signal(SIGALRM, SIG_DFL);
  signal(SIGUSR1, stay_for_the_end);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_PDEATHSIG, SIGUSR1);
  if (getppid() != parent) /* which went before it could be heard of */
    raise(SIGUSR1);
}

/* A device or a connection that is open here too would be neither free nor closed when it is to be. */
static void
keep_only(int from)
{
  dup2(from, STDIN_FILENO);
  close(STDOUT_FILENO);
  if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0)
    return;
  for (int fd = STDERR_FILENO + 1, end = (int)sysconf(_SC_OPEN_MAX); fd < end; fd++)
    close(fd);
}

/* Nothing is allocated here; what we have allocated, we would else have twice as soon as we change it. */
static void
forget_heap(void)
{
  uintptr_t begin = range_align_up((uintptr_t)heap.bytes, PAGE_BYTES);
  uintptr_t end = range_align_down((uintptr_t)heap.bytes + sizeof heap.bytes, PAGE_BYTES);

  madvise((void *)begin, end - begin, MADV_DONTNEED);
}

static bool
takes_more(void)
{
  struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

  return poll(&out, 1, SLOW_MS) > 0;
}

static void
pass_on(const char *bytes, size_t count)
{
  while (count > 0) {
    ssize_t written = write(STDERR_FILENO, bytes, count);
    if (written > 0) {
      bytes += written;
      count -= (size_t)written;
    } else if (errno != EINTR && (errno != EAGAIN || !takes_more())) {
      return;
    }
  }
}

static void
listen_to(int from, struct heard *heard, pid_t parent)
{
  char bytes[4096];
  ssize_t count;

  ignore_signals(parent);
  keep_only(from);
  forget_heap();
  while ((count = read(STDIN_FILENO, bytes, sizeof bytes)) > 0 || (count == -1 && errno == EINTR)) {
    if (count == -1)
      continue;
    heard->is_writing = true;
    last_line_hear(&heard->line, bytes, (size_t)count);
    pass_on(bytes, (size_t)count);
    heard->is_writing = false;
  }
  _exit(0);
}

/* ---- Who wants to know ---- */

int
overhear_begin(struct overhear *overhear, int from)
{
  pid_t parent = getpid();

  if (!overhear->heard) {
    void *page = mmap(NULL, sizeof *overhear->heard, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
      return -1;
    overhear->heard = page;
  }
  memset(overhear->heard, 0, sizeof *overhear->heard);
  pid_t pid = fork();
  if (pid == 0)
    listen_to(from, overhear->heard, parent);
  overhear->pid = pid > 0 ? pid : 0;
  return pid > 0 ? 0 : -1;
}

bool
overhear_is_writing(const struct overhear *overhear)
{
  return overhear->heard->is_writing;
}

void
overhear_tell(const struct overhear *overhear, char text[LAST_LINE_TEXT_BYTES])
{
  last_line_tell(&overhear->heard->line, text);
}
