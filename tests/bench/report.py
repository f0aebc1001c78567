# SPDX-License-Identifier: MIT
"""What the measurements say: medians, ratios, marks where a target is missed, as text, as a document and as a picture."""

import os
import platform
import re
from dataclasses import dataclass, field
from statistics import median

# What decant is to reach. Times and processor time as ratios, see Outcome.
CPU_TARGET = 0.6
CPU_FLOOR_TARGET = 1.3
WALL_TARGET_SERVER_BOUND = 1.0
WALL_FLOOR_TARGET = 1.18  # judged where the peer is at the floor: 0.85 of its speed
AT_THE_FLOOR = 0.95  # of the peer's time
PEAK_TARGET_MIB = 20
PEAK_TARGET_FAR_MIB = 52
SMALL_MEMORY_TARGET = 0.7  # of the speed by default
BUSY = 0.95  # of a core: then the server is the limit


@dataclass
class Row:
    """A program's runs of a workload."""
    samples: list = field(default_factory=list)
    calls: object = None
    moved: object = None
    skipped: str = ""
    far_behind: bool = False  # so it had one turn

    def _median(self, name):
        return median(getattr(sample, name) for sample in self.samples) if self.samples else None

    wall = property(lambda self: self._median("wall"))
    cpu = property(lambda self: self._median("cpu"))
    server_cpu = property(lambda self: self._median("server_cpu"))
    peak_mib = property(lambda self: self.samples and self._median("peak_kib") / 1024)


def ratio(a, b):
    return a / b if a is not None and b else None


@dataclass
class Outcome:
    """A workload's rows by program."""
    name: str
    workload: object
    rows: dict = field(default_factory=dict)
    skipped: str = ""

    def _of(self, program, what):
        return getattr(self.rows[program], what) if program in self.rows else None

    def best_peer(self):
        return min((row.wall for program, row in self.rows.items() if program in self.workload.peers and row.samples), default=None)

    def wall_ratio(self, program="decant"):
        return ratio(self._of(program, "wall"), self.best_peer())

    def cpu_ratio(self, program="decant"):
        return ratio(self._of(program, "cpu"), self._of("nbdcopy", "cpu"))

    def floor_ratio(self, program, what):
        """Its wall or processor time by that of the bare loop that moves the same bytes, floors.py."""
        return ratio(self._of(program, what), self._of("floor", what))

    def is_at_the_floor(self):
        """Where the faster peer is, nobody can be much faster."""
        return (ratio(self._of("floor", "wall"), self.best_peer()) or 0) >= AT_THE_FLOOR

    def server_share(self, program="decant"):
        """The cores that its servers take, on average."""
        return ratio(self._of(program, "server_cpu"), self._of(program, "wall"))

    def server_bound(self):
        return (self.server_share() or 0) >= BUSY

    def wall_target(self):
        return WALL_TARGET_SERVER_BOUND if self.server_bound() else self.workload.wall_target

    def small_memory_reached(self):
        return ratio(self._of("decant", "wall"), self._of("decant --memory=2M", "wall"))

    def remarks(self, program):
        """What there is to say of a row; a target missed begins with MISSED."""
        row = self.rows[program]
        if row.skipped:
            return [row.skipped]
        said = []

        def judge(what, value, target, at_least=False):
            if value is not None and (value < target if at_least else value > target):
                said.append(f"MISSED {what} {'>=' if at_least else '<='} {target:g}")

        if program == "decant":
            if self.server_bound():
                said.append("server is the limit")
            if self.is_at_the_floor():
                said.append("the peer is at the floor")
                judge("time x floor", self.floor_ratio(program, "wall"), WALL_FLOOR_TARGET)
            else:
                judge("time", self.wall_ratio(), self.wall_target())
            judge("cpu", self.cpu_ratio(), CPU_TARGET)
            if not self.workload.does_more:
                judge("cpu x floor", self.floor_ratio(program, "cpu"), CPU_FLOOR_TARGET)
            judge("peak", row.peak_mib, PEAK_TARGET_FAR_MIB if self.workload.is_far else PEAK_TARGET_MIB)
            direct = ratio(row.wall, self._of("qemu-img -t none", "wall"))
            if direct:
                said.append(f"{direct:.2f} of qemu-img -t none's time")
        elif program == "decant --memory=2M":
            reached = self.small_memory_reached()
            if reached:
                said.append(f"{reached:.2f} of the default's speed")
                judge("speed", reached, SMALL_MEMORY_TARGET, at_least=True)
        if row.far_behind:
            said.append("far behind: one turn")
        return said


