#!/bin/bash
# SPDX-License-Identifier: MIT
# What decant info says of a disk is what its server says, in nbdinfo's words and exit
# codes, all of it or nothing: scripts decide by it which disk to write to.
#
# cases: text json list list-json list-content list-none list-partly list-many list-too-many size
# cases: uri uri-of-a-command can cannot can-unknown-export no-such-export unreachable not-a-server
# cases: a-command bitmaps content no-content nbd-server ends-with-client oldstyle escapes escapes-beyond-ascii colours
# cases: a-file usage help as-nbdinfo fixed-memory

. "$(dirname "$0")/../functions.sh"
requires_program jq

# Runs decant info; what it prints is in the file `out`.
info() {
    run_decant info "$@" >out
}

must_tell() {
    info "$@"
    [ "$code" -eq 0 ] || fail "exit code $code: decant info $*: $(cat err)"
    [ ! -s err ] || fail "it has something to say: $(cat err)"
}

# must_refuse CODE PATTERN ARGUMENTS: and nothing on standard output.
must_refuse() {
    must_fail "$1" "$2" info "${@:3}" >out
    [ ! -s out ] || fail "it printed: $(cat out)"
}

# Whether `out` has this line, tabs left out.
says() {
    tr -d '\t' <out | finds -Fx -e "$1" || fail "no line \"$1\" in: $(cat out)"
}

# JQ-EXPRESSION VALUE
is() {
    [ "$(jq -c "$1" out)" = "$2" ] || fail "$1 is $(jq -c "$1" out) instead of $2"
}

# answers CODE ARGUMENTS: without a word.
answers() {
    info "${@:2}"
    [ "$code" -eq "$1" ] || fail "exit code $code instead of $1: decant info ${*:2}: $(cat err)"
    [ ! -s out ] && [ ! -s err ] || fail "an answer by exit code alone was expected: $(cat out err)"
}

serve_two() {
    requires_nbdkit_filter exportname
    serve_nbdkit s --filter=exportname memory 1M exportname=hello exportname='good bye' \
        exportname-strict=true exportname-list=explicit exportdesc=fixed:world "$@"
}

# N empty disks with names of 240 characters.
make_disks() {
    mkdir disks
    perl -e 'for (1 .. $ARGV[0]) { open(my $disk, ">", sprintf("disks/%0240d", $_)) or die }' "$1"
    serve_nbdkit s file dir=disks
}

case $1 in
text)
    serve_nbdkit s -r memory 3M
    must_tell "$(uri s)"
    says 'protocol: newstyle-fixed without TLS, using structured packets'
    says 'export="":'
    says 'export-size: 3145728 (3M)'
    says 'content: data'
    says "uri: $(uri s)"
    says 'contexts:'
    says 'base:allocation'
    says 'is_read_only: true'
    says 'can_multi_conn: true' ;;
json)
    serve_nbdkit s memory 1000000
    must_tell --json "$(uri s)"
    is .protocol '"newstyle-fixed"'
    is .TLS false
    is .structured true
    is '.exports | length' 1
    is '.exports[0]."export-size"' 1000000
    is '.exports[0]."export-size-str"' '"1000000"'
    is '.exports[0].is_read_only' false
    is '.exports[0].contexts' '["base:allocation"]'
    is '.exports[0].uri' "\"$(uri s)\"" ;;
list)
    serve_two
    must_tell --list "$(uri s)"
    says 'export="hello":'
    says 'export="good bye":'
    [ "$(grep -c 'description: world$' out)" -eq 2 ] || fail "$(cat out)"
    [ "$(grep -c content out)" -eq 0 ] || fail "the exports were read" ;;
list-json)
    serve_two
    must_tell -L --json "$(uri s nosuch)"
    is '[.exports[]."export-name"]' '["hello","good bye"]'
    is '[.exports[].description]' '["world","world"]'
    is '.exports[1].uri' "\"$(uri s good%20bye)\"" ;;
