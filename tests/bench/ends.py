# SPDX-License-Identifier: MIT
"""The two ends of a copy, in the words of each program: how decant, nbdcopy, qemu-img, dd, ddrescue and cmp are told of them.

An end is a File (a device is one too), an Nbd (whatever server is behind it), NULL or PIPE; a Compared, where nothing is copied. commands() makes the command line of a
program for a source and a destination, or None where the program can't do this.
"""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    path: str
    device: bool = False


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


def decant(program, source, destination, bytes_, connections, *options):
    few = ["-C", str(connections)] if connections else []
    if isinstance(destination, Compared):
        return [program, "compare", "-q", source.path, destination.path]
    return [program, *options, *few, libnbd_word(source), libnbd_word(destination)]


def nbdcopy(program, source, destination, bytes_, connections):
    if isinstance(destination, Compared):
        return None
    few = ["-C", str(connections)] if connections else []
    return [program, "--flush", *few, libnbd_word(source), libnbd_word(destination)]


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


def qemu_img(program, source, destination, bytes_, connections, cache=("-t", "writeback")):
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


def dd(program, source, destination, bytes_, connections):
    if not isinstance(source, File) or not isinstance(destination, File):
        return None
    return [program, f"if={source.path}", f"of={destination.path}", "bs=1M", "conv=fsync", "status=none"]


def ddrescue(program, source, destination, bytes_, connections):
    if not isinstance(source, File) or not isinstance(destination, File):
        return None
    # Without a mapfile it leaves flushing to others.
    return ["sh", "-c", '"$0" -q -f "$1" "$2" && sync "$2"', program, source.path, destination.path]


def cmp(program, source, destination, bytes_, connections):
    return [program, source.path, destination.path] if isinstance(destination, Compared) else None
