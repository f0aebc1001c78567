#!/bin/bash
# SPDX-License-Identifier: MIT
# Who has a message on the screen finds it in docs/ERRORS.md, with what is safe and what to do: every message of the sources has its row
# there, and every row a message.
#
# cases: rows is-held

. "$(dirname "$0")/../functions.sh"

case $1 in
rows)
    "$TOP/tests/messages" || fail "docs/ERRORS.md and the sources are out of step"
    [ "$("$TOP/tests/messages" -l | wc -l)" -gt 200 ] || fail "few messages were found" ;;
is-held)
    # A message that nobody has written down, and a row that no message has any more.
    mkdir -p tree/src/job tree/docs tree/tests
    cp "$TOP/tests/messages" tree/tests/
    cp "$TOP/docs/ERRORS.md" tree/docs/
    printf 'return fault_set(fault, EXIT_FAILED, 0, "the moon is in the way of %%s", name);\n' >tree/src/job/new.c
    ! tree/tests/messages >said || fail "it has nothing to say"
    grep -q 'no row for "the moon is in the way of ..."' said || fail "got: $(cat said)"
    grep -q 'no message says "stopped by signal ..."' said || fail "got: $(cat said)" ;;
*) fail "no such case" ;;
esac
