#!/bin/bash
# SPDX-License-Identifier: MIT
# What decant map prints: the same as nbdinfo where that can do it, the same of a
# file as of a server, and of a million extents in the same memory as of one.
#
# cases: as-nbdinfo of-file window window-in-blocks one-extent-at-a-time empty graph imageio
# cases: refused output-lost million-extents

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit

# The same map, whoever prints it: CONTEXT OPTIONS...
as_nbdinfo() {
    local context=$1
    shift
    nbdinfo --map="$context" "$@" "$(uri s)" >theirs
    must_copy map --context="$context" "$@" "$(uri s)" >ours
    cmp ours theirs || fail "$context $*: $(diff ours theirs | head)"
}

case $1 in
as-nbdinfo)
    requires_program nbdinfo qemu-nbd qemu-img qemu-io
    qemu-img create -q -f qcow2 base.qcow2 8M
    qemu-io -f qcow2 -c 'w 0 4M' -c 'w -z 5M 1M' base.qcow2 >/dev/null
    qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 in.qcow2
    qemu-img bitmap --add -f qcow2 in.qcow2 b
    qemu-io -f qcow2 -c 'w 1M 64k' -c 'w -z 3M 128k' -c 'w 6M 1' in.qcow2 >/dev/null
    serve_qemu s -r -f qcow2 -A -B b in.qcow2
    for context in base:allocation qemu:allocation-depth qemu:dirty-bitmap:b; do
        as_nbdinfo "$context"
        as_nbdinfo "$context" --json
        as_nbdinfo "$context" --totals
        as_nbdinfo "$context" --totals --json
    done
    [ "$(wc -l <theirs)" -ge 3 ] || fail "little to compare" ;;
of-file)
    requires_holes
    make_image in.img 3M 5
    serve_nbdkit s file in.img
    must_copy map "$(uri s)" >of-server
    must_copy map in.img >of-file
    same of-server of-file
    [ "$(wc -l <of-file)" -ge 5 ] || fail "little to compare" ;;
window|window-in-blocks)
    requires_nbdkit_plugin data
    filter=()
    if [ "$1" = window-in-blocks ]; then
        requires_nbdkit_filter blocksize-policy
        filter=(--filter=blocksize-policy)
        set -- "$1" blocksize-minimum=4096 blocksize-error-policy=error
    fi
    serve_nbdkit s "${filter[@]}" data data='@2000 1 @131072 2' size=1M "${@:2}"
    must_copy map --offset=1000 --length=200000 "$(uri s)" >out
    [ "$(tr -s ' ' <out)" = " 1000 31768 0 data
 32768 98304 3 hole,zero
 131072 32768 0 data
 163840 37160 3 hole,zero" ] || fail "$(cat out)"
    must_copy map --offset=1023k "$(uri s)" >out
    [ "$(tr -s ' ' <out)" = " 1047552 1024 3 hole,zero" ] || fail "$(cat out)"
    must_copy map --totals --length=64k "$(uri s)" >out
    [ "$(tr -s ' ' <out)" = " 32768 50.0% 0 data
 32768 50.0% 3 hole,zero" ] || fail "$(cat out)" ;;
one-extent-at-a-time)
    requires_nbdkit_plugin eval
    serve_nbdkit s eval get_size='echo 32' pread='dd if=/dev/zero count=$3 iflag=count_bytes status=none' \
        can_extents='exit 0' extents='[ $4 -ge 16 ] && [ $4 -le 19 ]; echo $4 1 $?'
    must_copy map "$(uri s)" >out
    [ "$(tr -s ' ' <out)" = " 0 16 1 hole
 16 4 0 data
 20 12 1 hole" ] || fail "$(cat out)" ;;
empty)
    serve_nbdkit s null
    must_copy map "$(uri s)" >out
    [ ! -s out ] || fail "$(cat out)"
    must_copy map --totals "$(uri s)" >out
    [ ! -s out ] || fail "$(cat out)"
    must_copy map --json "$(uri s)" | tr -d ' \n' >out
    [ "$(cat out)" = "[]" ] || fail "$(cat out)"
    must_copy map --graph "$(uri s)" >out ;;
graph)
    requires_nbdkit_plugin data
    serve_nbdkit s data data='1 @524288 2' size=1M
    must_copy map --graph "$(uri s)" >out
    [ "$(head -n 8 out | tr -d '\n' | wc -c)" -ge 500 ] || fail "no bar: $(cat out)"
    grep -Eq '^# data +65536 bytes +6.2%$' out || fail "no legend: $(cat out)"
    ! grep -q "$(printf '\033')" out || fail "escape sequences, and no terminal"
    requires_program script
    script -qec "$DECANT map --graph '$(uri s)'" typescript >/dev/null
    grep -q "$(printf '\033')\\[44m#" typescript || fail "no colours on a terminal"
    NO_COLOR=1 script -qec "$DECANT map --graph '$(uri s)'" typescript >/dev/null
    ! grep -q "$(printf '\033')\\[4" typescript || fail "colours that aren't wanted" ;;
