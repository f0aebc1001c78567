#!/bin/bash
# SPDX-License-Identifier: MIT
# An image or a compressed file that is written to a block device as it is makes a disk that
# doesn't boot. It is refused before anything is written, with the command that does it right,
# which does it right; files and servers are given what they are given.
#
# cases: images compressed compressed-pipe image-pipe images-of-servers slow-pipe short-pipe
# cases: any-content as-nbdcopy onto-others device-to-device almost interrupted

. "$(dirname "$0")/../functions.sh"
requires_root
requires_program losetup blockdev qemu-img qemu-nbd

# attach NAME FILE: sets the variable NAME to the device.
attach() {
    local device
    device=$(losetup --show --find "$2" 2>losetup.err) || skip "no loop device: $(cat losetup.err)"
    at_exit+=("losetup -d $device")
    printf -v "$1" %s "$device"
}

untouched() {
    blockdev --flushbufs "$to"
    cmp before.img out.img || fail "the device was written to"
}

# The command that the message gives, from the word on, has to work.
follow() {
    local command
    command=$(sed -n "s/.*To write the disk in it: \(.*\) (or as it is.*/\1/p" err)
    [ -n "$command" ] || fail "no command in: $(cat err)"
    mkdir -p bin
    ln -sf "$DECANT" bin/decant
    (PATH=$PWD/bin:$PATH; eval "${command/.../${1-true}}") || fail "it fails: $command"
    blockdev --flushbufs "$to"
    cmp -n 4194304 in.img out.img || fail "not the disk: $command"
    cp before.img out.img
}

make_image in.img 4M 61
junk out.img 20M
cp out.img before.img
attach to out.img

case $1 in
images)
    for format in qcow2 qed vmdk vdi vhdx vpc parallels; do
        qemu-img convert -f raw -O "$format" in.img "in.$format" 2>/dev/null || continue
        must_fail 1 "^decant: in.$format is .*: nothing was written.*qemu-nbd -f $format in.$format" "in.$format" "$to"
        untouched
        follow
        tried="${tried-} $format"
    done
    case $tried in *qcow2*vmdk*vdi*vhdx*vpc*) ;; *) fail "only tried:$tried" ;; esac ;;
compressed)
    for program in gzip xz zstd bzip2 lz4; do
        command -v "$program" >/dev/null || continue
        "$program" -c <in.img >in.packed
        must_fail 1 "in.packed is compressed by $program, .*nothing was written.* $program -dc in.packed \| decant - $to" in.packed "$to"
        untouched
        follow
        tried="${tried-} $program"
    done
    case $tried in *gzip*xz*bzip2*) ;; *) fail "only tried:$tried" ;; esac ;;
compressed-pipe)
    gzip -c in.img >in.gz
    must_fail 1 "standard input is compressed by gzip.*\.\.\. \| gzip -dc \| decant - $to" - "$to" < <(cat in.gz)
    untouched
    follow 'cat in.gz'
    must_fail 1 'compressed by gzip' - "$to" <in.gz
    mkfifo fifo
    cat in.gz >fifo &
    must_fail 1 'fifo is compressed by gzip' fifo "$to"
    wait "$!" || true
    untouched ;;
image-pipe)
    qemu-img convert -f raw -O qcow2 in.img in.qcow2
    must_fail 1 'standard input is a qcow2 image.*from a file: decant \[ qemu-nbd -f qcow2 FILE \]' - "$to" < <(cat in.qcow2)
    untouched ;;
images-of-servers)
    qemu-img convert -f raw -O qcow2 in.img in.qcow2
    serve_qemu s -r -f raw in.qcow2
    must_fail 1 'is a qcow2 image.*by a server that knows the format' "$(uri s)" "$to"
    must_fail 1 'is a qcow2 image' '[' nbdkit --exit-with-parent file in.qcow2 ']' "$to"
    gzip -c in.img >in.gz
    serve_nbdkit z file in.gz
    must_fail 1 'compressed by gzip.*decant SOURCE - \| gzip -dc \| decant -' "$(uri z)" "$to"
    untouched ;;
