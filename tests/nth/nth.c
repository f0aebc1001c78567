/* SPDX-License-Identifier: MIT */
/* nth - runs a program and has one of its system calls fail: tests/nth/judge decides which and what must come of it.
 *
 *   nth --list FILE PROGRAM ARGUMENTS...        writes each call to FILE: `NAME NUMBER HOW...`, where NUMBER counts the calls
 *                                               of that name, and HOW are the ways in which such a call may fail
 *   nth --fail NAME NUMBER HOW FILE PROGRAM...  has that one fail; HOW is an errno's name, `short` for half of what was
 *                                               asked for, ERRNO+ for that and all later ones of that name, or ERRNO! for one
 *                                               that does its work and says so nevertheless
 *
 *   nth --run FILE PROGRAM ARGUMENTS...         has none fail
 *
 * What the program does by io_uring counts as well: ring_read and the like are requests that are handed over. Of the
 * children that it forks all is counted that they do before they become another program. What came of it is added to FILE:
 * `failed` if the call was reached, `exit CODE`, `signal NUMBER` or `hang`, and a line `left PROGRAM` for each process that
 * outlives the program by a moment. The exit code is 0, or 125: the program can't be watched. LIMIT_S bounds it. With
 * --without-ring before all that, the kernel has no io_uring.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_S 40
#define LEFT_MS 3000 /* how long the program's children may take to end behind it */
#define TASKS_MAX 16
#define CALLS_MAX 512
#define NOP_FAILS 1 /* IORING_NOP_INJECT_RESULT, of Linux 6.10 */

/* ---- What may fail, and how ---- */

static const struct {
  const char *name;
  int number;
} errnos[] = {
  { "EACCES", EACCES },         { "EAGAIN", EAGAIN }, { "EBUSY", EBUSY },           { "ECONNREFUSED", ECONNREFUSED },
  { "ECONNRESET", ECONNRESET }, { "EINTR", EINTR },   { "EINVAL", EINVAL },         { "EIO", EIO },
  { "EMFILE", EMFILE },         { "ENOENT", ENOENT }, { "ENOMEM", ENOMEM },         { "ENOSPC", ENOSPC },
  { "ENOSYS", ENOSYS },         { "EPERM", EPERM },   { "EOPNOTSUPP", EOPNOTSUPP }, { "EPIPE", EPIPE },
  { "ETIMEDOUT", ETIMEDOUT }
};

/* What a call is like where more than its result has to be changed. */
enum form { PLAIN, COUNTED, VECTOR, DONE };

