#!/bin/bash
# SPDX-License-Identifier: MIT
# A failing disk is read once more, and maybe never again: all that can be read must come over, what can't must be known to the
# sector, with no more failing reads than ddrescue makes, and whatever ends a rescue, it goes on where it was, also by ddrescue.
#
# cases: as-ddrescue large-reads killed goes-on-elsewhere finished there-already marks domain table max-errors hangs
# cases: given-up taken-away after-a-copy min-rate refused nothing-lost too-many-areas
# cases: map-not-written

. "$(dirname "$0")/../functions.sh"
requires_program ddrescue ddrescuelog jq perl
requires_nbdkit_filter ddrescue

sectors=40003

# make_disk EXPRESSION: a disk, and the map of its bad sectors, which a line of perl lists.
make_disk() {
    make_block $((sectors * 512)) >disk.img
    { echo "0 + 1"; areas_of_bad "$sectors" 2 "$1"; } >disk.map
    perl -ane 'print(hex($F[0]), " ", hex($F[1]), "\n") if $F[2] eq "-"' disk.map >bad.list
}

# The same disk behind a server that fails where the map says so.
failing=('[' nbdkit --filter=ddrescue file disk.img ddrescue-mapfile=disk.map ']')

rescue() {
    run_decant rescue --quiet "$@" --mapfile=out.map
}

ends_with() {
    [ "$code" -eq "$1" ] || fail "exit code $code instead of $1: $(grep -v '^nbdkit' err)"
}

# check_rescued FILE: all but the bad sectors is the disk's, and those are zeros; the map has just these.
check_rescued() {
    cp disk.img wanted.img
    while read -r offset bytes; do
        dd if=/dev/zero of=wanted.img bs=512 seek=$((offset / 512)) count=$((bytes / 512)) conv=notrunc status=none
    done <bad.list
    cmp wanted.img "$1" || fail "$1 isn't what could be read"
    check_map
}

check_map() {
    # All it has is compared but the status line.
    diff <(tail -n +2 disk.map) <(grep -v '^#' out.map | tail -n +2) || fail "the map's bad areas aren't the disk's"
}

case $1 in
as-ddrescue)
    # ddrescue, with --test-mode, reads the same disk and fails where the map says so.
    for expression in '()' 'map { int(rand($sectors)) } 1 .. 60' '(0, 1, 127, 128, 129, 255, $sectors - 2)' '9000 .. 9700'; do
        rm -f out.img* out.map* theirs.*
        make_disk "$expression"
        ddrescue -f -H disk.map disk.img theirs.img theirs.map >said 2>&1 || fail "ddrescue: $(cat said)"
        theirs=$(tr '\r' '\n' <said | sed -n 's/.*read errors: *\([0-9]*\).*/\1/p' | tail -n 1)
        rescue "${failing[@]}" out.img --json >out.json
        ends_with "$([ -s bad.list ] && echo 3 || echo 0)"
        check_rescued out.img
        ddrescuelog -q -p theirs.map out.map || fail "not ddrescue's map: $(cat out.map)"
        ours=$(jq .errors out.json)
        echo "$expression: $ours errors, ddrescue $theirs"
        [ "$ours" -le $((theirs + theirs / 5)) ] || fail "$ours failing reads, where ddrescue has $theirs"
    done ;;
large-reads)
    # A good disk is read in large pieces, each once but for the three blocks that tell which disk it is, and its holes stay holes.
    make_disk '()'
    truncate -s $((sectors * 512 + 8 * 1048576)) disk.img
    rescue '[' nbdkit --filter=log file disk.img logfile=log ']' out.img
    ends_with 0
    cmp disk.img out.img
    [ "$(log_count log Read)" -le $((sectors * 512 / 262144 + 8 * 4 + 5)) ] || fail "$(log_count log Read) reads"
    allocated_at_most out.img $((sectors * 512 + 65536)) ;;
