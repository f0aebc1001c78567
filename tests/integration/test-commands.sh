#!/bin/bash
# SPDX-License-Identifier: MIT
# What README and docs/RECIPES.md tell people to type does what they say: each command is taken from the paper and run as it stands there,
# on a machine that has the disks and servers that it names.
#
# cases: every-recipe readme readme-make
# cases: write-an-image-to-a-stick write-a-compressed-image look-whether-a-stick-still-holds-its-image move-to-another-disk
# cases: keep-an-image-of-a-disk keep-it-compressed bring-it-back name-a-disk-by-what-it-is vmware-to-qcow2 qcow2-onto-a-real-disk
# cases: a-real-disk-to-a-compressed-qcow2 back-up-a-machine-then-only-what-has-changed rebuild-a-chain-of-images
# cases: out-of-a-program-that-has-the-disk-open out-of-a-container over-ssh rescue-a-laptop rescue-it-to-a-server
# cases: try-the-bad-sectors-again copy-a-disk-that-has-one-bad-sector image-a-fleet go-on-after-a-cut leave-something-for-others
# cases: see-what-a-server-has see-where-the-data-lies see-how-fast-it-can-be let-a-script-know-what-came-of-it
# cases: compare-a-machine-with-the-server write-only-what-differs expect-a-digest digest-a-disk tls-with-a-ca
# cases: tls-without-a-ca-by-the-server-s-key tls-with-a-shared-secret

. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/../stage.sh"
requires_program unshare losetup nbdkit qemu-nbd qemu-img qemu-io jq zstd xz ddrescuelog openssl

slug() { tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9]\+/-/g'; }

case $1 in
every-recipe)
    grep '^### ' "$TOP/docs/RECIPES.md" | sed 's/^### //' | slug | sort >recipes
    sed -n 's/^# cases: //p' "$TOP/tests/integration/test-commands.sh" | tr ' ' '\n' | grep -vxE 'every-recipe|readme.*' | sort >cases
    diff recipes cases || fail "a recipe without a case, or a case without a recipe"
    [ "$(wc -l <recipes)" -ge 25 ] || fail "there are but $(wc -l <recipes)"
    # What is to be typed stands below a heading, so that a case has it.
    [ "$(awk '/^### /{ exit } /^    /' "$TOP/docs/RECIPES.md")" = '' ] || fail "a command that belongs to no recipe"
    exit 0 ;;
readme-make)
    # tests/bare types these two on bare machines, by these names.
    blocks_of README.md 'The two commands' | sed 's/ *#.*//; /^$/d' >typed
    printf 'make %s\n' demo check | diff typed - || fail "tests/bare runs other commands"
    grep -q 'case \$order in demo-first) set -- demo check' "$TOP/tests/bare" || fail "tests/bare doesn't run them"
    # What else stands there is the copies by hand, and what the appliance is told, which tests/boot does.
    blocks_of README.md | grep -vE '^ *(#|$)|^(make (demo|check) |build/decant |qemu-img |decant\.source=)' && fail "nobody runs these"
    exit 0 ;;
esac

enter_stage "$@"

