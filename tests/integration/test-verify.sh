#!/bin/bash
# SPDX-License-Identifier: MIT
# A destination that calls a write done and has something else is found by --verify, wherever and however it lies: what can be
# repaired is, and whatever can't be never ends with 0. And what is right is called so, for each kind of end and part of a disk.
#
# cases: right right-odd right-empty right-larger right-pipe right-long-pipe right-device right-started-server right-as-nbdcopy
# cases: flip drop elsewhere zeros half one-in-many zeros-dropped zeros-flipped file-drops always always-pipe misread
# cases: quick quick-finds holes-are-read past-the-cache through-the-cache
# cases: held-back held-back-from from domain bitmap layer many-parts mapfile-resumed mapfile-finished mapfile-set-back mapfile-repair-fails
# cases: digest-is-of-the-disk digest-after-repair expect-other
# cases: lost-meanwhile gone-meanwhile stopped became-shorter progress json-right small-memory no-extents
# cases: refused write-only

. "$(dirname "$0")/../functions.sh"
requires_program python3

# Data, a hole from 10 to 14 MiB, and data again, up to an odd sector.
size=$((24 * 1048576 + 1536))
head -c $size /dev/urandom >in.img
fallocate --punch-hole --offset 10M --length 4M in.img
hole=$((12 * 1048576))

# A destination of junk, so that whatever isn't written is seen.
junk_disk() { # [BYTES]
    head -c "${1:-$size}" /dev/zero | tr '\0' 'J' >disk.img
}

serve_liar() { # MANNER...
    junk_disk
    rm -f d.server
    serve_odd d disk.img "$@"
}

# lie NAME: a number of the server's one lie.
lie_offset() { sed -n 's/^[0-9]* lies \([0-9]*\) [0-9]*$/\1/p' d.server | sed -n 1p; }
lie_bytes() { sed -n 's/^[0-9]* lies [0-9]* \([0-9]*\)$/\1/p' d.server | sed -n 1p; }

# Whether a range that `err` tells has this byte.
tells_of() { # OFFSET
    awk -v at="$1" '$1 == "decant:" && NF == 3 && $2 ~ /^[0-9]+$/ && $2 <= at && at < $2 + $3 { found = 1 } END { exit !found }' err ||
        fail "offset $1 isn't told: $(cat err)"
}

# The server has lied once; it was found, told and repaired.
repaired() { # ARGUMENTS...
    must_copy --verify --request-size=256k "$@" in.img "$(uri d)"
    [ -n "$(lie_offset)" ] || fail "the server didn't lie"
    grep -q "isn't what was written there" err || fail "nothing was said: $(cat err)"
    grep -q "what was copied again is right now" err || fail "it isn't said to be right: $(cat err)"
    tells_of $(($(lie_offset) + $(lie_bytes) / 2))
    end_server d
    same in.img disk.img
}

# It is found, and can't be repaired.
found() { # ARGUMENTS...
    run_decant --verify "$@"
    [ "$code" -eq 4 ] || fail "exit code $code instead of 4: $(cat err)"
    grep -q "isn't what was written there, in ranges of [0-9]* bytes together" err || fail "got: $(cat err)"
}

# right ARGUMENTS...: verified, and nothing to say.
right() {
    must_copy --verify "$@"
    # Some file systems know no other way.
    ! grep -v 'only be read through the page cache' err || fail "it says: $(cat err)"
}

member() { jq -r "$1" said; }

case $1 in
right)
    junk_disk
    serve_nbdkit d file disk.img
    right in.img "$(uri d)"
    right in.img out.img
    end_server d
    same in.img disk.img
    same in.img out.img ;;
right-odd)
    for bytes in 1 511 65536 65537 1048575; do
        head -c $bytes in.img >odd.img
        right odd.img out.img
        same odd.img out.img
    done ;;
right-empty)
    true >empty.img
    right empty.img out.img
    junk_disk
    serve_nbdkit d file disk.img
    right empty.img "$(uri d)" ;;
right-larger)
    # What lies behind is none of the copy.
    junk_disk $((size + 5000000))
    serve_nbdkit d file disk.img
    right in.img "$(uri d)"
    end_server d
    cmp -n $size in.img disk.img || fail "they differ" ;;
right-pipe)
    cat in.img | right - out.img
    same in.img out.img ;;
