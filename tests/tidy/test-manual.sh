#!/bin/bash
# SPDX-License-Identifier: MIT
# An option that isn't in the manual doesn't exist for the operator, and one that is there alone doesn't exist for the program. Each verb
# has its page, which has the options that it takes, but for those of all verbs, and no others. --help fits on a screen.
#
# cases: options no-others appliance pages screens

. "$(dirname "$0")/../functions.sh"
man=$TOP/docs/man

verbs() { sed -n 's/^  \.name = "\(.*\)",$/\1/p' "$TOP"/src/cli/options_*.c; }
plain() { sed 's/\\-/-/g; s/\\f.//g' "$@"; }

case $1 in
options)
    seen=0
    for verb in $(verbs); do
        plain "$man/decant-$verb.1" >page
        # The options of all verbs.
        plain "$man/decant.1" | sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' >>page
        { "$DECANT" "$verb" --long-options; "$DECANT" "$verb" --short-options; } >options
        while read -r option; do
            seen=$((seen + 1))
            grep -Eq -e "(^|[^a-z-])$option([^a-z-]|\$)" page || fail "$option is not in docs/man/decant-$verb.1"
        done <options
    done
    [ "$seen" -gt 120 ] || fail "only $seen options were looked for" ;;
no-others)
    for verb in $(verbs); do
        "$DECANT" "$verb" --long-options >options
        # What an entry begins with.
        plain "$man/decant-$verb.1" | sed -n '/^\.TP/ { n; p }' | grep -oE -e '--[a-z][a-z0-9-]*' | sort -u >written
        while read -r option; do
            grep -qx -e "$option" options || fail "docs/man/decant-$verb.1 has $option, which decant $verb doesn't take"
        done <written
        [ "$verb" = digest ] || [ -s written ] || fail "docs/man/decant-$verb.1 has no option"
    done ;;
appliance)
    sed -n '/^## Parameters/,/^A value/p' "$TOP/docs/APPLIANCE.md" | grep -oE '^\| `[A-Za-z.-]+=?`' | tr -d '|` ' | sort >told
    plain "$man/decant-appliance.7" | sed -n '/^\.SH PARAMETERS/,/^\.SH RESULT/ { /^\.TP/ { n; s/^\.B[IR]* \([A-Za-z.-]*=*\).*/\1/p } }' | sort >written
    diff told written || fail "docs/APPLIANCE.md (<) and decant-appliance(7) (>) have other parameters"
    [ "$(wc -l <told)" -ge 8 ] || fail "few parameters: $(cat told)"
    # The bare words that a parameter takes, as the table has them, and what can stand in a URL are in its entry, too.
    entry() { plain "$man/decant-appliance.7" | sed -n '/^\.SH PARAMETERS/,/^\.SH [^P]/p' | awk -v name="$1" '/^\.TP/ { getline; ours = index($2, name) == 1 } ours'; }
    awk -F '`' '/^\| `decant\.[a-z-]*=` \|/ { for (i = 4; i <= NF; i += 2) if ($i ~ /^([a-z][a-z][a-z]+|\{[a-z]+\})$/) print $2, $i }' "$TOP/docs/APPLIANCE.md" >words
    grep -oE '\{[a-z]+\}' "$TOP/rootfs/fetch" | sort -u | sed 's/^/decant.config= /' >>words
    while read -r name word; do
        entry "$name" | finds -Fw -e "$word" || fail "decant-appliance(7) doesn't say that $name takes $word"
        grep -F "| \`$name\` |" "$TOP/docs/APPLIANCE.md" | finds -Fw -e "$word" || fail "docs/APPLIANCE.md doesn't say that $name takes $word"
    done <words
    [ "$(wc -l <words)" -ge 15 ] || fail "few words: $(cat words)" ;;
pages)
    # Each has what man and apropos look for, and leads only to pages that are there, or are others'.
    plain "$man/decant.1" >decant.1
    for page in "$man"/*; do
        name=${page##*/}
        section=${name##*.} name=${name%.*}
        grep -q "^\.TH ${name^^} $section " "$page" || fail "$name: another name or section in its title"
        plain "$page" | sed -n '/^\.SH NAME/ { n; p }' | grep -Ec "^$name(, [a-z, ]*)? - [a-z]" >/dev/null || fail "$name: no NAME"
        plain "$page" | grep -oE '^\.BR? decant[a-z-]* \([17]\)' | tr -d '()' | while read -r _ other number; do
            [ -e "$man/$other.$number" ] || fail "$name leads to $other($number), which isn't there"
        done
        [ "$name" = decant ] || grep -q "^\.BR $name ($section)" decant.1 || fail "decant(1) doesn't lead to $name"
    done ;;
screens)
    # Whoever asks first has a serial console that doesn't scroll back; what other verbs take, somebody asks who has got that far.
    for verb in $(verbs); do
        "$DECANT" "$verb" --help >help
        case $verb in copy) lines=24 ;; *) lines=40 ;; esac
        [ "$(wc -l <help)" -lt "$lines" ] || fail "decant $verb --help has $(wc -l <help) lines"
        "$DECANT" "$verb" --help=all >all
        grep -oE -e '--[a-z][a-z-]*' help | sort -u | while read -r option; do
            grep -q -e "$option" all || fail "$option is in decant $verb --help, and not in --help=all"
        done
    done ;;
*) fail "no such case" ;;
esac
