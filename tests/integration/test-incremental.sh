#!/bin/bash
# SPDX-License-Identifier: MIT
# An incremental copy writes what a dirty bitmap has, all of it and nothing else:
# afterwards the destination is what the source is now, and what was clean has not
# been touched.
#
# cases: to-file to-qcow2 to-nbdkit to-device to-big-blocks clean-is-untouched long-name zeros-are-zeroed
# cases: no-such-bitmap refused to-smaller

. "$(dirname "$0")/../functions.sh"
requires_program qemu-img qemu-io qemu-nbd perl

# Disks of an odd number of sectors.
size=$((6 * 1048576 + 3 * 512))

change() { # SEED COUNT
    image_writes "$1" "$2" "$size" 2 130 1000 | qemu-io -f qcow2 in.qcow2 >io.log || fail "qemu-io: $(cat io.log)"
}

serve_source() {
    serve_qemu s -r -f qcow2 "$@" in.qcow2
}

now() {
    rm -f now.img
    qemu-img convert -f qcow2 -O raw in.qcow2 now.img
}

qemu-img create -q -f qcow2 in.qcow2 $size
change 1 12

# A full copy, then three times: changes while a bitmap is on, an incremental copy.
follow() { # SAME-AS-NOW DESTINATION...
    local compare=$1 round
    shift
    serve_source
    must_copy "$(uri s)" "$@"
    end_server s
    for round in 2 3 4; do
        qemu-img bitmap --add -g 4096 -f qcow2 in.qcow2 "b$round"
        change $round 5
        serve_source -B "b$round"
        must_copy --dirty-bitmap="b$round" "$(uri s)" "$@"
        end_server s
        now
        "$compare"
    done
}

file_is_now() { same now.img out.img; }
front_is_now() { cmp -n $size now.img out.img || fail "now.img and out.img differ"; }
qcow2_is_now() { qemu-img compare -q -f raw -F qcow2 now.img out.qcow2 || fail "now.img and out.qcow2 differ"; }

case $1 in
to-file)
    follow file_is_now out.img ;;
to-qcow2)
    qemu-img create -q -f qcow2 out.qcow2 $size
    follow qcow2_is_now '[' qemu-nbd -f qcow2 out.qcow2 ']' ;;
to-nbdkit)
    truncate -s $size out.img
    serve_nbdkit d file out.img
    follow front_is_now "$(uri d)" ;;
to-device)
    requires_root
    requires_program losetup
    junk out.img 8M
    loop=$(losetup --find --show out.img 2>/dev/null) || skip "no loop device here"
    at_exit+=("losetup -d $loop")
    follow front_is_now "$loop" ;;
to-big-blocks)
    # Blocks of 64 KiB, of which most are dirty in part.
    junk out.img 8M
    tail -c +$((size + 1)) out.img >beyond.img
    serve_qemu d --image-opts driver=blkdebug,align=65536,image.driver=file,image.filename=out.img
    follow front_is_now "$(uri d)"
    tail -c +$((size + 1)) out.img | cmp - beyond.img || fail "what lies beyond the source was changed" ;;
clean-is-untouched)
    # The destination isn't a copy of the source: only what is dirty may become one.
    qemu-img bitmap --add -g 512 -f qcow2 in.qcow2 b
    image_writes 2 5 "$size" 2 130 1000 | sed 's/discard/write -z/' >changes
    qemu-io -f qcow2 in.qcow2 <changes >io.log || fail "qemu-io: $(cat io.log)"
    now
    junk out.img $size
    cp out.img expected.img
    while read -r at length; do
        dd if=now.img of=expected.img bs=512 iflag=skip_bytes,count_bytes oflag=seek_bytes skip="$at" seek="$at" \
            count="$length" conv=notrunc status=none
    done < <(awk '{ print $(NF - 1), $NF }' changes)
    serve_source -B b
    must_copy --dirty-bitmap=b "$(uri s)" out.img
    same expected.img out.img ;;
