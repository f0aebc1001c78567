#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that is larger than its image has a partition table that ends too soon: with --grow it reaches to the disk's end, and a partition with
# it. It must be right for those who look at it most closely, other tools and the kernel, and at each moment at which the power may fail.
#
# cases: gpt-512 gpt-4k entries reread ext4 xfs btrfs by-name mbr mbr-4k nothing-to-do
# cases: nbd-blocks hold-back hold-back-held verify stream from mapfile power-cuts power-cuts-held refused refused-late fails file

. "$(dirname "$0")/../functions.sh"
requires_program sgdisk sfdisk parted

# make_disk SECTOR-SIZE [SGDISK-OPTIONS]: in.img, of 12 MiB, has a table of its own.
make_disk() {
    local sector=$1 disk mib=$((1048576 / $1))
    shift
    make_image in.img 12M 17
    dd if=/dev/zero of=in.img bs=64K count=1 conv=notrunc status=none
    dd if=/dev/zero of=in.img bs=64K count=1 seek=191 conv=notrunc status=none
    if [ "$sector" = 512 ]; then
        disk=in.img
    else
        attach disk in.img --sector-size "$sector"
    fi
    sgdisk "$@" -n "1:$mib:+2M" -c '1:boot fs' -n "2:$((3 * mib)):$((11 * mib - 1))" -c 2:root "$disk" >sgdisk.out 2>&1 ||
        fail "$(cat sgdisk.out)"
    [ "$disk" = in.img ] || detach "$disk"
}

# is_right DISK [SECTORS-OF-ROOT]: says everybody.
is_right() {
    sgdisk -v "$1" >verify.out 2>&1
    grep -q '^No problems found' verify.out || fail "sgdisk: $(cat verify.out)"
    sfdisk --verify "$1" >verify.out 2>&1 || fail "sfdisk: $(cat verify.out)"
    parted -s "$1" print >parted.out 2>&1 || fail "parted: $(cat parted.out)"
    ! grep -Eq 'Warning|Error|corrupt|not all of the space' parted.out || fail "parted: $(cat parted.out)"
    [ -z "${2-}" ] || [ "$(sectors_of_root "$1")" -eq "$2" ] || fail "root has $(sectors_of_root "$1") sectors"
}
sectors_of_root() { sgdisk -i 2 "$1" | sed -n 's/^Partition size: \([0-9]*\) sectors.*/\1/p'; }

# What isn't the table is as it was copied: what partitions have.
same_partitions() { cmp -i 1M -n 10M in.img "$1" || fail "what was copied was changed"; }

# serve_checked SIZE: an export c on out.img that says after each write, in states, what the first and the second copy of the table are.
serve_checked() {
    truncate -s 0 out.img
    truncate -s "$1" out.img
    : >states
    serve_eval c out.img "$1" '' "'$TOP/tests/gpt-states' out.img '\$other == \$last || \$other == 1 ? \"grown\" : \"short\"' >>states"
}

case $1 in
gpt-512|gpt-4k|entries|reread|nothing-to-do) requires_root ;;
esac

case $1 in
gpt-512|gpt-4k|entries)
    sector=512 options=()
    [ "$1" != gpt-4k ] || sector=4096
    [ "$1" != entries ] || options=(-S 1024)
    make_disk "$sector" "${options[@]}"
    junk out.img 64M
    attach to out.img --sector-size "$sector"
    must_copy --grow in.img "$to"
    said "^decant: $to: the partition table reaches to the disk's end now"
    is_right "$to" $((8 * 1048576 / sector))
    must_copy --grow=root in.img "$to"
    said "^decant: $to: partition 2 root has $((60 * 1048576)) bytes now, $((52 * 1048576)) more"
    is_right "$to" $((60 * 1048576 / sector))
    [ "$(sgdisk -p "$to" | sed -n 's/^Partition table holds up to \([0-9]*\).*/\1/p')" -eq "$([ "$1" = entries ] && echo 1024 || echo 128)" ] ||
        fail "it has other entries"
    blockdev --flushbufs "$to"
    same_partitions out.img
    # Of the second copy's header, nothing is left where it was.
    [ "$(slice out.img $((12582912 - sector)) 12582912 | tr -d '\0' | wc -c)" -eq 0 ] || fail "the old header is there" ;;
