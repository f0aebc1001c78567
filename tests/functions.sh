# SPDX-License-Identifier: MIT
# What the integration tests share: running decant and judging what it says,
# serving disks over Unix sockets, making images and comparing them, and
# skipping honestly. Sourced by bash scripts; see tests/run for the rest.
#
# A test works in its own empty directory. Its servers are named; NAME's socket
# is NAME.sock there and its output NAME.server. They end with the test, also
# when that is killed.

set -eu
set -o pipefail

# mke2fs, losetup and others are there, and not in everybody's path.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DECANT=${DECANT:-$TOP/build/decant}
case $DECANT in
/*) ;;
*/*) DECANT=$PWD/$DECANT ;;
esac
# Longer than any copy here takes: a hang should end with a word about itself.
DECANT_LIMIT_S=${DECANT_LIMIT_S:-150}

if [ -z "${TEST_DIR-}" ]; then
    TEST_DIR=$(mktemp -d "${TMPDIR:-/var/tmp}/decant-test.XXXXXX")
    test_dir_is_ours=1
fi
cd "$TEST_DIR"

declare -A server_pid=()
declare -a at_exit=()

end_test() {
    local code=$? name command
    trap - EXIT
    set +e
    for command in "${at_exit[@]}"; do eval "$command"; done
    for name in "${!server_pid[@]}"; do end_server "$name"; done
    if [ "$code" -ne 0 ] && [ "$code" -ne 77 ]; then
        for name in *.server; do
            [ -s "$name" ] && { echo "--- $name:"; tail -n 20 "$name"; }
        done
    fi
    [ -z "${test_dir_is_ours-}" ] || rm -rf "$TEST_DIR"
    exit "$code"
}
trap end_test EXIT
trap 'exit 130' INT TERM HUP

# --- verdicts

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

skip() {
    echo "skip: $*"
    exit 77
}

# --- what a test needs

requires_program() {
    local program
    for program; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
}

requires_root() {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
}

requires_nbdkit_plugin() {
    requires_program nbdkit
    nbdkit "$1" --dump-plugin >/dev/null 2>&1 ||
        skip "nbdkit has no $1 plugin here"
}

requires_nbdkit_filter() {
    requires_program nbdkit
    local filter
    for filter; do
        nbdkit --filter="$filter" null --dump-plugin >/dev/null 2>&1 ||
            skip "nbdkit has no $filter filter here"
    done
}

# By what it says of one that has nothing to drive: each release lists its drivers in other words.
requires_qemu_driver() {
    requires_program qemu-img
    ! { qemu-img info --image-opts "driver=$1" 2>&1 || true; } | grep -qi 'unknown driver' ||
        skip "this qemu has no $1 driver"
}

requires_strace() {
    requires_program strace
    strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
}

requires_holes() {
    truncate -s 1M holes.probe
    [ "$(stat -c %b holes.probe)" -eq 0 ] ||
        skip "the filesystem of $TEST_DIR keeps no holes"
    rm holes.probe
}

requires_free_mib() {
    [ "$(df -Pm . | awk 'NR == 2 { print $4 }')" -ge "$1" ] ||
        skip "needs $1 MiB free in $TEST_DIR"
}

# --- decant

# Runs decant; its exit code is in $code, its stderr in the file `err`. Standard
# input and output stay the caller's.
run_decant() {
    code=0
    timeout --foreground --kill-after=5 "$DECANT_LIMIT_S" \
        "$DECANT" "$@" 2>err || code=$?
    [ "$code" -ne 124 ] || fail "no end after $DECANT_LIMIT_S seconds: decant $*"
}

# A copy that has to succeed, and to have nothing to say.
must_copy() {
    run_decant "$@"
    [ "$code" -eq 0 ] || fail "exit code $code: decant $*: $(cat err)"
}

