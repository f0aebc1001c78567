#!/bin/bash
# SPDX-License-Identifier: MIT
# Whatever fails, and whenever: every system call of a small copy, and of the other verbs, fails in turn, in all ways in which such a
# call can, for every kind of end. Nothing may end well with other bytes, hang, crash or leave anything behind, and what is said
# must be so. A sample that NTH_SEED chooses; `make nth` has them all fail.
#
# cases: file file-by-cache file-new device-destination device-source from-pipe to-pipe to-null
# cases: from-nbd to-nbd nbd-to-nbd tcp-name from-tls to-tls psk from-started to-started
# cases: map map-file info list digest compare compare-differs rescue disks mapfile verify hold-back
# cases: from-cut to-cut from mapfile-goes-on incremental device-by-cache blocks verify-nbd skip-bad info-file by-label to-label first-look grow
# cases: heap-file heap-nbd heap-tls heap-psk heap-started heap-tcp-name heap-map heap-info heap-list heap-disks heap-rescue
# cases: libnbd-nbd libnbd-to-nbd libnbd-tls libnbd-started libnbd-map libnbd-info libnbd-list libnbd-compare libnbd-incremental libnbd-to-cut libnbd-verify-nbd
# cases: heap-from-cut heap-to-cut heap-incremental heap-by-label heap-verify-nbd

. "$(dirname "$0")/../functions.sh"
requires_program qemu-nbd python3
NTH=$TOP/build/tests/nth/nth
[ "$(uname -m)" = x86_64 ] || skip "the calls of this processor aren't known"
"$NTH" --list probe true || skip "no process may be watched here"
rm -f probe

# Runs of data, of holes and of zeros, with nothing in common with what the destination holds.
make_image in.img 300000
truncate -s 304K in.img

# A sample takes seconds; all of it, minutes.
sample=(--sample=40 --seed="${NTH_SEED:-1}")
[ -z "${NTH_ALL-}" ] || sample=()
judged() { # NAMES [JUDGE-OPTIONS] -- ARGUMENTS: of decant
    local names=$1
    shift
    mkdir -p work
    # Servers are started by a socket in /tmp: one of this test's own shows what is left there.
    local private=() own_mounts
    find_own_mounts
    [ "$(id -u)" -ne 0 ] || private=(unshare "${own_mounts[@]}" sh -c 'mount -t tmpfs none /tmp && exec "$0" --private-tmp "$@"')
    (cd work && "${private[@]}" "$TOP/tests/nth/judge" --nth="$NTH" --label="$label" "${sample[@]}" ${NTH_FIGURES:+--figures="$NTH_FIGURES"} \
        ${NTH_ONLY:+--only="$NTH_ONLY"} --names="$names" "$@")
}
# What the destination has to be, and is.
copied() { # NAMES DESTINATION [JUDGE-OPTIONS] -- ARGUMENTS
    local names=$1 destination=$2
    shift 2
    judged "$names" --content=../in.img --destination="$destination" "$@"
}
# A list of who uses a disk that is interrupted isn't read on; none of these in /proc ever is.
unread='maybe \(cannot read '
short=(--retry=1 --timeout=5)

# The same cases with a program whose allocations fail, or whose calls of libnbd.
label=$1 case=${1#heap-}
case=${case#libnbd-}
[ "$case" = "$1" ] || DECANT=$TOP/build/tests/nth/decant-failing
case $1 in
heap-*) sample+=(--inside=allocation) ;;
libnbd-info | libnbd-list) sample+=(--inside=libnbd --may-print=.) ;; # what a server may not have said is left out
libnbd-*) sample+=(--inside=libnbd) ;;
esac
case $case in
file) copied 'in\.img|out\.img' ../out.img -- "$DECANT" "${short[@]}" ../in.img ../out.img ;;
file-by-cache)
    copied 'in\.img|out\.img' ../out.img --without-ring -- "$DECANT" "${short[@]}" ../in.img ../out.img ;;
