# SPDX-License-Identifier: MIT
"""Trials that count what a server that was started again had to do twice."""

import os
import re

from line import Line
from restarts import PlainFile
from servers import Server, junk, make_image
from stage import KIB, MIB, Failed
from verdict import judge_copy, must_end

BYTES = 4 * MIB
FLUSHED_BYTES = 160 * MIB  # decant flushes after 64 MiB and 5 seconds
MEMORY = 512 * KIB
REQUEST = 16 * KIB
REQUESTS = 8
RESTARTS = 3


class Ranges:
    """Of bytes, disjoint."""

    def __init__(self, bytes_):
        self.bytes = bytearray(bytes_)

    def add(self, start, end):
        """How many of them were in it already."""
        before = self.bytes.count(1, start, end)
        self.bytes[start:end] = b"\1" * (end - start)
        return before

    def first_gap(self):
        gap = self.bytes.find(b"\0")
        return gap if gap >= 0 else len(self.bytes)


def counts_source(stage, shared):
    """No byte is read twice but those that were in flight, which are no more than there is memory for."""
    expected = make_image(stage.path("in.img"), BYTES, 4, zeros=False)
    log = stage.path("log")
    server = Server(stage, "server", "nbdkit-file", stage.path("in.img"),
                    options=["-r", "--filter=log", f"logfile={log}", "logappend=true"]).start()
    line = Line(stage, server)
    line.start()
    run = stage.decant(*shared.patience(), f"--memory={MEMORY}", "--rate-limit=2M", server.uri(line), stage.path("out.img"))
    for number in range(RESTARTS):
        part = (number + 1) * BYTES // (RESTARTS + 1) + stage.choose.randrange(BYTES // 10)
        if not run.wait_until("some of the copy", lambda part=part: line.passed("answers") > part):
            raise Failed(f"it ended in the middle: {run.text}")
        server.kill()
        server.start()
    code = must_end(run, 60)
    if code != 0:
        raise Failed(f"exit code {code}: {run.text}")
    line.end()
    done, twice = Ranges(BYTES), 0
    for offset, count in re.findall(r" Read id=\S+ offset=(0x[0-9a-f]+) count=(0x[0-9a-f]+)", read(log)):
        twice += done.add(int(offset, 16), int(offset, 16) + int(count, 16))
    stage.say(f"{twice} bytes were read twice")
    if twice > RESTARTS * MEMORY:
        raise Failed(f"{twice} bytes were read twice, of {RESTARTS} times {MEMORY} that may have been in flight")
    return judge_copy(stage, run, code, PlainFile(stage.path("out.img")), expected, None)


def counts_destination(stage, shared):
    """Nothing below what was flushed is written again; it is large enough that there is a flush before its end."""
    choose = stage.choose
    expected = make_image(stage.path("in.img"), FLUSHED_BYTES, 4, zeros=False)
    junk(stage.path("out.img"), FLUSHED_BYTES)
    log = stage.path("log")
    options = [f"log={log}", f"late={choose.choice((0, 5))}", f"keeps={choose.choice((0, 50))}"]
    server = Server(stage, "server", "forgetful", stage.path("out.img"), options=options).start()
    run = stage.decant(*shared.patience(), f"--memory={MEMORY}", f"--request-size={REQUEST}", f"--requests={REQUESTS}", "-C1",
                       "--rate-limit=20M", stage.path("in.img"), server.uri())
    if not run.wait_until("a flush", lambda: "flush" in read(log)):
        raise Failed(f"it ended without a flush in the middle: {run.text}")
    more = os.path.getsize(log) + choose.randrange(2000)
    run.wait_until("more of the copy", lambda: os.path.getsize(log) > more)
    server.kill()
    server.start()
    code = must_end(run, 60)
    if code != 0:
        raise Failed(f"exit code {code}: {run.text}")
    if not run.said(r"is back: going on at offset [1-9]"):
        raise Failed(f"it didn't go on in the middle: {run.text}")
    nothing_flushed_is_repeated(stage, log)
    return judge_copy(stage, run, code, server, expected, None)


def read(path):
    with open(path, encoding="ascii") as lines:
        return lines.read()


def nothing_flushed_is_repeated(stage, log):
    """As decant knows it: of what was done when a flush came, the answers to some requests may still have been on their way. It has one
    flush out at a time."""
    done, asked_below, flushed_below, flushes = Ranges(FLUSHED_BYTES), 0, 0, 0
    with open(log, encoding="ascii") as lines:
        for what, offset, length in (line.split() for line in lines):
            if what == "start":
                done = Ranges(FLUSHED_BYTES)
                done.add(0, flushed_below)
            elif what in ("write", "zero"):
                if int(offset) < flushed_below - REQUESTS * REQUEST:
                    raise Failed(f"written at {offset}, though it was flushed below {flushed_below}")
                done.add(int(offset), int(offset) + int(length))
            elif what == "asked":
                asked_below = done.first_gap()
            elif what == "flush":
                flushed_below, flushes = asked_below, flushes + 1
    stage.say(f"{flushes} flushes")
