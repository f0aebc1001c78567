#!/bin/bash
# SPDX-License-Identifier: MIT
# Progress counts what the destination has taken, never what was merely asked for:
# a bar at 100 % in front of a stalled server is the lie that operators remember.
# On what isn't a terminal it is plain lines.
#
# cases: plain-lines stalled-destination none-unless-asked report report-empty quiet-without-options

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter delay rate
make_image in.img 8M 31
junk out.img 8M

case $1 in
plain-lines)
    serve_nbdkit s --filter=delay file in.img rdelay=900ms
    run_decant --memory=1M -C 1 --progress "$(uri s)" out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    [ -s err ] || fail "no progress was shown"
    ! grep -q "$(printf '[\r\033\b]')" err || fail "not plain lines: $(od -c err | head)"
    ! grep -v '^decant: ' err || fail "a line should say who says it"
    tail -n 1 err | grep -Eq '8388608|100' || fail "the last line isn't the end: $(tail -n 1 err)"
    [ "$(wc -l <err)" -ge 2 ] || fail "nothing before the end: $(cat err)"
    # It only grows, and is all done once.
    sed -n "s/.*(\\([0-9]*\\) %).*/\\1/p" err >percent
    [ "$(wc -l <percent)" -eq "$(wc -l <err)" ] || fail "a line without a percentage: $(cat err)"
    sort -n -c percent || fail "it goes back: $(cat err)"
    [ "$(grep -c "^100$" percent)" -eq 1 ] || fail "done more than once: $(cat err)" ;;
stalled-destination)
    # Every write takes far longer than the test looks.
    serve_nbdkit d --filter=delay file out.img wdelay=30
    timeout --foreground --signal=KILL 12 "$DECANT" --progress --memory=1M in.img "$(uri d)" 2>err || true
    cat err
    [ -s err ] || fail "no progress was shown"
    ! grep -Eq '100 ?%|100\.0|8388608 ?(bytes )?(done|copied)' err || fail "all is done, it says"
    ! grep -Eo '[0-9.]+ ?%' err | grep -Ev '^0(\.0+)? ?%$' || fail "something is done, it says" ;;
none-unless-asked)
    must_copy in.img out.img
    [ ! -s err ] || fail "unasked: $(cat err)" ;;
report)
    run_decant --report in.img out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    grep -Eqx 'decant: done: bytes=8388608 seconds=[0-9]+\.[0-9][0-9]' err || fail "got: $(cat err)" ;;
report-empty)
    : >empty.img
    run_decant --report empty.img out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    grep -Eqx 'decant: done: bytes=0 seconds=[0-9]+\.[0-9][0-9]' err || fail "got: $(cat err)" ;;
quiet-without-options)
    serve_nbdkit s file in.img
    must_copy "$(uri s)" - >out.pipe
    same in.img out.pipe
    [ ! -s err ] || fail "unasked: $(cat err)" ;;
*) fail "no such case" ;;
esac
