#!/bin/bash
# SPDX-License-Identifier: MIT
# A descriptor that somebody names is one that decant was started with, never one of its
# own: what was closed at the start must not become a disk or a connection that messages
# are written into, and what is said must not become part of the disk.
#
# cases: input-closed output-closed all-closed all-closed-without-ring no-device-null
# cases: progress-closed progress-for-reading progress-open progress-is-destination
# cases: answer-is-destination words-are-destination path-of-closed

. "$(dirname "$0")/../functions.sh"
guard_files
make_image in.img 3M 41

case $1 in
input-closed)
    must_fail 1 'standard input, which is closed' - precious.img <&-
    must_fail 1 'standard input, which is closed' - new.img <&-
    # Open, but the wrong way.
    : >written
    must_fail 1 'not open for reading' - new.img 0>written
    nothing_touched ;;
output-closed)
    must_fail 1 'standard output, which is closed' in.img - >&-
    must_fail 1 'not open for writing' in.img - 1<precious.img
    nothing_touched ;;
all-closed)
    serve_nbdkit s file in.img
    code=0
    timeout "$DECANT_LIMIT_S" "$DECANT" -v -p --report "$(uri s)" out.img <&- >&- 2>&- || code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq 1 ] || fail "exit code $code"
    same in.img out.img ;;
all-closed-without-ring)
    # Without io_uring the destination itself would get the number of standard error, and on
    # tmpfs, which has no direct I/O, take what is written there.
    requires_strace
    : >trace
    out=$(mktemp /dev/shm/decant-test.XXXXXX)
    at_exit+=('rm -f "$out"')
    rm "$out"
    strace -qq -o trace -e trace=io_uring_setup -e inject=io_uring_setup:error=EPERM \
        "$DECANT" -v -p - "$out" <in.img >&- 2>&- || fail "exit code $?"
    grep -q INJECTED trace || fail "io_uring was not refused: $(cat trace)"
    same in.img "$out" ;;
no-device-null)
    # A root with nothing in it.
    requires_root
    mkdir root
    cp "$DECANT" precious.img root
    chroot root /decant -v - /precious.img <&- 2>err && fail "nothing was read, exit code 0"
    grep -q "standard input, which is closed" err || fail "got: $(cat err)"
    same precious.img root/precious.img
    nothing_touched ;;
progress-closed)
    for fd in 3 4 5 6 7 8 9 10 11 12; do
        must_fail 64 "progress=$fd: .*isn't open" --progress="$fd" in.img precious.img \
            3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- 10>&- 11>&- 12>&-
    done
    must_fail 64 'progress=1: ' --progress=1 in.img new.img >&-
    nothing_touched ;;
progress-for-reading)
    must_fail 64 'progress=5: ' --progress=5 in.img precious.img 5<in.img
    nothing_touched ;;
progress-open)
    must_copy --progress=9 in.img out.img 9>lines
    same in.img out.img
    [ "$(tail -n 1 lines)" = 100/100 ] || fail "got: $(cat lines)" ;;
progress-is-destination)
    must_fail 64 'is the DESTINATION' --progress=1 in.img - >out
    must_fail 64 'is the DESTINATION' --progress=7 in.img precious.img 7>>precious.img
    [ ! -s out ] || fail "written: $(head -c 20 out)"
    nothing_touched ;;
answer-is-destination)
    # The shell has opened it at its beginning, which is the disk's.
    for option in --sha256 --blkhash --json; do
        must_fail 64 'standard output is the DESTINATION too' "$option" in.img precious.img 1<>precious.img
        must_fail 64 'standard output is the DESTINATION too' "$option" in.img ./precious.img >>precious.img
    done
    nothing_touched
    must_copy --blkhash --blkhash-file=hash in.img out.img >out.img
    same in.img out.img ;;
words-are-destination)
    for option in -p -v --report --sha256 --blkhash; do
        code=0
        "$DECANT" "$option" in.img - >both 2>&1 || code=$?
        [ "$code" -eq 64 ] || fail "$option: exit code $code"
        code=0
        "$DECANT" "$option" in.img - 2>&1 | cat >both || code=$?
        [ "$code" -eq 64 ] || fail "$option, a pipe: exit code $code"
        [ "$(wc -l <both)" -eq 1 ] || fail "$option: more than the message was written"
    done
    # Nothing is said, or nothing could be spoilt.
    "$DECANT" in.img - >both 2>&1 || fail "exit code $?"
    same in.img both
    "$DECANT" -p -v in.img - >/dev/null 2>&1 || fail "exit code $?" ;;
path-of-closed)
    for fd in 0 3 4 5 6 7 8 9 10; do
        for name in /dev/fd/$fd /proc/self/fd/$fd; do
            must_fail 1 "^decant: $name: .*isn't open" "$name" precious.img 0<&- 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- 10>&-
            must_fail 1 "^decant: $name: .*isn't open" in.img "$name" 0<&- 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- 10>&-
            must_fail 1 "blkhash-file=$name: .*isn't open" --blkhash-file="$name" in.img new.img \
                0<&- 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- 10>&-
        done
    done
    must_fail 1 "/dev/stdin: .*isn't open" /dev/stdin new.img <&-
    must_fail 1 "/dev/stdin: .*isn't open" map /dev/stdin <&-
    must_copy /dev/fd/9 out.img 9<in.img
    same in.img out.img
    nothing_touched ;;
*) fail "no such case" ;;
esac
