# SPDX-License-Identifier: MIT
"""Trials over a network that loses packets, is slow, falls silent, whose link goes down or whose route leads nowhere;
and comes back."""

import signal

from restarts import PlainFile, options_of
from servers import Keeper, Schedule, Server, junk, make_image
from stage import MIB, Failed
from verdict import judge_copy, must_end
from wire import THERE, Wire, ip

TIMEOUT_S = 2
LIVES = 8
SILENT, REFUSES = "10.77.0.9", "10.77.0.3"


def silence(wire):
    return (lambda: wire.say("falls silent", True)), (lambda: wire.say("speaks again", False))


def link(wire):
    def change(state):
        wire.stage.say(f"the link goes {state}")
        ip("link", "set", "wire", state)
    return (lambda: change("down")), (lambda: change("up"))


def route(kind):
    def trouble(wire):
        def change(action):
            wire.stage.say(f"route: {action} {kind}")
            ip("route", action, kind, f"{THERE}/32")
        return (lambda: change("add")), (lambda: change("del"))
    return trouble


TROUBLES = (silence, link, route("blackhole"), route("unreachable"))


def died_of_itself(server):
    """nbdkit asserts that no other thread has closed the connection on which one of its threads answers (`raw_send_socket`), and dies of
    it now and then when that is cut: whoever runs it has it started again. Nothing else may end it."""
    if server.process.returncode != -signal.SIGABRT or "raw_send_socket: Assertion" not in server.last_words():
        raise Failed(f"{server.name} ended with {server.process.returncode}: {server.last_words()}")


def networks(stage, shared):
    choose = stage.choose
    wire = Wire(stage, *choose.choice(((0, 0), (5, 0), (1, 5), (20, 1))))
    expected = make_image(stage.path("in.img"), 2 * MIB, choose.randrange(1000))
    junk(stage.path("out.img"), 2 * MIB)
    is_source = choose.randrange(2)
    tls = choose.choice((None, "x509", "psk"))
    kind = choose.choice(("nbdkit-file", "qemu-raw"))
    server = Server(stage, "server", kind, stage.path("in.img" if is_source else "out.img"), THERE, tls, shared.keys,
                    within=wire.there).start()
    keeper = Keeper(server, [0] * LIVES, died_of_itself)
    going_on = []  # what ends the troubles that have begun

    def moment_of(begins, ends):
        return (lambda: (going_on.append(ends), begins())), (lambda: (going_on.remove(ends), ends()))

    moments, at = [], 0
    for _ in range(choose.randrange(1, 4)):
        begins, ends = moment_of(*choose.choice(TROUBLES)(wire))
        at += choose.random() * choose.choice((0.2, 1))
        moments.append((at, begins))
        at += choose.choice((0.2, 1, 1.5 * TIMEOUT_S, 3 * TIMEOUT_S))
        moments.append((at, ends))
    comes_back = choose.randrange(4) > 0
    if not comes_back:
        del moments[-1]
    words = [server.uri(), stage.path("out.img")] if is_source else [stage.path("in.img"), server.uri()]
    run = stage.decant(*shared.patience(60 if comes_back else 2, TIMEOUT_S), "--rate-limit=1M", *options_of(choose), *words)
    Schedule(stage, moments)
    code = must_end(run, 120)
    if comes_back and code != 0:
        raise Failed(f"all came back, and it ended with {code}: {run.text}")

    def revive():
        stage.tended[:] = [keeper.look]
        wire.loss_percent = 0
        for ends in going_on:
            ends()

    return judge_copy(stage, run, code, PlainFile(stage.path("out.img")), expected, revive)


def addresses(stage, shared):
    """A name with several addresses: behind one nobody answers, behind another nobody listens, and behind one is the server; at the
    start and when it was started again."""
    wire = Wire(stage, 1, 0)
    choose = stage.choose
    stage.own_mounts()
    found = [SILENT, REFUSES, THERE]
    choose.shuffle(found)
    stage.own_etc(hosts="".join(f"{address} disks.example\n" for address in found))
    with wire.there():
        ip("addr", "add", f"{REFUSES}/24", "dev", "wire")
    expected = make_image(stage.path("in.img"), 2 * MIB, choose.randrange(1000))
    junk(stage.path("out.img"), 2 * MIB)
    is_source = choose.randrange(2)
    server = Server(stage, "server", "nbdkit-file", stage.path("in.img" if is_source else "out.img"), THERE, within=wire.there).start()
    uri = server.uri().replace(THERE, "disks.example")
    words = [uri, stage.path("out.img")] if is_source else [stage.path("in.img"), uri]
    run = stage.decant(*shared.patience(60, TIMEOUT_S), "--rate-limit=1M", *words)

    def restart():
        server.kill()
        server.start()

    Schedule(stage, [(1 + TIMEOUT_S * choose.random(), restart)])
    code = must_end(run, 60)
    if code != 0:
        raise Failed(f"exit code {code}: {run.text}")
    return judge_copy(stage, run, code, PlainFile(stage.path("out.img")), expected, None)
