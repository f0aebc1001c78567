# SPDX-License-Identifier: MIT
"""What is copied. Each workload says what it stands for, and has a function that sets it up: the servers, the two ends, and the
file that the destination should equal.

Servers are those that do the least for a request: nbdkit's file plugin over a file in memory, so that no disk is measured with the
client. What is full of data lies in the page cache of a real file system where it is read, since to tell a tmpfs file's extents
takes a look at each of its pages, time and again; where it is written, it has its pages beforehand, and tells no extents.
"""

import os
import random
from dataclasses import dataclass, replace

from ends import NULL, PIPE, Compared, File, Nbd
from floors import Leg, whole
from machine import GIB, KIB, MIB


@dataclass(frozen=True)
class Nbdkit:
    socket: str
    words: tuple  # plugin and parameters
    filters: tuple = ()
    options: tuple = ()
    threads = True  # it answers in as many as there are requests

    def command(self):
        filters = [f"--filter={name}" for name in self.filters]
        return ["nbdkit", "--foreground", f"--unix={self.socket}", f"--pidfile={self.socket}.pid", *self.options, *filters,
                *self.words]

    def counting(self, statistics):
        """The same, with a filter in front that writes down what was asked for."""
        return replace(self, filters=("stats", *self.filters), words=(*self.words, f"statsfile={statistics}"))


@dataclass(frozen=True)
class QemuNbd:
    socket: str
    words: tuple
    threads = False

    def command(self):
        return ["qemu-nbd", "--persistent", "--shared=16", f"--socket={self.socket}", f"--pid-file={self.socket}.pid", *self.words]


@dataclass(frozen=True)
class Task:
    """A workload made ready: what every run of every program of it takes."""
    bytes: int
    source: object
    destination: object
    servers: tuple = ()
    expected: str = ""  # the file with what the destination should hold; empty: there is nothing to compare
    result: str = ""  # the file behind the destination's server
    used: bool = False  # that has its pages already and keeps them; else it is nothing but a hole before each run
    connections: int = 0  # at most; 0: each program's default
    count: int = 1
    options: tuple = ()  # what decant is told besides
    before: object = None  # called before each run, off the clock: makes the destination what it was
    legs: tuple = ()  # what its floor moves, where that isn't from source to destination what of `expected` is data
    line_ms: int = 0  # what the way to each of its servers takes at least


# With their defaults, but that they flush. What else has a row (the floor, qemu-img past the page cache) is shown beside them and
# counts as nobody's peer, unless a workload has peers of its own.
PEERS = ("nbdcopy", "qemu-img", "dd", "ddrescue", "cmp")


@dataclass(frozen=True)
class Workload:
    about: str
    prepare: object  # of a Machine: a Task, or a string, the reason why it can't be here
    wall_target: float = 0.9
    is_far: bool = False  # memory that the machine can spare is used then
    does_more: bool = False  # than to move bytes: its floor is shown, and is no target
    peers: tuple = PEERS  # what it is measured by
    extra: tuple = ()  # what is shown besides


def behind_nbdkit(machine, name, path, parameters=(), filters=(), options=()):
    """An NBD end that shows a file, and the server for it."""
    socket = f"{machine.memory}/{name}.sock"
    return Nbd(socket), Nbdkit(socket, ("file", path, *parameters), tuple(filters), tuple(options))


def served(machine, bytes_):
    """Data for a server to read, in the page cache since it was written."""
    return machine.image(f"served-{bytes_ // MIB}M", bytes_, on_disk=True)


def stored(machine, bytes_):
    """Data for a client to read, from the disk."""
    return machine.image(f"stored-{bytes_ // MIB}M", bytes_, on_disk=True)


def behind_nbdkit_used(machine, bytes_, parameters=(), filters=(), options=()):
    """A destination that is data already, the server for it, and its file."""
    path = machine.image(f"used-{bytes_ // MIB}M", bytes_)
    return *behind_nbdkit(machine, "d", path, parameters, (*filters, "noextents"), options), path


def new_file(machine):
    return File(f"{machine.disk}/out")


# ---- from a server to what is here

def nbd_to(machine, destination, image, bytes_, filters=()):
    source, server = behind_nbdkit(machine, "s", image, filters=filters)
    return Task(bytes_, source, destination, (server,), image)


def nbd_null(machine):
    socket = f"{machine.memory}/s.sock"
    return Task(2 * GIB, Nbd(socket), NULL, (Nbdkit(socket, (f"{machine.tools}/ready.so", "size=2G")),))


def sparse(machine):
    chosen = random.Random(5)
    places = [run + at for run in range(0, 4 * GIB, 4 * MIB) if chosen.random() < 0.2 for at in range(0, 4 * MIB, MIB)]
    return nbd_to(machine, new_file(machine), machine.image("sparse", 4 * GIB, places), 4 * GIB)


def zeros(machine):
    image = machine.blank(f"{machine.memory}/zeros", 2 * GIB)
    task = nbd_to(machine, new_file(machine), image, 2 * GIB, ["noextents"])
    return replace(task, legs=(whole(task.source, NULL, 2 * GIB),))