list-content)
    mkdir disks
    head -c 1000 /dev/zero | gzip >disks/b
    truncate -s 1M disks/a
    serve_nbdkit s file dir=disks
    must_tell --list --content --json "$(uri s)"
    is '[.exports[] | [."export-name", .content]] | sort' '[["a","data"],["b","gzip compressed data"]]' ;;
list-none)
    mkdir disks
    serve_nbdkit s file dir=disks
    must_tell --list --json "$(uri s)"
    is .exports '[]' ;;
list-partly)
    # An export that the server lists but doesn't give is told of; the others are shown.
    requires_nbdkit_plugin eval
    serve_nbdkit s eval list_exports='printf "NAMES\na\nb\nc\n"' \
        open='[ "$3" != b ] || { echo ENOENT gone >&2; exit 1; }; echo "$3"' get_size='echo 512' pread='exit 1'
    info --list --json "$(uri s)"
    [ "$code" -eq 1 ] || fail "exit code $code"
    is '[.exports[]."export-name"]' '["a","c"]'
    [ "$(wc -l <err)" -eq 1 ] && grep -q '^decant: .*export b ' err || fail "$(cat err)" ;;
list-many)
    make_disks 7500
    must_tell --list --json "$(uri s)"
    is '.exports | length' 7500
    is '[.exports[]."export-name"] | unique | length' 7500 ;;
list-too-many)
    # More than the fixed memory holds is an error, never a list that ends early.
    make_disks 9000
    must_refuse 1 "don't fit" --list --json "$(uri s)" ;;
size)
    serve_nbdkit s null 4E
    must_tell --size "$(uri s)"
    [ "$(cat out)" = 4611686018427387904 ] || fail "$(cat out)" ;;
uri)
    serve_two
    must_tell --uri "nbd+unix://?socket=$TEST_DIR/s.sock"
    [ "$(cat out)" = "$(uri s)" ] || fail "$(cat out)"
    must_tell --uri --json "$(uri s good%20bye)"
    is . "\"$(uri s good%20bye)\"" ;;
uri-of-a-command)
    must_refuse 1 'no URI' --uri '[' nbdkit null ']' ;;
can)
    serve_nbdkit s --filter=nozero -r memory 1M
    answers 0 --is read-only "$(uri s)"
    answers 2 --can write "$(uri s)"
    answers 2 --can zero "$(uri s)"
    answers 0 --has structured-replies "$(uri s)"
    answers 2 --is tls "$(uri s)"
    answers 0 --can connect "$(uri s)"
    answers 0 --can multi_conn "$(uri s)" ;;
cannot)
    serve_nbdkit s memory 1M
    answers 0 --isnt read-only "$(uri s)"
    answers 2 --cannot write "$(uri s)"
    answers 0 --can-not block-status-payload "$(uri s)"
    answers 2 --cannot read "$(uri s)" ;;
can-unknown-export)
    # The server can be reached; what the export is like is another matter.
    serve_two
    answers 0 --can connect "$(uri s nosuch)"
    must_refuse 1 'nosuch' --can write "$(uri s nosuch)" ;;
no-such-export)
    serve_two
    must_refuse 1 'export nosuch .*--list' "$(uri s nosuch)"
    must_refuse 1 nosuch --size "$(uri s nosuch)" ;;
unreachable)
    must_refuse 1 'cannot connect to .*No such file' "$(uri none)"
    must_refuse 1 'cannot connect to' --json --list "$(uri none)"
    must_refuse 1 'cannot connect to' --can connect nbd://127.0.0.1:1/
    must_refuse 1 'no such command' --size '[' no-such-server ']' ;;
not-a-server)
    requires_program perl
    perl -MIO::Socket::UNIX -e '$SIG{PIPE} = "IGNORE";
        my $s = IO::Socket::UNIX->new(Local => "n.sock", Listen => 5) or die;
        while (my $c = $s->accept) { print $c "220 mail.example.com ESMTP ready for your letters, stranger\r\n"; close $c }' >n.server 2>&1 &
    server_pid[n]=$!
    wait_listens n
    must_refuse 1 'cannot connect to' "$(uri n)" ;;
