#!/bin/bash
# SPDX-License-Identifier: MIT
# The PC's ISO image starts by BIOS and by UEFI, from a CD and from a stick it was copied onto; its menu, at a serial port, asks what to
# copy, and the disk is imaged (from a CD by BIOS: test-demo.sh), which then starts by itself. And so does the program for UEFI.
# cases: cd-uefi stick-bios same-bytes entries
# long cases: stick-uefi uki
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
board=pc-x86_64
built=$TOP/build/boards/$board
uefi=/usr/share/ovmf/OVMF.fd

# start MEDIUM FIRMWARE: a machine that starts from it, while `type` types.
start() { MEDIUM=$1 FIRMWARE=$2 boot_typed ''; }

make_image source.img 16M
yes 'what was there before' | head -c 16M >target.raw || true
serve_tcp source 127.0.0.1 --readonly file source.img

from=server
# The boot loader's menu, which forgets what is typed before its first second is over, and the appliance's questions.
type() {
    type_at 'automatically in 2[0-7]s' i
    "choose_from_$from"
    type_at 'The disk that is OVERWRITTEN' 'nvme0n1\r'
    type_at 'Type nvme0n1 to begin' 'nvme0n1\r'
    wait_for shown '^decant: result='
    type_at 'What is to be done' '5\r'
}
choose_from_server() {
    type_at 'Where from?' '1\r'
    type_at 'Which server' "10.0.2.2:$port\\r"
    type_at 'Which of these exports' '1\r'
}
choose_from_stick() {
    type_at 'Where from?' '2\r'
    wait_for shown 'The file system that the image is on'
    type_at . "$(sed -n 's/^ *\([0-9]*\)  .* LABEL="STICK".*/\1/p' console)\\r"
    type_at 'Which file' '1\r'
}
# An image that starts by BIOS, as a system's installer makes it: GRUB in a partition of its own, and its menu in a file system.
make_bootable() {
    requires_file /usr/lib/grub/i386-pc/boot.img
    truncate -s 0 source.img
    truncate -s 16M source.img
    printf 'start=2048, size=1M, type=21686148-6449-6E6F-744E-656564454649\nsize=8M, type=linux\n' | sfdisk -q --label gpt source.img
    mkdir -p root/boot/grub
    printf '%s\n' 'serial --unit=0' 'terminal_output serial' 'echo "This is the imaged disk, started by BIOS."' halt >root/boot/grub/grub.cfg
    mke2fs -q -F -t ext4 -d root -E offset=$((4096 * 512)) source.img 8M
    grub-mkimage -d /usr/lib/grub/i386-pc -O i386-pc -p '(hd0,gpt2)/boot/grub' -o core.img biosdisk part_gpt ext2 normal serial terminal echo halt
    # Where the first sector finds the second one, and that one all others.
    cp /usr/lib/grub/i386-pc/boot.img boot.img
    printf '\000\010' | dd of=boot.img bs=1 seek=92 conv=notrunc status=none
    printf '\001\010' | dd of=core.img bs=1 seek=500 conv=notrunc status=none
    dd if=boot.img of=source.img bs=440 count=1 conv=notrunc status=none
    dd if=core.img of=source.img bs=512 seek=2048 conv=notrunc status=none
}
# A machine that has nothing but its disk.
start_disk() {
    MEDIUM=nvme=target.raw FIRMWARE='' NIC=none timeout --kill-after=5 750 "$TOP/boards/$board/run" -b "$TOP/build" '' 2>&1 </dev/null |
        tr -d '\r' >console || fail "the imaged disk did not end by itself: $(tail -n 20 console)"
    grep -aq 'This is the imaged disk, started by BIOS' console || fail "the disk doesn't start: $(tail -n 20 console)"
}
type_words() {
    type_at 'automatically in 2[0-7]s' w
    type_at 'Words of the kernel command line' 'decant.source=LABEL=STICK:/images/golden.img decant.destination=/dev/nvme0n1\r'
    wait_for shown '^decant: result='
}
# A stick with the image behind the appliance, and a machine with no network.
make_stick() {
    { cat "$built/decant-$board.iso"; head -c 64M /dev/zero; } >stick.raw
    echo 'type=linux, size=48M' | sfdisk -q --append stick.raw 2>/dev/null
    mkdir -p tree/images
    cp source.img tree/images/golden.img
    mke2fs -q -F -t ext4 -L STICK -d tree -E "offset=$((512 * $(sfdisk -d stick.raw | sed -n 's/^stick.raw4 : start= *\([0-9]*\).*/\1/p')))" stick.raw 48M
    from=stick
    export NIC=none
}
export DISK_ON=nvme
# It restarts when it is done, and that ends QEMU.
case $1 in
cd-uefi) requires_file "$uefi"; start "cdrom=$built/decant-$board.iso" "$uefi" ;;
stick-bios) make_bootable; make_stick; start usb=stick.raw '' ;;
stick-uefi)
    requires_file "$uefi"
    make_stick
    type() { type_words; }
    start usb=stick.raw "$uefi" ;;
