# SPDX-License-Identifier: MIT
# The initramfs of a board: the list rootfs/files and the board's modules, as a compressed cpio archive.

ROOTFS_PARTS := $(addprefix rootfs/,files init network profile udhcpc mkcpio)

$(BUILD)/boards/%/modules/files: boards/%/board.mk boards/%/modules rootfs/modules
	@rootfs/modules $(KERNELS)/$(KERNEL_$*) boards/$*/modules $(@D)

$(BUILD)/boards/%/initramfs.gz: $(BUILD)/boards/%/modules/files $(ROOTFS_PARTS) $(BUSYBOX) $(BUILD)/decant
	@BUILD=$(BUILD) BUSYBOX=$(BUSYBOX) rootfs/mkcpio rootfs/files $< >$(@D)/initramfs
	@gzip -n9 <$(@D)/initramfs >$@.part && rm $(@D)/initramfs && mv $@.part $@
