# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Making images, and comparing them.

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
    perl -e '
        srand(7);
        for (my $left = $ARGV[0]; $left > 0; $left -= 65536) {
            print pack("C*", map { 1 + int rand 255 } 1 .. ($left < 65536 ? $left : 65536));
        }
    ' "$1"
}

# slice FILE START END: these bytes of it; put FILE OFFSET: what comes is there.
slice() { dd if="$1" bs=64K iflag=skip_bytes,count_bytes skip="$2" count=$(($3 - $2)) status=none; }
put() { dd of="$1" bs=64K seek="$2" oflag=seek_bytes conv=notrunc status=none; }

# flip FILE OFFSET: one bit of it becomes another, whatever it was: in what is made by chance, any byte that is written may be there already.
flip() {
    perl -e 'open(my $f, "+<:raw", $ARGV[0]) or die; seek($f, $ARGV[1], 0); read($f, my $b, 1); seek($f, $ARGV[1], 0);
        print $f chr(ord($b) ^ 16)' "$1" "$2"
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

# partition add DEVICE NUMBER FIRST-SECTOR SECTORS, partition delete DEVICE NUMBER: by BLKPG, without a table that the kernel
# would have to know, and without addpart(8), which not every release has.
partition() {
    perl -e '
        my ($what, $device, $number, $first, $sectors) = @ARGV;
        open my $disk, "<", $device or die "$device: $!\n";
        my $partition = pack "q q i a64 a64 x4", 512 * ($first // 0), 512 * ($sectors // 0), $number, "", "";
        my $request = pack "i i i x4 P", $what eq "add" ? 1 : 2, 0, length $partition, $partition;
        ioctl $disk, 0x1269, $request or die "$device: $!\n";' "$@"
}

# attach NAME FILE [LOSETUP-OPTIONS]: a loop device that lies on it until the test ends; the variable NAME is the device. They go in
# turn, the last one first, since one may lie on another.
attach() {
    local name=$1 file=$2 attached
    shift 2
    attached=$(losetup --show --find "$@" "$file" 2>losetup.err) || skip "no loop device: $(cat losetup.err)"
    at_exit=("losetup -d $attached" "${at_exit[@]}")
    printf -v "$name" %s "$attached"
}

# detach DEVICE: before that, the one that was attached last. Whoever looks at all disks just then keeps it open, and what was
# written there would reach the file when he is done.
detach() {
    blockdev --flushbufs "$1"
    losetup -d "$1"
    at_exit=("${at_exit[@]:1}")
}

# areas_of_bad SECTORS SEED EXPRESSION: the lines of a mapfile for a disk whose bad sectors a line of perl lists, which may take random ones;
# all others are finished.
areas_of_bad() {
    perl -e '
        my ($sectors, $seed, $expression) = @ARGV;
        srand($seed);
        my %bad = map { $_ => 1 } grep { $_ >= 0 && $_ < $sectors } eval($expression);
        my ($start, $last) = (0, "");
        for my $at (0 .. $sectors) {
            my $status = $at == $sectors ? "end" : $bad{$at} ? "-" : "+";
            next if $status eq $last;
            printf("0x%08X  0x%08X  %s\n", $start * 512, ($at - $start) * 512, $last) if $last ne "";
            ($start, $last) = ($at, $status);
        }
    ' "$@"
}
