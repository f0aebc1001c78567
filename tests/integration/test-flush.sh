#!/bin/bash
# SPDX-License-Identifier: MIT
# decant says that it is done when the data is on stable storage, not before: a
# flush on NBD, fsync on files and devices, also after the file's size is set.
#
# cases: nbd nbd-no-flush-option file file-no-ring file-no-flush-option device device-no-flush-option flush-refused
# cases: name-not-flushed name-not-looked-at

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter log error
make_image in.img 3M

case $1 in
nbd)
    junk out.img 3M
    serve_nbdkit d --filter=log file out.img logfile=log
    must_copy in.img "$(uri d)"
    end_server d
    [ "$(log_count log Flush)" -ge 1 ] || fail "no flush in the log" ;;
nbd-no-flush-option)
    junk out.img 3M
    serve_nbdkit d --filter=log file out.img logfile=log
    must_copy --no-flush in.img "$(uri d)"
    end_server d
    [ "$(log_count log Flush)" -eq 0 ] || fail "a flush in spite of --no-flush"
    same in.img out.img ;;
file|file-no-ring)
    # The ring's own fsync doesn't show, but that of the new name in its directory does, and comes last.
    requires_strace
    case $1 in *-no-ring) inject=(-e inject=io_uring_setup:error=ENOSYS) ;; *) inject=() ;; esac
    strace -f -o trace "${inject[@]}" -e trace=fsync,fdatasync,sync_file_range,ftruncate,pwrite64,io_uring_enter,io_uring_setup \
        "$DECANT" in.img out.img
    same in.img out.img
    awk '/pwrite64|ftruncate|io_uring_enter/ { w = NR } /fsync|fdatasync/ { s = NR } END { exit !(s > w) }' trace ||
        fail "no fsync after the last write: $(tail -n 5 trace)"
    case $1 in
    *-no-ring) [ "$(grep -c fsync trace)" -ge 2 ] || fail "the file itself was not flushed: $(cat trace)" ;;
    esac ;;
name-not-flushed)
    # Its directory can't be opened, and not for a want of rights: the new name may be lost.
    requires_strace
    code=0
    strace -f -o trace --quiet=attach,path-resolution -P ./ -e inject=open:error=EMFILE "$DECANT" --retry=0 in.img out.img 2>err || code=$?
    grep -q 'O_DIRECTORY.*INJECTED' trace || fail "nothing was refused: $(cat trace)"
    must_say 'flushing out.img failed: No file descriptors available'
    rm out.img
    strace -f -o trace --quiet=attach,path-resolution -P ./ -e inject=open:error=EACCES "$DECANT" in.img out.img
    grep -q 'O_DIRECTORY.*INJECTED' trace || fail "nothing was refused: $(cat trace)"
    same in.img out.img ;;
name-not-looked-at)
    # What can't be looked at at the end wasn't taken away by anybody.
    requires_strace
    code=0
    looks() { strace -f -o trace -P out.img -e trace=stat,newfstatat "$@" "$DECANT" --retry=0 in.img out.img 2>err; }
    looks
    last=$(grep -cE 'stat(at)?\(' trace)
    rm out.img
    looks -e inject=stat,newfstatat:error=ENOMEM:when="$last" || code=$?
    grep -q INJECTED trace || fail "nothing was refused: $(cat trace)"
    must_say 'cannot look again at out.img: Out of memory: copy again with' ;;
device|device-no-flush-option)
    # The kernel counts what its device was asked to flush.
    requires_root
    requires_program losetup
    truncate -s 3M out.img
    device=$(losetup --find --show out.img) || skip "no loop device"
    at_exit+=("losetup --detach $device")
    flushes() { awk '{ print $16 }' "/sys/block/${device##*/}/stat"; }
    before=$(flushes)
    [ -n "$before" ] || skip "this kernel doesn't count flushes"
    case $1 in
    device)
        must_copy in.img "$device"
        [ "$(flushes)" -gt "$before" ] || fail "the device was not flushed" ;;
    *)
        must_copy --no-flush in.img "$device"
        [ "$(flushes)" -eq "$before" ] || fail "the device was flushed in spite of --no-flush" ;;
    esac ;;
file-no-flush-option)
    requires_strace
    strace -f -o trace -e trace=fsync,fdatasync "$DECANT" --no-flush in.img out.img
    same in.img out.img
    ! grep -E 'fsync|fdatasync' trace || fail "fsync in spite of --no-flush" ;;
flush-refused)
    # A server that can't make its data durable: this isn't success.
    requires_nbdkit_plugin eval
    junk out.img 3M
    serve_nbdkit d eval get_size='echo 3145728' can_write='exit 0' can_flush='exit 0' \
        pread='dd if=/dev/zero iflag=count_bytes count=$3 bs=256K status=none' pwrite='cat >/dev/null' \
        flush='echo EIO no power >&2; exit 1'
    must_fail 1 'flush|stable' in.img "$(uri d)"
    end_server d
    serve_nbdkit d file out.img
    goes_on in.img out.img ;;
*) fail "no such case" ;;
esac
