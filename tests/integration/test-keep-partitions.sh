#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk whose system is replaced by an image keeps its data: partitions behind the image are in the new table, too, with each bit as it was,
# and whenever the power fails on the way there is a table that has them. Where there is any doubt nothing is written.
#
# cases: kept kept-4k by-name grow hold-back verify wipe-rest goes-on goes-on-held mapfile power-cuts power-cuts-held
# cases: refused refused-image refused-ends

. "$(dirname "$0")/../functions.sh"
requires_program sgdisk sfdisk mkfs.ext4

# make_disks [SECTOR-SIZE]: in.img, of 12 MiB, has boot and root; out.img, of 64 MiB, system, home from 20 to 50 MiB, and one without a label.
make_disks() {
    local sector=${1-512} mib=$((1048576 / ${1-512}))
    make_image in.img 12M 17
    dd if=/dev/zero of=in.img bs=64K count=1 conv=notrunc status=none
    junk out.img 64M
    table in.img "$sector" -n "1:$mib:+2M" -c 1:boot -n "2:$((3 * mib)):$((11 * mib - 1))" -c 2:root
    table out.img "$sector" -n "1:$mib:+8M" -c 1:system -n "3:$((20 * mib)):$((50 * mib - 1))" -c '3:my home' \
        -n "4:$((52 * mib)):$((54 * mib - 1))"
    home=$(sgdisk -i 3 "$table" | grep -E '^(Partition (unique )?GUID|First|Last)')
    cp out.img old.img
}
table() { # FILE SECTOR-SIZE SGDISK-OPTIONS...: and `table` is what has it
    table=$1
    [ "$2" = 512 ] || attach table "$1" --sector-size "$2"
    sgdisk -Z "$table" >/dev/null 2>&1 || true
    sgdisk "${@:3}" "$table" >sgdisk.out 2>&1 || fail "$(cat sgdisk.out)"
}

# is_kept [NUMBER] [SECTORS-OF-ROOT]: by all that look at it.
is_kept() {
    local disk=${disk-out.img}
    sgdisk -v "$disk" >verify.out 2>&1
    grep -q '^No problems found' verify.out || fail "sgdisk: $(cat verify.out)"
    sfdisk --verify "$disk" >verify.out 2>&1 || fail "sfdisk: $(cat verify.out)"
    [ "$(sgdisk -i "${1-3}" "$disk" | grep -E '^(Partition (unique )?GUID|First|Last)')" = "$home" ] || fail "it isn't there: $(sgdisk -p "$disk")"
    sgdisk -i "${1-3}" "$disk" | finds "^Partition name: 'my home'" || fail "it isn't called so"
    [ "$(sgdisk -i 2 "$disk" | sed -n 's/^Partition size: \([0-9]*\) sectors.*/\1/p')" -eq "${2-16384}" ] || fail "root: $(sgdisk -i 2 "$disk")"
    is_untouched
    cmp -i 1M -n 10M in.img out.img || fail "what was copied was changed"
}
is_untouched() { cmp -i 20M -n 30M old.img out.img || fail "what was to be kept was written to"; }

# serve_breaking [AFTER]: an export c on out.img. It fails from the write behind 8 MiB on while there is a file `broken`; after each other one
# the shell does AFTER.
serve_breaking() {
    serve_eval c out.img 64M \
        'if [ -e broken ] && [ $4 -gt 8388608 ] && [ $4 -lt 12582912 ]; then cat >/dev/null; echo EIO >&2; exit 1; fi' "$@"
}

# Whether a table that is whole has home, or that alone: as tests/gpt-states asks.
has_home='index($entries, pack("Q< Q<", 40960, 102399)) < 0 ? "without" : index($entries, pack("Q<", 6144)) < 0 ? "only" : "with"'

case $1 in
kept)
    make_disks
    serve_nbdkit c file out.img
    must_copy --keep-partitions=my_home in.img "$(uri c)"
    said 'the partition from offset 20971520 on is kept, as number 3'
    end_server c
    is_kept ;;
