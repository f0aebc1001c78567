#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that is named by what it is must be that one, or none: never the one that happens to be first. And whoever overwrites the wrong
# one gets no second try, so what is in use or excepted is refused, in words that say why.
#
# cases: table labels by-label several none in-use force held below-a-loop except except-named as-source goes-on json-choice
# cases: files unread-lists

. "$(dirname "$0")/../functions.sh"
requires_root
requires_program losetup blockdev blkid mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mkfs.ntfs mkswap xorriso jq

# of NAME: the object that --json has of a device.
of() { jq ".[] | select(.name == \"${1#/dev/}\")" disks.json; }

# refused CODE PATTERN WORDS...: the table of disks, maybe, and then one message.
refused() {
    local code=0
    "$DECANT" "${@:3}" >said 2>err || code=$?
    [ "$code" = "$1" ] || fail "exit code $code: $(cat err)"
    tail -n 1 err | finds -E -e "$2" || fail "not said: $2: $(cat err)"
    [ ! -s said ] || fail "on standard output: $(cat said)"
}

make_image in.img 4M 91
truncate -s 16M out.img
label=decant-$$

case $1 in
table)
    mkfs.ext4 -q -L "$label" out.img
    attach to out.img
    "$DECANT" disks >disks || fail "exit code $?"
    [[ $(head -n 1 disks) =~ ^NAME\ +SIZE\ +BUS\ +MODEL\ +SERIAL\ +HOLDS\ +USED$ ]] || fail "got: $(cat disks)"
    grep -Eq "^${to#/dev/} +16.0 MiB loop  +ext4 \"$label\"$" disks || fail "got: $(cat disks)"
    "$DECANT" disks --json >disks.json || fail "exit code $?"
    of "$to" | jq -e '.size == 16777216 and .holds == "ext4" and .label == "'"$label"'" and .bus == "loop" and .["sector-size"] == 512' >/dev/null ||
        fail "got: $(cat disks.json)" ;;
labels)
    # As the tools that make them have it.
    for kind in ext2 ext4 xfs btrfs vfat ntfs swap iso9660; do
        truncate -s 0 out.img
        truncate -s 400M out.img
        case $kind in
        ext*) "mkfs.$kind" -q -L LABEL out.img ;;
        xfs|btrfs) "mkfs.$kind" -q -L LABEL out.img ;;
        vfat) mkfs.vfat -n LABEL out.img ;;
        ntfs) mkfs.ntfs -q -F -Q out.img ;;
        iso9660) mkdir -p tree && rm out.img && xorriso -as mkisofs -quiet -V LABEL -o out.img tree ;;
        swap) mkswap -q -L LABEL out.img ;;
        esac >made 2>&1 || fail "$kind: $(cat made)"
        attach to out.img
        "$DECANT" disks --json >disks.json || fail "exit code $?"
        detach "$to"
        eval "$(blkid -p -o export out.img | grep -E '^(LABEL|UUID)=')"
        of "$to" | jq -e ".holds == \"$kind\" and .uuid == \"$UUID\"" >/dev/null || fail "$kind, $UUID: $(of "$to")"
        [ "$kind" = ntfs ] || of "$to" | jq -e ".label == \"$LABEL\"" >/dev/null || fail "$kind, $LABEL: $(of "$to")"
    done ;;
by-label)
    mkfs.ext4 -q -L "$label" out.img
    attach to out.img
    must_copy in.img "label:$label,loop,size:16M"
    grep -q "^decant: label:$label,loop,size:16M is $to$" err || fail "not said: $(cat err)"
    blockdev --flushbufs "$to"
    cmp -n 4194304 in.img out.img ;;
several)
    mkfs.ext4 -q -L "$label" out.img
    cp out.img other.img
    attach to out.img
    attach other other.img
    cp out.img before.img
    refused 1 "label:$label: 2 disks are that, and one must be meant" in.img "label:$label"
    [ "$(grep -c "\"$label\"" err)" = 2 ] || fail "not shown: $(cat err)"
    refused 1 "label:$label,largest: 2 disks are that" in.img "label:$label,largest"
    same before.img out.img ;;
none)
    attach to out.img
    refused 1 "label:$label: no disk is that; nothing was written" in.img "label:$label"
    grep -q "^decant: NAME  *SIZE" err || fail "no table: $(cat err)"
    grep -q "^decant: ${to#/dev/} .* zeros$" err || fail "not in the table: $(cat err)"
    must_fail 64 'size: takes a size or two' in.img size:much
    [ -z "$(find . -name "*:*")" ] || fail "a file was made: $(ls)" ;;
