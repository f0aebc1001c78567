#!/bin/bash
# SPDX-License-Identifier: MIT
# A copy with a mapfile comes back after whatever ended it: the same command goes on, does no work twice that was flushed, knows
# its disks again and no others, and says when nothing is left. With a domain, only that is copied.
#
# cases: new goes-on-after-signal goes-on-by-server finished other-source other-destination shorter removed unwritable
# cases: refused on-itself no-flush damaged many-areas tebibyte domain domain-new-file domain-and-map domain-goes-on

. "$(dirname "$0")/../functions.sh"

size=3000000
make_image in.img $size 5

# areas FILE: its blocks, as "START END STATUS" in decimal.
areas() {
    perl -ne 'next if /^#/; my @w = split; next if $w[2] !~ m{^[-?*/+]$};
        printf "%d %d %s\n", hex $w[0], hex($w[0]) + hex($w[1]), $w[2]' "$1"
}

is_finished() { [ "$(areas "$1")" = "0 $2 +" ] || fail "it isn't finished: $(cat "$1")"; }

# map FILE START END STATUS...: a map as others write it, without a word of its disks.
map() {
    local file=$1
    shift
    echo '0 ? 1' >"$file"
    while [ $# -gt 0 ]; do
        echo "$1 $(($2 - $1)) $3" >>"$file"
        shift 3
    done
}

# begun: out.img is finished up to 1000000, and not the source's from there on, as m.map has it.
begun() {
    junk out.img $size
    dd if=in.img of=out.img bs=1000000 count=1 conv=notrunc status=none
    map m.map 0 1000000 + 1000000 $size '?'
}

# A mark in what is finished shows whether it is written again.
mark() { printf MARK | dd of="$1" bs=1 seek=500000 conv=notrunc status=none; }
unmark() {
    [ "$(dd if="$1" bs=1 skip=500000 count=4 status=none)" = MARK ] || fail "what was finished was written again"
    dd if=in.img of="$1" bs=1 skip=500000 seek=500000 count=4 conv=notrunc status=none
}

case $1 in
new)
    must_copy --mapfile=m.map in.img out.img
    same in.img out.img
    is_finished m.map $size
    grep -Eq '^# decant source: 0x002DC6C0 [0-9a-f]{64} in.img$' m.map || fail "who? $(cat m.map)"
    grep -Eq '^# decant destination: 0x002DC6C0 file-[0-9.-]+ out.img$' m.map || fail "where? $(cat m.map)"
    grep -q '^# Command line: .*decant.* --mapfile=m.map in.img out.img$' m.map || fail "how? $(cat m.map)"
    [ ! -e m.map.new ] || fail "something was left" ;;
goes-on-after-signal)
    # Slow enough that it isn't done before: 3 MB at 64 KiB a second.
    "$DECANT" --mapfile=m.map --rate-limit=64k in.img out.img 2>err &
    pid=$!
    begins() { [ "$(stat -c %b out.img 2>/dev/null || echo 0)" -gt 100 ]; }
    wait_for begins
    kill $pid
    code=0
    wait $pid || code=$?
    must_say 'stopped by signal 15; the copy is good below offset [1-9][0-9]* .*: go on with$'
    ! grep -q -e --from err || fail "it knows better: $(cat err)"
    good=$(sed -nE 's/.*good below offset ([0-9]+).*/\1/p' err)
    [ "$(areas m.map)" = "0 $good +
$good $size ?" ] || fail "good below $good: $(cat m.map)"
    cmp -n "$good" in.img out.img
    sed -i 's/ --rate-limit=64k//' err
    goes_on in.img out.img
    is_finished m.map $size ;;
goes-on-by-server)
    begun
    mark out.img
    serve_nbdkit d --filter=log file out.img logfile=log
    must_copy --mapfile=m.map in.img "$(uri d)"
    end_server d
    unmark out.img
    same in.img out.img
    is_finished m.map $size
    written=$({ log_ranges log Write; log_ranges log Zero; } | awk '$1 < 999424' | wc -l)
    [ "$written" -eq 0 ] || fail "$written requests were for what was finished" ;;
finished)
    must_copy --mapfile=m.map in.img out.img
    touch -d '2001-01-01' out.img m.map
    for _ in 1 2; do
        run_decant --mapfile=m.map in.img out.img
        [ "$code" -eq 0 ] && grep -q '^decant: out.img is finished already, as m.map has it: nothing was written$' err ||
            fail "exit code $code: $(cat err)"
    done
    [ "$(stat -c %Y out.img m.map | sort -u)" = "$(date -d 2001-01-01 +%s)" ] || fail "something was touched"
    same in.img out.img
    run_decant --report --mapfile=m.map in.img out.img
    grep -q "done: bytes=$size seconds=0.00" err || fail "no report: $(cat err)" ;;
