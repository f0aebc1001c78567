#!/bin/bash
# SPDX-License-Identifier: MIT
# A smaller image leaves what lies behind it, and whoever finds that takes the disk for a member of a RAID, or an old filesystem for a new
# one. Of a device it is named; with --wipe-rest, nothing finds it any more, and what isn't taken for anything stays as it was.
#
# cases: named wiped wiped-4k hold-back verify mbr nbd nbd-is-left own-table nothing-there to-its-end fails

. "$(dirname "$0")/../functions.sh"
requires_root
requires_program sgdisk sfdisk wipefs mkfs.ext4

# put_superblocks FILE: as those of a RAID, by both of the formats that lie at a disk's end, and of a pool, for a disk of 128 MiB.
put_superblocks() {
    perl -e '
        open my $disk, "+<", $ARGV[0] or die; binmode $disk;
        sub put { seek $disk, $_[0], 0; print $disk $_[1] }
        my $size = 128 << 20;
        my $at = $size / 512 - 16;
        put($at * 512, pack("V V x24 a16 a32 x56 Q<", 0xa92b4efc, 1, "u" x 16, "host:old", $at));
        put($size - 65536, pack("V V V x8 V x28 V", 0xa92b4efc, 0, 90, 0x12345678, 0x9abcdef0));
        for my $label (1, 2) { put($size - $label * 262144 + 131072 + 1024 * $_, pack("Q< Q< Q<", 0xbab10c, 5000, $_)) for 0 .. 31 }
    ' "$1"
}

# make_old [SECTOR-SIZE]: old.img, of 128 MiB, that had another life; its partitions begin at 1, 40, 70 and 100 MiB.
make_old() {
    local sector=${1-512} mib disk
    mib=$((1048576 / sector))
    junk old.img 128M
    attach disk old.img --sector-size "$sector"
    sgdisk -Z "$disk" >/dev/null 2>&1 || true
    sgdisk -n "1:$mib:+20M" -n "2:$((40 * mib)):+20M" -n "3:$((70 * mib)):+20M" -n "4:$((100 * mib)):+8M" "$disk" >sgdisk.out 2>&1 ||
        fail "$(cat sgdisk.out)"
    detach "$disk"
    put_partitions
    put_superblocks old.img
}
put_partitions() {
    attach disk old.img -o 40M --sizelimit 20M
    printf '%-512sLABELONE%24s%s' '' 'LVM2 001' 0123456789abcdefghijklmnopqrstuv | dd of="$disk" conv=notrunc status=none
    detach "$disk"
    attach disk old.img -o 70M --sizelimit 20M
    mkfs.ext4 -q -F -L oldroot "$disk"
    detach "$disk"
}

# make_new: in.img, of 12 MiB, whose table is an MBR.
make_new() {
    make_image in.img 12M 17
    dd if=/dev/zero of=in.img bs=64K count=1 conv=notrunc status=none
    printf 'label: dos\nstart=2048\n' | sfdisk -q --no-reread --no-tell-kernel in.img
}

# What is found by those who look: of the disk, and of what would be made where the old partitions were.
look() {
    local at
    wipefs -n -p "$1"
    for at in 40 70 100; do
        attach part "$1" -o "${at}M" --sizelimit 8M
        wipefs -n -p "$part"
        detach "$part"
    done
}
only_the_new_one() {
    look "$1" >found
    [ "$(grep -vc '^#' found)" -eq 1 ] && grep -q ',dos$' found || fail "found: $(cat found)"
}

# What isn't part of any signature is as it was.
others_stay() {
    cmp -i 12M -n 28M old.img "$1" && cmp -i 41M -n 29M old.img "$1" && cmp -i 71M -n $((56 * 1048576)) old.img "$1" ||
        fail "more was written than had to be"
    cmp -n 12M in.img "$1"
}

named() {
    local still=$1 end=$2
    said "at offset 41943040, behind what was copied, there $still LVM2 member$end$"
    said "at offset 73400320, behind what was copied, there $still ext4 oldroot$end$"
    said "at offset $((134217728 - 8192)), behind what was copied, there $still a RAID superblock \(md 1.0\)$end$"
    said "at offset $((134217728 - 65536)), behind what was copied, there $still a RAID superblock \(md 0.90\)$end$"
    said "at offset $((134217728 - 131072)), behind what was copied, there $still a ZFS label$end$"
    said "at offset $((134217728 - 393216)), behind what was copied, there $still a ZFS label$end$"
}

