#!/bin/bash
# SPDX-License-Identifier: MIT
# A command line that can't be meant is refused in one line that names the
# offending word, with the exit code for bad usage, before anything is opened:
# a typing mistake must never cost a disk.
#
# cases: unknown-option unknown-letter memory-without-value memory-not-a-size memory-too-small
# cases: connections-not-a-number connections-zero sparse-not-a-number
# cases: no-argument one-argument three-arguments unclosed-source unclosed-destination
# cases: empty-command null-as-source empty-source empty-destination unopened-bracket

. "$(dirname "$0")/../functions.sh"
guard_files
make_image in.img 100K

refused() {
    must_fail 64 "$@"
    nothing_touched
}

case $1 in
unknown-option)
    refused 'frobnicate' --frobnicate in.img precious.img
    refused 'frobnicate' --frobnicate in.img new.img ;;
unknown-letter)
    refused "[-']Z" -Z in.img precious.img ;;
memory-without-value)
    refused 'memory' in.img precious.img --memory
    refused 'memory' --memory ;;
memory-not-a-size)
    refused 'lots' --memory=lots in.img precious.img
    refused '12x' --memory=12x in.img precious.img
    refused '99999999999999999999' --memory=99999999999999999999 in.img precious.img
    refused '-1' --memory=-1 in.img precious.img
    refused '17592186044416M' --memory=17592186044416M in.img precious.img ;;
memory-too-small)
    refused 'memory' --memory=0 in.img precious.img
    refused 'memory' --memory=1 in.img precious.img ;;
connections-not-a-number)
    refused 'many' -C many in.img precious.img
    refused '4x' --connections=4x in.img precious.img ;;
connections-zero)
    refused 'connections' --connections=0 in.img precious.img ;;
sparse-not-a-number)
    refused 'some' --sparse=some in.img precious.img
    refused '4096z' -S 4096z in.img precious.img ;;
no-argument)
    refused '.' ;;
one-argument)
    refused 'destination|DESTINATION|in.img' in.img ;;
three-arguments)
    refused 'precious.img' in.img new.img precious.img
    refused 'precious.img|cpy' cpy in.img precious.img ;;
unclosed-source)
    refused '\[|\]' '[' nbdkit memory 1M precious.img
    refused '\[|\]' '[' nbdkit memory 1M ;;
unclosed-destination)
    refused '\[|\]' in.img '[' nbdkit file precious.img
    refused '\[|\]' in.img '[' ;;
empty-command)
    refused '\[|\]' '[' ']' precious.img
    refused '\[|\]' in.img '[' ']' ;;
null-as-source)
    refused 'null:' null: precious.img
    refused 'null:' null: new.img ;;
empty-source)
    refused '.' '' precious.img ;;
empty-destination)
    refused '.' in.img '' ;;
unopened-bracket)
    refused '.' nbdkit memory 1M ']' precious.img ;;
*) fail "no such case" ;;
esac
