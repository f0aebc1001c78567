# SPDX-License-Identifier: MIT
# What a PC's boot loader takes for a Linux kernel: it writes its command line, between < and >, to the first serial port and restarts the
# machine. Its beginning is the header of the boot protocol, 2.06; the rest is loaded at 1 MiB, with the parameters' address in %esi.
    .code16
    .org 0x1f1
    .byte 1                     # sectors before that rest, but for the first
    .org 0x1f4
    .long 0x20                  # and of it, in 16 bytes
    .org 0x1fe
    .word 0xaa55
    .word 0
    .ascii "HdrS"
    .word 0x206
    .org 0x211
    .byte 1                     # it is loaded high
    .org 0x214
    .long 0x100000
    .org 0x22c
    .long 0x37ffffff            # how high the initramfs may be
    .long 0x1000
    .org 0x238
    .long 1000                  # how long its command line
    .org 0x400

    .code32
    mov 0x228(%esi), %esi
    mov $'<', %al
    call print
0:  lodsb
    test %al, %al
    jz 1f
    call print
    jmp 0b
1:  mov $'>', %al
    call print
    mov $0xcf9, %dx
    mov $6, %al
    out %al, %dx
2:  hlt
    jmp 2b

print:
    mov %al, %ah
    mov $0x3fd, %dx
3:  in %dx, %al
    test $0x20, %al
    jz 3b
    mov $0x3f8, %dx
    mov %ah, %al
    out %al, %dx
    ret
    .org 0x600
