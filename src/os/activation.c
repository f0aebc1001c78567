/* SPDX-License-Identifier: MIT */
/* activation: see activation.h. */
#include "os/activation.h"

#include "os/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_FD 3 /* where systemd's sockets begin, by its document */
#define LOOK_MS_MAX 32
#define NOT_TRIED (-2) /* nobody has come so far as to make a connection */

/* ---- Waiting ---- */

/* Looks for a child's end until the time is over, or a signal comes. The first looks follow
 * each other soon: most need a moment only. */
static bool
wait_for_end(pid_t *pid, int *status, struct loop *loop, uint64_t limit_ms)
{
  struct pollfd signals = { .fd = loop ? loop->signal_fd : -1, .events = POLLIN };
  uint64_t waited_ms = 0;

  for (int look_ms = 1;; look_ms = look_ms < LOOK_MS_MAX ? 2 * look_ms : LOOK_MS_MAX) {
    if (*pid == 0 || waitpid(*pid, status, WNOHANG) != 0) {
      *pid = 0;
      return true;
    }
    if (waited_ms >= limit_ms || (poll(&signals, 1, look_ms) > 0 && loop_take_signal(loop)))
      return false;
    waited_ms += (uint64_t)look_ms;
  }
}

static bool
wait_for_server(struct activation *server, struct loop *loop, uint64_t limit_ms)
{
  return wait_for_end(&server->pid, &server->status, loop, limit_ms);
}

static bool
wait_for_words(struct activation *server, struct loop *loop, uint64_t limit_ms)
{
  int ignored;

  return wait_for_end(&server->words.pid, &ignored, loop, limit_ms);
}

/* Once the server is gone. A standard error that is slow has the time that the server had; somebody else who merely
 * holds on to the server's has a moment. */
static void
end_words(struct activation *server, struct loop *loop, uint64_t limit_ms)
{
  unsigned signals = loop ? loop->signals : 0;
  uint64_t waited_ms = SERVER_GONE_MS;

  if (wait_for_words(server, NULL, SERVER_GONE_MS))
    return;
  while (waited_ms < limit_ms && overhear_is_writing(&server->words) && (!loop || loop->signals == signals)) {
    if (wait_for_words(server, loop, SERVER_GONE_MS))
      return;
    waited_ms += SERVER_GONE_MS;
  }
  kill(server->words.pid, SIGKILL);
  wait_for_words(server, NULL, SERVER_GONE_MS);
  server->words.pid = 0;
}

/* ---- The socket ---- */

/* Binds it to a name that nobody else can reach, listens, and connects to it; the name is
 * gone again afterwards. */
static int
connect_to(int listener, int connection)
{
  char directory[] = "/tmp/decant-XXXXXX";
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  const struct sockaddr *name = (const struct sockaddr *)&address;

  if (!mkdtemp(directory))
    return -1;
  snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
  int result = bind(listener, name, sizeof address);
  if (result == 0)
    result = listen(listener, 1) == -1 || connect(connection, name, sizeof address) == -1 ? -1 : 0;
  int errnum = errno;
  unlink(address.sun_path);
  rmdir(directory);
  errno = errnum;
  return result;
}

/* ---- The child ---- */

/* What the server would mistake for its own, and what it must not share. */
static void
detach(int words, pid_t parent)
{
  sigset_t none;
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

  dup2(nothing, STDIN_FILENO);
  dup2(words, STDOUT_FILENO);
  dup2(words, STDERR_FILENO);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) /* which went before it could be heard of */
    kill(getpid(), SIGTERM);
}

static bool
hand_listener_over(int listener)
{
  char pid[16];

  snprintf(pid, sizeof pid, "%d", (int)getpid());
  if (setenv("LISTEN_PID", pid, 1) == -1 || setenv("LISTEN_FDS", "1", 1) == -1 ||
      setenv("LISTEN_FDNAMES", "unknown", 1) == -1)
    return false;
  if (listener == SERVER_FD) /* which dup2() would leave to be closed */
    return fcntl(listener, F_SETFD, 0) == 0;
  return dup2(listener, SERVER_FD) == SERVER_FD;
}

/* Becomes the server; whoever started it learns by `failed` why it couldn't. */
static void
become(char *const *command, int listener, int words, int failed, pid_t parent)
{
  detach(words, parent);
  int told = fcntl(failed, F_DUPFD_CLOEXEC, SERVER_FD + 1); /* out of the way of the socket */
  if (hand_listener_over(listener))
    execvp(command[0], command);
  int errnum = errno;
  (void)!write(told, &errnum, sizeof errnum);
  _exit(127);
}

/* With a name for as long as it takes. Returns -1 with errno set. */
static int
make_connection(int *listener, int *connection)
{
  *listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  *connection = *listener == -1 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (*connection != -1 && connect_to(*listener, *connection) == 0)
    return 0;
  int errnum = errno;
  if (*connection != -1)
    close(*connection);
  if (*listener != -1)
    close(*listener);
  *connection = -1;
  errno = errnum;
  return -1;
}

pid_t
activation_spawn(char *const *command, int words, int failed, pid_t (*forks)(void), pid_t parent, int *connection)
{
  int listener;

  if (make_connection(&listener, connection) == -1)
    return -1;
  pid_t pid = forks();
  int errnum = errno;
  if (pid == 0)
    become(command, listener, words, failed, parent);
  close(listener);
  errno = errnum;
  return pid;
}

