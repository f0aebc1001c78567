#!/bin/bash
# SPDX-License-Identifier: MIT
# The appliance keeps the map of a copy or a rescue where decant.mapfile= says, on a disk that is neither read nor written otherwise, and
# ends rather than that it copies without. The job is the appliance's own, in its own shell; what it calls is played, with a machine
# that has a disk to write, one for maps, two that are called the same, and one whose label only blkid knows.
# cases: places refused absent names finished closed
. "$(dirname "$0")/../functions.sh"

play_busybox
mkdir -p lib run mnt sys/block net/eth0/device net/eth1/device net/lo dmi
rm -f bin/umount bin/blkid bin/sync
here() { room_here "$1" 's|-lt 15 |-lt 1 |'; }
for part in job consoles telling parameters machine settings mapfile afterwards reports nearest; do here "$part" >"lib/$part"; done
here excepts >bin/excepts
chmod +x bin/excepts lib/nearest
# Partitions as sysfs has them.
for disk in vda vdb vdc vdd vde; do mkdir -p "sys/$disk/${disk}1" && touch "sys/$disk/${disk}1/partition" && ln -s "../$disk" "../$disk/${disk}1" sys/block/; done
play decant "case \"\$*\" in
'disks --destination'*--except=/dev/vdb1*' -- label:MAPS') ;;
*' -- label:MAPS' | *' -- uuid:AB-CD') printf 'NAME\\nvdb1\\n'; exit ;;
*' -- serial:MAPS') printf 'NAME\\nvdb\\n'; exit ;;
*' -- serial:TARGET') printf 'NAME\\nvda\\n'; exit ;;
*' -- label:ROOT') printf 'NAME\\nvda1\\n'; exit ;;
*' -- label:TWIN') echo 'decant: label:TWIN: 2 disks are that, and one must be meant (serial: tells them apart); nothing was written' >&2; exit 1 ;;
*' -- size:x') echo 'decant: size:x: size: takes a size' >&2; exit 64 ;;
'disks '*) ;;
*) echo \"decant: done: bytes=4096 seconds=0.10\" >&2; echo \"decant \$*\" >>$TEST_DIR/ran; exit ;;
esac
echo 'decant: NAME SIZE' >&2
echo \"decant: \${*##* -- }: no disk is that; nothing was written\" >&2
exit 1"
play medium "echo \"medium \$*\" >>$TEST_DIR/ran" "[ ! -e $TEST_DIR/no-medium ] || { echo 'medium: /dev/vdb1 is write-protected' >&2; exit 1; }"
play sync :
play hardware 'echo vda 5 MiB'
play blkid "echo '/dev/vdb1: LABEL=\"MAPS\" UUID=\"AB-CD\" TYPE=\"vfat\"'" "echo '/dev/vdc1: LABEL=\"EXFAT\" UUID=\"12-34\" TYPE=\"exfat\"'" \
    "echo '/dev/vdd1: LABEL=\"BOTH\" UUID=\"1\" TYPE=\"exfat\"'" "echo '/dev/vde1: LABEL=\"BOTH\" UUID=\"2\" TYPE=\"ntfs\"'"
play umount "echo \"umount \$*\" >>$TEST_DIR/ran"
printf '%s\n' '. lib/job' '(image)' >run.job
truncate -s 4096 golden.img
echo 52:54:00:12:34:57 >net/eth0/address
echo 52:54:00:12:34:56 >net/eth1/address
echo 00:00:00:00:00:00 >net/lo/address
own=decant-52-54-00-12-34-56.map

# job WORDS: what it said is in `said`, and what it ran in `ran`.
job() {
    rm -rf ran mounts run
    mkdir run
    touch ran mounts
    echo "decant.source=$TEST_DIR/golden.img decant.destination=serial:TARGET decant.wait=0 decant.yes $1" >cmdline
    touch run/log
    appliance run.job >run/log 2>&1 || true
    sed "s|$TEST_DIR||g" run/log >said
}
result_is() { # PATTERN
    grep -Eq -- "^decant: result=$1" said || fail "expected '$1', got: $(cat said)"
}
# That map is the copy's.
kept_as() { # DEVICE FILE
    result_is 'ok bytes=4096 '
    grep -qx "medium -w $1 $TEST_DIR/run/maps" ran || fail "not mounted: $(cat ran)"
    grep -q -- "^decant .* --mapfile=$TEST_DIR/run/maps/$2 " ran || fail "without that map: $(cat ran)"
}
# Nothing was copied.
refused() { # PATTERN
    result_is "failed code=$1"
    ! grep '^decant ' ran || fail "it copied nevertheless"
}

