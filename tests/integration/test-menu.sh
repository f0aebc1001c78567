#!/bin/bash
# SPDX-License-Identifier: MIT
# The appliance's menu makes of answers the words of a job, and of wrong, missing or late answers none: what it runs is played here, with
# a machine that has three disks and a stick, and the shell is the appliance's own.
# cases: server stick save rescue rescue-map rescue-file convert refused quicker goes-back nobody
. "$(dirname "$0")/../functions.sh"

play_busybox
mkdir -p run mnt/images lib net/eth0/device
room_here machine >lib/machine
rm -f bin/umount bin/blkid bin/reboot bin/poweroff
cat >disks <<'END'
NAME              SIZE BUS     MODEL                  SERIAL               HOLDS                      USED
sda           10.0 GiB ata     QEMU HARDDISK          QM1                  GPT
  sda1        10.0 GiB                                                     ext4 "root"
sdb            1.0 GiB usb     Stick                  7                    MBR                        removable
  sdb1         1.0 GiB                                                     vfat "STICK"
sr0          600.0 MiB ata     DVD                                         ISO 9660 "DECANT"          removable, read-only
nvme0n1       20.0 GiB nvme    Fast                   N1                   zeros
END
cat >disks.said <<'END'
said:
[
  { "name": "sda", "size": 10737418240, "sector-size": 512, "removable": false, "read-only": false, "bus": "ata", "model": "QEMU, HARD\"DISK", "serial": "QM 1", "holds": "GPT" },
  { "name": "sda1", "size": 10736369664, "removable": false, "read-only": false, "partition-of": "sda", "holds": "ext4", "label": "root" },
  { "name": "sdb", "size": 1073741824, "removable": true, "read-only": false, "bus": "usb", "holds": "MBR" },
  { "name": "sdb1", "size": 1072693248, "removable": true, "read-only": false, "partition-of": "sdb", "holds": "vfat", "label": "STICK" },
  { "name": "sr0", "size": 629145600, "removable": true, "read-only": true, "bus": "ata", "holds": "ISO 9660" },
  { "name": "nvme0n1", "size": 21474836480, "removable": false, "read-only": false, "bus": "nvme", "holds": "zeros" }
]
END
{
    echo said:
    echo '{'
    echo '"exports": ['
    for export in 'old 1024 true' 'golden 10737418240 false' 'win%2011 32212254720 false'; do
        read -r name size fixed <<<"$export"
        printf '\t{\n\t"export-name": "%s",\n\t"uri": "nbd://server/%s",\n\t"is_read_only": %s,\n\t"export-size": %s,\n\t"export-size-str": "x"\n\t},\n' \
            "$name" "$name" "$fixed" "$size"
    done
} >exports.said
play decant "echo \"\$*\" >>$TEST_DIR/ran" "case \$* in
'disks --json') tail -n +2 $TEST_DIR/disks.said ;;
disks) cat $TEST_DIR/disks ;;
'disks -- uuid:STICK') sed -n '1p;/sdb1/p' $TEST_DIR/disks ;;
'info --list '*nbd://server*) tail -n +2 $TEST_DIR/exports.said ;;
'info --list '*) echo 'decant: cannot connect' >&2; exit 1 ;;
'info --size '*) echo 4096 ;;
esac"
play network "echo \"network \$*\" >>$TEST_DIR/ran" "[ ! -e $TEST_DIR/no-network ]"
play medium "echo \"medium \$*\" >>$TEST_DIR/ran"
play hardware 'echo nothing'
play excepts 'echo /dev/sdb'
play umount :
play blkid "echo '/dev/sda1: LABEL=\"root\" UUID=\"11-22\" TYPE=\"ext4\"'" "echo '/dev/sdb1: LABEL=\"STICK\" UUID=\"AB-CD\" TYPE=\"vfat\"'" \
    "echo '/dev/sda2: TYPE=\"swap\"'" "echo '/dev/sr0: LABEL=\"DECANT\" TYPE=\"iso9660\"'"
truncate -s 5G mnt/images/golden.img
truncate -s 1M "mnt/images/a small one.img" mnt/notes.txt

# menu WHERE ANSWER...: sets code; what it showed is in `shown`.
menu() {
    room_here menu >menu.here
    code=0
    printf '%s\n' "${@:2}" | appliance menu.here words "$1" >shown 2>&1 || code=$?
}
words_are() { # WORDS
    [ "$code" = 0 ] || fail "exit code $code: $(cat shown)"
    [ "$(cat words)" = "$1" ] || fail "the words are $(cat words)"
    grep -Fqx "The same without questions: ${1%% decant.yes*}" shown || fail "the words aren't shown: $(cat shown)"
}
nothing_begun() { # PATTERN: it is told
    [ "$code" = 2 ] || fail "exit code $code: $(cat shown)"
    [ ! -e words ] || fail "a job: $(cat words)"
    grep -q -e "$1" shown || fail "no line like '$1': $(cat shown)"
}

