/* SPDX-License-Identifier: MIT */
/* intruder: has a running program make system calls that it would never make, as somebody would who has taken it over, and lets it go on
 * as if nothing had been.
 *
 *   intruder PID DIRECTORY     says of each, a line: `NAME refused` (EPERM or EACCES) or `NAME let through`, which includes all that
 *                              fails for any other reason; what is tried on files is in DIRECTORY, which has files `mine` and `victim`
 *
 * The exit code is 0, or 125: the program can't be taken over. For x86-64.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_BYTES 8192 /* of the program's stack, below what it uses */

static pid_t pid;
static struct user_regs_struct found;
static uint64_t words_at;
static char mine[PATH_MAX], victim[PATH_MAX], fresh[PATH_MAX];

static void
die(const char *what)
{
  fprintf(stderr, "intruder: %s: %s\n", what, strerror(errno));
  exit(125);
}

/* Puts a string where the program can find it. */
static uint64_t
word(const char *text)
{
  static uint64_t used;
  uint64_t at = words_at + used;
  struct iovec here = { (void *)(uintptr_t)text, strlen(text) + 1 }, there = { (void *)(uintptr_t)at, here.iov_len };

  if (process_vm_writev(pid, &here, 1, &there, 1, 0) != (ssize_t)here.iov_len)
    die("cannot write to its memory");
  used = (used + here.iov_len + 15) / 16 * 16;
  if (used > WORDS_BYTES - PATH_MAX)
    used = 0;
  return at;
}

static void
take_over(void)
{
  int status;

  if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACESYSGOOD) == -1 || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == -1 ||
      waitpid(pid, &status, __WALL) != pid)
    die("cannot stop it");
  if (ptrace(PTRACE_GETREGS, pid, NULL, &found) == -1)
    die("cannot see its registers");
  words_at = (found.rsp - 65536) & ~4095ULL;
}

/* A call that it was stopped in is made again. */
static void
let_go(void)
{
  struct user_regs_struct back = found;

  if ((int64_t)back.orig_rax >= 0 && (int64_t)back.rax <= -512 && (int64_t)back.rax >= -516) {
    back.rax = back.orig_rax;
    back.rip -= 2;
  }
  back.orig_rax = (uint64_t)-1;
  if (ptrace(PTRACE_SETREGS, pid, NULL, &back) == -1 || ptrace(PTRACE_DETACH, pid, NULL, NULL) == -1)
    die("cannot let it go");
}

/* The instruction before the one that it is at is a system call: it was stopped in one. */
static int64_t
make(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
  struct user_regs_struct regs = found;
  int status;

  regs.rip -= 2;
  regs.rax = (uint64_t)number;
  regs.orig_rax = (uint64_t)-1;
  regs.rdi = a;
  regs.rsi = b;
  regs.rdx = c;
  regs.r10 = d;
  regs.r8 = e;
  regs.r9 = f;
  if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) == -1)
    die("cannot set its registers");
  for (int stop = 0; stop < 2; stop++) /* before the call, and behind it */
    if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == -1 || waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status) ||
        WSTOPSIG(status) != (SIGTRAP | 0x80))
      die("it didn't make the call");
  if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) == -1)
    die("cannot see its registers");
  return (int64_t)regs.rax;
}

static void
try(const char *name, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
  int64_t result = make(number, a, b, c, d, e, f);

  printf("%s %s\n", name, result == -EPERM || result == -EACCES ? "refused" : "let through");
}

