#!/bin/bash
# SPDX-License-Identifier: MIT
# What README and docs/ tell people to type has to work as it stands there: in any shell, with targets that exist, on files that
# exist.
#
# cases: quoted targets links paths

. "$(dirname "$0")/../functions.sh"
unset MAKEFLAGS MAKEOVERRIDES MFLAGS
cd "$TOP"
papers=(*.md docs/*.md docs/*/*.md boards/*/README.md)
bad=0
complain() {
    echo "$*"
    bad=1
}

case $1 in
quoted)
    # zsh and fish take a question mark for a pattern that has to match.
    found=$(sed 's/\\//g' docs/man/* | cat - "${papers[@]}" |
        grep -E "^(decant|    ).*[ =]nbds?(\+[a-z]+)?://[^ \"']*\?" || true)
    [ -z "$found" ] || complain "not in quotes: $found" ;;
targets)
    make -pRrn help >"$TEST_DIR/database" 2>/dev/null
    seen=0
    while read -r target; do
        seen=$((seen + 1))
        grep -q "^$target:" "$TEST_DIR/database" || complain "there is no make $target"
    done < <(cat "${papers[@]}" | grep -oE '(^    |`)make [a-z][a-z-]*' | sed 's/.*make //' | sort -u)
    [ "$seen" -ge 5 ] || fail "only $seen targets were looked at" ;;
links)
    seen=0
    for paper in "${papers[@]}"; do
        while read -r link; do
            seen=$((seen + 1))
            [ -e "$(dirname "$paper")/$link" ] || complain "$paper: there is no $link"
        done < <(grep -oE '\]\([^)#:]+' "$paper" | sed 's/^](//')
    done
    [ "$seen" -ge 5 ] || fail "only $seen links were looked at" ;;
paths)
    seen=0
    while read -r path; do
        seen=$((seen + 1))
        [ -e "$path" ] || complain "$(grep -lF "\`$path\`" "${papers[@]}" | tr '\n' ' ')name $path, which isn't there"
    done < <(grep -ohE '`(src|tests|docs|boards|rootfs|third_party)/[a-z0-9_./-]+`' "${papers[@]}" | tr -d '`' | sort -u)
    [ "$seen" -ge 10 ] || fail "only $seen paths were looked at" ;;
*) fail "no such case" ;;
esac
[ "$bad" -eq 0 ]
