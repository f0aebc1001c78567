#!/bin/bash
# SPDX-License-Identifier: MIT
# The appliance for AArch64 does what others of these tests ask of the PC's: on virtio and on the other disks that its board has drivers
# for, over TLS, and where it fails; and as one program for UEFI, which knows the medium that it was started from. Its processor is slow to
# emulate, so that most waits for `make check-long`: its parameters, which disk is meant, servers that decide and are told, consoles that
# nothing can be printed at, links that come late, a server and a cable that are lost, several at once, and power that goes.
#
# cases: tls:ca-in-a-second-initramfs failures:refused
# cases: disk-nvme little-memory uki
# long cases: disk-scsi disk-ahci second-card
# long cases: parameters which-disk:serial which-disk:equal config:machine config:identical consoles:no-console
# long cases: failures:late-server failures:lost-meanwhile failures:too-small failures:no-job tls:pin tls:unknown-ca fleet:nbdkit mapfile:ext4

. "$(dirname "$0")/../functions.sh"
[ "$(uname -m)" = x86_64 ] || skip "this machine builds its own program only"
export TEST_BOARD=qemu-aarch64
. "$(dirname "$0")/machine.sh"

case $1 in
parameters | *:*)
    mkdir other
    case $1 in *:*) words=("${1#*:}") ;; *) words=() ;; esac
    # Each cut is a machine that starts.
    TEST_DIR=$PWD/other TMPDIR=$PWD/other CUTS=2 "$TOP/tests/boot/test-${1%%:*}.sh" "${words[@]}"
    exit ;;
esac

make_image source.img 16M
yes 'what was there before' | head -c 16M >before || true
cp before target.raw
serve_tcp source 127.0.0.1 --readonly file source.img
from=nbd://10.0.2.2:$port/

# images_disk NAME QEMU-OPTION...: a disk beside the first one, which stays as it is.
images_disk() {
    cp before other.raw
    boot "decant.source=$from decant.destination=/dev/$1 decant.then=poweroff" -drive file=other.raw,format=raw,if=none,id=other "${@:2}" </dev/null
    console_says '^decant: result=ok bytes=16777216 '
    same source.img other.raw
    same before target.raw
}

case $1 in
disk-nvme) images_disk nvme0n1 -device nvme,drive=other,serial=other ;;
disk-scsi) images_disk sda -device virtio-scsi-pci -device scsi-hd,drive=other ;;
disk-ahci) images_disk sda -device ahci,id=ahci -device ide-hd,bus=ahci.0,drive=other ;;
little-memory) # as much as boards/qemu-aarch64 says that it takes, and it doesn't say that any is missing
    MEMORY_MIB=$(memory_mib) boot "decant.source=$from decant.destination=virtio,only decant.options=-v decant.then=poweroff" </dev/null
    console_says '^decant: result=ok bytes=16777216 '
    # The list of calls is another one on each machine.
    console_says '^decant: sandbox: system calls'
    memory_suffices
    same source.img target.raw ;;
second-card) # which has no link until the other one has been asked for a while
    tell() {
        tell_machine 'set_link net0 off' cont
        wait_for grep -q 'asking for an address by DHCP on eth[01]$' console
        tell_machine 'set_link net0 on'
    }
    boot_monitored "decant.source=$from decant.destination=/dev/vda decant.then=poweroff" \
        -netdev hubport,id=mute,hubid=1 -device virtio-net-pci,netdev=mute,romfile=
    console_says '^network: eth[01] has 10\.0\.2\.15/24$'
    console_says '^decant: result=ok bytes=16777216 '
    same source.img target.raw ;;
uki)
    firmware=/usr/share/qemu-efi-aarch64/QEMU_EFI.fd
    requires_file "$firmware"
    make_uefi_stick "$TOP/build/boards/qemu-aarch64/decant-qemu-aarch64.efi" BOOTAA64.EFI 96
    type() {
        type_at '^What is to be done? ' '4\r'
        type_at '^decant:~# ' 'network\r'
        # Two disks on virtio, and one of them is the stick.
        type_at '^network: eth0 has' "decant --yes --report $from virtio,only --except=\$(excepts); echo RESULT=\$?; sync; reboot -f\\r"
        wait_for shown '^RESULT='
    }
    MEDIUM=stick.raw FIRMWARE=$firmware MEMORY_MIB=512 boot_typed ''
    console_says '^RESULT=0'
    ! grep -a 'modprobe:' console || fail "a module is missed"
    same source.img target.raw ;;
*) fail "no such case" ;;
esac
