#!/bin/bash
# SPDX-License-Identifier: MIT
# With --hold-back, a machine whose copy was cut short finds zeros where it would look for something to boot: both ends of the
# destination are zeros before anything else is written, and are written last, after a flush of all else. So it is wherever the
# copy dies, however it goes on, and whatever is copied from where.
#
# cases: order killed killed-last goes-on goes-on-early from-stream mapfile mapfile-without domain domain-to-file domain-killed domain-goes-on
# cases: larger small stream short-stream digest sparse allocated no-zeros device compressed lost json refused untouched

. "$(dirname "$0")/../functions.sh"

size=6000000 held=65536

is_zero() { [ "$(slice "$@" | tr -d '\0' | wc -c)" -eq 0 ]; }

# Where the tail begins that is held of so many bytes: on a page.
tail_of() { echo $((($1 - held) / 4096 * 4096)); }

# What a death leaves of out.img: both outermost blocks are zeros, or else all is there but what of these two isn't yet.
check_death() {
    local last=$(((size - 1) / 4096 * 4096))
    is_zero out.img 0 4096 && is_zero out.img $last $size && return 0
    cmp -i 4096 -n $((last - 4096)) in.img out.img || fail "an end is there before the rest"
    came_so_far=1
}

# What was asked of the server, a letter for each kind: Z for zeros in what is held, H for data there, B for its outermost blocks,
# w for the rest, F for a flush; what repeats, once.
story() { # LOG
    perl -e 'my ($held, $tail, $last) = splice @ARGV, 0, 3;
        while (<>) {
            if (/ Flush id=\d+ \.\.\.$/) { push @all, "F"; next }
            my ($kind, $from, $count) = / (Write|Zero) id=\d+ offset=(\S+) count=(\S+) / or next;
            my ($start, $end) = (hex $from, hex($from) + hex $count);
            my $is_held = $end <= $held || $start >= $tail;
            die "what is held and what is not, at once: $_" unless $is_held || $start >= $held && $end <= $tail;
            push @all, !$is_held ? "w" : $kind eq "Zero" ? "Z" : $end <= 4096 || $start >= $last ? "B" : "H";
        }
        print join "", map { $_ && $all[$_] eq $all[$_ - 1] ? "" : $all[$_] } 0 .. $#all' \
        $held "$(tail_of $size)" $(((size - 1) / 4096 * 4096)) "$1"
}

check_story() { [ "$(story log)" = ZFwFHFBF ] || fail "it went so: $(story log)"; }

is_written() { has_ended "$pid" || [ "$(log_count log Write)" -ge "$1" ]; }
is_flushed() { has_ended "$pid" || [ "$(log_count log Flush)" -ge "$1" ]; }

# begin_copy ARGUMENTS: in the background, as $pid, with requests so small and a rate so low ($rate) that there is much to see on
# its way, and it isn't done before.
rate=1M
begin_copy() {
    "$DECANT" --hold-back=64k --request-size=64k --connections=1 --rate-limit=$rate "$@" 2>err &
    pid=$!
}

end_copy() { # SIGNAL
    kill "-$1" "$pid" 2>/dev/null || true
    code=0
    wait "$pid" || code=$?
    sed -i "s/ --rate-limit=$rate//" err
}

serve() { # out.img, with a log of its own
    : >log
    serve_nbdkit d --filter=log file out.img logfile=log
}
serve_slowly() { # DELAY of a write
    : >log
    serve_nbdkit d --filter=log --filter=delay file out.img "wdelay=$1" logfile=log
}

# What the map calls finished is there, and nothing of what is held is called so.
check_map() {
    local start end
    while read -r start end; do
        cmp -i "$start" -n $((end - start)) in.img out.img || fail "[$start, $end) is called finished: $(cat m.map)"
        [ "$start" -ge $held ] && [ "$end" -le "$(tail_of $size)" ] || fail "what is held is called finished: $(cat m.map)"
    done < <(perl -ne 'next if /^#/; my @w = split; printf "%d %d\n", hex $w[0], hex($w[0]) + hex($w[1]) if $w[2] eq "+"' m.map)
}

# A mark in what is there already shows whether it is written again.
mark() { printf MARK | put out.img 500000; }
same_but_mark() {
    [ "$(slice out.img 500000 500004)" = MARK ] || fail "what was there is written again"
    slice in.img 500000 500004 | put out.img 500000
    same in.img out.img
}

make_image in.img $size 5
make_block $held | put in.img 0
make_block $held | put in.img $((size - held))
junk out.img $size

case $1 in
order)
    serve
    must_copy --hold-back=64k in.img "$(uri d)"
    end_server d
    same in.img out.img
    check_story ;;
