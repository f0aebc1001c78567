#!/bin/bash
# SPDX-License-Identifier: MIT
# The PC's appliance finds the cards of real machines by itself: each network card that QEMU has gets an address and carries a copy
# onto a disk, behind each kind of controller that QEMU has; all in one machine.
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
# shellcheck disable=SC2034 # for boot
board=pc-x86_64

nics=(e1000 e1000e rtl8139 vmxnet3 tulip pcnet i82559c virtio-net-pci usb-net)
drivers=(e1000 e1000e 8139cp vmxnet3 tulip pcnet32 e100 virtio_net cdc_ether)
# QEMU has this one since 8.0.
qemu-system-x86_64 -device help >devices
if grep -q '^name "igb"' devices; then nics+=(igb) drivers+=(igb); fi
places=(ahci ide nvme virtio virtio-scsi megasas mptsas1068 pvscsi lsi usb usb2 uas sd)

# What the operator's shell runs. Which card is which, and which disk, depends on who is first; so the next card that wasn't tried
# carries a copy onto the next disk, and the last one onto those that are left.
cat >profile <<'END'
has() { [ "$(ls -d $1 2>/dev/null | wc -l)" -ge "$2" ]; }
disks() { for disk in /sys/block/*; do [ "$(cat "$disk/size" 2>/dev/null || echo 0)" = 0 ] || echo "${disk##*/}"; done; }
read -r nics places port </expected
tries=600
until has '/sys/class/net/*/device' "$nics" && [ "$(disks | wc -l)" -ge "$places" ] || [ "$tries" = 0 ]; do
    tries=$((tries - 1))
    sleep 0.1
done
cards=$(for card in /sys/class/net/*; do [ ! -e "$card/device" ] || echo "${card##*/}"; done)
for disk in $(disks); do
        if [ -n "$cards" ]; then
        [ -z "${card:-}" ] || ip link set "$card" down
        card=$(echo "$cards" | sed -n 1p)
        cards=$(echo "$cards" | sed 1d)
        network ":::::$card:dhcp" >/tmp/said 2>&1 || echo "failed: $card: $(cat /tmp/said)"
        echo "card: $(basename "$(readlink -f "/sys/class/net/$card/device/driver")")"
    fi
    decant --yes "nbd://10.0.2.2:$port/" "/dev/$disk" || echo "failed: $disk by $card"
done
hardware network
hardware disk
poweroff -f
END
make_image source.img 8M
serve_tcp source 127.0.0.1 --readonly file source.img
echo "${#nics[@]} ${#places[@]} $port" >expected
second_initramfs "file 0644 /etc/profile $TEST_DIR/profile" "file 0644 /expected $TEST_DIR/expected" >both

more=()
for place in "${places[@]}"; do
    yes 'what was there before' | head -c 16M >"$place.raw" || true
    [ "$place" = ahci ] || more+=("$place=$place.raw")
done
mv ahci.raw target.raw
NIC="${nics[*]}" MORE_DISKS="${more[*]}" INITRAMFS=both boot decant.then=shell </dev/null
mv target.raw ahci.raw

! grep '^failed' console || fail "a card or a disk can't be used: $(tail -n 30 console)"
for driver in "${drivers[@]}"; do
    grep -qx "card: $driver" console || fail "no card by $driver: $(grep '^card' console)"
done
for place in "${places[@]}"; do
    cmp -n "$(stat -c %s source.img)" source.img "$place.raw" || fail "$place: not what was to be copied: $(tail -n 30 console)"
done