# must_fail CODE PATTERN ARGUMENTS: fails with this code and says so in one line
# that starts `decant: ` and matches the extended regular expression.
must_fail() {
    local expected=$1 pattern=$2
    shift 2
    run_decant "$@"
    [ "$code" -eq "$expected" ] ||
        fail "exit code $code instead of $expected: decant $*: $(cat err)"
    [ "$(wc -l <err)" -eq 1 ] ||
        fail "one line expected from decant $*, got: $(cat err)"
    grep -q '^decant: ' err ||
        fail "the line should start with 'decant: ': $(cat err)"
    grep -Eq -e "$pattern" err ||
        fail "the line should match '$pattern': $(cat err)"
}

# --- servers

# Waits until the command succeeds: for a state, and never for a time.
wait_for() {
    local i
    for ((i = 0; i < 3000; i++)); do
        if "$@"; then return 0; fi
        sleep 0.02
    done
    fail "waited a minute in vain for: $*"
}

# Whether the process PID listens on a socket. The socket's file is there, and its port taken, before anybody can connect.
listens() {
    find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -dc '0-9\n' | grep -qxFf - <(
        awk '$4 == "00010000" { print $7 }' /proc/net/unix
        cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" { print $10 }')
}

# Whether it is the process PID that listens on this TCP port of all addresses.
listens_on() {
    find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -dc '0-9\n' | grep -qxFf - <(
        awk -v port="$(printf ':%04X' "$2")" '$4 == "0A" && $2 ~ port "$" { print $10 }' /proc/net/tcp)
}

# wait_server NAME COMMAND...: waits until the command succeeds, which tells that NAME listens, or fails with what NAME said.
wait_server() {
    local name=$1 pid=${server_pid[$1]} i
    for ((i = 0; i < 3000; i++)); do
        if "${@:2}"; then return 0; fi
        kill -0 "$pid" 2>/dev/null || fail "server $name did not start: $(cat "$name.server")"
        sleep 0.02
    done
    fail "server $name did not listen after a minute: $(cat "$name.server")"
}

# For servers that write their pid when they listen, as nbdkit and qemu-nbd do.
wait_pidfile() {
    wait_server "$1" test -s "$1.pid"
}

# For all others.
wait_listens() {
    wait_server "$1" listens "${server_pid[$1]}"
}

# The URI of the server NAME, and of its export if it isn't the default one.
uri() {
    echo "nbd+unix:///${2-}?socket=$TEST_DIR/$1.sock"
}

# serve_nbdkit NAME NBDKIT-ARGUMENTS
serve_nbdkit() {
    local name=$1
    shift
    rm -f "$name.sock" "$name.pid"
    nbdkit --exit-with-parent --foreground --unix "$name.sock" \
        --pidfile "$name.pid" "$@" >>"$name.server" 2>&1 &
    server_pid[$name]=$!
    wait_pidfile "$name"
}

# serve_tcp NAME ADDRESS NBDKIT-ARGUMENTS: an nbdkit on a free port; sets $port. The kernel's choice can't be asked for, so try.
serve_tcp() {
    local name=$1 address=$2
    shift 2
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 10000))
        rm -f "$name.pid"
        nbdkit --exit-with-parent --foreground --ipaddr "$address" --port "$port" --pidfile "$name.pid" "$@" >"$name.server" 2>&1 &
        server_pid[$name]=$!
        until [ -s "$name.pid" ]; do
            kill -0 "${server_pid[$name]}" 2>/dev/null || continue 2
            sleep 0.02
        done
        return 0
    done
    fail "no TCP port to be had on $address: $(cat "$name.server")"
}

# serve_qemu NAME QEMU-NBD-ARGUMENTS
serve_qemu() {
    local name=$1
    shift
    rm -f "$name.sock" "$name.pid"
    setpriv --pdeathsig TERM qemu-nbd --persistent --shared=8 \
        --socket="$TEST_DIR/$name.sock" --pid-file="$name.pid" "$@" \
        >>"$name.server" 2>&1 &
    server_pid[$name]=$!
    wait_pidfile "$name"
}

