# SPDX-License-Identifier: MIT
# The bootable files of a board: build/boards/NAME/vmlinuz and initramfs.gz. A board is a folder here: board.mk names its kernel,
# modules what the initramfs takes from it and always loads, modules.rc what is loaded when a bus asks for it, and run starts it. Its name
# ends with the machine that it is for. Where the kernel is linux-source, it is built by the board's kernel.config, and the initramfs is in it.

BOARDS := $(patsubst boards/%/board.mk,%,$(wildcard boards/*/board.mk))
BOARD ?= $(or $(filter qemu-$(ARCH),$(BOARDS)),qemu-x86_64)
DEMO_PACKAGES := qemu-system-x86 qemu-utils e2fsprogs fdisk

include $(patsubst %,boards/%/board.mk,$(BOARDS))

# What a board is made of, given its name.
define BOARD_RULES
$(COMMON)/boards/$(1)/vmlinuz: $(KERNELS)/$(KERNEL_$(1))/vmlinuz
	@mkdir -p $$(@D) && cp $$(<D)/version $$(@D)/vmlinuz.version && cp $$< $$@
BOARD_MODULES_$(1) := $(patsubst %,$(COMMON)/boards/$(1)/%/files,$(if $(wildcard boards/$(1)/modules),modules) \
	$(if $(wildcard boards/$(1)/modules.rc),drivers))
$$(BOARD_MODULES_$(1)): $(KERNELS)/$(KERNEL_$(1))/vmlinuz
$(COMMON)/boards/$(1)/initramfs.gz: $$(BOARD_MODULES_$(1))
endef

define OWN_KERNEL_RULES
$(COMMON)/boards/$(1)/vmlinuz: boards/$(1)/memory-mib $$(INITRAMFS_MADE_OF) $(THIRD_PARTY)/linux-$(1)/src/made
	@$$(call MKCPIO,$(1)) >$(THIRD_PARTY)/linux-$(1)/src/initramfs.cpio
	@third_party/build $(THIRD_PARTY)/linux-$(1) - '$$(MAKE_LINUX) bzImage && cp arch/x86/boot/bzImage ..'
	@mkdir -p $$(@D) && cp $(dir $(LINUX_TARBALL))version $$(@D)/vmlinuz.version && cp $(THIRD_PARTY)/linux-$(1)/bzImage $$@
endef
OWN_KERNELS := $(foreach board,$(BOARDS),$(if $(filter linux-source,$(KERNEL_$(board))),$(board)))
$(foreach board,$(filter-out $(OWN_KERNELS),$(BOARDS)),$(eval $(call BOARD_RULES,$(board))))
$(foreach board,$(OWN_KERNELS),$(eval $(call OWN_KERNEL_RULES,$(board))))

ifeq ($(filter $(BOARD),$(BOARDS)),)
$(error there is no board $(BOARD); there are: $(BOARDS))
endif

# BOARD's, or all.
FILES_OF = $(addprefix $(COMMON)/boards/$(1)/,vmlinuz $(if $(filter $(1),$(OWN_KERNELS)),,initramfs.gz) $(EXTRAS_$(1)))

# What is for another machine is made by a make of its own, once what both download is there.
BOARDS_HERE := $(filter %-$(ARCH),$(BOARDS))

# Makes a program for UEFI.
UKI := STUB=$(UEFI_STUB) CROSS=$(CROSS) boards/uki

## image: the bootable files of BOARD=NAME (qemu-x86_64), in build/boards/NAME (LEAVE_OUT="GROUP..." of its modules.rc)
.PHONY: image
ifneq ($(filter $(BOARD),$(BOARDS_HERE)),)
image: $(call FILES_OF,$(BOARD))
else
image: $(TARBALLS)
	@+$(call make_for,$(lastword $(subst -, ,$(BOARD)))) image BOARD=$(BOARD)
endif

## firmware: what the cards of BOARD=pc-x86_64 run themselves, which isn't free, as a second initramfs: build/boards/NAME/firmware.gz
.PHONY: firmware
firmware: $(if $(wildcard boards/$(BOARD)/modules.rc),$(COMMON)/boards/$(BOARD)/firmware.gz,no-firmware)

.PHONY: no-firmware
no-firmware:
	@echo "$(BOARD) has no cards that take firmware: make firmware BOARD=pc-x86_64" >&2; exit 1

# Those of all boards, which the tests boot, but those that take minutes to build. Only a PC has the boot loaders of one, so another
# machine makes no more than its own.
.PHONY: images own-images
images: own-images $(if $(filter x86_64,$(HOST)),for-aarch64)
own-images: $(foreach board,$(filter-out $(OWN_KERNELS),$(BOARDS_HERE)),$(call FILES_OF,$(board)))

## demo: installs what is missing, builds all, and images a disk with the appliance of BOARD=NAME in QEMU, from a real NBD server
.PHONY: demo
demo:
	@third_party/require $(BUILD_PACKAGES) $(if $(EXTRAS_$(BOARD)),$(EXTRAS_PACKAGES)) \
		$(if $(filter $(BOARD),$(OWN_KERNELS)),$(KERNEL_PACKAGES)) $(DEMO_PACKAGES)
	@$(make_all) image $(BUILD)/boards/qemu-x86_64/vmlinuz BOARD=$(BOARD)
	@boards/demo $(BUILD) $(BOARD)
