#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that die, are suspended and forget, lines that break behind any byte, networks that lose packets, an operator who wants an
# end, and decant itself that dies and goes on from its map: a share of the trials that `make trials` has all of, each decided by its
# seed. And what judges them knows a lie.
#
# cases: forgets stumbles restarts is-down commands becomes-another dies-copying dies-rescuing breaks signals networks addresses counts liars

. "$(dirname "$0")/../functions.sh"
requires_program python3 ip openssl nbdkit qemu-nbd qemu-img nbd-server

trials() {
    local status=0
    "$TOP/tests/trials/run" --decant="$DECANT" --jobs=8 "$@" >trials.log 2>&1 || status=$?
    cat trials.log
    return "$status"
}

# A decant that isn't one: it runs the true one, and what it says is changed by sed.
liar() { # NAME EXIT-CODE SED
    cat >"$1" <<END
#!/bin/bash
"$DECANT" "\$@" 2>said.by.decant &
trap 'kill -TERM \$!' TERM
wait \$!; code=\$?
while kill -0 \$! 2>/dev/null; do wait \$!; code=\$?; done
sed '$3' said.by.decant >&2
exit ${2:-\$code}
END
    chmod +x "$1"
}

catches() { # LIAR PATTERN TRIALS...
    local status=0
    "$TOP/tests/trials/run" --decant="$PWD/$1" --jobs=4 "${@:3}" >trials.log 2>&1 || status=$?
    [ "$status" -eq 1 ] && grep -Eq "FAIL: $2" trials.log || fail "$1 was believed: $(tail -n 30 trials.log)"
}

case $1 in
counts) trials counts-source counts-destination ;;
liars)
    liar always-done 0 ''
    catches always-done 'the destination differs' --seed=28 --count=4 forgets
    liar says-good '' 's/good below offset [0-9]*/good below offset 1000000/'
    catches says-good 'good below offset [0-9]+, it says, but' --seed=28 --count=4 forgets
    liar silent '' 'd'
    catches silent 'it failed without a word' --seed=28 --count=4 forgets
    # It calls finished in its map what it hasn't come to.
    printf '%s\n' '#!/bin/bash' "[ ! -e m.map ] || sed -i 's/ [?*]\$/ +/' m.map" "exec $(printf %q "$DECANT") \"\$@\"" >calls-finished
    chmod +x calls-finished
    catches calls-finished '(\[[0-9]+, [0-9]+\) is called finished|the destination differs)' --seed=1 --count=2 dies-copying
    printf '%s\n' '#!/bin/bash' 'trap "" TERM INT HUP' 'exec sleep 300' >deaf
    chmod +x deaf
    catches deaf 'no end 6.0 s later' --seed=6 --count=2 signals ;;
*) trials "$1" ;;
esac
