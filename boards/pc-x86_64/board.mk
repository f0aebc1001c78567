# SPDX-License-Identifier: MIT
KERNEL_pc-x86_64 := linux-image-amd64

# What it can be started from, besides the kernel and the initramfs that a boot loader loads.
EXTRAS_pc-x86_64 := decant-pc-x86_64.iso decant-pc-x86_64.efi decant.ipxe

PC := $(COMMON)/boards/pc-x86_64
$(PC)/initramfs.gz: $(PC)/kexec/files

$(PC)/decant-pc-x86_64.iso: boards/pc-x86_64/grub.cfg boards/iso $(PC)/vmlinuz $(PC)/initramfs.gz $(BUILD)/obj/words-time
	@boards/iso $(@D) $< $(BUILD_TIME) $@

$(PC)/decant-pc-x86_64.efi: boards/uki $(PC)/vmlinuz $(PC)/initramfs.gz $(BUILD)/obj/words-time
	@$(UKI) $(@D) 'console=ttyS0,115200 console=tty0 quiet' $(BUILD_TIME) $@

$(PC)/decant.ipxe: boards/pc-x86_64/decant.ipxe
	@mkdir -p $(@D) && cp $< $@