static const struct call {
  const char *name;
  int number;
  enum form form;
  const char *hows;
} calls[] = {
#define CALL(name, form, hows)                                                                                         \
  {                                                                                                                    \
#name, SYS_##name, form, hows                                                                                      \
  }
  CALL(open, PLAIN, "EACCES EINTR EIO EMFILE ENOMEM ENOSPC"),
  CALL(openat, PLAIN, "EACCES EINTR EIO EMFILE ENOMEM ENOSPC"),
  CALL(close, DONE, "EINTR EIO ENOSPC"),
  CALL(close_range, PLAIN, "ENOSYS ENOMEM"),
  CALL(stat, PLAIN, "EACCES EIO ENOMEM"),
  CALL(lstat, PLAIN, "EACCES EIO ENOMEM"),
  CALL(fstat, PLAIN, "EIO ENOMEM"),
  CALL(newfstatat, PLAIN, "EACCES EIO ENOMEM"),
  CALL(statx, PLAIN, "EACCES EIO ENOMEM ENOSYS"),
  CALL(statfs, PLAIN, "EINTR EIO ENOMEM"),
  CALL(fstatfs, PLAIN, "EINTR EIO ENOMEM"),
  CALL(access, PLAIN, "EACCES EIO ENOMEM"),
  CALL(readlink, PLAIN, "EACCES EIO ENOMEM"),
  CALL(getdents64, PLAIN, "EINVAL EIO ENOMEM"),
  CALL(lseek, PLAIN, "EINVAL EIO"),
  CALL(fcntl, PLAIN, "EPERM EMFILE"),
  CALL(ioctl, PLAIN, "EINTR EINVAL EIO ENOMEM EIO+"),
  CALL(read, COUNTED, "EAGAIN EINTR EIO ENOMEM short EIO+"),
  CALL(readv, VECTOR, "EAGAIN EINTR EIO ENOMEM short EIO+"),
  CALL(pread64, COUNTED, "EAGAIN EINTR EIO ENOMEM short EIO+"),
  CALL(write, COUNTED, "EAGAIN EINTR EIO ENOSPC EPIPE short ENOSPC+ EIO!"),
  CALL(writev, VECTOR, "EAGAIN EINTR EIO ENOSPC EPIPE short ENOSPC+ EIO!"),
  CALL(pwrite64, COUNTED, "EAGAIN EINTR EIO ENOMEM ENOSPC short ENOSPC+ EIO!"),
  CALL(fsync, PLAIN, "EINTR EIO ENOSPC EIO+ EIO!"),
  CALL(fallocate, PLAIN, "EINTR EIO ENOMEM ENOSPC EOPNOTSUPP ENOSPC+ EIO!"),
  CALL(ftruncate, PLAIN, "EINTR EIO EPERM ENOSPC EIO+ EIO!"),
  CALL(fadvise64, PLAIN, "EINVAL ENOMEM"),
  CALL(mkdir, PLAIN, "EACCES EIO ENOSPC"),
  CALL(rmdir, PLAIN, "EBUSY EIO"),
  CALL(unlink, PLAIN, "EBUSY EIO"),
  CALL(unlinkat, PLAIN, "EBUSY EIO"),
  CALL(link, PLAIN, "EIO ENOSPC EPERM"),
  CALL(linkat, PLAIN, "EIO ENOSPC EPERM"),
  CALL(rename, PLAIN, "EIO ENOSPC EIO!"),
  CALL(renameat, PLAIN, "EIO ENOSPC EIO!"),
  CALL(renameat2, PLAIN, "EINVAL EIO ENOSPC EIO!"),
  CALL(mmap, PLAIN, "EAGAIN ENOMEM ENOMEM+"),
  CALL(munmap, PLAIN, "ENOMEM"),
  CALL(madvise, PLAIN, "EAGAIN EINVAL ENOMEM"),
  CALL(mincore, PLAIN, "EAGAIN ENOMEM"),
  CALL(mprotect, PLAIN, "ENOMEM"),
  CALL(mremap, PLAIN, "ENOMEM"),
  CALL(brk, PLAIN, "ENOMEM"),
  CALL(poll, PLAIN, "EINTR ENOMEM"),
  CALL(io_uring_setup, PLAIN, "EMFILE ENOMEM ENOSYS EPERM ENOSYS+"),
  CALL(io_uring_enter, PLAIN, "EAGAIN EBUSY EINTR ENOMEM EAGAIN+ ENOMEM+"),
  CALL(io_uring_register, PLAIN, "EINVAL ENOMEM EPERM"),
  CALL(landlock_create_ruleset, PLAIN, "EMFILE ENOMEM ENOSYS EOPNOTSUPP ENOSYS+"),
  CALL(landlock_add_rule, PLAIN, "EINVAL ENOMEM"),
  CALL(landlock_restrict_self, PLAIN, "EPERM ENOMEM"),
  CALL(seccomp, PLAIN, "EINVAL ENOMEM ENOSYS EINVAL+"),
  CALL(socket, PLAIN, "EACCES EMFILE ENOMEM"),
  CALL(socketpair, PLAIN, "EMFILE ENOMEM"),
  CALL(bind, PLAIN, "EACCES EIO ENOMEM"),
  CALL(listen, PLAIN, "ENOMEM EOPNOTSUPP"),
  CALL(connect, PLAIN, "EACCES EAGAIN ECONNREFUSED EINTR ENOMEM ETIMEDOUT ECONNREFUSED+"),
  CALL(getsockopt, PLAIN, "EINVAL ENOMEM"),
  CALL(setsockopt, PLAIN, "EINVAL ENOMEM EPERM"),
  CALL(getsockname, PLAIN, "ENOMEM"),
  CALL(shutdown, PLAIN, "ENOMEM"),
  CALL(sendto, COUNTED, "EAGAIN ECONNRESET EINTR ENOMEM EPIPE short ENOMEM+ EPIPE!"),
  CALL(recvfrom, COUNTED, "EAGAIN ECONNRESET EINTR ENOMEM ETIMEDOUT short ENOMEM+"),
  CALL(sendmsg, VECTOR, "EAGAIN ECONNRESET EINTR ENOMEM EPIPE short ENOMEM+ EPIPE!"),
  CALL(recvmsg, VECTOR, "EAGAIN ECONNRESET EINTR ENOMEM ETIMEDOUT short ENOMEM+"),
  CALL(pipe2, PLAIN, "EMFILE ENOMEM"),
  CALL(dup2, PLAIN, "EBUSY EINTR EMFILE"),
  CALL(fork, PLAIN, "EAGAIN ENOMEM"),
  CALL(clone, PLAIN, "EAGAIN ENOMEM"),
  CALL(execve, PLAIN, "EACCES EIO ENOENT ENOMEM"),
  CALL(wait4, PLAIN, "EINTR"),
  CALL(kill, PLAIN, "EPERM"),
  CALL(prctl, PLAIN, "EINVAL"),
  CALL(signalfd4, PLAIN, "EMFILE ENOMEM"),
  CALL(getrandom, COUNTED, "EAGAIN EINTR ENOSYS short"),
  CALL(ioprio_set, PLAIN, "EPERM"),
  CALL(setpriority, PLAIN, "EACCES"),
  CALL(sched_setscheduler, PLAIN, "EPERM"),
  CALL(sched_getaffinity, PLAIN, "EPERM"),
#undef CALL
};

