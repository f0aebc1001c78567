#!/bin/bash
# SPDX-License-Identifier: MIT
# The rules for files that a reader shouldn't have to check by eye: a licence line
# on top, a sentence of purpose, tests that can be run, rooms that open with what
# they are.
#
# cases: licence-lines tests-have-a-purpose tests-can-be-run cases-are-listed headers-open-with-prose
# cases: static-names-are-told-apart no-exit-below-main no-printing-below-the-top nothing-of-this-machine nobody-leaves-a-pipe

. "$(dirname "$0")/../functions.sh"
cd "$TOP"
bad=0
complain() {
    echo "$*"
    bad=1
}

# What belongs to the tree: committed, or about to be.
files() {
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard
    else
        find . -path ./build -prune -o -type f -print | sed 's|^\./||'
    fi | while read -r file; do [ ! -f "$file" ] || echo "$file"; done
}

# The patterns of a script's own `case $1 in`, a line each: what begins at a line's beginning, and not in what is written for others. `*` is all others.
labels_of() {
    awk '
    here != "" { if ($0 == here) here = ""; next }
    match($0, /<<\047?[A-Z]+\047?($|[^A-Z"\047])/) { here = substr($0, RSTART, RLENGTH); gsub(/[^A-Z]/, "", here) }
    /^case / { ours = /^case \$1 in$/ }
    /^esac/ { ours = 0 }
    ours && match($0, /^[-A-Za-z0-9*?:|\[\]][-A-Za-z0-9*?:| \[\]]*\)/) {
        labels = substr($0, 1, RLENGTH - 1)
        gsub(/[ |]+/, "\n", labels)
        print labels
    }' "$1"
}
# fits_any PATTERN NAME..., is_any NAME PATTERN...
# shellcheck disable=SC2053 # patterns
fits_any() { local name; for name in "${@:2}"; do [[ $name != $1 ]] || return 0; done; return 1; }
# shellcheck disable=SC2053
is_any() { local label; for label in "${@:2}"; do [[ $1 != $label ]] || return 0; done; return 1; }

case $1 in
nobody-leaves-a-pipe) # see finds in tests/lib/verdicts.sh
    while read -r file; do
        case $file in
        tests/*.sh) ;;
        *) continue ;;
        esac
        ! perl -0777 -ne 'exit !/(?<!\|)\|\s*(head -n|grep -[A-Za-z]*q)/' "$file" || complain "$file: a pipe that somebody leaves before it ends"
    done < <(files) ;;
licence-lines)
    seen=0
    while read -r file; do
        case $file in
        boards/buildroot/package/*) continue ;; # Buildroot has its own form
        *.c|*.h|*.sh|*.mk|Makefile|tests/run|rootfs/init|rootfs/job|rootfs/consoles|rootfs/telling) ;;
        *) continue ;;
        esac
        seen=$((seen + 1))
        head -n 2 "$file" | finds 'SPDX-License-Identifier: MIT' || complain "$file: no SPDX line on top"
    done < <(files)
    [ "$seen" -ge 30 ] || fail "only $seen files were looked at" ;;
tests-have-a-purpose)
    for file in tests/integration/*.sh tests/tidy/*.sh tests/unit/*.c; do
        [ -e "$file" ] || continue
        # In the lines behind the licence, before any code: a sentence.
        sed -n '2,9p' "$file" | grep -v SPDX | sed -n '/^#[^!]\|^\/\*\|^ \*/p' | tr '\n' ' ' |
            finds -E '[[:alpha:]]+( [^ ]+){7,}[.:]' || complain "$file: what is it for?"
    done ;;
tests-can-be-run)
    for file in tests/run tests/integration/test-*.sh tests/tidy/test-*.sh; do
        [ -x "$file" ] || complain "$file: not executable"
        bash -n "$file" || complain "$file: not a script"
    done
    for file in tests/integration/*.sh tests/tidy/*.sh; do
        case $file in */test-*) ;; *) complain "$file: not called test-*, so never run" ;; esac
    done ;;
cases-are-listed)
    # A case that isn't in the list never runs; one that is but isn't handled is a success, where nothing says that it isn't one.
    seen=0
    for file in tests/*/test-*.sh; do
        mapfile -t listed < <(sed -nE 's/^# (long )?cases://p' "$file" | tr -s ' ' '\n' | sed '/^$/d')
        [ "${#listed[@]}" -gt 0 ] || continue
        mapfile -t handled < <(labels_of "$file")
        for label in "${handled[@]}"; do
            seen=$((seen + 1))
            fits_any "$label" "${listed[@]}" || complain "$file: $label) is in no line \`# cases:\`, so it never runs"
        done
        # Else what comes behind the last one may do what there is to do.
        [ "$(grep '^case .* in$' "$file" | tail -n 1),$(tail -n 1 "$file")" = 'case $1 in,esac' ] || continue
        for name in "${listed[@]}"; do is_any "$name" "${handled[@]}" || complain "$file: nothing is done for the case $name"; done
    done
    [ "$seen" -ge 500 ] || fail "only $seen cases were looked at" ;;
headers-open-with-prose)
    for file in src/*/*.h; do
        room=$(basename "$file" .h)
        sed -n 2p "$file" | finds -E "^/\* $room: " || complain "$file: its second line should say '$room: ' and what it is"
    done ;;
static-names-are-told-apart)
    # In a small room a plain name says enough; in a large one, or in a stack trace, it must say whose it is.
    awk 'FNR == 1 { defines = 0 }
        /^static/ { defines = 1; next }
        defines { if (match($0, /^[a-z_0-9]+\(/)) print substr($0, 1, RLENGTH - 1), FILENAME; defines = 0 }' src/*.c src/*/*.c |
        sort >"$TEST_DIR/names"
    [ "$(wc -l <"$TEST_DIR/names")" -ge 300 ] || fail "only $(wc -l <"$TEST_DIR/names") functions were looked at"
    cut -d ' ' -f 1 "$TEST_DIR/names" | uniq -d | while read -r name; do
        for file in $(sed -n "s/^$name //p" "$TEST_DIR/names"); do
            [ "$(wc -l <"$file")" -le 150 ] || echo "$file: other rooms have a $name() too"
        done
    done >"$TEST_DIR/twice"
    [ ! -s "$TEST_DIR/twice" ] || complain "$(cat "$TEST_DIR/twice")" ;;
no-exit-below-main)
    # And the children that became no other program end themselves.
    found=$(grep -nE '\b(exit|_exit|_Exit|abort|quick_exit) *\(' src/*.c src/*/*.c |
        grep -vE '^src/(main\.c:|os/activation\.c:.* _exit\(127\);|os/(lookup|outside|overhear)\.c:.* _exit\(0\);)' || true)
    [ -z "$found" ] || complain "only main ends the program: $found" ;;
no-printing-below-the-top)
    ! grep -nE '\b(printf|fprintf|vfprintf|puts|fputs|putchar|perror|dprintf|vdprintf) *\(' src/*.c src/*/*.c |
        grep -vE '^src/(os/say|main)\.c:' || complain "only say (and main) print" ;;
nothing-of-this-machine)
    # Paths of a home or a workplace.
    found=$(files | grep -vE '^build/|\.(png|gz|xz)$' |
        xargs grep -nIE '(^|[^[:alnum:]_./])/(work|home|root)/[[:alnum:]]' || true)
    [ -z "$found" ] || complain "a path of somebody's machine: $found" ;;
*) fail "no such case" ;;
esac
[ "$bad" -eq 0 ]
