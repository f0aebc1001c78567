#!/bin/bash
# SPDX-License-Identifier: MIT
# What measures decant is right before it is fast: a floor that moved less than it should would be no floor, and a target that is
# missed has to be marked.
#
# cases: files streams sockets bare-servers says-why plan marks run together fleet fleet-fails instructions instructions-fails
# cases: far

. "$(dirname "$0")/../functions.sh"
requires_program python3 cmp
floor=$TOP/build/tests/bench/floor

# Ranges of a disk of 9 MiB: one that is several pieces, and many small ones of different sizes. wanted.img is the disk without the
# rest, wanted what is in the ranges.
make_ranges() {
    python3 -c 'import struct
pairs, at = [(4096, 4096), (1 << 20, 3 << 20)], 5 << 20
for number in range(60):
    pairs.append((at, (number * 7 % 29 + 1) * 4096))
    at += pairs[-1][1] + 4096
pairs.append((9 << 20, 0))
open("ranges", "wb").write(b"".join(struct.pack("=QQ", *pair) for pair in pairs))
disk = b"".join(b"%0512d" % number for number in range(9 << 11))
parts = [disk[offset:offset + length] for offset, length in pairs]
open("in.img", "wb").write(disk)
open("wanted", "wb").write(b"".join(parts))
with open("wanted.img", "wb") as out:
    out.truncate(9 << 20)
    for (offset, _), part in zip(pairs, parts):
        out.seek(offset)
        out.write(part)'
}

# stand_in NAME gives|takes FILE: one client of it is sent a file's bytes, or sends as many, which are written to FILE.
stand_in() {
    rm -f "$1.sock"
    setpriv --pdeathsig TERM python3 -c 'import os, socket, sys
path, kind, name = sys.argv[1:]
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen()
client, _ = server.accept()
if kind == "gives":
    client.sendall(open(name, "rb").read())
else:
    wanted, got = os.path.getsize("wanted"), b""
    while len(got) < wanted:
        got += client.recv(1 << 20)
    open(name, "wb").write(got)
    client.sendall(b"\0")' "$TEST_DIR/$1.sock" "$2" "$3" >>"$1.server" 2>&1 &
    server_pid[$1]=$!
    wait_for test -S "$1.sock"
}

# serve_bare NAME gives|takes BYTES [MILLISECONDS]
serve_bare() {
    rm -f "$1.sock" "$1.sock.pid"
    setpriv --pdeathsig TERM "$floor" "$2" "$TEST_DIR/$1.sock" "${@:3}" >>"$1.server" 2>&1 &
    server_pid[$1]=$!
    wait_for test -s "$1.sock.pid"
}

# wants_a_place TOOL [WORD]: a paper without the marks for the tool's table is refused before anything is measured.
wants_a_place() {
    local code=0
    echo nothing >paper.md
    "$TOP/tests/bench/$1" --build=build --document=paper.md "${@:2}" >out 2>err || code=$?
    [ "$code" -eq 2 ] || fail "exit code $code: $(cat out err)"
    grep -q 'no place for the table in paper.md' err || fail "$(cat err)"
}

case $1 in
files)
    make_ranges
    for source in direct cached; do
        for destination in direct cached; do
            rm -f out.img
            "$floor" copy "$source:in.img" "$destination:out.img" ranges || fail "$source to $destination: exit code $?"
            cmp wanted.img out.img || fail "$source to $destination"
        done
    done
    # Where something is there already, no other byte is changed.
    cp in.img out.img
    "$floor" copy cached:wanted.img cached:out.img ranges
    cmp in.img out.img
    "$floor" copy cached:in.img null: ranges ;;
streams)
    make_ranges
    for way in 'copy cached' 'copy direct' 'splice cached'; do
        "$floor" "${way% *}" "${way#* }:in.img" - ranges | cmp wanted - || fail "$way"
    done
    stand_in s gives wanted
    "$floor" splice "socket:$PWD/s.sock" - ranges | cmp wanted - ;;