# What is typed of this recipe (-b N: its Nth block alone), a line at a time; each ends with the CODE in its place, or 0.
typed() {
    local block=0 line code
    if [ "${1-}" = -b ]; then block=$2; shift 2; fi
    blocks_of docs/RECIPES.md "$heading" | awk -v block="$block" 'NF == 0 { n++; next } !block || n + 1 == block' >lines
    [ -s lines ] || fail "nothing is typed there"
    : >said
    : >err
    while read -r line; do
        code=0
        timeout --foreground "$DECANT_LIMIT_S" sh -c "$line" </dev/null >>said 2>>err || code=$?
        [ "$code" -eq "${1:-0}" ] || fail "exit code $code, not ${1:-0}: $line: $(tail -n 20 err)"
        [ $# -eq 0 ] || shift
    done <lines
}

# on_disk NAME FILE: that the front of the disk is the file, past all caches.
on_disk() {
    sync -f "$1.img"
    cmp -n "$(size_of "$2")" "$2" "$1.img" || fail "$1 doesn't begin as $2"
}

# Other bytes in each, so that none is what was there before.
make_image golden.img 6M 1
make_image sda.img 8M 2
make_image sdb.img 8M 3
truncate -s 8M nvme.img
disk sda sda.img pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0 WD-1
disk sdb sdb.img pci0000:00/0000:00:14.0/usb1/1-4/1-4:1.0/host6/target6:0:0/6:0:0:0 S-2
disk nvme0n1 nvme.img pci0000:00/0000:00:1d.0/nvme/nvme0 S3Z9NB0K
[ "$1" != readme ] || for name in vda mmcblk0; do cp -a dev/nvme0n1 "dev/$name"; done
stage_is_set

# The server's images, on the port that a URI without one means.
serve() { # NBDKIT-ARGUMENTS
    end_server server
    rm -f server.pid
    nbdkit --exit-with-parent --foreground --pidfile server.pid "$@" >>server.server 2>&1 &
    server_pid[server]=$!
    wait_pidfile server
}

serve_bitmaps() { # QEMU-NBD-ARGUMENTS
    end_server server
    rm -f server.pid
    setpriv --pdeathsig TERM qemu-nbd --persistent --pid-file=server.pid -r -f qcow2 "$@" >>server.server 2>&1 &
    server_pid[server]=$!
    wait_pidfile server
}

# The disk's last 64 KiB can't be read.
spoil_sda() { truncate -s $((8 * 1048576 - 65536)) sda.img; }

make_certificates() {
    . "$TOP/tests/tls.sh"
    make_server rsa2048 'cn = server' 'dns_name = server' tls_www_server signing_key
    mkdir -p /etc/pki/libnbd /etc/ca
}

# A qcow2 of FILE.
make_qcow2() { qemu-img convert -f raw -O qcow2 "$1" "$2"; }

readme_line() {
    case $1 in
    *nbds://server/golden*) serve --tls=on --tls-certificates="$TEST_DIR/server" -r file golden.img ;;
    *server/golden*) serve -r file golden.img ;;
    *server/rescued*) serve file rescued.img ;;
    *server/vm*) serve_bitmaps -x vm -B monday vm.qcow2 ;;
    *server/top*) serve_bitmaps -x top --allocation-depth top.qcow2 ;;
    *//server/\ *) serve -r file dir=. ;;
    esac
    timeout --foreground "$DECANT_LIMIT_S" sh -c "$1" </dev/null >said 2>err || fail "exit code $?: $1: $(tail -n 20 err)"
}

heading=$(grep '^### ' "$TOP/docs/RECIPES.md" | sed 's/^### //' | while read -r title; do
    [ "$(echo "$title" | slug)" != "$1" ] || echo "$title"
done)

case $1 in
readme)
    make_certificates
    cp ca.pem /etc/pki/libnbd/ca-cert.pem
    ln -s "$TOP/build" build
    truncate -s 8M rescued.img
    cp golden.img backup.img
    make_qcow2 golden.img vm.qcow2
    qemu-img bitmap --add vm.qcow2 monday
    qemu-io -f qcow2 -c 'write -P 7 1M 64k' vm.qcow2 >io.log
    qemu-img create -q -f qcow2 -b vm.qcow2 -F qcow2 top.qcow2
    qemu-io -f qcow2 -c 'write -P 9 2M 64k' top.qcow2 >io.log
    qemu-img create -q -f qcow2 -b vm.qcow2 -F qcow2 new-top.qcow2
    blocks_of README.md 'A first copy by hand' | sed '/^$/d' >typed
    [ "$(wc -l <typed)" -gt 15 ] || fail "only $(wc -l <typed) lines"
    # Someone's socket, which is there all the time.
    nbdkit --exit-with-parent --foreground -U /run/nbd.sock -P unix.pid -r file golden.img >>unix.server 2>&1 &
    server_pid[unix]=$!
    wait_pidfile unix
    while read -r line; do readme_line "$line"; done <typed
    on_disk nvme golden.img
    same sda.img rescued.img
    zstd -dcq disk.zst | cmp - golden.img
    qemu-img compare -q -f qcow2 -F raw vm.qcow2 backup.img || fail "backup.img isn't what the machine has now"
    qemu-img compare -q -f qcow2 -F qcow2 top.qcow2 new-top.qcow2 || fail "new-top.qcow2 isn't what top.qcow2 is"
    grep -q golden.img said || fail "no list: $(cat said)" ;;
