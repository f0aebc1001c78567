# SPDX-License-Identifier: MIT
"""Trials in which the operator wants decant to end while somebody else keeps it waiting: in every state in which it
waits. It has to be over within 6 seconds, with a failure, and nothing may be left behind.
"""

import os
import re
import signal
import socket
import stat
import subprocess

from line import ANSWERS, QUESTIONS, STALL, Break, Line
from servers import PORT, Server, make_image
from stage import CLONE_NEWNET, END_WITHIN_S, MIB, TOP, Failed, Skipped, call
from verdict import claims_are_true, same

BYTES = 4 * MIB


class Wait:
    """What decant is run with, and when it has come to where it waits."""

    def __init__(self, words, reached=None, environment=None):
        self.words, self.reached, self.environment = words, reached, environment or {}


def told_by(server, what):
    """The server writes what it was asked for."""
    log = server.stage.path(server.name + ".log")

    def has_told():
        with open(log, encoding="utf-8", errors="replace") as lines:
            return re.search(rf"(?m)^\d+ {what}$", lines.read())
    return has_told


def odd(stage, verb, *options):
    return Server(stage, "server", "odd", disk_of(stage, verb), options=options).start()


def disk_of(stage, verb):
    return stage.path("other.img" if verb == "destination" else "in.img")


def stalls(what, *more, verb="source"):
    """A server that falls silent when it comes to something."""
    def state(stage, _):
        server = odd(stage, verb, f"stall={what}", *more)
        return Wait(words_of(stage, verb, server.uri()), told_by(server, what))
    return state


def words_of(stage, verb, uri):
    return {"source": [uri, stage.path("out.img")], "destination": [stage.path("in.img"), uri], "both": [uri, uri],
            "info": ["info", uri], "size": ["info", "--size", uri], "list": ["info", "--list", uri], "map": ["map", uri]}[verb]


def full(verb, address=None):
    """Nobody accepts, and the queue of those who want to connect is full."""
    def state(stage, shared):
        where = shared.address(stage, 0) if address else stage.path("full.sock")
        listener = socket.socket(socket.AF_INET if address else socket.AF_UNIX)
        listener.bind((where, PORT) if address else where)
        listener.listen(0)
        waiting = []
        for _ in range(4):
            one = socket.socket(listener.family)
            one.setblocking(False)
            one.connect_ex((where, PORT) if address else where)
            waiting.append(one)
        stage.kept = listener, waiting
        uri = f"nbd://{where}/" if address else f"nbd+unix:///?socket={where}"
        return Wait(["--wait=300", *words_of(stage, verb, uri)])
    return state


def suspended(verb, tls=None):
    """A real server that is suspended before decant comes."""
    def state(stage, shared):
        kind = stage.choose.choice(("nbdkit-file", "qemu-raw"))
        server = Server(stage, "server", kind, disk_of(stage, verb), None, tls, shared.keys).start()
        server.suspend()
        return Wait(words_of(stage, verb, server.uri()))
    return state


def tls_mute(verb):
    def state(stage, shared):
        server = odd(stage, verb, "tls-mute")
        server.tls, server.keys = "x509", shared.keys
        return Wait(words_of(stage, verb, server.uri()), told_by(server, "starttls"))
    return state


def tls_partly(verb):
    """The line falls silent somewhere in the handshake of TLS."""
    def state(stage, shared):
        server = Server(stage, "server", "nbdkit-file", disk_of(stage, verb), None, "x509", shared.keys).start()
        line = Line(stage, server)
        line.breaks = [Break(ANSWERS, stage.choose.randrange(38, 900), STALL, until=99)]
        line.start()
        return Wait(words_of(stage, verb, server.uri(line)), lambda: line.broken)
    return state