sockets)
    make_ranges
    for way in copy:direct copy:cached splice:cached; do
        stand_in d takes got
        "$floor" "${way%:*}" "${way#*:}:in.img" "socket:$PWD/d.sock" ranges || fail "$way: exit code $?"
        end_server d
        cmp wanted got || fail "$way"
    done
    for kind in direct cached; do
        rm -f out.img
        stand_in s gives wanted
        "$floor" copy "socket:$PWD/s.sock" "$kind:out.img" ranges || fail "$kind: exit code $?"
        end_server s
        cmp wanted.img out.img || fail "$kind"
    done
    for way in copy splice; do
        stand_in s gives wanted
        stand_in d takes got
        "$floor" "$way" "socket:$PWD/s.sock" "socket:$PWD/d.sock" ranges || fail "$way: exit code $?"
        end_server s
        end_server d
        cmp wanted got || fail "$way"
    done ;;
bare-servers)
    make_ranges
    bytes=$(stat -c %s wanted)
    serve_bare s gives "$bytes"
    serve_bare d takes "$bytes"
    # Time and again, and one journey after another.
    for _ in 1 2 3; do
        "$floor" copy "socket:$PWD/s.sock" null: ranges cached:in.img "socket:$PWD/d.sock" ranges
    done
    # A line's delay, each way.
    end_server s
    end_server d
    serve_bare s gives "$bytes" 300
    serve_bare d takes "$bytes" 400
    began=$(date +%s%N)
    "$floor" copy "socket:$PWD/s.sock" "socket:$PWD/d.sock" ranges
    took=$((($(date +%s%N) - began) / 1000000))
    [ "$took" -ge 700 ] || fail "after $took ms" ;;
says-why)
    make_ranges
    bytes=$(stat -c %s wanted)
    says() {
        local word=$1
        shift
        if "$floor" "$@" 2>err | cat >/dev/null; then fail "no failure: $*"; fi
        grep -qF "$word" err || fail "$* says: $(cat err)"
    }
    serve_bare s gives $((bytes - 1))
    says 'receiving: it ended early' copy "socket:$PWD/s.sock" null: ranges
    says 'splice: it ended early' splice "socket:$PWD/s.sock" - ranges
    truncate -s 3M in.img
    says 'it ended early' copy direct:in.img null: ranges
    says 'pread: it ended early' copy cached:in.img null: ranges
    says 'No such file' copy cached:missing null: ranges
    says 'No such file' copy "socket:$PWD/missing" null: ranges
    says 'Invalid argument' copy in.img null: ranges
    says 'usage: ' copy cached:in.img null: ;;
plan)
    # What a floor is told of a workload.
    truncate -s 8M in.img
    for at in 0 16; do head -c 64K "$floor" | dd of=in.img bs=64K seek=$at conv=notrunc status=none; done
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$TOP/tests/bench python3 -c 'import struct
from ends import NULL, PIPE, Compared, File, Nbd
from floors import floor
from workloads import Task

class Here:
    tools, memory = "T", "."

def plan(*words, **more):
    task, command = floor(Here, Task(8 << 20, *words, **more))
    with open(command[4], "rb") as ranges:
        pairs = list(struct.iter_unpack("=QQ", ranges.read()))
    return " ".join(command), pairs, [" ".join(server.command()) for server in task.servers]

def same(got, wanted):
    assert got == wanted, got

data, end = [(0, 65536), (1 << 20, 65536)], [(8 << 20, 0)]
all_of_it = [(0, 8 << 20)]
same(plan(Nbd("s"), File("out"), expected="in.img"),
     ("T/floor copy socket:s direct:out ./ranges-0", data + end, ["T/floor gives s 131072 0"]))
same(plan(Nbd("s"), Nbd("d"), expected="in.img", line_ms=5),
     ("T/floor copy socket:s socket:d ./ranges-0", [(0, 131072)] + end, ["T/floor gives s 131072 5", "T/floor takes d 131072 5"]))
same(plan(Nbd("s"), NULL), ("T/floor copy socket:s null: ./ranges-0", all_of_it + end, [f"T/floor gives s {8 << 20} 0"]))
same(plan(Nbd("s"), PIPE)[0], "T/floor splice socket:s - ./ranges-0")
same(plan(File("in.img", cached=True), Nbd("d"))[0], "T/floor splice cached:in.img socket:d ./ranges-0")
same(plan(File("in.img"), Nbd("d"))[0], "T/floor copy direct:in.img socket:d ./ranges-0")
same(plan(Compared("in.img", True), Compared("in.img", True)),
     ("T/floor copy cached:in.img null: ./ranges-0 cached:in.img null: ./ranges-1", data + end, []))' ;;
