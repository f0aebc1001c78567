# SPDX-License-Identifier: MIT
# decant: the only build entry. `make help` lists the targets, V=1 shows the commands.

# The machine that this is, and the one that is built for: `make ARCH=aarch64`.
HOST := $(shell uname -m)
ARCH := $(HOST)
# As Debian names them. For others, nobody but themselves can build.
ARCHITECTURE_x86_64 := amd64
ARCHITECTURE_aarch64 := arm64
ifneq ($(ARCH),$(HOST))
ifndef ARCHITECTURE_$(ARCH)
$(error ARCH=$(ARCH): there are x86_64 and aarch64)
endif
CROSS := $(ARCH)-linux-gnu-
endif

BUILD := build$(if $(CROSS),/$(ARCH))
# What is for all machines: what was downloaded, and boards.
COMMON := $(if $(CROSS),$(BUILD:%/$(ARCH)=%),$(BUILD))
# The make that builds for that one.
make_for = $(MAKE) --no-print-directory ARCH=$(1) BUILD=$(COMMON)$(if $(filter-out $(HOST),$(1)),/$(1))
ifneq ($(words $(BUILD)),1)
$(error BUILD=$(BUILD): make takes no blanks in it)
endif
VERSION := 0.1

# What is built on the way to something else takes all processors, where nobody has said how many jobs there may be.
make_all = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

# When this tree was made, in seconds since 1970; asked for once, by whoever needs it first.
BUILD_TIME = $(eval BUILD_TIME := $$(shell SOURCE_DATE_EPOCH='$(SOURCE_DATE_EPOCH)' third_party/build-time))$(BUILD_TIME)

# Sorting, matching and comparing are the same everywhere.
export LC_ALL := C
unexport LANGUAGE

CC := $(CROSS)gcc
CFLAGS := -O2 -g
# For a newcomer with another compiler a warning is a warning; where CI is set, it is an error.
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith $(if $(CI),-Werror)

# Begins the line that makes something: its directory, and a word (`CC src/main.c`) in the place of the line, which V=1 shows.
say = $(if $(filter 1,$(V)),,@echo '$(1)	$(or $(2),$<)' && )mkdir -p $(@D) &&

## all: build/decant, the static program, and build/nbdcopy and build/nbdinfo, links to it (the default; ARCH=aarch64: build/aarch64/)
.PHONY: all
all: $(BUILD)/decant $(BUILD)/nbdcopy $(BUILD)/nbdinfo

include third_party/third_party.mk
include rootfs/rootfs.mk
include boards/boards.mk
include docs/packaging/packaging.mk
include tests/sim/sim.mk
include tests/tests.mk

# ---- The program ----

