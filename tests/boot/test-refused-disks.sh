#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that can't be written to, that the image wasn't made for, or that somebody uses, is refused by the appliance in words that say why, and
# stays as it was: real ones, all in one machine, one job after the other.
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
requires_program mke2fs mkswap swapon sfdisk

# NAME of what is tried -> how the line goes on after `decant: result=`.
wanted=(
    'read-only -> failed code=1 reason=/dev/vd[a-z] is read-only; nothing was written$'
    '4k -> failed code=1 reason=/golden\.img has a partition table for sectors of 512 bytes, and /dev/vd[a-z] has sectors of 4096.*nothing was written'
    'mounted -> failed code=1 reason=/dev/vd[a-z] is in use, mounted at /there: nothing was written'
    'partition -> failed code=1 reason=/golden\.img is a whole disk, with a partition table, and /dev/vd[a-z]1 is a partition'
    'swap-partition -> failed code=1 reason=/dev/vd[a-z]1 is in use, used for swap: nothing was written'
    'swap-disk -> failed code=1 reason=/dev/vd[a-z] is in use, vd[a-z]1 is used for swap: nothing was written'
    'volume -> failed code=1 reason=/dev/vd[a-z] is in use, part of dm-0 \(vol\): nothing was written'
    'array -> failed code=1 reason=/dev/vd[a-z] is in use, part of md7: nothing was written'
    'program -> failed code=1 reason=/dev/vd[a-z] is in use by another program: nothing was written'
    'volume-forced -> ok bytes=4194304 '
    '4k-any -> ok bytes=4194304 '
)

{
    beginning_of_init
    cat <<'END'
disk() { grep -lx "$1" /sys/block/vd*/serial | cut -d / -f 4; }
# job NAME DISK [PARAMETER]: a whole job of the appliance's, by a kernel command line of its own.
job() {
    rm -rf /run/decant/*
    echo "decant.source=/golden.img decant.destination=/dev/$2 decant.yes decant.wait=5 ${3:-}" >/tmp/cmdline
    mount -o bind /tmp/cmdline /proc/cmdline
    : >/run/decant/log
    /init session >>/run/decant/log 2>&1
    umount /proc/cmdline
    echo "$1: $(sed -n 's/^decant: result=//p' /run/decant/log)"
}
mkdir /there
for name in ro 4k mnt swap vol array program; do until [ -n "$(disk $name)" ]; do sleep 0.1; done; done
job read-only "$(disk ro)"
job 4k "$(disk 4k)"
mount -t ext4 -o ro "/dev/$(disk mnt)" /there
job mounted "$(disk mnt)"
job partition "$(disk swap)1"
swapon "/dev/$(disk swap)1"
job swap-partition "$(disk swap)1"
job swap-disk "$(disk swap)"
echo "0 8192 linear /dev/$(disk vol) 0" | device vol
job volume "$(disk vol)"
# As mdadm would: half a mirror, that keeps nothing on its disk.
echo md7 >/sys/module/md_mod/parameters/new_array
cd /sys/block/md7/md
echo none >metadata_version
echo raid1 >level
echo 2 >raid_disks
echo 4096 >component_size
cat "/sys/block/$(disk array)/dev" >new_dev
echo 0 >"dev-$(disk array)/slot"
echo active >array_state
cd /
job array "$(disk array)"
decant --yes --any-content --rate-limit=64K /golden.img "/dev/$(disk program)" &
until ls -l "/proc/$!/fd" | grep "/dev/$(disk program)\$" >/run/holds || [ ! -e "/proc/$!" ]; do sleep 0.1; done
job program "$(disk program)"
kill $!
wait $!
job volume-forced "$(disk vol)" decant.options=--force-destination
job 4k-any "$(disk 4k)" decant.options=--any-sector-size
echo 'all was tried'
poweroff -f
END
} >init

make_image golden.img 4M
echo 'start=2048, size=1M, type=linux' | sfdisk -q --label gpt golden.img
yes 'what was there before' | head -c 4M >target.raw || true
for name in ro 4k mnt vol array program; do cp target.raw "$name.raw"; done
mke2fs -q -F -t ext4 mnt.raw
truncate -s 8M swap.raw
echo 'start=2048, size=6M, type=82' | sfdisk -q --label dos swap.raw
truncate -s 6M swap.part
mkswap -q swap.part
dd if=swap.part of=swap.raw bs=1M seek=1 conv=notrunc status=none
more=()
for name in ro 4k mnt swap vol array program; do
    cp "$name.raw" "$name.before"
    options='' drive=''
    case $name in ro) drive=,readonly=on ;; 4k) options=,logical_block_size=4096,physical_block_size=4096 ;; esac
    more+=(-drive "file=$name.raw,format=raw,if=none,id=on-$name,cache=unsafe$drive" -device "virtio-blk-pci,drive=on-$name,serial=$name$options")
done
initramfs_with "$TEST_DIR/init" ext4 dm-mod raid1
more_of_initramfs both "file 0644 /golden.img $TEST_DIR/golden.img" "$(program_with_libraries swapon)" >all
INITRAMFS=all boot rdinit=/run-this "${more[@]}" </dev/null

console_says '^all was tried$'
for one in "${wanted[@]}"; do
    grep -Eq -- "^${one%% -> *}: ${one#* -> }" console || fail "expected: $one; got: $(grep "^${one%% -> *}:" console || tail -n 20 console)"
done
for name in ro mnt swap array; do same "$name.before" "$name.raw"; done
for name in vol 4k; do same golden.img "$name.raw"; done
