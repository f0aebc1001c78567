# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A machine that the appliance's rooms run on, without one: its programs in a root of their own, in a network namespace whose cards have
# cables to this one, where servers of all kinds stand. Sourced behind tests/functions.sh; all of it ends with the test.

requires_root
requires_program unshare ip dnsmasq
requires_file "$busybox"

enter_namespaces "$1" --net --uts --pid --fork --kill-child --mount-proc
unshare --net ip link add cable0 type veth peer name cable1 2>/dev/null || skip "this kernel has no veth devices"
find_own_mounts
mount -t tmpfs tmpfs /run
# in_machine COMMAND...: there, with the mounts that are here; ip's own way would change what / hands on, which a changed root refuses.
in_machine() { nsenter --net=/run/netns/machine "$@"; }
ip link set lo up
ip netns add machine

# The initramfs's own list says what goes where; decant isn't needed.
mkdir machine
sed 's/#.*//' "$TOP/rootfs/files" | while read -r kind mode name from _; do
    from=${from/\$(BUSYBOX)/build/third_party/busybox/busybox}
    case $kind,$from in
    dir,*) mkdir -p "machine$name" && chmod "$mode" "machine$name" ;;
    file,rootfs/* | file,*/busybox) cp "$TOP/$from" "machine$name" && chmod "$mode" "machine$name" ;;
    esac
done
"$busybox" --list | while read -r applet; do ln -sf busybox "machine/bin/$applet"; done
cp -a /dev/null machine/dev/null
in_machine ip link set lo up
# Who isn't a router says so when a neighbour asks, and then the kernel drops the route that it took from its advertisement.
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding

# cable CARD HERE: a card of the machine, whose cable ends here.
cards=
cable() {
    ip link add dev "$2" type veth peer name "$1" netns machine
    in_machine ip link set "$1" address "52:54:00:12:34:5${1#eth}"
    cards+=" $1"
}

# plug HERE [ADDRESS/BITS...]: the cable is in.
plug() {
    local address
    ip link set "$1" up
    for address in "${@:2}"; do
        case $address in
        *:*) ip addr add "$address" dev "$1" nodad ;;
        *) ip addr add "$address" dev "$1" ;;
        esac
    done
}

# lan HERE NAME...: that cable leads to a net on which this side has the cards NAME, too.
lan() {
    local name
    ip link add dev "lan-$1" type bridge 2>/dev/null || skip "this kernel has no bridges"
    ip link set "lan-$1" up
    ip link set "$1" master "lan-$1" up
    for name in "${@:2}"; do
        ip link add dev "$name" type veth peer name "to-$name"
        ip link set "to-$name" master "lan-$1" up
    done
}

# on_machine COMMAND...: runs it there; its /sys has the cards as if they hung on a bus, and its kernel command line is the file cmdline.
on_machine() {
    # shellcheck disable=SC2016 # the inner shell's
    in_machine unshare "${own_mounts[@]}" env -i CARDS="$cards" WAIT_SECONDS="${WAIT_SECONDS:-60}" sh -ec '
        mount -t sysfs sysfs machine/sys
        mount --bind /proc machine/proc
        [ ! -e cmdline ] || mount --bind cmdline machine/proc/cmdline
        mount -t tmpfs tmpfs machine/sys/class/net
        for card in $CARDS; do
            mkdir -p machine/sys/class/net/$card/device/driver
            for file in address carrier flags ifindex; do ln -s ../../../devices/virtual/net/$card/$file machine/sys/class/net/$card/; done
        done
        export PATH=/bin
        exec /usr/sbin/chroot machine "$@"' sh "$@"
}

# network WORD...: what it says is in the file `said`.
network() { on_machine network "$@" >said 2>&1; }
network_is_up() { network "$@" || fail "network $*: $(cat said)"; }
says() { grep -Eq "$1" said || fail "nothing like '$1' was said: $(cat said)"; }