case $1 in
places)
    job decant.mapfile=label:MAPS
    kept_as /dev/vdb1 "$own"
    grep -q "^decant: the map is $own on /dev/vdb1, a new one" said || fail "which map? $(cat said)"
    for word in label:MAPS/summer.map uuid:AB-CD/summer.map LABEL=MAPS:/summer.map UUID=AB-CD:/summer.map; do
        job "decant.mapfile=$word"
        kept_as /dev/vdb1 summer.map
    done
    job decant.mapfile=serial:MAPS
    kept_as /dev/vdb "$own"
    # Labels that decant doesn't know.
    job decant.mapfile=label:EXFAT
    kept_as /dev/vdc1 "$own"
    job decant.mapfile=uuid:12-34/summer.map
    kept_as /dev/vdc1 summer.map
    # A rescue has one, too, and the last word counts.
    job 'decant.options=rescue decant.mapfile=label:NONE decant.mapfile=label:MAPS'
    grep -q "^decant rescue .* --mapfile=$TEST_DIR/run/maps/$own .* --json " ran || fail "a rescue without a map: $(cat ran)"
    # And without the word, none.
    job ''
    result_is 'ok bytes=4096 '
    ! grep -e --mapfile -e ^medium ran || fail "a map that nobody asked for" ;;
refused)
    # No selector chooses that disk for the one to write, and a name doesn't either.
    job 'decant.mapfile=label:MAPS decant.destination=label:MAPS'
    refused '1 reason=decant.destination=label:MAPS: no disk is that'
    job decant.mapfile=label:ROOT
    refused '64 reason=decant.mapfile=label:ROOT is on vda, which is to be overwritten: keep the map on another disk$'
    job 'decant.mapfile=label:MAPS decant.source=serial:MAPS'
    refused '64 reason=decant.mapfile=label:MAPS is on vdb, which is read: keep the map on another disk$'
    job 'decant.mapfile=label:MAPS decant.source=label:MAPS'
    refused '64 reason=decant.mapfile=label:MAPS is on vdb1, which is read'
    job 'decant.mapfile=label:MAPS decant.destination=LABEL=MAPS:/sda.qcow2'
    refused '64 reason=decant.mapfile= is for copies that go on, and a qcow2 is written from its beginning'
    job 'decant.mapfile=label:MAPS decant.options=--mapfile=/x.map'
    refused '64 reason=decant.mapfile= and --mapfile in decant.options= are two maps'
    for empty in decant.mapfile= decant.mapfile; do
        job "$empty"
        refused '64 reason=decant.mapfile is empty: name a disk'
    done
    job decant.mapfile=label:MAPS/no/such.map
    refused '64 reason=decant.mapfile=label:MAPS/no/such.map: there is no folder no on /dev/vdb1' ;;
absent)
    # What was looked for, and what there is; and nothing is copied without it.
    job decant.mapfile=label:STICK
    refused '1 reason=decant.mapfile=label:STICK: no disk is that'
    grep -q '^decant: NAME SIZE' said || fail "no table of disks: $(cat said)"
    job decant.mapfile=label:TWIN
    refused '1 reason=decant.mapfile=label:TWIN: 2 disks are that'
    job decant.mapfile=label:BOTH
    refused '1 reason=decant.mapfile=label:BOTH: 2 disks are that'
    job decant.mapfile=size:x
    refused '64 reason=decant.mapfile=size:x: size: takes a size'
    job decant.mapfile=/dev/none
    refused '1 reason=/dev/none did not appear within 0 s; there is: vda 5 MiB'
    touch no-medium
    job decant.mapfile=label:MAPS
    refused '1 reason=decant.mapfile=label:MAPS: /dev/vdb1 is write-protected' ;;
names)
    # SERIAL -> its name: what its maker has left as it was is no number.
    is_called() { # NAME
        appliance -c '. lib/machine; name_of_machine' >name
        [ "$(cat name)" = "$1" ] || fail "'$(cat dmi/product_serial)' is called $(cat name)"
    }
    while read -r serial name; do
        echo "${serial//_/ }" >dmi/product_serial
        is_called "$name"
    done <<END
