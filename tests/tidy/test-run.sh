#!/bin/bash
# SPDX-License-Identifier: MIT
# What runs the tests tells the truth about them: what fails, hangs, leaves processes behind, or is skipped for a
# reason that nobody has allowed, is a failure; and the list of what is allowed names tests that there are.
#
# cases: verdicts skips not-root skips-within cases hang left-behind list allowed-tests-exist

. "$(dirname "$0")/../functions.sh"
# The runner that runs this one has set these for its own.
unset TESTS_JOBS TESTS_KEEP TESTS_TIMEOUT
export TESTS_LOGS=$PWD/logs TESTS_ALLOWED_SKIPS=$PWD/allowed
: >allowed

# a_test NAME COMMANDS: a test that does that
a_test() {
    printf '#!/bin/bash\n%s\n' "$2" >"$1"
    chmod +x "$1"
}

# ends CODE LAST-LINE TESTS...: tests/run ends so; what it said is in `said`.
ends() {
    code=0
    "$TOP/tests/run" "${@:3}" >said 2>&1 || code=$?
    [ "$code" -eq "$1" ] && [ "$(tail -n 1 said)" = "$2" ] || fail "exit code $code: $(cat said)"
}

says() {
    grep -Eq -e "$1" said || fail "not said: $1: $(cat said)"
}

case $1 in
verdicts)
    a_test passes 'exit 0'
    a_test fails 'echo it is broken; exit 3'
    ends 0 '1 passed, 0 failed, 0 skipped' passes
    ends 1 '1 passed, 2 failed, 0 skipped' passes fails missing
    says '^FAIL fails .*exit code 3'
    says 'it is broken'
    says 'missing: no such test' ;;
skips)
    a_test lacks 'echo "skip: no moon tonight"; exit 77'
    a_test silent 'exit 77'
    ends 1 '0 passed, 2 failed, 0 skipped' lacks silent
    says '^FAIL lacks .*not allowed to: no moon tonight'
    says '^FAIL silent .*without a reason'
    echo 'always lacks no moon *' >allowed
    ends 0 '0 passed, 0 failed, 1 skipped' lacks
    says '^skip: no moon tonight lacks'
    # For another reason, or another test, or with no word of when, it says nothing.
    printf '%s\n' 'always lacks no sun *' 'always other no moon *' 'lacks no moon *' '# always lacks no moon *' >allowed
    ends 1 '0 passed, 1 failed, 0 skipped' lacks ;;
not-root)
    a_test needs-root 'echo "skip: needs root"; exit 77'
    echo 'not-root * needs root' >allowed
    if [ "$(id -u)" -eq 0 ]; then
        ends 1 '0 passed, 1 failed, 0 skipped' needs-root
    else
        ends 0 '0 passed, 0 failed, 1 skipped' needs-root
    fi ;;
skips-within)
    a_test unit 'echo "[  SKIPPED ] the_hard_part"; echo "[  SKIPPED ] 1 test(s), listed below:"'
    ends 1 '0 passed, 1 failed, 0 skipped' unit
    says '^FAIL unit .*not allowed to: the_hard_part'
    echo 'always unit the_hard_part' >allowed
    ends 0 '1 passed, 0 failed, 0 skipped' unit ;;
cases)
    a_test many $'#\x20cases: one two\n#\x20cases: three\n[ "$1" != two ]'
    ends 1 '2 passed, 1 failed, 0 skipped' many
    says '^FAIL many:two'
    ends 0 '1 passed, 0 failed, 0 skipped' many:three
    # What takes its time is asked for.
    a_test both $'#\x20cases: one\n#\x20long cases: two\n[ "$1" != two ]'
    a_test long $'#\x20long cases: three\n'
    a_test none 'exit 1'
    ends 0 '1 passed, 0 failed, 0 skipped' both long
    ends 1 '1 passed, 1 failed, 0 skipped' -L both long none
    says '^FAIL both:two'
    says '^ok   long:three'
    ends 1 '2 passed, 2 failed, 0 skipped' -a both long none
    ends 1 '0 passed, 0 failed, 0 skipped' long
    says '^no tests to run'
    ends 1 '0 passed, 1 failed, 0 skipped' both:two ;;
hang)
    a_test hangs 'sleep 600'
    ends 1 '0 passed, 1 failed, 0 skipped' -t 1 hangs
    says '^FAIL hangs .*not done after 1 seconds' ;;
left-behind)
    a_test leaves 'sleep 600 & echo $! >"'"$PWD"'/pid"'
    ends 1 '0 passed, 1 failed, 0 skipped' leaves
    says 'left running:'
    wait_for has_ended "$(cat pid)" ;;
list)
    a_test many '#'' cases: one two'
    "$TOP/tests/run" -l many >said
    diff said - <<<$'many:one\nmany:two' ;;
allowed-tests-exist)
    # Units are built from files that are there; the others are there.
    (cd "$TOP" && tests/run -l tests/*/test-*.sh && tests/run -l -L tests/*/test-*.sh && find tests/unit -name 'test-*.c' | sed 's|.*|build/&|; s|\.c$||') >there
    while read -r when test reason; do
        case $when in always|not-root) ;; *) fail "neither always nor not-root: $when $test $reason" ;; esac
        [ -n "$reason" ] || fail "no reason: $when $test"
        # shellcheck disable=SC2053 # a pattern
        while read -r name; do [[ $name == $test ]] && continue 2; done <there
        fail "tests/allowed-skips: there is no test $test"
    done < <(grep -v '^#\|^$' "$TOP/tests/allowed-skips") ;;
*) fail "no such case" ;;
esac
