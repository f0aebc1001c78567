/* SPDX-License-Identifier: MIT */
/* outside: see outside.h. */
#include "os/outside.h"

#include "os/activation.h"
#include "os/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOST_BYTES 256
#define PORT_BYTES 16
#define HANDED_MAX 2 /* descriptors that come with a request */

enum task { TASK_OPEN, TASK_START, TASK_LOOK_UP };

struct question {
  enum task task;
  unsigned end; /* TASK_OPEN, TASK_START */
  int flags;    /* TASK_OPEN */
  char host[HOST_BYTES];
  char port[PORT_BYTES];
};

/* With a descriptor, where there is one: of what was opened, or of the connection to the server. */
struct reply {
  pid_t pid;
  int errnum;
};

/* ---- Messages, and descriptors that go along ---- */

union handed {
  struct cmsghdr head;
  unsigned char room[CMSG_SPACE(HANDED_MAX * sizeof(int))];
};

/* Whether a call on a socket that waits is only to be made again. */
static bool
is_to_be_repeated(ssize_t result)
{
  return result == -1 && (errno == EINTR || errno == EAGAIN);
}

static int
send_whole(int to, const void *bytes, size_t length, const int *fds, unsigned count)
{
  struct iovec part = { (void *)(uintptr_t)bytes, length };
  union handed handed = { 0 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

  if (count > 0) {
    message.msg_control = &handed;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    handed.head.cmsg_level = SOL_SOCKET;
    handed.head.cmsg_type = SCM_RIGHTS;
    handed.head.cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(&handed.head), fds, count * sizeof(int));
  }
  while (part.iov_len > 0) {
    ssize_t sent = sendmsg(to, &message, MSG_NOSIGNAL);
    if (sent == -1 && !is_to_be_repeated(sent))
      return -1;
    if (sent <= 0)
      continue;
    part = (struct iovec){ (unsigned char *)part.iov_base + sent, part.iov_len - (size_t)sent };
    message.msg_control = NULL; /* they have gone with the first part */
    message.msg_controllen = 0;
  }
  return 0;
}

/* What came along with a part, from `count` on. Returns how many there are then. */
static unsigned
keep_handed(const struct msghdr *message, const union handed *handed, int fds[HANDED_MAX], unsigned count)
{
  int come[HANDED_MAX];

  if (message->msg_controllen < CMSG_LEN(sizeof(int)) || handed->head.cmsg_type != SCM_RIGHTS)
    return count;
  unsigned more = (unsigned)((handed->head.cmsg_len - CMSG_LEN(0)) / sizeof(int));
  memcpy(come, CMSG_DATA(&handed->head), more * sizeof(int));
  for (unsigned i = 0; i < more; i++)
    if (count < HANDED_MAX)
      fds[count++] = come[i];
    else
      close(come[i]);
  return count;
}

/* Returns how many descriptors came along, or -1 with errno set: the other side is gone, say. */
static int
receive_whole(int from, void *bytes, size_t length, int fds[HANDED_MAX])
{
  struct iovec part = { bytes, length };
  unsigned count = 0;

  while (part.iov_len > 0) {
    union handed handed = { 0 };
    struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &handed, .msg_controllen = sizeof handed
    };
    ssize_t got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    if (is_to_be_repeated(got))
      continue;
    if (got <= 0) {
      int errnum = got == -1 ? errno : EPIPE;
      while (count > 0)
        close(fds[--count]);
      errno = errnum;
      return -1;
    }
    count = keep_handed(&message, &handed, fds, count);
    part = (struct iovec){ (unsigned char *)part.iov_base + got, part.iov_len - (size_t)got };
  }
  return (int)count;
}

/* ---- The one outside ---- */

/* Its child becomes a child of ours. */
static pid_t
fork_sibling(void)
{
  return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
}

/* For no more than the end was opened for before. */
static int
reopen_end(const struct question *question)
{
  const int known = O_ACCMODE | O_CREAT | O_EXCL | O_DIRECT | O_CLOEXEC;
  const struct outside_end *end = &outside.ends[question->end];
  bool writes = (question->flags & O_ACCMODE) != O_RDONLY || question->flags & O_CREAT;

  errno = EPERM;
  if (!end->path || question->flags & ~known || (writes && !end->is_written))
    return -1;
  return open(end->path, question->flags | O_CLOEXEC, 0666);
}

/* Returns -1 where the answer can't be given: who waits for it learns by our end. */
static int
do_task(const struct question *question, const int *given, int given_count, pid_t parent, int to)
{
  const struct outside_end *end = question->end < OUTSIDE_ENDS_MAX ? &outside.ends[question->end] : NULL;
  struct reply reply = { .pid = -1 };
  int fd = -1;

  errno = EPERM;
  if (question->task == TASK_OPEN && end)
    fd = reopen_end(question);
  else if (question->task == TASK_START && end && end->command && given_count == 2)
    reply.pid = activation_spawn(end->command, given[0], given[1], fork_sibling, parent, &fd);
  else if (question->task == TASK_LOOK_UP && given_count == 1)
    reply.pid = lookup_spawn(question->host, question->port, given[0], fork_sibling, parent);
  reply.errnum = errno;
  int result = send_whole(to, &reply, sizeof reply, &fd, fd != -1);
  if (fd != -1)
    close(fd);
  return result;
}