case $1 in
server)
    menu '' 1 1 server 2 1 sda
    words_are 'decant.source="nbd://server/golden" decant.destination="/dev/sda" decant.options=--progress decant.yes'
    grep -q '^ *2 .* 10.0 GiB nbd://server/golden$' shown || fail "no table of exports: $(cat shown)"
    grep -q '^   - .*sdb .*Stick' shown || fail "what this was started from can be chosen: $(cat shown)"
    [ "$(grep -c '^network ip=any' ran)" = 1 ] || fail "the network: $(cat ran)"
    rm words ran
    menu image 1 nbds://elsewhere/this nvme0n1 /dev/nvme0n1
    words_are 'decant.source="nbds://elsewhere/this" decant.destination="/dev/nvme0n1" decant.options=--progress decant.yes'
    # That stays, or goes on with another card.
    [ "$(grep '^network' ran)" = 'network for=nbds://elsewhere/this' ] || fail "the network: $(cat ran)" ;;
stick)
    menu image 2 1 1 4 nvme0n1
    words_are 'decant.source="UUID=11-22:/images/a small one.img" decant.destination="/dev/nvme0n1" decant.options=--progress decant.yes'
    grep -q 'medium /dev/sda1$' ran || fail "not mounted: $(cat ran)"
    grep -q '^   3 .*iso9660' shown || fail "not from a CD: $(cat shown)"
    ! grep notes.txt shown || fail "anything is an image"
    rm words
    menu image 2 2 images/golden.img 1 sda
    words_are 'decant.source="UUID=AB-CD:/images/golden.img" decant.destination="/dev/sda" decant.options=--progress decant.yes' ;;
save)
    menu '' 2 sda 2 1 images/golden.img 'sda of "today".img' sda
    words_are 'decant.source="/dev/sda" decant.destination="UUID=AB-CD:/sda of today.img" decant.options="--progress" decant.yes'
    ! grep -E 'iso9660|/dev/sda1 LABEL' shown || fail "onto a CD, or what is read"
    grep -q '^medium -w /dev/sdb1$' ran || fail "not mounted: $(cat ran)"
    grep -q 'There is a images/golden.img already' shown || fail "a file that is there: $(cat shown)" ;;
rescue)
    menu '' 3 sda 1 server 1 server 3 2 sda
    words_are 'decant.source="/dev/sda" decant.destination="nbd://server/win%2011" decant.options="rescue --mapfile='"$TEST_DIR"'/run/rescue.map" decant.yes'
    grep -q "That one can't be written to" shown || fail "a read-only export: $(cat shown)"
    grep -q '^ *2  in memory, and LOST when the power goes$' shown || fail "it isn't told that the map is lost: $(cat shown)"
    rm words
    # Where nothing else is there to keep it on.
    play blkid "echo '/dev/sda1: LABEL=\"root\" UUID=\"11-22\" TYPE=\"ext4\"'" "echo '/dev/sr0: LABEL=\"DECANT\" TYPE=\"iso9660\"'" \
        "echo '/dev/nvme0n1p1: TYPE=\"ext4\"'" "echo '/dev/sdc1: TYPE=\"ntfs\"'"
    menu '' 3 sda 3 nvme0n1 nvme0n1
    words_are 'decant.source="/dev/sda" decant.destination="/dev/nvme0n1" decant.options="rescue --mapfile='"$TEST_DIR"'/run/rescue.map" decant.yes'
    grep -q 'it stays in memory, and is LOST when the power goes' shown || fail "it isn't told that the map is lost: $(cat shown)" ;;