a-command)
    qemu-img create -q -f qcow2 disk.qcow2 1M
    must_tell --json '[' qemu-nbd -r -f qcow2 disk.qcow2 ']'
    is '.exports[0]."export-size"' 1048576
    is '.exports[0].is_read_only' true
    is '.exports[0].uri' null
    must_tell --size '[' nbdkit memory 2M ']'
    [ "$(cat out)" = 2097152 ] || fail "$(cat out)" ;;
bitmaps)
    qemu-img create -q -f qcow2 disk.qcow2 1M
    qemu-img bitmap --add disk.qcow2 monday
    serve_qemu s -r -f qcow2 -A -B monday disk.qcow2
    must_tell --json "$(uri s)"
    is '.exports[0].contexts | sort' '["base:allocation","qemu:allocation-depth","qemu:dirty-bitmap:monday"]' ;;
content)
    # The same words as file's, as far as they go.
    requires_program file qemu-img mkfs.ext4 mkswap
    for format in qcow2 vmdk vdi vhdx; do qemu-img create -q -f $format disk.$format 4M; done
    for disk in ext4 swap empty zeros; do truncate -s 4M disk.$disk; done
    mkfs.ext4 -q disk.ext4
    mkswap disk.swap >/dev/null 2>&1
    truncate -s 0 disk.empty
    for disk in qcow2 vmdk vdi vhdx ext4 swap empty zeros; do
        serve_nbdkit s -r file disk.$disk
        must_tell --json "$(uri s)"
        end_server s
        words=$(jq -r '.exports[0].content' out)
        all=$(file -b disk.$disk)
        [ -n "$words" ] && [ "${all:0:12}" = "${words:0:12}" ] || fail "$disk: \"$words\" instead of \"$all\""
    done ;;
no-content)
    requires_nbdkit_filter log
    serve_nbdkit s --filter=log memory 1M logfile=s.log
    must_tell --no-content "$(uri s)"
    ! grep -q content: out || fail "$(cat out)"
    end_server s
    [ "$(log_count s.log Read)" -eq 0 ] || fail "the disk was read" ;;
nbd-server)
    # It tells the size only to who enters the export.
    requires_program nbd-server
    make_image in.img 100K
    serve_nbd_server s in.img
    must_tell "$(uri s disk)"
    says 'export-size: 102400 (100K)'
    must_tell --size "$(uri s disk)"
    [ "$(cat out)" = 102400 ] || fail "$(cat out)" ;;
ends-with-client)
    # It would take an export that is only asked about, and not entered, for the last one.
    requires_nbdkit_filter exitlast
    serve_nbdkit s --filter=exitlast memory 1M
    must_tell "$(uri s)"
    says 'export-size: 1048576 (1M)'
    says 'content: data'
    wait_for has_ended "${server_pid[s]}" ;;
oldstyle)
    serve_nbdkit s --oldstyle memory 1M
    must_tell "$(uri s)"
    says 'protocol: oldstyle without TLS, using simple packets'
    says 'export-size: 1048576 (1M)'
    must_refuse 1 'cannot list' --list "$(uri s)" ;;
escapes)
    serve_two exportdesc=fixed:$'\033]0;owned\007'
    must_tell "$(uri s hello)"
    says 'description: ?]0;owned?'
    must_tell --json "$(uri s hello)"
    is '.exports[0].description' '"\u001b]0;owned\u0007"' ;;
escapes-beyond-ascii)
    # U+009B begins an escape sequence too, U+202E turns the line round, and \377 is no UTF-8.
    serve_nbdkit s --filter=exportname memory 1M exportname=$'bad\377' exportname=$'\302\23331m' exportname-strict=true exportname-list=explicit \
        exportdesc=fixed:$'\302\2332J\342\200\256\377 \343\203\252'
    must_tell --list "$(uri s)"
    says $'description: ?2J?? \343\203\252'
    ! grep -q $'\302\233' out || fail "it reaches the terminal: $(cat -v out)"
    must_tell --list --json "$(uri s)"
    iconv -f UTF-8 -t UTF-8 out >/dev/null || fail "it isn't UTF-8"
    grep -q '"export-name": "bad\\ufffd"' out || fail "got: $(cat -v out)"
    grep -qF '"export-name": "\u009b31m"' out || fail "got: $(cat -v out)"
    must_refuse 1 'exports' "$(uri s $'%c2%9b2Jnosuch')"
    ! grep -q $'\302\233' err || fail "it reaches the terminal: $(cat -v err)" ;;
