#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that is pulled and put back is gone on with, as long as it is the same one; one that fails once is asked again.
#
# Nothing is pulled here: a loop device has no sectors for a while, as a disk that is gone, and keeps what it had. What
# it tells of itself is a folder's, in the place of sysfs'. The machine of tests/boot/test-pulled.sh loses disks that go as real ones do.
#
# cases: destination source both file-destination file-source gone no-ring
# cases: under-another-number name-is-gone in-use read-only
# cases: other-size other-serial other-file other-kind other-model file-other-length file-another file-shorter
# cases: each-comes-back-reads each-comes-back-writes
# cases: retry-0 interrupted eio-once-source eio-once-destination eio-once-device link-severed

. "$(dirname "$0")/../functions.sh"
requires_root
requires_program losetup blockdev

make_block 1048576 >block.img
for _ in 1 2 3 4 5 6 7 8; do cat block.img; done >in.img
junk out.img 8M

# attach NAME FILE [LOSETUP-OPTIONS]: sets the variable NAME to the device.
attach() {
    local found
    found=$(losetup --show --find "${@:3}" "$2" 2>losetup.err) || skip "no loop device: $(cat losetup.err)"
    at_exit+=("losetup -d $found")
    printf -v "$1" %s "$found"
}

# Where a loop device begins in its file: beyond its end, it has no sectors.
begin_at() { # DEVICE OFFSET
    perl -e '
        my ($device, $offset) = @ARGV;
        open my $disk, "<", $device or die "$device: $!\n";
        my $info = "\0" x 232;
        ioctl $disk, 0x4C05, $info or die "$device: $!\n";
        substr($info, 24, 8) = pack "Q", $offset;
        ioctl $disk, 0x4C04, $info or die "$device: $!\n";' "$@"
}
# So far out that a write that is on its way doesn't make the file longer.
pull() { begin_at "$1" 9223372036854775296; }
put_back() { begin_at "$1" 0; }

# Copies slowly in the background, until something has arrived at a file.
begin_copy() { # SOURCE DESTINATION FILE OPTIONS...
    "$DECANT" --rate-limit=2M "${@:4}" "$1" "$2" 2>err &
    pid=$!
    at_exit=("kill -KILL $pid 2>/dev/null" "${at_exit[@]}")
    wait_for cmp -s -n 65536 in.img "$3" 2>cmp.err
}
says() { grep -Eq -- "$1" err; }
lost() { # NAME
    wait_for says "^decant: $1: the d(evice|isk that it is on) has gone; trying again for up to 120 s\$"
}
end_copy() {
    code=0
    wait "$pid" || code=$?
}
must_end_well() { # NAME...
    local name
    end_copy
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    for name; do
        says "^decant: $name is back: going on at offset [0-9]+\$" || fail "$name isn't said to be back: $(cat err)"
    done
}
must_end_as() { # PATTERN
    end_copy
    [ "$code" -eq 1 ] && says "$1" || fail "exit code $code, or not '$1': $(cat err)"
}
same_flushed() {
    blockdev --flushbufs "$device"
    same "$1" "$2"
}

# What sysfs tells of loop devices is in the folder `sys` then, for all that runs below.
fake_sysfs() {
    local number
    number=$(cat "/sys/block/${device##*/}/dev")
    mkdir -p "sys/${device##*/}/device"
    cp "/sys/block/${device##*/}/size" "sys/${device##*/}/size"
    sys=sys/${device##*/}
    cat >with-sysfs <<END
#!/bin/sh
mount --bind sys /sys/devices/virtual/block && test -e /sys/dev/block/$number/size && exec "$DECANT" "\$@"
END
    chmod +x with-sysfs
    find_own_mounts
    unshare "${own_mounts[@]}" sh -c 'mount --bind sys /sys/devices/virtual/block' 2>mount.err || skip "may not mount: $(cat mount.err)"
    printf '#!/bin/sh\nexec unshare %s ./with-sysfs "$@"\n' "${own_mounts[*]}" >decant
    chmod +x decant
    DECANT=./decant
}
must_be_another() { # PATTERN
    lost "$device"
    put_back "$device"
    must_end_as "writing $device failed at offset [0-9]+: another disk is in its place, whose $1"
}

# A file system on a loop device, at `mnt`.
mount_disk() { # FILE
    requires_program mke2fs mount
    truncate -s 32M disk.img
    attach device disk.img
    mke2fs -q -t ext4 "$device"
    mkdir mnt
    mount "$device" mnt 2>mount.err || skip "may not mount: $(cat mount.err)"
    at_exit=("umount mnt" "${at_exit[@]}")
}
mount_again() {
    umount mnt
    put_back "$device"
    mount "$device" mnt
}

case $1 in
destination)
    attach device out.img
    begin_copy in.img "$device" out.img
    for _ in 1 2; do
        : >err
        pull "$device"
        lost "$device"
        put_back "$device"
        wait_for says 'is back'
    done
    must_end_well "$device"
    same_flushed in.img out.img ;;
