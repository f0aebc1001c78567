#!/bin/bash
# SPDX-License-Identifier: MIT
# One letter wrong in a device's name is somebody's disk. Who sits at a terminal is told what the
# device holds and asked, as mke2fs does; scripts get what they say.
#
# cases: no yes nothing-typed interrupted by-option without-terminal from-pipe as-nbdcopy blank file

. "$(dirname "$0")/../functions.sh"
requires_root
requires_program losetup blockdev mkfs.ext4 python3

# at_terminal ANSWER COMMAND...: what the terminal gets is in `seen`.
at_terminal() {
    code=0
    timeout "$DECANT_LIMIT_S" "$TOP/tests/terminal" 80 "$1" "${@:2}" </dev/null >seen || code=$?
}

untouched() {
    blockdev --flushbufs "$to"
    cmp before.img out.img || fail "the device was written to"
}

# overwritten EXIT-CODE
overwritten() {
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat -A seen)"
    blockdev --flushbufs "$to"
    cmp -n 4194304 in.img out.img || fail "it was not overwritten"
}

make_image in.img 4M 62
truncate -s 16M out.img
[ "$1" = blank ] || mkfs.ext4 -q out.img
cp out.img before.img
to=$(losetup --show --find out.img 2>losetup.err) || skip "no loop device: $(cat losetup.err)"
at_exit+=("losetup -d $to")

case $1 in
no)
    at_terminal n "$DECANT" in.img "$to"
    [ "$code" -eq 1 ] || fail "exit code $code"
    grep -q "^decant: $to holds something: Linux rev 1.0 ext4 filesystem data. Overwrite it (y, N)? n" seen || fail "got: $(cat -A seen)"
    grep -q "^decant: $to is left as it was: nothing was written" seen || fail "got: $(cat -A seen)"
    untouched ;;
yes)
    at_terminal y "$DECANT" in.img "$to"
    grep -q 'Overwrite it' seen || fail "got: $(cat -A seen)"
    overwritten ;;
nothing-typed)
    at_terminal '' "$DECANT" in.img "$to"
    [ "$code" -eq 1 ] || fail "exit code $code"
    untouched
    at_terminal $'\004' "$DECANT" in.img "$to"
    [ "$code" -eq 1 ] || fail "exit code $code"
    untouched ;;
interrupted)
    at_terminal $'\003' "$DECANT" in.img "$to"
    [ "$code" -eq 1 ] || fail "exit code $code"
    grep -q 'stopped by signal 2; nothing was written' seen || fail "got: $(cat -A seen)"
    untouched ;;
by-option)
    at_terminal n "$DECANT" --yes in.img "$to"
    [ ! -s seen ] || fail "got: $(cat -A seen)"
    overwritten ;;
without-terminal)
    must_copy in.img "$to" </dev/null
    [ ! -s err ] || fail "got: $(cat err)"
    overwritten ;;
from-pipe)
    at_terminal n bash -c 'cat in.img | "$1" - "$2"' - "$DECANT" "$to"
    overwritten ;;
as-nbdcopy)
    at_terminal n bash -c 'exec -a nbdcopy "$1" in.img "$2"' - "$DECANT" "$to"
    overwritten ;;
blank)
    at_terminal n "$DECANT" in.img "$to"
    [ ! -s seen ] || fail "got: $(cat -A seen)"
    overwritten ;;
file)
    at_terminal n "$DECANT" in.img before.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat -A seen)"
    same in.img before.img ;;
*) fail "no such case" ;;
esac
