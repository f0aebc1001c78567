# SPDX-License-Identifier: MIT
"""Trials in which the line to a server breaks behind each byte of the handshake and of the first replies, either way."""

from dataclasses import replace

from line import ANSWERS, CUT, QUESTIONS, RESET, STALL, Break, Line
from servers import Server, make_image
from stage import KIB, Failed
from verdict import claims_are_true, must_end, same

BYTES = 96 * KIB
EACH = 16  # bytes that one trial breaks behind
BEHIND_HANDSHAKE = 160
TIMEOUT_S = 0.5
# Several requests may run into the time-out one after the other, the goodbye last; and a flush, for which a server has longer.
FLUSH_PATIENCE = 10
GIVES_UP_S = (4 + FLUSH_PATIENCE) * TIMEOUT_S + 2
ALWAYS = 1 << 30

VERBS = ("source", "destination", "info", "map")
COMBINATIONS = [(verb, tls, how) for verb in VERBS for tls in (None, "x509", "psk") for how in (CUT, STALL)]

# So many trials break behind every byte: no handshake and no first replies have more.
BYTES_MAX = 3072
ALL = len(COMBINATIONS) * BYTES_MAX // EACH


class Attempt:
    """One verb on one server, as often as wanted."""

    def __init__(self, stage, shared, verb, tls):
        self.stage, self.shared, self.verb = stage, shared, verb
        self.is_copy = verb in ("source", "destination")
        self.expected = make_image(stage.path("in.img"), BYTES, 5)
        kind = stage.choose.choice(("nbdkit-file", "qemu-raw"))
        self.disk = stage.path("out.img" if verb == "destination" else "in.img")
        self._clear()
        address = shared.address(stage, 0) if stage.choose.randrange(2) else None
        self.server = Server(stage, "server", kind, self.disk, address, tls, shared.keys).start()
        self.lines = 0

    def _clear(self):
        with open(self.stage.path("out.img"), "wb") as out:
            out.write(b"\252" * BYTES)

    def words(self, verb, uri):
        """Of the command line: the verb that decant knows first."""
        return {"source": ["copy", uri, self.stage.path("out.img")], "destination": ["copy", self.stage.path("in.img"), uri],
                "info": ["info", uri], "map": ["map", uri], "handshake": ["info", "--size", uri]}[verb]

    def line(self, breaks):
        """A line of its own for each run, so that nothing of the one before is on it."""
        self.lines += 1
        address = self.shared.address(self.stage, self.lines) if self.server.address else None
        line = Line(self.stage, self.server, f"line-{self.lines}", address)
        line.breaks = breaks
        line.start()
        return line

    def run(self, breaks, *options, verb=None):
        """A run of decant, and the line that it uses."""
        self._clear()
        line = self.line(breaks)
        verb, *places = self.words(verb or self.verb, self.server.uri(line))
        with open(self.stage.path("printed"), "wb") as printed:
            run = self.stage.decant(verb, *options, *places, stdout=printed)
        return run, line

    def printed(self, line):
        """Without the name of the line."""
        with open(self.stage.path("printed"), "rb") as printed:
            return printed.read().replace((line.address or line.socket).encode(), b"LINE")

    def content(self):
        with open(self.stage.path("out.img"), "rb") as out:
            return out.read()

    def is_right(self, line, expected_print):
        if not self.is_copy:
            if self.printed(line) != expected_print:
                raise Failed(f"printed something else: {self.printed(line)!r}, not {expected_print!r}")
        else:
            same(self.content(), self.expected)


def measure(attempt):
    """How many bytes pass either way until the handshake and the first replies are over, and what is printed."""
    run, line = attempt.run([])
    if must_end(run, 20) != 0:
        raise Failed(f"nothing was broken, and it failed: {run.text}")
    attempt.is_right(line, attempt.printed(line))
    line.end()
    expected, passed = attempt.printed(line), {way: line.passed(way) for way in (QUESTIONS, ANSWERS)}
    run, line = attempt.run([], verb="handshake")
    if must_end(run, 20) != 0:
        raise Failed(f"nothing was broken, and it failed: {run.text}")
    line.end()
    for way in passed:
        passed[way] = min(passed[way], line.passed(way) + BEHIND_HANDSHAKE)
    return expected, passed


def breaks(stage, shared):
    """Cut, reset or silent behind a byte: once, and then it is done; always, and then it gives up in time."""
    block, number = divmod(int(stage.name.rpartition("-")[2]), len(COMBINATIONS))
    verb, tls, how = COMBINATIONS[number]
    attempt = Attempt(stage, shared, verb, tls)
    expected, passed = measure(attempt)
    total = sum(passed.values())
    if total > BYTES_MAX:
        raise Failed(f"{total} bytes pass, of which not all would have their turn: BYTES_MAX is {BYTES_MAX}")
    first = block * 7919 % (total // EACH + 1) * EACH
    for at in range(first, min(first + EACH, total)):
        way, after = (QUESTIONS, at) if at < passed[QUESTIONS] else (ANSWERS, at - passed[QUESTIONS])
        break_once(stage, shared, attempt, Break(way, after, how), expected, passed)
    return True


def break_once(stage, shared, attempt, where, expected, passed):
    """`where` it breaks: on the first connection, on those that follow one that was cut in the middle, or on all."""
    choose = stage.choose
    how = RESET if where.how == CUT and choose.randrange(2) else where.how
    which = choose.choice(("first", "again", "always"))
    patience_s = choose.choice((0, 2)) if which == "always" else 20
    options = [f"--timeout={TIMEOUT_S}", f"--wait={patience_s}"] + ([f"--retry={patience_s}"] if attempt.is_copy else [])
    if which == "again":
        in_the_middle = Break(ANSWERS, passed[ANSWERS] - choose.randrange(16), CUT)
        breaks_ = [in_the_middle, replace(where, how=how, first=1, until=choose.choice((2, 4)))]
    else:
        breaks_ = [replace(where, how=how, until=1 if which == "first" else ALWAYS)]
    run, line = attempt.run(breaks_, *options)
    code = must_end(run, patience_s + GIVES_UP_S)
    if code not in (0, 1):
        raise Failed(f"exit code {code}: {run.text}")
    if code == 0:
        attempt.is_right(line, expected)
    else:
        if which != "always" and attempt.is_copy:
            raise Failed(f"the line was whole again, and decant gave up: {run.text}")
        claims_are_true(run, attempt.content(), attempt.expected)
        if not line.broken:
            raise Failed(f"nothing broke, and it failed: {run.text}")
    stage.nothing_left()
    line.end()
