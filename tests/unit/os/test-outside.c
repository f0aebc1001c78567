/* SPDX-License-Identifier: MIT */
/* Who is outside of the sandbox does what it was left there for, and nothing else, whatever is asked: what is tried here is what somebody
 * would who has taken over the one inside. */
#include "unit/unit.h"

#include "os/outside.c"

#include <sys/stat.h>

struct outside outside;

static char *const command[] = { "server", NULL };
static char source[] = "source-XXXXXX", destination[] = "destination-XXXXXX", other[] = "other-XXXXXX";

/* Ends with a code that says what it was given. */
pid_t
activation_spawn(char *const *given, int words, int failed, pid_t (*forks)(void), pid_t parent, int *connection)
{
  pid_t pid = forks();

  if (pid == 0)
    _exit(getppid() == parent && given == command && write(words, "w", 1) == 1 && write(failed, "f", 1) == 1 ? 7 : 8);
  *connection = open(source, O_RDONLY);
  return pid;
}

pid_t
lookup_spawn(const char *host, const char *port, int to, pid_t (*forks)(void), pid_t parent)
{
  pid_t pid = forks();

  if (pid == 0)
    _exit(getppid() == parent && write(to, host, strlen(host)) > 0 && write(to, port, strlen(port)) > 0 ? 7 : 8);
  return pid;
}

static int
begin(void **state)
{
  char *const names[] = { source, destination, other };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(names); i++) {
    strcpy(strrchr(names[i], '-'), "-XXXXXX");
    close(mkstemp(names[i]));
  }
  outside = (struct outside){
    .ends = { { .path = source }, { .path = destination, .is_written = true }, { .command = command } }
  };
  assert_int_equal(outside_begin(), 0);
  outside_use();
  return 0;
}

static int
end(void **state)
{
  (void)state;
  outside_end();
  unlink(source);
  unlink(destination);
  unlink(other);
  return 0;
}

/* What the one outside says to that, asked directly. Returns 0 or its errno. */
static int
refusal(unsigned index, int flags)
{
  struct question question = { .task = TASK_OPEN, .end = index, .flags = flags };
  struct reply reply;
  int fd;

  assert_int_equal(outside_ask(&question, NULL, 0, &reply, &fd), 0);
  if (fd == -1)
    return reply.errnum;
  close(fd);
  return 0;
}

static int
code_of(pid_t pid)
{
  int status;

  assert_true(pid > 0);
  assert_int_equal(waitpid(pid, &status, 0), pid); /* it is a child of ours */
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void
ends_are_opened_for_no_more_than_before(void **state)
{
  (void)state;
  assert_int_equal(refusal(0, O_RDONLY | O_DIRECT) & ~EINVAL, 0); /* not all file systems can */
  assert_int_equal(refusal(0, O_RDWR), EPERM);
  assert_int_equal(refusal(0, O_WRONLY), EPERM);
  assert_int_equal(refusal(0, O_RDONLY | O_CREAT), EPERM);
  assert_int_equal(refusal(0, O_RDONLY | O_TRUNC), EPERM);
  assert_int_equal(refusal(1, O_RDWR), 0);
  assert_int_equal(refusal(1, O_RDWR | O_TRUNC), EPERM);
  assert_int_equal(refusal(1, O_PATH), EPERM);
  assert_int_equal(refusal(2, O_RDONLY), EPERM);
  assert_int_equal(refusal(OUTSIDE_ENDS_MAX, O_RDONLY), EPERM);
  assert_int_equal(refusal(UINT32_MAX, O_RDONLY), EPERM);
}

static void
a_descriptor_comes_of_it(void **state)
{
  char bytes[8] = "";
  struct stat found;

  (void)state;
  int fd = outside_open(destination, O_RDWR);
  assert_int_not_equal(fd, -1);
  assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
  assert_int_equal(write(fd, "content", 7), 7);
  close(fd);
  fd = outside_open(destination, O_RDONLY);
  assert_int_equal(read(fd, bytes, sizeof bytes), 7);
  assert_string_equal(bytes, "content");
  close(fd);
  unlink(destination);
  assert_int_equal(outside_open(destination, O_RDONLY), -1);
  assert_int_equal(errno, ENOENT);
  fd = outside_open(destination, O_RDWR | O_CREAT);
  assert_int_equal(fstat(fd, &found), 0);
  close(fd);
}

static void
servers_are_children_of_ours(void **state)
{
  int words[2], failed[2], connection = -1;
  char *const others[] = { "another", NULL };
  char byte;

  (void)state;
  assert_int_equal(pipe(words), 0);
  assert_int_equal(pipe(failed), 0);
  assert_int_equal(code_of(outside_start(command, words[1], failed[1], &connection)), 7);
  assert_int_not_equal(connection, -1);
  close(words[1]);
  close(failed[1]);
  /* Nobody outside keeps them open. */
  assert_int_equal(read(words[0], &byte, 1), 1);
  assert_int_equal(byte, 'w');
  assert_int_equal(read(words[0], &byte, 1), 0);
  assert_int_equal(read(failed[0], &byte, 1), 1);
  assert_int_equal(byte, 'f');
  assert_int_equal(read(failed[0], &byte, 1), 0);
  assert_int_equal(outside_start(others, words[0], failed[0], &connection), -1);
  assert_int_equal(errno, EPERM);
  close(words[0]);
  close(failed[0]);
  close(connection);
}

static void
names_are_looked_up(void **state)
{
  char text[16] = "", host[HOST_BYTES + 1];
  int answer[2];

  (void)state;
  assert_int_equal(pipe(answer), 0);
  assert_int_equal(code_of(outside_look_up("host", "10809", answer[1])), 7);
  close(answer[1]);
  assert_int_equal(read(answer[0], text, sizeof text), 9);
  assert_string_equal(text, "host10809");
  memset(host, 'x', HOST_BYTES);
  host[HOST_BYTES] = '\0';
  assert_int_equal(outside_look_up(host, "1", answer[0]), -1);
  assert_int_equal(errno, ENAMETOOLONG);
  close(answer[0]);
}

static void
one_that_is_gone_is_not_waited_for(void **state)
{
  (void)state;
  kill(outside.pid, SIGKILL);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(outside_open(source, O_RDONLY), -1);
    assert_true(errno == EPIPE || errno == ECONNRESET);
  }
}

static void
without_it_all_is_done_here(void **state)
{
  (void)state;
  int fd = open(other, O_RDONLY);
  assert_int_equal(outside_open(other, O_RDONLY), fd + 1);
  close(fd + 1);
  outside.is_asked = false;
  assert_int_equal(outside_open(source, O_RDWR), fd + 1);
  close(fd + 1);
  close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    CASE(ends_are_opened_for_no_more_than_before),
    CASE(a_descriptor_comes_of_it),
    CASE(servers_are_children_of_ours),
    CASE(names_are_looked_up),
    CASE(one_that_is_gone_is_not_waited_for),
    CASE(without_it_all_is_done_here),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