/* Nothing that is open here too could be free once it is closed. What it has instead of standard input, output and error can
 * neither be read nor written. */
static bool
keep_only_way(int fd)
{
  int nothing = open("/dev/null", O_PATH | O_CLOEXEC);

  if (nothing == -1)
    nothing = open("/", O_PATH | O_CLOEXEC);
  for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
    if (dup2(nothing, standard) == -1)
      return false;
  if (dup2(fd, STDERR_FILENO + 1) == -1 || fcntl(STDERR_FILENO + 1, F_SETFD, FD_CLOEXEC) == -1)
    return false;
  if (syscall(SYS_close_range, STDERR_FILENO + 2, ~0U, 0) == 0)
    return true;
  for (int other = STDERR_FILENO + 2, end = (int)sysconf(_SC_OPEN_MAX); other < end; other++)
    close(other);
  return true;
}

/* Signals are for us, who may still need it; it has them pending, and ends when we have. */
static void
stay_outside(int fd, pid_t parent)
{
  struct question question;
  int given[HANDED_MAX];
  sigset_t all;
  int count;

  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "decant-outside");
  if (getppid() != parent || !keep_only_way(fd))
    _exit(0);
  while ((count = receive_whole(STDERR_FILENO + 1, &question, sizeof question, given)) != -1) {
    question.host[HOST_BYTES - 1] = question.port[PORT_BYTES - 1] = '\0';
    if (do_task(&question, given, count, parent, STDERR_FILENO + 1) == -1)
      _exit(0);
    for (int i = 0; i < count; i++)
      close(given[i]);
  }
  _exit(0);
}

/* ---- Who asks ---- */

int
outside_begin(void)
{
  pid_t parent = getpid();
  int ends[2];

  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
    return -1;
  pid_t pid = fork();
  int errnum = errno;
  if (pid == 0)
    stay_outside(ends[1], parent);
  close(ends[1]);
  if (pid == -1) {
    close(ends[0]);
    errno = errnum;
    return -1;
  }
  outside.pid = pid;
  outside.fd = ends[0];
  return 0;
}

void
outside_use(void)
{
  outside.is_asked = outside.pid > 0;
}

static void
close_way(void)
{
  if (outside.fd != -1)
    close(outside.fd);
  outside.fd = -1;
}

void
outside_end(void)
{
  if (outside.pid == 0)
    return;
  close_way();
  while (waitpid(outside.pid, NULL, 0) == -1 && errno == EINTR)
    ;
  outside.pid = 0;
  outside.is_asked = false;
}

/* What came of it, and the descriptor that came along, or -1. Returns -1 with errno set where there is no answer; nobody is
 * asked any more then, since one that is late would be taken for the next. */
static int
outside_ask(const struct question *question, const int *fds, unsigned count, struct reply *reply, int *came)
{
  int given[HANDED_MAX];

  errno = EPIPE;
  int given_count = outside.fd != -1 && send_whole(outside.fd, question, sizeof *question, fds, count) == 0
                        ? receive_whole(outside.fd, reply, sizeof *reply, given)
                        : -1;
  if (given_count == -1) {
    int errnum = errno;
    close_way();
    errno = errnum;
    return -1;
  }
  *came = given_count > 0 ? given[0] : -1;
  errno = reply->errnum;
  return 0;
}

int
outside_open(const char *path, int flags)
{
  struct question question = { .task = TASK_OPEN, .flags = flags };
  struct reply reply = { .pid = -1 };
  int fd;

  for (; outside.is_asked && question.end < OUTSIDE_ENDS_MAX; question.end++)
    if (outside.ends[question.end].path && strcmp(outside.ends[question.end].path, path) == 0)
      return outside_ask(&question, NULL, 0, &reply, &fd) == 0 ? fd : -1;
  return open(path, flags | O_CLOEXEC, 0666);
}

pid_t
outside_start(char *const *command, int words, int failed, int *connection)
{
  struct question question = { .task = TASK_START };
  const int fds[] = { words, failed };
  struct reply reply = { .pid = -1 };

  if (!outside.is_asked)
    return activation_spawn(command, words, failed, fork, getpid(), connection);
  while (question.end < OUTSIDE_ENDS_MAX && outside.ends[question.end].command != command)
    question.end++;
  return outside_ask(&question, fds, 2, &reply, connection) == 0 ? reply.pid : -1;
}

pid_t
outside_look_up(const char *host, const char *port, int to)
{
  struct question question = { .task = TASK_LOOK_UP };
  struct reply reply = { .pid = -1 };
  int none;

  if (!outside.is_asked)
    return lookup_spawn(host, port, to, fork, getpid());
  errno = ENAMETOOLONG;
  if (snprintf(question.host, HOST_BYTES, "%s", host) >= HOST_BYTES ||
      snprintf(question.port, PORT_BYTES, "%s", port) >= PORT_BYTES)
    return -1;
  return outside_ask(&question, &to, 1, &reply, &none) == 0 ? reply.pid : -1;
}
