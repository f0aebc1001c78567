#!/bin/bash
# SPDX-License-Identifier: MIT
# Once its ends are open, decant can't do what no copy takes, whoever has it in hand; and what a copy takes it still does. An intruder
# makes calls in a running copy: with the sandbox all are refused, without it the kernel has nothing against them.
#
# cases: intruder intruder-without intruder-mapfile intruder-unix intruder-started
# cases: version no-landlock no-seccomp neither outside-is-killed name-looked-up-again server-started-again tls-again blkhash-file own-descriptor

. "$(dirname "$0")/../functions.sh"

make_image in.img 2097152
mkdir tried map
touch tried/mine tried/victim
intruder=$TOP/build/tests/intruder

needs_kernel() {
    "$DECANT" --version --verbose >version
    grep -qx 'sandbox: system calls, files' version || skip "this kernel has no whole sandbox: $(tail -n 1 version)"
}

# Copies slowly, until something has arrived, and lets the intruder in; the copy has to end well.
intrude() { # OUT ARGUMENTS...
    [ "$(uname -m)" = x86_64 ] || skip "the calls of this processor aren't known"
    [ -x "$intruder" ] || fail "$intruder: build first (make check)"
    "$DECANT" --rate-limit=512k "${@:2}" 2>err &
    pid=$!
    at_exit=("kill -KILL $pid 2>/dev/null" "${at_exit[@]}")
    wait_for cmp -s -n 65536 in.img "$1" 2>cmp.err
    "$intruder" "$pid" "$PWD/tried" >calls || skip "no process may be watched here"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    same in.img "$1"
    [ "$(wc -l <calls)" -ge 30 ] || fail "only these were tried: $(cat calls)"
}
# All but these, which the copy takes itself.
refused() { # NAMES
    local through
    through=$(sed -n 's/ let through$//p' calls)
    [ "$through" = "$1" ] || fail "let through: $through"
}

case $1 in
intruder)
    needs_kernel
    intrude out.img in.img out.img
    refused ""
    [ -e tried/victim ] && [ ! -e tried/fresh ] || fail "something was changed" ;;
intruder-without)
    requires_root # others are refused some of it in any case
    intrude out.img --no-sandbox in.img out.img
    [ "$(grep -c 'let through$' calls)" -ge 25 ] || fail "the intruder can do nothing anyway: $(cat calls)"
    [ ! -e tried/victim ] || fail "it didn't do what it did" ;;
intruder-mapfile)
    # Files are made and renamed in the map's directory, and nowhere else.
    needs_kernel
    intrude out.img --mapfile=map/map in.img out.img
    refused "" ;;
intruder-unix)
    # Servers may be connected to again, but only where they were.
    needs_kernel
    truncate -s 2M out.img
    serve_qemu d --discard=unmap -f raw out.img
    intrude out.img in.img "$(uri d)"
    refused "" ;;
intruder-started)
    # Who listens to a server is forked, and may have to be ended.
    needs_kernel
    truncate -s 2M out.img
    intrude out.img in.img [ qemu-nbd --discard=unmap -f raw out.img ]
    refused "kill" ;;
version)
    "$DECANT" --version >version
    [ "$(wc -l <version)" -eq 1 ] || fail "it says more than it was asked: $(cat version)"
    for words in '--version -v' '-v --version' '-V --verbose'; do
        # shellcheck disable=SC2086
        "$DECANT" $words >version
        sed -n 2p version | finds -Ex 'sandbox: (system calls|files|none).*' || fail "$words: $(cat version)"
    done
    "$DECANT" -v --no-sandbox in.img out.img 2>err
    grep -qx 'decant: sandbox: none (--no-sandbox)' err || fail "it says: $(cat err)" ;;
no-landlock|no-seccomp|neither)
    # A kernel that lacks one of them has the other; and what there is is said.
    requires_strace
    needs_kernel
    inject=()
    case $1 in
    no-landlock) says='system calls; not files, for want of Landlock' ;;
    no-seccomp) says='files; not system calls, for want of seccomp' ;;
    *) says='none, for want of seccomp and Landlock' ;;
    esac
    [ "$1" = no-seccomp ] || inject+=(-e inject=landlock_create_ruleset:error=ENOSYS)
    [ "$1" = no-landlock ] || inject+=(-e inject=seccomp:error=ENOSYS -e inject=prctl:error=EINVAL:when=2+)
    strace -f -o trace "${inject[@]}" "$DECANT" -v --verify in.img out.img 2>err || fail "exit code $?: $(cat err)"
    same in.img out.img
    grep -qxF "decant: sandbox: $says" err || fail "it says: $(cat err)" ;;
