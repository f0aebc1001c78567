# SPDX-License-Identifier: MIT
"""Trials in which servers go away in the middle, and come back or don't."""

import os
import signal
import time

from line import Line
from servers import Keeper, Schedule, Server, junk, make_image
from stage import END_WITHIN_S, KIB, MIB, TOP, Failed, wait_for
from verdict import claims_are_true, judge_copy, must_end

SOURCES = ("nbdkit-file", "qemu-raw", "nbd-server")
DESTINATIONS = ("nbdkit-file", "nbdkit-cache", "qemu-raw", "qemu-qcow2", "nbd-server")


def options_of(choose):
    """What the copy is run with, so that buffers are few or many and requests small or large."""
    options = [f"--memory={choose.choice(('512K', '1M', '2M', '16M'))}"]
    if choose.randrange(2):
        options.append(f"-C{choose.choice((1, 2, 4, 8))}")
    if choose.randrange(4) == 0:
        options.append(f"--request-size={choose.choice(('4K', '16K', '64K'))}")
    if choose.randrange(6) == 0:
        options.append(f"--requests={choose.choice((1, 2, 8))}")
    return options


def moment(seconds):
    """For wait_until: so long after now."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def forgets(stage, shared):
    """A destination that holds what was written until it is flushed dies at a request, several times: received, done or half
    answered, and its connections are cut in between; what was not flushed is lost, but for some of it. Now and then the operator
    stops the copy meanwhile."""
    choose = stage.choose
    bytes_ = choose.choice((1, 2, 8)) * MIB + choose.choice((0, 512, 4096, 12345))
    expected = make_image(stage.path("in.img"), bytes_, choose.randrange(1000), zeros=choose.randrange(3) > 0)
    junk(stage.path("out.img"), bytes_)

    is_multi = choose.randrange(2)

    def life(is_last):
        options = [f"seed={choose.randrange(1 << 30)}", f"keeps={choose.choice((0, 0, 20, 80))}"]
        options.append(f"late={choose.choice((0, 2, 30))}")
        options += ["multi-conn"] if is_multi else []
        if not is_last:
            when = choose.choice(("received", "done", "half", "answered", "torn"))
            options.append(f"dies={choose.randrange(1, 4 if when == 'torn' else choose.choice((10, 40, 200)))}/{when}")
        if choose.randrange(3) == 0:
            options.append("cuts=" + "+".join(str(choose.randrange(1, 200)) for _ in range(choose.randrange(1, 4))))
        return options

    lives = [life(False) for _ in range(choose.randrange(1, 5))] + [life(True)]
    server = Server(stage, "d", "forgetful", stage.path("out.img"), options=lives.pop(0)).start()

    def next_life(server):
        server.options = lives.pop(0)

    Keeper(server, [choose.choice((0, 0.1, 0.5, 2)) for _ in lives], next_life)
    retry_s = choose.choice((1, 60))
    run = stage.decant(*shared.patience(retry_s=retry_s), *options_of(choose), stage.path("in.img"), server.uri())
    is_stopped = choose.randrange(4) == 0 and run.wait_until("a moment", moment(choose.random()))
    if is_stopped:
        run.signal(signal.SIGTERM)
    code = must_end(run, END_WITHIN_S if is_stopped else 90)
    if code != 0 and retry_s == 60 and not is_stopped:
        raise Failed(f"it came back, and the copy ended with {code}: {run.text}")

    def revive():
        stage.tended.clear()
        server.kill()
        server.options = ["multi-conn"] if is_multi else []
        server.start()

    return judge_copy(stage, run, code, server, expected, revive)


def stumbles(stage, shared):
    """Requests that fail once, of those that may be asked again: they are."""
    choose = stage.choose
    expected = make_image(stage.path("in.img"), 2 * MIB, choose.randrange(1000))
    junk(stage.path("out.img"), 2 * MIB)

    def fails():
        return ["fails=" + "+".join(str(number) for number in choose.sample(range(1, 100), choose.randrange(1, 5)))]

    source = Server(stage, "source", "forgetful", stage.path("in.img"), options=fails()).start()
    destination = Server(stage, "destination", "forgetful", stage.path("out.img"), options=fails()).start()
    run = stage.decant(*shared.patience(), *options_of(choose), source.uri(), destination.uri())
    code = must_end(run, 60)
    if code != 0:
        raise Failed(f"exit code {code}: {run.text}")
    return judge_copy(stage, run, code, destination, expected, None)


def restarts(stage, shared):
    """Real servers, killed or suspended at some moment and started again, or not in time."""
    choose = stage.choose
    bytes_ = choose.choice((2, 8)) * MIB
    expected = make_image(stage.path("in.img"), bytes_, choose.randrange(1000))
    junk(stage.path("out.img"), bytes_)
    ends = choose.choice((("source",), ("destination",), ("source", "destination")))
    servers = {}
    for number, (end, kinds, image) in enumerate((("source", SOURCES, "in.img"), ("destination", DESTINATIONS, "out.img"))):
        if end not in ends:
            servers[end] = None
            continue
        kind = choose.choice(kinds)
        tls = choose.choice((None, None, "x509", "psk")) if kind != "nbd-server" else None
        address = shared.address(stage, number) if choose.randrange(2) else None
        servers[end] = Server(stage, end, kind, stage.path(image), address, tls, shared.keys).start()
    moments = []
    are_back = choose.randrange(4) > 0
    for end in ends:
        server = servers[end]
        Keeper(server, [choose.choice((0, 0.2, 1))] * 8 if are_back else [0, 0])
        at = 0
        for _ in range(choose.randrange(1, 4)):
            at += choose.random() * choose.choice((0.1, 0.6, 1.5))
            moments += choose.choice((kill_at, tell_to_end_at, suspend_at, suspend_and_kill_at))(server, at, choose)
        if not are_back:
            moments.append((at, server.kill))
            moments.append((at + 0.1, lambda server=server: give_up_on(stage, server)))
    if choose.randrange(3):
        rate = [f"--rate-limit={choose.choice((2, 8)) * bytes_ // 8}"]
    else:
        rate = []
    words = [servers["source"].uri() if servers["source"] else stage.path("in.img"),
             servers["destination"].uri() if servers["destination"] else stage.path("out.img")]
    run = stage.decant(*shared.patience(retry_s=60 if are_back else 1, timeout_s=3), *rate, *options_of(choose), *words)
    Schedule(stage, moments)
    code = must_end(run, 90)
    if are_back and code != 0:
        raise Failed(f"all came back, and it ended with {code}: {run.text}")

    def revive():
        stage.tended.clear()
        for server in stage.servers:
            server.kill()
            server.start()

    destination = servers["destination"] or PlainFile(stage.path("out.img"))
    return judge_copy(stage, run, code, destination, expected, revive)


class PlainFile:
    """A destination without a server."""

    def __init__(self, path):
        self.path = path

    def finish(self):
        pass

    kill = finish

    def content(self):
        with open(self.path, "rb") as file:
            return file.read()


def give_up_on(stage, server):
    """It doesn't come back."""
    stage.tended[:] = [look for look in stage.tended if getattr(look.__self__, "server", None) is not server]
    server.kill()