marks)
    # A workload of a peer that takes a second of time and of processor, and figures of decant and of the floor, each `TIME CPU`.
    marks() {
        PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$TOP/tests/bench python3 -c 'import sys
import report
from machine import Sample
from workloads import Workload
more, ours, floor = sys.argv[1:]
outcome = report.Outcome("work", Workload("", None, does_more=more == "does-more"))
for program, figures in ("decant", ours), ("nbdcopy", "1 1"), ("floor", floor):
    wall, cpu = map(float, figures.split())
    outcome.rows[program] = report.Row([Sample(wall, cpu, 1024, 0)])
print(report.text(outcome))' "$@" | sed 's/  */ /g' >out
        cat out
    }
    expect_line() { grep -qxF -- "$1" out || fail "not there: $1"; }
    marks moves '0.8 0.5' '0.5 0.4'
    expect_line 'work decant 0.800 0.80 1.60 0.500 0.50 1.25 1.0 - - 0.000 0%'
    expect_line 'work nbdcopy 1.000 1.00 2.00 1.000 1.00 2.50 1.0 - - 0.000 0%'
    expect_line 'work floor 0.500 0.50 1.00 0.400 0.40 1.00 1.0 - - 0.000 0%'
    marks moves '0.95 0.7' '0.5 0.5'
    expect_line 'work decant 0.950 0.95 1.90 0.700 0.70 1.40 1.0 - - 0.000 0% MISSED time <= 0.9; MISSED cpu <= 0.6; MISSED cpu x floor <= 1.3'
    marks does-more '0.8 0.5' '0.5 0.1'
    expect_line 'work decant 0.800 0.80 1.60 0.500 0.50 5.00 1.0 - - 0.000 0%'
    # A peer that is there already can't be beaten.
    marks moves '1.1 0.5' '0.96 0.4'
    expect_line 'work decant 1.100 1.10 1.15 0.500 0.50 1.25 1.0 - - 0.000 0% the peer is at the floor'
    marks moves '1.2 0.5' '0.96 0.4'
    expect_line 'work decant 1.200 1.20 1.25 0.500 0.50 1.25 1.0 - - 0.000 0% the peer is at the floor; MISSED time x floor <= 1.18' ;;
run)
    # The whole of it, on a small workload; what it makes on the disk goes here.
    requires_program nbdkit nbdcopy qemu-img
    bench_build
    "$TOP/tests/bench/run" --build=build --rounds=1 --benchmarks=paper.md empty-100G >out || fail "exit code $?: $(cat out)"
    for program in decant nbdcopy qemu-img floor; do
        grep -qE "^empty-100G +$program +[0-9]" out || fail "no $program: $(cat out)"
        grep -qE "^\| empty-100G \| $program \| [0-9]" paper.md || fail "no $program: $(cat paper.md)"
    done
    sed -n 's/^| empty-100G | floor | //p' paper.md | cut -d '|' -f 3,6 | finds -xF ' 1.00 | 1.00 ' || fail "$(cat paper.md)"
    [ -s paper.svg ] ;;
together)
    together=$TOP/build/tests/bench/together
    # Each waits for the last one.
    "$together" out 3 sh -c 'echo >>here; until [ "$(wc -l <here)" -eq 3 ]; do sleep 0.01; done' || fail "exit code $?"
    [ "$(grep -cxE '[0-9.]+ [0-9.]+ [1-9][0-9]* 0' out)" -eq 3 ] || fail "$(cat out)"
    code=0
    "$together" out 2 sh -c 'exit 5' || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code"
    [ "$(grep -c ' 5$' out)" -eq 2 ] || fail "$(cat out)" ;;
