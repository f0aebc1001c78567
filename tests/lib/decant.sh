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

# Whether `err` is one line, and maybe the command that goes on.
is_one_message() {
    [ "$(grep -vc '^  ' err)" -eq 1 ] && [ "$(wc -l <err)" -le 2 ]
}

# must_fail CODE PATTERN ARGUMENTS: fails with this code and says so in one line
# that starts `decant: ` and matches the extended regular expression. The command that
# goes on may stand in a second one: see goes_on.
must_fail() {
    local expected=$1 pattern=$2
    shift 2
    run_decant "$@"
    [ "$code" -eq "$expected" ] ||
        fail "exit code $code instead of $expected: decant $*: $(cat err)"
    is_one_message || fail "one line expected from decant $*, got: $(cat err)"
    grep -q '^decant: ' err ||
        fail "the line should start with 'decant: ': $(cat err)"
    grep -Eq -e "$pattern" err ||
        fail "the line should match '$pattern': $(cat err)"
}

# Some line of `err` matches the pattern.
said() { grep -Eq "$1" err || fail "nobody said '$1': $(cat err)"; }

# Whether all that a test has left of what decant printed with --json is as docs/decant.schema.json has it. What begins as that
# does is that, in files that are small.
all_json_is_valid() {
    local file begin list=()
    while read -r -d '' file; do
        begin=
        { IFS= read -r -d '' -n 24 begin <"$file"; } 2>/dev/null
        case $begin in
        $'{\n"verb": "'* | $'{\n"protocol": '* | $'{\n"exports": '* | '{"done": '* | $'[\n{ "offset": '* | $'[\n{ "size": '* | \
            $'[\n{"start": '* | $'[\n  { "name": '*) list+=("$file") ;;
        esac
    done < <(find . -maxdepth 1 -type f -size +0 -size -400k -print0 2>/dev/null)
    [ ${#list[@]} -eq 0 ] || "$TOP/tests/valid-json" "${list[@]}" >&2
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
    is_one_message && grep -Eq "$1" err || fail "the line should match '$1': $(cat err)"
}

# goes_on SOURCE DESTINATION [COMPARE]: a copy has failed, and what was wrong is mended. The command in `err` that goes on, as a
# shell takes it, has to finish the copy: the files are the same then, by the command COMPARE (same).
goes_on() {
    local command
    command=$(sed -nE '/[:,] (go on|copy again) with$/ { n; s/^  //p }' err)
    [ -n "$command" ] || fail "no command that goes on: $(cat err)"
    code=0
    timeout --foreground --kill-after=5 "$DECANT_LIMIT_S" sh -c "$command" 2>err.again || code=$?
    [ "$code" -eq 0 ] || fail "exit code $code of $command: $(cat err.again)"
    "${3:-same}" "$1" "$2"
}

# Without what lies beyond the source.
same_front() {
    cmp -n "$(size_of "$1")" -- "$1" "$2" || fail "$1 and the front of $2 differ"
}

# A build directory of the test's own for tests/bench, which makes its images there.
bench_build() {
    mkdir -p build/tests
    cp "$DECANT" build/decant
    ln -s "$TOP/build/tests/bench" build/tests/bench
}
