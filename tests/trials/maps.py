# SPDX-License-Identifier: MIT
"""Trials in which a copy or a rescue with a mapfile dies, by a signal, by kill -9, or together with the disk it writes to,
time and again, and the same command goes on until all is done.

At each death, all that the map calls finished is compared with the source, byte by byte, and afterwards none of it is read
again.
"""

import os
import re
import signal

from restarts import PlainFile, moment
from servers import Keeper, Server, junk, make_image
from stage import END_WITHIN_S, KIB, MIB, Failed
from verdict import GO_ON, GOOD, same

SECTOR = 512
MARK_BYTES = 4 * KIB  # by which a source is known again; and the block of a destination that a boundary lies in
DEATHS = 5

SOURCES = ("file", "command", "nbdkit-file", "qemu-raw", "nbd-server")
DESTINATIONS = ("file", "command", "nbdkit-file", "nbdkit-cache", "qemu-raw", "qemu-qcow2", "nbd-server", "forgetful")


def areas(path):
    """What a mapfile says: (start, end, status)."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as lines:
        rows = [line.split() for line in lines if not line.startswith("#")][1:]
    return [(int(start, 16), int(start, 16) + int(length, 16), status) for start, length, status in rows]


def finished(path):
    return [(start, end) for start, end, status in areas(path) if status == "+"]


class End:
    """Where a copy reads or writes: a file, or a server for it of any kind."""

    def __init__(self, stage, name, kind, image, parameters=()):
        self.stage, self.kind, self.image = stage, kind, stage.path(image)
        self.server = None
        if kind == "command":
            filters = [word for word in parameters if word.startswith("-")]
            rest = [word for word in parameters if not word.startswith("-")]
            self.words = ["[", "nbdkit", *filters, "file", self.image, *rest, "]"]
        elif kind == "file":
            self.words = [self.image]
        else:
            self.server = Server(stage, name, kind, self.image, options=parameters).start()
            self.words = [self.server.uri()]
            Keeper(self.server, [0] * DEATHS)  # nbdkit 1.32 may fall over a client that goes away in the middle of a reply, and is there again

    def content(self, with_power):
        """What is there after a death; `with_power`: that was its server's, too, which is then there again."""
        if not os.path.exists(self.image):
            return b""
        if self.server and with_power:
            self.server.kill()
        found = (self.server or PlainFile(self.image)).content()
        if self.server and with_power:
            self.server.start()
        return found

    def finish(self):
        if self.server:
            self.server.finish()
        return (self.server or PlainFile(self.image)).content()


def die(run, choose, longest_s):
    """Lets it run for a moment, and ends it. Returns its exit code."""
    number = choose.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
    if run.wait_until("a moment", moment(choose.random() * longest_s)):
        run.signal(number)
    code = run.end(END_WITHIN_S)
    if code not in (0, 3, 1 if number != signal.SIGKILL else -number, -number):
        raise Failed(f"exit code {code}: {run.text}")
    return code


def finished_is_there(path, found, expected):
    for start, end in finished(path):
        if found[start:end] != expected[start:end]:
            raise Failed(f"[{start}, {end}) is called finished, and isn't; the map has {areas(path)}")


def nothing_is_read_again(log, before):
    """Of what was finished when this run began. The log is of its reads."""
    if not os.path.exists(log):
        return
    with open(log, encoding="ascii") as lines:
        text = lines.read()
    for offset, length in re.findall(r" Read id=\S+ offset=(0x[0-9a-f]+) count=(0x[0-9a-f]+)", text):
        offset, end = int(offset, 16), int(offset, 16) + int(length, 16)
        if end - offset != MARK_BYTES and any(start + MARK_BYTES < end and offset < stop - MARK_BYTES for start, stop in before):
            raise Failed(f"[{offset}, {end}) was read again, of {before}")
    os.unlink(log)


def live_and_die(stage, words, expected, destination, log, longest_s):
    """Until it is done. Returns the exit code of the last run."""
    choose, path = stage.choose, stage.path("m.map")
    command, before, alive = None, [], 0
    for _ in range(DEATHS):
        run = stage.shell(command) if command else stage.decant(*words)
        code = die(run, choose, longest_s)
        stage.nothing_left()
        nothing_is_read_again(log, before)
        with_power = destination.kind == "qemu-qcow2" or (destination.kind == "forgetful" and code != 1)
        finished_is_there(path, destination.content(with_power), expected)
        before = finished(path)
        if any(int(good) > 0 and not any(start == 0 and end >= int(good) for start, end in before) for good in GOOD.findall(run.text)):
            raise Failed(f"its map calls less finished than it says is good: {before}")
        stage.say(f"{sum(end - start for start, end in before)} bytes are finished")
        if code in (0, 3):
            return code
        commands = GO_ON.findall(run.text)  # of a run that wasn't killed, if it had begun
        if commands and "m.map" not in commands[0]:
            raise Failed(f"what it printed goes on without its map: {run.text}")
        command = commands[0] if commands else None
        alive += 1
    run = stage.decant(*words)
    code = run.end(120)
    nothing_is_read_again(log, before)
    if code not in (0, 3):
        raise Failed(f"after {alive} deaths, it ended with {code}: {run.text}")
    return code


