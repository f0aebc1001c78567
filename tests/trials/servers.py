# SPDX-License-Identifier: MIT
"""Servers that a trial starts, kills, suspends and starts again under the same name. A kind of server is a function
that makes its command line; KINDS has them. What each holds is in a file, and `content()` brings it into a raw one for
comparing.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time

from stage import MIB, TOP, Failed, children_of, end_with_parent, status_of, wait_for

PORT = 10809


def installed(*programs):
    return all(shutil.which(program) for program in programs)


# ---- Images

def make_image(path, bytes_, seed, zeros=True):
    """Data, holes and zeros of all sizes up to the end; every KiB of data differs, so that misplaced blocks show. Returns it."""
    choose = random.Random(seed)
    noise = bytes(byte or 1 for byte in choose.randbytes(256 * 1024))
    image = bytearray(bytes_)
    at = 0
    while at < bytes_:
        run = min(choose.choice((512, 4096, 4096, 65536, 65536, 262144, MIB)), bytes_ - at)
        if not zeros or choose.randrange(3):
            for block in range(at, at + run, 1024):
                piece = block.to_bytes(8, "big") + noise[block % 200_000:block % 200_000 + 1016]
                image[block:min(block + 1024, at + run)] = piece[:min(1024, at + run - block)]
        at += run
    with open(path, "wb") as out:
        for at in range(0, bytes_, 4096):
            if image[at:at + 4096].strip(b"\0"):
                out.seek(at)
                out.write(image[at:at + 4096])
        out.truncate(bytes_)
    return bytes(image)


def junk(path, bytes_):
    """What was there before, and has to be gone."""
    with open(path, "wb") as out:
        out.write(b"\252" * bytes_)


# ---- Kinds: what is started for a server, and what `options` it may be given

def nbdkit(server, *filters):
    where = ["--unix", server.socket] if server.socket else ["--ipaddr", server.address, "--port", str(PORT)]
    tls = []
    if server.tls == "x509":
        tls = ["--tls=require", f"--tls-certificates={server.keys.directory}/server"]
    elif server.tls == "psk":
        tls = ["--tls=require", f"--tls-psk={server.keys.directory}/keys.psk"]
    return ["nbdkit", "--exit-with-parent", "--foreground", *where, "--pidfile", server.pidfile, *tls, *filters,
            *(word for word in server.options if word.startswith("-")), "file", server.disk,
            *(word for word in server.options if not word.startswith("-"))]


def nbdkit_file(server):
    return nbdkit(server)


def nbdkit_cache(server):
    """Forgets: what was written is in a temporary file until a flush."""
    return nbdkit(server, "--filter=cache")


def qemu(server, words):
    where = [f"--socket={server.socket}"] if server.socket else [f"--bind={server.address}", f"--port={PORT}"]
    tls = []
    if server.tls:
        tls = ["--object", f"tls-creds-{server.tls},id=tls,endpoint=server,dir={server.keys.directory}/server"
               + (",verify-peer=off" if server.tls == "x509" else ""), "--tls-creds", "tls"]
    return ["qemu-nbd", "--persistent", "--shared=8", f"--pid-file={server.pidfile}", *where, *tls, *server.options, *words]


def qemu_raw(server):
    return qemu(server, ["-f", "raw", server.disk])


def qemu_qcow2(server):
    """Forgets: what maps the clusters is in memory until a flush."""
    return qemu(server, ["-f", "qcow2", server.disk + ".qcow2"])


def nbd_server(server):
    lines = ["[generic]", f"unixsock = {server.socket}" if server.socket else f"listenaddr = {server.address}\nport = {PORT}",
             "[disk]", f"exportname = {server.disk}", "flush = true", *server.options]
    with open(server.pidfile + ".conf", "w", encoding="utf-8") as conf:
        conf.write("\n".join(lines) + "\n")
    return ["nbd-server", "-C", server.pidfile + ".conf", "-p", server.pidfile]


def forgetful(server):
    return [os.path.join(TOP, "tests/trials/forgetful-server"), server.socket, server.disk, *server.options]


def odd(server):
    return [os.path.join(TOP, "tests/odd-server"), server.socket, server.disk, *server.options]


KINDS = {function.__name__.replace("_", "-"): function
         for function in (nbdkit_file, nbdkit_cache, qemu_raw, qemu_qcow2, nbd_server, forgetful, odd)}
TELL_THEIR_PID = ("nbdkit-file", "nbdkit-cache", "qemu-raw", "qemu-qcow2", "nbd-server")


class Keys:
    """A CA, a certificate for localhost and a shared secret, in a directory."""

    def __init__(self, directory):
        self.directory = directory
        server, client = os.path.join(directory, "server"), os.path.join(directory, "client")
        for path in server, client:
            os.makedirs(path)
        new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]
        self._run(*new, "-subj", "/CN=ca", "-keyout", f"{directory}/ca.key", "-out", f"{server}/ca-cert.pem")
        self._run(*new, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE",
                  "-CA", f"{server}/ca-cert.pem", "-CAkey", f"{directory}/ca.key",
                  "-keyout", f"{server}/server-key.pem", "-out", f"{server}/server-cert.pem")
        shutil.copy(f"{server}/ca-cert.pem", client)
        with open(f"{directory}/keys.psk", "w", encoding="ascii") as keys:
            keys.write(f"alice:{random.Random(directory).randbytes(32).hex()}\n")
        shutil.copy(f"{directory}/keys.psk", server)

    @staticmethod
    def _run(*words):
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"{words[0]}: {done.stderr.strip()}")

    def in_uri(self, tls):
        if tls == "psk":
            return f"tls-psk-file={self.directory}/keys.psk"
        return f"tls-certificates={self.directory}/client&tls-hostname=localhost"


class Server:
    """One of KINDS, that isn't started yet. On a Unix socket, or on TCP on `address`: loopback has 16 million of them, and so each
    server of each trial one to itself, which nobody else takes while it is down. It is started `within` that."""

    def __init__(self, stage, name, kind, disk, address=None, tls=None, keys=None, options=(), within=contextlib.nullcontext):
        self.stage, self.name, self.kind, self.disk = stage, name, kind, disk
        self.socket = None if address else stage.path(name + ".sock")
        self.address, self.tls, self.keys, self.options, self.within = address, tls, keys, list(options), within
        self.pidfile = stage.path(name + ".pid")
        self.export = "disk" if kind == "nbd-server" else ""
        self.pid = None
        self.process = None
        self.starts = 0
        self.suspended = False
        stage.servers.append(self)
        if kind == "qemu-qcow2":
            subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", disk, disk + ".qcow2"], check=True)

    def uri(self, line=None):
        """How it is reached, or how the line is that goes to it."""
        socket, address = (line.socket, line.address) if line else (self.socket, self.address)
        scheme = "nbds" if self.tls else "nbd"
        user = "alice@" if self.tls == "psk" else ""
        words = [f"socket={socket}"] if socket else []
        words += [self.keys.in_uri(self.tls)] if self.tls else []
        place = f"{scheme}+unix://{user}" if socket else f"{scheme}://{user}{address}"
        return f"{place}/{self.export}" + ("?" + "&".join(words) if words else "")

    def _is_up(self):
        """Or was: decant may have come at once, and its first request may have been the last."""
        if self._has_told():
            return True
        if self.process.poll() not in (None, 0):
            raise Failed(f"the server {self.name} did not start: {self.last_words()}")
        return False

    def _has_told(self):
        if self.kind not in TELL_THEIR_PID:
            return os.path.exists(self.socket)
        if not os.path.exists(self.pidfile) or not os.path.getsize(self.pidfile):
            return False
        return self.kind != "nbd-server" or self._greets()

    def _greets(self):
        """nbd-server writes its pid before it listens, and has been seen to leave whoever comes at once without an answer."""
        with socket.socket(socket.AF_INET if self.address else socket.AF_UNIX) as client:
            client.settimeout(0.5)
            try:
                client.connect((self.address, PORT) if self.address else self.socket)
                return client.recv(8) == b"NBDMAGIC"
            except OSError:
                return False

    def start(self):
        for stale in self.socket, self.pidfile:
            if stale and os.path.exists(stale):
                os.unlink(stale)
        with self.within(), self.stage.open_log(self.name + ".log") as log:
            self.process = subprocess.Popen(KINDS[self.kind](self), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=end_with_parent)
        self.pid = self.process.pid
        wait_for(f"{self.name} to listen", self._is_up)
        if self.kind == "nbd-server":  # which is a daemon; it comes home to the trial
            with open(self.pidfile, encoding="ascii") as pid:
                self.pid = int(pid.read())
        self.starts += 1
        self.suspended = False
        self.stage.say(f"{self.name} is up ({self.kind}, {self.pid})")
        return self

    def last_words(self):
        with open(self.stage.path(self.name + ".log"), encoding="utf-8", errors="replace") as log:
            return log.read().strip()[-1000:]

    @property
    def running(self):
        status = status_of(self.pid) if self.pid else None
        return status is not None and status[0] != "Z"

    def _all(self, number):
        """Those of nbd-server that serve a client each, too."""
        for pid in [self.pid, *children_of(self.pid)]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill_only(self):
        self.stage.say(f"{self.name} is killed")
        self._all(signal.SIGKILL)

    def tell_to_end(self):
        """As whoever restarts a service does; what it is asked meanwhile it refuses, in its own way, or carries out."""
        self.stage.say(f"{self.name} is told to end")
        self._all(signal.SIGTERM)

    def kill(self):
        """Kills it, and waits until nothing is left of it."""
        if not self.pid:
            return
        self.kill_only()
        self.process.wait()
        wait_for(f"{self.name} to be gone", lambda: not self.running)
        if self.pid != self.process.pid:
            try:
                os.waitpid(self.pid, 0)
            except ChildProcessError:
                pass
        self.pid = None

    def suspend(self):
        self.stage.say(f"{self.name} is suspended")
        self._all(signal.SIGSTOP)
        self.suspended = True

    def resume(self):
        self.stage.say(f"{self.name} goes on")
        self._all(signal.SIGCONT)
        self.suspended = False

    def finish(self):
        """Ends it in good manners, so that what it was told is where it belongs."""
        if self.pid and self.running:
            if self.suspended:
                self.resume()
            self._all(signal.SIGTERM)
            wait_for(f"{self.name} to end", lambda: self.process.poll() is not None and not self.running)
        self.kill()

    def content(self):
        """What is on its disk now, in whatever state it died."""
        if self.kind == "qemu-qcow2":
            words = ["qemu-img", "convert", "-U", "-f", "qcow2", "-O", "raw", self.disk + ".qcow2", self.disk]
            done = subprocess.run(words, check=False, capture_output=True, text=True)
            if done.returncode != 0:
                raise Failed(f"qemu-img: {done.stderr.strip()}")
        with open(self.disk, "rb") as disk:
            return disk.read()


class Keeper:
    """Starts a server again whenever it has ended, after the next of the pauses that it is given; then never again."""

    def __init__(self, server, pauses_s, before_start=None):
        self.server, self.pauses_s, self.before_start = server, list(pauses_s), before_start
        self.down_since = None
        server.stage.tended.append(self.look)

    def look(self):
        if self.server.running or not self.pauses_s:
            return
        if self.down_since is None:
            self.server.stage.say(f"{self.server.name} has ended")
            self.down_since = time.monotonic()
        if time.monotonic() - self.down_since >= self.pauses_s[0]:
            self.pauses_s.pop(0)
            self.down_since = None
            self.server.kill()
            if self.before_start:
                self.before_start(self.server)
            self.server.start()


class Schedule:
    """What happens at which moment, in seconds from its beginning."""

    def __init__(self, stage, moments):
        self.began = time.monotonic()
        self.moments = sorted(moments, key=lambda moment: moment[0])
        stage.tended.append(self.look)

    def look(self):
        while self.moments and time.monotonic() - self.began >= self.moments[0][0]:
            self.moments.pop(0)[1]()