def empty(machine):
    image = machine.image("empty", 100 * GIB, range(0, 100 * GIB, 100 * MIB), 64 * KIB)
    return nbd_to(machine, new_file(machine), image, 100 * GIB)


def tiny(machine):
    task = nbd_to(machine, File(f"{machine.memory}/out"), machine.image("tiny", 64 * KIB), 64 * KIB)
    return replace(task, count=1000)


def compressed(machine):
    image = machine.image("compressible", GIB, compressible=True)
    socket = f"{machine.memory}/s.sock"
    server = QemuNbd(socket, ("--read-only", "--format=qcow2", machine.compressed(image)))
    return Task(GIB, Nbd(socket), new_file(machine), (server,), image)


# ---- from what is here

def file_nbd(machine):
    image = stored(machine, 2 * GIB)
    destination, server, result = behind_nbdkit_used(machine, 2 * GIB)
    return Task(2 * GIB, File(image), destination, (server,), image, result, used=True)


def cached_nbd(machine):
    image = machine.image("cached-2048M", 2 * GIB, on_disk=True)  # nobody drops it from the page cache
    destination, server, result = behind_nbdkit_used(machine, 2 * GIB)
    return Task(2 * GIB, File(image, cached=True), destination, (server,), image, result, used=True)


def device_file(machine):
    image = machine.image("device", 2 * GIB)
    device, reason = machine.loop_device(image)
    return Task(2 * GIB, File(device, device=True), new_file(machine), expected=image) if device else reason


def file_file(machine):
    image = stored(machine, 2 * GIB)
    return Task(2 * GIB, File(image), new_file(machine), expected=image)


# ---- from server to server

def nbd_nbd(machine, bytes_, connections=0, parameters=(), filters=(), options=()):
    image = served(machine, bytes_)
    source, server = behind_nbdkit(machine, "s", image, parameters, filters, options)
    destination, other, result = behind_nbdkit_used(machine, bytes_, parameters, filters, options)
    return Task(bytes_, source, destination, (server, other), image, result, used=True, connections=connections)


def fragments(machine, piece):
    image = machine.image(f"fragments-{piece}", GIB, range(0, GIB, 2 * piece), piece)
    result = f"{machine.memory}/fragments-result"
    source, server = behind_nbdkit(machine, "s", image)
    destination, other = behind_nbdkit(machine, "d", result)
    return Task(GIB, source, destination, (server, other), image, result)


# As many threads as clients have requests on a connection, so that the line is the limit, not what a server takes on at a time.
FAR = ("--threads=64",)


def delay(machine, bytes_, milliseconds, connections):
    asked = [f"{what}={milliseconds}ms" for what in ("rdelay", "wdelay", "delay-extents")]
    return replace(nbd_nbd(machine, bytes_, connections, asked, ["delay"], FAR), line_ms=milliseconds)


def jitter(machine):
    return nbd_nbd(machine, 2 * GIB, 0, ["jitter=10"], [f"{machine.tools}/jitter.so"], FAR)


# ---- TLS

def tls_options(machine):
    return ["--tls=require", f"--tls-certificates={machine.certificates()}/server"]


def tls_read(machine):
    source, server = behind_nbdkit(machine, "s", served(machine, GIB), options=tls_options(machine))
    return Task(GIB, replace(source, certificates=machine.certificates()), NULL, (server,))


def tls_write(machine):
    image = stored(machine, GIB)
    destination, server, result = behind_nbdkit_used(machine, GIB, options=tls_options(machine))
    return Task(GIB, File(image), replace(destination, certificates=machine.certificates()), (server,), image, result, used=True)


# ---- what is compared

def compare(machine, cached):
    """Two files with the same content."""
    pair = [Compared(machine.image(name, 2 * GIB, on_disk=True), cached) for name in ("stored-2048M", "compared-2048M")]
    return Task(2 * GIB, *pair)


def compare_empty(machine):
    pair = [Compared(machine.image(name, 100 * GIB, [], on_disk=True), True) for name in ("hole", "other-hole")]
    return Task(100 * GIB, *pair)


# ---- what is proved

def digested(machine, option):
    image = machine.image("digested-2048M", 2 * GIB, on_disk=True)  # nobody drops it from the page cache
    return Task(2 * GIB, File(image, cached=True), NULL, options=(option,))


def verify(machine):
    task = file_file(machine)
    there = Leg(task.source, task.destination, ((0, task.bytes),), task.bytes)
    return replace(task, options=("--verify",), legs=(there, replace(there, source=task.destination, destination=NULL)))


