# SPDX-License-Identifier: MIT
"""The floor of a workload: the same bytes between the same kinds of ends, moved by the bare loops of floor.c.

The ends speak no protocol: in the place of a server that speaks NBD is one that only gives or takes, at its socket. What is known to be
zeros isn't moved. A line's delay is waited for once each way, since a stream would need no more.
"""

import os
import struct
from dataclasses import dataclass, replace

from ends import NULL, PIPE, Compared, File, Nbd


@dataclass(frozen=True)
class Leg:
    """Ranges that go from an end to another: pairs of offset and length, ascending, on a disk of that size."""
    source: object
    destination: object
    ranges: tuple
    bytes: int
    wait_ms: int = 0  # of the line to each server


@dataclass(frozen=True)
class Bare:
    """The server of a floor, which sends or receives so many bytes."""
    program: str
    socket: str
    kind: str  # gives or takes
    bytes: int
    wait_ms: int
    threads = False

    def command(self):
        return [self.program, self.kind, self.socket, str(self.bytes), str(self.wait_ms)]


def data_of(path):
    """What of a file is data, as ranges."""
    found, at = [], 0
    with open(path, "rb") as image:
        bytes_ = os.fstat(image.fileno()).st_size
        while at < bytes_:
            try:
                start = os.lseek(image.fileno(), at, os.SEEK_DATA)
            except OSError:  # there is no more
                break
            at = os.lseek(image.fileno(), start, os.SEEK_HOLE)
            found.append((start, at - start))
    return tuple(found)


def whole(source, destination, bytes_):
    """A leg of all there is."""
    return Leg(source, destination, ((0, bytes_),), bytes_)


def legs_of(task):
    if task.legs:
        return task.legs
    if isinstance(task.destination, Compared):  # both are read
        return tuple(Leg(File(end.path, cached=task.destination.cached), NULL, data_of(end.path), task.bytes)
                     for end in (task.source, task.destination))
    ranges = data_of(task.expected) if task.expected else ((0, task.bytes),)
    return (Leg(task.source, task.destination, ranges, task.bytes, task.line_ms),)


def word(end):
    if isinstance(end, Nbd):
        return f"socket:{end.socket}"
    if isinstance(end, File):
        return f"{'cached' if end.cached else 'direct'}:{end.path}"
    return end


def goes_by_splice(leg):
    """Nobody has to look at what goes from the page cache to a server, or from one into a pipe."""
    from_cache = isinstance(leg.source, File) and leg.source.cached and isinstance(leg.destination, Nbd)
    return from_cache or (isinstance(leg.source, Nbd) and leg.destination == PIPE)


def floor(machine, task):
    """The task with the servers of its floor and nothing to compare, and the command line."""
    program = os.path.join(machine.tools, "floor")
    legs, servers = legs_of(task), []
    words = [program, "splice" if all(map(goes_by_splice, legs)) else "copy"]
    for number, leg in enumerate(legs):
        moved = sum(length for _, length in leg.ranges)
        if not isinstance(leg.source, File) and not isinstance(leg.destination, File):  # streams know of no places
            leg = replace(leg, ranges=((0, moved),))
        for end, kind in (leg.source, "gives"), (leg.destination, "takes"):
            if isinstance(end, Nbd):
                servers.append(Bare(program, end.socket, kind, moved, leg.wait_ms))
        path = os.path.join(machine.memory, f"ranges-{number}")
        with open(path, "wb") as out:
            for pair in *leg.ranges, (leg.bytes, 0):
                out.write(struct.pack("=QQ", *pair))
        words += [word(leg.source), word(leg.destination), path]
    return replace(task, servers=tuple(servers), expected="", result=""), words