colours)
    serve_nbdkit s -r memory 1M
    must_tell "$(uri s)"
    ! grep -q $'\033' out || fail "colours in a file"
    must_tell --colour "$(uri s)"
    grep -q $'^\033\\[22;31m\tcan_block_status_payload: false$' out || fail "no colours"
    must_tell --color --json "$(uri s)"
    ! grep -q $'\033' out || fail "colours in JSON" ;;
a-file)
    truncate -s 10M disk.img
    printf '\125\252' | dd of=disk.img bs=1 seek=510 conv=notrunc status=none
    must_tell disk.img
    says 'export-size: 10485760 (10M)'
    says 'content: DOS/MBR boot sector'
    says "allocated: $(($(stat -c '%b * %B' disk.img))) ($(($(stat -c '%b * %B' disk.img) / 1024))K)"
    ! grep -q protocol out || fail "a file speaks no protocol: $(cat out)"
    must_tell --json disk.img
    is '.exports[0]."export-size"' 10485760
    is '.exports[0].allocated' "$(($(stat -c '%b * %B' disk.img)))"
    is '.exports[0]."export-name"' '"disk.img"'
    must_tell --size disk.img
    [ "$(cat out)" = 10485760 ] || fail "got: $(cat out)"
    must_tell --no-content --json disk.img
    is '.exports[0].content' null
    must_tell --map disk.img
    cp out info.map
    "$DECANT" map disk.img >map
    cmp info.map map || fail "not the map: $(cat info.map)"
    : >empty.img
    must_tell empty.img
    says 'content: empty'
    must_refuse 1 'No such file' nosuch.img
    must_refuse 1 'neither a file nor a block device' .
    mkfifo fifo
    must_refuse 1 'neither a file nor a block device' fifo
    code=0
    (exec -a nbdinfo "$DECANT" disk.img) >out 2>err || code=$?
    [ "$code" -eq 1 ] || fail "as nbdinfo: exit code $code" ;;
usage)
    must_refuse 64 together --size --list "$(uri s)"
    must_refuse 64 'no nosuch' --can nosuch "$(uri s)"
    must_refuse 64 'SOURCE is missing' --json
    must_refuse 64 'NBD URI' --list disk.img
    must_refuse 64 'totals' --totals "$(uri s)" ;;
help)
    must_tell --help
    grep -q '^Usage: decant info ' out || fail "$(cat out)" ;;
as-nbdinfo)
    DECANT=$TOP/build/nbdinfo
    serve_nbdkit s memory 1M
    run_decant --size "$(uri s)" >out
    [ "$code" -eq 0 ] && [ "$(cat out)" = 1048576 ] || fail "$(cat out err)"
    for wrong in --nonsense --can=nosuch nbd://h:x/ file; do
        run_decant "$wrong" >out
        [ "$code" -eq 1 ] && grep -q '^nbdinfo: ' err || fail "exit code $code: $(cat err)"
    done ;;
fixed-memory)
    # As many exports as there may be: no more memory than before the first was seen.
    requires_strace
    requires_nbdkit_plugin eval
    serve_nbdkit s eval list_exports='echo NAMES; seq 300' open='echo' get_size='echo 512' pread='exit 1'
    strace -o trace -e trace=memory,network "$DECANT" info --list "$(uri s)" >out
    [ "$(grep -c '^export=' out)" -eq 300 ] || fail "$(cat out)"
    awk '/^connect\(/ { seen = 1 } seen && /^(brk|mmap|mremap)\(/ { print; bad = 1 }
         END { exit bad || !seen }' trace || fail "more memory was asked for" ;;
*) fail "no such case" ;;
esac
