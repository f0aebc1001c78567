#!/bin/bash
# SPDX-License-Identifier: MIT
# The source tarball of `make dist` is what others build from: it has all that is committed and nothing else, it is the same
# bytes whoever makes it and wherever, also out of itself, and it builds the same program without git.
#
# cases: whole same-bytes builds

. "$(dirname "$0")/../functions.sh"
requires_program git
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL SOURCE_DATE_EPOCH
export GIT_CONFIG_NOSYSTEM=1 HOME=$TEST_DIR
commit_time=1700000000

# This tree, committed as it is.
mkdir tree
(cd "$TOP" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C tree
# Its time is the commit's again, also where this tree was a tarball itself.
sed -i "s/^archived=.*/archived='\$Format:%ct\$'/" tree/third_party/build-time
git -C tree init -q 2>/dev/null
git -C tree add .
GIT_COMMITTER_DATE="$commit_time +0545" git -C tree -c user.name=a -c user.email=b commit -qm c

dist() { make --no-print-directory -C "$1" dist >out 2>&1 || fail "make dist in $1: $(cat out)"; } # TREE
make_first() {
    dist tree
    name=$(basename tree/build/*.tar.gz .tar.gz)
    [ "$name" = "decant-$("$DECANT" --version | cut -d' ' -f2)" ] || fail "it is called $name"
    mv "tree/build/$name.tar.gz" first.tar.gz
}
is_same() { cmp "$1/build/$name.tar.gz" first.tar.gz || fail "$2 it is another tarball: $(cat out)"; } # TREE WHERE

case $1 in
whole)
    touch tree/stray
    make_first
    grep -q 'what is not committed is not in it' out || fail "it isn't said that something stays out: $(cat out)"
    tar -tf first.tar.gz | sed "s|^$name/||" | grep -v '/$' | sort | diff <(git -C tree ls-files | sort) - |
        grep '^[<>] .' && fail "committed (<), packed (>)"
    TZ=UTC0 tar -tvf first.tar.gz --numeric-owner --full-time | awk '{ print $1, $2, $4, $5 }' | sort -u >looks
    printf '%s 0/0 2023-11-14 22:13:20\n' -rw-r--r-- -rwxr-xr-x drwxr-xr-x lrwxr-xr-x | diff - looks || fail "modes, owners and times" ;;
same-bytes)
    make_first
    (umask 077 && LC_ALL=tr_TR.UTF-8 TZ=Asia/Kathmandu GIT_DIR=/nowhere dist tree)
    is_same tree "elsewhere"
    git clone -q tree clone
    find clone -name '*.c' -exec touch -d 2001-01-01 {} +
    dist clone
    is_same clone "in a clone"
    # Out of itself, by somebody who doesn't let others read, with something built.
    (umask 077 && tar -xf first.tar.gz --no-same-permissions)
    mkdir "$name/build"
    touch "$name/build/program"
    dist "$name"
    is_same "$name" "out of itself"
    # And while others begin to build in it: then tar must not read the directory itself, which changes by that.
    rm -r "$name/build"
    mkdir stubs
    printf '%s\n' '#!/bin/sh' 'case " $* " in *" . "*) echo "tar: .: file changed as we read it" >&2; exit 1 ;; esac' "exec $(command -v tar) \"\$@\"" >stubs/tar
    chmod +x stubs/tar
    (PATH=$TEST_DIR/stubs:$PATH && dist "$name")
    is_same "$name" "beside others"
    SOURCE_DATE_EPOCH=5 dist tree
    ! cmp -s "tree/build/$name.tar.gz" first.tar.gz || fail "SOURCE_DATE_EPOCH counts for nothing" ;;
builds)
    SOURCE_DATE_EPOCH=$("$TOP/third_party/build-time") make_first
    tar -xf first.tar.gz
    # Parts of others are taken as they are built, however old; tests/tidy/test-build.sh looks at how they come.
    mkdir "$name/build"
    ln -s "$TOP/build/third_party" "$name/build/third_party"
    built=$(printf -- '-o build/third_party/%s ' {libnbd/libnbd,bearssl/libbearssl}.a {libnbd/libnbd,bearssl/include/bearssl}.h)
    mkdir none
    printf '#!/bin/sh\nexit 1\n' >none/git
    chmod +x none/git
    # shellcheck disable=SC2086 # words
    PATH=$TEST_DIR/none:$PATH nice make --no-print-directory -j2 $built -C "$name" >out 2>&1 || fail "it doesn't build: $(cat out)"
    ! grep -q build-time out || fail "it doesn't know its time: $(cat out)"
    "$name/build/decant" --version
    # With the same flags it is the same program, also for debuggers.
    if cmp -s {"$TOP","$name"}/build/obj/words-flags; then
        same "$TOP/build/decant" "$name/build/decant"
        same "$TOP/build/decant.debug" "$name/build/decant.debug"
    fi ;;
*) fail "no such case" ;;
esac