/* Those that can't fail, where their arguments are right. */
static const int sure[] = { SYS_alarm,          SYS_arch_prctl,   SYS_clock_gettime,   SYS_exit,      SYS_exit_group,
                            SYS_getegid,        SYS_geteuid,      SYS_getpid,          SYS_getppid,   SYS_gettid,
                            SYS_getuid,         SYS_getgid,       SYS_restart_syscall, SYS_prlimit64, SYS_rt_sigaction,
                            SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_set_tid_address, SYS_tkill,     SYS_uname,
                            SYS_umask,          SYS_getcwd };

/* Requests of the ring, by their opcodes. */
static const struct call ring_calls[] = {
  { "ring_read", IORING_OP_READ, COUNTED, "EAGAIN EINTR EINVAL EIO ENOMEM short EIO+" },
  { "ring_write", IORING_OP_WRITE, COUNTED, "EAGAIN EINTR EINVAL EIO ENOSPC short ENOSPC+" },
  { "ring_fsync", IORING_OP_FSYNC, PLAIN, "EAGAIN EINTR EINVAL EIO ENOSPC EIO+" },
  { "ring_fallocate", IORING_OP_FALLOCATE, PLAIN, "EAGAIN EINTR EINVAL EIO ENOSPC EOPNOTSUPP ENOSPC+" },
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* ---- The state of a run ---- */

struct task {
  pid_t pid;      /* 0: none */
  bool is_inside; /* of a call */
  bool is_failing;
  bool is_listed;
  uint64_t result;   /* what that one is to say */
  uint64_t saved_at; /* what was changed in the program's memory, until the call is over */
  struct iovec saved;
  uint64_t message_at; /* of a msghdr: where it says how many parts it has */
  uint64_t parts;
};

struct ring_place {
  int fd;
  uint64_t rings; /* where it is mapped */
  uint64_t entries;
  struct io_uring_params params;
};

static struct {
  pid_t main;
  struct task tasks[TASKS_MAX];
  unsigned counts[CALLS_MAX];
  unsigned ring_counts[COUNT(ring_calls)];
  struct ring_place rings[4];
  unsigned ring_count;
  uint64_t params_at; /* of the io_uring_setup that is going on */
  FILE *list;         /* --list */
  const char *name;   /* --fail */
  unsigned number;
  bool is_short;
  bool goes_on;
  bool is_late;
  int errnum;
  bool has_failed;
  bool is_through; /* nothing more to do here: the program runs by itself */
  bool nops_fail;
  bool is_without_ring;
} run;

static volatile sig_atomic_t is_over;

static void
die(const char *what)
{
  fprintf(stderr, "nth: %s: %s\n", what, strerror(errno));
  exit(125);
}

static void
on_alarm(int number)
{
  (void)number;
  is_over = 1;
}

/* ---- The program's memory ---- */

static bool
take(pid_t pid, uint64_t at, void *to, size_t bytes)
{
  struct iovec here = { to, bytes }, there = { (void *)(uintptr_t)at, bytes };

  return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)bytes;
}

