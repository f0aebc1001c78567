#!/bin/bash
# SPDX-License-Identifier: MIT
# Progress counts what the destination has taken, never what was merely asked for:
# a bar at 100 % in front of a stalled server is the lie that operators remember.
# On what isn't a terminal it is plain lines.
#
# cases: terminal terminal-narrow terminal-failed terminal-zeros graph graph-of-parts graph-without-room plain-lines stalled-destination none-unless-asked report report-empty quiet-without-options

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter delay rate
make_image in.img 8M 31
junk out.img 8M

# on_terminal COLUMNS COMMAND...: what a terminal gets is in the file `seen`, its lines, also those that
# were written over, in `lines`.
on_terminal() {
    code=0
    timeout "$DECANT_LIMIT_S" "$TOP/tests/terminal" "$1" '' "${@:2}" </dev/null >seen || code=$?
    sed 's/\r$//' seen | tr '\r' '\n' | sed 's/\x1b\[K//g' >lines
}

# The last picture: its rows are in the file `bar`, and with what stands around them in `shown`.
bar() {
    sed 's/\x1b\[[0-9]*[A-Za-z]//g; s/\r//g' seen | grep -E '^([-#0=!]{9,}|[-#0=!] [a-z].*)$' | tail -n 9 >shown
    head -n 8 shown >bar
}
repeat() { printf "%$1s" '' | tr ' ' "$2"; }

case $1 in
terminal)
    on_terminal 80 "$DECANT" -p --rate-limit=8M in.img out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat lines)"
    same in.img out.img
    # In one line, whose last state stays.
    [ "$(wc -l <seen)" -eq 1 ] || fail "more than a line: $(cat -A seen)"
    tail -n 1 lines | finds -Ex 'decant: 8.0 MiB of 8.0 MiB \(100 %\), .*/s' || fail "the last line: $(cat -A seen)"
    [ "$(wc -l <lines)" -ge 3 ] || fail "nothing before the end: $(cat -A seen)" ;;
terminal-narrow)
    for columns in 59 40 20 12 9 5; do
        on_terminal "$columns" "$DECANT" -p --rate-limit=16M in.img out.img
        [ "$code" -eq 0 ] || fail "exit code $code: $(cat lines)"
        [ "$columns" -lt 9 ] || ! grep -E "^.{$columns}" lines || fail "$columns columns: it scrolls"
    done ;;
terminal-failed)
    # What was reached stays in sight above what went wrong.
    serve_nbdkit s --filter=error file in.img error-pread-rate=100% error-file=fail
    touch fail
    on_terminal 80 "$DECANT" -p "$(uri s)" out.img
    [ "$code" -eq 1 ] || fail "exit code $code: $(cat lines)"
    grep -v '^$' lines | tail -n 3 >last
    sed -n 1p last | finds -E '^decant: .* of 8.0 MiB' || fail "got: $(cat -A seen)"
    sed -n 2p last | finds -E '^decant: reading .* failed' || fail "got: $(cat -A seen)"
    # And how to go on below it.
    rm fail
    sed 's/\r//g' last >err
    goes_on in.img out.img ;;
terminal-zeros)
    # Zeros are asked for in large pieces; what is read of them shows before. The feeder goes on once it does.
    mkfifo zeros
    : >seen
    {
        head -c 8M /dev/zero
        for ((i = 0; i < 500; i++)); do
            ! grep -q '8.0 MiB read' seen || break
            sleep 0.02
        done
    } >zeros &
    on_terminal 80 bash -c '"$1" -p - out.img <zeros' - "$DECANT"
    wait "$!"
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat lines)"
    grep -q '^decant: 0 B, 8.0 MiB read, ' lines || fail "it doesn't show: $(cat lines)" ;;
graph)
    # 8 rows of 79 blocks of 26 KiB; data from block 157 on to 315.
    truncate -s 16M half.img
    make_block 4194304 | put half.img 4194304
    rm out.img
    NO_COLOR=1 on_terminal 80x24 "$DECANT" --graph --rate-limit=8M half.img out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat lines)"
    same half.img out.img
    grep -q $'\033\\[9A\r' seen || fail "not in its place: $(cat -A seen)"
    grep -q ' - to come,' seen || fail "it is drawn at the end alone: $(cat -A seen)"
    bar
    [ "$(tr -d '\n' <bar)" = "$(repeat 157 0)$(repeat 159 '#')$(repeat 315 0)" ] || fail "the bar: $(cat bar)"
    tail -n 1 shown | finds -x '# data, 0 zero, a block is 26.0 KiB' || fail "the key: $(cat -A shown)"
    # As long as there is room, in colours, and each time over the last one.
    on_terminal 200x24 "$DECANT" --graph half.img out.img
    grep -q $'\033\\[44m#' seen || fail "no colours" ;;