def if_running(server, action):
    def act():
        if server.pid and server.running:
            action()
    return act


def kill_at(server, at, _):
    return [(at, if_running(server, server.kill_only))]


def tell_to_end_at(server, at, _):
    """And killed, where it would rather wait for its clients."""
    return [(at, if_running(server, server.tell_to_end)), (at + 0.5, if_running(server, server.kill_only))]


def suspend_at(server, at, choose):
    """For less than the time-out, or for more."""
    return [(at, if_running(server, server.suspend)), (at + choose.choice((0.1, 1, 5)), if_running(server, server.resume))]


def suspend_and_kill_at(server, at, choose):
    return [(at, if_running(server, server.suspend)), (at + choose.choice((0.1, 1, 5)), if_running(server, server.kill_only))]


def commands(stage, shared):
    """A server that decant has started is killed or suspended: it is started again, and waited for no longer than the time-out."""
    choose = stage.choose
    expected = make_image(stage.path("in.img"), 2 * MIB, choose.randrange(1000))
    junk(stage.path("out.img"), 2 * MIB)
    is_source = choose.randrange(2)
    disk = stage.path("in.img" if is_source else "out.img")
    kinds = [["nbdkit", "--exit-with-parent", "--foreground", "file", disk], ["qemu-nbd", "--persistent", "-f", "raw", disk]]
    if not is_source:
        kinds += [[os.path.join(TOP, "tests/trials/forgetful-server"), "-", disk]] * 2
    server = ["[", "sh", "-c", 'echo $$ >>"$0"; exec "$@"', stage.path("pids"), *choose.choice(kinds), "]"]
    words = [*server, stage.path("out.img")] if is_source else [stage.path("in.img"), *server]
    run = stage.decant(*shared.patience(timeout_s=2), "--rate-limit=2M", *options_of(choose), *words)

    def hit(number):
        with open(stage.path("pids"), encoding="ascii") as pids:
            pid = int(pids.read().split()[-1])
        stage.say(f"{pid} gets {number.name}")
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    wait_for("the server to be started", lambda: os.path.exists(stage.path("pids")) and os.path.getsize(stage.path("pids")))
    moments, at = [], 0
    for _ in range(choose.randrange(1, 4)):
        at += choose.random() * 0.6
        number = choose.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP))
        moments.append((at, lambda number=number: hit(number)))
    Schedule(stage, moments)
    code = must_end(run, 60)
    if code != 0:
        raise Failed(f"exit code {code}: {run.text}")
    return judge_copy(stage, run, code, PlainFile(stage.path("out.img")), expected, stage.tended.clear)


