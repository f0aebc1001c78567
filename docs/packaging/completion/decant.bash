# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What bash completes on decant's command line. Verbs and options are asked of the program, so they are those that it has.

# __decant_options PROGRAM [VERB]
__decant_options() {
    { "$@" --help=all; "$@" --long-options; "$@" --short-options; } 2>/dev/null </dev/null | awk '
@OPTIONS@
' | cut -f 1
}

# __decant_verbs PROGRAM: none where the program is called by another name.
__decant_verbs() {
    [ "${1##*/}" = decant ] || return 0
    "$1" --help=all 2>/dev/null </dev/null | sed -nE 's/^(Usage:)? +decant \[?([a-z]+)\]? \[OPTIONS\].*/\2/p'
}

_decant() {
    local program=${COMP_WORDS[0]/#\~/$HOME} word=${COMP_WORDS[COMP_CWORD]} verb='' inside='' verbs i

    verbs=$(__decant_verbs "$program")
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        '[') inside=1 ;;
        ']') inside='' ;;
        *) [ "$i" -ne 1 ] || verb=$(grep -Fx -e "${COMP_WORDS[i]}" <<<"$verbs") ;;
        esac
    done
    COMPREPLY=()
    if [ "$inside" ]; then
        [ "${COMP_WORDS[COMP_CWORD - 1]}" != '[' ] || mapfile -t COMPREPLY < <(compgen -c -- "$word")
    elif [ "${word:0:1}" = - ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(__decant_options "$program" ${verb:+"$verb"})" -- "$word")
        [[ ${COMPREPLY[0]-} != *[=:] ]] || compopt -o nospace
    elif [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word"; compgen -f -- "$word")
        compopt -o filenames
    fi
}

# Where nothing is said here, files.
complete -o default -F _decant @NAMES@
