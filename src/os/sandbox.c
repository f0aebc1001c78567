/* SPDX-License-Identifier: MIT */
/* sandbox: see sandbox.h. */
#include "os/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __x86_64__
#define PROCESSOR AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define PROCESSOR AUDIT_ARCH_AARCH64
#else
#define PROCESSOR 0 /* none that the list was made for */
#endif

/* ---- The list of system calls ---- */

/* A call, or a call with such an argument: where `mask` lets through of it what is `value`. Its upper half is nothing that the
 * kernel looks at, of those that stand here. */
struct sandbox_call {
  int number;
  unsigned needs; /* one of these; 0: always */
  int argument;   /* -1: whatever they are */
  uint32_t mask, value;
  bool is_refused; /* whatever stands below */
};

#define CALL(name)                                                                                                     \
  {                                                                                                                    \
    SYS_##name, 0, -1, 0, 0, false                                                                                     \
  }
#define CALL_FOR(needs, name)                                                                                          \
  {                                                                                                                    \
    SYS_##name, needs, -1, 0, 0, false                                                                                 \
  }
#define CALL_WITH(needs, name, argument, mask, value)                                                                  \
  {                                                                                                                    \
    SYS_##name, needs, argument, mask, value, false                                                                    \
  }
#define IOCTL(request) CALL_WITH(0, ioctl, 1, ~0U, (uint32_t)(request))
#define SOCKET(needs, family) CALL_WITH(needs, socket, 0, ~0U, family)
#define NO_SOCKET(bit)                                                                                                 \
  {                                                                                                                    \
    SYS_socket, 0, 1, bit, bit, true                                                                                   \
  }

#define OPEN_CHANGES (O_ACCMODE | O_CREAT | O_TRUNC)

/* What x86-64 has under older names, as the C library still calls them there, too. What the C library of another day would
 * call instead stands beside it. */
