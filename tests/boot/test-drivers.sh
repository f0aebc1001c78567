#!/bin/bash
# SPDX-License-Identifier: MIT
# What few machines can be tried with, but many have: the drivers of real cards and controllers are in the PC's image, and none of a network
# card is in the one that converts.
# cases: pc convert
. "$(dirname "$0")/../functions.sh"

# What is in a board's initramfs of these, a line each.
drivers_of() {
    sed -n 's|^file [0-7]* /lib/modules/[^ ]*/\([^ /]*\)\.ko.*|\1|p' "$TOP/build/boards/$1/drivers/files" | tr - _ | sort -u
}

case $1 in
pc)
    drivers_of pc-x86_64 >there
    [ "$(wc -l <there)" -gt 100 ] || fail "no list of drivers: $(cat there)"
    tr ' ' '\n' >wanted <<END
e1000 e1000e igb igc ixgbe i40e ice r8169 tg3 bnxt_en mlx4_en mlx5_core atlantic sky2 forcedeth vmxnet3 hv_netvsc ena virtio_net
cdc_ether r8152 asix ax88179_178a rndis_host
ahci nvme vmd ata_piix megaraid_sas mpt3sas smartpqi hpsa aacraid vmw_pvscsi hv_storvsc virtio_blk virtio_scsi usb_storage uas sdhci_pci mmc_block
xhci_pci ehci_pci uhci_hcd usbhid hid_generic
ext4 vfat exfat ntfs3 isofs xfs btrfs md_mod raid1 raid456 dm_mod
END
    missing=$(sort wanted | comm -23 - there)
    [ -z "$missing" ] || fail "not in the image: $missing" ;;
convert)
    drivers_of convert-x86_64 >there
    grep -qx nvme there || fail "no list of drivers: $(cat there)"
    ! grep /drivers/net/ "$TOP/build/boards/convert-x86_64/drivers/files" || fail "drivers of network cards"
    if grep -x 'virtio_net\|e1000\|af_packet' there; then fail "drivers of network cards"; fi ;;
*) fail "no such case" ;;
esac