def becomes_another(stage, shared):
    """A server comes back with a disk of another size, or one that may not be written to: that is a failure, in words."""
    choose = stage.choose
    expected = make_image(stage.path("in.img"), 2 * MIB, choose.randrange(1000), zeros=False)
    junk(stage.path("out.img"), 2 * MIB)
    is_source = choose.randrange(2)
    server = Server(stage, "server", "nbdkit-file", stage.path("in.img" if is_source else "out.img")).start()
    line = Line(stage, server)
    line.start()

    def change(server):
        if not is_source and choose.randrange(2):
            server.options = ["-r"]
        else:
            server.disk = stage.path("another.img")
            junk(server.disk, 2 * MIB + choose.choice((-MIB, -512, 512, MIB)))

    words = [server.uri(line), stage.path("out.img")] if is_source else [stage.path("in.img"), server.uri(line)]
    run = stage.decant(*shared.patience(), "--rate-limit=1M", *options_of(choose), *words)
    if not run.wait_until("some of the copy", lambda: max(line.passed("answers"), line.passed("questions")) > MIB // 2):
        raise Failed(f"it ended before anything happened: {run.text}")
    Keeper(server, [0.1], change)
    server.kill_only()
    code = must_end(run, 30)
    if code != 1:
        raise Failed(f"exit code {code}: {run.text}")
    stage.nothing_left()
    if is_source:
        claims_are_true(run, PlainFile(stage.path("out.img")).content(), expected)
    return True


def is_down(stage, shared):
    """A server that is down for a while in the middle, source or destination or both: it is waited for, and the copy is done."""
    choose = stage.choose
    expected = make_image(stage.path("in.img"), 4 * MIB, choose.randrange(1000), zeros=False)
    junk(stage.path("out.img"), 4 * MIB)
    source = Server(stage, "source", choose.choice(SOURCES), stage.path("in.img")).start()
    destination = Server(stage, "destination", choose.choice(("forgetful", *DESTINATIONS)), stage.path("out.img")).start()
    downs = choose.choice(((source,), (destination,), (source, destination)))
    lines = {server: Line(stage, server, server.name + "-line") for server in downs}
    for line in lines.values():
        line.start()
    words = [server.uri(lines.get(server)) for server in (source, destination)]
    run = stage.decant(*shared.patience(), "--rate-limit=2M", *options_of(choose), *words)
    half = 512 * KIB + choose.randrange(2 * MIB)
    line = lines[downs[0]]
    if not run.wait_until("some of the copy", lambda: max(line.passed("answers"), line.passed("questions")) > half):
        raise Failed(f"it ended before anything happened: {run.text}")
    for server in downs:
        server.kill()
        lines[server].go_down()
    if not run.wait_until("decant to say that it waits", lambda: run.said(r"(?m)^decant: .*(wait|lost|again)")):
        raise Failed(f"it didn't wait: {run.text}")
    stage.say(f"for {shared.down_s} s")
    moments = [(shared.down_s * (1 + i / 4), lambda server=server: (server.start(), lines[server].come_up()))
               for i, server in enumerate(downs)]
    Schedule(stage, moments)
    code = must_end(run, 90 + 2 * shared.down_s)
    for line in lines.values():
        line.end()
    if code != 0:
        raise Failed(f"exit code {code}: {run.text}")
    return judge_copy(stage, run, code, destination, expected, None)
