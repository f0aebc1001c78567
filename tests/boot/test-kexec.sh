#!/bin/bash
# SPDX-License-Identifier: MIT
# The appliance goes on into the system that it has written without the firmware: into the entry that its boot loader would start, and into
# none if there is none or if the disk isn't complete. On a tree for a disk, and in a machine.
# cases: grub specification nothing started refused
. "$(dirname "$0")/../functions.sh"
play_busybox
mkdir -p sys/class/block/sda/sda1 sys/class/block/sda/sda2 disk
echo 1 >sys/class/block/sda/sda1/partition
echo 2 >sys/class/block/sda/sda2/partition
ln -sf /bin/true bin/umount
play mount 'echo "$*" >>mounts'
# What is swap has no menu.
play blkid 'case $1 in *1) echo "$1: TYPE=\"swap\"" ;; *) echo "$1: TYPE=\"$(cat kind)\"" ;; esac'
play kexec 'for word; do echo "$word"; done >taken'
echo ext4 >kind

next_kernel() {
    rm -f taken mounts
    SYSFS=$PWD/sys MOUNTED=$PWD/disk appliance "$TOP/rootfs/next-kernel" sda >said 2>&1
}
files() { for file; do mkdir -p "disk/$(dirname "$file")" && echo "$file" >"disk/$file"; done; }
# What is handed to the kernel, by names below the disk.
takes() { # KERNEL INITRAMFS OPTIONS
    next_kernel || fail "$(cat said)"
    local got
    got=$(sed "s|$PWD/disk/*||" taken | tail -n +3)
    [ "$got" = "$(printf '%s\n' "$1" ${2:+"--initrd=$2"} "--command-line=$3")" ] || fail "expected $*, got $got"
}
says() { [ "$(cat said)" = "$1" ] || fail "expected '$1', got '$(cat said)'"; }

case $1 in
grub)
    # As Debian's, with a submenu; its default by number, by what was saved, by a title, and by what isn't there.
    files boot/one boot/one.img boot/two boot/two.img boot/cpu.img boot/old
    menu() { # DEFAULT
        mkdir -p disk/boot/grub
        cat >disk/boot/grub/grub.cfg <<END
if [ "\${next_entry}" ] ; then
   set default="\${next_entry}"
else
   set default="$1"
fi
function load_video {
  insmod all_video
}
menuentry 'Debian GNU/Linux' --class debian \$menuentry_id_option 'gnulinux-simple' {
	load_video
	search --no-floppy --fs-uuid --set=root 1234
	linux	/boot/one root=UUID=1234 ro  quiet \$vt_handoff
	initrd	/boot/one.img
}
submenu 'Advanced options' \$menuentry_id_option 'gnulinux-advanced' {
	menuentry 'Debian, with Linux old' \$menuentry_id_option 'gnulinux-old' {
		linux	/boot/old root=UUID=1234 single
	}
}
menuentry "Two" {
	linuxefi (\$root)/boot/two root=/dev/sda2 \${more}
	initrdefi (\$root)/boot/cpu.img (\$root)/boot/two.img
}
END
    }
    menu 0
    takes boot/one boot/one.img 'root=UUID=1234 ro  quiet '
    grep -qx -- "-t ext4 -o ro,noload /dev/sda2 $PWD/disk" mounts || fail "mounted as $(cat mounts)"
    menu '${saved_entry}'
    takes boot/one boot/one.img 'root=UUID=1234 ro  quiet '
    printf '%s\n' '# GRUB Environment Block' 'saved_entry=gnulinux-advanced>gnulinux-old' 'vt_handoff=splash' '####' >disk/boot/grub/grubenv
    takes boot/old '' 'root=UUID=1234 single'
    menu 'Gone'
    takes boot/one boot/one.img 'root=UUID=1234 ro  quiet splash'
    rm disk/boot/old
    menu 'gnulinux-old'
    ! next_kernel || fail "it was not there"
    says "kexec: /dev/sda2: its boot loader's menu names /boot/old, which isn't there"
    [ ! -e taken ] || fail "something was loaded"
    # Several initramfs are one behind the other.
    mkdir -p run
    sed "s|/run/decant/|$PWD/run/|" "$TOP/rootfs/next-kernel" >next-kernel
    menu 2
    SYSFS=$PWD/sys MOUNTED=$PWD/disk appliance next-kernel sda >said 2>&1 || fail "$(cat said)"
    cat disk/boot/cpu.img disk/boot/two.img | cmp - run/next-initramfs
    grep -qx -- "--initrd=$PWD/run/next-initramfs" taken || fail "$(cat taken)"
    grep -qx -- '--command-line=root=/dev/sda2 ' taken || fail "$(cat taken)"
    # And as openSUSE's and others' on btrfs.
    echo btrfs >kind
    mkdir disk/@ && mv disk/boot disk/@/boot
    ! next_kernel || fail "the paths are of the file system"
    grep -qx -- "-t btrfs -o ro,rescue=nologreplay,subvolid=5 /dev/sda2 $PWD/disk" mounts || fail "mounted as $(cat mounts)" ;;
