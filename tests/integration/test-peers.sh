#!/bin/bash
# SPDX-License-Identifier: MIT
# docs/PEERS.md says what decant and others do, and what to type in the place of what: its commands end as it says, and what comes of
# both sides is the same. Programs that aren't there are left out, but not those that tests take anyway.
#
# cases: shows dd nbdcopy-and-nbdinfo qemu-img ddrescue bmaptool coreos-installer partclone

. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/../stage.sh"
requires_program mkfs.ext4 unshare losetup nbdkit qemu-nbd qemu-img nbdcopy ddrescue xz
requires_nbdkit_filter error
enter_stage "$@"

make_image golden.img 6M 1
make_image sda.img 8M 2
truncate -s 8M sdb.img
qemu-img convert -f raw -O vmdk golden.img vm.vmdk
qemu-img convert -f raw -O qcow2 golden.img vm.qcow2
xz -k golden.img
printf '0x0 ? 1\n0x0 0x200000 +\n0x200000 0x600000 ?\n' >used.map
disk sda sda.img pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0 WD-1
disk sdb sdb.img pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0/host6/target6:0:0/6:0:0:0 S-2
# Its last 64 KiB can't be read.
cp golden.img spoilt.img
attach bad spoilt.img
cp -a "$bad" dev/
ln -s "$bad" bad.img
truncate -s $((6 * 1048576 - 65536)) spoilt.img
stage_is_set

mkdir exports
ln -s "$TEST_DIR/golden.img" exports/golden
ln -s "$bad" exports/bad
# The exports golden and bad, on the port that a URI without one means.
nbdkit --exit-with-parent --foreground --pidfile server.pid -r file dir="$TEST_DIR/exports" >>server.server 2>&1 &
server_pid[server]=$!
wait_pidfile server

# rows HEADING: the table's rows there, as they are typed.
rows() {
    awk -v heading="$1" '/^#+ /{ title = $0; sub(/^#+ /, "", title) } title == heading && /^\| [`0-9]/' "$TOP/docs/PEERS.md"
}

# Runs it as it stands; $code.
try() {
    code=0
    timeout --foreground "$DECANT_LIMIT_S" sh -c "$1" </dev/null >said 2>err || code=$?
}

# As before any command.
reset() {
    rm -f out.img out.qcow2 sda.map out.map ext4.map ext4-copy.img
    dd if=/dev/zero of=/dev/sdb bs=1M count=8 conv=fsync status=none
    [ ! -e ext4.img ] || truncate -s "$(size_of ext4.img)" ext4-copy.img
    case $1 in *'golden.img out.img') cp golden.img out.img ;; esac
}

# What has come of a command.
result() {
    sync -f sdb.img
    dd if=/dev/sdb bs=1M iflag=direct status=none | sha256sum
    [ ! -e ext4-copy.img ] || sha256sum <ext4-copy.img
    [ ! -e out.img ] || sha256sum <out.img
    [ ! -e out.qcow2 ] || { qemu-img convert -f qcow2 -O raw out.qcow2 out.raw; sha256sum <out.raw; }
}

case $1 in
shows)
    rows 'What shows it' >table
    [ "$(wc -l <table)" -ge 10 ] || fail "few rows: $(cat table)"
    while IFS='|' read -r _ expected command _; do
        command=$(sed 's/^ `//; s/` $//' <<<"$command")
        reset "$command"
        try "$command"
        [ "$code" -eq "$expected" ] || fail "exit code $code, not$expected: $command: $(cat err)"
    done <table ;;
*)
    [ "$1" != partclone ] || { truncate -s 32M ext4.img; mkfs.ext4 -q -F ext4.img; }
    [ "$1" != bmaptool ] || ! command -v bmaptool >/dev/null || bmaptool create -o golden.bmap golden.img
    heading=${1//-and-/ and }
    rows "$heading" | sed 's/\\|/\x01/g' >table
    [ -s table ] || fail "no rows of $heading"
    while IFS='|' read -r _ theirs ours _; do
        theirs=$(sed 's/^ `//; s/` $//; s/\x01/|/g' <<<"$theirs") ours=$(sed 's/^ `//; s/` $//; s/\x01/|/g' <<<"$ours")
        there=
        case $1 in dd | nbd* | qemu-img | ddrescue) there=1 ;; esac
        command -v "${theirs%% *}" >/dev/null && there=1
        if [ -n "$there" ]; then
            reset "$theirs"
            try "$theirs"
            [ "$code" -eq 0 ] || fail "exit code $code: $theirs: $(cat err)"
            result >theirs
        fi
        [ -n "$there" ] || [ "$1" != partclone ] || continue # which stands on either side
        reset "$ours"
        try "$ours"
        [ "$code" -eq 0 ] || fail "exit code $code: $ours: $(cat err)"
        [ -z "$there" ] || result | diff theirs - || fail "$theirs and $ours don't come to the same"
    done <table ;;
esac
