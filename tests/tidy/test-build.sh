#!/bin/bash
# SPDX-License-Identifier: MIT
# Building holds wherever somebody builds: what the scripts of third_party/ and the Makefile do below odd paths, without a network
# and when something is missing, and what they say then. Nothing is downloaded or installed; what they call is stood in for.
#
# shellcheck disable=SC2016 # the dollars are make's, or those of the commands under test
#
# cases: odd-path says-why clean-environment build-time rebuilt-when-the-words-change locale missing

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
build-time)
    requires_program git
    expect_time() {
        local tree=$1 expected=$2 got
        got=$("$tree/build-time" 2>err) || fail "$3: $(cat err)"
        [ "$got" = "$expected" ] || fail "$3: $got instead of $expected: $(cat err)"
    }
    unset SOURCE_DATE_EPOCH
    export GIT_CONFIG_NOSYSTEM=1 HOME=$TEST_DIR
    mkdir repository unpacked bare outer outer/inner
    cp "$TOP/build-time" "$TOP/.gitattributes" repository
    git -C repository init -q 2>/dev/null
    git -C repository add .
    GIT_COMMITTER_DATE='1700000000 +0545' git -C repository -c user.name=a -c user.email=b commit -qm c
    touch repository/later
    expect_time repository 1700000000 "a commit's time"
    LC_ALL=tr_TR.UTF-8 TZ=Asia/Kathmandu expect_time repository 1700000000 "elsewhere"
    # git's own way to try what it does in the repository of another owner.
    GIT_TEST_ASSUME_DIFFERENT_OWNER=1 expect_time repository 1700000000 "another owner"
    git -c advice.detachedHead=false clone -q --depth 1 "file://$PWD/repository" shallow
    expect_time shallow 1700000000 "a shallow clone"
    SOURCE_DATE_EPOCH=5 expect_time repository 5 "SOURCE_DATE_EPOCH"
    git -C repository archive HEAD | tar -x -C unpacked
    expect_time unpacked 1700000000 "an archive"
    [ ! -s err ] || fail "an archive knows its time: $(cat err)"
    # A tree of nothing but files, also within the repository of something else.
    cp "$TOP/build-time" bare
    expect_time bare 1793491200 "no git"
    grep -q 'neither git nor' err || fail "it isn't said that the time is unknown"
    cp -r repository/.git outer
    cp "$TOP/build-time" outer/inner
    expect_time outer/inner 1793491200 "inside another repository"
    rm repository/.git/HEAD
    expect_time repository 1793491200 "git fails"
    { grep -q '^fatal: ' err && grep -q "git doesn't tell" err; } || fail "git's refusal is swallowed: $(cat err)" ;;
rebuilt-when-the-words-change)
    # What was compiled with another time or other flags isn't taken for the same.
    make_tree
    words() { make --no-print-directory "build/obj/words-$1" "${@:2}" >/dev/null && stat -c %y "build/obj/words-$1"; }
    for change in "flags CFLAGS=-O1" "time SOURCE_DATE_EPOCH=5" "objects LDFLAGS=-s"; do
        # shellcheck disable=SC2086 # two words
        set -- $change
        first=$(words "$1")
        [ "$(words "$1")" = "$first" ] || fail "$1: made again for nothing"
        [ "$(words "$1" "$2")" != "$first" ] || fail "$1: not made again with $2"
    done ;;
locale)
    cd "$TOP"
    # What a recipe runs has it from make, what is run by hand sets it.
    got=$(LC_ALL=tr_TR.UTF-8 LANGUAGE=tr make --no-print-directory --eval 'probe: ; @echo "$$LC_ALL $$LANGUAGE"' probe)
    [ "$got" = "C " ] || fail "recipes run with $got"
    seen=0
    for script in build-time third_party/* rootfs/modules boards/demo; do
        head -c 2 "$script" | grep -q '#!' || continue
        seen=$((seen + 1))
        grep -q '^export LC_ALL=C$' "$script" || fail "$script sorts and matches as its caller's language does"
    done
    [ "$seen" -ge 6 ] || fail "only $seen scripts were looked at" ;;
missing)
    # A machine that has hardly anything, and one that is no Debian.
    mkdir none
    for program in sh dirname sed; do ln -s "$(command -v "$program")" none; done
    printf '%s\n' '# a comment' 'decant sed sed' 'decant nowhere-gcc gcc' 'decant nowhere-cc gcc' "decant $TEST_DIR/no.h libc6-dev" \
        "decant $TEST_DIR/none dir" 'image nowhere-depmod kmod' >tools
    export TOOLS=$TEST_DIR/tools
    ! "$TOP/third_party/missing" decant image 2>err || fail "nothing is missing?"
    for word in nowhere-gcc nowhere-cc "$TEST_DIR/no.h" nowhere-depmod; do
        grep -qx "    $word" err || fail "$word isn't named: $(cat err)"
    done
    ! grep -Eqx "    (sed|$TEST_DIR/none)" err || fail "what is there is called missing: $(cat err)"
    if command -v apt-get; then
        grep -qx '    apt-get install gcc libc6-dev kmod' err || fail "no line to paste: $(cat err)"
    fi
    ! PATH=$TEST_DIR/none "$TOP/third_party/missing" decant 2>err || fail "nothing is missing?"
    ! grep -q depmod err || fail "what only an image takes isn't missed otherwise"
    # make asks first, and starts nothing.
    make_tree
    ! make all >out 2>&1 || fail "make goes on"
    grep -q nowhere-gcc out || fail "make doesn't ask: $(cat out)"
    ! grep -E '^(building [a-z]+$|fetch|gcc|make: gcc)' out || fail "something was started"
    [ "$(ls build)" = kernel-headers ] || fail "something was made: $(ls build)"
    unset TOOLS
    # And what is named there exists where this tree builds.
    third_party/missing decant image || fail "the list has what building doesn't take" ;;
*) fail "no such case" ;;
esac
