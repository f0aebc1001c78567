# SPDX-License-Identifier: MIT
"""The two ends of a copy, in the words of each program: how decant, nbdcopy, qemu-img, dd, ddrescue, cmp and openssl are told of them.

An end is a File (a device is one too), an Nbd (whatever server is behind it), NULL or PIPE; a Compared, where nothing is copied. The
functions make the command line of a program for a task, see workloads.py, or None where the program can't do this.
"""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    path: str
    device: bool = False
    cached: bool = False  # it stays in the page cache


@dataclass(frozen=True)
class Nbd:
    socket: str
    certificates: str = ""  # the directory of the client's, where TLS is to be spoken

    def uri(self):
        tls = f"&tls-certificates={self.certificates}&tls-hostname=localhost" if self.certificates else ""
        return f"nbd{'s' if tls else ''}+unix:///?socket={self.socket}{tls}"


@dataclass(frozen=True)
class Compared:
    """A file that is compared with another one."""
    path: str
    cached: bool  # it stays in the page cache


NULL = "null:"
PIPE = "-"


def libnbd_word(end):
    return end.uri() if isinstance(end, Nbd) else end.path if isinstance(end, (File, Compared)) else end


def libnbd_words(task):
    few = ["-C", str(task.connections)] if task.connections else []
    return [*few, libnbd_word(task.source), libnbd_word(task.destination)]


def decant(program, task, *options):
    if isinstance(task.destination, Compared):
        return [program, "compare", "-q", task.source.path, task.destination.path]
    return [program, *options, *libnbd_words(task)]


def decant_then_dd(program, dd, task):
    """A copy whose destination is read back past the page cache, and believed."""
    return ["sh", "-c", 'out=$1 dd=$2; shift 2; "$@" && "$dd" if="$out" of=/dev/null bs=1M iflag=direct status=none', "sh",
            task.destination.path, dd, *decant(program, task)]


def nbdcopy(program, task):
    return None if isinstance(task.destination, Compared) else [program, "--flush", *libnbd_words(task)]


def qemu_word(end, bytes_):
    if end == NULL:
        driver = {"driver": "null-co", "size": bytes_}
    elif isinstance(end, Nbd):
        driver = {"driver": "nbd", "server": {"type": "unix", "path": end.socket}}
        if end.certificates:
            driver |= {"tls-creds": "tls", "tls-hostname": "localhost"}
    else:
        driver = {"driver": "host_device" if end.device else "file", "filename": end.path}
    return "json:" + json.dumps({"driver": "raw", "file": driver})


def qemu_img(program, task, cache=("-t", "writeback")):
    source, destination, bytes_ = task.source, task.destination, task.bytes
    if destination == PIPE:
        return None
    if isinstance(destination, Compared):
        return [program, "compare", "-q", "-f", "raw", "-F", "raw", source.path, destination.path]
    command = [program, "convert", "-W", *cache, "-O", "raw"]  # its default cache mode for a destination doesn't flush
    for end in source, destination:
        if isinstance(end, Nbd) and end.certificates:
            command += ["--object", f"tls-creds-x509,id=tls,endpoint=client,dir={end.certificates}"]
    if isinstance(destination, File) and not destination.device:
        return command + [qemu_word(source, bytes_), destination.path]  # which it makes itself
    return command + ["-n", qemu_word(source, bytes_), qemu_word(destination, bytes_)]


def are_files(task):
    return isinstance(task.source, File) and isinstance(task.destination, File)


def dd(program, task):
    if not are_files(task):
        return None
    return [program, f"if={task.source.path}", f"of={task.destination.path}", "bs=1M", "conv=fsync", "status=none"]


def ddrescue(program, task):
    if not are_files(task):
        return None
    # Without a mapfile it leaves flushing to others.
    return ["sh", "-c", '"$0" -q -f "$1" "$2" && sync "$2"', program, task.source.path, task.destination.path]


def cmp(program, task):
    return [program, task.source.path, task.destination.path] if isinstance(task.destination, Compared) else None


def openssl(program, task):
    return [program, "dgst", "-sha256", task.source.path]