killed)
    # However often it is killed, by whatever: what the map calls finished is there and isn't read again.
    make_disk 'map { int(rand($sectors)) } 1 .. 20'
    slowly=('[' nbdkit --filter=log --filter=ddrescue --filter=delay file disk.img ddrescue-mapfile=disk.map logfile=log delay-read=20ms ']')
    for signal in TERM KILL TERM KILL INT KILL; do
        rm -f log
        cp out.map before.map 2>/dev/null || true
        "$DECANT" rescue -q "${slowly[@]}" out.img --mapfile=out.map -R 2 2>err &
        pid=$!
        has_read() { [ -e log ] && [ "$(log_count log Read)" -ge 12 ]; }
        wait_for has_read
        kill -"$signal" "$pid"
        code=0
        wait "$pid" || code=$?
        wait_for test ! -e "/proc/$pid"
        echo "$signal: exit code $code, $(log_count log Read) reads"
        ddrescuelog -q -l+ out.map >/dev/null || fail "no map: $(cat out.map)"
        grep '+$' out.map | grep -v '^#' | perl -ane 'print(hex($F[0]), " ", hex($F[1]), "\n") if @F == 3 && $F[1] =~ /^0x/' |
            while read -r offset bytes; do
                cmp -i "$offset" -n "$bytes" disk.img out.img || exit 1
            done || fail "the map calls finished what isn't there"
        [ "$signal" = KILL ] || { [ "$code" -eq 1 ] && grep -q 'go on with$' err; } || fail "code $code: $(cat err)"
        if [ -e before.map ]; then
            log_ranges log Read | grep -v " 4096\$" >ranges # but for the blocks that tell which disk it is
            grep '+$' before.map | grep -v '^#' | perl -ane 'print(hex($F[0]), " ", hex($F[1]), "\n") if @F == 3 && $F[1] =~ /^0x/' >finished.list
            perl -e '
                open(my $done, "<", "finished.list"); my @done = map { [split] } <$done>;
                open(my $read, "<", "ranges");
                while (<$read>) {
                    my ($at, $bytes) = split;
                    $_->[0] < $at + $bytes && $at < $_->[0] + $_->[1] and die("$at +$bytes was read again\n") for @done;
                }' || fail "what is finished was read again"
        fi
    done
    # At last by the command that is printed.
    "$DECANT" rescue -q "${slowly[@]}" out.img --mapfile=out.map -R 2 --max-errors=1 2>err && fail "no error"
    command=$(sed -n 's/^  //p' err)
    [ -n "$command" ] || fail "no command: $(cat err)"
    rescue "${failing[@]}" out.img
    ends_with 3
    check_rescued out.img ;;
goes-on-elsewhere)
    # In turns with ddrescue, each on the other's map.
    make_disk 'map { int(rand($sectors)) } 1 .. 40'
    rescue "${failing[@]}" out.img --max-errors=6
    ends_with 1
    ddrescue -f -X 30 -H disk.map disk.img out.img out.map >said 2>&1 || true
    rescue "${failing[@]}" out.img --max-errors=10
    ends_with 1
    ddrescue -f -H disk.map disk.img out.img out.map >said 2>&1 || fail "ddrescue: $(cat said)"
    check_rescued out.img
    # And the other way round: ddrescue breaks off, and the rescue ends it.
    rm out.img out.map*
    ddrescue -f -X 4 -H disk.map disk.img out.img out.map >said 2>&1 || true
    rescue "${failing[@]}" out.img
    ends_with 3
    check_rescued out.img
    ddrescue -f -H disk.map disk.img out.img out.map >said 2>&1 || fail "ddrescue: $(cat said)"
    grep -q 'Finished' said || fail "ddrescue: $(cat said)"
    check_rescued out.img ;;
finished)
    make_disk '(77)'
    rescue "${failing[@]}" out.img
    ends_with 3
    touch -d 2001-01-01 out.img
    cp out.map before.map
    rescue "${failing[@]}" out.img
    ends_with 3
    grep -q 'out.map says that all is tried: nothing is left to do' err || fail "got: $(cat err)"
    [ "$(stat -c %Y out.img)" -eq "$(date -d 2001-01-01 +%s)" ] && cmp before.map out.map || fail "something was written"
    # The bad sector comes back.
    rescue disk.img out.img --retry-bad=2
    ends_with 0
    cmp disk.img out.img
    rescue disk.img out.img --retry-bad=2
    ends_with 0
    [ "$(grep -c 'nothing is left to do' err)" -eq 1 ] || fail "got: $(cat err)" ;;