write-an-image-to-a-stick)
    cp golden.img debian.iso
    typed
    on_disk sdb golden.img ;;
write-a-compressed-image)
    xz -c golden.img >debian.img.xz
    typed
    on_disk sdb golden.img ;;
look-whether-a-stick-still-holds-its-image)
    cp golden.img debian.iso
    typed 2
    dd if=golden.img of=/dev/sdb conv=fsync status=none
    typed ;;
move-to-another-disk)
    typed
    same sda.img sdb.img
    typed
    grep -q 'finished\|done' err || fail "the second time: $(cat err)" ;;
keep-an-image-of-a-disk)
    mv sda.img disk # what the disk lies on has the name that the file gets
    typed
    same disk sda.img ;;
keep-it-compressed)
    typed
    zstd -dcq sda.zst | cmp - sda.img ;;
bring-it-back)
    zstd -q golden.img -o sda.zst
    typed
    on_disk sda golden.img ;;
name-a-disk-by-what-it-is)
    typed
    on_disk nvme golden.img ;;
vmware-to-qcow2)
    qemu-img convert -f raw -O vmdk golden.img vm.vmdk
    typed
    qemu-img compare -q -f qcow2 -F raw vm.qcow2 golden.img || fail "vm.qcow2 is another disk" ;;
qcow2-onto-a-real-disk)
    make_qcow2 golden.img vm.qcow2
    typed
    on_disk sda golden.img ;;
a-real-disk-to-a-compressed-qcow2)
    requires_qemu_driver compress
    typed
    qemu-img compare -q -f qcow2 -F raw sda.qcow2 sda.img || fail "sda.qcow2 is another disk" ;;
back-up-a-machine-then-only-what-has-changed)
    make_qcow2 golden.img vm.qcow2
    typed -b 1
    same golden.img backup.img
    qemu-io -f qcow2 -c 'write -P 7 1M 64k' vm.qcow2 >io.log
    typed -b 2
    qemu-img compare -q -f qcow2 -F raw vm.qcow2 backup.img || fail "backup.img isn't what the machine has now" ;;
rebuild-a-chain-of-images)
    make_qcow2 golden.img base.qcow2
    qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 top.qcow2
    qemu-io -f qcow2 -c 'write -P 9 2M 64k' top.qcow2 >io.log
    typed
    qemu-img compare -q top.qcow2 new.qcow2 || fail "new.qcow2 isn't what top.qcow2 is" ;;
out-of-a-program-that-has-the-disk-open)
    make_qcow2 golden.img vm.qcow2
    serve_bitmaps -x vm -k /run/nbd.sock vm.qcow2
    typed
    same golden.img vm.img ;;
out-of-a-container)
    stand_in podman 2
    mount -t tmpfs stage /var/lib
    cp golden.img /var/lib/disk.img
    typed
    same golden.img disk.img ;;
over-ssh)
    stand_in ssh 1
    mv sdb.img disk
    typed
    same disk sdb.img ;;