imageio)
    serve_nbdkit s data data='1' size=64k
    must_copy map --json=imageio "$(uri s)" >out
    [ "$(cat out)" = '[
{"start": 0, "length": 32768, "zero": false, "hole": false},
{"start": 32768, "length": 32768, "zero": true, "hole": true}
]' ] || fail "$(cat out)" ;;
refused)
    serve_nbdkit s --filter=noextents null 1M
    must_fail 1 'no metadata context "x:y"; it has base:allocation$' map --context=x:y "$(uri s)"
    serve_nbdkit old --no-sr null 1M
    must_fail 1 'no metadata context "base:allocation"; it has none$' map "$(uri old)"
    must_fail 1 'standard input has no metadata context "base:allocation"' map - </dev/null
    must_fail 64 'json takes no value but imageio' map --json=yaml "$(uri s)"
    must_fail 64 'totals can.t be used with' map --graph --totals "$(uri s)"
    must_fail 64 'too many metadata contexts' map --context=a:1 --context=a:2 --context=a:3 --context=a:4 --context=a:5 "$(uri s)"
    must_fail 64 'a size in bytes, not x' map --offset=x "$(uri s)" ;;
output-lost)
    serve_nbdkit s null 1M
    must_fail 1 'cannot write to standard output: No space left' map "$(uri s)" >/dev/full ;;
million-extents)
    requires_strace
    requires_program /usr/bin/time
    requires_nbdkit_plugin sparse-random
    serve_nbdkit s sparse-random 8G seed=7 percent=50 runlength=4096
    /usr/bin/time -f %M -o peak "$DECANT" map "$(uri s)" >out
    lines=$(wc -l <out)
    echo "$lines extents, peak $(tail -n 1 peak) KiB"
    [ "$lines" -ge 1000000 ] || fail "only $lines extents"
    [ "$(awk '$1 != at { print "gap at " $1; exit } { at += $2 } END { printf "%.0f\n", at }' out)" = 8589934592 ] ||
        fail "not all of the disk, once"
    [ "$(awk '{ if ($3 == last) n++; last = $3 } END { print n + 0 }' out)" -eq 0 ] || fail "neighbours are the same"
    [ "$(tail -n 1 peak)" -le 8192 ] || fail "the peak is $(tail -n 1 peak) KiB"
    strace --seccomp-bpf -f -o trace -e trace=memory,recvmsg "$DECANT" map --length=512M "$(uri s)" >/dev/null
    awk '/ recvmsg\(/ { moves++; next }
        moves > 50 && / (brk|mmap|mremap|munmap|madvise)\(/ { print; bad = 1 }
        END { if (moves < 100) { print "only " moves " reads"; bad = 1 }; exit bad }' trace >found ||
        fail "memory after the start: $(head -n 5 found)" ;;
*) fail "no such case" ;;
esac