static void
put(pid_t pid, uint64_t at, const void *from, size_t bytes)
{
  struct iovec here = { (void *)(uintptr_t)from, bytes }, there = { (void *)(uintptr_t)at, bytes };

  if (process_vm_writev(pid, &here, 1, &there, 1, 0) != (ssize_t)bytes)
    die("cannot write to its memory");
}

/* ---- Counting ---- */

/* Whether the call that was just counted is the one. */
static bool
is_meant(const char *name, unsigned number)
{
  return run.name && strcmp(name, run.name) == 0 && (number == run.number || (run.goes_on && number > run.number));
}

static void
list(const char *name, unsigned number, const char *hows)
{
  if (run.list)
    fprintf(run.list, "%s %u %s\n", name, number, hows);
}

/* Half, in whole blocks where there are some. */
static uint64_t
half_of(uint64_t bytes)
{
  if (bytes >= 8192)
    return bytes / 2 / 4096 * 4096;
  if (bytes == 4096)
    return 512;
  return bytes > 1 ? bytes / 2 : bytes;
}

static void
note_failed(void)
{
  run.has_failed = true;
  run.is_through = !run.goes_on;
}

/* ---- The ring ---- */

static struct ring_place *
ring_of(int fd)
{
  for (unsigned i = 0; i < run.ring_count; i++)
    if (run.rings[i].fd == fd)
      return &run.rings[i];
  return NULL;
}

static void
learn_ring(pid_t pid, int fd)
{
  struct ring_place *ring = &run.rings[run.ring_count];

  if (fd < 0 || run.ring_count == COUNT(run.rings) || !take(pid, run.params_at, &ring->params, sizeof ring->params))
    return;
  ring->fd = fd;
  run.ring_count++;
}

static void
learn_mapping(const struct user_regs_struct *regs)
{
  struct ring_place *ring = ring_of((int)regs->r8);

  if (!ring || (int64_t)regs->rax < 0)
    return;
  if (regs->r9 == IORING_OFF_SQ_RING)
    ring->rings = regs->rax;
  if (regs->r9 == IORING_OFF_SQES)
    ring->entries = regs->rax;
}

static void
spoil_entry(struct io_uring_sqe *entry)
{
  if (run.is_short) {
    entry->len = (uint32_t)half_of(entry->len);
  } else if (run.nops_fail) {
    *entry = (struct io_uring_sqe){
      .opcode = IORING_OP_NOP, .rw_flags = NOP_FAILS, .len = (uint32_t)-run.errnum, .user_data = entry->user_data
    };
  } else {
    entry->fd = -1; /* EBADF, where the kernel knows of no other way */
    entry->flags = 0;
  }
}

/* What is about to be handed over. */
static void
look_at_entries(pid_t pid, int fd, unsigned count)
{
  struct ring_place *ring = ring_of(fd);
  struct io_uring_sqe entry;
  uint32_t tail;

  if (!ring || !ring->rings || !ring->entries || !take(pid, ring->rings + ring->params.sq_off.tail, &tail, sizeof tail))
    return;
  for (unsigned i = 0; i < count; i++) {
    uint64_t at = ring->entries + ((tail - count + i) & (ring->params.sq_entries - 1)) * sizeof entry;
    if (!take(pid, at, &entry, sizeof entry))
      die("cannot read the ring");
    for (size_t call = 0; call < COUNT(ring_calls); call++) {
      if (ring_calls[call].number != entry.opcode)
        continue;
      unsigned number = ++run.ring_counts[call];
      list(ring_calls[call].name, number, ring_calls[call].hows);
      if (is_meant(ring_calls[call].name, number)) {
        spoil_entry(&entry);
        put(pid, at, &entry, sizeof entry);
        note_failed();
      }
      break;
    }
  }
}

/* ---- A call ---- */

static const struct call *
call_of(uint64_t number)
{
  for (size_t i = 0; i < COUNT(calls); i++)
    if ((uint64_t)calls[i].number == number)
      return &calls[i];
  return NULL;
}

