#!/bin/bash
# SPDX-License-Identifier: MIT
# A bad sector of a source costs a plain copy that sector: what lies before it is written, and the message names it; or it is left
# out, and everything else copied, with the sector told and nothing of it taken for the source's.
#
# cases: named no-retry left-out again there-already marks digest max-errors stream hangs held-back as-nbdcopy refused

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter ddrescue
requires_program jq

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

# ends_with CODE: the last copy did.
ends_with() {
    [ "$code" -eq "$1" ] || fail "exit code $code instead of $1: $(grep -v '^nbdkit' err)"
}

# check_left_out FILE SECTOR...: it is the disk, but for sectors that are zeros; and these were told.
check_left_out() {
    local file=$1 sector
    shift
    cp disk.img wanted.img
    for sector; do dd if=/dev/zero of=wanted.img bs=512 seek="$sector" count=1 conv=notrunc status=none; done
    cmp wanted.img "$file" || fail "$file isn't what could be read"
    for sector; do
        grep -Eq "^decant: +$((sector * 512)) +512  bad\$" err || fail "sector $sector isn't told: $(cat err)"
    done
    grep -q "^decant: $(($# * 512)) of 8388608 bytes of .* can't be read; all others are copied" err || fail "got: $(cat err)"
}

case $1 in
named)
    # Wherever in its block of the destination, or in its read, it is.
    for sector in 0 8191 9007 16383; do
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
left-out)
    make_disk 0 9001 9003 16383
    run_decant --on-read-error=skip --json "${failing[@]}" out.img >out
    ends_with 3
    check_left_out out.img 0 9001 9003 16383
    [ "$(grep -c ' bad$' err)" -eq 4 ] || fail "got: $(cat err)"
    jq -e '.result == "partly-unreadable" and .unreadable == [
        { offset: 0, length: 512, status: "bad" }, { offset: 4608512, length: 512, status: "bad" },
        { offset: 4609536, length: 512, status: "bad" }, { offset: 8388096, length: 512, status: "bad" }]' out || fail "got: $(cat out)"
    # Where all can be read, nothing is different.
    make_disk
    run_decant --on-read-error=skip --json "${failing[@]}" out.img >out
    ends_with 0
    same disk.img out.img
    jq -e '.result == "done" and .unreadable == []' out || fail "got: $(cat out)" ;;
again)
    # With a mapfile, the same command tries these again and reads nothing else.
    make_disk 9001 9003
    run_decant --on-read-error=skip --mapfile=out.map "${failing[@]}" out.img
    ends_with 3
    check_left_out out.img 9001 9003
    [ "$(grep -c ' -$' out.map)" -eq 2 ] || fail "the map: $(cat out.map)"
    grep -Eq '^0x0*465200 +0x0*200 +-$' out.map || fail "the map: $(cat out.map)"
    make_disk 9003
    rm log
    sh -c "$(sed -n 's/^  //p' err)" 2>again && fail "it went well"
    cp again err
    check_left_out out.img 9003
    log_ranges log Read | awk '$2 != 4096 && ($1 < 4608512 || $1 + $2 > 4610048)' >elsewhere # but for what tells which disk it is
    [ ! -s elsewhere ] || fail "it read $(cat elsewhere)"
    make_disk
    must_copy --mapfile=out.map "${failing[@]}" out.img
    same disk.img out.img ;;
there-already)
    # What was there keeps what isn't copied, also within a block of its own; a rescue goes on from the map.
    make_disk 9001 9003
    head -c 8388608 /dev/zero | tr '\0' x >out.img
    serve_nbdkit there --filter=blocksize-policy file out.img blocksize-minimum=4096 blocksize-error-policy=error
    run_decant --on-read-error=skip --mapfile=out.map "${failing[@]}" "$(uri there)"
    ends_with 3
    for sector in 9001 9003; do
        dd if=out.img bs=512 skip=$sector count=1 status=none | tr -d x >left
        [ ! -s left ] || fail "sector $sector was overwritten"
        dd if=/dev/zero of=out.img bs=512 seek=$sector count=1 conv=notrunc status=none
    done
    check_left_out out.img 9001 9003 ;;
marks)
    make_disk 9001
    head -c 8388608 /dev/zero | tr '\0' x >out.img
    serve_nbdkit there file out.img
    run_decant --on-read-error=skip --mark-bad=zero "${failing[@]}" "$(uri there)"
    ends_with 3
    check_left_out out.img 9001
    run_decant --on-read-error=skip --mark-bad=pattern "${failing[@]}" "$(uri there)"
    ends_with 3
    dd if=out.img bs=512 skip=9001 count=1 status=none | finds -E '^decant: unreadable at offset 4608512, 20[0-9-]*T[0-9:]*Z$' || fail "no mark"
    dd if=/dev/zero of=out.img bs=512 seek=9001 count=1 conv=notrunc status=none
    check_left_out out.img 9001 ;;