other-source)
    must_copy --mapfile=m.map in.img out.img
    cp in.img other.img
    flip other.img 1499999 # in the middle
    must_fail 1 'm.map is the map of another source: in.img, of 3000000 bytes; for this one, begin a new map' --mapfile=m.map other.img out.img
    truncate -s 2999999 other.img
    must_fail 1 'm.map, line 8: this disk ends before the block does|is the map of another source' --mapfile=m.map other.img out.img
    same in.img out.img ;;
other-destination)
    must_copy --mapfile=m.map in.img out.img
    cp out.img other.img
    must_fail 1 'm.map is the map of another destination: out.img' --mapfile=m.map in.img other.img
    mv other.img out.img # the name alone says nothing
    must_fail 1 'm.map is the map of another destination: out.img' --mapfile=m.map in.img out.img ;;
shorter)
    begun
    truncate -s 999999 out.img
    must_fail 1 "out.img has only 999999 bytes: what lies below offset 1000000 isn't all there; nothing was written" --mapfile=m.map in.img out.img
    [ "$(size_of out.img)" -eq 999999 ] || fail "it was touched"
    rm out.img
    must_fail 1 'there is no out.img, which should have all that lies below offset 1000000' --mapfile=m.map in.img out.img ;;
removed)
    # What isn't there any more isn't finished, though it was flushed.
    begun
    "$DECANT" --mapfile=m.map --rate-limit=64k in.img out.img 2>err &
    pid=$!
    own() { grep -q 'Created by decant' m.map; }
    wait_for own
    rm out.img
    kill $pid
    code=0
    wait $pid || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code: $(cat err)"
    ! areas m.map | finds '+' || fail "it is called finished: $(cat m.map)"
    must_copy --mapfile=m.map in.img out.img
    same in.img out.img ;;
unwritable)
    # The first map is written before any data: who finds no room for it has lost nothing.
    requires_root
    mkdir full
    mount -t tmpfs -o size=4k tmpfs full
    at_exit+=("umount full")
    head -c 4096 /dev/zero >full/rest
    truncate -s 4194304 disk.img
    serve_nbdkit d --filter=log file disk.img logfile=log
    must_fail 1 'cannot write the mapfile full/m.map: No space left on device' --mapfile=full/m.map in.img "$(uri d)"
    [ "$(log_count log Write)" -eq 0 ] || fail "data moved without a map" ;;
refused)
    guard_files
    make_block 300000 >small.img
    mkdir dir
    mkfifo fifo
    must_fail 1 'cannot write the mapfile no/m.map: No such file' --mapfile=no/m.map small.img precious.img
    must_fail 1 'the mapfile dir is no regular file' --mapfile=dir small.img precious.img
    must_fail 1 '/dev/null is written from front to end, and no part of it can be left out: --mapfile is for disks' --mapfile=m.map small.img /dev/null
    must_fail 1 'cannot open the mapfile none.map: No such file' --domain=none.map small.img precious.img
    must_fail 1 'cannot read the mapfile dir: Is a directory' --domain=dir small.img precious.img
    must_fail 64 'null: keeps nothing' --mapfile=m.map small.img null:
    nothing_touched
    [ ! -e m.map ] || fail "a map was made" ;;
on-itself)
    cp in.img m.img
    must_fail 1 'm.img, line 1: ' --mapfile=m.img in.img out.img
    [ ! -e out.img ] || fail "something was made"
    must_copy --mapfile=m.map in.img out.img
    cp m.map before.map
    cp m.map m.map.bak
    for name in m.map m.map.bak; do
        must_fail 1 "the mapfile m.map .with its .new and .bak. is $name itself, or lies on it: keep it elsewhere" --mapfile=m.map "$name" x.img
    done
    cmp before.map m.map
    must_fail 1 'the mapfile n.map .with its .new and .bak. is n.map.new itself' --mapfile=n.map in.img n.map.new
    [ ! -e n.map ] || fail "a map was written" ;;
no-flush)
    requires_nbdkit_plugin eval
    guard_files
    serve_nbdkit d eval get_size='echo 300000' pread='exit 1' pwrite='touch written; exit 1' can_write='exit 0' can_flush='exit 3'
    make_block 300000 >small.img
    must_fail 1 "can't be told to bring what it has to stable storage, so nothing could be called finished: copy without --mapfile; nothing was written" \
        --mapfile=m.map small.img "$(uri d)"
    [ ! -e written ] && [ ! -e m.map ] || fail "something was written" ;;