static bool
is_sure(uint64_t number)
{
  for (size_t i = 0; i < COUNT(sure); i++)
    if ((uint64_t)sure[i] == number)
      return true;
  return false;
}

/* Only the first part of a vector, and only half of it. */
static void
shorten_vector(struct task *task, const struct call *call, struct user_regs_struct *regs)
{
  uint64_t parts_at = regs->rsi;
  const uint64_t one = 1;
  struct msghdr message;
  bool is_message = call->number == SYS_sendmsg || call->number == SYS_recvmsg;

  if (is_message && take(task->pid, regs->rsi, &message, sizeof message)) {
    parts_at = (uint64_t)(uintptr_t)message.msg_iov;
    task->message_at = regs->rsi + offsetof(struct msghdr, msg_iovlen);
    task->parts = message.msg_iovlen;
    put(task->pid, task->message_at, &one, sizeof one);
  } else {
    regs->rdx = 1;
  }
  /* The first one that has something. */
  for (uint64_t i = 0; take(task->pid, parts_at, &task->saved, sizeof task->saved) && i < 2; i++) {
    if (task->saved.iov_len > 0 || !is_message || task->parts < 2)
      break;
    parts_at += sizeof task->saved;
    uint64_t second = parts_at;
    put(task->pid, regs->rsi + offsetof(struct msghdr, msg_iov), &second, sizeof second);
  }
  struct iovec half = { task->saved.iov_base, half_of(task->saved.iov_len) };
  task->saved_at = parts_at;
  put(task->pid, parts_at, &half, sizeof half);
}

static void
restore_vector(struct task *task)
{
  if (task->message_at)
    put(task->pid, task->message_at, &task->parts, sizeof task->parts);
  if (task->saved_at)
    put(task->pid, task->saved_at, &task->saved, sizeof task->saved);
  task->message_at = task->saved_at = 0;
}

/* Has the call that the task is about to make fail. */
static void
spoil(struct task *task, const struct call *call, struct user_regs_struct *regs)
{
  note_failed();
  if (run.is_short && call->form == VECTOR) {
    shorten_vector(task, call, regs);
  } else if (run.is_short) {
    uint64_t *length = (uint64_t *)(call->number == SYS_getrandom ? &regs->rsi : &regs->rdx);
    *length = half_of(*length);
  } else {
    task->is_failing = true;
    task->result = (uint64_t)-run.errnum;
    if (!run.is_late && call->form != DONE)
      regs->orig_rax = (uint64_t)-1;
  }
  if (ptrace(PTRACE_SETREGS, task->pid, NULL, regs) == -1)
    die("cannot change a call");
}

/* A ring that takes only what the program asks of it would refuse our NOPs. */
static bool
would_refuse_ours(uint64_t number, const struct user_regs_struct *regs)
{
  return number == SYS_io_uring_register && regs->rsi == IORING_REGISTER_RESTRICTIONS && run.nops_fail && run.name &&
         strncmp(run.name, "ring_", 5) == 0;
}

/* It isn't made, and says that it was. */
static void
pretend(struct task *task, struct user_regs_struct *regs)
{
  task->is_failing = true;
  task->result = 0;
  regs->orig_rax = (uint64_t)-1;
  if (ptrace(PTRACE_SETREGS, task->pid, NULL, regs) == -1)
    die("cannot change a call");
}

static void
enter(struct task *task)
{
  struct user_regs_struct regs;

  if (ptrace(PTRACE_GETREGS, task->pid, NULL, &regs) == -1)
    return; /* it was killed meanwhile */
  uint64_t number = regs.orig_rax;
  const struct call *call = call_of(number);
  if (!call && !is_sure(number) && run.list)
    fprintf(run.list, "unknown %llu\n", (unsigned long long)number);
  if (number == SYS_io_uring_setup)
    run.params_at = regs.rsi;
  if (!call || number >= CALLS_MAX)
    return;
  run.counts[number]++;
  list(call->name, run.counts[number], call->hows);
  if (is_meant(call->name, run.counts[number]))
    spoil(task, call, &regs);
  else if (would_refuse_ours(number, &regs))
    pretend(task, &regs);
  else if (number == SYS_io_uring_enter)
    look_at_entries(task->pid, (int)regs.rdi, (unsigned)regs.rsi);
}

