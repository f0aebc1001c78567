#!/bin/bash
# SPDX-License-Identifier: MIT
# An option that isn't in the manual doesn't exist for the operator.
. "$(dirname "$0")/../functions.sh"

sed 's/\\-/-/g; s/\\f.//g' "$TOP/docs/decant.1" >manual
{ "$DECANT" --long-options; "$DECANT" --short-options; } >options
[ "$(wc -l <options)" -gt 20 ] || fail "few options: $(cat options)"
while read -r option; do
    grep -Eq -e "(^|[^a-z-])$option([^a-z-]|\$)" manual || fail "$option is not in docs/decant.1"
done <options