slow-pipe)
    # The mark comes byte by byte.
    gzip -c in.img >in.gz
    mkfifo fifo
    perl -e '
        $| = 1;
        while (read(STDIN, my $byte, 1)) { syswrite(STDOUT, $byte) or exit 0; last if ++$n == 600; }
        while (read(STDIN, my $rest, 65536)) { syswrite(STDOUT, $rest) or exit 0 }' <in.gz >fifo &
    must_fail 1 'compressed by gzip' - "$to" <fifo
    wait "$!" || true
    untouched
    # And what is none arrives whole.
    perl -e '
        $| = 1;
        while (read(STDIN, my $byte, 1)) { syswrite(STDOUT, $byte); last if ++$n == 600; }
        while (read(STDIN, my $rest, 65536)) { syswrite(STDOUT, $rest) }' <in.img >fifo &
    must_copy - "$to" <fifo
    blockdev --flushbufs "$to"
    cmp -n 4194304 in.img out.img || fail "not the same" ;;
short-pipe)
    for bytes in 0 1 100 511 512 513 4096; do
        head -c "$bytes" in.img >part.img
        cp before.img expected.img
        dd if=part.img of=expected.img conv=notrunc status=none
        must_copy - "$to" < <(cat part.img)
        blockdev --flushbufs "$to"
        cmp expected.img out.img || fail "$bytes bytes"
        must_copy --sha256 - "$to" <part.img >said
        [ "$(cat said)" = "sha256:$(sha256sum <part.img | cut -d' ' -f1)" ] || fail "$bytes bytes: $(cat said)"
    done
    # Seven bytes of a compressed one are enough.
    printf '\375' >few; printf '7zXZ\0\0' >>few
    must_fail 1 'compressed by xz' - "$to" < <(cat few) ;;
any-content)
    qemu-img convert -f raw -O qcow2 in.img in.qcow2
    must_copy --any-content in.qcow2 "$to"
    blockdev --flushbufs "$to"
    cmp -n "$(size_of in.qcow2)" in.qcow2 out.img || fail "not as it is" ;;
as-nbdcopy)
    qemu-img convert -f raw -O qcow2 in.img in.qcow2
    (exec -a nbdcopy "$DECANT" in.qcow2 "$to" 2>err) || fail "exit code $?: $(cat err)"
    [ "$(wc -l <err)" -eq 1 ] || fail "got: $(cat err)"
    grep -q "^nbdcopy: warning: in.qcow2 is a qcow2 image, and $to gets it as it is" err || fail "got: $(cat err)"
    blockdev --flushbufs "$to"
    cmp -n "$(size_of in.qcow2)" in.qcow2 out.img || fail "not as it is" ;;
onto-others)
    qemu-img convert -f raw -O qcow2 in.img in.qcow2
    must_copy in.qcow2 copy.qcow2
    same in.qcow2 copy.qcow2
    "$DECANT" in.qcow2 - >copy.qcow2 || fail "exit code $?"
    same in.qcow2 copy.qcow2
    must_copy in.qcow2 null:
    truncate -s "$(size_of in.qcow2)" shown.img
    serve_nbdkit d file shown.img
    must_copy in.qcow2 "$(uri d)"
    end_server d
    same in.qcow2 shown.img ;;
device-to-device)
    # oVirt has qcow2 on logical volumes.
    qemu-img convert -f raw -O qcow2 in.img in.qcow2
    truncate -s %512 in.qcow2
    attach from in.qcow2
    must_copy "$from" "$to"
    blockdev --flushbufs "$to"
    cmp -n "$(size_of in.qcow2)" in.qcow2 out.img || fail "not the same" ;;
almost)
    # What only begins like one: two bytes that an encrypted disk may have by chance.
    for mark in '\037\213' 'BZh9' 'QFI'; do
        cp in.img other.img
        printf "$mark" | dd of=other.img conv=notrunc status=none
        must_copy other.img "$to"
    done ;;
interrupted)
    # While the first bytes are waited for, a signal ends it.
    mkfifo fifo
    exec 8<>fifo
    "$DECANT" - "$to" <fifo 2>err 8<&- &
    pid=$!
    # It has both ends open, and takes signals.
    for ((i = 0; i < 500; i++)); do
        if readlink "/proc/$pid"/fd/* 2>/dev/null | finds signalfd; then break; fi
        sleep 0.02
    done
    kill -TERM "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code: $(cat err)"
    grep -q 'stopped by signal 15; nothing was written' err || fail "got: $(cat err)"
    untouched ;;
*) fail "no such case" ;;
esac