reread)
    # The kernel is told once all is written, verified or not; some kernels know no such tables.
    requires_strace
    make_disk 512
    for options in '' --verify; do
        truncate -s 0 out.img
        truncate -s 64M out.img
        attach to out.img --partscan
        # shellcheck disable=SC2086
        strace -f -y -o trace -e trace=pwrite64,ioctl -e inject=io_uring_setup:error=ENOSYS \
            "$DECANT" $options --grow=root in.img "$to" 2>err || fail "exit code $?: $(cat err)"
        [ "$(grep -E "pwrite64\(.*<$to|BLKRRPART" trace | tail -n 1 | grep -c 'BLKRRPART.* = 0')" -eq 1 ] || fail "$(tail trace)"
        is_right "$to" $((60 * 2048))
    done ;;
nothing-to-do)
    make_disk 512
    junk out.img 12M
    attach to out.img
    must_copy --grow in.img "$to"
    [ ! -s err ] || fail "said: $(cat err)"
    blockdev --flushbufs "$to"
    same in.img out.img ;;
ext4|xfs|btrfs)
    requires_root
    requires_program "mkfs.$1"
    [ "$1" = ext4 ] || grep -qw "$1" /proc/filesystems || modprobe "$1" 2>/dev/null || skip "this kernel does not mount it: $1"
    # XFS and Btrfs take no less.
    truncate -s 400M in.img
    sgdisk -n 1:2048:0 -c 1:data in.img >sgdisk.out
    attach data in.img -o 1M --sizelimit 397M
    "mkfs.$1" -q "$data"
    detach "$data"
    truncate -s 800M out.img
    attach to out.img
    must_copy --grow=data in.img "$to"
    command=$(sed -n "s/^decant: what is in it ($1) grows by: //p" err)
    # The partition by itself, since not every machine makes its node.
    attach data out.img -o 1M --sizelimit "$((798 * 1048576))"
    mkdir mounted
    command=${command//${to}p1/$data}
    command=${command//\/mnt/$PWD/mounted}
    case $command in
    *mount*) at_exit=("umount $PWD/mounted" "${at_exit[@]}") ;;
    esac
    sh -c "$command" >grown.out 2>&1 || fail "$command: $(cat grown.out)"
    [ "$1" != ext4 ] || mount "$data" mounted
    [ "$1" != ext4 ] || at_exit=("umount $PWD/mounted" "${at_exit[@]}")
    [ "$(df -m --output=size mounted | tail -n 1)" -gt 600 ] || fail "it is no larger: $(df -m mounted)" ;;
by-name)
    make_disk 512
    uuid=$(sgdisk -i 2 in.img | sed -n 's/^Partition unique GUID: //p')
    for name in 2 root "$uuid"; do
        truncate -s 0 out.img
        truncate -s 64M out.img
        serve_nbdkit d file out.img
        must_copy --grow="$name" in.img "$(uri d)"
        end_server d
        is_right out.img $((60 * 2048))
    done ;;
mbr|mbr-4k)
    requires_root
    sector=512
    [ "$1" = mbr ] || sector=4096
    make_image in.img 12M 17
    attach from in.img --sector-size "$sector"
    printf 'label: dos\nstart=%d, size=%d\nstart=%d\n' $((1048576 / sector)) $((1048576 / sector)) $((2097152 / sector)) |
        sfdisk -q --no-reread --no-tell-kernel "$from"
    detach "$from"
    truncate -s 64M out.img
    attach to out.img --sector-size "$sector"
    must_copy --grow in.img "$to"
    said 'has an MBR, which has nothing at the disk.s end: --grow changes nothing'
    must_copy --grow=2 in.img "$to"
    said "partition 2 has $((62 * 1048576)) bytes now, $((52 * 1048576)) more"
    sfdisk --verify "$to" >verify.out 2>&1 || fail "$(cat verify.out)"
    [ "$(sfdisk -d "$to" | sed -n "s/.*p2 : .*size= *\([0-9]*\),.*/\1/p")" -eq $((62 * 1048576 / sector)) ] || fail "$(sfdisk -d "$to")"
    must_fail 1 'another partition lies behind it; nothing was written' --grow=1 in.img "$to"
    must_fail 1 'it has no partition of that number; nothing was written' --grow=3 in.img "$to" ;;