damaged)
    begun
    cp m.map m.map.bak
    echo 'garbage' >>m.map
    cp out.img before.img
    must_fail 1 'm.map, line 4: a data block should be here: .* .m.map.bak is the one before' --mapfile=m.map in.img out.img
    same before.img out.img
    mv m.map.bak m.map
    must_copy --mapfile=m.map in.img out.img
    same in.img out.img ;;
many-areas)
    # More than are told apart: the smallest that are finished are copied again.
    make_image big.img 24000000 5
    cp big.img out.img
    perl -e 'print "0 ? 1\n"; for (0 .. 11999) { printf "%d %d %s\n", $_ * 2000, 1000, "+"; printf "%d 1000 ?\n", $_ * 2000 + 1000 }' >m.map
    run_decant --mapfile=m.map big.img out.img
    [ "$code" -eq 0 ] && grep -Eq '^decant: m.map has more areas than can be told apart: [1-9][0-9]+ bytes more are copied$' err ||
        fail "exit code $code: $(cat err)"
    same big.img out.img
    is_finished m.map 24000000 ;;
tebibyte)
    # What is done takes no question and no read but those by which the disk is known.
    terabyte=$((1 << 40)) done=$((99 * (1 << 40) / 100 & ~4095))
    truncate -s $terabyte huge.img
    dd if=in.img of=huge.img bs=4096 seek=$done oflag=seek_bytes conv=notrunc status=none
    truncate -s $terabyte out.img
    map m.map 0 $done + $done $terabyte '?'
    serve_nbdkit s --filter=log file huge.img logfile=log
    must_copy --mapfile=m.map "$(uri s)" out.img
    is_finished m.map $terabyte
    cmp -n $size -i $done huge.img out.img
    early=$({ log_ranges log Read; log_ranges log Extents; } | awk -v done=$done '$1 < done' | wc -l)
    [ "$early" -eq 2 ] || fail "$early requests for what was finished, instead of the first block and the middle one" ;;
domain)
    map d.map 0 100 '?' 100 700000 + 700000 800000 - 800000 800001 + 800001 2500000 '*' 2500000 $size +
    for destination in file server; do
        junk out.img $size
        perl -e 'local $/; open my $i, "<", "in.img"; open my $o, "<", "out.img"; my ($in, $out) = (<$i>, <$o>);
            substr($out, $$_[0], $$_[1] - $$_[0]) = substr($in, $$_[0], $$_[1] - $$_[0]) for [100, 700000], [800000, 800001], [2500000, 3000000];
            print $out' >expected.img
        case $destination in
        file) must_copy --domain=d.map in.img out.img ;;
        server)
            serve_nbdkit d file out.img
            must_copy --domain=d.map in.img "$(uri d)"
            end_server d ;;
        esac
        same expected.img out.img
    done
    must_copy --domain=d.map in.img null:
    junk out.img $size # through a pipe, too
    must_copy --domain=/dev/stdin in.img out.img < <(cat d.map)
    same expected.img out.img ;;
domain-new-file)
    map d.map 1000000 2000000 + 2000000 $size '?'
    must_copy --domain=d.map in.img out.img
    truncate -s $size expected.img
    dd if=in.img of=expected.img bs=1000000 skip=1 seek=1 count=1 conv=notrunc status=none
    same expected.img out.img
    allocated_at_most out.img 1100K ;;
domain-and-map)
    # What is done of the domain; outside of it, nothing is.
    map d.map 0 2000000 + 2000000 $size '?'
    begun
    mark out.img
    { head -c 2000000 in.img; tail -c +2000001 out.img; } >expected.img
    must_copy --domain=d.map --mapfile=m.map in.img out.img
    unmark out.img
    same expected.img out.img
    [ "$(areas m.map)" = "0 2000000 +
2000000 $size ?" ] || fail "not the domain's: $(cat m.map)"
    grep -q '^0x002DC6C0     +' m.map || fail "it isn't said to be done: $(cat m.map)"
    run_decant --domain=d.map --mapfile=m.map in.img out.img
    grep -q 'is finished already' err || fail "got: $(cat err)"
    must_copy --mapfile=m.map in.img out.img # and the rest
    same in.img out.img
    is_finished m.map $size ;;
domain-goes-on)
    # Without a mapfile, by --from.
    map d.map 0 1000 '?' 1000 $size +
    requires_nbdkit_filter error
    junk out.img $size
    { head -c 1000 out.img; tail -c +1001 in.img; } >expected.img
    serve_nbdkit s --filter=error file in.img error=EIO error-pread-rate=100% error-file=broken
    touch broken
    must_fail 1 'reading .* failed at offset' --retry=0 --domain=d.map "$(uri s)" out.img
    rm broken
    goes_on expected.img out.img ;;
*) fail "no such case" ;;
esac
