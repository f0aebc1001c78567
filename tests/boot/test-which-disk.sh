#!/bin/bash
# SPDX-License-Identifier: MIT
# In a machine with several disks, whose names depend on which is first, the one that was meant is imaged and the others stay as they
# are; where it isn't clear which one is meant, all of them do, and the console shows what there is.
# cases: serial
# long cases: smallest equal
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
requires_program mkfs.vfat mcopy

make_image source.img 8M
yes 'what was there before' | head -c 16M >target.raw || true
yes 'and here' | head -c 32M >second.raw || true
yes 'and there' | head -c 32M >third.raw || true
for disk in target second third; do cp "$disk.raw" "$disk.before"; done
untouched() { for disk; do same "$disk.before" "$disk.raw"; done; }

case $1 in
smallest)
    # The stick that the image is on is smaller, and not meant.
    export NIC=none
    board=pc-x86_64
    truncate -s 10M stick.raw
    mkfs.vfat -n STICK stick.raw >made 2>&1 && mcopy -i stick.raw source.img ::golden.img || fail "$(cat made)"
    MORE_DISKS="usb=stick.raw nvme=second.raw virtio=third.raw" \
        boot "decant.source=LABEL=STICK:/golden.img decant.destination=smallest decant.then=poweroff" </dev/null
    console_says '^decant: smallest is /dev/sd[ab]$'
    console_says '^decant: result=ok '
    cmp -n "$(stat -c %s source.img)" source.img target.raw
    untouched second third ;;
serial)
    second_initramfs "file 0644 /golden.img $TEST_DIR/source.img" >both
    INITRAMFS=both boot "decant.source=/golden.img decant.destination=serial:M_3 decant.then=poweroff" \
        -drive file=second.raw,format=raw,if=none,id=second,cache=unsafe -device nvme,drive=second,serial=N2 \
        -drive file=third.raw,format=raw,if=none,id=third,cache=unsafe -device ahci,id=ahci \
        -device "ide-hd,bus=ahci.0,drive=third,serial=M 3" </dev/null
    console_says '^decant .*--hold-back=1M .* serial:M_3$'
    console_says '^decant: serial:M_3 is /dev/sda$'
    console_says '^decant: result=ok '
    cmp -n "$(stat -c %s source.img)" source.img third.raw
    untouched target second ;;
equal)
    second_initramfs "file 0644 /golden.img $TEST_DIR/source.img" >both
    INITRAMFS=both boot "decant.source=/golden.img decant.destination=size:17M..,largest decant.then=poweroff" \
        -drive file=second.raw,format=raw,if=none,id=second,cache=unsafe -device nvme,drive=second,serial=N2 \
        -drive file=third.raw,format=raw,if=none,id=third,cache=unsafe -device nvme,drive=third,serial=N3 </dev/null
    console_says '^decant: nvme0n1 +32.0 MiB nvme +QEMU NVMe Ctrl +N[23] +data'
    console_says '^decant: nvme1n1 +32.0 MiB nvme +QEMU NVMe Ctrl +N[23] +data'
    console_says '^decant: result=failed code=1 reason=decant.destination=size:17M..,largest: 2 disks are that'
    untouched target second third ;;
*) fail "no such case" ;;
esac
