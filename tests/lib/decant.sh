# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Running decant, and judging how it ends and what it says.

# Runs decant; its exit code is in $code, its stderr in the file `err`. Standard
# input and output stay the caller's.
run_decant() {
    code=0
    timeout --foreground --kill-after=5 "$DECANT_LIMIT_S" \
        "$DECANT" "$@" 2>err || code=$?
    [ "$code" -ne 124 ] || fail "no end after $DECANT_LIMIT_S seconds: decant $*"
}

# A copy that has to succeed, and to have nothing to say.
must_copy() {
    run_decant "$@"
    [ "$code" -eq 0 ] || fail "exit code $code: decant $*: $(cat err)"
}

# must_fail CODE PATTERN ARGUMENTS: fails with this code and says so in one line
# that starts `decant: ` and matches the extended regular expression.
must_fail() {
    local expected=$1 pattern=$2
    shift 2
    run_decant "$@"
    [ "$code" -eq "$expected" ] ||
        fail "exit code $code instead of $expected: decant $*: $(cat err)"
    [ "$(wc -l <err)" -eq 1 ] ||
        fail "one line expected from decant $*, got: $(cat err)"
    grep -q '^decant: ' err ||
        fail "the line should start with 'decant: ': $(cat err)"
    grep -Eq -e "$pattern" err ||
        fail "the line should match '$pattern': $(cat err)"
}


# --- for tests of refusals: files that nothing may touch

# Makes precious.img, a destination that has to stay as it is; new.img must not
# come into being.
guard_files() {
    make_block 300000 >precious.img
    cp precious.img precious.copy
    touch -d '2001-01-01' precious.img
}

nothing_touched() {
    cmp precious.img precious.copy || fail "precious.img was written to"
    [ "$(stat -c %Y precious.img)" -eq "$(date -d 2001-01-01 +%s)" ] ||
        fail "precious.img was touched"
    [ ! -e new.img ] || fail "new.img was made"
}

# What ran in the background, with its code in $code, has failed with 1 and says so in one line that matches the pattern.
must_say() { # PATTERN
    [ "$code" -eq 1 ] || fail "exit code $code, not 1: $(cat err)"
    [ "$(wc -l <err)" -eq 1 ] && grep -Eq "$1" err || fail "the line should match '$1': $(cat err)"
}