static void
try_files(void)
{
  uint64_t here = (uint64_t)AT_FDCWD;

  try("read-file", SYS_openat, here, word(mine), O_RDONLY, 0, 0, 0);
  try("write-file", SYS_openat, here, word(mine), O_WRONLY, 0, 0, 0);
  try("make-file", SYS_openat, here, word(fresh), O_WRONLY | O_CREAT, 0600, 0, 0);
  try("old-open", SYS_open, word(mine), O_RDWR, 0, 0, 0, 0);
  try("openat2", SYS_openat2, here, word(mine), word(""), 24, 0, 0);
  try("list-directory", SYS_openat, here, word("/etc"), O_RDONLY | O_DIRECTORY, 0, 0, 0);
  try("read-password", SYS_openat, here, word("/etc/passwd"), O_RDONLY, 0, 0, 0);
  try("write-null", SYS_openat, here, word("/dev/null"), O_RDWR, 0, 0, 0);
  try("remove", SYS_unlinkat, here, word(victim), 0, 0, 0, 0);
  try("rename", SYS_renameat2, here, word(mine), here, word(fresh), 0, 0);
  try("make-directory", SYS_mkdirat, here, word(fresh), 0700, 0, 0, 0);
  try("link", SYS_linkat, here, word(mine), here, word(fresh), 0, 0);
  try("symlink", SYS_symlinkat, word(mine), here, word(fresh), 0, 0, 0);
  try("mode", SYS_fchmodat, here, word(mine), 0600, 0, 0, 0);
  try("truncate", SYS_truncate, word(mine), 0, 0, 0, 0, 0);
  try("mount", SYS_mount, word("none"), word("/nowhere"), word("nothing"), 0, 0, 0);
}

static void
try_the_rest(void)
{
  try("exec", SYS_execve, word("/nowhere"), 0, 0, 0, 0, 0);
  try("trace", SYS_ptrace, PTRACE_PEEKDATA, 1, 0, 0, 0, 0);
  try("read-another", SYS_process_vm_readv, (uint64_t)INT_MAX, 0, 0, 0, 0, 0);
  try("unshare", SYS_unshare, 0, 0, 0, 0, 0, 0);
  try("new-namespace", SYS_clone, CLONE_NEWNET | 0x10000000 | CLONE_SIGHAND, 0, 0, 0, 0, 0);
  try("socket", SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0);
  try("datagrams", SYS_socket, AF_INET, SOCK_DGRAM, 0, 0, 0, 0);
  try("netlink", SYS_socket, AF_NETLINK, SOCK_RAW, 0, 0, 0, 0);
  try("listen", SYS_listen, (uint64_t)-1, 1, 0, 0, 0, 0);
  try("ring", SYS_io_uring_setup, 1, 0, 0, 0, 0, 0);
  try("ring-changes", SYS_io_uring_register, (uint64_t)-1, 0, 0, 0, 0, 0);
  try("code", SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0);
  try("becomes-code", SYS_mprotect, 4096, 4096, PROT_READ | PROT_EXEC, 0, 0, 0);
  try("memory-file", SYS_memfd_create, word("x"), 0, 0, 0, 0, 0);
  try("types", SYS_ioctl, (uint64_t)-1, TIOCSTI, 0, 0, 0, 0);
  try("another-ioctl", SYS_ioctl, (uint64_t)-1, FIONREAD, 0, 0, 0, 0);
  try("kill", SYS_kill, (uint64_t)pid, 0, 0, 0, 0, 0);
  try("another-prctl", SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0, 0);
  try("bpf", SYS_bpf, 12345, 0, 0, 0, 0, 0);
  try("becomes-another", SYS_setuid, getuid(), 0, 0, 0, 0, 0);
  try("personality", SYS_personality, 0xffffffff, 0, 0, 0, 0, 0);
  try("compatible", 0x40000000 | SYS_getpid, 0, 0, 0, 0, 0, 0);
}

int
main(int argc, char **argv)
{
  if (argc != 3) {
    fprintf(stderr, "usage: intruder PID DIRECTORY\n");
    return 125;
  }
  pid = (pid_t)strtol(argv[1], NULL, 10);
  snprintf(mine, sizeof mine, "%s/mine", argv[2]);
  snprintf(victim, sizeof victim, "%s/victim", argv[2]);
  snprintf(fresh, sizeof fresh, "%s/fresh", argv[2]);
  take_over();
  if (found.orig_rax == (uint64_t)-1) {
    errno = EAGAIN;
    die("it isn't in a call");
  }
  /* What is really made would stand in the way. */
  if (make(SYS_getpid, 0, 0, 0, 0, 0, 0) != pid)
    die("it doesn't say who it is");
  try_files();
  try_the_rest();
  let_go();
  return 0;
}