/* ---- Who starts it ---- */

/* Returns 0, or the errno of the child that couldn't become the server. What it says goes to `words`. */
static int
start_server(struct activation *server, char *const *command, int words, int *connection)
{
  int ends[2], errnum = 0;

  if (pipe2(ends, O_CLOEXEC) == -1)
    return errno;
  server->pid = outside_start(command, words, ends[1], connection);
  if (server->pid == -1)
    errnum = errno;
  close(ends[1]);
  if (server->pid > 0 && read(ends[0], &errnum, sizeof errnum) != sizeof errnum)
    errnum = 0;
  close(ends[0]);
  if (errnum && server->pid > 0)
    waitpid(server->pid, &server->status, 0);
  if (errnum)
    server->pid = 0;
  return errnum;
}

/* The same, and has somebody listen to it. */
static int
start_overheard(struct activation *server, char *const *command, int *connection)
{
  int words[2];

  if (pipe2(words, O_CLOEXEC) == -1)
    return errno;
  int errnum = start_server(server, command, words[1], connection);
  close(words[1]);
  if (errnum == 0 && overhear_begin(&server->words, words[0]) == -1) {
    errnum = errno;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, &server->status, 0);
    server->pid = 0;
  }
  close(words[0]);
  return errnum;
}

int
activation_start(struct activation *server, char *const *command, const char *name, struct fault *fault)
{
  int connection = NOT_TRIED;

  end_words(server, NULL, 0); /* of the one before it */
  *server = (struct activation){ .words = server->words };
  int errnum = start_overheard(server, command, &connection);
  if (server->pid > 0)
    return connection;
  if (connection == -1)
    fault_set(fault, EXIT_FAILED, errnum, "cannot start %s: no socket in /tmp", name);
  else if (errnum == ENOENT)
    fault_set(fault, EXIT_FAILED, 0, "cannot start %s: there is no such command", name);
  else if (errnum == EACCES &&
           !strchr(command[0], '/')) /* which also a directory in PATH answers that isn't open to us */
    fault_set(fault, EXIT_FAILED, 0, "cannot start %s: there is no such command that may be run", name);
  else
    fault_set(fault, EXIT_FAILED, errnum, "cannot start %s", name);
  if (connection >= 0)
    close(connection);
  return -1;
}

/* ---- The end ---- */

bool
activation_has_ended(struct activation *server, char *words)
{
  char last[LAST_LINE_TEXT_BYTES];
  uint64_t end_ms = loop_now_ms(NULL) + SERVER_GONE_MS;

  words[0] = '\0';
  if (server->pid == 0 || server->dismissed_ms || !wait_for_server(server, NULL, SERVER_GONE_MS))
    return false;
  uint64_t now_ms = loop_now_ms(NULL);
  wait_for_words(server, NULL, now_ms < end_ms ? end_ms - now_ms : 0); /* they may be on their way */
  overhear_tell(&server->words, last);
  snprintf(words, ACTIVATION_WORDS_BYTES, "%s %d%s%s",
           WIFSIGNALED(server->status) ? "it was ended by signal" : "it ended with exit code",
           WIFSIGNALED(server->status) ? WTERMSIG(server->status) : WEXITSTATUS(server->status),
           last[0] ? ", saying: " : "", last);
  return true;
}

static void
ask_to_end(struct activation *server)
{
  kill(server->pid, SIGTERM);
  kill(server->pid, SIGCONT); /* one that is stopped couldn't hear it */
}

void
activation_dismiss(struct activation *server)
{
  if (server->pid == 0 || server->dismissed_ms)
    return;
  ask_to_end(server);
  server->dismissed_ms = loop_now_ms(NULL);
}

bool
activation_is_over(struct activation *server)
{
  if (server->pid > 0 && server->dismissed_ms && loop_now_ms(NULL) - server->dismissed_ms >= SERVER_DISMISSED_MS)
    kill(server->pid, SIGKILL);
  if (server->pid > 0 && waitpid(server->pid, &server->status, WNOHANG) != 0)
    server->pid = 0;
  return server->pid == 0;
}

/* After a signal there is no more time than for all that ends then; and little, where it is the second one or comes
 * only now. */
static uint64_t
server_grace_ms(const struct activation *server, const struct loop *loop, unsigned signals)
{
  uint64_t patient_ms = server->dismissed_ms ? SERVER_DISMISSED_MS : SERVER_END_MS;

  return signals < 2 && loop->signals == signals ? loop_grace_ms(loop, patient_ms, STOP_MS) : SERVER_END_SOON_MS;
}

/* Returns false where it had to be killed. */
static bool
end_server(struct activation *server, struct loop *loop, unsigned signals)
{
  if (server->pid == 0)
    return true;
  ask_to_end(server);
  if (wait_for_server(server, loop, server_grace_ms(server, loop, signals)) ||
      (loop->signals > signals && wait_for_server(server, NULL, SERVER_END_SOON_MS)))
    return true;
  kill(server->pid, SIGKILL);
  wait_for_server(server, NULL, SERVER_GONE_MS);
  server->pid = 0;
  return false;
}

bool
activation_end(struct activation *server, struct loop *loop)
{
  unsigned signals = loop->signals;
  bool ended = end_server(server, loop, signals);

  end_words(server, loop, ended ? server_grace_ms(server, loop, signals) : 0);
  return ended;
}
