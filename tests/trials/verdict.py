# SPDX-License-Identifier: MIT
"""What must hold of a copy, however it ended: it is done and the destination is the source, or it failed, in words,
what it calls good is so and durable, and the command that it printed finishes the copy.
"""

import re
import shlex

from stage import Failed

GOOD = re.compile(r"good below offset (\d+)")
GO_ON = re.compile(r": (?:go on|copy again) with\n  (.*)$", re.M)
NEVER_BEGAN = re.compile(r"^decant: cannot ", re.M)  # open it, learn its size: nothing was written


def must_end(run, limit_s):
    """The code it ended with, in time; and it ended by itself."""
    code = run.end(limit_s)
    if code < 0:
        raise Failed(f"killed by signal {-code}: {run.text}")
    return code


def same(found, expected):
    """What is behind the source's end may be anything: a server rounds up."""
    if found[:len(expected)] == expected:
        return
    at = next((i for i in range(min(len(found), len(expected))) if found[i] != expected[i]), len(found))
    good = next((i for i in range(len(expected) - 1, -1, -1) if found[i:i + 1] != expected[i:i + 1]), 0)
    raise Failed(f"the destination differs from offset {at} (in block {at // 4096}) up to {good}")


def claims_are_true(run, found, expected):
    """What it says is good. What it doesn't say anything of, isn't."""
    if not re.search(r"^decant: .", run.text, re.M):
        raise Failed(f"it failed without a word: {run.text!r}")
    for claim in GOOD.findall(run.text):
        if found[:int(claim)] != expected[:int(claim)]:
            at = next(i for i in range(int(claim)) if found[i:i + 1] != expected[i:i + 1])
            raise Failed(f"good below offset {claim}, it says, but at {at} it isn't: {run.text}")


def command_that_goes_on(run):
    """Where nothing was begun, it is the same command."""
    commands = GO_ON.findall(run.text)
    if not commands and NEVER_BEGAN.search(run.text):
        return shlex.join(run.words)
    if len(commands) != 1:
        raise Failed(f"one line with the command that goes on was expected: {run.text!r}")
    return commands[0]


def judge_copy(stage, run, code, destination, expected, revive, limit_s=60):
    """The whole verdict. `revive` brings all servers back, so that the copy can go on. Says whether it was done by itself."""
    stage.nothing_left()
    if code == 0:
        destination.finish()
        same(destination.content(), expected)
        return True
    if code != 1:
        raise Failed(f"exit code {code}: {run.text}")
    destination.kill()
    claims_are_true(run, destination.content(), expected)
    command = command_that_goes_on(run)
    revive()
    again = stage.shell(command)
    code = must_end(again, limit_s)
    if code != 0:
        raise Failed(f"what it printed failed with {code}: {again.text}")
    stage.nothing_left()
    destination.finish()
    same(destination.content(), expected)
    return False