def logging(stage, kind):
    """The parameters of a source that writes down what was read of it, if it can."""
    return ("--filter=log", f"logfile={stage.path('reads')}", "logappend=true") if kind in ("command", "nbdkit-file") else ()


def dies_copying(stage, _):
    """It flushes, and keeps its map, when so much was written, and not before five seconds are over; or at a signal."""
    choose = stage.choose
    bytes_ = 96 * MIB + choose.choice((0, 512, 12288))  # qemu-nbd rounds up what isn't whole sectors
    expected = make_image(stage.path("in.img"), bytes_, choose.randrange(1000), zeros=choose.randrange(4) == 0)
    kinds = choose.choice(SOURCES), choose.choice(DESTINATIONS)
    stage.say(f"from {kinds[0]} to {kinds[1]}")
    if kinds[1] != "file" or choose.randrange(2):
        junk(stage.path("out.img"), bytes_)
    source = End(stage, "source", kinds[0], "in.img", logging(stage, kinds[0]))
    destination = End(stage, "destination", kinds[1], "out.img")
    words = ["--wait=30", f"--mapfile={stage.path('m.map')}", f"--rate-limit={choose.choice((10, 13, 30))}M", *source.words, *destination.words]
    code = live_and_die(stage, words, expected, destination, stage.path("reads"), choose.choice((1, 5, 9)))
    if code != 0:
        raise Failed(f"it ended with {code}")
    same(destination.finish(), expected)
    finished_is_there(stage.path("m.map"), expected, expected)
    if sum(end - start for start, end in finished(stage.path("m.map"))) != bytes_:
        raise Failed(f"not all is finished: {areas(stage.path('m.map'))}")
    return True


def bad_areas(choose, sectors):
    """Here and there, some of them next to each other."""
    bad = set()
    for _ in range(choose.randrange(1, 12)):
        at = choose.choice((0, sectors - 1, *(choose.randrange(sectors) for _ in range(8))))
        bad.update(range(at, min(at + choose.choice((1, 1, 2, 3, 40)), sectors)))
    return bad


def runs_of(bad):
    runs = []
    for sector in sorted(bad):
        if runs and runs[-1][1] == sector * SECTOR:
            runs[-1] = runs[-1][0], (sector + 1) * SECTOR
        else:
            runs.append((sector * SECTOR, (sector + 1) * SECTOR))
    return runs


def dies_rescuing(stage, _):
    """It keeps its map after 30 seconds, or at a signal."""
    choose = stage.choose
    bytes_ = 8 * MIB
    expected = make_image(stage.path("in.img"), bytes_, choose.randrange(1000), zeros=choose.randrange(4) == 0)
    bad = runs_of(bad_areas(choose, bytes_ // SECTOR))
    with open(stage.path("bad.map"), "w", encoding="ascii") as lines:
        lines.write(f"0 + 1\n0 {bytes_} +\n" if not bad else "0 + 1\n")
        at = 0
        for start, end in bad:
            lines.write(f"{at} {start - at} +\n" * (start > at) + f"{start} {end - start} -\n")
            at = end
        lines.write(f"{at} {bytes_ - at} +\n" * (at < bytes_))
    kinds = choose.choice(("command", "nbdkit-file")), choose.choice(DESTINATIONS)
    stage.say(f"from {kinds[0]} to {kinds[1]}, bad: {bad}")
    was_there = kinds[1] != "file" or choose.randrange(2)
    if was_there:
        junk(stage.path("out.img"), bytes_)
    failing = ("--filter=ddrescue", "--filter=delay", f"ddrescue-mapfile={stage.path('bad.map')}",
               f"delay-read={choose.choice((1, 5, 20))}ms")
    filters, rest = logging(stage, kinds[0])[:1], logging(stage, kinds[0])[1:]
    source = End(stage, "source", kinds[0], "in.img", (*filters, *failing, *rest))
    destination = End(stage, "destination", kinds[1], "out.img")
    words = ["rescue", "--quiet", "--wait=30", f"--mapfile={stage.path('m.map')}", *source.words, *destination.words]
    code = live_and_die(stage, words, expected, destination, stage.path("reads"), choose.choice((0.3, 1, 3, 10)))
    if code != 3:
        raise Failed(f"it ended with {code}")
    wanted = bytearray(expected)
    for start, end in bad:
        wanted[start:end] = (b"\252" if was_there else b"\0") * (end - start)
    same(destination.finish(), bytes(wanted))
    found = [(start, end, status) for start, end, status in areas(stage.path("m.map")) if status != "+"]
    if found != [(start, end, "-") for start, end in bad]:
        raise Failed(f"bad is {bad}, and the map has {found}")
    return True