# serve_nbd_server NAME FILE [OPTION-LINE...]: the export is called `disk`.
serve_nbd_server() {
    local name=$1 file=$2
    shift 2
    {
        printf '[generic]\nunixsock = %s\n' "$TEST_DIR/$name.sock"
        printf '[disk]\nexportname = %s\nflush = true\n' "$(realpath "$file")"
        printf '%s\n' "$@"
    } >"$name.conf"
    rm -f "$name.sock" "$name.pid"
    nbd-server -C "$TEST_DIR/$name.conf" -p "$TEST_DIR/$name.pid" \
        >>"$name.server" 2>&1 || fail "nbd-server: $(cat "$name.server")"
    wait_for test -s "$name.pid"
    server_pid[$name]=$(cat "$name.pid")
    # It has left this process group: what ends it should this shell be killed
    # is the end of the shell's side of a pipe.
    exec {guard}> >(cat >/dev/null; kill -TERM "${server_pid[$name]}" 2>/dev/null)
    wait_listens "$name"
}

# serve_contexts NAME DISK EXTENTS [MANNER...]: metadata contexts as EXTENTS says;
# see tests/contexts-server. What was asked for is in NAME.log.
serve_contexts() {
    local name=$1
    shift
    rm -f "$name.sock"
    setpriv --pdeathsig TERM "$TOP/tests/contexts-server" "$name.sock" "$1" "$2" "$name.log" "${@:3}" >>"$name.server" 2>&1 &
    server_pid[$name]=$!
    wait_listens "$name"
}

# serve_odd NAME DISK [MANNER...]: a server in trouble; see tests/odd-server.
serve_odd() {
    local name=$1
    shift
    rm -f "$name.sock"
    setpriv --pdeathsig TERM "$TOP/tests/odd-server" "$name.sock" "$@" >>"$name.server" 2>&1 &
    server_pid[$name]=$!
    wait_server "$name" -S "$name.sock"
}

# Ends a server and waits until it has closed its image.
end_server() {
    local pid=${server_pid[$1]-}
    [ -n "$pid" ] || return 0
    unset "server_pid[$1]"
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    # A daemon can't be waited for; what is left of it has no command line.
    while grep -q . "/proc/$pid/cmdline" 2>/dev/null; do sleep 0.01; done
}

# --- images

# make_image FILE SIZE [SEED]: runs of data, of holes and of written zeros, with
# ragged ends, the same for the same size and seed. Every KiB of data differs, so that
# misplaced blocks show.
make_image() {
    perl -e '
        my ($file, $size, $seed) = @ARGV;
        srand($seed);
        my $noise = join "", map { chr(1 + int rand 255) } 1 .. 1024;
        open(my $out, ">", $file) or die "$file: $!\n";
        my ($at, $kind) = (0, 0);
        my @runs = (512, 1024, 4096, 4096, 4096, 8192, 12288, 65536, 65536, 262144);
        while ($at < $size) {
            my $run = $runs[int rand @runs];
            $run = 1 + int rand $run if rand() < 0.3;
            $run = $size - $at if $run > $size - $at;
            if ($kind == 0) {
                my $data = "";
                for (my $o = 0; $o < $run; $o += 1024) {
                    $data .= pack("Q>", ($at + $o) ^ ($seed << 48)) . substr($noise, 8);
                }
                print $out substr($data, 0, $run);
            } elsif ($kind == 1) {
                seek $out, $run, 1;
            } else {
                print $out "\0" x $run;
            }
            $at += $run;
            $kind = int rand 3;
        }
        truncate $out, $size;
        close $out or die "$file: $!\n";
    ' "$1" "$(bytes "$2")" "${3:-1}"
}

# 4K -> 4096
bytes() {
    numfmt --from=iec "$1"
}