case $1 in
named)
    make_old
    make_new
    cp old.img out.img
    look out.img >found
    # Not all releases of wipefs know all of them by so little.
    [ "$(grep -Eco ',(ext4|LVM2_member|linux_raid_member|zfs_member|gpt)$' found)" -ge 3 ] || fail "not all is there: $(cat found)"
    attach to out.img
    must_copy in.img "$to"
    named 'still is' ' \(--wipe-rest wipes it\)'
    said "at offset $((134217728 - 512)), .*still is a GPT's second header"
    [ "$(wc -l <err)" -eq 7 ] || fail "said more: $(cat err)"
    blockdev --flushbufs "$to"
    cmp -i 12M old.img out.img || fail "it was written to" ;;
wiped|hold-back|verify)
    make_old
    make_new
    cp old.img out.img
    attach to out.img
    options=()
    case $1 in
    hold-back) options=(--hold-back=4k) ;;
    verify) options=(--verify) ;;
    esac
    must_copy "${options[@]}" --wipe-rest in.img "$to"
    [ "$1" = hold-back ] || named was ': wiped'
    blockdev --flushbufs "$to"
    only_the_new_one out.img
    others_stay out.img
    # The same again finds nothing.
    must_copy "${options[@]}" --wipe-rest in.img "$to"
    [ ! -s err ] || fail "said: $(cat err)" ;;
wiped-4k)
    make_old 4096
    make_new
    cp old.img out.img
    attach to out.img --sector-size 4096
    must_copy --any-sector-size --wipe-rest in.img "$to"
    named was ': wiped'
    said "at offset $((134217728 - 4096)), .* a GPT's second header: wiped"
    blockdev --flushbufs "$to"
    only_the_new_one out.img
    others_stay out.img ;;
mbr)
    # The old table is an MBR.
    make_new
    junk old.img 128M
    dd if=/dev/zero of=old.img bs=64K count=1 conv=notrunc status=none
    printf 'label: dos\nstart=2048,size=2048\nstart=%d,size=40960\nstart=%d,size=40960\n' $((40 * 2048)) $((70 * 2048)) |
        sfdisk -q --no-reread --no-tell-kernel old.img
    put_partitions
    put_superblocks old.img
    cp old.img out.img
    attach to out.img
    must_copy --wipe-rest in.img "$to"
    named was ': wiped'
    blockdev --flushbufs "$to"
    only_the_new_one out.img ;;
nbd)
    make_old
    make_new
    cp old.img out.img
    serve_nbdkit d file out.img
    must_copy --wipe-rest in.img "$(uri d)"
    named was ': wiped'
    end_server d
    only_the_new_one out.img
    others_stay out.img ;;
nbd-is-left)
    # A server's disk isn't read behind the copy unasked.
    make_old
    make_new
    cp old.img out.img
    serve_nbdkit d file out.img
    must_copy in.img "$(uri d)"
    [ ! -s err ] || fail "said: $(cat err)" ;;
own-table)
    # With --grow, the second header at the disk's end is the new table's own.
    make_old
    make_image in.img 12M 17
    sgdisk -Z in.img >/dev/null 2>&1 || true
    sgdisk -n 1:2048:+2M in.img >sgdisk.out
    cp old.img out.img
    attach to out.img
    must_copy --grow --wipe-rest in.img "$to"
    said 'at offset 134152192, behind what was copied, there was a RAID superblock \(md 0.90\): wiped'
    ! grep -q GPT err || fail "$(cat err)"
    blockdev --flushbufs "$to"
    sgdisk -v out.img >verify.out 2>&1
    grep -q '^No problems found' verify.out || fail "$(cat verify.out)"
    must_copy --grow in.img "$to"
    ! grep -q 'GPT' err || fail "$(cat err)" ;;
nothing-there)
    make_new
    junk out.img 128M
    attach to out.img
    must_copy in.img "$to"
    [ ! -s err ] || fail "said: $(cat err)" ;;
to-its-end)
    make_old
    cp old.img in.img
    junk out.img 128M
    attach to out.img
    must_copy --wipe-rest in.img "$to"
    [ ! -s err ] || fail "said: $(cat err)"
    blockdev --flushbufs "$to"
    same in.img out.img ;;
fails)
    make_old
    make_new
    cp old.img out.img
    serve_eval d out.img 128M '[ $4 -lt 73400320 ] || { cat >/dev/null; echo EIO behind >&2; exit 1; }'
    "$DECANT" --retry=0 --wipe-rest in.img "$(uri d)" 2>err && fail "exit code 0"
    said 'LVM2 member: wiped'
    ! grep -q oldroot err || fail "$(cat err)"
    said '^decant: cannot write to .* at offset 73400320: I/O error; all is copied: go on with$'
    cmp -n 12M in.img out.img ;;
*) fail "no such case" ;;
esac
