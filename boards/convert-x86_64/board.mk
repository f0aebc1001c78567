# SPDX-License-Identifier: MIT
include third_party/converters.mk

KERNEL_convert-x86_64 := linux-image-amd64
# It has no network.
LEFT_OUT_convert-x86_64 := ethernet fabrics usb-net links drivers/net/ drivers/infiniband/ net/

EXTRAS_convert-x86_64 := decant-convert-x86_64.iso

CONVERT := $(COMMON)/boards/convert-x86_64
$(CONVERT)/initramfs.gz: $(CONVERT)/converters/files $(CONVERT)/kexec/files
$(CONVERT)/converters/files: $(CONVERTERS)/version rootfs/formats rootfs/converters
	@rootfs/converters $(CONVERTERS)/root rootfs/formats $(@D)

$(CONVERT)/decant-convert-x86_64.iso: boards/pc-x86_64/grub.cfg boards/iso $(CONVERT)/vmlinuz $(CONVERT)/initramfs.gz $(BUILD)/obj/words-time
	@boards/iso $(@D) $< $(BUILD_TIME) $@ convert