right-long-pipe)
    # Longer than as many ranges as there are, of the smallest size.
    { cat in.img; head -c 300M /dev/zero; cat in.img; } | right - out.img
    [ "$(size_of out.img)" -eq $((2 * size + 300 * 1048576)) ] || fail "it has $(size_of out.img) bytes" ;;
right-device)
    requires_root
    junk_disk
    device=$(losetup --find --show disk.img) || skip "no loop devices"
    run_decant --verify in.img "$device"
    losetup --detach "$device"
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    same in.img disk.img ;;
right-started-server)
    qemu-img create -q -f qcow2 out.qcow2 32M
    right in.img '[' qemu-nbd -f qcow2 out.qcow2 ']'
    qemu-img compare -q -f raw -F qcow2 in.img out.qcow2 || fail "they differ" ;;
right-as-nbdcopy)
    ln -s "$DECANT" nbdcopy
    ./nbdcopy --flush --verify in.img out.img || fail "exit code $?"
    same in.img out.img ;;

flip|drop|elsewhere|zeros|half)
    for on in 1 7 20; do
        serve_liar lies="$1" lies-on=$on
        repaired
    done ;;
one-in-many)
    for seed in 1 2 3 4 5 6; do
        RANDOM=$seed
        hows=(flip drop elsewhere half)
        serve_liar lies="${hows[RANDOM % 4]}" lies-on=$((1 + RANDOM % 60))
        run_decant --verify --request-size=64k in.img "$(uri d)"
        [ -n "$(lie_offset)" ] || fail "seed $seed: the server didn't lie"
        [ "$code" -eq 0 ] || fail "seed $seed: exit code $code: $(cat err)"
        grep -q "is right now" err || fail "seed $seed: nothing was said: $(cat err)"
        end_server d
        same in.img disk.img
    done ;;
zeros-dropped|zeros-flipped)
    # A hole that keeps what was there before, or doesn't become one.
    how=${1#zeros-}
    serve_liar lies="${how%ped}" lies-over=$hole
    found in.img "$(uri d)"
    tells_of $hole ;;
file-drops)
    # A write that never reaches the file, and says that it did.
    requires_strace
    bytes=524288
    strace -f -o trace -e inject=io_uring_setup:error=ENOSYS -e inject=pwrite64:retval=$bytes:when=3 \
        "$DECANT" --verify --request-size=512k in.img out.img 2>err || fail "exit code $?: $(cat err)"
    grep -q 'INJECTED' <(grep pwrite64 trace) || fail "no write was dropped"
    grep -q "is right now" err || fail "nothing was said: $(cat err)"
    same in.img out.img ;;
always)
    serve_liar lies=flip lies-over=70000
    found in.img "$(uri d)"
    tells_of 70000
    grep -q 'copied again once, to no avail' err || fail "got: $(cat err)"
    grep -q 'copy again with$' err || fail "no command: $(cat err)" ;;
always-pipe)
    # One lie is too many where the source doesn't come again.
    serve_liar lies=flip lies-on=3
    cat in.img | found - "$(uri d)"
    grep -q "the source can't be read again" err || fail "got: $(cat err)" ;;
misread)
    serve_liar misreads=5000
    found in.img "$(uri d)"
    tells_of 5000 ;;

quick)
    # Holes of which the server says that they are zeros aren't read.
    truncate -s 64M hole.img
    dd if=in.img of=hole.img bs=1M count=1 conv=notrunc status=none
    truncate -s 64M disk.img
    serve_nbdkit d --filter=log file disk.img logfile=log
    right --verify=quick hole.img "$(uri d)"
    read_bytes=$(log_ranges log Read | awk '{ sum += $2 } END { print sum + 0 }')
    [ "$read_bytes" -ge 1048576 ] && [ "$read_bytes" -le 3000000 ] || fail "$read_bytes bytes were read" ;;
quick-finds)
    serve_liar lies=flip lies-on=2
    must_copy --verify=quick in.img "$(uri d)"
    grep -q "is right now" err || fail "nothing was said: $(cat err)"
    end_server d
    same in.img disk.img ;;
holes-are-read)
    truncate -s 64M hole.img
    truncate -s 64M disk.img
    serve_nbdkit d --filter=log file disk.img logfile=log
    right hole.img "$(uri d)"
    read_bytes=$(log_ranges log Read | awk '{ sum += $2 } END { print sum + 0 }')
    [ "$read_bytes" -ge 67108864 ] || fail "only $read_bytes bytes were read" ;;