no-ring)
    requires_strace
    attach device out.img
    strace -f -o trace -e inject=io_uring_setup:error=ENOSYS "$DECANT" --rate-limit=2M in.img "$device" 2>err &
    pid=$!
    wait_for cmp -s -n 65536 in.img out.img
    pull "$device"
    lost "$device"
    put_back "$device"
    must_end_well "$device"
    same_flushed in.img out.img ;;
source)
    attach device in.img
    begin_copy "$device" out.img out.img
    pull "$device"
    lost "$device"
    put_back "$device"
    must_end_well "$device"
    same in.img out.img ;;
both)
    attach from in.img
    attach device out.img
    begin_copy "$from" "$device" out.img
    pull "$from"
    pull "$device"
    lost "($from|$device)"
    put_back "$from"
    put_back "$device"
    end_copy
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    same_flushed in.img out.img ;;
file-destination)
    mount_disk
    begin_copy in.img mnt/out.img mnt/out.img
    sync -f mnt
    pull "$device"
    lost mnt/out.img
    mount_again
    must_end_well mnt/out.img
    umount mnt
    mount "$device" mnt
    same in.img mnt/out.img ;;
file-source)
    mount_disk
    cp in.img mnt/in.img
    sync -f mnt
    mount_again
    begin_copy mnt/in.img out.img out.img
    pull "$device"
    lost mnt/in.img
    mount_again
    must_end_well mnt/in.img
    same in.img out.img ;;
gone)
    attach device out.img
    begin_copy in.img "$device" out.img --retry=1
    pull "$device"
    must_end_as "writing $device failed at offset [0-9]+: the device has gone; "
    put_back "$device"
    goes_on in.img out.img same_flushed ;;
interrupted)
    attach device out.img
    begin_copy in.img "$device" out.img
    pull "$device"
    lost "$device"
    kill -TERM "$pid"
    end_copy
    [ "$code" -ne 0 ] || fail "exit code 0: $(cat err)"
    put_back "$device"
    goes_on in.img out.img same_flushed ;;
retry-0)
    attach device out.img
    begin_copy in.img "$device" out.img --retry=0
    pull "$device"
    must_end_as "writing $device failed at offset [0-9]+: the device has gone; "
    ! says 'trying again' || fail "it says: $(cat err)"
    put_back "$device"
    goes_on in.img out.img same_flushed ;;
under-another-number)
    # The name is udev's, and leads to where the disk is.
    attach device out.img
    ln -s "$device" by-id
    begin_copy in.img by-id out.img
    pull "$device"
    lost by-id
    attach device out.img
    ln -sfn "$device" by-id
    must_end_well by-id
    same_flushed in.img out.img ;;
name-is-gone)
    # Nothing is made in its place.
    attach device out.img
    ln -s "$device" by-id
    begin_copy in.img by-id out.img --retry=2
    rm by-id
    pull "$device"
    must_end_as "writing by-id failed at offset [0-9]+: the device has gone; "
    [ ! -e by-id ] || fail "a file was made"
    put_back "$device"
    ln -s "$device" by-id
    goes_on in.img out.img same_flushed ;;
in-use)
    # Such as by whoever mounts all that is plugged in.
    attach device out.img
    begin_copy in.img "$device" out.img --retry=2
    pull "$device"
    wait_for says 'the device has gone'
    perl -e '
        use Fcntl;
        $| = 1;
        my $disk;
        until (sysopen $disk, $ARGV[0], O_RDONLY | O_EXCL) {}
        print "held\n";
        sleep;' "$device" >held &
    holder=$!
    at_exit=("kill $holder; wait $holder" "${at_exit[@]}")
    wait_for grep -qx held held
    put_back "$device"
    must_end_as "writing $device failed at offset [0-9]+: it is back, but in use \(mounted\?\): unmount it" ;;
read-only)
    attach device out.img
    at_exit=("blockdev --setrw $device" "${at_exit[@]}")
    begin_copy in.img "$device" out.img --retry=2
    pull "$device"
    wait_for says 'the device has gone'
    blockdev --setro "$device"
    put_back "$device"
    must_end_as "writing $device failed at offset [0-9]+: it can't be opened again: Read-only file system" ;;
each-comes-back-*)
    # Many at once, whatever becomes of the disk.
    client=$TOP/build/tests/end-client
    [ -x "$client" ] || fail "$client: build first (make check)"
    attach device out.img
    says() { grep -Eqx "$1" out; }
    case $1 in *-writes) writes=-w ;; *) writes= ;; esac
    "$client" $writes "$device" >>out 2>err &
    pid=$!
    at_exit=("kill -KILL $pid 2>/dev/null" "${at_exit[@]}")
    wait_for says answered
    for _ in 1 2 3 4 5; do
        : >out
        pull "$device"
        wait_for says 'lost: the device has gone'
        wait_for says home
        : >out
        put_back "$device"
        wait_for says here
        wait_for says answered
    done
    kill -TERM "$pid"
    end_copy
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat out err)" ;;
other-size)
    attach device out.img
    begin_copy in.img "$device" out.img
    pull "$device"
    lost "$device"
    truncate -s 9M out.img
    put_back "$device"
    must_end_as "writing $device failed at offset [0-9]+: it has 9437184 bytes now, not 8388608" ;;