killed)
    # At places that the seed decides.
    rate=4M
    for seed in 1 2 3 4 5 6 7 8; do
        RANDOM=$seed
        serve
        begin_copy in.img "$(uri d)"
        wait_for is_written $((1 + RANDOM % 80))
        end_copy KILL
        end_server d
        [ "$code" -ne 0 ] || same in.img out.img
        check_death
    done
    must_copy --hold-back=64k in.img out.img
    same in.img out.img ;;
killed-last)
    # While what was held is being written.
    came_so_far='' rate=64M
    for flushes in 2 3 4; do
        junk out.img $size
        serve_slowly 30ms
        begin_copy in.img "$(uri d)"
        wait_for is_flushed $flushes
        wait_for is_written $(($(log_count log Write) + flushes / 4))
        end_copy KILL
        end_server d
        check_death
    done
    [ "$came_so_far" ] || fail "it never came so far" ;;
goes-on)
    serve
    begin_copy in.img "$(uri d)"
    wait_for is_written 20
    end_copy TERM
    must_say 'stopped by signal 15; .*; but its first and last 65536 bytes are zeros until all is there, so that it doesn.t boot: go on with$'
    is_zero out.img 0 $held && is_zero out.img "$(tail_of $size)" $size || fail "they aren't"
    good=$(sed -nE 's/.*good below offset ([0-9]+) .flushed.*/\1/p' err)
    [ "$good" -gt 500004 ] || fail "it isn't far enough: $(cat err)"
    cmp -i $held -n $((good - held)) in.img out.img
    grep -q -e "--from=$good" err || fail "where? $(cat err)"
    end_server d
    mark
    serve
    goes_on in.img out.img same_but_mark
    end_server d
    check_story ;;
goes-on-early)
    # What lies below the end of what is held is never a place to go on at.
    requires_nbdkit_filter error
    cp in.img bad.img
    serve_nbdkit s --filter=error file bad.img error-pread-rate=1 error-file=trigger
    touch trigger
    must_fail 1 'failed at offset 0: .* incomplete from there on: copy again with$' --retry=0 --hold-back=64k "$(uri s)" out.img
    rm trigger
    goes_on in.img out.img
    junk out.img $size
    rate=128k
    serve
    begin_copy --request-size=4k in.img "$(uri d)" # of which the first 16 are held
    wait_for is_written 1
    end_copy TERM
    must_say 'but its first and last'
    good=$(sed -nE 's/.*good below offset ([0-9]+) .*/\1/p' err)
    [ "$good" -gt $held ] || grep -q 'copy again with$' err || fail "it isn't good there: $(cat err)"
    goes_on in.img out.img ;;
from-stream)
    # What of it is there already is read, and not written again, but for what is held.
    slice in.img 0 3000000 >out.img
    head -c $held /dev/zero | put out.img 0
    mark
    must_copy --hold-back=64k --from=3000000 - out.img < <(cat in.img)
    same_but_mark ;;
mapfile)
    for seed in 1 2 3 4; do
        RANDOM=$seed
        serve
        begin_copy --mapfile=m.map in.img "$(uri d)"
        wait_for is_written $((1 + RANDOM % 12))
        end_copy "$([ $((seed % 2)) -eq 0 ] && echo KILL || echo TERM)"
        end_server d
        [ "$code" -ne 0 ] || fail "it was done"
        check_death
        check_map
    done
    mark
    serve
    must_copy --hold-back=64k --mapfile=m.map in.img "$(uri d)"
    same_but_mark
    grep -q '^0x00000000  0x005B8D80  +' m.map || fail "it isn't finished: $(cat m.map)"
    check_story
    : >log
    run_decant --hold-back=64k --mapfile=m.map in.img "$(uri d)"
    grep -q 'is finished already' err && [ -z "$(story log)" ] || fail "it began anew: $(cat err log)" ;;
mapfile-without)
    # Begun without it, and gone on with it: what was finished there isn't any more. And the other way round.
    serve
    begin_copy --hold-back=0 --mapfile=m.map in.img "$(uri d)"
    wait_for is_written 20
    end_copy TERM
    grep -q '^0x00000000  0x[0-9A-F]*  +' m.map || fail "nothing is finished: $(cat m.map)"
    begin_copy --mapfile=m.map in.img "$(uri d)"
    wait_for is_written $(($(log_count log Write) + 10))
    end_copy KILL
    check_death
    check_map
    must_copy --mapfile=m.map in.img "$(uri d)"
    same in.img out.img ;;