fleet)
    requires_program nbdkit qemu-nbd nbd-server
    bench_build
    printf 'before\n<!-- written by make bench-fleet -->\nold\n<!-- end -->\nbehind\n' >paper.md
    "$TOP/tests/bench/fleet" --build=build --decants='1 3' --connections='1 2' --mib=32 --rate-mib=32 --rounds=1 --document=paper.md \
        >out || fail "exit code $?: $(cat out)"
    # Nobody gets more than a disk takes, nor starves; the server's work is seen, also that of nbd-server's children.
    awk '/^(nbdkit|qemu-nbd|nbd-server) / {
            rows++
            speed = $4 / $3
            if (speed <= 0 || speed > 36 || $6 < 1 || $9 < 3 || $10 <= 0 || $11 <= 0) { print "odd: " $0; bad = 1 }
        }
        END { if (rows != 12) { print rows " rows"; bad = 1 } exit bad }' out || fail "$(cat out)"
    [ "$(grep -c '^| ' paper.md)" -eq 14 ] || fail "$(cat paper.md)"
    [ "$(sed -n '1p;$p' paper.md | tr '\n' ' ')" = 'before behind ' ] || fail "$(cat paper.md)"
    if grep -x old paper.md; then fail "the old table is still there"; fi ;;
fleet-fails)
    requires_program nbdkit
    bench_build
    printf '#!/bin/sh\necho it cannot >&2\nexit 1\n' >build/decant
    code=0
    "$TOP/tests/bench/fleet" --build=build --decants=3 --connections=1 --mib=1 --rounds=1 nbdkit >out 2>err || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code: $(cat out err)"
    grep -q '^nbdkit .* 3 of 3 failed: it cannot$' out || fail "$(cat out err)"
    wants_a_place fleet nbdkit ;;
far)
    requires_root
    requires_program nbdkit nbdcopy ip
    bench_build
    printf 'before\n<!-- written by make bench-far -->\nold\n<!-- end -->\nbehind\n' >paper.md
    code=0
    "$TOP/tests/bench/far" --build=build --nbdcopy=nbdcopy --lines=20 --connections=2 --mib=2 --rounds=1 --document=paper.md >out 2>err || code=$?
    ! grep -E 'no tun devices|no network namespaces' err || skip "$(cat err)"
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat out err)"
    # Nothing that is asked for comes sooner than after a round trip.
    awk '/^(read|written) / { rows++; if ($(NF - 3) <= 0.02) { print "odd: " $0; bad = 1 } } END { exit bad || rows != 6 }' out || fail "$(cat out)"
    [ "$(grep -cE '^\| (read|written) \| (decant|decant -C 2|nbdcopy) \| [0-9.]+ s, [0-9]+ MiB/s \|$' paper.md)" -eq 6 ] || fail "$(cat paper.md)"
    [ "$(sed -n '1p;$p' paper.md | tr '\n' ' ')" = 'before behind ' ] || fail "$(cat paper.md)"
    wants_a_place far ;;
instructions)
    # What they are is held to its bounds by test-instructions.sh.
    requires_program nbdkit nbdcopy valgrind
    bench_build
    printf 'before\n<!-- written by make bench-instructions -->\nold\n<!-- end -->\nbehind\n' >paper.md
    "$TOP/tests/bench/instructions" --build=build --nbdcopy=nbdcopy --rounds=1 --document=paper.md null >out || fail "exit code $?: $(cat out)"
    awk '$1 == "null" && $2 > 0 && $3 > 0 && $4 > 0 { rows++ } END { exit rows != 1 }' out || fail "$(cat out)"
    figures=$(awk '$1 == "null" { print $2 " | " $3 " | " $4 }' out)
    grep -qxF "| null | from a server, dropped | $figures |" paper.md || fail "$(cat paper.md)"
    [ "$(sed -n '1p;$p' paper.md | tr '\n' ' ')" = 'before behind ' ] || fail "$(cat paper.md)"
    if grep -x old paper.md; then fail "the old table is still there"; fi ;;
instructions-fails)
    requires_program nbdkit valgrind
    bench_build
    printf '#!/bin/sh\necho it cannot >&2\nexit 1\n' >build/decant
    code=0
    "$TOP/tests/bench/instructions" --build=build --rounds=1 null >out2 2>err || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code: $(cat out2 err)"
    grep -q '^instructions: exit code 1: .*it cannot' err || fail "$(cat err)"
    wants_a_place instructions null ;;
*) fail "no such case" ;;
esac