unread-lists)
    # Who uses a disk may stand where it can't be read.
    requires_strace
    attach to out.img
    unread() { strace -f -o trace --quiet=attach,path-resolution -P /proc/self/mountinfo -e inject=open:error=EIO "$DECANT" "$@"; }
    code=0
    unread in.img "$to" 2>err || code=$?
    grep -q INJECTED trace || fail "nothing was refused"
    must_say "$to is in use, maybe \\(cannot read /proc/self/mountinfo: I/O error\\): nothing was written"
    unread disks --json >disks.json
    of "$to" | jq -r .used | finds '^maybe (cannot read ' || fail "got: $(cat disks.json)"
    must_copy --force-destination in.img "$to" ;;
in-use|force)
    mkfs.ext4 -q -L "$label" out.img
    attach to out.img
    mkdir mnt
    mount "$to" mnt 2>mount.err || skip "may not mount: $(cat mount.err)"
    at_exit=("umount mnt" "${at_exit[@]}")
    if [ "$1" = in-use ]; then
        must_fail 1 "$to is in use, mounted at .*/mnt: nothing was written \(to overwrite it all the same: --force-destination\)" in.img "$to"
        exit 0
    fi
    must_copy --force-destination in.img "$to"
    blockdev --flushbufs "$to"
    cmp -n 4194304 in.img out.img ;;
held)
    # Another program has it for itself alone, as mkfs does while it works, of which nothing stands anywhere.
    requires_program python3
    attach to out.img
    cp out.img before.img
    mkfifo held.in
    python3 -c 'import os, sys
os.open(sys.argv[1], os.O_RDWR | os.O_EXCL)
open("held", "w").close()
sys.stdin.read()' "$to" <held.in >holder.server 2>&1 &
    server_pid[holder]=$!
    exec {holder}>held.in
    wait_server holder test -e held
    must_fail 1 "$to is in use by another program: nothing was written \(to overwrite it all the same: --force-destination\)" in.img "$to"
    same before.img out.img
    must_copy --force-destination in.img "$to"
    exec {holder}>&-
    wait_for has_ended "${server_pid[holder]}"
    must_copy in.img "$to" ;;
below-a-loop)
    # The kernel itself would let it happen.
    attach to out.img
    attach above "$to"
    must_fail 1 "$to is in use, used by ${above#/dev/}: nothing was written" in.img "$to"
    must_copy --force-destination in.img "$to" ;;
except)
    mkfs.ext4 -q -L "$label" out.img
    cp out.img other.img
    attach to out.img
    attach other other.img
    must_copy --except="$other" in.img "label:$label"
    blockdev --flushbufs "$to"
    cmp -n 4194304 in.img out.img
    refused 1 "label:$label: no disk is that" --except="label:$label" in.img "label:$label"
    "$DECANT" disks --destination "label:$label" --except="$to" >disks 2>err || fail "exit code $?: $(cat err)"
    grep -q "^${other#/dev/} " disks || fail "got: $(cat disks)" ;;
except-named)
    mkfs.ext4 -q -L "$label" out.img
    attach to out.img
    cp out.img before.img
    must_fail 1 "$to is, or is on, a disk that --except keeps from being overwritten" --except="label:$label" in.img "$to"
    must_fail 1 "$to is, or is on, a disk that --except" --force-destination --except="$to" in.img "$to"
    same before.img out.img
    must_copy --except=label:nobody-has-this --except=/dev/nothing --except=in.img in.img "$to" ;;
as-source)
    mkfs.ext4 -q -L "$label" out.img
    attach from out.img
    must_copy "label:$label" copy.img
    same out.img copy.img
    "$DECANT" info --size "label:$label" >size 2>err || fail "$(cat err)"
    [ "$(cat size)" = 16777216 ] || fail "got: $(cat size)" ;;
goes-on)
    # What it was chosen by is gone by then.
    requires_program nbdkit
    mkfs.ext4 -q -L "$label" out.img
    attach to out.img
    serve_nbdkit s --filter=error file in.img error-pread-rate=100%
    refused 1 " $to$" --retry=0 "$(uri s)" "label:$label" ;;
json-choice)
    mkfs.ext4 -q -L "$label" out.img
    attach to out.img
    "$DECANT" disks --json "label:$label" >disks.json 2>err || fail "$(cat err)"
    jq -e 'length == 1 and .[0].name == "'"${to#/dev/}"'"' disks.json >/dev/null || fail "got: $(cat disks.json)"
    "$DECANT" disks "label:not-$label" >disks 2>err && fail "exit code 0"
    [ ! -s disks ] || fail "got: $(cat disks)" ;;
files)
    # Names that have been files' stay that.
    must_copy in.img nvme
    must_copy in.img ./smallest
    (cd . && "${DECANT%/*}/nbdcopy" in.img only) || fail "exit code $?"
    same in.img nvme
    same in.img smallest
    same in.img only ;;
*) fail "no such case" ;;
esac