rescue-a-laptop)
    spoil_sda
    typed 3
    cmp -n $((7 * 1048576)) sda.img disk.img
    grep -q '65.5 kB\|64.0 KiB\|65536' err || fail "what can't be read isn't told: $(cat err)" ;;
rescue-it-to-a-server)
    truncate -s 8M rescued.img
    serve file rescued.img
    typed
    same sda.img rescued.img ;;
try-the-bad-sectors-again)
    spoil_sda
    typed 3 3
    grep -q 'bad-sector' said || fail "ddrescuelog doesn't show it: $(cat said)" ;;
copy-a-disk-that-has-one-bad-sector)
    cp sda.img before
    spoil_sda
    mv sda.img disk
    typed 3
    [ "$(size_of sda.img)" = 8388608 ] && cmp -n $((7 * 1048576)) before sda.img ;;
image-a-fleet)
    typed
    on_disk sda golden.img ;;
go-on-after-a-cut)
    serve -r --filter=rate file golden.img rate=1M
    blocks_of docs/RECIPES.md "$heading" | sed '/^$/d; s/^/exec /' >typed
    sh typed 2>err &
    copy=$!
    at_exit+=("kill -KILL $copy 2>/dev/null")
    wait_for test -s sda.map
    kill -KILL "$copy"
    wait "$copy" || true
    serve -r file golden.img
    typed
    on_disk sda golden.img ;;
leave-something-for-others|see-what-a-server-has|see-where-the-data-lies|see-how-fast-it-can-be|let-a-script-know-what-came-of-it)
    serve -r file golden.img
    case $1 in
    leave-*|let-*) typed && on_disk sda golden.img ;;
    see-what-*)
        typed 0 0 2
        grep -q 'export-size: 6291456' said || fail "got: $(cat said)" ;;
    see-where-*)
        typed
        grep -q 'data' said && grep -q 'hole' said || fail "got: $(cat said)" ;;
    *)
        typed
        grep -q '6.0 MiB\|6291456' err || fail "got: $(cat err)" ;;
    esac ;;
compare-a-machine-with-the-server)
    serve -r file golden.img
    typed 2
    decant golden.img /dev/sda
    dd if=/dev/zero of=/dev/sda bs=1M seek=6 count=2 conv=fsync status=none
    typed ;;
write-only-what-differs)
    cp golden.img sda.img
    truncate -s 8M sda.img
    dd if=/dev/urandom of=/dev/sda bs=64k seek=3 count=2 conv=fsync status=none
    serve -r file golden.img
    typed
    on_disk sda golden.img
    [ "$(grep -c ' +$' differs.map)" -ge 1 ] || fail "nothing differed: $(cat differs.map)" ;;
expect-a-digest)
    serve -r file golden.img
    typed
    on_disk sda golden.img ;;
digest-a-disk)
    typed
    grep -qx "sha256:$(sha256sum <golden.img | cut -d ' ' -f 1)" said || fail "got: $(cat said)"
    [ "$(size_of golden.blocks)" = $((6 * 1048576 / 65536 * 32)) ] || fail "golden.blocks has $(size_of golden.blocks) bytes" ;;
tls-with-a-ca)
    make_certificates
    cp ca.pem /etc/pki/libnbd/ca-cert.pem
    serve --tls=require --tls-certificates="$TEST_DIR/server" -r file golden.img
    typed -b 1
    on_disk sda golden.img
    rm /etc/pki/libnbd/ca-cert.pem
    typed -b 1 1
    cp ca.pem /etc/ca/ca-cert.pem
    typed -b 2 ;;
tls-without-a-ca-by-the-server-s-key)
    make_certificates
    cp server/server-cert.pem server-cert.pem
    serve --tls=require --tls-certificates="$TEST_DIR/server" -r file golden.img
    typed
    on_disk sda golden.img ;;
tls-with-a-shared-secret)
    requires_program psktool
    typed
    on_disk sda golden.img ;;
*) fail "no such case" ;;
esac