domain)
    # Outside of it, nothing changes, at any time; bounds lie where they like.
    cp out.img expected.img
    printf '0 + 1\n' >d.map
    for part in '100 20000' '40960 8192' '60000 3000000' "$((size - 30000)) 29000"; do
        set -- $part
        printf '%d %d +\n' $1 $2 >>parts
        slice in.img $1 $(($1 + $2)) | put expected.img $1
    done
    perl -ane 'printf "%d %d ?\n%s", $at, $F[0] - $at, $_; $at = $F[0] + $F[1]' parts >>d.map
    for blocks in 1 4096; do
        junk out.img $size
        serve_nbdkit d --filter=blocksize-policy file out.img blocksize-minimum=$blocks blocksize-preferred=4096 blocksize-maximum=1M
        must_copy --hold-back=64k --domain=d.map in.img "$(uri d)"
        end_server d
        same expected.img out.img
    done ;;
domain-to-file)
    # Past the page cache, and what isn't whole pages isn't.
    junk out.img $size
    { slice out.img 0 100; slice in.img 100 $((size - 100)); slice out.img $((size - 100)) $size; } >expected.img
    printf '0 + 1\n100 %d +\n' $((size - 200)) >d.map
    must_copy --hold-back=64k --domain=d.map in.img out.img
    same expected.img out.img ;;
domain-killed)
    printf '0 + 1\n0 8192 ?\n8192 %d +\n%d 8192 ?\n' $((size - 16384)) $((size - 8192)) >d.map
    serve
    begin_copy --domain=d.map in.img "$(uri d)"
    wait_for is_written 10
    end_copy KILL
    end_server d
    is_zero out.img 8192 $held || fail "what is wanted of the beginning isn't zeros"
    is_zero out.img "$(tail_of $size)" $(((size - 8192) / 4096 * 4096)) || fail "what is wanted of the end isn't zeros"
    junk junk.img $size
    cmp -n 8192 junk.img out.img
    cmp -i $((size - 8192)) junk.img out.img ;;
domain-goes-on)
    # By --from: what is held is copied again as far as the domain wants it, and what lies below isn't.
    printf '0 + 1\n0 8192 ?\n8192 %d +\n' $((size - 8192)) >d.map
    serve
    begin_copy --domain=d.map in.img "$(uri d)"
    wait_for is_written 20
    end_copy TERM
    must_say 'go on with$'
    mark
    junk junk.img $size
    slice junk.img 0 8192 | put in.img 0
    goes_on in.img out.img same_but_mark ;;
larger)
    # Another system's table may be at the end of a larger destination.
    whole=$((size + 1000000)) tail=$(tail_of $((size + 1000000)))
    junk out.img $whole
    { cat in.img; slice out.img $size "$tail"; head -c $((whole - tail)) /dev/zero; } >expected.img
    serve
    begin_copy in.img "$(uri d)"
    wait_for is_written 10
    end_copy KILL
    is_zero out.img "$tail" $whole || fail "the end isn't zeros"
    must_copy --hold-back=64k in.img "$(uri d)"
    same expected.img out.img ;;
small)
    # All of it is held.
    for bytes in 0 1 511 4096 5000 65536 70000 131072 140000; do
        slice in.img 0 $bytes >small.img
        rm -f made.img
        must_copy --hold-back=64k small.img made.img
        same small.img made.img
        junk out.img $((bytes + 5000))
        serve_nbdkit d file out.img
        must_copy --hold-back=64k small.img "$(uri d)"
        end_server d
        cmp -n $bytes small.img out.img
        rm -f made.img
        must_copy --hold-back=64k - made.img < <(cat small.img)
        same small.img made.img
    done ;;
stream)
    # The end of one isn't known, but that of a server's disk is.
    serve
    must_copy --hold-back=64k - "$(uri d)" < <(cat in.img)
    same in.img out.img
    check_story ;;
short-stream)
    must_copy --hold-back=64k - made.img < <(slice in.img 0 30000)
    slice in.img 0 30000 >small.img
    same small.img made.img ;;
digest)
    serve
    run_decant --hold-back=64k --sha256 in.img "$(uri d)" >digest
    [ "$(cat digest)" = "sha256:$(sha256sum <in.img | cut -d' ' -f1)" ] || fail "another digest: $(cat digest err)"
    same in.img out.img
    check_story ;;
sparse)
    # Zeros that were made needn't be written.
    truncate -s 100M sparse.img
    make_block 512 | put sparse.img 0
    make_block 4096 | put sparse.img 50000000
    must_copy --hold-back=1M sparse.img made.img
    same sparse.img made.img
    allocated_at_most made.img 100K ;;
allocated)
    truncate -s 3M sparse.img
    must_copy --hold-back=1M --allocated sparse.img made.img
    same sparse.img made.img
    [ $(($(stat -c '%b * %B' made.img))) -ge $((3 << 20)) ] || fail "there are holes" ;;