# ---- as text

COLUMNS = ("workload", "program", "seconds", "/peer", "x floor", "cpu s", "/nbdcopy", "x floor", "peak MiB", "calls", "moved", "server s",
           "server", "")
WIDTHS = (-14, -18, 8, 6, 7, 7, 8, 7, 8, 9, 6, 8, 6, -1)


def figure(value, form):
    return "-" if value is None or value == [] else format(value, form)


def cells(outcome, program):
    row = outcome.rows[program]
    share = outcome.server_share(program)
    return (outcome.name, program, figure(row.wall, ".3f"), figure(outcome.wall_ratio(program), ".2f"),
            figure(outcome.floor_ratio(program, "wall"), ".2f"), figure(row.cpu, ".3f"), figure(outcome.cpu_ratio(program), ".2f"),
            figure(outcome.floor_ratio(program, "cpu"), ".2f"), figure(row.peak_mib, ".1f"), figure(row.calls, "d"),
            figure(row.moved, ".2f"), figure(row.server_cpu, ".3f"), figure(share, ".0%"), "; ".join(outcome.remarks(program)))


def line(values):
    return " ".join(f"{value:<{-width}}" if width < 0 else f"{value:>{width}}" for value, width in zip(values, WIDTHS)).rstrip()


HEADING = line(COLUMNS)


def text(outcome):
    if outcome.skipped:
        return line((outcome.name, f"skipped: {outcome.skipped}"))
    return "\n".join(line(cells(outcome, program)) for program in outcome.rows)


# ---- as a document

NOTES = "benchmarks-notes.md"  # beside the document in docs/: what people have to say about it


def machine_words():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = re.search(r"model name\s*: (.*)", info.read())
    with open("/proc/meminfo", encoding="ascii") as info:
        memory = int(re.search(r"MemTotal: +(\d+)", info.read())[1])
    return (f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, {memory / (1 << 20):.0f} GiB of memory, "
            f"Linux {platform.release()}")


def markdown_row(values):
    return "| " + " | ".join(values) + " |\n"


def markdown_table(heads, rows, words=1):
    """The first so many columns have words, the others figures."""
    yield markdown_row(heads)
    yield markdown_row(["---"] * words + ["--:"] * (len(heads) - words))
    for row in rows:
        yield markdown_row(row)


def numbers(text):
    """Those of an option that takes several."""
    return [int(word) for word in text.split()]


def marks(run):
    """Between which a document has the table of a run, such as `make bench`."""
    return f"<!-- written by {run} -->\n", "<!-- end -->\n"


def need_place(parser, path, run):
    """Refuses a document that has no place for the table, before anything is measured."""
    with open(path, encoding="utf-8") as file:
        if marks(run)[0] not in file.read():
            parser.error(f"no place for the table in {path}")


def write_between(path, run, lines):
    begin, end = marks(run)
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(begin)
    after = rest.split(end, 1)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + begin + "".join(lines) + end + after)