past-the-cache)
    requires_strace
    dd if=/dev/zero of=probe bs=4096 count=1 oflag=direct status=none 2>/dev/null || skip "no direct I/O in $TEST_DIR"
    strace -f -o trace "$DECANT" --verify in.img out.img 2>err || fail "exit code $?: $(cat err)"
    # Behind the last flush, in that order: opened directly, and what is cached forgotten.
    sed -n 'H; /fsync\|FSYNC/h; ${ x; p; }' trace >behind
    grep -q 'out.img.*O_RDONLY|O_DIRECT' behind || fail "not read directly: $(cat behind)"
    grep -q 'fadvise64.*POSIX_FADV_DONTNEED' behind || fail "the cache wasn't asked to forget"
    ! grep -q mincore <(sed '0,/fadvise64/d' behind) || fail "the cache was asked for more" ;;
through-the-cache)
    requires_strace
    strace -f -o trace -e inject=io_uring_setup:error=ENOSYS "$DECANT" --verify in.img out.img 2>err || fail "exit code $?: $(cat err)"
    grep -q 'only be read through the page cache' err || fail "it isn't said: $(cat err)" ;;

held-back)
    serve_liar lies=flip lies-over=1000
    found --hold-back=1M in.img "$(uri d)"
    tells_of 1000
    end_server d
    serve_liar lies=flip lies-on=9
    repaired --hold-back=1M ;;
held-back-from)
    # Its ends are written anew, and what lies between them and the offset isn't this copy's.
    junk_disk
    dd if=in.img of=disk.img bs=1000 count=5000 conv=notrunc status=none
    dd if=/dev/zero of=disk.img bs=1M count=1 conv=notrunc status=none
    serve_odd d disk.img
    right --hold-back=1M --from=5000000 in.img "$(uri d)"
    end_server d
    same in.img disk.img ;;
from)
    head -c 5000000 in.img >front.img
    junk_disk
    dd if=in.img of=disk.img bs=1000 count=5000 conv=notrunc status=none
    serve_odd d disk.img lies=flip lies-on=2
    must_copy --verify --from=5000000 in.img "$(uri d)"
    grep -q "is verified from offset 5000000 on" err || fail "it isn't said: $(cat err)"
    grep -q "is right now" err || fail "nothing was repaired: $(cat err)"
    end_server d
    same in.img disk.img ;;
domain)
    # Between them the destination has junk, which is nobody's fault.
    cat >wanted <<'END'
0x00000000     +               1
0x00000000  0x00100200  +
0x00100200  0x00400000  ?
0x00500200  0x00300000  +
END
    junk_disk
    cp disk.img before.img
    serve_odd d disk.img lies=flip lies-on=3
    must_copy --verify --domain=wanted in.img "$(uri d)"
    grep -q "is right now" err || fail "nothing was repaired: $(cat err)"
    end_server d
    cmp -n $((0x100200)) in.img disk.img || fail "the front differs"
    cmp -i $((0x500200)) -n $((0x300000)) in.img disk.img || fail "the second part differs"
    cmp -i $((0x100200)) -n $((0x400000)) before.img disk.img || fail "what isn't wanted was written" ;;
bitmap|layer)
    requires_program qemu-img qemu-io qemu-nbd
    qemu-img create -q -f qcow2 base.qcow2 12M
    qemu-io -f qcow2 -c 'write -P 1 0 12M' base.qcow2 >/dev/null
    qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 in.qcow2
    qemu-img bitmap --add -g 4096 -f qcow2 in.qcow2 b
    qemu-io -f qcow2 -c 'write -P 2 64k 64k' -c 'write -P 3 1M 2M' -c 'write -z 5M 1M' -c 'write -P 4 8M 68k' in.qcow2 >/dev/null
    qemu-img convert -f qcow2 -O raw base.qcow2 disk.img
    serve_odd d disk.img lies=flip lies-on=2
    if [ "$1" = bitmap ]; then
        serve_qemu s -r -f qcow2 -B b in.qcow2
        part=--dirty-bitmap=b
    else
        serve_qemu s -r -f qcow2 -A in.qcow2
        part=--layer
    fi
    must_copy --verify $part "$(uri s)" "$(uri d)"
    grep -q "is right now" err || fail "nothing was repaired: $(cat err)"
    end_server d
    qemu-img convert -f qcow2 -O raw in.qcow2 now.img
    same now.img disk.img ;;