file-new)
    copied 'in\.img|out\.img' ../out.img --reset=remove -- "$DECANT" "${short[@]}" ../in.img ../out.img ;;
device-destination | first-look)
    requires_root
    truncate -s 304K disk.img
    attach device disk.img
    # The first look at a device isn't needed for the copy, unless what was asked for isn't answered: it would come instead of another answer.
    [ "$case" != first-look ] || NTH_ONLY=poll:1:ENOMEM
    copied "in\\.img|$device" "$device" --may-say="$unread" -- "$DECANT" "${short[@]}" --yes ../in.img "$device" ;;
device-source)
    requires_root
    attach device in.img --read-only
    copied "out\\.img|$device" ../out.img -- "$DECANT" "${short[@]}" "$device" ../out.img ;;
grow)
    # A table that couldn't be read was not refused: nothing is asked of the disk behind that read, nor is what was held back written.
    requires_root
    requires_program sgdisk
    sgdisk -a 1 -n 1:64:+8 -n 2:128:500 in.img >sgdisk.out 2>&1 || fail "$(cat sgdisk.out)"
    cp in.img wanted.img
    truncate -s 400K disk.img wanted.img zeros.img
    attach device disk.img
    grown=("${short[@]}" --yes --grow --hold-back=64k)
    "$DECANT" "${grown[@]}" in.img "$device" || fail "no table to judge by"
    dd if="$device" of=wanted.img bs=4096 status=none
    ! cmp -s -n 4096 in.img wanted.img || fail "nothing has grown"
    [ -n "${NTH_ALL-}" ] || NTH_ONLY='poll:*:ENOMEM'
    judged "in\\.img|$device" --content=../wanted.img --destination="$device" --before=../zeros.img --held=65536 --copied=311296 --speaks \
        --may-say="$unread" -- "$DECANT" "${grown[@]}" ../in.img "$device" ;;
from-pipe) copied 'standard input|out\.img' ../out.img --stdin=../in.img -- "$DECANT" "${short[@]}" - ../out.img ;;
to-pipe) judged 'in\.img|standard output' --content=../in.img -- "$DECANT" "${short[@]}" ../in.img - ;;
to-null) judged 'in\.img|null:' -- "$DECANT" "${short[@]}" --sha256 ../in.img null: ;;
from-nbd | nbd)
    serve_qemu s -r -f raw in.img
    copied 's\.sock|out\.img' ../out.img -- "$DECANT" "${short[@]}" "$(uri s)" ../out.img ;;
to-nbd)
    truncate -s 304K out.img
    serve_qemu d --discard=unmap -f raw out.img
    copied 'd\.sock|in\.img' ../out.img -- "$DECANT" "${short[@]}" ../in.img "$(uri d)" ;;
nbd-to-nbd)
    truncate -s 304K out.img
    serve_qemu s -r -f raw in.img
    serve_qemu d --discard=unmap -f raw out.img
    copied '[sd]\.sock' ../out.img -- "$DECANT" "${short[@]}" "$(uri s)" "$(uri d)" ;;
tcp-name)
    # By a name, which is looked up: by the C library, and with a pipe that takes the answer whole.
    truncate -s 304K out.img
    # It lives on when its clients go in the middle.
    serve_on_port d setpriv --pdeathsig TERM qemu-nbd --persistent --shared=8 --bind=127.0.0.1 --pid-file=d.pid --discard=unmap -f raw out.img
    copied 'localhost|in\.img' ../out.img --may-say="localhost: (Name does not resolve|its addresses can't be looked up)" -- "$DECANT" "${short[@]}" ../in.img "nbd://localhost:$port" ;;