uki)
    requires_file "$uefi"
    # By the stick's own partition UEFI says which one it started from.
    make_uefi_program
    make_uefi_stick program.efi BOOTX64.EFI 64
    type() {
        type_at 'What is to be done' '4\r'
        type_at '^decant:~# ' 'decant disks --destination usb,only --except=$(excepts); network\r'
        type_at '^network: eth0 has' "decant --yes --report nbd://10.0.2.2:$port/ /dev/nvme0n1; echo RESULT=\$?; sync; reboot -f\\r"
        wait_for shown '^RESULT='
    }
    start usb=stick.raw "$uefi"
    console_says '^RESULT=0'
    console_says '^decant: usb,only: no disk is that'
    same source.img target.raw
    exit ;;
entries)
    # Each hands on its words. The kernel says what it was told, and restarts the machine; so does the disk, and switches it off.
    requires_program as objcopy
    mkdir small
    as --32 -o kernel.o "$TOP/tests/boot/says-its-words.S"
    objcopy -O binary --only-section=.text kernel.o small/vmlinuz
    echo nothing | gzip -n >small/initramfs.gz
    "$TOP/boards/iso" small "$TOP/boards/$board/grub.cfg" 1700000000 small.iso
    as --32 -o disk.o "$TOP/tests/boot/says-it-started.S"
    objcopy -O binary --only-section=.text disk.o target.raw
    truncate -s 1M target.raw
    seen=0
    shows() { tail -c "+$((seen + 1))" console | finds -aE "$1"; }
    # press KEYS... -- PATTERN: in the menu, and that comes of it.
    press() {
        wait_for shows 'automatically in 2[0-7]s'
        printf '%b' "$1" >&9
        wait_for shows "$2"
        seen=$(wc -c <console)
    }
    type() {
        press r '<.* decant\.menu=rescue>'
        press a '<.* decant\.menu=save>'
        press s '<.* decant\.then=shell>'
        # To the entry's line, to its end, and start it.
        press 'e\016\016\005 decant.wait=7\030' '<.* decant\.wait=7>'
        press d 'the disk has started'
    }
    MEDIUM=cdrom=small.iso boot_typed '' -action reboot=reset
    [ "$(grep -aoE '<BOOT_IMAGE=/boot/vmlinuz decant\.except=uuid:[0-9-]+ console=ttyS0,115200 console=tty0 quiet panic=60 no_timer_check decant' console |
        wc -l)" = 4 ] || fail "not what all have: $(tail -n 5 console)"
    exit ;;
same-bytes) # made again, at another time
    mkdir again
    ln -s "$built"/{vmlinuz,initramfs.gz} again/
    for made in iso uki; do
        case $made in iso) what=$TOP/boards/$board/grub.cfg file=decant-$board.iso ;; uki) what='console=ttyS0' file=decant-$board.efi ;; esac
        for clock in now later; do
            # FAT keeps every other second.
            [ "$clock" = now ] || sleep 2
            "$TOP/boards/$made" again "$what" 1700000000 "$clock-$file"
        done
        cmp "now-$file" "later-$file"
    done
    exit ;;
esac
# Which medium it came from is told by the boot loader.
console_says '^decant .*--except=uuid:[0-9-]* '
console_says '^decant: result=ok '
same source.img target.raw
[ "$1" != stick-bios ] || start_disk
