#!/bin/bash
# SPDX-License-Identifier: MIT
# The appliance's init takes servers and block devices, and nothing that would become
# a file in memory and be called a disk; it always says what came of it, and only a
# copy is a success. All in one boot, whose first process gives init one kernel command
# line after the other.
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"

# PARAMETERS -> how the line goes on after `decant: result=`.
checks=(
    'decant.source=/golden.img decant.destination=vda -> failed code=64 reason=decant.destination=vda is .* write /dev/NAME or '
    'decant.source=/golden.img decant.destination=serial=X -> failed code=64 reason=decant.destination=serial=X is '
    'decant.source=/golden.img decant.destination=null: -> failed code=64 reason=decant.destination=null: is '
    'decant.source=/golden.img decant.destination=- -> failed code=64 reason=decant.destination=- is '
    'decant.source=/golden.img decant.destination=/tmp/vda -> failed code=64 reason=decant.destination=/tmp/vda is '
    'decant.source=/golden.img decant.destination=ndb://10.0.2.2/ -> failed code=64 reason=decant.destination=ndb://10.0.2.2/ is '
    'decant.source=/golden.img decant.destination="[ cat ]" -> failed code=64 reason=decant.destination=\[ cat \] is '
    'decant.source=/golden.img decant.destination=/dev/zero -> failed code=64 reason=/dev/zero is not a block device'
    'decant.source=/golden.img -> failed code=64 reason=decant.destination is not given'
    'decant.destination=/dev/vda -> failed code=64 reason=decant.source is not given'
    'decant.source=vda decant.destination=/dev/vda -> failed code=64 reason=decant.source=vda is '
    'decant.source=- decant.destination=/dev/vda -> failed code=64 reason=decant.source=- is '
    'decant.source=/nosuch decant.destination=/dev/vda -> failed code=64 reason=decant.source=/nosuch: there is no such file'
    'decant.source=/dev/zero decant.destination=/dev/vda -> failed code=64 reason=/dev/zero is not a block device'
    'decant.source=/golden.img decant.destination=--help -> failed code=64 reason=decant.destination=--help is '
    'decant.source=/golden.img decant.destination=size:x -> failed code=64 reason=decant.destination=size:x: size: takes a size'
    'decant.source=/golden.img decant.destination=serial:none decant.wait=4 -> failed code=1 reason=decant.destination=serial:none: no disk is that'
    'decant.source=/golden.img decant.destination=/dev/vda decant.wait=ever -> failed code=64 reason=decant.wait=ever is not a number of seconds, and not forever'
    'decant.source=/golden.img decant.destination=virtio,only decant.except=/dev/vda decant.wait=1 -> failed code=1 reason=decant.destination=virtio,only: no disk is that'
    'decant.source=/golden.img decant.destination=/dev/vda decant.except=virtio,only -> failed code=1 reason=/dev/vda is, or is on, a disk that --except keeps'
    'decant.source=smallest decant.destination=largest -> failed code=1 reason=.* are the same'
    'decant.source=/golden.img decant.destination=/dev/vda decant.options=--help -> failed code=64 reason=decant copied nothing'
    'decant.source=/golden.img decant.destination=/dev/vda decant.hold-back=x -> failed code=64 reason=--hold-back=x: must be 0 or '
    'decant.source=/golden.img decant.destination=/dev/vda decant.options=--dirty-bitmap=x -> failed code=1 reason=/golden.img has no '
    'decant.source=/golden.img decant.destnation=/dev/vda -> failed code=64 reason=decant.destnation= is no parameter: did you mean decant.destination=\?'
    'decant.source=/golden.img decant.destination=/dev/vda decant.frobnicate=1 -> failed code=64 reason=decant.frobnicate= is no parameter$'
    'decant.source=/golden.img decant.destination=/dev/vda decant.once=a/b -> failed code=64 reason=decant.once=a/b: takes letters'
    'decant.source=/golden.img decant.destination=nbd://10.0.2.2/ decant.once=a -> failed code=64 reason=decant.once=a takes a disk of this machine'
    'decant.source=/golden.img decant.destination=/dev/vda decant.report=mail:me -> failed code=64 reason=decant.report=mail:me: not http://'
    'decant.source=/golden.img decant.destination=/dev/vda decant.report-every=0 -> failed code=64 reason=decant.report-every=0 is not a number of seconds'
    'decant.source=/golden.img decant.destination=/dev/vda decant.then=rebot -> failed code=64 reason=decant.then=rebot: not one of .*: did you mean reboot\?'
    'decant.source=/golden.img decant.destination=/dev/vda decant.on-failure=sell -> failed code=64 reason=decant.on-failure=sell: .* mean shell\?'
    'decant.source=/golden.img decant.destination=/dev/vda decant.then=kexec -> failed code=64 reason=decant.then=kexec: only pc-x86_64 and convert-x86_64 have that'
    'decant.source=/golden.img decant.destination=/dev/vda decant.on-failure=kexec -> failed code=64 reason=decant.on-failure=kexec: what isn.t complete'
    'decant.config=https://10.0.2.2/ -> failed code=1 reason=decant.config=https://10.0.2.2/: not http://, ftp:// or tftp://'
    'decant.source=dhcp decant.destination=/dev/vda decant.options=--wait=0 ip=root-path-nbd://127.0.0.1/golden -> failed code=1 reason=.*nbd://127.0.0.1/golden'
    'decant.source=dhcp decant.destination=/dev/vda ip=root-path-10.0.2.2:/srv/root -> failed code=1 reason=decant.source=dhcp: .* is no NBD server: 10.0.2.2:/srv/root'
    'decant.source=dhcp decant.destination=/dev/vda -> failed code=1 reason=decant.source=dhcp: the DHCP server tells no root path'
    'decant.source=/golden.img decant.destination=/dev/vda decant.mapfile=/dev/vda -> failed code=64 reason=decant.mapfile=/dev/vda is on vda, which is to be overwritten'
    'decant.source=/golden.img decant.destination=virtio,only decant.mapfile=label:NONE decant.wait=1 -> failed code=1 reason=decant.mapfile=label:NONE: no disk is that'
    'decant.source=/golden.img decant.destination=/dev/vda ip=kill -> failed code=1 reason=the job was ended before'
    'decant.source=/golden.img decant.destination=/dev/vda decant.wait=forever ip=hangup -> ok bytes=1048576 '
    'decant.source=/golden.img decant.destination=/dev/vda decant.options="rescue --mapfile=/run/decant/map" -> ok bytes=1048576 seconds=[0-9]+ peak_kib='
    'decant.source=/golden.img decant.destination=LABEL=NONE:/x.img decant.wait=1 -> failed code=1 reason=no disk with LABEL=NONE appeared'
)
# This one writes to the disk; the rescue behind it the same once more.
writer=$((${#checks[@]} - 2))

# One line a check; its `session` has no console. What it makes in memory is found out, and so is what it does to the disk.
cat >checks <<'END'
#!/bin/sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox --install -s /bin
mount -t devtmpfs devtmpfs /dev
mount -t sysfs sysfs /sys
while read -r module; do insmod "/lib/modules/$module"; done </lib/modules/order
cat >/bin/network <<'NETWORK'
#!/bin/sh
case $1 in
ip=kill) kill -KILL $PPID ;;
ip=hangup) kill -HUP $PPID ;;
ip=root-path-*)
    mkdir -p /run/decant/network/cards /run/decant/network/leases
    echo "rootpath='${1#ip=root-path-}'" >/run/decant/network/leases/eth0.4
    echo eth0.4 >/run/decant/network/chosen
    ;;
