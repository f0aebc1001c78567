#!/bin/bash
# SPDX-License-Identifier: MIT
# What can't be copied from or to is refused in one line that names it, before
# anything is written, created or cut short.
#
# cases: source-missing source-directory destination-directory destination-in-no-directory
# cases: no-listener socket-missing export-unknown port-closed not-an-nbd-server server-hangs-up
# cases: command-fails command-missing server-read-only
# cases: same-file same-file-other-spelling same-file-symlink same-file-hard-link
# cases: device-missing device-missing-deeper device-missing-behind-a-link device-missing-elsewhere memory-below-dev

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit
guard_files
make_image in.img 100K

# As a source, to a file that is there and to one that isn't.
source_refused() {
    must_fail 1 "$1" "${@:2}" precious.img
    nothing_touched
    must_fail 1 "$1" "${@:2}" new.img
    nothing_touched
}

destination_refused() {
    must_fail 1 "$1" in.img "${@:2}"
}

# Listens on NAME.sock with perl, says TEXT to each that connects, hangs up.
serve_text() {
    perl -MIO::Socket::UNIX -e '
        alarm 300;
        my $l = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 8) or die;
        while (my $c = $l->accept) { print $c $ARGV[1]; close $c; }
    ' "$1.sock" "$2" >"$1.server" 2>&1 &
    server_pid[$1]=$!
    wait_listens "$1"
}

case $1 in
source-missing)
    source_refused 'nothing-here' nothing-here
    source_refused 'nowhere/nothing-here' nowhere/nothing-here ;;
source-directory)
    mkdir a-directory
    source_refused 'a-directory' a-directory ;;
destination-directory)
    mkdir a-directory
    destination_refused 'a-directory' a-directory
    [ -z "$(ls -A a-directory)" ] || fail "something was made in it" ;;
destination-in-no-directory)
    destination_refused 'nowhere/new.img' nowhere/new.img ;;
no-listener)
    perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "dead.sock", Listen => 1) or die'
    source_refused 'dead.sock' "$(uri dead)"
    destination_refused 'dead.sock' "$(uri dead)" ;;
socket-missing)
    source_refused 'absent.sock' "$(uri absent)"
    destination_refused 'absent.sock' "$(uri absent)" ;;
export-unknown)
    serve_nbd_server s in.img
    source_refused 'no-such-export' "$(uri s no-such-export)"
    destination_refused 'no-such-export' "$(uri s no-such-export)"
    serve_qemu q -f raw -x disk precious.copy
    source_refused 'no-such-export' "$(uri q no-such-export)"
    destination_refused 'no-such-export' "$(uri q no-such-export)" ;;
port-closed)
    # A port that was free a moment ago.
    port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport')
    source_refused "$port" "nbd://127.0.0.1:$port/" ;;
not-an-nbd-server)
    serve_text s 'HTTP/1.1 400 Bad Request and so on and so forth, at some length, for a while, you know'
    source_refused 's.sock' "$(uri s)"
    destination_refused 's.sock' "$(uri s)" ;;
server-hangs-up)
    serve_text s ''
    source_refused 's.sock' "$(uri s)"
    destination_refused 's.sock' "$(uri s)" ;;
command-fails)
    source_refused 'false' '[' false ']'
    destination_refused 'false' '[' false ']' ;;
command-missing)
    source_refused 'no-such-command' '[' no-such-command ']'
    destination_refused 'no-such-command' '[' no-such-command ']' ;;
server-read-only)
    serve_nbdkit s -r memory 1M
    destination_refused 'read-only|readonly' "$(uri s)" ;;
same-file)
    must_fail 1 'precious.img' precious.img precious.img ;;
same-file-other-spelling)
    must_fail 1 'precious.img' precious.img "./../$(basename "$PWD")//precious.img" ;;
same-file-symlink)
    ln -s precious.img link.img
    must_fail 1 'precious.img|link.img' precious.img link.img
    must_fail 1 'precious.img|link.img' link.img precious.img ;;
same-file-hard-link)
    ln precious.img link.img
    must_fail 1 'precious.img|link.img' precious.img link.img ;;
device-missing*|memory-below-dev)
    # A disk that didn't come up, or a typing error: a file in its place would fill the memory.
    requires_root
    missing=/dev/decant-test-$$
    at_exit+=("rm -rf $missing*") ;;&
device-missing)
    destination_refused "there is no $missing, and files are not made where devices live" "$missing"
    (cd /dev && "$DECANT" "$TEST_DIR/in.img" "./${missing##*/}" 2>"$TEST_DIR/err") && fail "exit code 0"
    grep -q "there is no" err || fail "not said: $(cat err)"
    [ ! -e "$missing" ] || fail "$missing was made" ;;
device-missing-deeper)
    mkdir "$missing"
    destination_refused "there is no $missing/disk" "$missing/disk"
    [ ! -e "$missing/disk" ] || fail "$missing/disk was made" ;;
device-missing-behind-a-link)
    ln -s "$missing" link.img
    ln -s link.img again.img
    destination_refused 'there is no link.img' link.img
    destination_refused 'there is no again.img' again.img
    [ ! -e "$missing" ] || fail "$missing was made" ;;
device-missing-elsewhere)
    # The devices of a system that is being set up.
    mkdir root
    mount -t devtmpfs devtmpfs root 2>mount.err || skip "may not mount: $(cat mount.err)"
    at_exit+=("umount root")
    destination_refused 'there is no' "root/${missing##*/}"
    [ ! -e "$missing" ] || fail "$missing was made" ;;
memory-below-dev)
    # Whoever mounts a file system there means it.
    mkdir "$missing"
    mount -t tmpfs tmpfs "$missing" 2>mount.err || skip "may not mount: $(cat mount.err)"
    at_exit=("umount $missing" "${at_exit[@]}")
    must_copy in.img "$missing/out.img"
    same in.img "$missing/out.img" ;;
*) fail "no such case" ;;
esac
nothing_touched
