# SPDX-License-Identifier: MIT
"""What the measurements do to the machine: servers that are started and ended, images, loop devices, the page cache, and running a
program once with an eye on it. Everything lives in two directories that go at the end: one on the disk beside build/, for the
files that programs read and write themselves, and one in memory, for what is behind servers, which should not be what is slow.
"""

import fcntl
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
BLKFLSBUF = 0x1261


class Failed(Exception):
    """A copy, a comparison or a server failed; the text says which and how."""


@dataclass
class Sample:
    """One run of one program: seconds of wall time, of its own processor time and of its servers', its peak memory in KiB."""
    wall: float
    cpu: float
    peak_kib: int
    server_cpu: float


def end_by_signals():
    """What is to go at the end goes then, too."""
    for number in signal.SIGTERM, signal.SIGHUP, signal.SIGINT:
        signal.signal(number, lambda *_: sys.exit(130))


def cpu_of(pid):
    """Processor time of a process and all threads it ever had, in seconds: the kernel's clock of that process."""
    return time.clock_gettime(~pid << 3 | 2)


class Server:
    """A server that is up when this returns. Its command line says to write its pid to SOCKET.pid."""

    def __init__(self, words, socket):
        pidfile, log = socket + ".pid", socket + ".log"
        for stale in socket, pidfile:
            if os.path.exists(stale):
                os.unlink(stale)
        with open(log, "w", encoding="utf-8") as output:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *words], stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output)
        for _ in range(1000):
            if os.path.exists(pidfile) and os.path.getsize(pidfile) > 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        self.end()
        with open(log, encoding="utf-8") as output:
            raise Failed(f"the server did not come up: {' '.join(words)}: {output.read().strip()}")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Machine:
    def __init__(self, build):
        self.tools = os.path.join(build, "tests/bench")
        self.decant = os.path.join(build, "decant")
        self.disk = os.path.join(build, "bench")
        shutil.rmtree(self.disk, ignore_errors=True)
        os.makedirs(self.disk)
        self.memory = tempfile.mkdtemp(prefix="decant-bench.", dir="/dev/shm" if self._memory_has_room() else "/tmp")
        self.loops = []
        self.calls = os.path.join(self.memory, "calls")
        self.counter = self._counter()

    @staticmethod
    def _memory_has_room():
        with open("/proc/meminfo", encoding="ascii") as info:
            available = int(re.search(r"MemAvailable: +(\d+)", info.read())[1]) * 1024
        return os.path.isdir("/dev/shm") and min(available, shutil.disk_usage("/dev/shm").free) > 8 * GIB

    def close(self):
        for device in self.loops:
            subprocess.run(["losetup", "--detach", device], check=False)
        shutil.rmtree(self.disk, ignore_errors=True)
        shutil.rmtree(self.memory, ignore_errors=True)

    # ---- images

    def image(self, name, bytes_, places=None, piece=MIB, on_disk=False, compressible=False):
        """A raw image, made once: a piece of data at each of `places` (everywhere, if none are given), the rest holes. No two
        pieces are alike, so that misplaced ones show."""
        path = os.path.join(self.disk if on_disk else self.memory, name)
        if os.path.exists(path):
            return path
        noise = random.Random(7).randbytes(2 * MIB)
        if compressible:
            noise = b"".join(noise[i:i + 1024] + (b"some words, again and again: " * 106)[:3072] for i in range(0, 2 * MIB, 4096))
        with open(path, "wb") as out:
            for at in places if places is not None else range(0, bytes_, piece):
                start = at // piece * 4099 % MIB
                out.seek(at)
                out.write(noise[start:start + min(piece, bytes_ - at)])
            out.truncate(bytes_)
        return path

    def compressed(self, image):
        """The same as a compressed qcow2."""
        path = image + ".qcow2"
        if not os.path.exists(path):
            subprocess.run(["qemu-img", "convert", "-c", "-W", "-f", "raw", "-O", "qcow2", image, path], check=True)
        return path

    def block_list(self, image):
        """The list of its blocks' digests, made once, and what it is trusted by."""
        path = image + ".blocks"
        done = subprocess.run([self.decant, "digest", f"--blocks={path}", image], check=True, text=True, stdout=subprocess.PIPE)
        return path, done.stdout.split()[0]

    def spoilt(self, path, image, places, piece=MIB):
        """The same as an image, but for a piece at each of `places`."""
        if not os.path.exists(path):
            shutil.copyfile(image, path)
        with open(path, "r+b") as out:
            for at in places:
                out.seek(at)
                out.write(b"another " * (piece // 8))

    def blank(self, path, bytes_):
        """An image of nothing but a hole, made anew."""
        with open(path, "wb") as out:
            out.truncate(bytes_)
        return path

    def same(self, expected, path):
        done = subprocess.run(["qemu-img", "compare", "-q", "-f", "raw", "-F", "raw", expected, path], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Failed(f"wrong content: {done.stdout.strip() or 'it differs from the source'}")

    def loop_device(self, path):
        """A loop device over a file, or the reason there is none."""
        if os.geteuid() != 0:
            return None, "loop devices take root"
        done = subprocess.run(["losetup", "--find", "--show", path], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            return None, f"no loop device: {done.stderr.strip()}"
        self.loops.append(done.stdout.strip())
        return self.loops[-1], ""

    def certificates(self):
        """A directory with a CA, and a certificate for localhost in its subdirectory for the server."""
        home = os.path.join(self.memory, "tls")
        if os.path.exists(home):
            return home
        server = os.path.join(home, "server")
        os.makedirs(server)
        openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]
        for words in (
            [*openssl, "-subj", "/CN=bench CA", "-keyout", f"{home}/ca-key.pem", "-out", f"{home}/ca-cert.pem"],
            [*openssl, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE",
             "-CA", f"{home}/ca-cert.pem", "-CAkey", f"{home}/ca-key.pem",
             "-keyout", f"{server}/server-key.pem", "-out", f"{server}/server-cert.pem"],
        ):
            done = subprocess.run(words, check=False, capture_output=True, text=True)
            if done.returncode != 0:
                raise Failed(f"openssl: {done.stderr.strip()}")
        shutil.copy(f"{home}/ca-cert.pem", server)
        return home

    # ---- running

    def settle(self, files):
        """What is dirty goes to the disk, and these files leave the page cache: all begin alike, outside the clock."""
        os.sync()
        for path in files:
            if path.startswith(self.memory) or not os.path.exists(path):
                continue
            fd = os.open(path, os.O_RDONLY)
            if path.startswith("/dev/"):
                fcntl.ioctl(fd, BLKFLSBUF)
            else:
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)

    def run(self, command, servers, count=1, sink=os.devnull, prefix=()):
        """Runs a command, count times, and says what it took. What it writes to standard output goes to `sink`."""
        report = os.path.join(self.memory, "report")
        before = sum(cpu_of(server.process.pid) for server in servers)
        with Drain(sink) as drain:
            done = subprocess.run([*prefix, f"{self.tools}/measure", report, str(count), *command], check=False,
                                  stdin=subprocess.DEVNULL, stdout=drain.end, stderr=subprocess.PIPE, text=True)
        after = sum(cpu_of(server.process.pid) for server in servers)
        if done.returncode != 0:
            raise Failed(f"exit code {done.returncode}: {' '.join(command)}: {done.stderr.strip()}")
        with open(report, encoding="ascii") as line:
            wall, cpu, peak = line.read().split()
        return Sample(float(wall), float(cpu), int(peak), after - before)

    # ---- system calls

    def _counter(self):
        """How system calls can be counted here, as words to put before a command: perf costs the least."""
        for words in (["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-o", self.calls, "--"],
                      ["strace", "-f", "-c", "-U", "calls", "-o", self.calls]):
            if shutil.which(words[0]) and subprocess.run([*words, "true"], check=False, capture_output=True).returncode == 0:
                if self._counted():
                    return words
        return ()

    def _counted(self):
        with open(self.calls, encoding="utf-8") as out:
            text = out.read()
        perf = re.search(r"^(\d+),,raw_syscalls:sys_enter", text, re.M)
        return int(perf[1]) if perf else int((re.search(r"^ *(\d+) total", text, re.M) or [0, 0])[1])

    def calls_of(self, command, servers, count=1, sink=os.devnull):
        """Runs a command and counts its system calls, those of all its threads: None where that can't be done."""
        self.run(command, servers, count, sink, self.counter)
        return self._counted() if self.counter else None


class Drain:
    """The reading end of a program's standard output, as fast as there can be one: splice() copies nothing."""

    def __init__(self, sink):
        self.sink = os.open(sink, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.source, self.end = os.pipe()
        self.thread = threading.Thread(target=self._pour)

    def _pour(self):
        while os.splice(self.source, self.sink, MIB) > 0:
            pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        os.close(self.end)
        self.thread.join()
        os.close(self.source)
        os.close(self.sink)
