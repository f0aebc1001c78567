# SPDX-License-Identifier: MIT
# What fish completes on decant's command line, beside files. Verbs and options are asked of the program, so they are those that it
# has.

function __decant_complete
    set -l before (commandline -opc)
    set -l program (string replace -r '^~' $HOME -- $before[1])
    set -l verb
    set -l verbs
    set -l inside
    set -l inner

    if test (basename -- $program) = decant
        set verbs ($program --help=all 2>/dev/null </dev/null | string replace -rf '^(?:Usage:)? +decant \[?([a-z]+)\]? \[OPTIONS\].*' '$1')
    end
    if set -q before[2]; and contains -- $before[2] $verbs
        set verb $before[2]
    end
    for word in $before[2..-1]
        switch $word
            case '['
                set inside 1
                set inner
            case ']'
                set inside
            case '*'
                set -a inner $word
        end
    end
    if test -n "$inside"
        complete -C (string join ' ' -- (string escape -- $inner) (commandline -ct))
    else if string match -q -- '-*' (commandline -ct)
        begin
            $program $verb --help=all
            $program $verb --long-options
            $program $verb --short-options
        end 2>/dev/null </dev/null | awk '
@OPTIONS@
'
    else if test (count $before) -eq 1
        printf '%s\n' $verbs
    end
end

for name in @NAMES@
    complete -c $name -a '(__decant_complete)'
end
