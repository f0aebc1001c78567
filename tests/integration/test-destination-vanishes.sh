#!/bin/bash
# SPDX-License-Identifier: MIT
# A destination file that others remove, replace, cut short or write on to while it is copied to doesn't hold the copy in
# the end, wherever the next write went and however long it made the file; that is a failure, not a success.
#
# cases: removed replaced renamed cut-short emptied longer stream-cut-short stream-emptied updated-cut-short
# cases: no-ring-cut-short flushed-away touched linked
# cases: redirected-emptied redirected-removed redirected-appending redirected

. "$(dirname "$0")/../functions.sh"
requires_holes

# Copies to it slowly, and has a command change it once its first bytes have arrived.
copy_meanwhile() { # COMMAND ARGUMENTS...
    exec 8>>"$redirected"
    "${how[@]}" "$DECANT" --rate-limit=2M "${source[@]}" "$destination" 2>err <in.img >&8 8>&- &
    local pid=$!
    wait_for cmp -s -n 65536 in.img out.img 2>cmp.err
    "$@"
    code=0
    wait "$pid" || code=$?
}

how=()
destination=out.img
redirected=/dev/null
source=(in.img)
head -c 8M /dev/urandom >in.img
case $1 in
removed)
    copy_meanwhile rm out.img
    must_say 'out.img was removed, renamed or replaced while it was written: copy again with'
    goes_on in.img out.img ;;
replaced)
    : >other.img
    copy_meanwhile mv other.img out.img
    must_say 'out.img was removed, renamed or replaced while it was written: copy again with'
    goes_on in.img out.img ;;
renamed)
    # Somebody's in the way of it, as a rotation of backups is.
    copy_meanwhile mv out.img other.img
    must_say 'out.img was removed, renamed or replaced while it was written: copy again with'
    goes_on in.img out.img ;;
cut-short|emptied)
    case $1 in emptied) size=0 ;; *) size=100K ;; esac
    copy_meanwhile truncate -s "$size" out.img
    must_say 'out.img was given another length by others while it was written|length was changed by others meanwhile'
    goes_on in.img out.img <in.img ;;
longer)
    copy_meanwhile truncate -s 16M out.img
    must_say 'out.img was given another length by others while it was written|length was changed by others meanwhile'
    goes_on in.img out.img <in.img ;;
stream-cut-short|stream-emptied)
    case $1 in *emptied) size=0 ;; *) size=100K ;; esac
    source=(-)
    copy_meanwhile truncate -s "$size" out.img
    must_say 'length was changed by others meanwhile'
    goes_on in.img out.img <in.img ;;
no-ring-cut-short)
    requires_strace
    how=(strace -f -o trace -e inject=io_uring_setup:error=ENOSYS)
    copy_meanwhile truncate -s 100K out.img
    must_say 'length was changed by others meanwhile'
    goes_on in.img out.img <in.img ;;
updated-cut-short)
    requires_program qemu-img qemu-io qemu-nbd
    qemu-img create -q -f qcow2 disk.qcow2 8M
    qemu-img bitmap --add -f qcow2 disk.qcow2 b
    qemu-io -f qcow2 -c 'write -s in.img 0 8M' disk.qcow2 >io.log || fail "qemu-io: $(cat io.log)"
    serve_qemu s -r -f qcow2 -B b disk.qcow2
    source=(--dirty-bitmap=b "$(uri s)")
    truncate -s 8M out.img
    copy_meanwhile truncate -s 100K out.img
    must_say 'length was changed by others meanwhile|given another length'
    truncate -s 8M out.img
    goes_on in.img out.img ;;
flushed-away)
    # The last moment: all is written and the flush is on its way.
    requires_strace
    how=(strace -f -o trace -e inject=io_uring_setup:error=ENOSYS -e inject=fsync:delay_enter=3000000:when=1)
    emptied_in_the_flush() {
        wait_for grep -q fsync trace
        : >out.img
    }
    copy_meanwhile emptied_in_the_flush
    must_say 'given another length by others'
    goes_on in.img out.img ;;
redirected*)
    # The shell has opened it, and we only know what it is.
    destination=-
    redirected=out.img
    case $1 in
    redirected-emptied)
        copy_meanwhile truncate -s 0 out.img
        must_say 'it was removed or cut short by others meanwhile'
        goes_on in.img out.img >out.img ;;
    redirected-removed)
        copy_meanwhile rm out.img
        must_say 'it was removed or cut short by others meanwhile'
        goes_on in.img out.img >out.img ;;
    redirected-appending)
        # Behind what is there, and with others writing too.
        redirected=log
        echo before >log
        (cat in.img >>out.img; echo before | cat - in.img >both.img)
        copy_meanwhile true
        [ "$code" -eq 0 ] && cmp both.img log || fail "exit code $code: $(cat err)" ;;
    redirected)
        "$DECANT" in.img - 1<>out.img 2>err || fail "exit code $?: $(cat err)"
        { "$DECANT" in.img - && "$DECANT" in.img -; } >out2.img 2>err || fail "exit code $?: $(cat err)"
        same in.img out.img
        cat in.img in.img | cmp - out2.img ;;
    esac ;;
touched|linked)
    # Nothing of this is about its content.
    case $1 in touched) copy_meanwhile chmod 640 out.img ;; *) copy_meanwhile ln out.img other.img ;; esac
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    same in.img out.img ;;
*) fail "no such case" ;;
esac
