#!/bin/bash
# SPDX-License-Identifier: MIT
# Building holds wherever somebody builds: what the scripts of third_party/ and the Makefile do below odd paths, without a network
# and when something is missing, and what they say then. Nothing is downloaded or installed; what they call is stood in for.
#
# cases: odd-path says-why clean-environment

. "$(dirname "$0")/../functions.sh"

# A tarball with one file, as the parts of others come.
make_tarball() {
    mkdir part-1
    echo "content" >part-1/file
    tar -cf part.tar part-1
}

# A copy of what builds, below a path that make, autoconf and kconfig don't like.
make_tree() {
    tree="$TEST_DIR/it's a \"tree\" of \$mine #1"
    mkdir -p "$tree/build/kernel-headers"
    (cd "$TOP" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$tree"
    cd "$tree"
}

case $1 in
odd-path)
    make_tarball
    make_tree
    "$TOP/third_party/build" build/part "$TEST_DIR/part.tar" \
        'pwd >../where && cp file .. && [ -e "$top/Makefile" ] && [ -d "$C_INCLUDE_PATH" ]' ||
        fail "it does not build: $(cat build/part/build.log)"
    [ "$(cat build/part/file)" = content ] || fail "what was made isn't there"
    [ -e build/part/src/file ] || fail "the source isn't kept"
    ! grep '[^A-Za-z0-9/._+-]' build/part/where || fail "that is no path for others' build systems"
    [ ! -e "$(cat build/part/where)" ] || fail "the temporary directory is left" ;;
says-why)
    make_tarball
    # The error, and then all that the other jobs still have to say.
    ! "$TOP/third_party/build" part part.tar \
        'echo "x.c:1: error: no such thing" && seq 1000 && exit 1' >out 2>&1 || fail "it should have failed"
    grep -q 'x.c:1: error: no such thing' out || fail "the error isn't shown: $(cat out)"
    grep -q 'part: the build failed, all of it is in .*/part/build.log' out || fail "no word of the log: $(cat out)"
    [ "$(wc -l <out)" -le 40 ] || fail "too much is shown"
    ! "$TOP/third_party/build" part part.tar 'seq 1000 && exit 1' >out 2>&1 || fail "it should have failed"
    grep -qw 1000 out || fail "where no line looks like an error, the last ones are shown" ;;
clean-environment)
    make_tarball
    CFLAGS=-O0 CPATH=/nowhere V=1 MAKEFLAGS=CFLAGS=-O0 LC_ALL=tr_TR.UTF-8 TZ=Asia/Kathmandu \
        "$TOP/third_party/build" part part.tar 'env >../environment; umask >>../environment'
    ! grep -E '^(CFLAGS|CPATH|V)=|O0|tr_TR|Kathmandu' part/environment || fail "the caller's environment gets through"
    grep -q '^LC_ALL=C$' part/environment || fail "the locale isn't C" ;;
*) fail "no such case" ;;
esac