def in_the_middle(verb, way, behind):
    """The line falls silent in a request or in a reply."""
    def state(stage, _):
        server = Server(stage, "server", "nbdkit-file", disk_of(stage, verb)).start()
        line = Line(stage, server)
        line.breaks = [Break(way, behind + stage.choose.randrange(MIB), STALL, until=99)]
        line.start()
        return Wait(["-C1", *words_of(stage, verb, server.uri(line))], lambda: line.broken)
    return state


def hanging_command(*words):
    def state(stage, _):
        return Wait(["[", *words, "]", stage.path("out.img")])
    return state


def hanging_server(*manners, what):
    """A server that decant has started."""
    def state(stage, _):
        log = stage.path("started.log")
        command = f'exec "$0" - "$1" {" ".join(manners)} 2>"$2"'
        server = os.path.join(TOP, "tests/odd-server")

        def has_told():
            return os.path.exists(log) and re.search(rf"(?m)^\d+ {what}$", open(log, encoding="utf-8").read())
        return Wait(["[", "sh", "-c", command, server, stage.path("in.img"), log, "]", stage.path("out.img")], has_told)
    return state


def fifo(verb):
    """Which nobody opens at the other side."""
    def state(stage, _):
        os.mkfifo(stage.path("fifo"))
        return Wait([stage.path("fifo"), stage.path("out.img")] if verb == "source" else [stage.path("in.img"), stage.path("fifo")])
    return state


def silent_pipe(stage, _):
    stage.stdin, stage.kept = os.pipe()
    return Wait(["-", stage.path("out.img")])


def full_pipe(stage, _):
    stage.kept, stage.stdout = os.pipe()
    return Wait([stage.path("in.img"), "-"])


def name_lookup(verb):
    """The only name server says nothing. It takes mounts and a network of its own."""
    def state(stage, _):
        if os.geteuid() != 0:
            raise Skipped("needs root")
        call("unshare", CLONE_NEWNET)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        stage.kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stage.kept.bind(("127.0.0.1", 53))
        stage.own_etc(resolv_conf="nameserver 127.0.0.1\noptions timeout:30 attempts:3\n", hosts="127.0.0.1 localhost\n")
        stage.kept.setblocking(False)

        def was_asked():
            try:
                return stage.kept.recv(512)
            except BlockingIOError:
                return False
        return Wait(words_of(stage, verb, "nbd://disks.example/"), was_asked)
    return state


def not_there(verb):
    """The server isn't there yet, and decant has time."""
    def state(stage, _):
        return Wait(["--wait=300", *words_of(stage, verb, f"nbd+unix:///?socket={stage.path('none.sock')}")])
    return state


def gone(verb):
    """The server has gone in the middle, and decant waits for it."""
    def state(stage, _):
        server = Server(stage, "server", "nbdkit-file", disk_of(stage, verb)).start()
        line = Line(stage, server)
        line.start()

        def has_gone():
            if not line.is_down and line.passed(QUESTIONS) + line.passed(ANSWERS) > BYTES // 4:
                line.go_down()
            return line.is_down
        return Wait(["--rate-limit=2M", *words_of(stage, verb, server.uri(line))], has_gone)
    return state