there-already)
    # A destination that is there keeps what isn't written, beyond the disk's end too.
    make_disk '(5, 6, 9000)'
    head -c $((sectors * 512 + 5000)) /dev/zero | tr '\0' x >out.img
    cp out.img wanted.img
    perl -e 'open(D, "<", "disk.img"); open(O, "+<", "wanted.img"); local $/; my $d = <D>; print O $d'
    while read -r offset bytes; do
        head -c "$bytes" /dev/zero | tr '\0' x | dd of=wanted.img bs=512 seek=$((offset / 512)) conv=notrunc status=none
    done <bad.list
    rescue "${failing[@]}" out.img
    ends_with 3
    cmp wanted.img out.img || fail "the destination was changed where nothing was read"
    check_map ;;
marks)
    make_disk '(5, 6, 9000)'
    head -c $((sectors * 512)) /dev/zero | tr '\0' x >out.img
    rescue "${failing[@]}" out.img
    ends_with 3
    # Never from the map: only what fails now is marked.
    rescue "${failing[@]}" out.img --mark-bad=zero
    [ "$(dd if=out.img bs=512 skip=5 count=1 status=none | tr -d x | wc -c)" -eq 0 ] || fail "marked by the map"
    rescue "${failing[@]}" out.img --mark-bad=pattern --retry-bad=1
    ends_with 3
    for sector in 5 6 9000; do
        dd if=out.img bs=512 skip=$sector count=1 status=none |
            finds -E "^decant: unreadable at offset $((sector * 512)), 20[0-9-]*T[0-9:]*Z\$" || fail "sector $sector isn't marked"
    done
    [ "$(dd if=out.img bs=512 skip=7 count=1 status=none | grep -c unreadable)" -eq 0 ] || fail "a good sector was marked"
    rescue "${failing[@]}" out.img --mark-bad=zero --retry-bad=1
    ends_with 3
    check_rescued out.img ;;
domain)
    make_disk '(100, 2000, 30000)'
    printf '0 + 1\n0 10240 -\n10240 102400 +\n' >domain.map
    rescue "${failing[@]}" out.img --domain=domain.map
    ends_with 3
    [ "$(grep -c -- '-$' out.map)" -eq 1 ] || fail "got: $(cat out.map)"
    cmp -i 10240 -n 40960 disk.img out.img
    [ "$(head -c 10240 out.img | tr -d '\0' | wc -c)" -eq 0 ] || fail "more than the domain was read"
    rescue "${failing[@]}" out.img
    ends_with 3
    check_rescued out.img ;;
table)
    make_disk '(3, 4, 1000)'
    rescue "${failing[@]}" out.img --json >out.json
    ends_with 3
    jq -e '.result == "partly-unreadable" and .bytes == 20481536 and .rescued == 20480000 and ."set-back" == 0 and (.unreadable | length) == 2 and
        .unreadable[0] == { offset: 1536, length: 1024, status: "bad" } and (.message | contains("out.map"))' out.json ||
        fail "got: $(cat out.json)"
    grep -Eq '^decant: +1536 +1024  bad$' err && grep -Eq '^decant: +512000 +512  bad$' err || fail "got: $(cat err)"
    # Of many, the first are told.
    rm out.*
    make_disk 'map { $_ * 100 } 1 .. 50'
    rescue "${failing[@]}" out.img
    [ "$(grep -c ' bad$' err)" -eq 20 ] && grep -q 'and 30 more, which out.map has' err || fail "got: $(cat err)" ;;
max-errors)
    make_disk 'map { $_ * 1000 } 1 .. 30'
    rescue "${failing[@]}" out.img --max-errors=3 --json >out.json
    ends_with 1
    grep -Eq 'stopped after [3-9] reads that failed \(--max-errors\); what is rescued is in out.map: go on with$' err || fail "got: $(cat err)"
    jq -e '.result == "failed" and (."go-on" | contains("--mapfile=out.map"))' out.json || fail "got: $(cat out.json)" ;;
