#!/bin/bash
# SPDX-License-Identifier: MIT
# Whether two disks are the same is asked before the other one is thrown away: the answer must be that of qemu-img and cmp, between
# ends of all kinds, and what can't be known must not be called the same.
#
# cases: as-qemu-img kinds zeros-unread lengths all map-copies many-ranges unreadable shortened lost given-up signal json quiet refused progress
# cases: aside

. "$(dirname "$0")/../functions.sh"
requires_program qemu-img jq perl

compare() {
    run_decant compare "$@" >out
}

# says CODE LINE: how the last comparison ended.
says() {
    [ "$code" -eq "$1" ] || fail "exit code $code instead of $1: $(cat err out)"
    [ "$(tail -n 1 out)" = "$2" ] || fail "'$2' expected, got: $(cat out)"
}

# change FILE OFFSET: one byte is another one.
change() {
    perl -e 'open(my $f, "+<", $ARGV[0]); seek($f, $ARGV[1], 0); read($f, my $byte, 1);
        seek($f, $ARGV[1], 0); print $f chr(ord($byte) ^ 1);' "$1" "$2"
}

case $1 in
as-qemu-img)
    # 200 pairs, raw files and qcow2s behind servers, of which half differ, in one place or several, or in length.
    perl -e '
        srand(7);
        for my $pair (1 .. 200) {
            my $size = 512 * int(rand(3000) + 1);
            my @disks = map { "\0" x $size } 0 .. 1;
            for (1 .. rand(12)) { # the same on both
                my ($at, $length) = (int(rand($size)), int(rand(70000)));
                $length = $size - $at if $length > $size - $at;
                my $piece = rand() < 0.3 ? "\0" x $length : pack("C*", map { 1 + $_ % 251 } 1 .. $length);
                substr($_, $at, $length) = $piece for @disks;
            }
            for (1 .. (rand() < 0.5 ? 0 : rand(4))) {
                my ($disk, $at) = (int(rand(2)), int(rand($size)));
                my $length = rand() < 0.5 ? 1 : int(rand(9000));
                $length = $size - $at if $length > $size - $at;
                substr($disks[$disk], $at, $length) = (rand() < 0.5 ? "\0" : "x") x $length;
            }
            $disks[int(rand(2))] .= (rand() < 0.6 ? "\0" : "y") x (512 * int(rand(300))) if rand() < 0.3;
            for my $disk (0 .. 1) {
                open(my $file, ">", "$pair-$disk.img");
                print $file $disks[$disk];
            }
        }'
    same=0
    for pair in {1..200}; do
        for disk in 0 1; do # holes are holes
            cp --sparse=always $pair-$disk.img $pair-$disk.sparse
        done
        theirs=0
        qemu-img compare -f raw -F raw $pair-0.img $pair-1.img >said || theirs=$?
        compare $pair-0.sparse $pair-1.sparse
        offset=$(sed -n 's/.* at offset \([0-9]*\)[!.,].*/\1/p' said)
        if [ "$theirs" -eq 0 ]; then
            same=$((same + 1))
            [ "$code" -eq 0 ] || fail "pair $pair: $(cat out err), where qemu-img says: $(cat said)"
        else
            [ "$code" -eq 2 ] || fail "pair $pair: $(cat out err), where qemu-img says: $(cat said)"
            ours=$(sed -n 's/.* differ at offset \([0-9]*\).*/\1/p' out)
            # It names the first byte of what it had read, or of a sector.
            [ "$offset" -le "$ours" ] || fail "pair $pair: $(cat out), where qemu-img says: $(cat said)"
        fi
        first=$({ cmp $pair-0.img $pair-1.img 2>/dev/null || true; } | sed -n 's/.* byte \([0-9]*\),.*/\1/p')
        if [ -n "$first" ]; then
            [ "$ours" -eq $((first - 1)) ] || fail "pair $pair: $(cat out), where cmp says byte $first"
        fi
        rm -f $pair-*
    done
    echo "$same of 200 are the same"
    [ "$same" -gt 40 ] && [ "$same" -lt 160 ] || fail "only one answer" ;;
