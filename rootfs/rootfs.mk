# SPDX-License-Identifier: MIT
# The initramfs of a board: the list rootfs/files, the modules that the board always loads, and the drivers that its buses ask for, as a
# compressed cpio archive.

ROOTFS_PARTS := $(addprefix rootfs/,files last init job consoles telling menu hardware mdev.conf excepts medium network network-links \
	network-words lease name-servers nearest parameters machine settings mapfile afterwards once bootnext fetch reports report profile dhcp-answer dhcp6-answer mkcpio)

$(COMMON)/boards/%/modules/files: boards/%/board.mk boards/%/modules rootfs/modules
	@rootfs/modules $(KERNELS)/$(KERNEL_$*) boards/$*/modules $(@D)

# Groups of boards/NAME/modules.rc to do without, and what the board itself does without (LEFT_OUT_NAME).
LEAVE_OUT :=
$(COMMON)/boards/%/left-out: words
	@mkdir -p $(@D); echo '$(LEAVE_OUT) $(LEFT_OUT_$*)' | cmp -s - $@ || echo '$(LEAVE_OUT) $(LEFT_OUT_$*)' >$@

.PRECIOUS: $(COMMON)/boards/%/left-out
$(COMMON)/boards/%/drivers/files: boards/%/board.mk boards/%/modules.rc rootfs/drivers $(COMMON)/boards/%/left-out
	@rootfs/drivers $(KERNELS)/$(KERNEL_$*) boards/$*/modules.rc '$(LEAVE_OUT) $(LEFT_OUT_$*)' $(@D)

# What goes on into the system on the disk.
$(COMMON)/boards/%/kexec/files: rootfs/next-kernel $(KEXEC)
	@mkdir -p $(@D) && printf 'file 0755 %s %s\n' /bin/kexec $(KEXEC) /lib/decant/next-kernel $< >$@

INITRAMFS_MADE_OF := $(ROOTFS_PARTS) $(BUSYBOX) $(BUILD)/decant
# Given the board and its own lists.
MKCPIO = BOARD=$(1) BUILD=$(BUILD) BUSYBOX=$(BUSYBOX) rootfs/mkcpio rootfs/files $(2) rootfs/last
$(COMMON)/boards/%/initramfs.gz: boards/%/memory-mib $(INITRAMFS_MADE_OF)
	@$(call MKCPIO,$*,$(filter $(@D)/%/files,$^)) >$(@D)/initramfs
	@gzip -n9 <$(@D)/initramfs >$@.part && rm $(@D)/initramfs && mv $@.part $@

# Loaded behind the first one.
$(COMMON)/boards/%/firmware.gz: $(COMMON)/boards/%/drivers/files $(FIRMWARE)/version rootfs/firmware rootfs/mkcpio
	@rootfs/firmware $(<D)/lib $(FIRMWARE)/usr/lib/firmware >$(@D)/firmware.list
	@rootfs/mkcpio $(@D)/firmware.list >$(@D)/firmware && gzip -n9 <$(@D)/firmware >$@.part && rm $(@D)/firmware && mv $@.part $@