nbd-blocks)
    requires_nbdkit_filter blocksize-policy
    make_disk 512
    truncate -s 64M out.img
    serve_nbdkit d --filter=blocksize-policy file out.img blocksize-minimum=64K blocksize-preferred=64K \
        blocksize-maximum=64K blocksize-error-policy=error
    must_copy --grow=root in.img "$(uri d)"
    end_server d
    is_right out.img $((60 * 2048))
    same_partitions out.img ;;
hold-back|hold-back-held)
    # An image that ends before what is held at the disk's end, or in it.
    size=64M
    [ "$1" = hold-back ] || size=12500K
    make_disk 512
    junk out.img "$size"
    serve_nbdkit d file out.img
    must_copy --hold-back=1M --grow in.img "$(uri d)"
    end_server d
    is_right out.img $((8 * 2048))
    same_partitions out.img ;;
verify)
    make_disk 512
    for options in '' --hold-back=1M; do
        truncate -s 0 out.img
        truncate -s 64M out.img
        serve_nbdkit d file out.img
        # shellcheck disable=SC2086
        must_copy --verify $options --grow=root in.img "$(uri d)"
        ! grep -q "isn't what was written" err || fail "$(cat err)"
        end_server d
        is_right out.img $((60 * 2048))
    done
    # What was written is looked at before the table is changed.
    truncate -s 64M null.img
    "$DECANT" --verify --json --grow=root in.img [ nbdkit file out.img ] >json
    [ "$(jq '.verified, .differing' json | tr '\n' ' ')" = '12582912 0 ' ] || fail "$(cat json)" ;;
stream)
    make_disk 512
    truncate -s 64M out.img
    serve_nbdkit d file out.img
    "$DECANT" --hold-back=1M --grow=root - "$(uri d)" <in.img 2>err || fail "$(cat err)"
    cat in.img | "$DECANT" --hold-back=1M --grow=root - "$(uri d)" 2>err || fail "$(cat err)"
    end_server d
    is_right out.img $((60 * 2048)) ;;
from)
    make_disk 512
    cp in.img out.img
    truncate -s 64M out.img
    serve_nbdkit d file out.img
    must_copy --from=12M --grow=root in.img "$(uri d)"
    end_server d
    is_right out.img $((60 * 2048)) ;;
mapfile)
    # What is finished isn't copied again, but its table is looked at.
    make_disk 512
    truncate -s 64M out.img
    serve_nbdkit d file out.img
    for options in '' --hold-back=1M; do
        rm -f m.map
        # shellcheck disable=SC2086
        must_copy --mapfile=m.map $options in.img "$(uri d)"
        # shellcheck disable=SC2086
        must_copy --mapfile=m.map $options --grow=root in.img "$(uri d)"
        said 'is finished already, as m.map has it: nothing was copied'
        said 'partition 2 root has'
        is_right out.img $((60 * 2048))
        rm m.map
        # shellcheck disable=SC2086
        must_copy --mapfile=m.map $options --grow=root in.img "$(uri d)"
        is_right out.img $((60 * 2048))
        # shellcheck disable=SC2086
        must_copy --mapfile=m.map $options --grow=root in.img "$(uri d)"
        said 'nothing was copied'
        [ "$(wc -l <err)" -eq 1 ] || fail "it was changed again: $(cat err)"
    done ;;
