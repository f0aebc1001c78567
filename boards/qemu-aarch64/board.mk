# SPDX-License-Identifier: MIT
KERNEL_qemu-aarch64 := linux-image-cloud-arm64

# As one program for UEFI, too.
EXTRAS_qemu-aarch64 := decant-qemu-aarch64.efi

VIRT := $(COMMON)/boards/qemu-aarch64
$(VIRT)/decant-qemu-aarch64.efi: boards/uki $(VIRT)/vmlinuz $(VIRT)/initramfs.gz $(BUILD)/obj/words-time $(addsuffix /version,$(UEFI_PARTS))
	@$(UKI) $(@D) 'console=ttyAMA0 quiet' $(BUILD_TIME) $@
