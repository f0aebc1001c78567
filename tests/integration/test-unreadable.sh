#!/bin/bash
# SPDX-License-Identifier: MIT
# A bad sector of a source costs a plain copy that sector: what lies before it is written, and the message names it.
#
# cases: named no-retry

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter ddrescue

# make_disk SECTOR...: a disk of 8 MiB and its map, on which these sectors, ascending, can't be read.
make_disk() {
    local sector at=0
    make_block 8388608 >disk.img
    printf '0 + 1\n' >disk.map
    for sector; do
        [ "$sector" -le "$at" ] || printf '%d %d +\n' $((at * 512)) $(((sector - at) * 512)) >>disk.map
        printf '%d 512 -\n' $((sector * 512)) >>disk.map
        at=$((sector + 1))
    done
    printf '%d %d +\n' $((at * 512)) $((8388608 - at * 512)) >>disk.map
}

# The same disk behind a server that fails where the map says so.
failing=('[' nbdkit --filter=log --filter=ddrescue file disk.img ddrescue-mapfile=disk.map logfile=log ']')

case $1 in
named)
    # Wherever in its block of the destination, or in its read, it is.
    for sector in 0 1 4095 8191 9000 9007 16383; do
        rm -f out.img log
        make_disk $sector 16383
        must_fail 1 "^decant: reading .* failed at offset $((sector * 512)): I/O error; the copy is good below offset $((sector * 512))( \(flushed\))? and incomplete from there on: " \
            "${failing[@]}" out.img
        cmp -n $((sector * 512)) disk.img out.img
    done
    # A pipe gets what it can.
    must_fail 1 'failed at offset 8388096: ' "${failing[@]}" - >out
    [ "$(stat -c %s out)" -eq 8388096 ] || fail "it got $(stat -c %s out) bytes"
    cmp -n 8388096 disk.img out
    # And the command that goes on does, once the disk reads again.
    make_disk
    make_disk 9001
    must_fail 1 'failed at offset 4608512: ' "${failing[@]}" out.img
    make_disk
    sh -c "$(sed -n 's/^  //p' err)" 2>again || fail "$(cat again)"
    same disk.img out.img ;;
no-retry)
    # Who wants nothing to be asked for again gets just that.
    make_disk 9001
    must_fail 1 'failed at offset 4194304: ' --retry=0 "${failing[@]}" out.img
    [ "$(log_ranges log Read | sort | uniq -d)" = '' ] || fail "read again: $(cat log)" ;;
esac