kept-4k)
    requires_root
    make_disks 4096
    disk=$table
    must_copy --keep-partitions=3 in.img "$disk"
    blockdev --flushbufs "$disk"
    is_kept 3 2048 ;;
by-name)
    # Where its number is taken, it gets another one; several can be kept.
    make_disks
    sgdisk -n 3:22528:+64K -c 3:third in.img >sgdisk.out
    uuid=$(sgdisk -i 3 out.img | sed -n 's/^Partition unique GUID: //p')
    for names in "$uuid,4" "4,my home"; do
        cp old.img out.img
        serve_nbdkit c file out.img
        must_copy --keep-partitions="$names" in.img "$(uri c)"
        end_server c
        other=$(sgdisk -i 5 out.img | sed -n 's/^First sector: \([0-9]*\) .*/\1/p')
        case $names in
        *,4) is_kept 4; [ "$other" -eq $((52 * 2048)) ] || fail "the other one isn't there" ;;
        *) is_kept 5 ;;
        esac
    done ;;
grow)
    make_disks
    serve_nbdkit c file out.img
    must_copy --keep-partitions=my_home --grow=root in.img "$(uri c)"
    is_kept 3 $((17 * 2048))
    must_copy --keep-partitions=my_home --grow=root in.img "$(uri c)"
    end_server c
    is_kept 3 $((17 * 2048)) ;;
hold-back)
    # Also where more would be held than is copied.
    make_disks
    for size in 64k 1M 16M; do
        cp old.img out.img
        serve_nbdkit c file out.img
        must_copy --hold-back=$size --keep-partitions=my_home in.img "$(uri c)"
        end_server c
        is_kept
    done ;;
verify)
    make_disks
    serve_nbdkit c file out.img
    must_copy --verify --hold-back=1M --keep-partitions=my_home in.img "$(uri c)"
    end_server c
    ! grep -q "isn't what was written" err || fail "$(cat err)"
    is_kept ;;
wipe-rest)
    # What is kept is no rest.
    requires_root
    make_disks
    attach part out.img -o 20M --sizelimit 30M
    mkfs.ext4 -q -F "$part"
    detach "$part"
    cp out.img old.img
    attach disk out.img
    must_copy --wipe-rest --keep-partitions=my_home in.img "$disk"
    ! grep -q wiped err || fail "$(cat err)"
    blockdev --flushbufs "$disk"
    is_kept ;;
goes-on|goes-on-held)
    # Cut short where the first table is another one already, or none.
    make_disks
    options=(--keep-partitions=my_home --retry=0 --request-size=512k -C 1 -R 1)
    [ "$1" = goes-on ] || options+=(--hold-back=1M)
    for again in same told; do
        cp old.img out.img
        serve_breaking
        : >broken
        "$DECANT" "${options[@]}" in.img "$(uri c)" 2>err && fail "exit code 0"
        ! sgdisk -i 3 out.img 2>/dev/null | finds "my home" || [ "$1" = goes-on-held ] || fail "the first table is still the old one"
        rm broken
        if [ $again = same ]; then
            must_copy "${options[@]}" in.img "$(uri c)"
        else
            command=$(sed -n '/with$/{n;p}' err)
            eval "$command" 2>err || fail "$command: $(cat err)"
        fi
        end_server c
        is_kept
    done ;;
mapfile)
    make_disks
    serve_breaking
    : >broken
    "$DECANT" --retry=0 --mapfile=m.map --keep-partitions=my_home in.img "$(uri c)" 2>err && fail "exit code 0"
    rm broken
    must_copy --mapfile=m.map --keep-partitions=my_home in.img "$(uri c)"
    is_kept
    cp out.img done.img
    must_copy --mapfile=m.map --keep-partitions=my_home in.img "$(uri c)"
    said 'nothing was copied'
    end_server c
    same done.img out.img ;;