static const struct sandbox_call list[] = {
  /* What is open already, and what is said of names. */
  CALL(read),
  CALL(readv),
  CALL(pread64),
  CALL(preadv),
  CALL(write),
  CALL(writev),
  CALL(pwrite64),
  CALL(pwritev),
  CALL(close),
  CALL(lseek),
  CALL(fcntl),
  CALL(fstat),
  CALL(newfstatat),
  CALL(statx),
  CALL(statfs),
  CALL(fstatfs),
  CALL(faccessat),
  CALL(faccessat2),
  CALL(readlinkat),
  CALL(getdents64),
  CALL(getcwd),
  CALL(fsync),
  CALL(fdatasync),
  CALL(ftruncate),
  CALL(fallocate),
  CALL(fadvise64),
  CALL(ppoll),
  CALL(io_uring_enter),
  /* Files that are opened: where there are rules for files, these decide. Else only reading is left. */
  CALL_WITH(0, openat, 2, OPEN_CHANGES, O_RDONLY),
  CALL_FOR(SANDBOX_WRITES, openat),
  CALL_FOR(SANDBOX_WRITES, unlinkat),
  CALL_FOR(SANDBOX_WRITES, renameat),
  CALL_FOR(SANDBOX_WRITES, renameat2),
  CALL_FOR(SANDBOX_WRITES, linkat),
#ifdef SYS_open
  CALL_WITH(0, open, 1, OPEN_CHANGES, O_RDONLY),
  CALL_FOR(SANDBOX_WRITES, open),
  CALL_FOR(SANDBOX_WRITES, unlink),
  CALL_FOR(SANDBOX_WRITES, rename),
  CALL_FOR(SANDBOX_WRITES, link),
  CALL(stat),
  CALL(lstat),
  CALL(access),
  CALL(readlink),
  CALL(poll),
  CALL(getrlimit),
  CALL(time),
#endif
  /* Disks, and how wide a terminal is. */
  IOCTL(BLKGETSIZE64),
  IOCTL(BLKSSZGET),
  IOCTL(BLKPBSZGET),
  IOCTL(BLKIOOPT),
  IOCTL(BLKROGET),
  IOCTL(BLKZEROOUT),
  IOCTL(BLKRRPART),
  IOCTL(TIOCGWINSZ),
  /* Memory: none that could be run. */
  CALL_WITH(0, mmap, 2, PROT_EXEC, 0),
  CALL_WITH(0, mprotect, 2, PROT_EXEC, 0),
  CALL(munmap),
  CALL(madvise),
  CALL(mincore),
  CALL(brk),
  /* What goes to servers: streams, each other type having one of these two bits. */
  NO_SOCKET(SOCK_DGRAM),
  NO_SOCKET(SOCK_RDM),
  SOCKET(SANDBOX_CONNECTS, AF_INET),
  SOCKET(SANDBOX_CONNECTS, AF_INET6),
  SOCKET(SANDBOX_CONNECTS, AF_VSOCK),
  SOCKET(SANDBOX_UNIX, AF_UNIX),
  CALL_FOR(SANDBOX_CONNECTS | SANDBOX_UNIX, connect),
  CALL(getsockname),
  CALL(getpeername),
  CALL(getsockopt),
  CALL(setsockopt),
  CALL(sendto),
  CALL(sendmsg),
  CALL(recvfrom),
  CALL(recvmsg),
  CALL(shutdown),
  /* The process itself, and its time. */
  CALL(rt_sigaction),
  CALL(rt_sigprocmask),
  CALL(rt_sigreturn),
  CALL(restart_syscall),
  CALL(clock_gettime),
  CALL(gettimeofday),
  CALL(clock_nanosleep),
  CALL(nanosleep),
  CALL(getrandom),
  CALL(getpid),
  CALL(getppid),
  CALL(gettid),
  CALL(tkill),
  CALL(getuid),
  CALL(geteuid),
  CALL(getgid),
  CALL(getegid),
  CALL(uname),
  CALL(prlimit64),
  CALL(sched_getaffinity),
  CALL(sched_yield),
  CALL(futex),
  CALL(wait4),
  CALL(exit),
  CALL(exit_group),
  /* Children: those that listen to servers are our own, and stay inside. */
  CALL(pipe2),
  CALL_FOR(SANDBOX_CHILDREN, kill),
  CALL_WITH(SANDBOX_STARTS, clone, 0, ~0U, SIGCHLD),
  CALL_FOR(SANDBOX_STARTS, dup3),
  CALL_FOR(SANDBOX_STARTS, close_range),
  CALL_FOR(SANDBOX_STARTS, setitimer),
  CALL_FOR(SANDBOX_STARTS, set_tid_address),
  CALL_FOR(SANDBOX_STARTS, set_robust_list),
  CALL_WITH(SANDBOX_STARTS, prctl, 0, ~0U, PR_SET_PDEATHSIG),
#ifdef SYS_fork
  CALL_FOR(SANDBOX_STARTS, fork),
  CALL_FOR(SANDBOX_STARTS, dup2),
  CALL_FOR(SANDBOX_STARTS, alarm),
#endif
};

#define REFUSED (SECCOMP_RET_ERRNO | EPERM)
#define LIST (sizeof list / sizeof list[0])
#define RULES_EACH_MAX 6
#define RULES_MAX (4 + RULES_EACH_MAX * LIST + 1)

_Static_assert(RULES_MAX <= BPF_MAXINSNS, "the kernel takes all of it");

/* The number of the call is at hand, before and after. Returns how many rules these are. */
static unsigned
add_call(struct sock_filter *at, const struct sandbox_call *call)
{
  const struct sock_filter any[] = { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->number, 0, 1),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
  const struct sock_filter some[RULES_EACH_MAX] = {
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->number, 0, 5),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
             (uint32_t)(offsetof(struct seccomp_data, args) + (unsigned)call->argument * sizeof(uint64_t))),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, call->mask),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->value, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, call->is_refused ? REFUSED : SECCOMP_RET_ALLOW),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
  };
  bool is_any = call->argument == -1;
  unsigned count = is_any ? sizeof any / sizeof any[0] : RULES_EACH_MAX;

  for (unsigned i = 0; i < count; i++)
    at[i] = is_any ? any[i] : some[i];
  return count;
}