kinds)
    # Each kind of end beside each other one.
    requires_nbdkit_plugin file
    make_image one.img 3000000
    cp one.img other.img
    change other.img 2222222
    qemu-img convert -f raw -O qcow2 one.img one.qcow2
    nbdkit=('[' nbdkit file one.img ']')
    mkfifo fifo
    for end in one.img nbdkit qcow2 - fifo; do
        case $end in
        nbdkit) words=("${nbdkit[@]}") ;;
        qcow2) words=('[' qemu-nbd --read-only --format=qcow2 one.qcow2 ']') ;;
        *) words=("$end") ;;
        esac
        for against in one.img other.img; do
            [ "$end" != fifo ] || cat one.img >fifo &
            feeder=$!
            run_decant compare "${words[@]}" $against >out < <(cat one.img)
            if [ $against = one.img ]; then
                [ "$code" -eq 0 ] || fail "$end: exit code $code: $(cat out err)"
            else
                [ "$code" -eq 2 ] && grep -q ' differ at offset 2222222$' out || fail "$end: $code: $(cat out err)"
            fi
            wait $feeder || true
        done
    done
    # Two streams, whose length nobody knows before.
    compare <(cat one.img) - < <(head -c 2000000 one.img)
    [ "$code" -eq 2 ] && grep -q 'behind the end of standard input$' out || fail "$code: $(cat out err)"
    compare --all <(cat one.img) - < <(cat other.img)
    [ "$code" -eq 2 ] || fail "$code: $(cat out err)"
    [ "$(head -n 1 out | awk '{ print $1, $2 }')" = "2221912 512" ] || [ "$(head -n 1 out | awk '{ print $1, $2 }')" = "2222080 512" ] ||
        fail "$(cat out)" ;;
zeros-unread)
    # What both say is zeros costs nothing, and what one does is read of the other alone.
    requires_nbdkit_filter log
    sparse_image one.img 100G 0 50G
    cp --sparse=always one.img other.img
    compare '[' nbdkit --filter=log file one.img logfile=one.log ']' '[' nbdkit --filter=log file other.img logfile=other.log ']'
    says 0 "[ nbdkit ] and [ nbdkit ] are the same"
    for log in one.log other.log; do
        [ "$(log_ranges $log Read | awk '{ sum += $2 } END { print sum + 0 }')" -le 400000 ] || fail "$log: $(log_ranges $log Read)"
    done
    rm one.log other.log
    truncate -s 0 other.img
    truncate -s 100G other.img
    compare '[' nbdkit --filter=log file one.img logfile=one.log ']' '[' nbdkit --filter=log file other.img logfile=other.log ']'
    says 2 "[ nbdkit ] and [ nbdkit ] differ at offset 0"
    [ "$(log_count other.log Read)" -eq 0 ] || fail "holes are read" ;;
lengths)
    make_block 100000 >one.img
    cp one.img other.img
    truncate -s 300001 other.img
    compare one.img other.img
    says 0 "one.img and other.img are the same; other.img is longer by 200001 bytes, which are zeros"
    compare --strict one.img other.img
    says 2 "one.img and other.img differ in length: 100000 and 300001 bytes"
    compare --strict one.img - < <(cat other.img)
    says 2 "one.img and standard input differ in length: 100000 and 300001 bytes"
    change other.img 300000
    compare other.img one.img
    says 2 "other.img and one.img differ at offset 300000, behind the end of one.img"
    : >empty
    compare empty empty
    says 0 "empty and empty are the same"
    compare empty one.img
    says 2 "empty and one.img differ at offset 0, behind the end of empty" ;;
all)
    make_block 3000000 >one.img
    cp one.img other.img
    for offset in 0 511 512 1000000 2999999; do
        change other.img $offset
    done
    compare --all one.img other.img
    says 2 "one.img and other.img differ in 3 ranges of 1728 bytes, from offset 0 on"
    [ "$(head -n 3 out | awk '{ print $1, $2, $3 }' | tr '\n' ';')" = "0 1024 different;999936 512 different;2999808 192 different;" ] ||
        fail "$(cat out)"
    compare --all one.img one.img
    says 0 "one.img and one.img are the same" ;;
map-copies)
    # A copy of just what differs makes them the same.
    make_image one.img 20M
    cp one.img other.img
    for offset in 5 70000 7000000 7000600 20971519; do
        change other.img $offset
    done
    compare --mapfile=new.map one.img other.img
    [ "$code" -eq 2 ] || fail "$code: $(cat out err)"
    must_copy copy --domain=new.map '[' nbdkit --filter=log file one.img logfile=log ']' other.img
    cmp one.img other.img || fail "they still differ"
    [ "$(log_ranges log Read | awk '{ sum += $2 } END { print sum }')" -le 100000 ] || fail "more was copied: $(cat log)"
    compare one.img other.img
    says 0 "one.img and other.img are the same"
    # ddrescue's own program reads it.
    requires_program ddrescuelog
    ddrescuelog -t new.map >said || fail "ddrescuelog: $(cat said)"
    # What a map says of a longer second disk is no longer than the first.
    cp one.img longer.img
    make_block 10000 >>longer.img
    change longer.img 20000000
    compare --mapfile=longer.map one.img longer.img
    must_copy copy --domain=longer.map one.img longer.img
    cmp -n 20971520 one.img longer.img || fail "they still differ" ;;