no-zeros)
    # They are written then, whether the server says so before or when it is asked.
    requires_nbdkit_plugin eval
    serve_nbdkit d --filter=log --filter=nozero file out.img logfile=log
    must_copy --hold-back=64k in.img "$(uri d)"
    end_server d
    same in.img out.img
    [ "$(log_count log Zero)" -eq 0 ] || fail "it was asked for zeros"
    [ "$(story log | head -c 6)" = HFwFHF ] || fail "it went so: $(story log)"
    junk out.img $size
    serve_nbdkit d eval get_size="echo $size" can_zero='echo native' zero='echo EOPNOTSUPP >&2; exit 1' flush='exit 0' \
        pwrite="dd of=$PWD/out.img conv=notrunc oflag=seek_bytes seek=\$4 status=none" \
        pread="dd if=$PWD/out.img iflag=skip_bytes,count_bytes skip=\$4 count=\$3 status=none" can_write='exit 0' can_flush='exit 0'
    must_copy --hold-back=64k in.img "$(uri d)"
    same in.img out.img ;;
device)
    requires_root
    requires_program losetup
    truncate -s $((size / 512 * 512)) in.img out.img
    device=$(losetup --show --find out.img 2>losetup.err) || skip "no loop device: $(cat losetup.err)"
    at_exit+=("losetup -d $device")
    must_copy --hold-back=64k in.img "$device"
    cmp in.img "$device" || fail "$device differs" ;;
compressed)
    # Where each cluster can be written once.
    requires_qemu_driver compress
    truncate -s 6M in.img
    qemu-img create -q -f qcow2 out.qcow2 6M
    serve_qemu d --image-opts driver=compress,file.driver=qcow2,file.file.driver=file,file.file.filename=out.qcow2
    must_copy --hold-back=64k in.img "$(uri d)"
    end_server d
    qemu-img check -q -f qcow2 out.qcow2 || fail "the image is damaged"
    qemu-img compare -q -f raw -F qcow2 in.img out.qcow2 || fail "the content differs" ;;
lost)
    # A destination that is lost on the way and comes back has its ends last all the same.
    rate=4M
    serve
    begin_copy --mapfile=m.map in.img "$(uri d)"
    wait_for is_written 20
    kill -KILL "${server_pid[d]}"
    end_server d
    check_death
    serve_slowly 50ms
    wait_for is_flushed 2
    kill -KILL "${server_pid[d]}" # and before they are written
    end_server d
    check_death
    serve
    code=0
    wait $pid || code=$?
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    same in.img out.img
    grep -q '^0x00000000  0x005B8D80  +' m.map || fail "it isn't finished: $(cat m.map)"
    [ "$(story log | tail -c 5)" = FHFBF ] || fail "it went so: $(story log)" ;;
json)
    serve
    begin_copy --json in.img "$(uri d)" >json
    wait_for is_written 10
    end_copy TERM
    [ "$(jq '."held-back"' json)" = 65536 ] || fail "got: $(cat json)"
    run_decant --json --hold-back=64k in.img out.img >json
    [ "$(jq '."held-back"' json)" = null ] || fail "got: $(cat json)" ;;
refused)
    requires_nbdkit_plugin eval
    guard_files
    make_block 300000 >small.img
    must_fail 64 'such as -, can.t be used with --hold-back' --hold-back=1M small.img -
    must_fail 1 '/dev/null is written from front to end, so its beginning can.t be held back .* nothing was written' --hold-back=1M small.img /dev/null
    serve_nbdkit d eval get_size='echo 300000' pread='exit 1' pwrite="touch $PWD/written; exit 1" can_write='exit 0' can_flush='exit 3'
    must_fail 1 'can.t be told to bring what it has to stable storage, so its beginning can.t be held back' --hold-back=1M small.img "$(uri d)"
    end_server d
    requires_qemu_driver compress
    qemu-img create -q -f qcow2 -o cluster_size=2M out.qcow2 6M
    serve_qemu d --image-opts driver=compress,file.driver=qcow2,file.file.driver=file,file.file.filename=out.qcow2
    must_fail 1 'takes blocks that are too large for that' --hold-back=64k small.img "$(uri d)"
    nothing_touched
    [ ! -e written ] || fail "something was written" ;;
untouched)
    # What is refused, or can't be read at all, leaves the ends as they are.
    requires_nbdkit_filter error
    cp out.img before.img
    serve
    serve_nbdkit s --filter=error file in.img error-pread-rate=1
    make_image large.img $((size + 1)) 6
    must_fail 1 'is too small' --hold-back=64k large.img "$(uri d)"
    must_fail 1 'reading .* failed at offset 0' --retry=0 --hold-back=64k "$(uri s)" "$(uri d)"
    ! grep -q zeros err || fail "it says too much: $(cat err)"
    same before.img out.img
    [ -z "$(story log | tr -d F)" ] || fail "it went so: $(story log)" ;;
*) fail "no such case" ;;
esac
