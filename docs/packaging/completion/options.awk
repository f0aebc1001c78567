# SPDX-License-Identifier: MIT
# Of what --help=all, --long-options and --short-options print: each option as far as it can be completed, a tab, what it does.
function tell(i) {
    for (i = 1; i <= count; i++)
        print words[i] "\t" said
    count = 0
}
/^  (-|    --)[A-Za-z]/ {
    tell()
    sub(/^ +/, "")
    at = match($0, /  +/)
    sub(/,$/, "") # a list that goes on in the next line
    said = at ? substr($0, at + RLENGTH) : ""
    count = split(at ? substr($0, 1, at - 1) : $0, words, ", ")
    for (i = 1; i <= count; i++) {
        sub(/\[.*/, "", words[i])
        if (words[i] ~ /=/)
            sub(/[A-Z]+$/, "", words[i])
        name = words[i]
        sub(/=.*/, "", name)
        seen[name]
    }
    next
}
/^          / && count {
    sub(/^ +/, "")
    said = said (said ? " " : "") $0
    next
}
{ tell() }
/^-/ && !($1 in seen) { print $1 "\t" }
