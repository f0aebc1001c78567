# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Servers of disks, on Unix sockets and loopback, and what they have seen. They are named:
# NAME's socket is NAME.sock and its output NAME.server, and they end with the test.

# Waits until the command succeeds: for a state, and never for a time. The limit is for what never comes; for what a machine does
# that is emulated beside others it is longer.
wait_for() {
    local i
    for ((i = 0; i < 50 * ${WAIT_LIMIT_S:-200}; i++)); do
        if "$@"; then return 0; fi
        sleep 0.02
    done
    fail "waited ${WAIT_LIMIT_S:-200} s in vain for: $*"
}

# Whether no signal waits for this process: it has taken those that were sent.
has_taken() {
    ! grep -q '^ShdPnd:.*[1-9a-f]' "/proc/$1/status" 2>/dev/null
}

# Whether this process has ended, whether or not somebody has waited for it.
has_ended() {
    # Not by its command line: one that is about to become another program has none for a moment.
    case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in '' | [ZX]*) ;; *) return 1 ;; esac
}

# Whether the process PID listens on a socket. The socket's file is there, and its port taken, before anybody can connect.
listens() {
    find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -dc '0-9\n' | finds -xFf - <(
        awk '$4 == "00010000" { print $7 }' /proc/net/unix
        cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" { print $10 }')
}

# Whether it is the process PID that listens on this TCP port of all addresses.
listens_on() {
    find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -dc '0-9\n' | finds -xFf - <(
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

# serve_eval NAME FILE SIZE BEFORE [AFTER]: FILE by nbdkit's eval plugin. In the test's directory, the shell does BEFORE before each write,
# which may refuse it, and AFTER once it is done.
serve_eval() {
    requires_nbdkit_plugin eval
    serve_nbdkit "$1" eval get_size="echo $3" can_write='exit 0' can_flush='exit 0' flush='exit 0' \
        pread="dd if='$PWD/$2' bs=64K iflag=skip_bytes,count_bytes skip=\$4 count=\$3 status=none" \
        pwrite="cd '$PWD' && { $4
            dd of='$2' bs=64K oflag=seek_bytes seek=\$4 conv=notrunc status=none; } && { ${5:-true}; }"
}

# serve_on_port NAME COMMAND...: a server on a free port, which takes --port=N as its last word and writes NAME.pid when it listens; sets
# $port. The kernel's choice can't be asked for, so try.
serve_on_port() {
    local name=$1
    shift
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 10000))
        rm -f "$name.pid"
        "$@" --port="$port" >"$name.server" 2>&1 &
        server_pid[$name]=$!
        until [ -s "$name.pid" ]; do
            kill -0 "${server_pid[$name]}" 2>/dev/null || continue 2
            sleep 0.02
        done
        return 0
    done
    fail "no TCP port to be had: $(cat "$name.server")"
}

# serve_tcp NAME ADDRESS NBDKIT-ARGUMENTS: an nbdkit; sets $port.
serve_tcp() {
    serve_on_port "$1" nbdkit --exit-with-parent --foreground --ipaddr "$2" --pidfile "$1.pid" "${@:3}"
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

# serve_nbd_server NAME FILE [OPTION-LINE...]: the export is called `disk`. What holds for all exports may be in the array $generic.
serve_nbd_server() {
    local name=$1 file=$2
    shift 2
    {
        printf '[generic]\nunixsock = %s\n' "$TEST_DIR/$name.sock"
        printf '%s\n' "${generic[@]}"
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
    start_odd "$@"
    wait_listens "$1"
}

# The same, and who waits for it already may have it end before anybody else has seen it listen.
start_odd() {
    local name=$1
    shift
    rm -f "$name.sock"
    setpriv --pdeathsig TERM "$TOP/tests/odd-server" "$name.sock" "$@" >>"$name.server" 2>&1 &
    server_pid[$name]=$!
}

# serve_web [ADDRESS [PORT]]: the test's directory by HTTP, on port $web; what is posted there is in the file `reports`.
serve_web() {
    requires_program jq
    mkfifo watcher.in
    "$TOP/tests/boot/watcher" web reports "$@" <watcher.in >watcher.server 2>&1 &
    server_pid[watcher]=$!
    exec {watcher_in}>watcher.in
    wait_for test -s web
    web=$(cat web)
}
# reported FILTER: that is true of the list of all that was posted.
reported() { jq -se "$1" reports >/dev/null || fail "no report is like '$1': $(cat reports)"; }

# dhcp CARD OPTION...: dnsmasq, for whoever asks at that card of this machine.
dhcp() {
    local name=dhcp-$1
    rm -f "$name.log" # of an earlier one
    dnsmasq --keep-in-foreground --conf-file=/dev/null --interface="$1" --except-interface=lo --bind-interfaces --no-resolv --no-hosts --no-ping \
        --dhcp-authoritative --leasefile-ro --pid-file= --user=root --group=root --log-facility=- --log-dhcp --no-daemon "${@:2}" >"$name.log" 2>&1 &
    server_pid[$name]=$!
    wait_for grep -q 'started' "$name.log"
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