static unsigned
make_rules(struct sock_filter *rules, unsigned needs)
{
  const struct sock_filter head[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                                      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROCESSOR, 1, 0),
                                      BPF_STMT(BPF_RET | BPF_K, REFUSED),
                                      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
  unsigned count = 0;

  for (; count < sizeof head / sizeof head[0]; count++)
    rules[count] = head[count];
  for (unsigned i = 0; i < LIST; i++)
    if (list[i].needs == 0 || list[i].needs & needs)
      count += add_call(rules + count, &list[i]);
  rules[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, REFUSED);
  assert(count <= RULES_MAX);
  return count;
}

/* Without what old kernels do to the whole process's speed as well. */
static bool
restrict_calls(unsigned needs)
{
  struct sock_filter rules[RULES_MAX];
  struct sock_fprog program = { .len = (unsigned short)make_rules(rules, needs), .filter = rules };

  if (PROCESSOR == 0)
    return false;
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0 ||
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* ---- Files ---- */

/* The kernel's rights, some of which its headers don't have everywhere. */
#define FILES_OF_1 ((1ULL << 13) - 1) /* of the first version of its interface */
#define REFER (1ULL << 13)            /* of version 2 */
#define TRUNCATE (1ULL << 14)         /* of version 3 */
#define IOCTL_OF_DEVICE (1ULL << 15)  /* of version 5 */

#define OF_FILES                                                                                                       \
  (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | TRUNCATE |              \
   IOCTL_OF_DEVICE)

/* 0: there is none. */
static int
landlock_version(void)
{
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  return version > 0 ? (int)version : 0;
}

static unsigned long long
handled_by(int version)
{
  return FILES_OF_1 | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0) | (version >= 5 ? IOCTL_OF_DEVICE : 0);
}

void
sandbox_begin(struct sandbox *sandbox)
{
  int version = landlock_version();

  sandbox->rules = -1;
  sandbox->handled = handled_by(version);
  struct landlock_ruleset_attr attributes = { .handled_access_fs = sandbox->handled };
  if (version > 0)
    sandbox->rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0);
}

/* A rule less would refuse what the job takes. */
static void
give_up(struct sandbox *sandbox)
{
  close(sandbox->rules);
  sandbox->rules = -1;
}

void
sandbox_allow(struct sandbox *sandbox, const char *path, unsigned rights)
{
  struct landlock_path_beneath_attr rule = { .parent_fd = -1 };
  struct stat found;

  if (sandbox->rules == -1)
    return;
  rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd == -1) {
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
      give_up(sandbox);
    return;
  }
  if (rights & SANDBOX_READ)
    rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | IOCTL_OF_DEVICE;
  if (rights & SANDBOX_WRITE)
    rule.allowed_access |= LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE;
  if (rights & SANDBOX_LIST)
    rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
  if (rights & SANDBOX_RENAME)
    rule.allowed_access |= LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;
  rule.allowed_access &= sandbox->handled;
  if (fstat(rule.parent_fd, &found) == 0 && !S_ISDIR(found.st_mode))
    rule.allowed_access &= OF_FILES;
  if (syscall(SYS_landlock_add_rule, sandbox->rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == -1)
    give_up(sandbox);
  close(rule.parent_fd);
}

/* ---- All of it ---- */

struct sandbox_state
sandbox_enter(struct sandbox *sandbox, unsigned needs)
{
  struct sandbox_state state = { false, false };

  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
    state.files = sandbox->rules != -1 && syscall(SYS_landlock_restrict_self, sandbox->rules, 0) == 0;
    if (sandbox->rules != -1)
      close(sandbox->rules);
    sandbox->rules = -1;
    state.calls = restrict_calls(needs);
  }
  return state;
}

struct sandbox_state
sandbox_of_kernel(void)
{
  const uint32_t action = SECCOMP_RET_ERRNO;

  return (struct sandbox_state){ .calls = PROCESSOR != 0 &&
                                          syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0,
                                 .files = landlock_version() > 0 };
}
