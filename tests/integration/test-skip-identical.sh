#!/bin/bash
# SPDX-License-Identifier: MIT
# What a destination has already isn't written again, zeros and holes neither, and nothing else is left out, whatever happens on the
# way: or flash wears for nothing, a thin disk is filled, or a copy is called done that isn't one.
#
# cases: written-is-what-differs untouched kinds new-file larger to-zeros from hold-back verified part
# cases: unreadable lost stopped stopped-with-map connections refused

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit

# changed AT...: makes out.img of in.img, with another byte at each of these.
changed() {
    cp --sparse=always in.img out.img
    perl -e '($f, @at) = @ARGV; open(my $o, "+<:raw", $f) or die;
        for (@at) { seek($o, $_, 0); read($o, my $b, 1); seek($o, $_, 0); print $o chr(255 & ~ord($b)) }' out.img "$@"
}

# written BYTES: what the copy that has just ended well says that it wrote.
written() {
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    [ "$(jq .written said)" -eq "$1" ] || fail "written: $(jq .written said), not $1"
}

sum() { # LOG ACTION
    log_ranges "$1" "$2" | awk '{ n += $2 } END { print n + 0 }'
}

make_image in.img 10000001 5
case $1 in
written-is-what-differs)
    requires_nbdkit_filter log
    { make_block 4000000; head -c 2000000 /dev/zero; make_block 3000001; } >in.img
    changed 0 5000 300000 4500000 9000000
    serve_nbdkit d --filter=log file out.img logfile=d.log
    run_decant --skip-identical in.img "$(uri d)"
    [ "$code" -eq 0 ] || fail "$(cat err)"
    end_server d
    same in.img out.img
    # Pages, of which the last one is cut.
    [ "$(sum d.log Write)" -eq $((3 * 4096 + 9000001 % 4096)) ] || fail "written: $(log_ranges d.log Write)"
    [ "$(sum d.log Zero)" -eq 4096 ] || fail "zeroed: $(log_ranges d.log Zero)"
    grep -qx 'decant: 17.1 KiB of 8.6 MiB written' err || fail "said: $(cat err)" ;;
untouched)
    # What is a hole on either side stays what it is.
    requires_program jq
    requires_holes
    { make_block 3000000; head -c 3000000 /dev/zero; make_block 1; } >full.img
    cp --sparse=always full.img in.img
    cp in.img out.img
    head -c 1000000 /dev/zero | dd of=out.img bs=1000000 seek=4 conv=notrunc,fsync status=none
    for file in out.img full.img; do
        blocks=$(stat -c %b $file)
        run_decant --skip-identical --json in.img $file >said
        written 0
        same in.img $file
        [ "$(stat -c %b $file)" -eq "$blocks" ] || fail "$file had $blocks blocks and has $(stat -c %b $file)"
    done ;;
kinds)
    for kind in file nbdkit qemu-raw qemu-qcow2; do
        changed 0 65536 3000000 9999999
        case $kind in
        file) to=out.img ;;
        nbdkit) serve_nbdkit d file out.img; to=$(uri d) ;;
        qemu-raw) truncate -s %512 out.img; serve_qemu d -f raw out.img; to=$(uri d) ;;
        qemu-qcow2) qemu-img convert -f raw -O qcow2 out.img out.qcow2; serve_qemu d -f qcow2 out.qcow2; to=$(uri d) ;;
        esac
        run_decant --skip-identical in.img "$to"
        [ "$code" -eq 0 ] && grep -q '^decant: .* KiB of 9.5 MiB written$' err || fail "$kind: $code: $(cat err)"
        end_server d
        [ $kind != qemu-qcow2 ] || qemu-img convert -f qcow2 -O raw out.qcow2 out.img
        truncate -s 10000001 out.img
        same in.img out.img
    done ;;
new-file)
    # One that isn't there, is shorter, or is longer.
    run_decant --skip-identical in.img out.img
    [ "$code" -eq 0 ] || fail "$(cat err)"
    same in.img out.img
    truncate -s 100000 out.img
    run_decant --skip-identical in.img out.img
    [ "$code" -eq 0 ] || fail "$(cat err)"
    same in.img out.img
    echo more >>out.img
    run_decant --skip-identical in.img out.img
    [ "$code" -eq 0 ] || fail "$(cat err)"
    same in.img out.img ;;
larger)
    # What lies behind the source's end is somebody else's.
    changed 5000 10000000
    make_block 99999 >>out.img
    cp out.img expected.img
    dd if=in.img of=expected.img bs=64K conv=notrunc status=none
    serve_nbdkit d --filter=blocksize-policy file out.img blocksize-minimum=4096 blocksize-preferred=65536 blocksize-maximum=1M \
        blocksize-error-policy=error
    run_decant --skip-identical in.img "$(uri d)"
    [ "$code" -eq 0 ] || fail "$(cat err)"
    end_server d
    same expected.img out.img ;;
