#!/bin/bash
# SPDX-License-Identifier: MIT
# The merged map of a qcow2 chain of three images with a dirty bitmap is held
# against what qemu-img says of the same, on disks with random content: what is
# data, which image has it, and what has changed.
#
# cases: disks-1-to-10 disks-11-to-20 disks-21-to-30 disks-31-to-40 disks-41-to-50

. "$(dirname "$0")/../functions.sh"
requires_program qemu-img qemu-io qemu-nbd perl
perl -MJSON::PP -e 1 2>/dev/null || skip "perl has no JSON::PP"

# Random writes, zeros and discards, in clusters of 64 KiB and parts of them.
commands() { # SEED COUNT
    perl -e '
        srand($ARGV[0]);
        for (1 .. $ARGV[1]) {
            my $length = (1, 8, 128, 256, 700)[int rand 5];
            my $at = int rand(8192 - $length);
            my $what = ("write -P " . (1 + int rand 255), "write -P 7", "write -z", "discard")[int rand 4];
            printf "%s %dk %dk\n", $what, $at / 2, ($length + 1) / 2;
        }' "$@"
}

change() { # IMAGE SEED COUNT
    commands "$2" "$3" | qemu-io -f qcow2 "$1" >io.log || fail "qemu-io: $(cat io.log)"
}

# What all say, as one line for each sector: zero data depth dirty.
sectors() {
    perl -MJSON::PP -e '
        sub read_json { open(my $in, "<", $_[0]) or die "$_[0]: $!"; local $/; decode_json(<$in>) }
        my (@sectors, $line);
        if ($ARGV[0] eq "ours") {
            for my $e (@{ read_json("ours.json") }) {
                my ($allocation, $depth, $dirty) = map { $e->{contexts}{$_}{type} }
                    "base:allocation", "qemu:allocation-depth", "qemu:dirty-bitmap:b";
                $line = join " ", $allocation & 2 ? 1 : 0, $allocation & 1 ? 0 : 1, $depth, $dirty;
                push @sectors, ($line) x ($e->{length} / 512);
            }
        } else {
            my @dirty;
            push @dirty, ($_->{data} ? 0 : 1) x ($_->{length} / 512) for @{ read_json("dirty.json") };
            for my $e (@{ read_json("chain.json") }) {
                $line = join " ", $e->{zero} + 0, $e->{data} + 0, $e->{present} ? $e->{depth} + 1 : 0;
                push @sectors, ($line) x ($e->{length} / 512);
            }
            @sectors = map { "$sectors[$_] $dirty[$_]" } 0 .. $#sectors;
        }
        print "$_\n" for @sectors;' "$1"
}

one_disk() {
    local seed=$1
    qemu-img create -q -f qcow2 base.qcow2 4M
    change base.qcow2 "$seed"1 6
    qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 middle.qcow2
    change middle.qcow2 "$seed"2 4
    qemu-img create -q -f qcow2 -b middle.qcow2 -F qcow2 top.qcow2
    change top.qcow2 "$seed"3 3
    qemu-img bitmap --add -g 4096 -f qcow2 top.qcow2 b
    change top.qcow2 "$seed"4 3
    serve_qemu s -r -f qcow2 -A -B b top.qcow2
    must_copy map --json --context=qemu:dirty-bitmap:b --context=base:allocation --context=qemu:allocation-depth \
        "$(uri s)" >ours.json
    # qemu shows a bitmap as an allocation: what is dirty is a hole.
    qemu-img map --output=json --image-opts \
        "driver=nbd,server.type=unix,server.path=$TEST_DIR/s.sock,x-dirty-bitmap=qemu:dirty-bitmap:b" >dirty.json
    end_server s
    qemu-img map --output=json -f qcow2 top.qcow2 >chain.json
    sectors ours >ours
    sectors theirs >theirs
    [ "$(wc -l <ours)" -eq 8192 ] || fail "seed $seed: $(wc -l <ours) sectors"
    cmp ours theirs || fail "seed $seed: $(diff ours theirs | sed -n 1,20p)"
    grep -q '1$' ours || fail "seed $seed: nothing is dirty"
    rm ./*.qcow2
}

last=${1##*-}
for ((seed = last - 9; seed <= last; seed++)); do
    one_disk "$seed"
done