many-parts)
    # More parts than can be noted at once; the lie lies behind those that can.
    head -c 14M in.img >many.img
    perl -e 'print "base:allocation 14680064 0\n"; for (1 .. 14336) { print "qemu:dirty-bitmap:b 512 1\nqemu:dirty-bitmap:b 512 0\n" }' >extents
    serve_contexts s many.img extents
    junk_disk $((14 * 1048576))
    cp disk.img before.img
    serve_odd d disk.img lies=flip lies-over=$((13 * 1048576 + 100))
    found --dirty-bitmap=b "$(uri s)" "$(uri d)"
    tells_of $((13 * 1048576 + 100))
    end_server d
    serve_odd d disk.img
    must_copy --verify --progress --dirty-bitmap=b "$(uri s)" "$(uri d)"
    grep -q 'reading the source again: .*100 %' err || fail "it is done in one go: $(cat err)"
    end_server d
    perl -e '
        for my $file (qw(many.img before.img disk.img)) { open(my $in, "<:raw", $file) or die; local $/; push @all, scalar <$in> }
        for (my $at = 0; $at < length $all[2]; $at += 1024) {
            die "offset $at\n" if substr($all[2], $at, 512) ne substr($all[0], $at, 512) or
                                  substr($all[2], $at + 512, 512) ne substr($all[1], $at + 512, 512);
        }' || fail "they differ" ;;
mapfile-resumed)
    # What an earlier run has written is verified, too: the source is read again.
    cat >map <<'END'
0x00000000     ?               1
0x00000000  0x00400000  +
0x00400000  0x00200000  ?
END
    cp in.img disk.img
    printf wrong | dd of=disk.img bs=1 seek=100000 conv=notrunc status=none
    serve_odd d disk.img
    must_copy --verify --mapfile=map in.img "$(uri d)"
    tells_of 100000
    end_server d
    same in.img disk.img ;;
mapfile-finished)
    cp in.img disk.img
    serve_odd d disk.img
    must_copy --mapfile=map in.img "$(uri d)"
    end_server d
    printf wrong | dd of=disk.img bs=1 seek=9000000 conv=notrunc status=none
    serve_odd d disk.img
    must_copy --verify --mapfile=map in.img "$(uri d)"
    tells_of 9000000
    end_server d
    same in.img disk.img ;;
mapfile-set-back)
    # What still differs isn't finished: the same command copies that, and no more.
    serve_liar lies=flip lies-over=70000
    found --mapfile=map in.img "$(uri d)"
    grep -q 'go on with$' err || fail "no command: $(cat err)"
    grep -q '^0x00010000  0x00010000  ?' map || fail "the map has: $(cat map)"
    end_server d
    serve_odd d disk.img
    must_copy --verify --mapfile=map in.img "$(uri d)"
    end_server d
    same in.img disk.img ;;

mapfile-repair-fails)
    # Nor is what was found to differ and couldn't be copied again, since the server takes no writes any more.
    requires_nbdkit_plugin eval
    junk_disk
    serve_nbdkit d eval get_size="echo $size" open="echo >>$TEST_DIR/opened" \
        pread="dd if=$TEST_DIR/disk.img skip=\$4 count=\$3 bs=64k iflag=skip_bytes,count_bytes status=none" \
        pwrite="[ \$(wc -l <$TEST_DIR/opened) -eq 1 ] || { echo EIO >&2; exit 1; }
            dd of=$TEST_DIR/disk.img seek=\$4 bs=64k oflag=seek_bytes conv=notrunc status=none
            [ \$4 -ne 1048576 ] || printf wrong | dd of=$TEST_DIR/disk.img seek=\$4 bs=64k oflag=seek_bytes conv=notrunc status=none" \
        flush=true can_write=true can_flush=true
    run_decant --verify --request-size=256k --mapfile=map in.img "$(uri d)"
    [ "$code" -eq 1 ] || fail "exit code $code: $(cat err)"
    grep -q "it isn't verified, and 65536 bytes weren't what was written there, the first at offset 1048576: go on with" err || fail "got: $(cat err)"
    tells_of 1048576
    grep -q '^0x00100000  0x[0-9A-F]*  ?' map || fail "the map has: $(cat map)"
    end_server d
    serve_odd d disk.img
    must_copy --verify --mapfile=map in.img "$(uri d)"
    end_server d
    same in.img disk.img ;;

