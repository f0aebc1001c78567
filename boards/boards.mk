# SPDX-License-Identifier: MIT
# The bootable files of a board: build/boards/NAME/vmlinuz and initramfs.gz. A board is a folder here: board.mk names its kernel,
# modules what the initramfs takes from it and always loads, modules.rc what is loaded when a bus asks for it, and run starts it.

BOARD ?= qemu-x86_64
BOARDS := $(patsubst boards/%/board.mk,%,$(wildcard boards/*/board.mk))
DEMO_PACKAGES := qemu-system-x86 qemu-utils e2fsprogs fdisk

include $(patsubst %,boards/%/board.mk,$(BOARDS))

# What a board is made of, given its name.
define BOARD_RULES
$(BUILD)/boards/$(1)/vmlinuz: $(KERNELS)/$(KERNEL_$(1))/vmlinuz
	@mkdir -p $$(@D) && cp $$(<D)/version $$(@D)/vmlinuz.version && cp $$< $$@
BOARD_MODULES_$(1) := $(patsubst %,$(BUILD)/boards/$(1)/%/files,$(if $(wildcard boards/$(1)/modules),modules) \
	$(if $(wildcard boards/$(1)/modules.rc),drivers))
$$(BOARD_MODULES_$(1)): $(KERNELS)/$(KERNEL_$(1))/vmlinuz
$(BUILD)/boards/$(1)/initramfs.gz: $$(BOARD_MODULES_$(1))
endef
$(foreach board,$(BOARDS),$(eval $(call BOARD_RULES,$(board))))

ifeq ($(filter $(BOARD),$(BOARDS)),)
$(error there is no board $(BOARD); there are: $(BOARDS))
endif

# BOARD's, or all.
FILES_OF = $(addprefix $(BUILD)/boards/$(1)/,vmlinuz initramfs.gz $(EXTRAS_$(1)))

## image: the bootable files of BOARD=NAME (qemu-x86_64), in build/boards/NAME (LEAVE_OUT="GROUP..." of its modules.rc)
.PHONY: image
image: $(call FILES_OF,$(BOARD))

## firmware: what the cards of BOARD=pc-x86_64 run themselves, which isn't free, as a second initramfs: build/boards/NAME/firmware.gz
.PHONY: firmware
firmware: $(if $(wildcard boards/$(BOARD)/modules.rc),$(BUILD)/boards/$(BOARD)/firmware.gz,no-firmware)

.PHONY: no-firmware
no-firmware:
	@echo "$(BOARD) has no cards that take firmware: make firmware BOARD=pc-x86_64" >&2; exit 1

# Those of all boards, which the tests boot.
.PHONY: images
images: $(foreach board,$(BOARDS),$(call FILES_OF,$(board)))

## demo: installs what is missing, builds all, and images a disk with the appliance of BOARD=NAME in QEMU, from a real NBD server
.PHONY: demo
demo:
	@third_party/require $(BUILD_PACKAGES) $(if $(EXTRAS_$(BOARD)),$(EXTRAS_PACKAGES)) $(DEMO_PACKAGES)
	@$(MAKE) --no-print-directory image BOARD=$(BOARD)
	@$(MAKE) --no-print-directory $(BUILD)/boards/qemu-x86_64/vmlinuz
	@boards/demo $(BUILD) $(BOARD)