hangs)
    # The server falls silent over one sector: that costs the time of two reads, and once more for each time that the sector is
    # asked for by itself.
    make_disk '(3000)'
    cat >serve <<'END'
#!/bin/sh
case $1 in
get_size) stat -c %s disk.img ;;
thread_model) echo parallel ;;
pread)
    [ $(($4 / 512)) -gt 3000 ] || [ $((($4 + $3) / 512)) -le 3000 ] || exec sleep 3
    exec dd if=disk.img iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=65536 status=none ;;
*) exit 2 ;;
esac
END
    chmod +x serve
    serve_nbdkit hanging sh serve
    rescue "$(uri hanging)" out.img --timeout=0.7
    ends_with 3
    grep -q 'is back' err || fail "it was never lost: $(cat err)"
    check_rescued out.img ;;
given-up)
    # A server that is gone for good ends the rescue, and what is rescued stays so.
    make_disk '()'
    serve_nbdkit going --filter=delay file disk.img delay-read=50ms
    "$DECANT" rescue -q "$(uri going)" out.img --mapfile=out.map --retry=0.5 -R 1 2>err &
    pid=$!
    wait_for test -s out.map
    kill -KILL "${server_pid[going]}"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 1 ] && grep -Eq '^decant: reading .* failed at offset .*; what is rescued is in out.map: go on with$' err || fail "got: $(cat err)"
    rescue disk.img out.img
    ends_with 0
    cmp disk.img out.img ;;
taken-away)
    # What was written to a file that is gone isn't finished.
    make_disk '()'
    serve_nbdkit slow --filter=delay file disk.img delay-read=50ms
    "$DECANT" rescue -q "$(uri slow)" out.img --mapfile=out.map -R 1 2>err &
    pid=$!
    wait_for test -s out.map
    rm out.img
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 1 ] && grep -q 'out.img was removed, renamed or replaced' err || fail "code $code: $(cat err)"
    ! grep -v '^#' out.map | finds '0x.*0x.*+$' || fail "something is called finished: $(cat out.map)"
    rescue disk.img out.img
    ends_with 0
    cmp disk.img out.img ;;
after-a-copy)
    # A copy that meets a bad sector is gone on with by a rescue, and what both left is known.
    make_disk '(17, 30000)'
    run_decant copy --mapfile=out.map --retry=0 "${failing[@]}" out.img
    ends_with 1
    rescue "${failing[@]}" out.img
    ends_with 3
    check_rescued out.img
    # Another disk isn't taken for it.
    perl -e 'open(D, "+<", "disk.img"); seek(D, 100, 0); print D "another"'
    must_fail 1 'out.map is the map of another source' rescue "${failing[@]}" out.img --mapfile=out.map --retry-bad=1 ;;
min-rate)
    requires_nbdkit_filter rate
    make_disk '()'
    rescue '[' nbdkit --filter=rate file disk.img rate=2M ']' out.img --min-rate=100M
    ends_with 1
    grep -q 'stopped: less than 104857600 bytes a second could be rescued (--min-rate)' err || fail "got: $(cat err)"
    rescue disk.img out.img
    ends_with 0
    cmp disk.img out.img ;;
refused)
    make_disk '()'
    guard_files
    refused() { # PATTERN ARGUMENTS
        must_fail 1 "$@"
        nothing_touched
    }
    refused 'precious.img' rescue disk.img precious.img --mapfile=precious.img
    printf '0 ? 1\n' >own.map
    must_fail 1 'own.map .* lies on it' rescue disk.img own.map --mapfile=own.map
    [ "$(cat own.map)" = '0 ? 1' ] || fail "own.map was written to"
    refused 'the mapfile new.img and new.img are the same' rescue disk.img new.img --mapfile=new.img
    refused 'the mapfile ./new.img and new.img.new are the same' rescue disk.img new.img.new --mapfile=./new.img
    refused 'cannot write the mapfile no/such.map' rescue disk.img new.img --mapfile=no/such.map
    printf '0 + 1\n0 1024 +\nnonsense\n' >damaged.map
    refused 'damaged.map.*line 3' rescue disk.img new.img --mapfile=damaged.map
    printf '0 ? 1\n0 1048576 +\n' >other.map
    refused 'precious.img has only 300000 bytes: what lies below offset 1048576' rescue disk.img precious.img --mapfile=other.map
    refused 'there is no new.img, which should have all that lies below offset 1048576' rescue disk.img new.img --mapfile=other.map
    mkfifo pipe
    refused 'is no disk of which a part could be written|in no order' rescue disk.img pipe --mapfile=x.map
    # A map of other disks.
    make_block 1000000 >small.img
    rescue small.img out.img
    ends_with 0
    must_fail 1 'out.map is the map of another source|beyond' rescue disk.img out.img --mapfile=out.map ;;