many-ranges)
    # More than can be told apart: too much is called different rather than too little.
    perl -e 'for (0 .. 15999) { print chr(1) x 512, chr(2) x 512 }' >one.img
    perl -e 'for my $block (0 .. 15999) { print chr(1 + $block % 2) x 512, chr(2) x 512 }' >other.img
    compare --mapfile=new.map one.img other.img
    [ "$code" -eq 2 ] || fail "$code: $(cat out err)"
    [ "$(grep -c 'different$' out)" -gt 4000 ] || fail "$(tail -n 1 out)"
    grep -q 'more ranges than can be told apart' err || fail "$(cat err)"
    must_copy copy --domain=new.map one.img other.img
    cmp one.img other.img || fail "they still differ" ;;
unreadable)
    # What can't be read is neither the same nor different.
    requires_nbdkit_filter ddrescue
    make_block 4194304 >one.img
    cp one.img other.img
    printf '0 ? 1\n0 1048576 +\n1048576 4096 -\n1052672 3141632 +\n' >bad.map
    failing=('[' nbdkit --filter=ddrescue file other.img ddrescue-mapfile=bad.map ']')
    run_decant compare one.img "${failing[@]}" >out
    [ "$code" -eq 1 ] && [ ! -s out ] || fail "$code: $(cat out err)"
    grep -q 'reading \[ nbdkit \] failed at offset 1048576: .*; both are the same below offset 1048576$' err || fail "$(cat err)"
    compare --all one.img "${failing[@]}"
    says 3 "one.img and [ nbdkit ] are the same as far as they can be read; 65536 bytes can't be"
    grep -q 'failed at offset 1048576' err || fail "$(cat err)"
    [ "$(head -n 1 out | awk '{ print $1, $2, $3 }')" = "1048576 65536 unreadable" ] || fail "$(cat out)"
    # A difference below it is found first, one behind it by --all.
    change one.img 2000000
    run_decant compare one.img "${failing[@]}" >out
    [ "$code" -eq 1 ] || fail "$code: $(cat out err)"
    compare --all one.img "${failing[@]}"
    says 2 "one.img and [ nbdkit ] differ in 1 range of 512 bytes, from offset 2000000 on; 65536 bytes can't be read"
    change one.img 1000
    compare one.img "${failing[@]}"
    says 2 "one.img and [ nbdkit ] differ at offset 1000" ;;
shortened)
    # A file that becomes shorter meanwhile isn't the same as anything.
    head -c 67108864 /dev/urandom >one.img
    cp one.img other.img
    "$DECANT" compare --rate-limit=1M one.img other.img --progress=3 2>err >out 3>progress &
    pid=$!
    has_begun() { [ -s progress ]; }
    wait_for has_begun
    truncate -s 1M other.img
    code=0
    wait $pid || code=$?
    [ "$code" -eq 1 ] && [ ! -s out ] || fail "$code: $(cat out err)"
    grep -q 'other.img' err || fail "$(cat err)" ;;
lost)
    # A server that goes away is waited for, whichever of the two.
    head -c 8388608 /dev/urandom >one.img
    cp one.img other.img
    for turn in first second; do
        serve_nbdkit server file one.img
        words=("$(uri server)" other.img)
        [ $turn = first ] || words=(other.img "$(uri server)")
        "$DECANT" compare --rate-limit=1M --retry=60 --progress=3 "${words[@]}" 2>err >out 3>progress &
        pid=$!
        has_begun() { [ -s progress ]; }
        wait_for has_begun
        kill -KILL "${server_pid[server]}"
        end_server server
        is_noticed() { grep -q 'trying again' err; }
        wait_for is_noticed
        serve_nbdkit server file one.img
        code=0
        wait $pid || code=$?
        [ "$code" -eq 0 ] && grep -q 'is back$' err || fail "$turn: $code: $(cat out err)"
        end_server server
        rm progress
    done ;;
