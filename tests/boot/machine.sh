# SPDX-License-Identifier: MIT
# What the tests of the appliance share. Sourced behind tests/functions.sh.

board=${TEST_BOARD:-qemu-x86_64}
requires_program "qemu-system-${board##*-}" nbdkit
WAIT_LIMIT_S=700

# boot APPEND [RUN-ARGUMENTS]: a machine of $board whose disk is target.raw, until it ends by itself. What it said is in the file
# `console`. It doesn't wait before it overwrites a disk, unless `waits` is set.
boot() {
    local append="$1${waits-" decant.yes"}"
    shift
    timeout --kill-after=5 750 "$TOP/boards/$board/run" -b "$TOP/build" "$append" target.raw "$@" 2>&1 |
        stdbuf -o0 tr -d '\r' >console || fail "the machine did not end by itself: $(tail -n 60 console)"
}

# boot_monitored APPEND OPTIONS: as boot; meanwhile `tell` runs, which has to start the machine (cont).
boot_monitored() {
    mkfifo monitor.in monitor.out
    cat monitor.out >said &
    local others=$!
    : >console
    tell &
    others+=" $!"
    boot "$@" -chardev "pipe,id=monitor,path=$TEST_DIR/monitor" -mon monitor -S </dev/null
    # shellcheck disable=SC2086 # two of them
    wait $others
}

# What the board takes, in MiB, and that a machine which has that isn't told that it lacks some.
memory_mib() { cat "$TOP/boards/$board/memory-mib"; }
memory_suffices() { ! grep 'of memory are missing' console || fail "it wants more than it says"; }

# tell_machine COMMAND...: QEMU's monitor is told this, and has done it then.
tell_machine() {
    local told
    told=$(grep -c '^VM status' said || true)
    printf '%s\n' "$@" 'info status' >monitor.in
    has_answered() { [ "$(grep -c '^VM status' said)" -gt "$told" ]; }
    wait_for has_answered
}

# shown PATTERN [COUNT]: the console has shown it, so often.
shown() { [ "$(grep -ao "$1" console | wc -l)" -ge "${2:-1}" ]; }
# type_at PATTERN KEYS [COUNT]: once that is shown, these are typed.
type_at() {
    wait_for shown "$1" "${3:-1}"
    printf '%b' "$2" >&9
}
# boot_typed APPEND OPTIONS: as boot, with a console that is typed at by `type`, which runs meanwhile.
boot_typed() {
    mkfifo keys
    exec 9<>keys
    : >console
    type &
    local typing=$!
    boot "$@" <keys
    wait "$typing"
}

# console_says PATTERN: some line does.
console_says() {
    grep -Eq "$1" console || fail "no line like '$1' on the console: $(tail -n 60 console)"
}

# make_uefi_program [WORD...]: program.efi, the board's program for UEFI but for these words more on its command line, and one that an
# emulated PC needs: see boards/qemu-x86_64/run. Nobody adds any to one that is finished.
make_uefi_program() {
    local parts=$TOP/build/boards/$board
    objcopy -O binary --only-section=.cmdline "$parts/decant-$board.efi" cmdline
    "$TOP/boards/uki" "$parts" "$(tr -d '\0' <cmdline) no_timer_check $*" 0 program.efi
}

# make_uefi_stick PROGRAM NAME MIB: stick.raw, which UEFI starts this from, by that name, in a partition of its own.
make_uefi_stick() {
    requires_program mformat mcopy sfdisk
    truncate -s $(($3 + 2))M stick.raw
    echo "start=2048, size=$3M, type=uefi" | sfdisk -q --label gpt stick.raw
    mformat -i stick.raw@@1M -T $(($3 * 2048)) ::
    mmd -i stick.raw@@1M ::/EFI ::/EFI/BOOT
    mcopy -i stick.raw@@1M "$1" "::/EFI/BOOT/$2"
}

# The board's initramfs, or nothing, where its kernel has it within.
ours() { if [ "$board" = tiny-x86_64 ]; then echo /dev/null; else echo "$TOP/build/boards/$board/initramfs.gz"; fi; }

# more_of_initramfs FILE LINE...: that one, and behind it what the lines name; see rootfs/mkcpio.
more_of_initramfs() {
    printf '%s\n' "${@:2}" >list
    "$TOP/rootfs/mkcpio" list | gzip -n | cat "$1" -
}
second_initramfs() { more_of_initramfs "$(ours)" "$@"; }

# program_with_libraries PROGRAM: this machine's, in /bin, as lines for those.
program_with_libraries() {
    local library
    echo "file 0755 /bin/$1 $(command -v "$1")"
    ldd "$(command -v "$1")" | grep -o '/[^ ]*' | while read -r library; do
        printf 'dir 0755 %s\nfile 0755 %s %s\n' "$(dirname "$library")" "$library" "$library"
    done
}

# initramfs_with INIT MODULE...: the file `both`, ours with INIT as /run-this, dmsetup and what that needs, and these modules of the
# board's kernel beside its own ones.
initramfs_with() {
    local init=$1 kernel
    shift
    requires_program dmsetup modprobe
    kernel=$(sed -n 's/^KERNEL_[^ ]* := //p' "$TOP/boards/$board/board.mk")
    { cat "$TOP/boards/$board/modules"; printf '%s\n' "$@"; } >wanted
    "$TOP/rootfs/modules" "$TOP/build/third_party/kernel/$kernel" wanted more
    second_initramfs "file 0755 /run-this $init" "$(program_with_libraries dmsetup)" "$(cat more/files)" >both
}

# What such an INIT begins with: its words of the kernel's command line, all modules, and what is said on the console.
beginning_of_init() {
    cat <<'END'
#!/bin/sh
export PATH=/bin DM_DISABLE_UDEV=1
busybox mount -t proc proc /proc
busybox --install -s /bin
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
word() { tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p"; }
while read -r module; do
    options=$(word "${module%.ko}" | tr ',' ' ')
    insmod "/lib/modules/$module" $options
done </lib/modules/order
exec >/dev/console 2>&1
# device NAME: a device of the device mapper, whose table comes on standard input.
device() { dmsetup create "$1" && until [ -b "/dev/mapper/$1" ]; do sleep 0.1; done; }
END
}