nothing-lost)
    # A new map on an image that was rescued before: nothing of that is emptied.
    make_disk '(10 .. 5000)'
    rescue disk.img out.img
    ends_with 0
    rm out.map*
    rescue "${failing[@]}" out.img
    ends_with 3
    cmp disk.img out.img || fail "what was there is lost" ;;
too-many-areas)
    # More than the map has room for: nothing is called finished that isn't, hardly anything that was read isn't, and that is said,
    # while it goes on and at the end.
    make_disk 'map { $_ * 2 + 1 } 0 .. 7999'
    slowly=('[' nbdkit --filter=ddrescue --filter=delay file disk.img ddrescue-mapfile=disk.map delay-read=1ms ']')
    code=0
    timeout "$DECANT_LIMIT_S" "$TOP/tests/terminal" 200 '' "$DECANT" rescue "${slowly[@]}" out.img --mapfile=out.map >seen || code=$?
    [ "$code" -eq 3 ] || fail "exit code $code: $(tail -n 20 seen)"
    full='out.map is full with 10000 areas: [0-9]* bytes are joined to areas that are less far'
    [ "$(grep -c "decant: $full" seen)" -eq 2 ] || fail "it isn't said twice: $(tail -n 20 seen)"
    sed "/$full/q" seen | tail -n 1 >first
    ! grep -q 'decant: done' first && sed "1,/$full/d" seen | finds scraping || fail "it isn't said on the way: $(tail -n 20 seen)"
    grep -v '^#' out.map | tail -n +2 | perl -ane 'print(hex($F[0]), " ", hex($F[1]), " $F[2]\n")' >areas
    [ "$(wc -l <areas)" -eq 10000 ] || fail "$(wc -l <areas) areas"
    perl -e '
        open(my $disk, "<", "disk.img"); open(my $out, "<", "out.img"); open(my $bad, "<", "bad.list");
        local $/; my ($from, $to) = (<$disk>, <$out>);
        my %bad = map { (split)[0] => 1 } split(/\n/, <$bad>);
        open(my $areas, "<", "areas");
        my $good = 0;
        for (split(/\n/, <$areas>)) {
            my ($start, $length, $status) = split;
            die "some is left: $_\n" if $status !~ /[-+]/;
            next if $status eq "-";
            die "not there: $_\n" if substr($from, $start, $length) ne substr($to, $start, $length);
            for (my $at = $start; $at < $start + $length; $at += 512) { die "bad: $_\n" if $bad{$at} }
            $good += $length;
        }
        my $lost = length($from) - 8000 * 512 - $good;
        print("$lost bytes that are good are called bad\n");
        exit($lost > 3100 * 512);
    ' || fail "the map isn't true" ;;
map-not-written)
    # What was rescued since the last time isn't in it.
    requires_strace
    make_image in.img 1M
    code=0
    strace -f -o trace --quiet=attach,path-resolution -P out.map.new -e inject=openat:error=ENOSPC:when=2+ \
        "$DECANT" rescue --quiet --mapfile=out.map in.img out.img 2>err || code=$?
    grep -q INJECTED trace || fail "nothing was refused"
    must_say 'cannot write the mapfile out.map: No space left on device; what was rescued before that is in out.map: go on with'
    goes_on in.img out.img ;;
*) fail "no such case" ;;
esac
