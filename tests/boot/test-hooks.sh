#!/bin/bash
# SPDX-License-Identifier: MIT
# A system that is installed images its own disk before root is mounted, by the same words as the appliance and with the same report,
# from the initramfs that its distribution's builder makes; and without the words it boots as if nothing were there.
# cases: initramfs-tools
# long cases: dracut initramfs-tools-otherwise
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
requires_root
requires_program unshare mke2fs busybox
kernel=$TOP/build/third_party/kernel/linux-image-cloud-amd64
release=$(ls "$kernel/lib/modules")

# This machine with decant and its hooks installed, and another kernel's modules: a layer above it, which ends with the command.
on_a_system() { # COMMAND...
    mkdir -p layer system
    find_own_mounts
    unshare "${own_mounts[@]}" sh -ec '
        mount -t tmpfs tmpfs layer
        mkdir layer/upper layer/work
        mount -t overlay -o lowerdir=/,upperdir=layer/upper,workdir=layer/work overlay system
        mkdir -p "system/lib/modules/$0"
        mount --bind "$1/lib/modules/$0" "system/lib/modules/$0"
        for there in proc sys dev; do mount --rbind /$there system/$there; done
        mount --bind . system/mnt
        cp "$2" system/usr/bin/decant
        DESTDIR=$PWD/system "$3/docs/packaging/install-hooks" "$4"
        # mkinitramfs asks what the kernel knows.
        printf "%s\n" CONFIG_BLK_DEV_INITRD=y CONFIG_RD_GZIP=y >"system/boot/config-$0"
        shift 4
        exec chroot system "$@"' "$release" "$kernel" "$DECANT" "$TOP" "$builder" "$@" >built 2>&1 || fail "no initramfs: $(cat built)"
}

# A disk with a system on it that says so, and nothing else.
make_system() {
    mkdir -p tree/sbin tree/dev tree/proc tree/sys tree/run tree/etc
    cp "$busybox" tree/sbin/busybox
    printf '%s\n' '#!/sbin/busybox sh' 'echo "the imaged system runs"' '/sbin/busybox poweroff -f' >tree/sbin/init
    chmod +x tree/sbin/init
    # Without it, systemd takes it for no system.
    echo ID=test >tree/etc/os-release
    truncate -s 32M source.img
    mke2fs -q -F -t ext4 -d tree source.img
}

# Unpacking takes a machine that is emulated longer than all the rest, so that is done here (trixie packs but a part).
builder=${1%-otherwise}
case $builder in
initramfs-tools)
    requires_program mkinitramfs lsinitramfs
    on_a_system mkinitramfs -o /mnt/packed "$release"
    lsinitramfs packed >names
    gzip -dcf <packed >initramfs ;;
dracut)
    requires_program dracut
    on_a_system dracut --quiet --no-hostonly --no-compress --kver "$release" --force /mnt/initramfs
    ! grep "ERROR.*decant" built || fail "dracut isn't content"
    ln -s initramfs names ;; # nothing in it is packed
esac
# For UEFI's variables, which this kernel needs a module for.
for file in efivarfs/efivarfs.ko /chattr; do grep -aq "$file" names || fail "the initramfs has no $file"; done

make_system
serve_tcp source 127.0.0.1 --readonly file source.img
yes 'what was there before' | head -c 32M >before || true
cp before target.raw
export MEMORY_MIB=512 INITRAMFS=initramfs
# Where the host is busy, systemd leaves such a machine a few programs a second: an address takes it minutes.
root='root=/dev/vda rw init=/sbin/init decant.wait=600'

# It reboots, which ends QEMU.
copies() {
    boot "$root decant.source=nbd://10.0.2.2:$port/ decant.destination=/dev/vda" </dev/null
    console_says '^decant: result=ok bytes=33554432 seconds=[0-9.]+ peak_kib=[0-9]+$'
    ! grep 'the imaged system' console || fail "it went on behind the job"
    ! grep ': not found' console || fail "the system's busybox lacks something"
    same source.img target.raw
}
leaves_others_alone() {
    cp source.img target.raw
    boot "${root% *}" </dev/null
    console_says 'the imaged system runs' # systemd clears the console before
    ! grep '^decant' console || fail "it does something that nobody asked for"
}
# What can't be is said in the same words, and nothing is changed.
refuses() {
    cp before target.raw
    boot "$root decant.source=nbd://10.0.2.2:1/disk decant.destination=/dev/vda decant.options=--wait=0 decant.then=poweroff" </dev/null
    console_says '^decant: result=failed code=1 reason=.*nbd://10\.0\.2\.2:1/disk'
    cmp before target.raw
}
case $1 in
initramfs-tools) copies ;;
initramfs-tools-otherwise) leaves_others_alone; refuses ;;
dracut) copies; leaves_others_alone ;;
*) fail "no such case" ;;
esac
