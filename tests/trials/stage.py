# SPDX-License-Identifier: MIT
"""Where one trial takes place: a directory and the choices of its seed, the processes that are started in it, decant
among them, and a clock that leaves out what the machine is late with. A trial is a process of its own, to which all
that its children leave behind comes home, so that it can tell.
"""

import ctypes
import errno
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

KIB = 1 << 10
MIB = 1 << 20
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_REC_PRIVATE = 0x4000 | 1 << 18
MS_BIND = 0x1000
LIBC = ctypes.CDLL(None, use_errno=True)

TICK_S = 0.02
END_WITHIN_S = 6  # of a signal: 5 seconds for what is in flight, and one
MACHINE_S = 1     # what starting a process and writing a line may take besides


class Failed(Exception):
    """Something that must hold doesn't; the text says what."""


class Skipped(Exception):
    """This machine can't do it; the text says why."""


def call(name, *arguments):
    """A system call that Python has no name for."""
    if getattr(LIBC, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def hear_signals():
    """Whatever whoever started the trials ignores, as nohup does: decant would, too."""
    for number in signal.SIGHUP, signal.SIGINT, signal.SIGTERM:
        signal.signal(number, signal.SIG_DFL)


def end_with_parent():
    hear_signals()
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Clock:
    """Seconds in which this machine let processes run: a tick that comes late counts as two at most. What is to be over within some
    seconds is measured by it, since a machine that stands still makes nobody late."""

    def __init__(self):
        self.seconds = 0.0

    def tick(self):
        before = time.monotonic()
        time.sleep(TICK_S)
        self.seconds += min(time.monotonic() - before, 2 * TICK_S)


def wait_for(what, condition, limit_s=60):
    """Waits for a state, and never for a time."""
    clock = Clock()
    while not condition():
        if clock.seconds > limit_s:
            raise Failed(f"waited {limit_s} s in vain: {what}")
        clock.tick()


def status_of(pid):
    """State, parent and processor time of a process; None: it has gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            words = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    return words[0], int(words[1]), int(words[11]) + int(words[12])


def children_of(pid):
    """All that descend from it, and live."""
    processes = {int(name): status_of(name) for name in os.listdir("/proc") if name.isdigit()}
    found, parents = [], {pid}
    while parents:
        below = {child for child, status in processes.items() if status and status[1] in parents}
        found += [child for child in below if processes[child][0] != "Z"]
        parents = below
    return found


def words_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as words:
            return words.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "?"


class Decant:
    """A run of decant (or of a command of the shell's that is one) in the background."""

    def __init__(self, stage, words, **others):
        self.stage, self.words = stage, words
        self.text = ""
        self.limit_s = None
        others.setdefault("stdin", subprocess.DEVNULL)
        others.setdefault("stdout", stage.open_log("stdout"))
        stage.say(f"run: {words if isinstance(words, str) else shlex.join(words)}")
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, preexec_fn=end_with_parent, cwd=stage.directory,
                                        env=stage.environment, **others)
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with self.process.stderr as lines:
            for line in lines:
                line = line.decode(errors="replace")
                self.stage.say(f"decant said: {line.rstrip()}")
                self.text += line

    @property
    def running(self):
        return self.process.poll() is None

    def wait_until(self, what, condition, limit_s=60):
        """Waits until the state is reached; true, or false if decant has ended before."""
        def is_over():
            self.stage.tend()
            return condition() or not self.running

        wait_for(what, is_over, limit_s)
        return self.running

    def said(self, pattern):
        return re.search(pattern, self.text)

    def is_idle(self):
        """Whether it sleeps and has no processor time for several ticks: it waits for somebody."""
        before = status_of(self.pid)
        for _ in range(8):
            time.sleep(TICK_S)
            now = status_of(self.pid)
            if now is None or now[0] != "S" or now[2] != before[2]:
                return False
        return True

    def signal(self, number):
        self.stage.say(f"decant gets {signal.Signals(number).name}")
        self.process.send_signal(number)

    def end(self, limit_s):
        """Its exit code, which has to be there within so many seconds."""
        clock = Clock()
        while self.running:
            if clock.seconds > limit_s + MACHINE_S:
                where = self._whereabouts()
                self.process.kill()
                self.process.wait()
                raise Failed(f"no end {limit_s:.1f} s later: {where}")
            self.stage.tend()
            clock.tick()
        self.reader.join()
        self.stage.say(f"decant ended with {self.process.returncode}, {clock.seconds:.2f} s later")
        return self.process.returncode

    def _whereabouts(self):
        said = [f"it said: {self.text!r}"]
        for name in "wchan", "syscall", "stack":
            try:
                with open(f"/proc/{self.pid}/{name}", encoding="ascii") as file:
                    said.append(f"{name}: {' '.join(file.read().split())}")
            except OSError:
                pass
        return "; ".join(said)


class Stage:
    """What a trial has. `choose` is the seed's, and what it decides is all that may differ between two runs of one trial."""

    def __init__(self, program, directory, name):
        self.program, self.directory, self.name = os.path.abspath(program), directory, name
        self.choose = random.Random(name)
        self.started = time.monotonic()
        self.servers = []
        self.tended = []  # called now and then while decant runs: who starts a server again, and who kills it
        self.environment = dict(os.environ, PATH=os.path.dirname(self.program) + ":" + os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.lock = threading.Lock()
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)

    def path(self, name):
        return os.path.join(self.directory, name)

    def say(self, text):
        with self.lock, open(self.path("story"), "a", encoding="utf-8") as story:
            story.write(f"{time.monotonic() - self.started:8.3f} {text}\n")

    def story(self):
        try:
            with open(self.path("story"), encoding="utf-8") as story:
                return story.read()
        except OSError:
            return ""

    def open_log(self, name):
        return open(self.path(name), "ab")

    def tend(self):
        for look in self.tended:
            look()

    # ---- decant

    def decant(self, *words, **others):
        return Decant(self, [self.program, *words], **others)

    def shell(self, command):
        return Decant(self, ["sh", "-c", "exec " + command])

    # ---- names of its own

    def own_mounts(self):
        """Nobody else's files in /tmp, and mounts that nobody else sees; for root."""
        if os.geteuid() != 0:
            return False
        call("unshare", CLONE_NEWNS)
        try:
            call("mount", b"none", b"/", None, MS_REC_PRIVATE, None)
        except OSError as error:
            if error.errno != errno.EINVAL:  # in a changed root, / is no mount
                raise
        call("mount", b"tmpfs", b"/tmp", b"tmpfs", 0, None)
        return True

    def own_etc(self, **contents):
        """Files of /etc that only this trial sees, whether the machine has such or not, once it has mounts of its own."""
        etc = self.path("etc")
        subprocess.run(["cp", "-a", "/etc", etc], check=True)
        for name, content in contents.items():
            path = os.path.join(etc, name.replace("_", "."))
            if os.path.lexists(path):  # maybe a link to nowhere
                os.remove(path)
            with open(path, "w", encoding="ascii") as file:
                file.write(content)
        call("mount", etc.encode(), b"/etc", None, MS_BIND, None)

    # ---- the end

    def left_behind(self, ours):
        """What decant has left running, when it has ended; servers of the trial's own left out."""
        kept = set(ours)
        for pid in ours:
            kept.update(children_of(pid))
        return [f"{pid}: {words_of(pid)}" for pid in children_of(os.getpid()) if pid not in kept]

    def nothing_left(self):
        ours = [server.pid for server in self.servers if server.pid]
        clock = Clock()
        while left := self.left_behind(ours):
            if clock.seconds > 2:
                raise Failed(f"left running: {left}")
            clock.tick()

    def end(self):
        for server in self.servers:
            server.kill()
        for pid in children_of(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def note(text):
    print(text, flush=True)


def give_up(text):
    print(f"trials: {text}", file=sys.stderr)
    sys.exit(64)