from-tls | to-tls | tls | psk)
    # shellcheck source=/dev/null
    . "$TOP/tests/tls.sh"
    make_server p256
    make_psk alice
    truncate -s 304K out.img
    case $case in
    from-tls | tls)
        serve_tls s qemu x509 in.img -r
        copied 's\.sock|out\.img|client' ../out.img -- "$DECANT" "${short[@]}" "$(tls_uri s "$with_ca&tls-hostname=localhost")" ../out.img ;;
    to-tls)
        serve_tls d qemu x509 out.img
        copied 'd\.sock|in\.img|client' ../out.img -- "$DECANT" "${short[@]}" ../in.img "$(tls_uri d "$with_ca&tls-hostname=localhost")" ;;
    psk)
        serve_tls s qemu psk in.img -r
        user=alice
        copied 's\.sock|out\.img|keys\.psk' ../out.img -- "$DECANT" "${short[@]}" "$(tls_uri s "$with_psk")" ../out.img ;;
    esac ;;
from-started | started)
    copied 'qemu-nbd|out\.img' ../out.img -- "$DECANT" "${short[@]}" [ qemu-nbd -r -f raw ../in.img ] ../out.img ;;
to-started)
    truncate -s 304K out.img
    copied 'qemu-nbd|in\.img' ../out.img -- "$DECANT" "${short[@]}" ../in.img [ qemu-nbd --discard=unmap -f raw ../out.img ] ;;
map)
    serve_qemu s -r -f raw in.img
    judged 's\.sock' -- "$DECANT" map --timeout=5 "$(uri s)" ;;
map-file) judged 'in\.img' -- "$DECANT" map ../in.img ;;
info)
    serve_qemu s -r -f raw in.img
    judged 's\.sock' -- "$DECANT" info --timeout=5 "$(uri s)" ;;
list)
    serve_qemu s -r -x name -f raw in.img
    judged 's\.sock' -- "$DECANT" info --list --timeout=5 "$(uri s)" ;;
digest) judged 'in\.img' -- "$DECANT" digest ../in.img ;;
compare)
    cp in.img other.img
    serve_qemu s -r -f raw in.img
    judged 's\.sock|other\.img' -- "$DECANT" compare "${short[@]}" "$(uri s)" ../other.img ;;
compare-differs)
    cp in.img other.img
    printf x | dd of=other.img bs=1 seek=200000 conv=notrunc status=none
    judged 'in\.img|other\.img' -- "$DECANT" compare "${short[@]}" ../in.img ../other.img ;;
rescue)
    copied 'in\.img|out\.img|map' ../out.img --mapfile=../map --speaks --code=3 -- \
        "$DECANT" rescue --timeout=5 --mapfile=../map ../in.img ../out.img ;;
disks)
    # Others' come and go meanwhile; this one is in use, which must not be hidden.
    requires_root
    requires_program mke2fs
    truncate -s 8M disk.img
    mke2fs -q -F -L label disk.img
    attach device disk.img
    mkdir mnt
    mount "$device" mnt 2>mount.err || skip "may not mount: $(cat mount.err)"
    at_exit=("umount mnt" "${at_exit[@]}")
    # What isn't known is left empty, or said; but not what uses it.
    judged /sys --lines="${device#/dev/} " --may-print='^loop[0-9]+ +8\.0 MiB .* (mounted at |maybe \(cannot read )' -- "$DECANT" disks ;;
mapfile)
    copied 'in\.img|out\.img|map' ../out.img --mapfile=../map -- "$DECANT" "${short[@]}" --mapfile=../map ../in.img ../out.img ;;
verify)
    copied 'in\.img|out\.img' ../out.img -- "$DECANT" "${short[@]}" --verify ../in.img ../out.img ;;
hold-back)
    copied 'in\.img|out\.img' ../out.img --held=65536 -- "$DECANT" "${short[@]}" --hold-back=64k ../in.img ../out.img ;;
from-cut)
    # The way back after a loss, too.
    serve_odd s in.img cuts-other lives=7200
    copied 's\.sock|out\.img' ../out.img --speaks -- "$DECANT" --retry=3 --timeout=5 "$(uri s)" ../out.img ;;
