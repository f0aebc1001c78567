#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that can't zero, can't flush, want one connection or answer slowly and
# out of order are met every day; the copy has to be the same on all of them.
#
# cases: no-zero zero-emulated zero-refused zero-not-supported no-fast-zero no-flush no-fua no-multi-conn-source
# cases: no-multi-conn-destination multi-conn one-connection-is-enough one-connection-asked-for no-parallel
# cases: slow-reads slow-writes slow-both read-only-source serialized-connections far
# cases: extended-headers no-structured-replies

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter nozero error fua multi-conn delay log noparallel
make_image in.img 20M 3
junk out.img 20M

# The bare minimum of a server over out.img: no flush, no zero, no extents.
serve_bare() {
    requires_nbdkit_plugin eval
    serve_nbdkit s eval \
        get_size='stat -c %s "$TEST_DIR/out.img"' \
        pread='dd if="$TEST_DIR/out.img" iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=256K status=none' \
        pwrite='dd of="$TEST_DIR/out.img" oflag=seek_bytes seek=$4 bs=256K conv=notrunc status=none'
}

connections() {
    grep -c ' Connect export=' log
}

to_destination() {
    must_copy in.img "$(uri s)"
    end_server s
}

case $1 in
no-zero)
    serve_nbdkit s --filter=nozero --filter=log file out.img zeromode=none logfile=log
    to_destination
    [ "$(log_count log Zero)" -eq 0 ] || fail "a zero request went out" ;;
zero-emulated)
    serve_nbdkit s --filter=nozero file out.img zeromode=emulate
    to_destination ;;
zero-refused)
    # It says that it can, and then can't: plain writes still work.
    serve_nbdkit s --filter=error file out.img error-zero=EINVAL error-zero-rate=100%
    to_destination ;;
zero-not-supported)
    requires_nbdkit_plugin eval
    serve_nbdkit s eval can_write='exit 0' can_zero='exit 0' can_fast_zero='exit 3' \
        get_size='stat -c %s "$TEST_DIR/out.img"' \
        pread='dd if="$TEST_DIR/out.img" iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=256K status=none' \
        pwrite='dd of="$TEST_DIR/out.img" oflag=seek_bytes seek=$4 bs=256K conv=notrunc status=none' \
        zero='echo EINVAL no such thing here >&2; exit 1'
    to_destination ;;
no-fast-zero)
    serve_nbdkit s --filter=nozero file out.img fastzeromode=none
    to_destination ;;
no-flush)
    serve_bare
    to_destination ;;
no-fua)
    serve_nbdkit s --filter=fua file out.img
    to_destination ;;
no-multi-conn-source)
    serve_nbdkit s --filter=log --filter=multi-conn file in.img multi-conn-mode=disable logfile=log
    must_copy "$(uri s)" out.img
    [ "$(connections)" -eq 1 ] || fail "$(connections) connections to a server without multi-conn" ;;
no-multi-conn-destination)
    serve_nbdkit s --filter=log --filter=multi-conn file out.img multi-conn-mode=disable logfile=log
    to_destination
    [ "$(connections)" -eq 1 ] || fail "$(connections) connections to a server without multi-conn" ;;
multi-conn)
    truncate -s 48M in.img
    serve_nbdkit s --filter=log file in.img logfile=log
    must_copy "$(uri s)" out.img
    end_server s
    [ "$(connections)" -eq 4 ] || fail "$(connections) connections, not 4"
    # And they are put to use.
    [ "$(grep ' Read id=.*\.\.\.$' log | grep -o 'connection=[0-9]*' | sort -u | wc -l)" -gt 1 ] ||
        fail "all reads went over one connection" ;;
far)
    requires_root
    requires_program python3 ip
    # What one connection has on its way is what its sender's kernel keeps, so that a long line is worth more of them.
    truncate -s 200M in.img
    code=0
    "$TOP/tests/far-line" 40 "nbdkit --foreground --ipaddr=10.77.0.2 --filter=log file in.img logfile=log" \
        "sh -c '\"$DECANT\" --wait=60 --rate-limit=1M nbd://10.77.0.2 null: & until [ \$(grep -c \" Connect export=\" log) -ge 8 ]; do sleep 0.1; done; kill \$!'" \
        2>err || code=$?
    [ "$code" -ne 77 ] || skip "$(cat err)"
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    [ "$(connections)" -eq 8 ] || fail "$(connections) connections, not 8"
    exit 0 ;;
one-connection-is-enough)
    # Starting more would take longer than the copy.
    truncate -s 1M in.img
    serve_nbdkit s --filter=log file in.img logfile=log
    must_copy "$(uri s)" out.img
    end_server s
    [ "$(connections)" -eq 1 ] || fail "$(connections) connections for 1 MiB" ;;
one-connection-asked-for)
    serve_nbdkit s --filter=log file in.img logfile=log
    must_copy -C 1 "$(uri s)" out.img
    end_server s
    [ "$(connections)" -eq 1 ] || fail "$(connections) connections with -C 1" ;;
no-parallel)
    serve_nbdkit s --filter=noparallel file in.img serialize=requests
    must_copy "$(uri s)" out.img ;;
slow-reads)
    serve_nbdkit s --filter=delay file in.img rdelay=10ms delay-extents=10ms
    must_copy "$(uri s)" out.img ;;
slow-writes)
    serve_nbdkit s --filter=delay file out.img wdelay=10ms
    to_destination ;;
slow-both)
    serve_nbdkit r --filter=delay file in.img rdelay=7ms delay-extents=30ms
    serve_nbdkit s --filter=delay file out.img delay-write=11ms delay-zero=3ms
    must_copy "$(uri r)" "$(uri s)"
    end_server s ;;
read-only-source)
    serve_nbdkit s -r file in.img
    must_copy "$(uri s)" out.img ;;
serialized-connections)
    serve_nbdkit s --filter=noparallel file in.img serialize=connections
    must_copy "$(uri s)" out.img ;;
extended-headers)
    # No server of a distribution has them yet, and each will refuse a write that doesn't say how long its payload is.
    serve_odd s out.img extended
    to_destination
    grep -q ' extended$' s.server || fail "they weren't asked for"
    same in.img out.img
    junk out.img 20M
    serve_odd s in.img extended one-extent=65536
    must_copy "$(uri s)" out.img
    same in.img out.img
    end_server s ;;
no-structured-replies)
    # There are no contexts then, and none may be chosen; also where the server wouldn't mind.
    serve_odd s in.img simple
    must_copy "$(uri s)" out.img
    run_decant --layer "$(uri s)" layer.img
    [ "$code" -eq 1 ] && grep -q 'has no metadata context .*; it has none' err || fail "exit code $code: $(cat err)"
    ! grep meta s.server || fail "it was asked for contexts"
    end_server s ;;
*) fail "no such case" ;;
esac
same in.img out.img
