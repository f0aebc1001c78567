#!/bin/bash
# SPDX-License-Identifier: MIT
# An answer that could not be written is no answer: where standard output, standard error or a
# file for it is full, exit code 0 would let a script go on with an empty digest.
#
# cases: descriptions digests digest-differs digest-beside-data report info map progress-is-none closed stuck

. "$(dirname "$0")/../functions.sh"
make_image in.img 300K 51
full='No space left on device'

case $1 in
descriptions)
    for words in --version --help --long-options --short-options "map --help" "info --version"; do
        # shellcheck disable=SC2086 # words
        must_fail 1 "cannot write to standard output: $full" $words >/dev/full
    done
    ln -s "$DECANT" nbdcopy
    code=0
    ./nbdcopy --version >/dev/full 2>err || code=$?
    [ "$code" -eq 1 ] || fail "nbdcopy --version: exit code $code"
    grep -q "^nbdcopy: .*$full" err || fail "got: $(cat err)" ;;
digests)
    for option in --sha256 --blkhash; do
        must_fail 1 "cannot write to standard output: $full" $option in.img out.img >/dev/full
        same in.img out.img
    done
    must_fail 1 "all is copied, but .*--blkhash-file=/dev/full: $full" --blkhash-file=/dev/full in.img out.img ;;
digest-differs)
    # That it differs matters more.
    must_fail 4 'sha256' --sha256 --expect=sha256:"$(printf '0%.0s' {1..64})" in.img null: >/dev/full
    # And what is as expected is still not told.
    must_fail 1 "$full" --sha256 --expect=sha256:"$(sha256sum <in.img | cut -d' ' -f1)" in.img null: >/dev/full ;;
digest-beside-data)
    code=0
    "$DECANT" --sha256 in.img - >out.img 2>/dev/full || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code"
    same in.img out.img ;;
report)
    code=0
    "$DECANT" --report --sha256 in.img null: >out 2>/dev/full || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code"
    grep -q '^sha256:' out || fail "the digest was kept back too" ;;
info)
    serve_nbdkit s file in.img
    for option in --size --json --list --uri --content; do
        must_fail 1 "cannot write to standard output: $full" info $option "$(uri s)" >/dev/full
    done ;;
map)
    for option in --json --totals --graph --colour; do
        must_fail 1 "cannot write to standard output: $full" map $option in.img >/dev/full
    done ;;
progress-is-none)
    # Nobody asked for more than to be told on the way.
    "$DECANT" -p -v in.img out.img 2>/dev/full || fail "exit code $?"
    must_copy --progress=7 in.img out.img 7>/dev/full
    same in.img out.img ;;
closed)
    must_fail 1 'cannot write to standard output: Bad file descriptor' --version >&-
    must_fail 1 'cannot write to standard output: Bad file descriptor' --sha256 in.img null: >&- ;;
stuck)
    # Who reads the answer has stopped reading: a signal ends the wait.
    mkfifo fifo
    exec 8<>fifo
    dd if=/dev/zero of=fifo bs=4096 oflag=nonblock status=none 2>dd.err || true
    "$DECANT" --sha256 in.img null: >fifo 8<&- &
    pid=$!
    for ((i = 0; i < 500; i++)); do
        if grep -q pipe_write "/proc/$pid/wchan"; then break; fi
        sleep 0.02
    done
    kill -TERM "$pid"
    for ((i = 0; i < 500; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.02
    done
    if kill -KILL "$pid" 2>/dev/null; then fail "it goes on waiting"; fi
    wait "$pid" || true ;;
*) fail "no such case" ;;
esac