# sparse_image FILE SIZE DATA-OFFSET...: a hole with 64 KiB of data at each
# offset: for disks that are too large to be anything else.
sparse_image() {
    local file=$1 size=$2 offset
    shift 2
    make_block 65536 >block.data
    truncate -s "$size" "$file"
    for offset; do
        dd if=block.data of="$file" bs=64K seek="$offset" oflag=seek_bytes \
            conv=notrunc status=none
    done
    truncate -s "$size" "$file"
}

# N bytes of data without any zeros.
make_block() {
    perl -e 'srand(7); print map { chr(1 + int rand 255) } 1 .. $ARGV[0]' "$1"
}

size_of() {
    stat -L -c %s "$1"
}

# Byte for byte, size included.
same() {
    cmp -- "$1" "$2" || fail "$1 and $2 differ"
}

# The same for disks of many GiB that are mostly holes.
same_sparse() {
    [ "$(size_of "$1")" -eq "$(size_of "$2")" ] ||
        fail "$1 has $(size_of "$1") bytes, $2 has $(size_of "$2")"
    qemu-img compare -q -f raw -F raw "$1" "$2" || fail "$1 and $2 differ"
}

# allocated_at_most FILE BYTES: holes stayed holes.
allocated_at_most() {
    local allocated=$(($(stat -c '%b * %B' "$1")))
    [ "$allocated" -le "$(bytes "$2")" ] ||
        fail "$1 takes $allocated bytes of disk, $2 expected at most"
}

# --- nbdkit's log filter (logfile=FILE): one line per request

# log_count FILE ACTION
log_count() {
    grep -c " $2 id=" "$1" || true
}

# Prints `OFFSET COUNT` of each ACTION in the order of the log, in decimal.
log_ranges() {
    sed -n "s/.* $2 id=.* offset=\(0x[0-9a-f]*\) count=\(0x[0-9a-f]*\).*/\1 \2/p" "$1" |
        while read -r offset count; do echo $((offset)) $((count)); done
}

# --- every kind of source and destination

# source_of KIND FILE: sets `source` to the words that name a source of that kind
# with the content of FILE, and `expected` to a file with the content it shows.
# The source `pipe` has to be fed.
source_of() {
    local kind=$1 file=$2
    expected=$file
    case $kind in
    nbdkit) serve_nbdkit source file "$file"; source=("$(uri source)") ;;
    qemu-raw)
        serve_qemu source -r -f raw "$file"
        source=("$(uri source)"); round_up_expected 512 ;;
    qemu-qcow2)
        qemu-img convert -f raw -O qcow2 "$file" "$file.qcow2"
        serve_qemu source -r -f qcow2 "$file.qcow2"
        source=("$(uri source)"); round_up_expected 512 ;;
    nbd-server) serve_nbd_server source "$file"; source=("$(uri source disk)") ;;
    file) source=("$file") ;;
    pipe) source=(-) ;;
    command-nbdkit) source=('[' nbdkit --exit-with-parent file "$file" ']') ;;
    command-qemu)
        source=('[' qemu-nbd -r -f raw "$file" ']'); round_up_expected 512 ;;
    *) fail "no such kind of source: $kind" ;;
    esac
}

# qemu shows odd sizes rounded up to sectors, with zeros.
round_up_expected() {
    local size
    size=$(size_of "$expected")
    [ $((size % $1)) -ne 0 ] || return 0
    cp --sparse=always "$expected" "$expected.rounded"
    truncate -s %"$1" "$expected.rounded"
    expected=$expected.rounded
}