digest)
    # One that would be of something else is neither told nor compared.
    make_disk 9001
    sum=$(sha256sum <disk.img | cut -d ' ' -f 1)
    run_decant --on-read-error=skip --sha256 --blkhash --json --expect=sha256:"$sum" "${failing[@]}" out.img >out
    ends_with 3
    check_left_out out.img 9001
    grep -q 'all others are copied; no digest is told' err || fail "got: $(cat err)"
    jq -e 'has("sha256") or has("blkhash") | not' out || fail "got: $(cat out)"
    ! grep -Eq '[0-9a-f]{64}' out || fail "a digest: $(cat out)" ;;
max-errors)
    make_disk 9001 9003 9005
    run_decant --on-read-error=skip --max-errors=2 "${failing[@]}" out.img
    ends_with 1
    grep -q "failed at offset 4609536: I/O error, which makes 2 parts that can't be read (--max-errors); the copy is good below offset 4609536 (flushed) and incomplete from there on, but for 512 bytes there that can't be read: go on with\$" err || fail "got: $(cat err)"
    [ "$(grep -c ' bad$' err)" -eq 1 ] || fail "got: $(cat err)"
    run_decant --on-read-error=skip --max-errors=4 "${failing[@]}" out.img
    ends_with 3
    check_left_out out.img 9001 9003 9005 ;;
stream)
    # What goes to a pipe is as long as the disk.
    make_disk 9001
    run_decant --on-read-error=skip "${failing[@]}" - >out
    ends_with 3
    check_left_out out 9001 ;;
hangs)
    # A server that falls silent over a sector, which takes the connection along: all others are read, and that part is left out.
    make_disk
    cat >serve <<'END'
#!/bin/sh
case $1 in
get_size) stat -c %s disk.img ;;
thread_model) echo parallel ;;
pread)
    [ $(($4 / 512)) -gt 9001 ] || [ $((($4 + $3) / 512)) -le 9001 ] || exec sleep 3
    exec dd if=disk.img iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=65536 status=none ;;
*) exit 2 ;;
esac
END
    chmod +x serve
    serve_nbdkit hanging sh serve
    run_decant --on-read-error=skip --mapfile=out.map --timeout=0.7 "$(uri hanging)" out.img
    ends_with 3
    grep -q 'is back' err || fail "it was never lost: $(cat err)"
    grep -Eq '^decant: +4587520 +65536  not-scraped$' err || fail "got: $(cat err)"
    cp disk.img wanted.img
    dd if=/dev/zero of=wanted.img bs=65536 seek=70 count=1 conv=notrunc status=none
    cmp wanted.img out.img
    # Its sectors are for a rescue.
    run_decant rescue -q --timeout=0.7 --mapfile=out.map "$(uri hanging)" out.img
    ends_with 3
    dd if=/dev/zero of=disk.img bs=512 seek=9001 count=1 conv=notrunc status=none
    cmp disk.img out.img ;;
held-back)
    # What is held back is zeros where nothing could be read, and finished nowhere else than what was read; again, it is all there.
    make_disk 3 9001 16380
    run_decant --on-read-error=skip --hold-back=64k --mapfile=map "${failing[@]}" out.img
    ends_with 3
    check_left_out out.img 3 9001 16380
    [ "$(grep -c '^0x.* -$' map)" -eq 3 ] || fail "the map: $(cat map)"
    make_disk
    must_copy --on-read-error=skip --hold-back=64k --mapfile=map "${failing[@]}" out.img
    same disk.img out.img ;;
as-nbdcopy)
    make_disk 9001
    ln -s "$DECANT" nbdcopy
    code=0
    ./nbdcopy --on-read-error=skip "${failing[@]}" out.img 2>err || code=$?
    ends_with 3
    sed -i 's/^nbdcopy:/decant:/' err
    check_left_out out.img 9001
    [ "$(log_ranges log Read | sort | uniq -d)" = '' ] || fail "read again: $(cat log)" ;;
refused)
    make_disk
    mkfifo fifo
    must_fail 64 'read from front to end, such as -,' --on-read-error=skip - out.img <disk.img
    cat disk.img >fifo &
    must_fail 1 'read from front to end, .*: --on-read-error=skip is for disks' --on-read-error=skip fifo out.img
    [ ! -e out.img ] || fail "something was written" ;;
esac
