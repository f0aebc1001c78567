#!/bin/bash
# SPDX-License-Identifier: MIT
# The PC's appliance comes over the network, by the card's own PXE and TFTP or by iPXE over HTTP; what each machine is to do is told by
# a file of its own on the server; and it goes on with the card that it came by.
# cases: tftp
# long cases: http
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
# shellcheck disable=SC2034 # for boot
board=pc-x86_64

make_image source.img 16M
yes 'what was there before' | head -c 16M >target.raw || true
serve_tcp source 127.0.0.1 --readonly file source.img
image_port=$port

mkdir -p site/machines
ln "$TOP/build/boards/pc-x86_64"/{vmlinuz,initramfs.gz,decant.ipxe} site/ 2>/dev/null ||
    cp "$TOP/build/boards/pc-x86_64"/{vmlinuz,initramfs.gz,decant.ipxe} site/
own=52-54-00-12-34-56.ipxe
[ "$1" = tftp ] || own=default.ipxe
printf '%s\n' '#!ipxe' "set parameters decant.source=nbd://10.0.2.2:$image_port/ decant.destination=/dev/sda decant.then=poweroff" \
    >"site/machines/$own"

# Another card, with a link to nobody, which would be asked too if it weren't for the one that the machine came by.
mute=(-netdev "hubport,id=mute,hubid=1" -device "virtio-net-pci,netdev=mute,romfile=")
case $1 in
tftp) MEDIUM=network=site/decant.ipxe boot '' "${mute[@]}" </dev/null ;;
http)
    serve_web
    MEDIUM=network=http://10.0.2.2:$web/site/decant.ipxe boot '' "${mute[@]}" </dev/null ;;
esac
console_says '^decant: result=ok '
console_says '^network: eth[01] has 10\.0\.2\.15/24$'
same source.img target.raw