given-up)
    head -c 8388608 /dev/urandom >one.img
    serve_nbdkit server file one.img
    for option in --retry=0 --retry=1; do
        "$DECANT" compare $option --rate-limit=1M --progress=3 one.img "$(uri server)" 2>err >out 3>progress &
        pid=$!
        has_begun() { [ -s progress ]; }
        wait_for has_begun
        end_server server
        code=0
        wait $pid || code=$?
        [ "$code" -eq 1 ] && [ ! -s out ] || fail "$code: $(cat out err)"
        tail -n 1 err | finds '; both are the same below offset [0-9]*$' || fail "$(cat err)"
        serve_nbdkit server file one.img
        rm progress
    done ;;
signal)
    head -c 33554432 /dev/urandom >one.img
    "$DECANT" compare --rate-limit=1M --progress=3 one.img one.img 2>err >out 3>progress &
    pid=$!
    has_begun() { [ -s progress ]; }
    wait_for has_begun
    kill -TERM $pid
    code=0
    wait $pid || code=$?
    [ "$code" -eq 1 ] && [ ! -s out ] || fail "$code: $(cat out err)"
    grep -q 'stopped by signal 15; both are the same below offset [0-9]*$' err || fail "$(cat err)" ;;
json)
    make_block 100000 >one.img
    cp one.img other.img
    compare --json one.img other.img
    [ "$code" -eq 0 ] && [ "$(jq -c '[.verb, .result, .sizes, .read]' out)" = '["compare","same",[100000,100000],200000]' ] || fail "$code: $(cat out)"
    change other.img 700
    compare --json --all one.img other.img
    [ "$code" -eq 2 ] && [ "$(jq -c '[.result, ."first-difference", ."different-bytes", .ranges]' out)" = \
        '["different",700,512,[{"offset":512,"length":512,"status":"different"}]]' ] || fail "$code: $(cat out)"
    compare --json one.img missing.img
    [ "$code" -eq 1 ] && [ "$(jq -r .result out)" = failed ] && jq -r .message out | finds missing.img || fail "$code: $(cat out)" ;;
quiet)
    make_block 100000 >one.img
    cp one.img other.img
    compare -q one.img other.img
    [ "$code" -eq 0 ] && [ ! -s out ] && [ ! -s err ] || fail "$code: $(cat out err)"
    change other.img 700
    compare --quiet --all one.img other.img
    [ "$code" -eq 2 ] && [ ! -s out ] && [ ! -s err ] || fail "$code: $(cat out err)"
    # Who asked and isn't told doesn't know.
    must_fail 1 'standard output' compare one.img other.img >/dev/full ;;
refused)
    make_block 100000 >one.img
    echo precious >there.map
    must_fail 1 'there.map is there already' compare --mapfile=there.map one.img one.img
    [ "$(cat there.map)" = precious ] || fail "the map is another one"
    must_fail 1 'cannot open missing.img' compare one.img missing.img
    must_fail 1 'cannot write the mapfile missing/new.map' compare --mapfile=missing/new.map one.img one.img
    must_fail 64 "it takes two" compare one.img
    must_fail 64 "that file descriptor isn't open for writing" compare --progress=9 one.img one.img 9<&-
    must_fail 64 "can.t be used with --json" compare -q --json one.img one.img ;;
progress)
    head -c 8388608 /dev/urandom >one.img
    compare -p one.img one.img
    says 0 "one.img and one.img are the same"
    tail -n 1 err | finds '^decant: 8.0 MiB of 8.0 MiB (100 %)' || fail "$(cat err)"
    compare --progress=3 one.img one.img 3>percent
    [ "$(tail -n 1 percent)" = 100/100 ] || fail "$(cat percent)" ;;
aside)
    # Of two files in the page cache, the kernel moves one on another processor; without io_uring, or past the cache, it is as well.
    requires_strace
    head -c 8388608 /dev/urandom >one.img
    cp one.img other.img
    cat one.img other.img >/dev/null
    strace -f -e trace=io_uring_enter,pread64 -o trace "$DECANT" compare one.img other.img >out || fail "$(cat out)"
    grep -q 'io_uring_setup.*= -1' trace && skip "there is no io_uring here"
    [ "$(grep -c io_uring_enter trace)" -ge 8 ] || fail "it was read by $(grep -c pread64 trace) calls"
    strace -f -e trace=io_uring_setup -e inject=io_uring_setup:error=ENOSYS -o trace "$DECANT" compare one.img other.img >out ||
        fail "$(cat out)" ;;
esac
