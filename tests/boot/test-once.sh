#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that was imaged is marked where no partition and no boot loader is, or its machine is; and UEFI can be told to boot it next. On
# files for disks and for UEFI's variables.
# cases: mark bootnext one-write
. "$(dirname "$0")/../functions.sh"

busybox=$TOP/build/third_party/busybox/busybox
requires_file "$busybox"
mkdir bin variables
"$busybox" --list | while read -r applet; do ln -s "$busybox" "bin/$applet"; done
for applet in modprobe mount chattr; do ln -sf /bin/true "bin/$applet"; done
room() { EFIVARS=${EFIVARS-$PWD/variables} PATH=$PWD/bin "$busybox" sh "$TOP/rootfs/$1" "${@:2}" >said 2>&1; }
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
    printf '\007\000\000\000' >"variables/$1-8be4df61-93ca-11d2-aa0d-00e098032b8c"
    xxd -r -p <<<"$2" >>"variables/$1-8be4df61-93ca-11d2-aa0d-00e098032b8c"
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
    # 1: the card that this was started by; 2: another card; 3: inactive; 4: the disk; 5: a shell.
    variable BootCurrent 0100
    variable BootOrder 010002000300040a0500
    variable Boot0001 01000000620041000000030b2500525400123456
    variable Boot0002 01000000620041000000030b2500525400123457
    variable Boot0003 0000000062004100000004012a00
    variable Boot0A04 0100000062004100000004012a00
    variable Boot0005 0100000062004100000004061400
    room bootnext || fail "$(cat said)"
    next_is 040a
    room bootnext 0005 || fail "$(cat said)"
    next_is 0500
    rm variables/BootNext-*
    ! room bootnext 0007 || fail "there is no such entry"
    says 'bootnext: UEFI has no entry 0007'
    variable BootOrder 010002000300
    ! room bootnext || fail "there is nothing else"
    says "bootnext: no other entry in UEFI's boot order is active and no network card"
    ! EFIVARS=none room bootnext || fail "there is no UEFI"
    says 'bootnext: this machine was not started by UEFI'
    [ -z "$(find variables -name 'BootNext-*')" ] || fail "something was written" ;;
one-write)
    # Which is all that the kernel takes for a variable; and the byte of this number is the end of a line.
    requires_strace
    next=$PWD/variables/BootNext-8be4df61-93ca-11d2-aa0d-00e098032b8c
    variable Boot000A 0100000062004100000004012a00
    EFIVARS=$PWD/variables PATH=$PWD/bin "$(command -v strace)" -qq -f -e signal=none -e trace=write,writev,sendfile -P "$next" -o writes \
        "$busybox" sh "$TOP/rootfs/bootnext" 000A
    next_is 0a00
    [ "$(grep -c ' = 6$' writes),$(grep -c ' = ' writes)" = 1,1 ] || fail "it is written in pieces: $(cat writes)" ;;
*) fail "no such case" ;;
esac