digest-is-of-the-disk)
    # Where that isn't what the source was, there is none.
    serve_liar misreads=5000
    found --sha256 in.img "$(uri d)" >said
    [ ! -s said ] || fail "got: $(cat said)"
    end_server d
    serve_liar
    must_copy --verify --sha256 --blkhash in.img "$(uri d)" >said
    end_server d
    grep -q "^sha256:$(sha256sum <disk.img | cut -d ' ' -f 1)$" said || fail "got: $(cat said)" ;;
digest-after-repair)
    serve_liar lies=flip lies-on=5
    must_copy --verify --sha256 in.img "$(uri d)" >said
    grep -q "is right now" err || fail "nothing was repaired: $(cat err)"
    end_server d
    [ "$(cat said)" = "sha256:$(sha256sum <in.img | cut -d ' ' -f 1)" ] || fail "got: $(cat said)" ;;
expect-other)
    must_fail 4 'not what was expected' --verify --expect=sha256:"$(printf '%064d' 0)" in.img out.img ;;

lost-meanwhile)
    # The connection breaks while it is read back, and the next one goes on.
    serve_liar cuts-read=20
    must_copy --verify in.img "$(uri d)"
    grep -q 'is back: going on at offset' err || fail "it wasn't lost: $(cat err)"
    end_server d
    same in.img disk.img ;;
gone-meanwhile)
    serve_liar cuts-read=20
    must_fail 1 'reading .* failed at offset [0-9]*: .*; all is copied, but it isn.t verified' --retry=0 --verify in.img "$(uri d)" ;;
stopped)
    serve_liar delay=200
    mkfifo progress
    "$DECANT" --verify --synchronous --progress=9 in.img "$(uri d)" 9>progress 2>err &
    pid=$!
    exec 8<progress
    # Once all is copied, it begins anew.
    while read -r -u 8 line; do [ "$line" != 100/100 ] || break; done
    read -r -u 8 line
    kill -INT $pid
    cat <&8 >/dev/null &
    code=0
    wait $pid || code=$?
    must_say 'stopped by signal 2; all is copied, but it isn.t verified' ;;
became-shorter)
    serve_liar later-size=4096
    must_fail 1 'has only 4096 bytes now; all is copied, but it isn.t verified' --connections=1 --verify in.img "$(uri d)" ;;
progress)
    must_copy --verify --progress in.img out.img
    grep -q '^decant: verifying: .*100 %' err || fail "got: $(cat err)" ;;
json-right)
    must_copy --verify --json in.img out.img >said
    [ "$(member '"\(.result) \(.verified) \(.repaired) \(.differing)"')" = "done $size 0 0" ] || fail "got: $(cat said)"
    serve_liar lies=flip lies-over=70000
    run_decant --verify --json in.img "$(uri d)" >said
    [ "$code" -eq 4 ] || fail "exit code $code: $(cat err)"
    [ "$(member '"\(.result) \(.differing) \(."differs-at")"')" = "differs 65536 65536" ] || fail "got: $(cat said)"
    [ "$(member '.verified')" = $((size - 65536)) ] || fail "got: $(cat said)"
    [ "$(member '."good-below"')" = 65536 ] || fail "what differs is called good: $(cat said)" ;;
small-memory)
    serve_liar lies=drop lies-on=9
    repaired --memory=1M ;;
no-extents)
    serve_liar lies=drop lies-on=9
    repaired --no-extents ;;

refused)
    guard_files
    must_fail 64 'can.t be done of null:' --verify in.img null:
    must_fail 64 'can.t be done of -' --verify in.img - >/dev/null
    must_fail 64 'without --flush' --verify --no-flush in.img new.img
    must_fail 64 'must be --verify or --verify=quick' --verify=slow in.img new.img
    must_fail 64 'verify' rescue --verify --mapfile=map in.img new.img
    mkfifo fifo
    cat fifo >fifo.got &
    must_fail 1 'front to end.*nothing was written' --verify in.img fifo
    [ ! -s fifo.got ] || fail "something was written"
    nothing_touched ;;
write-only)
    # It takes all, and gives nothing back: that is found out first.
    junk_disk
    cp disk.img before.img
    serve_odd d disk.img errno=1
    must_fail 1 "can.t be read back.*nothing was written" --verify in.img "$(uri d)"
    end_server d
    same before.img disk.img ;;
esac