def delta(machine):
    """A destination of which each hundredth MiB is something else."""
    bytes_, bits_a_ms, line = 4 * GIB, GIB // 1000, ["rate=1G", "burstiness=0.1"]
    spoilt = tuple((at, MIB) for at in range(0, bytes_, 100 * MIB))
    image, old = served(machine, bytes_), f"{machine.memory}/old"
    blocks, blkhash = machine.block_list(image)
    source, server = behind_nbdkit(machine, "s", image, line, ["rate"])
    listed, other = behind_nbdkit(machine, "l", blocks, line, ["rate"])
    destination = File(old, cached=True)
    legs = (replace(whole(listed, NULL, os.path.getsize(blocks)), wait_ms=8 * os.path.getsize(blocks) // bits_a_ms),
            whole(destination, NULL, bytes_),
            Leg(source, destination, spoilt, bytes_, wait_ms=8 * MIB * len(spoilt) // bits_a_ms))
    return Task(bytes_, source, destination, (server, other), image,
                options=("--delta", f"--blocks={listed.uri()}", f"--expect=blkhash:{blkhash}"),
                before=lambda: machine.spoilt(old, image, [at for at, _ in spoilt]), legs=legs)


WORKLOADS = {
    "nbd-null": Workload("2 GiB of data from a server, dropped", nbd_null, extra=("decant --memory=2M",)),
    "nbd-file": Workload("2 GiB of data from a server to a new file",
                         lambda m: nbd_to(m, new_file(m), served(m, 2 * GIB), 2 * GIB), wall_target=0.6,
                         extra=("qemu-img -t none",)),
    "file-nbd": Workload("2 GiB of data from a file to a server", file_nbd),
    "cached-nbd": Workload("2 GiB of data from a file in the page cache to a server", cached_nbd),
    "nbd-nbd": Workload("2 GiB of data from a server to another", lambda m: nbd_nbd(m, 2 * GIB)),
    "nbd-pipe": Workload("2 GiB of data from a server to a pipe", lambda m: nbd_to(m, PIPE, served(m, 2 * GIB), 2 * GIB)),
    "device-file": Workload("2 GiB of data from a block device to a new file", device_file, extra=("qemu-img -t none",)),
    "file-file": Workload("2 GiB of data from a file to a new file", file_file, extra=("qemu-img -t none",)),
    "sparse": Workload("4 GiB, a fifth of it data in runs of 4 MiB, from a server to a new file", sparse),
    "fragments-64K": Workload("1 GiB, 64 KiB data and 64 KiB hole in turn, from a server to another",
                              lambda m: fragments(m, 64 * KIB)),
    "fragments-4K": Workload("the same with 4 KiB", lambda m: fragments(m, 4 * KIB)),
    "zeros": Workload("2 GiB of zeros from a server that tells no extents, to a new file", zeros),
    "delay-5ms-c1": Workload("2 GiB from a server to another, each 5 ms away, 1 connection", lambda m: delay(m, 2 * GIB, 5, 1)),
    "delay-5ms-c4": Workload("the same, 4 connections", lambda m: delay(m, 2 * GIB, 5, 4)),
    "delay-50ms-c1": Workload("1 GiB from a server to another, each 50 ms away, 1 connection", lambda m: delay(m, GIB, 50, 1), is_far=True),
    "delay-50ms-c4": Workload("the same, 4 connections", lambda m: delay(m, GIB, 50, 4), wall_target=0.6, is_far=True),
    "jitter": Workload("2 GiB from a server to another, each answer after another delay up to 10 ms", jitter),
    "tls-read": Workload("1 GiB of data over TLS from a server, dropped", tls_read, does_more=True),
    "tls-write": Workload("1 GiB of data from a file over TLS to a server", tls_write, does_more=True),
    "qcow2": Workload("1 GiB of data in a compressed qcow2, served by qemu-nbd, to a new file", compressed),
    "empty-100G": Workload("100 GiB with 64 KiB of data in every 100 MiB, from a server to a new file", empty),
    "compare-cached": Workload("two equal files of 2 GiB in the page cache, compared", lambda m: compare(m, True), wall_target=0.7,
                               does_more=True),
    "compare-files": Workload("the same from the disk", lambda m: compare(m, False), wall_target=0.7, does_more=True),
    "compare-empty": Workload("two sparse files of 100 GiB, compared", compare_empty, does_more=True),
    "sha256": Workload("--sha256 of 2 GiB in the page cache", lambda m: digested(m, "--sha256"), wall_target=1.11, does_more=True,
                       peers=("openssl",)),
    "blkhash": Workload("--blkhash of the same", lambda m: digested(m, "--blkhash"), wall_target=0.77, does_more=True,
                        peers=("openssl",)),
    "nbd-nbd-sha256": Workload("nbd-nbd with --sha256", lambda m: replace(nbd_nbd(m, 2 * GIB), options=("--sha256",)),
                               wall_target=1.18, does_more=True, peers=("decant, plain",)),
    "verify": Workload("file-file with --verify; beside it, a copy whose destination is then read by dd",
                       verify, wall_target=1.0, does_more=True, peers=("decant, then dd",)),
    "delta": Workload("--delta of 4 GiB, a hundredth of them others, from a server at the end of a line of 1 Gbit/s", delta,
                      wall_target=0.1, does_more=True, peers=("decant, plain",)),
    "tiny-1000": Workload("64 KiB from a server to a file, a thousand times", tiny, does_more=True),
}