def write_document(path, outcomes, rounds):
    others = ", ".join(f"{each.workload.wall_target:g} for {each.name}" for each in outcomes if each.workload.wall_target != 0.9)
    more = ", ".join(each.name for each in outcomes if each.workload.does_more)
    picture = os.path.splitext(os.path.basename(path))[0] + ".svg"
    with open(os.path.join(os.path.dirname(path), picture), "w", encoding="utf-8") as out:
        out.write(svg(outcomes))
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"""# Benchmarks

Written by `make benchmarks`; where the time goes, what helped and what did not, is written in [{NOTES}]({NOTES}).
Measured on: {machine_words()}.
Medians of {rounds} rounds; in each, every program had its turn with fresh servers. All flush what they write.

![Time and processor time of decant beside its peers]({picture})

- **time / peer**: wall time by that of the faster peer; **cpu / nbdcopy**: processor time (user and system) of the client by
  nbdcopy's. Less is better. nbdcopy is 1.22.2, built with GnuTLS and libxml2 for this machine's C library.
- Peers run with their defaults, but that they flush. `qemu-img -t none`, past the page cache, is shown and does not count as one.
  Which of them took over four times as long as the fastest in the first round had that one turn only.
- **x floor**: wall time, and processor time, by that of the row *floor*: a bare loop of the system calls that a copy can't do without,
  which moves the same bytes between the same kinds of ends (`tests/bench/floor.c`). In the place of NBD servers are such as only send or take from one
  buffer. It knows of no protocol, looks at nothing that it moves, ciphers, hashes and compares nothing, and leaves out what is known to be
  zeros; what a line delays is waited for once.
- **calls**: system calls of the client; **moved**: bytes read from and written to NBD servers, per byte of the disk (counted by
  nbdkit, once, off the clock; - where there is no nbdkit).
- **server**: processor time of the servers, and the cores they take on average. *Server is the limit* where that is 95 % of a core
  or more; but servers with threads (all but qemu-nbd) could take more than one.
- Targets: time / peer at most 0.9 ({others}; {WALL_TARGET_SERVER_BOUND:g} where the server is the
  limit; where the faster peer is at the floor, its time being less than 5 % above that, {WALL_FLOOR_TARGET:g} of the floor's time instead);
  cpu / nbdcopy at most {CPU_TARGET:g}; cpu x floor at most {CPU_FLOOR_TARGET:g}, where moving bytes is all there is to do
  (not: {more}); peak at most {PEAK_TARGET_MIB} MiB ({PEAK_TARGET_FAR_MIB} from 50 ms away); with
  `--memory=2M` {SMALL_MEMORY_TARGET:g} of the default's speed. Where one is missed, it says so.

""")
        out.write(markdown_row(("workload", "what")) + markdown_row(("---", "---")))
        for outcome in outcomes:
            out.write(markdown_row((outcome.name, outcome.workload.about)))
        out.write("\n")
        out.write(markdown_row(("workload", "program", "seconds", "time / peer", "time x floor", "cpu s", "cpu / nbdcopy",
                                "cpu x floor", "peak MiB", "calls", "moved", "server s", "server", "")))
        out.write(markdown_row(["---", "---"] + ["--:"] * 11 + ["---"]))
        for outcome in outcomes:
            if outcome.skipped:
                out.write(markdown_row((outcome.name, f"skipped: {outcome.skipped}", *[""] * 12)))
            for program in outcome.rows:
                out.write(markdown_row(cells(outcome, program)))


# ---- as a picture

STYLE = """
  text { font: 13px sans-serif; fill: #24292f; }
  .small { font-size: 11px; fill: #57606a; }
  .time { fill: #0969da; } .cpu { fill: #bf8700; } .grid { stroke: #d0d7de; } .one { stroke: #57606a; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .small { fill: #9198a1; }
    .time { fill: #58a6ff; } .cpu { fill: #d29922; } .grid { stroke: #30363d; } .one { stroke: #9198a1; }
  }
"""


def svg(outcomes):
    """Two bars for each workload, decant's time by the faster peer's and its processor time by nbdcopy's: less is better."""
    shown = [outcome for outcome in outcomes if outcome.wall_ratio() is not None]
    left, top, width, step, most = 130, 50, 520, 34, 1.25
    height = top + step * len(shown) + 30

    def x(value):
        return left + width * min(value, most) / most

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 50} {height}" role="img">',
             f"<title>decant beside its peers</title><style>{STYLE}</style>",
             f'<rect class="time" x="{left}" y="10" width="12" height="12"/><text x="{left + 18}" y="21">time / faster peer</text>',
             f'<rect class="cpu" x="{left + 170}" y="10" width="12" height="12"/>'
             f'<text x="{left + 188}" y="21">processor time / nbdcopy</text>']
    for tick in (0, 0.25, 0.5, 0.75, 1, 1.25):
        parts.append(f'<line class="{"one" if tick == 1 else "grid"}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top - 8}" '
                     f'y2="{height - 26}"/>'
                     f'<text class="small" text-anchor="middle" x="{x(tick):.1f}" y="{height - 10}">{tick:g}</text>')
    for number, outcome in enumerate(shown):
        y = top + step * number
        parts.append(f'<text text-anchor="end" x="{left - 8}" y="{y + 16}">{outcome.name}</text>')
        for kind, value, offset in (("time", outcome.wall_ratio(), 0), ("cpu", outcome.cpu_ratio(), 12)):
            if value is not None:
                parts.append(f'<rect class="{kind}" x="{left}" y="{y + offset}" width="{x(value) - left:.1f}" height="10"/>'
                             f'<text class="small" x="{x(value) + 4:.1f}" y="{y + offset + 9}">{value:.2f}</text>')
    return "\n".join([*parts, "</svg>", ""])
