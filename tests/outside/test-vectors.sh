#!/bin/bash
# SPDX-License-Identifier: MIT
# Ciphers, signatures, agreements and certificate paths, held to vectors that others wrote to find what such code gets wrong: Wycheproof's
# and NIST's. What decant makes of them is what they say, but for what KIND.verdicts beside this lists and explains.
#
# cases: gcm aes-gcm chacha hmac ecdsa rsa ecdh dh pkits

. "$(dirname "$0")/../functions.sh"
requires_program python3 openssl
outside=$TOP/tests/outside built=$TOP/build/tests/outside
unpacked=$TOP/build/third_party/vectors
requires_file "$unpacked/version"

# judged PROGRAM [ARGUMENT...]: prints the line of figures, or what is wrong.
judged() {
    if "$built/$1" "${@:2}" <lines >verdicts 2>err; then
        "$outside/judge" "$kind" vectors verdicts "${list[@]}"
    else
        cat err
        return 1
    fi
}

kind=$1 list=()
[ ! -e "$outside/$kind.verdicts" ] || list=("$outside/$kind.verdicts")
"$outside/vectors" "$kind" "$unpacked" >vectors
# The programs don't see what is expected of them.
awk '$2 != "skip" { $2 = ""; print }' vectors >lines
case $kind in
gcm)
    # By all engines that the processor has.
    for engine in $("$built/gcm" engines); do figures=$(judged gcm "$engine") || fail "$engine: $figures"; done ;;
pkits) figures=$(judged paths) || fail "$figures" ;;
*) figures=$(judged bearssl) || fail "$figures" ;;
esac
echo "taken, refused, of both by the list, left out: $figures"
[ -z "${VECTORS_FIGURES-}" ] || echo "$figures" >>"$VECTORS_FIGURES"
