#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that was imaged is marked where no partition and no boot loader is, or its machine is; and UEFI can be told to boot it next. On
# files for disks and for UEFI's variables.
# cases: mark bootnext one-write
# long cases: uefi
. "$(dirname "$0")/../functions.sh"
play_busybox
mkdir variables
for applet in modprobe mount chattr; do ln -sf /bin/true "bin/$applet"; done
# What there is, and what of it the appliance came from.
play decant "cat $PWD/disks"
play excepts "cat $PWD/excepted"
disks_are() { printf '{ "name": "sda1", "partition-uuid": "%s" }\n' "$@" >disks; } # PARTITION-UUID...
room() { EFIVARS=${EFIVARS-$PWD/variables} appliance "$TOP/rootfs/$1" "${@:2}" >said 2>&1; }
says() { [ "$(cat said)" = "$1" ] || fail "expected '$1', got '$(cat said)'"; }

# A disk of some kind; what was there before is `before`.
make_disk() { # LABEL [START]
    truncate -s 0 disk
    truncate -s 64M disk
    case $1 in gpt | dos) printf 'label: %s\n%s\nstart=32768\nstart=%s, size=4096\n' "$1" "$([ "$1" = dos ] || echo first-lba: 34)" "${2:-2048}" | sfdisk -q disk ;; esac
    cp disk before
}
# What the mark changes is that sector.
only_sector_differs() { # SECTOR
    [ "$(cmp -l disk before | awk '{ print int(($1 - 1) / 512) }' | sort -u)" = "$1" ] || fail "other sectors differ than $1"
}

# A variable of UEFI: attributes, then what it holds, in hexadecimal.
variable() { # NAME HEX
    { printf '\007\000\000\000'; xxd -r -p <<<"$2"; } >"variables/$1-8be4df61-93ca-11d2-aa0d-00e098032b8c"
}
# A thing that can be booted: its attributes, the length of its path, which nobody needs, a name, and the nodes of the path.
entry() { # NUMBER ATTRIBUTES NODE...
    variable "Boot$1" "${2}0000 0000 54006800 69006e00 67000000 $(printf '%s ' "${@:3}") 7fff0400"
}
on_pci='02010c00d041030a00000000 010106000003'
card="030b2500525400123456$(printf '%052d' 0)01"
url='03180e00687474703a2f2f782f79'
in_firmware='04071400c9bdb87cebf8344faaea3ee4af6516a1 0406140021aa2c46147603458 36e8ab6f4662331'
file='04040c004200430044000000'
partition() { # NUMBER SIGNATURE TABLE: 01 is an MBR, 02 a GPT
    local zeros=00000000000000000000000000000000
    echo "04012a00${1}000000 0008000000000000 0000100000000000 $2${zeros:${#2}} $3$3"
}
next_is() { # HEX
    [ "$(xxd -p variables/BootNext-*)" = "07000000$1" ] || fail "expected $1, got $(xxd -p variables/BootNext-*)"
}

