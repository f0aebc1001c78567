#!/bin/bash
# SPDX-License-Identifier: MIT
# What the kernel makes of a disk's bad sectors decides what a rescue gets to see: how far an error reaches, what it takes along, and
# what is tried again behind our back. So disks that fail are rescued in a machine: the map's bad areas are the disk's, to the sector,
# and all else has come over.
# cases: medium-errors
# long cases: error-target
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"

{
    beginning_of_init
    cat <<'END'
until [ -b /dev/vda ] && [ -b /dev/vdb ]; do sleep 0.1; done
case $(word case) in
error-target)
    from=/dev/mapper/failing
    while read -r start sectors what; do
        case $what in
        bad) echo "$start $sectors error" ;;
        slow) echo "$start $sectors delay /dev/vda $start 40" ;;
        *) echo "$start $sectors linear /dev/vda $start" ;;
        esac
    done </table | device failing ;;
medium-errors)
    from=/dev/sda
    until [ -b $from ]; do sleep 0.1; done
    dd if=/dev/vda of=$from bs=1M 2>/dev/null
    sync
    echo 3 >/proc/sys/vm/drop_caches
    echo 2 >/sys/bus/pseudo/drivers/scsi_debug/opts ;;
esac
decant rescue --quiet "$from" /dev/vdb --mapfile=/out.map
echo "machine: code $?"
sed 's/^0x/map: &/' /out.map
poweroff -f
END
} >init

sectors=16384 options=
case $1 in
error-target)
    modules=(dm-mod dm-delay)
    cat >table <<'END'
0 1 bad
1 2000 good
2001 1 bad
2002 1 good
2003 2 bad
2005 4000 good
6005 130 bad
6135 1000 slow
7135 9248 good
16383 1 bad
END
    ;;
medium-errors)
    modules=(scsi_debug)
    options=scsi_debug=dev_size_mb=8,delay=0,medium_error_start=4661,medium_error_count=9
    printf '%s\n' '0 4661 good' '4661 9 bad' '4670 11714 good' >table ;;
esac
awk '$3 == "bad" { print $1 * 512, $2 * 512 }' table >bad.list

# Over what was there before, which is left alone where nothing could be read.
make_block $((sectors * 512)) >target.raw
junk out.img $((sectors * 512))
cp target.raw wanted.img
while read -r offset bytes; do
    dd if=out.img of=wanted.img bs=512 skip=$((offset / 512)) seek=$((offset / 512)) count=$((bytes / 512)) conv=notrunc status=none
done <bad.list

initramfs_with "$TEST_DIR/init" "${modules[@]}"
more_of_initramfs both "file 0644 /table $TEST_DIR/table" >all
INITRAMFS=all boot "rdinit=/run-this case=$1 $options" -drive file=out.img,format=raw,if=virtio,cache=unsafe </dev/null

console_says '^machine: code 3$'
cmp wanted.img out.img || fail "it isn't what could be read: $(tail -n 30 console)"
sed -n 's/^map: //p' console | tail -n +2 >areas # without the status line
perl -ane 'print(hex($F[0]), " ", hex($F[1]), "\n") if $F[2] eq "-"' areas >found.list
diff bad.list found.list || fail "the map's bad areas aren't the disk's: $(cat areas)"
! grep -v '[-+]$' areas || fail "something is left"
