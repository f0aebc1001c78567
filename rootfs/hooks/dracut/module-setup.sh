#!/bin/bash
# SPDX-License-Identifier: MIT
# dracut, building: brings decant, what runs it, and the drivers and file systems that it may need.

# called by dracut
check() {
    require_binaries decant busybox || return 1
}

# called by dracut
depends() {
    echo base
}

# called by dracut; where it builds for this machine only (hostonly), it takes of these what this machine has
installkernel() {
    instmods '=drivers/net/ethernet' '=drivers/net/usb' '=drivers/net/phy' virtio_net vmxnet3 hv_netvsc xen-netfront
    hostonly='' instmods af_packet ext4 xfs btrfs squashfs isofs udf vfat exfat ntfs3 nls_ascii nls_cp437 nls_iso8859-1 nls_utf8 efivarfs
}

# called by dracut
install() {
    local file

    inst_multiple decant
    # For marking a machine once more; not every busybox has it.
    inst_multiple -o chattr
    inst "$(find_binary busybox)" /usr/lib/decant/busybox
    for file in /usr/lib/decant/*; do inst_simple "$file"; done
    for file in ca-cert.pem client-cert.pem client-key.pem; do
        [ ! -e "/etc/pki/libnbd/$file" ] || inst_simple "/etc/pki/libnbd/$file"
    done
    # Newer ones leave the queue out where nobody asks for it.
    dracut_need_initqueue
    inst_hook initqueue/settled 00 "$moddir/decant-start.sh"
    inst_hook initqueue/finished 00 "$moddir/decant-finished.sh"
}
