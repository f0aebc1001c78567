#!/bin/bash
# SPDX-License-Identifier: MIT
# What was on the destination before must not show through, nor anything be left
# beside it: a file takes exactly the source's size, zeros replace old data, links
# and modes stay what they were.
#
# cases: longer-file shorter-file empty-source zeros-over-data same-copy-twice symlink mode
# cases: pipe-ends-early pipe-odd destination-is-zero-on-new sparse-stays-sparse sparse-0
# cases: zeros-in-data-become-holes commands-end copy-word null-takes-all version help

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit
make_image in.img 5000003 41

case $1 in
longer-file)
    junk out.img 9M
    must_copy in.img out.img ;;
shorter-file)
    junk out.img 1M
    must_copy in.img out.img ;;
empty-source)
    : >in.img
    junk out.img 1M
    must_copy in.img out.img ;;
zeros-over-data)
    rm in.img
    truncate -s 5000003 in.img
    junk out.img 5000003
    must_copy in.img out.img ;;
same-copy-twice)
    must_copy in.img out.img
    make_image in.img 4999999 42
    must_copy in.img out.img ;;
symlink)
    junk target.img 9M
    ln -s target.img out.img
    must_copy in.img out.img
    [ -L out.img ] || fail "the link was replaced"
    same in.img target.img ;;
mode)
    junk out.img 1M
    chmod 640 out.img
    must_copy in.img out.img
    [ "$(stat -c %a out.img)" = 640 ] || fail "the mode has changed" ;;
pipe-ends-early)
    junk out.img 9M
    head -c 1234567 in.img | must_copy - out.img
    truncate -s 1234567 in.img ;;
pipe-odd)
    # A pipe that comes in drips.
    (for ((i = 0; i < 500; i++)); do dd bs=10001 count=1 status=none; done) <in.img | must_copy - out.img ;;
destination-is-zero-on-new)
    truncate -s 5000003 out.img
    must_copy --destination-is-zero in.img out.img ;;
sparse-stays-sparse)
    requires_holes
    rm in.img
    sparse_image in.img 1G 0 500000000 1073676288
    must_copy in.img out.img
    allocated_at_most out.img 1M
    same_sparse in.img out.img
    exit 0 ;;
sparse-0)
    # -S 0: zeros in data are written as they are.
    head -c 4194304 /dev/zero >in.img
    cat in.img | must_copy --sparse=0 - out.img
    [ "$(stat -c '%b' out.img)" -ge 8192 ] || fail "holes in spite of -S 0" ;;
zeros-in-data-become-holes)
    requires_holes
    head -c 4194304 /dev/zero >in.img
    cat in.img | must_copy - out.img
    allocated_at_most out.img 64K ;;
commands-end)
    # tests/run fails a test that leaves processes behind; here it is said sooner.
    junk out.img 6M
    truncate -s 6M in.img
    must_copy '[' nbdkit --exit-with-parent -P "$PWD/a.pid" file in.img ']' \
        '[' nbdkit --exit-with-parent -P "$PWD/b.pid" file out.img ']'
    for pid in $(cat a.pid b.pid); do
        ! grep -q . "/proc/$pid/cmdline" 2>/dev/null || fail "$pid still runs"
    done ;;
copy-word)
    must_copy copy in.img out.img ;;
null-takes-all)
    run_decant --report in.img null:
    grep -q 'bytes=5000003 ' err || fail "got: $(cat err)"
    exit 0 ;;
version)
    run_decant --version >out
    [ "$code" -eq 0 ] || fail "exit code $code"
    grep -Eq '^decant [0-9]+\.[0-9]+' out || fail "got: $(cat out)"
    run_decant -V | cmp - out
    exit 0 ;;
help)
    run_decant --help=all >out
    [ "$code" -eq 0 ] || fail "exit code $code"
    for word in SOURCE DESTINATION --progress --report --memory --connections --sparse \
        --allocated --no-extents --destination-is-zero --no-flush --verbose --version; do
        grep -q -e "$word" out || fail "nothing about $word"
    done
    exit 0 ;;
*) fail "no such case" ;;
esac
same in.img out.img