case $1 in
mark)
    requires_program sfdisk
    for label in gpt dos; do
        make_disk "$label"
        room once disk
        says ''
        for id in summer-7 autumn; do
            room once disk "$id" || fail "$label: $(cat said)"
            only_sector_differs 2047
            room once disk
            says "$id"
        done
    done
    # A boot loader is there, or a partition begins where the table ends, or there is none: then it is the machine's.
    for kind in full gpt-34 dos-1 none; do
        rm -f variables/*
        case $kind in
        full) make_disk gpt; printf 'boot loader' | dd of=disk bs=512 seek=2047 conv=notrunc status=none ;;
        *-*) make_disk "${kind%-*}" "${kind#*-}" ;;
        none) make_disk none; { yes data || true; } | head -c 4M >disk.start; dd if=disk.start of=disk conv=notrunc status=none ;;
        esac
        cp disk before
        room once disk winter || fail "$kind: $(cat said)"
        cmp disk before
        room once disk
        says winter
        # And where there is no UEFI, that is said.
        ! EFIVARS=none room once disk winter || fail "$kind: it found room"
        says 'no room for the mark: disk has no empty sector before its first partition, and there are no variables of UEFI'
    done ;;
bootnext)
    # What this was started by, the firmware's setup and its shell as OVMF has them, a card, a URL, what is inactive, hidden, or of a category of
    # its own, systems that were on the disk before, and the stick's other entry; then the disk, whose number ends a line.
    variable BootCurrent 0100
    variable BootOrder '0000 0100 0200 0300 0400 0500 0600 0c00 0700 0800 0900 0a00 0b00'
    entry 0000 0901 "$in_firmware"
    entry 0001 0100 "$on_pci"
    entry 0002 0100 "$on_pci" "$card"
    entry 0003 0100 "$url"
    entry 0004 0000 "$on_pci"
    entry 0005 0900 "$on_pci"
    entry 000C 0101 "$on_pci"
    entry 0006 0100 "$in_firmware"
    entry 0007 0100 "$(partition 01 2211003344665577aabbccddeeff0011 02)" "$file"
    entry 0008 0100 "$(partition 03 78563412 01)" "$file"
    entry 0009 0100 "$(partition 01 99000000000000000000000000000000 02)" "$file"
    entry 000A 0100 "$on_pci"
    entry 000B 0100 "$on_pci"
    disks_are 00000099-0000-0000-0000-000000000000
    echo 'uuid:00000099-0000-0000-0000-000000000000' >excepted
    room bootnext || fail "$(cat said)"
    next_is 0a00
    # The systems on the disk.
    disks_are 12345678-03
    room bootnext || fail "$(cat said)"
    next_is 0800
    disks_are 12345678-03 33001122-6644-7755-aabb-ccddeeff0011
    room bootnext || fail "$(cat said)"
    next_is 0700
    room bootnext 0006 || fail "$(cat said)"
    next_is 0600
    rm variables/BootNext-*
    ! room bootnext 0C07 || fail "there is no such entry"
    says 'bootnext: UEFI has no entry 0C07'
    variable BootOrder '0000 0100 0200 0300 0400 0500 0600 0c00 0900'
    ! room bootnext || fail "there is nothing else"
    says "bootnext: no other entry in UEFI's boot order leads to a disk of this machine"
    ! EFIVARS=none room bootnext || fail "there is no UEFI"
    says 'bootnext: this machine was not started by UEFI'
    [ -z "$(find variables -name 'BootNext-*')" ] || fail "something was written" ;;
one-write)
    # Which is all that the kernel takes for a variable; and the byte of this number is the end of a line.
    requires_strace
    next=$PWD/variables/BootNext-8be4df61-93ca-11d2-aa0d-00e098032b8c
    entry 000A 0100 "$on_pci"
    EFIVARS=$PWD/variables PATH=$PWD/bin "$(command -v strace)" -qq -f -e signal=none -e trace=write,writev,sendfile -P "$next" -o writes \
        "$busybox" sh "$TOP/rootfs/bootnext" 000A
    next_is 0a00
    [ "$(grep -c ' = 6$' writes),$(grep -c ' = ' writes)" = 1,1 ] || fail "it is written in pieces: $(cat writes)" ;;
uefi)
    # A machine that starts from its stick first, and a disk with no room for the mark.
    . "$(dirname "$0")/machine.sh"
    board=pc-x86_64
    code=/usr/share/OVMF/OVMF_CODE_4M.fd
    requires_file "$code"
    requires_program grub-mkimage
    cp /usr/share/OVMF/OVMF_VARS_4M.fd variables.fd
    printf '%s\n' 'echo "This is the imaged disk."' halt >grub.cfg
    grub-mkimage -O x86_64-efi -p / -c grub.cfg -o disk.efi echo halt
    make_uefi_stick disk.efi BOOTX64.EFI 8
    printf 'boot loader' | dd of=stick.raw bs=512 seek=2047 conv=notrunc status=none
    mv stick.raw source.img
    serve_tcp source 127.0.0.1 --readonly file source.img
    junk target.raw 10M
    # the stick's WORDS
    stick_with() {
        make_uefi_program "decant.source=nbd://10.0.2.2:$port/" decant.destination=/dev/nvme0n1 decant.yes "$@"
        rm -f stick.raw
        make_uefi_stick program.efi BOOTX64.EFI 64
    }
    start() {
        MEDIUM=usb=stick.raw FIRMWARE='' ORDER=firmware DISK_ON=nvme boot '' -drive "if=pflash,format=raw,unit=0,readonly=on,file=$code" \
            -drive if=pflash,format=raw,unit=1,file=variables.fd </dev/null
    }
    stick_with decant.once=summer decant.then=bootnext
    start
    console_says '^decant: result=ok bytes=10485760 '
    same source.img target.raw
    # For once.
    start
    console_says 'This is the imaged disk'
    ! grep 'decant appliance' console || fail 'the stick was started as well'
    # It is known again, though the variables are all that is left of the mark.
    printf 'used' | dd of=target.raw bs=1 seek=9000000 conv=notrunc status=none
    cp target.raw used.raw
    start
    console_says '^decant: result=ok bytes=0 seconds=0.00 once=summer'
    cmp used.raw target.raw
    # Which is true of another time, too.
    start
    console_says 'This is the imaged disk'
    stick_with decant.once=autumn decant.then=reboot
    start
    console_says '^decant: result=ok bytes=10485760 '
    same source.img target.raw ;;
*) fail "no such case" ;;
esac