static void
leave(struct task *task)
{
  struct user_regs_struct regs;

  if (ptrace(PTRACE_GETREGS, task->pid, NULL, &regs) == -1)
    return;
  if (task->is_failing) {
    regs.rax = task->result;
    if (ptrace(PTRACE_SETREGS, task->pid, NULL, &regs) == -1)
      die("cannot change a result");
    task->is_failing = false;
  }
  restore_vector(task);
  if (regs.orig_rax == SYS_io_uring_setup && (int64_t)regs.rax >= 0)
    learn_ring(task->pid, (int)regs.rax);
  if (regs.orig_rax == SYS_mmap)
    learn_mapping(&regs);
}

/* ---- The tasks ---- */

static struct task *
task_of(pid_t pid)
{
  struct task *free_one = NULL;

  for (unsigned i = 0; i < TASKS_MAX; i++) {
    if (run.tasks[i].pid == pid)
      return &run.tasks[i];
    if (run.tasks[i].pid == 0 && !free_one)
      free_one = &run.tasks[i];
  }
  if (!free_one) {
    errno = EAGAIN;
    die("too many processes");
  }
  *free_one = (struct task){ .pid = pid };
  return free_one;
}

/* One that is another program now, or has been failed enough. */
static void
let_go(struct task *task, int signal)
{
  ptrace(PTRACE_DETACH, task->pid, NULL, signal);
  task->pid = 0;
}

static void
go_on(struct task *task, int status)
{
  int event = status >> 16, signal = WSTOPSIG(status);

  if (signal == (SIGTRAP | 0x80)) {
    task->is_inside = !task->is_inside;
    if (task->is_inside && !run.is_through)
      enter(task);
    else if (!task->is_inside)
      leave(task);
    signal = 0;
  } else if (event == PTRACE_EVENT_EXEC && task->pid != run.main) {
    let_go(task, 0);
    return;
  } else if (event) {
    signal = 0;
  }
  if (run.is_through && !task->is_inside)
    let_go(task, signal);
  else
    ptrace(PTRACE_SYSCALL, task->pid, NULL, signal);
}

/* From here on. */
static void
refuse_ring(void)
{
  struct sock_filter rules[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = { .len = COUNT(rules), .filter = rules };

  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == -1)
    die("cannot refuse the ring");
}

/* The program waits until it is watched, and is counted from where it begins. */
static void
start(char **words)
{
  int gate[2], status;
  char byte;

  if (pipe(gate) == -1)
    die("pipe");
  run.main = fork();
  if (run.main == 0) {
    close(gate[1]);
    if (read(gate[0], &byte, 1) == -1)
      die("read");
    close(gate[0]);
    if (run.is_without_ring)
      refuse_ring();
    execvp(words[0], words);
    die(words[0]);
  }
  close(gate[0]);
  long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (run.main == -1 || ptrace(PTRACE_SEIZE, run.main, NULL, options) == -1)
    die("cannot watch the program");
  close(gate[1]);
  if (waitpid(run.main, &status, 0) == -1 || status >> 16 != PTRACE_EVENT_EXEC)
    die(words[0]);
  task_of(run.main)->is_inside = true; /* of its execve */
  ptrace(PTRACE_SYSCALL, run.main, NULL, 0);
}

/* Returns the program's status, or -1 where its time was over. */
static int
watch(void)
{
  int status;

  for (;;) {
    pid_t pid = waitpid(-1, &status, __WALL);
    if (pid == -1 && errno == EINTR && is_over)
      return -1;
    if (pid == -1 && errno != EINTR)
      die("lost sight of the program");
    if (pid <= 0)
      continue;
    if (WIFSTOPPED(status)) {
      go_on(task_of(pid), status);
      continue;
    }
    if (pid == run.main)
      return status;
    task_of(pid)->pid = 0;
  }
}

/* ---- The end ---- */

/* Its children by /proc, which know us as their parent now. */
static unsigned
children(pid_t pids[TASKS_MAX])
{
  char path[64];
  unsigned count = 0;

  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  FILE *file = fopen(path, "r");
  if (!file)
    die(path);
  while (count < TASKS_MAX && fscanf(file, "%d", &pids[count]) == 1)
    count++;
  fclose(file);
  return count;
}

