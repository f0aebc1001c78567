/* SPDX-License-Identifier: MIT */
/* stack FILE PROGRAM ARGUMENTS... - runs the program and appends to FILE how many bytes of stack it had in use at
 * its deepest: from where it began to the lowest byte that isn't zero when it ends. A deeper frame of zeros alone
 * isn't seen, but whoever calls anything leaves an address behind.
 *
 * The exit code is the program's, or 128 and the signal's number; 125: it can't be watched.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void
die(const char *what)
{
  fprintf(stderr, "stack: %s: %s\n", what, strerror(errno));
  exit(125);
}

static FILE *
open_of(pid_t pid, const char *name)
{
  char path[64];
  FILE *file;

  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  file = fopen(path, "r");
  if (!file)
    die(path);
  return file;
}

/* Where the program's stack began: the kernel's 28th word about it, of which the second is
 * its name, in brackets. */
static unsigned long
start_of(pid_t pid)
{
  FILE *file = open_of(pid, "stat");
  char line[2048], *word = NULL;

  if (fgets(line, sizeof line, file))
    word = strrchr(line, ')');
  fclose(file);
  for (int number = 3; word && number <= 28; number++) {
    word = strchr(word, ' ');
    word += word != NULL;
  }
  return word ? strtoul(word, NULL, 10) : 0;
}

static unsigned long
lowest_of_mapping(pid_t pid)
{
  FILE *file = open_of(pid, "maps");
  char line[512];
  unsigned long lowest = 0;

  while (fgets(line, sizeof line, file))
    if (strstr(line, "[stack]"))
      lowest = strtoul(line, NULL, 16);
  fclose(file);
  return lowest;
}

static unsigned long
depth_of(pid_t pid)
{
  unsigned long start = start_of(pid), at = lowest_of_mapping(pid);
  FILE *file = open_of(pid, "mem");
  int byte = 0;

  if (start == 0 || at == 0 || at > start || fseeko(file, (off_t)at, SEEK_SET) == -1)
    die("the stack isn't where it should be");
  while (at < start && (byte = getc(file)) == 0)
    at++;
  if (byte == EOF)
    die("cannot read the stack");
  fclose(file);
  return start - at;
}

static void
note_depth(const char *path, pid_t pid)
{
  FILE *file = fopen(path, "a");

  if (!file || fprintf(file, "%lu\n", depth_of(pid)) < 0 || fclose(file) == EOF)
    die(path);
}

int
main(int argc, char **argv)
{
  int status;
  pid_t pid;

  if (argc < 3) {
    fprintf(stderr, "usage: stack FILE PROGRAM [ARGUMENTS]\n");
    return 125;
  }
  pid = fork();
  if (pid == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
      die("ptrace");
    execvp(argv[2], argv + 2);
    die(argv[2]);
  }
  /* It stops where it has begun, and once more before it is gone. */
  if (pid == -1 || waitpid(pid, &status, 0) == -1 || !WIFSTOPPED(status) ||
      ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) == -1)
    die("cannot watch the program");
  for (int signal = 0; ptrace(PTRACE_CONT, pid, NULL, signal) == 0 && waitpid(pid, &status, 0) == pid;) {
    if (WIFEXITED(status))
      return WEXITSTATUS(status);
    if (WIFSIGNALED(status))
      return 128 + WTERMSIG(status);
    signal = WSTOPSIG(status);
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
      note_depth(argv[1], pid);
      signal = 0;
    }
  }
  die("lost sight of the program");
}
