#!/bin/bash
# SPDX-License-Identifier: MIT
# What is plugged into a machine while its appliance waits for it, gets its driver, and the job goes on with it: the disk with the image into a
# slot of PCI Express, the one that is overwritten into a USB port.
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
# shellcheck disable=SC2034 # for boot
board=pc-x86_64
export NIC=none DISK_ON=nvme

make_image source.img 8M
yes 'what was there before' | head -c 8M >target.raw || true
cp target.raw late.raw
cp target.raw before

waits_for() { wait_for grep -q "^decant: waiting for decant\.$1; there is: nvme0n1 8 MiB QEMU NVMe Ctrl\( *;.*\)*$2\$" console; }
tell() {
    tell_machine cont
    waits_for source=virtio,only ''
    tell_machine 'device_add virtio-blk-pci,bus=late-slot,drive=source'
    waits_for destination=usb,only '; vda 8 MiB'
    tell_machine 'device_add usb-storage,bus=late-usb.0,drive=late'
}
boot_monitored 'decant.source=virtio,only decant.destination=usb,only decant.options=--any-content decant.then=poweroff' \
    -device pcie-root-port,id=late-slot,chassis=1,slot=1 -device qemu-xhci,id=late-usb \
    -drive file=source.img,format=raw,if=none,id=source,readonly=on -drive file=late.raw,format=raw,if=none,id=late,cache=unsafe
console_says '^decant: result=ok bytes=8388608 '
same source.img late.raw
same before target.raw