outside-is-killed)
    # Nothing hangs: what only it could have done fails, and is told.
    needs_kernel
    "$DECANT" --rate-limit=1M --verify in.img out.img 2>err &
    pid=$!
    at_exit=("kill -KILL $pid 2>/dev/null" "${at_exit[@]}")
    wait_for cmp -s -n 65536 in.img out.img 2>cmp.err
    kill -KILL $(cat "/proc/$pid/task/$pid/children")
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code: $(cat err)"
    grep -q '^decant: cannot open out.img: Broken pipe; all is copied, but it isn.t verified' err || fail "it says: $(cat err)"
    same in.img out.img ;;
name-looked-up-again)
    # A server that is read back is connected to anew, by its name.
    needs_kernel
    truncate -s 2M out.img
    serve_on_port d qemu-nbd --persistent --shared=8 --bind=127.0.0.1 --pid-file=d.pid --discard=unmap -f raw out.img
    "$DECANT" --verify in.img "nbd://localhost:$port" 2>err || fail "exit code $?: $(cat err)"
    same in.img out.img ;;
server-started-again)
    # It is no child of the sandbox's, and yet one of ours.
    needs_kernel
    truncate -s 2M out.img
    "$DECANT" --rate-limit=512k in.img [ sh -c 'echo $$ >>pids; exec qemu-nbd --discard=unmap -f raw out.img' ] 2>err &
    pid=$!
    at_exit=("kill -KILL $pid 2>/dev/null" "${at_exit[@]}")
    wait_for cmp -s -n 65536 in.img out.img 2>cmp.err
    kill -KILL "$(cat pids)"
    wait_for grep -q 'is back' err
    server=$(tail -n 1 pids)
    grep -q "^PPid:[[:space:]]*$pid\$" "/proc/$server/status" && grep -q '^Seccomp:[[:space:]]*0$' "/proc/$server/status" ||
        fail "the server is: $(cat "/proc/$server/status")"
    wait "$pid" || fail "exit code $?: $(cat err)"
    same in.img out.img
    [ ! -e "/proc/$server" ] || fail "the server is left" ;;
tls-again)
    # A handshake reads its files anew.
    needs_kernel
    # shellcheck source=/dev/null
    . "$TOP/tests/tls.sh"
    make_server p256
    serve_tls s qemu x509 in.img -r
    "$DECANT" --rate-limit=512k "$(tls_uri s "$with_ca&tls-hostname=localhost")" out.img 2>err &
    pid=$!
    at_exit=("kill -KILL $pid 2>/dev/null" "${at_exit[@]}")
    wait_for cmp -s -n 65536 in.img out.img 2>cmp.err
    end_server s
    serve_tls s qemu x509 in.img -r
    wait "$pid" || fail "exit code $?: $(cat err)"
    grep -q 'is back' err || fail "it wasn't lost: $(cat err)"
    same in.img out.img ;;
blkhash-file)
    # It is written at the end, and taken away where the copy fails; a list of blocks gets its name at the end.
    needs_kernel
    "$DECANT" --blkhash-file=map/digest in.img out.img
    [ -s map/digest ] || fail "there is no digest"
    "$DECANT" digest --blocks=map/blocks in.img >digest
    [ -s map/blocks ] && [ ! -e map/blocks.new ] || fail "there is no list: $(ls map)"
    "$DECANT" --blkhash-file=map/other --expect=sha256:$(printf '%064d' 0) in.img out.img 2>err && fail "it ended well"
    [ ! -e map/other ] || [ -s map/other ] || fail "an empty digest was left" ;;
own-descriptor)
    # Such a name is another's elsewhere.
    needs_kernel
    : >out.img
    "$DECANT" --verify /dev/fd/7 /dev/fd/8 7<in.img 8<>out.img 2>err || fail "exit code $?: $(cat err)"
    same in.img out.img ;;
*) fail "no such case" ;;
esac