other-file)
    # The file is what a loop device is.
    attach device out.img
    junk other.img 8M
    cp other.img other.before
    ln -s "$device" name
    begin_copy in.img name out.img
    pull "$device"
    lost name
    attach device other.img
    ln -sfn "$device" name
    must_end_as "writing name failed at offset [0-9]+: another disk is in its place, whose file is .*/other.img, not .*/out.img"
    same_flushed other.before other.img ;;
other-kind)
    attach device out.img
    ln -s "$device" name
    begin_copy in.img name out.img
    junk other.img 8M
    cp other.img other.before
    pull "$device"
    lost name
    ln -sfn other.img name
    must_end_as "writing name failed at offset [0-9]+: it is no block device any more"
    same other.before other.img ;;
other-serial)
    # As virtio disks have it, and as SCSI disks do, behind a head of four bytes.
    attach device out.img
    fake_sysfs
    echo one >"$sys/serial"
    begin_copy in.img "$device" out.img
    pull "$device"
    echo another >"$sys/serial"
    must_be_another 'serial number is another, not one; '
    rm "$sys/serial"
    junk out.img 8M
    printf '\0\x80\0\x05 ONE ' >"$sys/device/vpd_pg80"
    begin_copy in.img "$device" out.img
    pull "$device"
    printf '\0\x80\0\x05 TWO ' >"$sys/device/vpd_pg80"
    must_be_another 'serial number is TWO, not ONE; ' ;;
other-model)
    # And the same one.
    attach device out.img
    fake_sysfs
    echo Stick >"$sys/device/model"
    echo 0123456789 >"$sys/serial"
    begin_copy in.img "$device" out.img
    pull "$device"
    lost "$device"
    put_back "$device"
    wait_for says 'is back'
    : >err
    pull "$device"
    rm "$sys/device/model"
    must_be_another 'model is unknown, not Stick; ' ;;
file-other-length|file-another)
    mount_disk
    cp in.img mnt/in.img
    sync -f mnt
    mount_again
    begin_copy mnt/in.img out.img out.img
    pull "$device"
    lost mnt/in.img
    umount mnt
    put_back "$device"
    mkdir other
    mount "$device" other
    case $1 in
    *-length) truncate -s 4M other/in.img; what='it has 4194304 bytes now, not 8388608' ;;
    *) cp in.img other/new.img; mv other/new.img other/in.img; what='another file is in its place' ;;
    esac
    umount other
    mount "$device" mnt
    must_end_as "reading mnt/in.img failed at offset [0-9]+: $what; " ;;
file-shorter)
    # What --from relies on must still be there.
    mount_disk
    head -c 1M in.img >mnt/out.img
    sync -f mnt
    begin_copy in.img mnt/out.img mnt/out.img --from=1M
    wait_for cmp -s -n 65536 -i 1048576 in.img mnt/out.img 2>cmp.err
    sync -f mnt
    pull "$device"
    lost mnt/out.img
    umount mnt
    put_back "$device"
    mkdir other
    mount "$device" other
    truncate -s 512K other/out.img
    umount other
    mount "$device" mnt
    must_end_as 'writing mnt/out.img failed at offset [0-9]+: it has 524288 bytes now, not 8388609; '
    [ "$(size_of mnt/out.img)" -eq 524288 ] || fail "it was written to" ;;
eio-once-source|eio-once-destination|eio-once-device)
    # Without the ring, whose errors can't be injected.
    requires_strace
    to=out.img from=in.img call=pwrite64
    case $1 in
    *-source) call=pread64 ;;
    *-device) attach device out.img; to=$device ;;
    esac
    strace -f -o trace -e inject=io_uring_setup:error=ENOSYS -e inject=$call:error=EIO:when=4 \
        "$DECANT" "$from" "$to" 2>err || fail "exit code $?: $(cat err)"
    grep -q 'EIO.*INJECTED' trace || fail "no error was injected"
    [ ! -s err ] || fail "it says: $(cat err)"
    [ "$to" = out.img ] || blockdev --flushbufs "$to"
    same in.img out.img ;;
link-severed)
    # The device is there, and its link isn't, once: opened again, it answers.
    requires_strace
    attach device in.img
    strace -f -o trace -e inject=io_uring_setup:error=ENOSYS -e inject=pread64:error=ENOLINK:when=4 \
        "$DECANT" "$device" out.img 2>err || fail "exit code $?: $(cat err)"
    says "^decant: $device: Link has been severed; trying again" || fail "it says: $(cat err)"
    same in.img out.img ;;
*) fail "no such case" ;;
esac
