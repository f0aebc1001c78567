#!/bin/bash
# SPDX-License-Identifier: MIT
# A destination that can't hold the source is refused before its first byte is
# written: half a disk over another one is the worst of both.
#
# cases: nbdkit qemu-raw nbd-server command by-one-byte empty

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit qemu-nbd nbd-server
make_image in.img 2M
junk out.img 1M
cp out.img before.img

case $1 in
nbdkit)
    serve_nbdkit s --filter=log file out.img logfile=log
    must_fail 1 '2097152' in.img "$(uri s)"
    end_server s
    [ "$(log_count log Write)" -eq 0 ] || fail "it was written to"
    [ "$(log_count log Zero)" -eq 0 ] || fail "it was zeroed" ;;
qemu-raw)
    serve_qemu s -f raw out.img
    must_fail 1 '1048576' in.img "$(uri s)" ;;
nbd-server)
    serve_nbd_server s out.img
    must_fail 1 '2097152' in.img "$(uri s disk)" ;;
command)
    must_fail 1 '2097152' in.img '[' nbdkit --exit-with-parent file out.img ']' ;;
by-one-byte)
    head -c 1048577 in.img >more.img
    serve_nbdkit s file out.img
    must_fail 1 '1048577' more.img "$(uri s)" ;;
empty)
    serve_nbdkit s memory 0
    must_fail 1 '2097152' in.img "$(uri s)" ;;
*) fail "no such case" ;;
esac
same out.img before.img
