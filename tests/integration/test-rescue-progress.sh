#!/bin/bash
# SPDX-License-Identifier: MIT
# Who rescues a disk looks at it for days, and decides by what is shown: it fits on one screen of a terminal, in place, and on a
# console that isn't one it is a line now and then.
#
# cases: terminal narrow low lost console quiet

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter ddrescue delay

make_block $((4096 * 512)) >disk.img
printf '0 + 1\n0 1024000 +\n1024000 512 -\n1024512 512 +\n1025024 1024 -\n1026048 1071104 +\n' >disk.map
failing=('[' nbdkit --filter=ddrescue --filter=delay file disk.img ddrescue-mapfile=disk.map delay-read=10ms ']')

# on_terminal COLUMNSxROWS ARGUMENTS...: rescues. What the terminal gets is in the file `seen`; what stays on it, in `screen`.
on_terminal() {
    code=0
    timeout "$DECANT_LIMIT_S" "$TOP/tests/terminal" "$1" '' "$DECANT" rescue "${@:2}" --mapfile=out.map -R 2 </dev/null >seen || code=$?
    # A terminal, as far as it is spoken to.
    perl -0777 -ne '
        my ($row, $column, @rows) = (0, 0, "");
        while (/\G(?:\e\[(\d*)([AJK])|(.))/gs) {
            if (($2 // "") eq "A") { $row -= $1; $row = 0 if $row < 0 }
            elsif (($2 // "") eq "J") { splice(@rows, $row + 1); $rows[$row] = substr($rows[$row], 0, $column) }
            elsif (($2 // "") eq "K") { $rows[$row] = substr($rows[$row], 0, $column) }
            elsif ($3 eq "\r") { $column = 0 }
            elsif ($3 eq "\n") { $rows[++$row] //= "" }
            else { substr($rows[$row] .= " " x ($column - length $rows[$row]), $column++, 1) = $3 }
        }
        pop @rows if $rows[-1] eq "";
        print map { "$_\n" } @rows' seen >screen
}
row() { # NUMBER PATTERN
    sed -n "$1p" screen | finds -Ex -- "$2" || fail "row $1 isn't like '$2': $(cat screen; cat -A seen)"
}

case $1 in
terminal)
    on_terminal 80 "${failing[@]}" out.img
    [ "$code" -eq 3 ] || fail "exit code $code: $(cat screen)"
    size='[0-9.]+ [KMG]?i?B'
    row 1 'decant: done'
    row 2 ' +rescued: 2.0 MiB of 2.0 MiB \(99 %\)'
    row 3 ' +left: 0 B'
    row 4 ' +bad: 1.5 KiB in 2 areas'
    row 5 ' +errors: [1-9][0-9]* reads failed'
    row 6 " +rate: $size/s, on average $size/s"
    row 7 'last success: 0:0[0-9] ago, in [0-9]+:[0-9][0-9]'
    row 8 'decant: +offset +bytes  status'
    # And on the way.
    grep -Eq "decant: trimming at $size, forwards \\(pass 1\\)" seen || fail "got: $(cat -A seen)" ;;
narrow)
    for columns in 40 20 9; do
        rm -f out.*
        on_terminal $columns disk.img out.img
        [ "$code" -eq 0 ] || fail "exit code $code: $(cat screen)"
        [ "$(wc -l <screen)" -eq 7 ] || fail "it isn't 7 rows: $(cat screen)"
        ! grep -E "^.{$columns}" screen || fail "$columns columns: it scrolls"
    done ;;
low)
    # Where there is no room for a screen, there is a line.
    on_terminal 80x7 disk.img out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat screen)"
    [ "$(wc -l <screen)" -eq 1 ] || fail "it isn't one row: $(cat screen)"
    row 1 'decant: 2.0 MiB of 2.0 MiB \(100 %\), .*/s \(average .*/s\), 0 B left' ;;
lost)
    # What is said beside it stands above it. The server's place is taken by another one once it is waited for.
    serve_nbdkit s --filter=delay file disk.img delay-read=100ms
    {
        until grep -q 'decant: reading' seen; do sleep 0.02; done
        kill -KILL "${server_pid[s]}"
        until grep -q 'waiting 0:0' seen; do sleep 0.02; done
        rm -f s.sock
        exec setpriv --pdeathsig KILL nbdkit --exit-with-parent --foreground --unix s.sock file disk.img
    } >again.server 2>&1 &
    server_pid[again]=$!
    : >seen
    on_terminal 100 "$(uri s)" out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat screen)"
    row 1 'decant: nbd.*: .*; trying again for up to 120 s'
    row 2 'decant: nbd.* is back'
    row 3 'decant: done'
    [ "$(wc -l <screen)" -eq 9 ] || fail "something was left behind: $(cat screen)" ;;
console)
    # Once it ends, if not before.
    run_decant rescue disk.img out.img --mapfile=out.map
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    [ "$(cat err)" = "$(grep -Ex 'decant: 2.0 MiB of 2.0 MiB \(100 %\), .*/s \(average .*/s\), 0 B left' err)" ] || fail "got: $(cat -A err)"
    # Every ten seconds: two of them while a read of a second each for one after the other takes longer.
    rm out.*
    run_decant rescue '[' nbdkit --filter=delay file disk.img delay-read=1500ms ']' out.img --mapfile=out.map -R 1
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    grep -Eq '^decant: .* of 2.0 MiB \([0-9]+ %\), .*, reading at .* \(pass 1\), last success 0:0[0-9] ago$' err || fail "got: $(cat err)"
    [ "$(wc -l <err)" -le 3 ] || fail "got: $(cat err)" ;;
quiet)
    on_terminal 80 --quiet disk.img out.img
    [ "$code" -eq 0 ] && [ ! -s seen ] || fail "exit code $code: $(cat -A seen)" ;;
*) fail "no such case" ;;
esac