J3XYZ12 J3XYZ12
PF-1A/2B PF-1A_2B
To_be_filled_by_O.E.M. 52-54-00-12-34-56
Default_string 52-54-00-12-34-56
System_Serial_Number 52-54-00-12-34-56
Not_Specified 52-54-00-12-34-56
0000000 52-54-00-12-34-56
0 52-54-00-12-34-56
123456789 52-54-00-12-34-56
END
    : >dmi/product_serial
    is_called 52-54-00-12-34-56
    rm -r net/eth0 net/eth1
    is_called machine ;;
finished)
    # One in which nothing is is none.
    play medium "mkdir -p $TEST_DIR/run/maps && touch $TEST_DIR/run/maps/$own"
    job decant.mapfile=label:MAPS
    grep -q "^decant: the map is $own on /dev/vdb1, a new one" said || fail "which map? $(cat said)"
    [ ! -e "run/maps/$own" ] || fail "decant would take it for damaged"
    play medium "mkdir -p $TEST_DIR/run/maps && echo map >$TEST_DIR/run/maps/$own"
    # What decant itself says then; see tests/integration/test-mapfile.sh and test-rescue.sh.
    sed -i "s|^\*) echo .*|*) echo \"decant: /dev/vda is finished already, as $TEST_DIR/run/maps/$own has it: nothing was written\" >\&2; echo 'decant: done: bytes=4096 seconds=0.00' >\&2; exit ;;|" bin/decant
    job decant.mapfile=label:MAPS
    result_is 'ok bytes=0 seconds=0.00 mapfile=finished peak_kib='
    grep -q "^decant: the map is $own on /dev/vdb1, which is there" said || fail "which map? $(cat said)"
    grep -q "^decant: to begin anew, remove $own from /dev/vdb1, or name another: decant.mapfile=label:MAPS/NAME" said || fail "how anew? $(cat said)"
    job decant.mapfile=LABEL=MAPS:/"$own"
    grep -q "decant.mapfile=label:MAPS/NAME" said || fail "how anew? $(cat said)"
    sed -i "s|^\*) echo .*|*) echo \"decant: $TEST_DIR/run/maps/$own says that all is tried: nothing is left to do\" >\&2; printf '\"bytes\": 4096,\\\\n'; exit ;;|" bin/decant
    job 'decant.options=rescue decant.mapfile=label:MAPS'
    result_is 'ok bytes=0 seconds=0.00 mapfile=finished peak_kib='
    # Of other disks.
    sed -i "s|^\*) echo .*|*) echo \"decant: $own is the map of another source: nbd://old/, of 4096 bytes; for this one, begin a new map\" >\&2; exit 1 ;;|" bin/decant
    job decant.mapfile=label:MAPS
    result_is "failed code=1 reason=$own is the map of another source"
    grep -q "^decant: to begin anew, remove $own from /dev/vdb1" said || fail "how anew? $(cat said)" ;;
closed)
    # Before the machine restarts, and not before a shell, where the command that goes on needs it.
    sed -n '/^end()/,/^}/p' lib/afterwards >end
    for what in reboot poweroff kexec shell; do
        printf '%s\n' '. lib/job' 'close_consoles() { :; }' 'be_for() { exit; }' 'sync() { echo sync >>ran; }' \
            'reboot() { echo reboot >>ran; exit; }' 'poweroff() { echo poweroff >>ran; exit; }' 'kexec() { echo kexec >>ran; exit; }' "end $what" >run.end
        mkdir -p run
        : >ran
        echo /dev/vda >run/disk
        echo "/dev/vdb1 $TEST_DIR/run/maps vfat rw 0 0" >mounts
        printf '%s\n' '#!/bin/sh' exit >lib/next-kernel
        chmod +x lib/next-kernel
        appliance run.end >said 2>&1 || true
        expected="umount $TEST_DIR/run/maps sync $what"
        [ "$what" != shell ] || expected=sync
        [ "$(xargs <ran)" = "$expected" ] || fail "before $what: $(xargs <ran); $(cat said)"
    done ;;
*) fail "no such case" ;;
esac