to-zeros)
    # A disk that is all zeros now.
    requires_program jq
    make_block 3000000 >out.img
    truncate -s 10000001 out.img
    truncate -s 0 in.img
    truncate -s 10000001 in.img
    run_decant --skip-identical --json in.img out.img >said
    written $(((3000000 + 4095) / 4096 * 4096))
    same in.img out.img ;;
from)
    changed 100 6000000
    cp out.img expected.img
    dd if=in.img of=expected.img bs=1 skip=5999999 seek=5999999 count=2 conv=notrunc status=none
    run_decant --skip-identical --from=5000001 in.img out.img
    [ "$code" -eq 0 ] || fail "$(cat err)"
    same expected.img out.img ;;
hold-back)
    requires_program jq
    changed 0 5000000 9999999
    run_decant --skip-identical --hold-back=64k --json in.img out.img >said
    [ "$code" -eq 0 ] || fail "$code: $(cat err)"
    same in.img out.img
    # Both ends become zeros, and come back; of all else, a page.
    [ "$(jq .written said)" -le $((4 * 70 * 1024 + 4096)) ] || fail "written: $(cat said)" ;;
verified)
    # A destination that lies is found out.
    requires_program python3 jq
    changed 100 6000000
    serve_odd d out.img lies=flip lies-on=2
    run_decant --skip-identical --verify in.img "$(uri d)"
    [ "$code" -eq 0 ] && grep -q "what was copied again is right now" err || fail "$code: $(cat err)"
    end_server d
    same in.img out.img
    run_decant --skip-identical --verify --json in.img out.img >said
    written 0
    [ "$(jq .verified said)" -eq 10000001 ] || fail "$(cat said)" ;;
part)
    # A map's part, and no more.
    changed 100 3000000 8000000
    printf '0 + 1\n0 2000000 -\n2000000 2000000 +\n4000000 6000001 -\n' >d.map
    cp out.img expected.img
    dd if=in.img of=expected.img bs=1000000 skip=2 seek=2 count=2 conv=notrunc status=none
    run_decant --skip-identical --domain=d.map in.img out.img
    [ "$code" -eq 0 ] || fail "$(cat err)"
    same expected.img out.img ;;
unreadable)
    # What can't be read is written.
    requires_nbdkit_filter error
    changed 100 3000000 8000000
    serve_nbdkit d --filter=error file out.img error-pread-rate=50%
    run_decant --skip-identical in.img "$(uri d)"
    [ "$code" -eq 0 ] || fail "$(cat err)"
    end_server d
    same in.img out.img ;;
lost)
    # The destination's connection ends at a look at what is there, and it is reached again.
    requires_program python3
    for read in 1 3 20; do
        changed 100 3000000 8000000
        serve_odd d out.img cuts-read=$read
        run_decant --skip-identical in.img "$(uri d)"
        [ "$code" -eq 0 ] && grep -q 'is back' err || fail "$code: $(cat err)"
        end_server d
        same in.img out.img
    done ;;
stopped|stopped-with-map)
    # By a signal; the command that goes on is told.
    requires_nbdkit_filter delay
    changed 100 3000000 8000000
    serve_nbdkit d --filter=log --filter=delay file out.img delay-read=50ms logfile=d.log
    [ "$1" = stopped ] && map=() || map=(--mapfile=m.map)
    "$DECANT" --skip-identical --connections=1 --requests=1 "${map[@]}" in.img "$(uri d)" 2>err &
    pid=$!
    wait_for grep -q 'Write id=.*offset' d.log
    kill -TERM $pid
    code=0
    wait $pid || code=$?
    [ "$code" -eq 1 ] || fail "$code: $(cat err)"
    end_server d
    serve_nbdkit d file out.img
    goes_on in.img out.img ;;
connections)
    changed 100 3000000 8000000
    serve_nbdkit d --filter=multi-conn file out.img multi-conn-mode=emulate
    run_decant --skip-identical --connections=4 in.img "$(uri d)"
    [ "$code" -eq 0 ] || fail "$(cat err)"
    end_server d
    same in.img out.img ;;
refused)
    guard_files
    must_fail 64 "can't be done of null:" --skip-identical in.img null:
    must_fail 64 "can't be done of -" --skip-identical in.img - >said
    must_fail 64 "can't be used with --allocated" --skip-identical --allocated in.img precious.img
    must_fail 64 "can't be used with --destination-is-zero" --skip-identical --destination-is-zero in.img precious.img
    mkfifo pipe
    exec 5<>pipe
    must_fail 1 "pipe is no disk of which a part could be written" --skip-identical in.img pipe
    nothing_touched ;;
*) fail "no such case" ;;
esac