STATES = {
    "connecting-unix": full("source"), "connecting-unix-destination": full("destination"), "connecting-unix-info": full("info"),
    "connecting-tcp": full("source", "tcp"), "connecting-tcp-destination": full("destination", "tcp"),
    "connecting-tcp-map": full("map", "tcp"),
    "hello": suspended("source"), "hello-destination": suspended("destination"), "hello-info": suspended("info"),
    "hello-map": suspended("map"), "hello-tls": suspended("source", "x509"), "hello-psk": suspended("destination", "psk"),
    "tls": tls_mute("source"), "tls-destination": tls_mute("destination"), "tls-info": tls_mute("info"), "tls-map": tls_mute("map"),
    "tls-partly": tls_partly("source"), "tls-partly-destination": tls_partly("destination"), "tls-partly-info": tls_partly("info"),
    **{f"option-{what}-source": stalls(what, verb="source") for what in ("structured", "set-meta", "go")},
    **{f"option-{what}-destination": stalls(what, verb="destination") for what in ("structured", "go")},
    **{f"option-{what}-info": stalls(what, verb="info") for what in ("structured", "list-meta", "go")},
    "option-info": stalls("info", verb="size"), "option-list": stalls("list", verb="list"), "option-map": stalls("go", verb="map"),
    "request-read": stalls("read"), "request-status": stalls("status"), "request-write": stalls("write", verb="destination"),
    "request-status-map": stalls("status", verb="map"), "request-read-several": stalls("read", "multi-conn"),
    "flush": stalls("flush", verb="destination"),
    "goodbye": stalls("goodbye"), "goodbye-destination": stalls("goodbye", verb="destination"),
    "goodbye-info": stalls("goodbye", verb="info"), "goodbye-map": stalls("goodbye", "never-closes", verb="map"),
    "mid-request": in_the_middle("destination", QUESTIONS, 1000), "mid-reply": in_the_middle("source", ANSWERS, 2000),
    "command-hangs": hanging_command("sleep", "300"),
    "command-hello": hanging_server("stall=hello", what="hello"), "command-read": hanging_server("stall=read", what="read"),
    "command-ignores": hanging_server("stall=hello", "ignores-sigterm", what="hello"),
    "command-ignores-read": hanging_server("stall=read", "ignores-sigterm", what="read"),
    "fifo": fifo("source"), "fifo-destination": fifo("destination"), "silent-pipe": silent_pipe, "full-pipe": full_pipe,
    "name": name_lookup("source"), "name-destination": name_lookup("destination"), "name-info": name_lookup("info"),
    "not-there": not_there("source"), "not-there-destination": not_there("destination"), "not-there-map": not_there("map"),
    "gone": gone("source"), "gone-destination": gone("destination"),
}
# All was done before; only good manners are left.
COMPLETE = ("goodbye", "goodbye-destination", "goodbye-info", "goodbye-map")
# Those whose destination is behind a server.
OTHER = [name for name in STATES if "destination" in name and name != "fifo-destination"]
OTHER += ["request-write", "flush", "mid-request"]


def files_in_tmp():
    return sorted(name for name in os.listdir("/tmp") if name.startswith("decant-"))


def signals(stage, shared):
    number = int(stage.name.rpartition("-")[2])
    name = list(STATES)[number % len(STATES)]
    expected = make_image(stage.path("in.img"), BYTES, 3, zeros=False)
    for other in "other.img", "out.img":
        with open(stage.path(other), "wb") as out:
            out.write(b"\252" * BYTES)
    has_own_tmp = stage.own_mounts()
    which = stage.choose.choice((signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    stage.say(f"state {name}")
    wait = STATES[name](stage, shared)
    streams = {stream: getattr(stage, stream) for stream in ("stdin", "stdout") if hasattr(stage, stream)}
    verb = next((word for word in wait.words if word in ("info", "map")), "copy")
    patience = ["--timeout=300"] + (["--retry=300"] if verb == "copy" else [])
    run = stage.decant(verb, *patience, *(word for word in wait.words if word != verb), **streams)
    if wait.reached and not run.wait_until(f"the state {name}", wait.reached):
        raise Failed(f"it ended before it came there: {run.text}")
    if not run.wait_until("decant to wait", run.is_idle):
        raise Failed(f"it ended instead of waiting: {run.text}")
    run.signal(which)
    code = run.end(END_WITHIN_S)
    if code not in ((0,) if name in COMPLETE else (1, -which)):
        raise Failed(f"it ended with {code}: {run.text}")
    found = read(stage.path("other.img" if name in OTHER else "out.img"))
    if code == 1:
        claims_are_true(run, found, expected)
    elif name in COMPLETE and verb == "copy":
        same(found, expected)
    stage.nothing_left()
    if has_own_tmp and files_in_tmp():
        raise Failed(f"left in /tmp: {files_in_tmp()}")
    return True


def read(path):
    with open(path, "rb") as file:
        return file.read()
