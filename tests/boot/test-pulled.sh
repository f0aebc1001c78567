#!/bin/bash
# SPDX-License-Identifier: MIT
# A SCSI disk that is pulled out of a machine while it is written to, or read, and put back, is gone on with; another one is not
# touched. What the kernel makes of that shows only with a disk that really goes: what it answers, what becomes of its numbers and
# of its partitions.
# cases: source other
# long cases: destination partition
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"

# One copy, of a disk in memory.
cat >copy <<'END'
#!/bin/sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox --install -s /bin
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/lib/modules/$module"; done </lib/modules/order
exec >/dev/console 2>&1
from=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^from=//p')
to=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^to=//p')
until [ -b /dev/sda ]; do sleep 0.2; done
case $to in
/out.img) { until cmp -s -n 65536 "$from" "$to"; do sleep 0.2; done; echo 'copy: begun'; } 2>/dev/null & ;;
esac
decant --yes --any-content --rate-limit=2M "$from" "$to"
echo "copy: code $?"
[ ! -e /out.img ] || sha256sum /out.img
poweroff -f
END

# Has the machine's disks come and go.
qmp() { # COMMAND ARGUMENTS [EVENT]
    perl -MIO::Socket::UNIX -e '
        my ($command, $arguments, $event) = @ARGV;
        my $qmp = IO::Socket::UNIX->new("qmp.sock") or die "qmp.sock: $!\n";
        print $qmp "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"$command\",\"arguments\":$arguments}\n";
        my $returns = 0;
        while (<$qmp>) {
            die $_ if /"error"/;
            $returns++ if /"return"/;
            $event = "" if $event and /"$event"/;
            exit 0 if $returns == 2 and !$event;
        }
        exit 1' "$@" || fail "qmp: $*"
}
pull() { qmp device_del '{"id":"stick"}' DEVICE_DELETED; }
put_back() { # SERIAL
    qmp device_add "{\"driver\":\"scsi-hd\",\"bus\":\"scsi.0\",\"drive\":\"disk\",\"id\":\"stick\",\"serial\":\"$1\"}"
}

boot_copying() { # FROM TO
    second_initramfs "file 0755 /copy $TEST_DIR/copy" "file 0644 /golden.img $TEST_DIR/golden.img" >both
    INITRAMFS=both SERIAL=file:console timeout --kill-after=5 750 "$TOP/boards/qemu-x86_64/run" -b "$TOP/build" \
        "rdinit=/copy from=$1 to=$2" '' -device virtio-scsi-pci,id=scsi -qmp unix:qmp.sock,server=on,wait=off \
        -blockdev driver=raw,node-name=disk,file.driver=file,file.filename=target.raw \
        -device scsi-hd,bus=scsi.0,drive=disk,id=stick,serial=ONE </dev/null >machine 2>&1 &
    machine=$!
    at_exit+=("kill -KILL $machine 2>/dev/null")
}
# Ends with the machine, which ends by itself.
wait_for_machine() { # COMMAND
    until "$@"; do
        kill -0 "$machine" 2>/dev/null || fail "the machine ended before: $*: $(tail -n 20 console machine)"
        sleep 0.1
    done
}
says() { grep -Eq -- "$1" console 2>/dev/null; }
has_arrived() { cmp -s -n 65536 -i "0:$at" golden.img target.raw; }
must_end() { # CODE
    wait "$machine" || fail "the machine did not end by itself: $(tail -n 20 console)"
    console_says "^copy: code $1"
}
must_be_lost() {
    wait_for_machine says "^decant: $1: the device has gone; trying again"
}

make_block 1048576 >block.img
for _ in {1..16}; do cat block.img; done >golden.img
truncate -s 24M target.raw
to=/dev/sda at=0

case $1 in
destination|partition|other)
    if [ "$1" = partition ]; then
        requires_program sfdisk
        echo 'start=2048, size=40960' | sfdisk -q target.raw
        to=/dev/sda1 at=1048576
    fi
    boot_copying /golden.img "$to"
    wait_for_machine has_arrived
    pull
    must_be_lost "$to"
    if [ "$1" = other ]; then
        cp target.raw before.raw
        put_back TWO
        must_end 1
        console_says "writing $to failed at offset [0-9]+: another disk is in its place, whose serial number is TWO, not ONE; "
        same before.raw target.raw
        exit 0
    fi
    put_back ONE
    must_end 0
    console_says "^decant: $to is back: going on at offset [0-9]"
    cmp -n 16777216 -i "0:$at" golden.img target.raw || fail "not copied" ;;
source)
    cp golden.img target.raw
    boot_copying /dev/sda /out.img
    wait_for_machine says '^copy: begun'
    pull
    must_be_lost /dev/sda
    put_back ONE
    must_end 0
    console_says "^decant: /dev/sda is back: going on at offset [0-9]"
    sum=$(sha256sum <golden.img)
    console_says "^${sum%% *} " ;;
esac