static void
name_of(pid_t pid, char name[64])
{
  char path[64];

  name[0] = '\0';
  snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
  FILE *file = fopen(path, "r");
  if (file && fgets(name, 64, file))
    name[strcspn(name, "\n")] = '\0';
  if (file)
    fclose(file);
}

/* Whoever the program left behind has a moment to end, and is killed. */
static void
sweep(FILE *to, bool is_hanging)
{
  pid_t pids[TASKS_MAX];
  unsigned count;
  int status;
  char name[64];
  const struct timespec moment = { .tv_nsec = 5000000 };

  for (int waited_ms = 0; (count = children(pids)) > 0; waited_ms += 5) {
    for (unsigned i = 0; i < count; i++)
      if (waitpid(pids[i], &status, WNOHANG | __WALL) == pids[i] && WIFSTOPPED(status))
        ptrace(PTRACE_DETACH, pids[i], NULL, 0);
    if (waited_ms >= LEFT_MS || is_hanging) {
      for (unsigned i = 0; i < count; i++) {
        name_of(pids[i], name);
        if (!is_hanging)
          fprintf(to, "left %s\n", name);
        kill(pids[i], SIGKILL);
        waitpid(pids[i], &status, __WALL);
      }
      continue;
    }
    nanosleep(&moment, NULL);
  }
}

static void
tell(const char *path, int status)
{
  FILE *file = run.list ? run.list : fopen(path, "w");

  if (!file)
    die(path);
  if (run.has_failed)
    fprintf(file, "failed\n");
  if (status == -1)
    fprintf(file, "hang\n");
  else if (WIFSIGNALED(status))
    fprintf(file, "signal %d\n", WTERMSIG(status));
  else
    fprintf(file, "exit %d\n", WEXITSTATUS(status));
  sweep(file, status == -1);
  if (fclose(file) == EOF)
    die(path);
}

/* ---- The command line ---- */

static bool
parse_how(const char *how)
{
  size_t length = strcspn(how, "+!");

  run.goes_on = how[length] == '+';
  run.is_late = how[length] == '!';
  run.is_short = strcmp(how, "short") == 0;
  for (size_t i = 0; i < COUNT(errnos); i++)
    if (strlen(errnos[i].name) == length && strncmp(errnos[i].name, how, length) == 0)
      run.errnum = errnos[i].number;
  return run.is_short || run.errnum;
}

/* Whether a NOP of the ring can be told what to say. */
static bool
kernel_nops_fail(void)
{
  struct utsname kernel;
  int major = 0, minor = 0;

  return uname(&kernel) == 0 && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
         (major > 6 || (major == 6 && minor >= 10));
}

int
main(int argc, char **argv)
{
  const char *path;
  char **words;

  if (argc > 1 && strcmp(argv[1], "--without-ring") == 0) {
    run.is_without_ring = true;
    argv++;
    argc--;
  }
  if (argc >= 4 && strcmp(argv[1], "--list") == 0) {
    path = argv[2];
    words = argv + 3;
    run.list = fopen(path, "w");
    if (!run.list)
      die(path);
  } else if (argc >= 4 && strcmp(argv[1], "--run") == 0) {
    path = argv[2];
    words = argv + 3;
    run.is_through = true;
  } else if (argc >= 7 && strcmp(argv[1], "--fail") == 0 && parse_how(argv[4])) {
    run.name = argv[2];
    run.number = (unsigned)strtoul(argv[3], NULL, 10);
    path = argv[5];
    words = argv + 6;
  } else {
    fprintf(stderr,
            "usage: nth --list FILE PROGRAM [ARGUMENTS], or nth --fail NAME NUMBER HOW FILE PROGRAM [ARGUMENTS]\n");
    return 125;
  }
  run.nops_fail = kernel_nops_fail();
  struct sigaction alarmed = { .sa_handler = on_alarm };
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1 || sigaction(SIGALRM, &alarmed, NULL) == -1)
    die("prctl");
  start(words);
  alarm(LIMIT_S);
  int status = watch();
  alarm(0);
  if (status == -1)
    kill(run.main, SIGKILL);
  tell(path, status);
  return 0;
}