power-cuts|power-cuts-held)
    make_disks
    options=(--keep-partitions=my_home -C 1 --sparse=0 --no-extents)
    [ "$1" = power-cuts ] || options+=(--hold-back=1M)
    : >states
    serve_breaking "'$TOP/tests/gpt-states' out.img '$has_home' >>states"
    must_copy "${options[@]}" in.img "$(uri c)"
    end_server c
    is_kept
    # Nothing but what was there before, what is kept alone, and in the end both.
    awk '$1 !~ /with$|only/ && $2 !~ /with$|only/ { exit 1 } $1 == "without" || $2 == "only" { between = 1 }
         END { exit $1 != "with" || $2 != "with" || !between }' states || fail "$(uniq -c states)"
    # What firmware would start from isn't there before all is, if it is held back.
    [ "$1" = power-cuts ] || ! grep -q '^bad\|^without' states || fail "$(uniq -c states)" ;;
refused)
    make_disks
    serve_nbdkit c file out.img
    words="cannot keep partition"
    must_fail 1 "$words home of .*: it has no partition of that label or UUID; nothing was written" --keep-partitions=home in.img "$(uri c)"
    must_fail 1 "$words 2 of .*: it has no partition of that number; nothing was written" --keep-partitions=my_home,2 in.img "$(uri c)"
    must_fail 1 "$words system of .*: it lies where the copy is to be; nothing was written" --keep-partitions=system in.img "$(uri c)"
    # No room between them for what keeps it safe.
    truncate -s $((20 * 1048576 - 16383)) in.img
    must_fail 1 'cannot keep partitions of .*: the copy leaves no room before them for their entries; nothing was written' \
        --keep-partitions=3 in.img "$(uri c)"
    end_server c
    same old.img out.img
    flip out.img 570
    flip out.img 67108300
    cp out.img old.img
    serve_nbdkit c file out.img
    must_fail 1 'cannot keep partitions of .*: its header is damaged; nothing was written' --keep-partitions=3 in.img "$(uri c)"
    end_server c
    dd if=/dev/zero of=out.img bs=64K count=1 conv=notrunc status=none
    cp out.img old.img
    serve_nbdkit c file out.img
    must_fail 1 'cannot keep partitions of .*: it has no GPT; nothing was written' --keep-partitions=3 in.img "$(uri c)"
    end_server c
    same old.img out.img ;;
refused-image)
    make_disks
    serve_nbdkit c file out.img
    words="the partition table of in.img can't be made to reach to a larger disk's end"
    sgdisk -u "2:$(sgdisk -i 3 out.img | sed -n 's/^Partition unique GUID: //p')" in.img >sgdisk.out
    must_fail 1 "$words: another partition has the same UUID; nothing was written" --keep-partitions=3 in.img "$(uri c)"
    dd if=/dev/zero of=in.img bs=64K count=1 conv=notrunc status=none
    must_fail 1 "$words: it has none; nothing was written" --keep-partitions=3 in.img "$(uri c)"
    printf 'label: dos\nstart=2048\n' | sfdisk -q --no-reread --no-tell-kernel in.img
    must_fail 1 "$words: it is an MBR, and partitions are kept in a GPT; nothing was written" --keep-partitions=3 in.img "$(uri c)"
    end_server c
    same old.img out.img ;;
refused-ends)
    make_disks
    must_fail 1 'out.img has no partitions that could be kept safely; nothing was written' --keep-partitions=3 in.img out.img
    same old.img out.img
    serve_nbdkit c file out.img
    mkfifo fifo
    cat in.img >fifo &
    feeder=$!
    must_fail 1 'fifo is read from front to end, and --keep-partitions has to see its table first; nothing was written' \
        --keep-partitions=3 fifo "$(uri c)"
    wait $feeder || true
    end_server c
    same old.img out.img ;;
*) fail "no such case" ;;
esac