SOURCES := $(sort $(wildcard src/*.c src/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/obj/%.o)

GCC_INCLUDE = $(shell $(CC) -print-file-name=include)

# musl's headers, the compiler's own, and the kernel's; nothing of the host's C library.
MUSL_CPPFLAGS = -nostdinc -isystem $(MUSL_INCLUDE) -isystem $(GCC_INCLUDE) -isystem $(KERNEL_HEADERS)
DECANT_CPPFLAGS = $(MUSL_CPPFLAGS) -Isrc -I$(dir $(LIBNBD_H)) -isystem $(BEARSSL_INCLUDE) -D_GNU_SOURCE \
	-DDECANT_VERSION='"$(VERSION)"'
$(patsubst %,$(BUILD)/obj/src/nbd/%.o,socket tls_socket wait): DECANT_CPPFLAGS += $(LIBNBD_INSIDES)
$(BUILD)/obj/src/tls/tls_x509.o: DECANT_CPPFLAGS += -DDECANT_BUILD_TIME=$(BUILD_TIME)
# What the bytes of a disk pass through, or runs for each piece of it, is built fast, all else small: it runs once, at a person's pace,
# or waits.
BUILT_FAST := $(addprefix $(BUILD)/obj/src/,base/same.o base/zeros.o copy/assemble.o copy/reorder.o disk/chunks.o hash/hash.o hash/hash_arm.o \
	hash/hash_x86.o local/file_requests.o nbd/nbd_requests.o nbd/socket.o nbd/tls_socket.o tls/gcm% tls/tls_record.o)
$(filter-out $(BUILT_FAST),$(OBJECTS)): CFLAGS += -Os
DECANT_CFLAGS = -std=gnu11 -fPIE -fstack-protector-strong -ffunction-sections -fdata-sections \
	$(NO_UNWINDING) -fno-math-errno -ffile-prefix-map="$$PWD=." $(WARNINGS)

# What is made with other words is made again: each of these files holds some, and changes when they do.
WORDS := $(addprefix $(BUILD)/obj/words-,flags objects time)
$(BUILD)/obj/words-flags: WORD = $(CC) $(DECANT_CPPFLAGS) $(DECANT_CFLAGS) $(CFLAGS)
$(BUILD)/obj/words-objects: WORD = $(CC) $(LDFLAGS) $(OBJECTS)
$(BUILD)/obj/words-time: WORD = $(BUILD_TIME)
.PHONY: words
words:
$(WORDS): words | tools
	@mkdir -p $(@D); echo '$(subst ','\'',$(WORD))' | cmp -s - $@ || echo '$(subst ','\'',$(WORD))' >$@
$(BUILD)/obj/src/tls/tls_x509.o: $(BUILD)/obj/words-time

$(BUILD)/obj/src/%.o: src/%.c Makefile $(BUILD)/obj/words-flags $(LIBNBD_H) $(BEARSSL_H) | $(KERNEL_HEADERS)
	$(call say,CC) $(CC) $(DECANT_CPPFLAGS) $(DECANT_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

-include $(OBJECTS:.o=.d)

# Debian's musl-gcc turns -static-pie into a dynamically linked program without a word, so the parts are named here: rcrt1.o is
# the start-up code of a static program that relocates itself.
LDFLAGS := -nostdlib -static-pie -Wl,-z,noseparate-code,-z,text,-z,relro,-z,now,-z,noexecstack,--gc-sections,--build-id=none
link = $(CC) $(LDFLAGS) -o $(1) $(MUSL)/rcrt1.o $(MUSL)/crti.o $$($(CC) -print-file-name=crtbeginS.o) \
	$(2) $(LIBNBD_A) $(LIBNBD_LIBS) $(BEARSSL_A) -L$(MUSL) -Wl,--start-group -lc -lgcc -lgcc_eh -Wl,--end-group \
	$$($(CC) -print-file-name=crtendS.o) $(MUSL)/crtn.o
$(BUILD)/decant: $(OBJECTS) $(LIBNBD_A) $(BEARSSL_A) $(BUILD)/obj/words-objects Makefile
	$(call say,LD,$@) $(call link,$@.debug,$(OBJECTS))
	@! readelf -lW $@.debug | grep -q INTERP || { echo "$@: not static" >&2; exit 1; }
	@$(CROSS)strip --remove-section=.comment -o $@ $@.debug

# The same program, which goes by the name it is called by.
$(BUILD)/nbdcopy $(BUILD)/nbdinfo: $(BUILD)/decant
	@ln -sf decant $@

# The same for the other machine that the tests run it for, and its boards, once what both download is there.
.PHONY: for-aarch64
for-aarch64: $(TARBALLS)
	@+$(call make_for,aarch64) all own-images

## setup: installs the Debian packages that building, testing and the demo take (root or sudo)
.PHONY: setup
setup:
	@third_party/require $(BUILD_PACKAGES) $(EXTRAS_PACKAGES) $(CHECK_PACKAGES) $(DEMO_PACKAGES) $(DEB_PACKAGES)

## check: installs what is missing and runs all tests
.PHONY: check
check: setup
	@$(make_all) check-built
	@$(MAKE) --no-print-directory check-run

## size: what the program weighs, in code, data and file
.PHONY: size
size: $(BUILD)/decant
	@size $(BUILD)/decant && stat -c '%n: %s bytes' $(BUILD)/decant

## clean: removes everything that was built, but not what was downloaded
.PHONY: clean
clean:
	@rm -rf $(filter-out $(THIRD_PARTY),$(wildcard $(BUILD)/*)) $(filter-out $(DOWNLOAD),$(wildcard $(THIRD_PARTY)/*))

## distclean: removes what was downloaded too
.PHONY: distclean
distclean:
	@rm -rf $(BUILD)

## help: this list
.PHONY: help
help:
	@cat $(MAKEFILE_LIST) | sed -n 's/^## //p' | sort -u
