#!/bin/bash
# SPDX-License-Identifier: MIT
# What README and docs/ tell people to type has to work as it stands there: in any shell, with targets that exist, on files that
# exist.
#
# cases: quoted targets links paths parameters dnsmasq

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
parameters)
    # What the appliance takes for a parameter, and what its table has.
    sed -n '/^known_parameters="/,/"$/p' rootfs/settings | grep -oE 'decant\.[a-z-]+' | sort >"$TEST_DIR/known"
    sed -n 's/^| `\(decant\.[a-z-]*\)=*` |.*/\1/p' docs/APPLIANCE.md | sort >"$TEST_DIR/told"
    [ -s "$TEST_DIR/known" ] || fail "rootfs/settings knows none"
    diff "$TEST_DIR/known" "$TEST_DIR/told" || complain "rootfs/settings (<) and docs/APPLIANCE.md (>) differ"
    for word in $(grep -ohE '(parameter|has_word) "?decant\.[a-z-]+' rootfs/* rootfs/hooks/* 2>/dev/null | grep -oE 'decant\.[a-z-]+' | sort -u); do
        grep -qx "$word" "$TEST_DIR/known" || complain "$word is asked for, and not known"
    done
    sed -n 's/^\/\^\([a-z.]*\\*[a-z.]*\)=.*/\1/p' rootfs/network-words | tr -d '\\' | sort >"$TEST_DIR/words"
    [ "$(wc -l <"$TEST_DIR/words")" -ge 5 ] || fail "only these words were found: $(cat "$TEST_DIR/words")"
    while read -r word; do grep -q "^| \`$word=\` |" docs/APPLIANCE.md || complain "$word= is not in the table"; done <"$TEST_DIR/words" ;;
dnsmasq)
    PATH=$PATH:/usr/sbin
    requires_program dnsmasq
    sed -n '/^## The server$/,/^## [^T]/s/^    //p' docs/PXE.md >"$TEST_DIR/lines"
    [ "$(wc -l <"$TEST_DIR/lines")" -ge 10 ] || fail "only these lines were found: $(cat "$TEST_DIR/lines")"
    dnsmasq --test --conf-file="$TEST_DIR/lines" || complain "dnsmasq doesn't take what docs/PXE.md says: $(cat "$TEST_DIR/lines")" ;;
*) fail "no such case" ;;
esac
[ "$bad" -eq 0 ]