long-name)
    # As long as qemu has them.
    junk out.img $size
    name=$(printf 'b%.0s' {1..1023})
    qemu-img bitmap --add -f qcow2 in.qcow2 "$name"
    qemu-io -f qcow2 -c "write -z 1M 2M" in.qcow2 >io.log
    serve_source -B "$name"
    must_copy --dirty-bitmap="$name" "$(uri s)" out.img
    junk expected.img $size
    dd if=/dev/zero of=expected.img bs=1M seek=1 count=2 conv=notrunc status=none
    same expected.img out.img
    must_copy map --context=qemu:dirty-bitmap:"$name" --json "$(uri s)" >map.json
    grep -q dirty map.json || fail "got: $(cat map.json)" ;;
zeros-are-zeroed)
    junk out.img $size
    qemu-img bitmap --add -f qcow2 in.qcow2 b
    qemu-io -f qcow2 -c "write -z 1M 2M" in.qcow2 >io.log
    serve_source -B b
    must_copy --dirty-bitmap=b "$(uri s)" out.img
    junk expected.img $size
    dd if=/dev/zero of=expected.img bs=1M seek=1 count=2 conv=notrunc status=none
    same expected.img out.img
    requires_holes
    allocated_at_most out.img 5M ;;
no-such-bitmap)
    guard_files
    qemu-img bitmap --add -f qcow2 in.qcow2 monday
    qemu-img bitmap --add -f qcow2 in.qcow2 tuesday
    serve_source -B monday -B tuesday
    must_fail 1 'no metadata context "qemu:dirty-bitmap:sunday"; it has .*qemu:dirty-bitmap:tuesday' \
        --dirty-bitmap=sunday "$(uri s)" precious.img
    grep -q 'qemu:dirty-bitmap:monday' err || fail "not all bitmaps are listed: $(cat err)"
    serve_nbdkit n null 1M
    must_fail 1 'no metadata context "qemu:dirty-bitmap:monday"; it has base:allocation$' \
        --dirty-bitmap=monday "$(uri n)" precious.img
    serve_nbdkit old --no-sr null 1M
    must_fail 1 'no metadata context "qemu:dirty-bitmap:monday"; it has none$' --dirty-bitmap=monday "$(uri old)" precious.img
    nothing_touched ;;
refused)
    guard_files
    qemu-img bitmap --add -f qcow2 in.qcow2 b
    serve_source -B b
    must_fail 1 'cannot open new.img' --dirty-bitmap=b "$(uri s)" new.img
    must_fail 64 'destination that is written from front to end' --dirty-bitmap=b "$(uri s)" - >out
    must_fail 64 'a digest is of the whole disk' --sha256 --dirty-bitmap=b "$(uri s)" precious.img
    must_fail 64 'a digest is of the whole disk' --expect=sha256:00 --layer "$(uri s)" precious.img
    must_fail 64 'destination-is-zero can.t be used with --layer' --layer --destination-is-zero "$(uri s)" precious.img
    must_fail 64 'no-extents can.t be used with --dirty-bitmap' --no-extents --dirty-bitmap=b "$(uri s)" precious.img
    must_fail 64 'dirty-bitmap can.t be used with --layer' --layer --dirty-bitmap=b "$(uri s)" precious.img
    must_fail 1 'in.qcow2 has no metadata context "qemu:dirty-bitmap:b"' --dirty-bitmap=b in.qcow2 precious.img
    must_fail 1 'no disk of which a part could be written' --dirty-bitmap=b "$(uri s)" /dev/null
    nothing_touched ;;
to-smaller)
    guard_files
    qemu-img bitmap --add -f qcow2 in.qcow2 b
    serve_source -B b
    must_fail 1 'precious.img is too small' --dirty-bitmap=b "$(uri s)" precious.img
    nothing_touched ;;
*) fail "no such case" ;;
esac