esac
NETWORK
chmod +x /bin/network
check=0
while read -r parameters; do
    check=$((check + 1))
    rm -rf /run/decant/* /tmp/*
    printf '%s\n' "$parameters" >/tmp/cmdline
    mount -o bind /tmp/cmdline /proc/cmdline
    before=$(sha256sum </dev/vda)
    touch /run/decant/log
    /init session >>/run/decant/log 2>&1
    umount /proc/cmdline
    [ "$(sha256sum </dev/vda)" = "$before" ] || echo "disk written: $check"
    sed -n "s/^decant -/check $check runs: decant -/p" /run/decant/log
    sed -n "s/^decant: waiting for/check $check &/p" /run/decant/log
    echo "check $check: $(sed -n 's/^decant: result=//p' /run/decant/log)"
done </parameters
for path in /*; do
    case $path in /dev | /proc | /sys) continue ;; esac
    find "$path" -name '*vda*' -o -name '*serial=*' -o -name '*ndb*' -o -name 'null:' -o -name '\[ *'
done | sed 's/^/in memory: /'
echo "all was looked for"
poweroff -f
END
printf '%s decant.yes\n' "${checks[@]%% -> *}" >parameters
make_image golden.img 1M
yes 'what was there before' | head -c 2M >target.raw || true
second_initramfs "file 0755 /checks $TEST_DIR/checks" "file 0644 /parameters $TEST_DIR/parameters" \
    "file 0644 /golden.img $TEST_DIR/golden.img" >both
INITRAMFS=both boot 'rdinit=/checks' </dev/null

for ((i = 0; i < ${#checks[@]}; i++)); do
    grep -Eq -- "^check $((i + 1)): ${checks[i]##* -> }" console ||
        fail "expected: ${checks[i]}; got: $(grep "^check $((i + 1)):" console || tail -n 20 console)"
done
console_says "^check $writer runs: decant --progress --wait=1000000000 --hold-back=1M --yes --report /golden.img /dev/vda\$"
console_says 'decant: waiting for decant\.destination=serial:none; there is: vda 2 MiB'
console_says '^all was looked for$'
! grep '^in memory' console || fail "a file was made in memory"
[ "$(grep '^disk written' console)" = "disk written: $writer" ] || fail "$(grep '^disk written' console)"
cmp -n 1048576 golden.img target.raw
