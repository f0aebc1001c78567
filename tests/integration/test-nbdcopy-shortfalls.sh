#!/bin/bash
# SPDX-License-Identifier: MIT
# Where nbdcopy falls short, decant must not, also when it goes by that name:
# each case is a copy that nbdcopy 1.22 fails, or reports wrongly.
#
# cases: block-status-fails small-maximum odd-size-file odd-size-pipe stdin-too-long server-dies
# cases: progress-is-what-is-done sparse-while-streaming

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit
DECANT=$TOP/build/nbdcopy

case $1 in
block-status-fails)
    # It costs the shortcut only: the windows are read as data.
    make_image in.img 8M 31
    serve_nbdkit s --filter=error file in.img error-extents=EIO error-extents-rate=100%
    must_copy "$(uri s)" out.img
    same in.img out.img ;;
small-maximum)
    make_image in.img 8M 32
    serve_nbdkit s --filter=blocksize-policy file in.img blocksize-minimum=512 blocksize-preferred=4K \
        blocksize-maximum=64K blocksize-error-policy=error
    must_copy "$(uri s)" out.img
    same in.img out.img ;;
odd-size-file|odd-size-pipe)
    # What follows in the destination's last block stays.
    make_block 10000 >in.img
    junk out.img 65536
    cp out.img expected.img
    dd if=in.img of=expected.img conv=notrunc status=none
    serve_nbdkit d --filter=blocksize-policy file out.img blocksize-minimum=4096 blocksize-preferred=4096 \
        blocksize-maximum=1M blocksize-error-policy=error
    if [ "$1" = odd-size-file ]; then
        must_copy in.img "$(uri d)"
    else
        must_copy - "$(uri d)" <in.img
    fi
    end_server d
    same expected.img out.img ;;
stdin-too-long)
    make_block 2097152 >in.img
    serve_nbdkit d memory 1M
    run_decant - "$(uri d)" <in.img
    [ "$code" -eq 1 ] || fail "exit code $code"
    grep -Eq '^nbdcopy: .*offset 1048576: it is longer than the destination' err || fail "it says: $(cat err)" ;;
server-dies)
    # What is left looks complete, so the exit code and the words must tell.
    make_block 4194304 >in.img
    serve_nbdkit s --filter=delay file in.img rdelay=50ms
    (wait_for cmp -s -n 4096 in.img out.img; kill -KILL "$(cat s.pid)") &
    run_decant --request-size=4k --requests=1 --connections=1 "$(uri s)" out.img
    wait $!
    [ "$code" -eq 1 ] || fail "exit code $code"
    good=$(sed -n 's/.*the copy is confirmed below offset \([0-9]*\).*/\1/p' err)
    [ -n "$good" ] || fail "it says: $(cat err)"
    cmp -n "$good" in.img out.img
    [ "$good" -lt 4194304 ] ;;
progress-is-what-is-done)
    # All writes hang until it has been seen: asked for isn't done.
    requires_nbdkit_plugin eval
    make_block 4194304 >in.img
    serve_nbdkit d --filter=log eval thread_model='echo parallel' get_size='echo 4194304' can_write='exit 0' logfile="$TEST_DIR/log" \
        pread='dd if=/dev/zero iflag=count_bytes count=$3 bs=256K status=none' \
        pwrite='cat >/dev/null; until [ -e "$TEST_DIR/go-on" ]; do sleep 0.02; done'
    (run_decant --progress=3 --request-size=64k in.img "$(uri d)" 3>progress) &
    at_exit+=("touch go-on")
    all_asked_for() { [ "$(log_count log Write)" -ge 8 ]; }
    wait_for all_asked_for
    ! grep -Ev '^0/100$' progress || fail "it claims what isn't done: $(cat progress)"
    touch go-on
    wait $!
    [ "$(tail -n 1 progress)" = 100/100 ] || fail "it ended with: $(tail -n 1 progress)" ;;
sparse-while-streaming)
    { make_block 65536; head -c 1048576 /dev/zero; make_block 65536; } >in.img
    serve_nbdkit d --filter=log memory 1179648 logfile="$TEST_DIR/log"
    cat in.img | must_copy -S 4096 - "$(uri d)"
    [ "$(log_count log Zero)" -gt 0 ] || fail "no zeros: $(cat log)"
    written=$(log_ranges log Write | awk '{ sum += $2 } END { print sum }')
    [ "$written" -eq 131072 ] || fail "$written bytes were written" ;;
esac