# destination_of KIND SIZE: sets `destination` likewise. Wherever that can be,
# what is there before isn't zero, so that zeros left out show.
destination_of() {
    local kind=$1 size=$2 rounded=$2
    case $kind in *qemu*) rounded=$(((size + 511) / 512 * 512)) ;; esac
    case $kind in
    pipe|null|file-new) ;;
    *) junk out.img "$rounded" ;;
    esac
    case $kind in
    nbdkit) serve_nbdkit destination file out.img; destination=("$(uri destination)") ;;
    qemu-raw)
        serve_qemu destination --discard=unmap -f raw out.img
        destination=("$(uri destination)") ;;
    qemu-qcow2)
        qemu-img convert -f raw -O qcow2 out.img out.qcow2
        serve_qemu destination --discard=unmap -f qcow2 out.qcow2
        destination=("$(uri destination)") ;;
    nbd-server) serve_nbd_server destination out.img; destination=("$(uri destination disk)") ;;
    file) printf 'and more' >>out.img; destination=(out.img) ;;
    file-new) destination=(out.img) ;;
    pipe) destination=(-) ;;
    null) destination=(null:) ;;
    command-nbdkit) destination=('[' nbdkit --exit-with-parent file out.img ']') ;;
    command-qemu) destination=('[' qemu-nbd --discard=unmap -f raw out.img ']') ;;
    *) fail "no such kind of destination: $kind" ;;
    esac
}

# N bytes that are no zeros, for a destination to be rid of; in large ones, where
# it costs too much to write them all, at the start only.
junk() {
    local n
    n=$(bytes "$2")
    [ "$n" -le 67108864 ] || n=67108864
    head -c "$n" /dev/zero | tr '\0' '\252' >"$1"
    truncate -s "$2" "$1"
}

# copy_kinds SOURCE-KIND DESTINATION-KIND FILE [OPTIONS]: copies and compares.
# FILE's content is in a file `out.img` afterwards, for more questions.
copy_kinds() {
    local from=$1 to=$2 file=$3 size compare=same
    shift 3
    rm -f out.img out.qcow2
    source_of "$from" "$file"
    size=$(size_of "$expected")
    [ "$size" -le 1073741824 ] || compare=same_sparse
    destination_of "$to" "$size"
    if [ "$from" = pipe ]; then
        cat "$file" | copy_to "$to" "$@"
    else
        copy_to "$to" "$@"
    fi
    end_server source
    end_server destination
    if [ "$to" = null ]; then return 0; fi
    if [ "$to" = qemu-qcow2 ]; then
        qemu-img check -q out.qcow2 || fail "the qcow2 is damaged"
        qemu-img convert -f qcow2 -O raw out.qcow2 out.img
    fi
    case $to in
    *qemu*)     # its own rounding is behind what was copied
        [ "$(size_of out.img)" -ge "$size" ] || fail "out.img is too short"
        truncate -s "$size" out.img ;;
    esac
    "$compare" "$expected" out.img
}

copy_to() {
    if [ "$1" = pipe ]; then
        must_copy "${@:2}" "${source[@]}" "${destination[@]}" | cat >out.img
    else
        must_copy "${@:2}" "${source[@]}" "${destination[@]}"
    fi
}

# --- for tests of refusals: files that nothing may touch

# Makes precious.img, a destination that has to stay as it is; new.img must not
# come into being.
guard_files() {
    make_block 300000 >precious.img
    cp precious.img precious.copy
    touch -d '2001-01-01' precious.img
}

nothing_touched() {
    cmp precious.img precious.copy || fail "precious.img was written to"
    [ "$(stat -c %Y precious.img)" -eq "$(date -d 2001-01-01 +%s)" ] ||
        fail "precious.img was touched"
    [ ! -e new.img ] || fail "new.img was made"
}

# image_writes SEED COUNT BYTES SECTORS...: commands for qemu-io that write data and zeros to an image of BYTES, here and there;
# each is as long as one of SECTORS at most.
image_writes() {
    perl -e '
        my ($seed, $count, $bytes, @longest) = @ARGV;
        srand($seed);
        for (1 .. $count) {
            my $length = 1 + int rand $longest[rand @longest];
            my $at = int rand($bytes / 512 - $length);
            my $what = ("write -P " . (1 + int rand 255), "write -P 0", "write -z", "discard")[int rand 4];
            printf "%s %d %d\n", $what, $at * 512, $length * 512;
        }' "$@"
}