to-cut)
    truncate -s 304K out.img
    serve_odd d out.img cuts-other lives=7200
    copied 'd\.sock|in\.img' ../out.img --speaks -- "$DECANT" --retry=3 --timeout=5 ../in.img "$(uri d)" ;;
from | mapfile-goes-on)
    # Of what is there already nothing changes.
    { head -c 139264 in.img; head -c 172032 /dev/zero | tr '\0' '\252'; } >half.img
    printf '0x0 ? 1\n0x0 0x22000 +\n0x22000 0x2A000 ?\n' >half.map
    case $case in
    from) copied 'in\.img|out\.img' ../out.img --before=../half.img -- "$DECANT" "${short[@]}" --from=139264 ../in.img ../out.img ;;
    *)  copied 'in\.img|out\.img|map' ../out.img --before=../half.img --mapfile=../map --mapfile-before=../half.map -- \
            "$DECANT" "${short[@]}" --mapfile=../map ../in.img ../out.img ;;
    esac ;;
incremental)
    requires_program qemu-img qemu-io
    qemu-img convert -f raw -O qcow2 in.img in.qcow2
    qemu-img bitmap --add in.qcow2 since
    printf 'write -P 5 4096 8192\nwrite -z 131072 65536\nwrite -P 6 300000 512\n' | sed 's/300000/299520/' | qemu-io -f qcow2 in.qcow2 >io.log
    qemu-img convert -f qcow2 -O raw in.qcow2 now.img
    serve_qemu s -r -f qcow2 -B since in.qcow2
    judged 's\.sock|out\.img' --content=../now.img --destination=../out.img --before=../in.img -- \
        "$DECANT" "${short[@]}" --dirty-bitmap=since "$(uri s)" ../out.img ;;
device-by-cache)
    requires_root
    truncate -s 304K disk.img
    attach device disk.img
    copied "in\\.img|$device" "$device" --may-say="$unread" --without-ring -- "$DECANT" "${short[@]}" --yes ../in.img "$device" ;;
blocks)
    "$DECANT" digest --blocks=blocks in.img >digest
    judged 'in\.img|blocks' --content=../blocks --destination=../out.blocks --reset=remove -- \
        "$DECANT" digest --blocks=../out.blocks ../in.img ;;
verify-nbd)
    truncate -s 304K out.img
    serve_qemu d --discard=unmap -f raw out.img
    copied 'd\.sock|in\.img' ../out.img -- "$DECANT" "${short[@]}" --verify ../in.img "$(uri d)" ;;
skip-bad)
    # A sector of the source can't be read, and is told in any case.
    cp in.img wanted.img
    dd if=/dev/zero of=wanted.img bs=512 seek=100 count=1 conv=notrunc status=none
    serve_odd s in.img bad=51300 lives=7200
    judged 's\.sock|out\.img' --content=../wanted.img --destination=../out.img --speaks --code=3 -- "$DECANT" --retry=0 \
        --on-read-error=skip "$(uri s)" ../out.img ;;
info-file) judged 'in\.img' -- "$DECANT" info --json ../in.img ;;
by-label | to-label)
    # The disk that is meant, or none.
    requires_root
    requires_program mke2fs
    truncate -s 304K disk.img
    mke2fs -q -F -L "nth-$$" disk.img
    attach device disk.img
    case $case in
    by-label) judged "label:nth|$device|/sys|out\\.img" --content=../disk.img --destination=../out.img --speaks -- \
        "$DECANT" "${short[@]}" "label:nth-$$" ../out.img ;;
    *) judged "label:nth|$device|/sys|in\\.img" --content=../in.img --destination="$device" --before=../disk.img --speaks --may-say="$unread" -- \
        "$DECANT" "${short[@]}" --yes --any-content ../in.img "label:nth-$$" ;;
    esac ;;
*) fail "no such case" ;;
esac