power-cuts)
    # Once the first copy is there, one is right after each write.
    make_disk 512
    serve_checked 64M
    must_copy -C 1 --sparse=0 --no-extents --grow=root in.img "$(uri c)"
    is_right out.img $((60 * 2048))
    awk '$1 == "short" { is_there = 1 } is_there && $1 ~ /none|bad/ && $2 ~ /none|bad/ { exit 1 }
         END { exit $1 != "grown" || $2 != "grown" || !is_there }' states || fail "$(uniq -c states)" ;;
power-cuts-held)
    # The first copy that is there at all is the right one.
    make_disk 512
    serve_checked 64M
    must_copy -C 1 --sparse=0 --no-extents --hold-back=1M --grow=root in.img "$(uri c)"
    is_right out.img $((60 * 2048))
    awk '$1 ~ /bad|short/ || $2 ~ /bad|short/ { exit 1 } END { exit $1 != "grown" || $2 != "grown" }' states ||
        fail "$(uniq -c states)" ;;
refused)
    make_disk 512
    junk out.img 64M
    cp out.img before.img
    serve_nbdkit d file out.img
    words="the partition table of in.img can't be made to reach to a larger disk's end"
    must_fail 1 "$words: it has no partition of that label or UUID; nothing was written" --grow=home in.img "$(uri d)"
    must_fail 1 "$words: another partition lies behind it; nothing was written" --grow=1 in.img "$(uri d)"
    cp in.img whole.img
    flip in.img 1100
    must_fail 1 "$words: its entries are damaged; nothing was written" --grow in.img "$(uri d)"
    cp whole.img in.img
    flip in.img 570
    must_fail 1 "$words: its header is damaged; nothing was written" --grow in.img "$(uri d)"
    make_image in.img 1M
    must_fail 1 "$words: it has none; nothing was written" --grow in.img "$(uri d)"
    mkfifo fifo
    cat fifo >fifo.out &
    must_fail 1 'written from front to end and can.t be read back, as --grow has to; nothing was written' --grow whole.img fifo
    wait $!
    [ ! -s fifo.out ] || fail "it was written to"
    end_server d
    same before.img out.img ;;
refused-late)
    # A stream shows its table only when all is copied: that is as whole as without --grow.
    make_disk 512
    flip in.img 570
    for options in '' --hold-back=1M; do
        truncate -s 0 out.img
        truncate -s 64M out.img
        serve_nbdkit d file out.img
        # shellcheck disable=SC2086
        cat in.img | "$DECANT" $options --grow - "$(uri d)" 2>err && fail "exit code 0"
        said "the partition table of .* can't be made to reach to a larger disk's end: its header is damaged; all is copied"
        ! grep -q 'are zeros until' err || fail "$(cat err)"
        end_server d
        cmp -n 12M in.img out.img
    done ;;
fails)
    # Where the second copy can't be written, the first one stays as it is, and the command that is told does the rest.
    make_disk 512
    for options in '' --hold-back=1M; do
        truncate -s 0 out.img
        truncate -s 64M out.img
        serve_eval d out.img 64M '[ -e mended ] || [ $4 -lt 67091968 ] || { echo EIO at the end >&2; exit 1; }'
        # shellcheck disable=SC2086
        "$DECANT" --retry=0 $options --grow=root in.img "$(uri d)" 2>err && fail "exit code 0"
        if [ "$options" ]; then
            said 'I/O error; all is copied; but of its first and last 1048576 bytes, which come last, not all is there: '
        else
            said 'cannot write to .* at offset 67091968: I/O error; all is copied: go on with'
            cmp -n 12M in.img out.img
        fi
        : >mended
        command=$(sed -n '/with$/{n;p}' err)
        eval "$command" 2>err || fail "$command: $(cat err)"
        rm mended
        end_server d
        is_right out.img $((60 * 2048))
        same_partitions out.img
    done ;;
file)
    # It becomes as large as the image: there is nothing to reach.
    make_disk 512
    must_copy --grow in.img out.img
    same in.img out.img
    must_copy --grow=root in.img out.img
    is_right out.img $((8 * 2048)) ;;
*) fail "no such case" ;;
esac
