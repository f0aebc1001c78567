#!/bin/bash
# SPDX-License-Identifier: MIT
# --from goes on with a copy that failed: what lies below must be there, since nothing of it is written, and from there on
# the destination becomes the source, whatever an earlier copy left in it.
#
# cases: left-alone left-alone-by-blocks stream-ends-before
# cases: refused file-longer file-shorter file-emptied-from-there stream to-server to-device at-the-end

. "$(dirname "$0")/../functions.sh"

size=3000000
make_image in.img $size 5

# A file of N bytes as an earlier copy left it that was good below 1000000: behind that, none of it is the source's.
begun() { # N
    junk out.img "$1"
    dd if=in.img of=out.img bs=1000000 count=1 conv=notrunc status=none
}

case $1 in
refused)
    guard_files
    make_block 400000 >longer.img
    truncate -s 4000000 larger.img
    must_fail 1 'there is no new.img' --from=1000 in.img new.img
    must_fail 1 'precious.img has only 300000 bytes: what lies below offset 300001 isn.t all there; nothing was written' \
        --from=300001 longer.img precious.img
    must_fail 1 '.-from=3000001 is beyond the end of in.img, which has 3000000 bytes; nothing was written' \
        --from=3000001 in.img larger.img
    [ "$(size_of larger.img)" -eq 4000000 ] || fail "larger.img was refused, and has $(size_of larger.img) bytes now"
    serve_nbdkit d file precious.img
    must_fail 1 '.-from=300001 is beyond the end of .*d.sock.*, which has 300000 bytes; nothing was written' \
        --from=300001 - "$(uri d)" <longer.img
    must_fail 1 'no disk of which a part could be written' --from=1k in.img /dev/null
    must_fail 64 'a digest is of the whole disk' --from=1k --sha256 in.img precious.img
    must_fail 64 'a digest is of the whole disk' --from=1k --blkhash in.img precious.img
    must_fail 64 'a digest is of the whole disk' --from=1k --blkhash-file=hash in.img precious.img
    must_fail 64 'a digest is of the whole disk' --from=1k --expect=sha256:00 in.img precious.img
    must_fail 64 'written from front to end' --from=1k in.img - >out
    must_fail 64 'null: doesn.t' --from=1k in.img null:
    must_fail 64 'only once' --from=1k --from=1k in.img precious.img
    [ ! -s out ] || fail "something was written"
    nothing_touched ;;
left-alone)
    # Below it, the destination isn't what the source is, and stays so, to the byte.
    for from in 1 511 4095 4096 1000000 2999999 3000000; do
        for destination in file server; do
            junk out.img $size
            { head -c $from out.img; tail -c +$((from + 1)) in.img; } >expected.img
            case $destination in
            file) must_copy --from=$from in.img out.img ;;
            server)
                serve_nbdkit d file out.img
                must_copy --from=$from in.img "$(uri d)"
                end_server d ;;
            esac
            same expected.img out.img
        done
        junk out.img $size
        must_copy --from=$from - out.img < <(cat in.img)
        same expected.img out.img
    done ;;
left-alone-by-blocks)
    # The block that it cuts is completed with what the destination holds.
    requires_program qemu-nbd
    truncate -s %65536 in.img
    for from in 1 65535 65537 1000000; do
        junk out.img "$(size_of in.img)"
        { head -c $from out.img; tail -c +$((from + 1)) in.img; } >expected.img
        serve_qemu d --image-opts driver=blkdebug,align=65536,image.driver=file,image.filename=out.img
        must_copy --from=$from in.img "$(uri d)"
        end_server d
        same expected.img out.img
    done ;;
stream-ends-before)
    # It isn't the one that was copied before.
    begun $size
    cp out.img before.img
    must_fail 1 'standard input failed at offset 999999: it ends before the copy begins.*: with the whole stream again, go on with$' \
        --from=1000000 - out.img < <(head -c 999999 in.img)
    cmp -n 1000000 before.img out.img
    goes_on in.img out.img <in.img ;;
file-longer)
    begun 4000000
    must_copy --from=1000000 in.img out.img
    same in.img out.img ;;
file-shorter)
    begun 2000000
    must_copy --from=1000000 in.img out.img
    same in.img out.img ;;
file-emptied-from-there)
    # Nobody may think that what is zero needs no writing.
    begun $size
    must_copy --from=1000000 --destination-is-zero in.img out.img
    same in.img out.img ;;
stream)
    for length in 1000000 2000000 4000000; do
        begun $length
        must_copy --from=1000000 - out.img <in.img
        same in.img out.img
        begun $length
        must_copy --from=1000000 - out.img < <(cat in.img)
        same in.img out.img
    done ;;
to-server)
    begun $size
    serve_nbdkit d file out.img
    must_copy --from=1000000 in.img "$(uri d)"
    end_server d
    same in.img out.img ;;
to-device)
    requires_root
    requires_program losetup
    begun 4194304
    tail -c +$((size + 1)) out.img >beyond.img
    loop=$(losetup --find --show out.img 2>/dev/null) || skip "no loop device here"
    at_exit+=("losetup -d $loop")
    must_copy --from=1000000 in.img "$loop"
    blockdev --flushbufs "$loop"
    cmp -n $size in.img out.img || fail "in.img and out.img differ"
    tail -c +$((size + 1)) out.img | cmp - beyond.img || fail "what lies beyond the source was changed" ;;
at-the-end)
    cp in.img out.img
    must_copy --from=$size in.img out.img
    same in.img out.img
    must_copy --from=$size - out.img <in.img
    same in.img out.img ;;
*) fail "no such case" ;;
esac