specification)
    files vmlinuz-6.9 vmlinuz-6.10 initramfs-6.9 initramfs-6.10 cpu
    mkdir -p disk/loader/entries disk/grub2
    echo 'blscfg' >disk/grub2/grub.cfg
    for version in 6.9 6.10; do
        printf '%s\n' "title Linux $version" "linux /vmlinuz-$version" "initrd /initramfs-$version \$tuned_initrd" \
            'options root=UUID=1 $kernelopts' "options version=$version"  >disk/loader/entries/fedora-$version.conf
    done
    printf '%s\n' 'title Firmware' 'efi /shell.efi' >disk/loader/entries/z.conf
    takes vmlinuz-6.10 initramfs-6.10 'root=UUID=1  version=6.10'
    printf '%s\n' 'saved_entry=fedora-6.9' 'kernelopts=quiet rhgb' >disk/grub2/grubenv
    takes vmlinuz-6.9 initramfs-6.9 'root=UUID=1 quiet rhgb version=6.9'
    # systemd-boot's own.
    rm -r disk/grub2
    echo 'default fedora-6.9*' >disk/loader/loader.conf
    takes vmlinuz-6.9 initramfs-6.9 'root=UUID=1  version=6.9' ;;
nothing)
    ! next_kernel || fail "there is nothing"
    says 'kexec: sda has no menu of GRUB and no entry of systemd-boot on a file system that is known here'
    echo zfs >kind
    ! next_kernel || fail "there is nothing"
    [ ! -e mounts ] || fail "it mounts what it doesn't know: $(cat mounts)" ;;
started | refused)
    . "$(dirname "$0")/machine.sh"
    requires_program mke2fs sfdisk cpio
    board=pc-x86_64
    # A system in two files: a kernel, and a program that says what it was started with.
    mkdir -p tree/boot/grub initramfs
    cp "$TOP/build/boards/pc-x86_64/vmlinuz" tree/boot/vmlinuz
    cp "$busybox" initramfs/busybox
    printf '%s\n' '#!/busybox sh' '/busybox mkdir /proc' '/busybox mount -t proc proc /proc' 'echo "the imaged system has $(/busybox cat /proc/cmdline)"' \
        '/busybox poweroff -f' >initramfs/init
    chmod +x initramfs/init
    "$TOP/rootfs/mkcpio" <(printf '%s\n' 'dir 0755 /dev' 'char 0600 /dev/console 5 1' "file 0755 /init $PWD/initramfs/init" \
        "file 0755 /busybox $PWD/initramfs/busybox") | gzip -n1 >tree/boot/initrd.img
    printf '%s\n' "menuentry 'Test' {" 'linux /boot/vmlinuz quiet console=ttyS0 no_timer_check of-the-disk $nobody' 'initrd /boot/initrd.img' '}' \
        >tree/boot/grub/grub.cfg
    truncate -s 62M system.img
    mke2fs -q -F -t ext4 -d tree system.img
    truncate -s 64M source.img
    echo 'start=2048, type=linux' | sfdisk -q --label gpt source.img
    dd if=system.img of=source.img bs=1M seek=1 count=61 conv=notrunc status=none
    cp source.img target.raw
    serve_tcp source 127.0.0.1 --readonly file source.img
    export MEMORY_MIB=384
    case $1 in
    started)
        truncate -s 0 target.raw
        truncate -s 64M target.raw
        boot "decant.source=nbd://10.0.2.2:$port/ decant.destination=/dev/sda decant.then=kexec" </dev/null
        console_says '^decant: result=ok bytes=67108864 '
        console_says '^The system on the disk is started now\.'
        console_says '^the imaged system has quiet console=ttyS0 no_timer_check of-the-disk $'
        same source.img target.raw ;;
    refused) # though there is a system on the disk, which isn't the one that was meant
        printf '%s\n' 'echo "this is a shell"' 'poweroff -f' >profile
        second_initramfs "file 0644 /etc/profile $TEST_DIR/profile" >both
        INITRAMFS=both boot "decant.source=nbd://10.0.2.2:1/ decant.destination=/dev/sda decant.options=--wait=0 decant.then=kexec" </dev/null
        console_says '^decant: result=failed code=1 '
        console_says '^this is a shell$'
        ! grep 'the imaged system' console || fail "what was there before was started" ;;
    esac ;;
*) fail "no such case" ;;
esac