graph-of-parts)
    requires_nbdkit_filter ddrescue
    make_block 8388608 >disk.img
    printf '%d %d %s\n' 0 4194304 + 4194304 512 - 4194816 4193792 + | sed '1i 0 + 1' >disk.map
    on_terminal 80x24 env NO_COLOR=1 "$DECANT" --graph --on-read-error=skip --retry=0 --from=2M \
        [ nbdkit --filter=ddrescue file disk.img ddrescue-mapfile=disk.map ] out.img
    [ "$code" -eq 3 ] || fail "exit code $code: $(cat lines)"
    bar
    grep -Eqx '=+#+!#+' <(tr -d '\n' <bar) || fail "the bar: $(cat bar)"
    tail -n 1 shown | finds -Ex '! unreadable, # data, (0 zero, )?= kept, a block is 13.0 KiB' || fail "the key: $(cat -A shown)" ;;
graph-without-room)
    for size in 59x24 80x11; do
        on_terminal "$size" "$DECANT" --graph in.img out.img
        [ "$code" -eq 0 ] || fail "exit code $code: $(cat lines)"
        [ "$(wc -l <seen)" -eq 1 ] || fail "$size: more than a line: $(cat -A seen)"
    done
    run_decant --graph in.img out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    ! grep -q $'\033' err || fail "no terminal, and a drawing: $(cat err)" ;;
plain-lines)
    serve_nbdkit s --filter=delay file in.img rdelay=900ms
    # Without a flush: while that takes its time, all is done and said to be, again and again.
    run_decant --memory=1M -C 1 --no-flush --progress "$(uri s)" out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    [ -s err ] || fail "no progress was shown"
    ! grep -q "$(printf '[\r\033\b]')" err || fail "not plain lines: $(od -c err | head)"
    ! grep -v '^decant: ' err || fail "a line should say who says it"
    tail -n 1 err | finds -E '8388608|100' || fail "the last line isn't the end: $(tail -n 1 err)"
    [ "$(wc -l <err)" -ge 2 ] || fail "nothing before the end: $(cat err)"
    # It only grows, and is all done once.
    sed -n "s/.*(\\([0-9]*\\) %).*/\\1/p" err >percent
    [ "$(wc -l <percent)" -eq "$(wc -l <err)" ] || fail "a line without a percentage: $(cat err)"
    sort -n -c percent || fail "it goes back: $(cat err)"
    [ "$(grep -c "^100$" percent)" -eq 1 ] || fail "done more than once: $(cat err)" ;;
stalled-destination)
    # Every write takes far longer than the test looks.
    serve_nbdkit d --filter=delay file out.img wdelay=30
    timeout --foreground --signal=KILL 12 "$DECANT" --progress --memory=1M in.img "$(uri d)" 2>err || true
    cat err
    [ -s err ] || fail "no progress was shown"
    ! grep -Eq '100 ?%|100\.0|8388608 ?(bytes )?(done|copied)' err || fail "all is done, it says"
    ! grep -Eo '[0-9.]+ ?%' err | grep -Ev '^0(\.0+)? ?%$' || fail "something is done, it says" ;;
none-unless-asked)
    must_copy in.img out.img
    [ ! -s err ] || fail "unasked: $(cat err)" ;;
report)
    run_decant --report in.img out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    grep -Eqx 'decant: done: bytes=8388608 seconds=[0-9]+\.[0-9][0-9]' err || fail "got: $(cat err)" ;;
report-empty)
    : >empty.img
    run_decant --report empty.img out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    grep -Eqx 'decant: done: bytes=0 seconds=[0-9]+\.[0-9][0-9]' err || fail "got: $(cat err)" ;;
quiet-without-options)
    serve_nbdkit s file in.img
    must_copy "$(uri s)" - >out.pipe
    same in.img out.pipe
    [ ! -s err ] || fail "unasked: $(cat err)" ;;
*) fail "no such case" ;;
esac