rescue-map)
    # On a stick, neither on the disk that is read nor on the one that is written.
    menu rescue sda 3 nvme0n1 1 nvme0n1
    words_are 'decant.source="/dev/sda" decant.destination="/dev/nvme0n1" decant.options=rescue decant.mapfile="UUID=AB-CD:/rescue-QM_1.map" decant.yes'
    ! grep '^ *[0-9]* *\(/dev/sda1\|/dev/sda2\|/dev/sr0\) ' shown || fail "a place for no map"
    grep -q '^medium -w /dev/sdb1$' ran || fail "it isn't known whether it can be written to: $(cat ran)"
    rm words
    # What is there is gone on with, or another is begun.
    touch mnt/rescue-QM_1.map mnt/second.map
    menu rescue sda 1 server 3 1 '' '' '' ''
    nothing_begun 'There is a rescue-QM_1.map already'
    menu rescue sda 1 server 3 1 yes sda
    words_are 'decant.source="/dev/sda" decant.destination="nbd://server/win%2011" decant.options=rescue decant.mapfile="UUID=AB-CD:/rescue-QM_1.map" decant.yes'
    rm words
    menu rescue sda 1 server 3 1 second.map third.map sda
    words_are 'decant.source="/dev/sda" decant.destination="nbd://server/win%2011" decant.options=rescue decant.mapfile="UUID=AB-CD:/third.map" decant.yes'
    rm words
    # A disk that has no number, and a stick that can't be written to.
    sed -i 's/"serial": "QM 1", //' disks.said
    menu rescue sda 1 server 3 1 sda
    words_are 'decant.source="/dev/sda" decant.destination="nbd://server/win%2011" decant.options=rescue decant.mapfile="UUID=AB-CD:/rescue-sda.map" decant.yes'
    rm words
    play medium 'echo medium: /dev/sdb1 is write-protected >&2; exit 1'
    menu rescue sda 1 server 3 1 2 sda
    words_are 'decant.source="/dev/sda" decant.destination="nbd://server/win%2011" decant.options="rescue --mapfile='"$TEST_DIR"'/run/rescue.map" decant.yes'
    grep -q 'sdb1 is write-protected' shown || fail "not said why: $(cat shown)" ;;
rescue-file)
    # Its map is beside it, and both are gone on with.
    menu rescue sda 2 1 broken.img sda
    words_are 'decant.source="/dev/sda" decant.destination="UUID=AB-CD:/broken.img" decant.options=rescue decant.mapfile="UUID=AB-CD:/broken.img.map" decant.yes'
    rm words
    touch mnt/broken.img
    menu rescue sda 2 1 broken.img ''
    nothing_begun 'There is a broken.img already'
    touch mnt/broken.img.map
    menu rescue sda 2 1 broken.img sda
    words_are 'decant.source="/dev/sda" decant.destination="UUID=AB-CD:/broken.img" decant.options=rescue decant.mapfile="UUID=AB-CD:/broken.img.map" decant.yes'
    rm words
    # A copy knows nothing of it.
    menu save sda 2 1 broken.img ''
    nothing_begun 'There is a broken.img already' ;;
convert)
    # Where the tools are in, and not elsewhere.
    menu '' 7 1 ''
    ! grep -q 'becomes a' shown || fail "it converts by nothing"
    menu convert 1 sda
    grep -q 'Where from' shown || fail "not at the beginning: $(cat shown)"
    touch lib/formats "mnt/images/one.ova"
    menu '' 7 1 sda 1 sda.qcow2 sda
    words_are 'decant.source="/dev/sda" decant.destination="UUID=AB-CD:/sda.qcow2" decant.options=--progress decant.yes'
    rm words
    menu convert 2 2 images/one.ova sda sda
    words_are 'decant.source="UUID=AB-CD:/images/one.ova" decant.destination="/dev/sda" decant.options=--progress decant.yes' ;;
refused)
    menu image 1 server 2 sdb sr0 sdz 7 1 sdb ''
    nothing_begun "sdb isn't overwritten: this was started from it"
    for line in "sr0 isn't overwritten: it is read-only" 'There is no sdz' 'There is no 7' "sdb isn't sda: nothing is done"; do nothing_begun "$line"; done
    menu image 1 server 3 1 sda
    nothing_begun "It doesn't fit: 32212254720 bytes"
    menu image 3 1 1 sda
    nothing_begun 'That is the one that is read'
    mv net/eth0 .
    menu image 1
    nothing_begun 'No server can be reached: nothing'
    mv eth0 net/
    rm -f run/network-is-up
    touch no-network
    menu image 1 server 10.0.0.2::: 10.0.0.3 '' ''
    nothing_begun 'Asking for an address'
    grep -q '^network ip=10.0.0.3 ' ran || fail "no address by hand: $(cat ran)" ;;
quicker)
    echo theirs >words
    menu '' 1
    { [ "$code" = 1 ] && [ "$(cat words)" = theirs ]; } || fail "two jobs: $code, $(cat words shown)"
    rm words
    # Between the last answer and the job.
    play ln "echo theirs >words; exit 1"
    menu image 1 server 2 1 sda
    { [ "$code" = 1 ] && [ "$(cat words)" = theirs ]; } || fail "two jobs: $code, $(cat words shown)" ;;
goes-back)
    menu '' 1 1 server 2 1 '' '' '' 2 '' 3
    nothing_begun 'The failing disk'
    [ "$(grep -c '^What is to be done' shown)" = 3 ] || fail "not back to the beginning: $(cat shown)" ;;
nobody)
    menu '' </dev/null
    nothing_begun 'What is to be done' ;;
*) fail "no such case" ;;
esac
