# SPDX-License-Identifier: MIT
# How the tests are built and run; included by the Makefile on top, which gives
# BUILD and the program. `make check-run` runs all of it, `make check-run
# TESTS="tests/integration/test-uri.sh"` some of it.

# Debian packages that the tests take.
CHECK_PACKAGES := libcmocka-dev e2fsprogs xfsprogs btrfs-progs f2fs-tools mount nbdkit nbd-server qemu-utils \
	libnbd-bin strace bsdextrautils binutils file git jq nbd-client time perl util-linux util-linux-extra coreutils \
	gnutls-bin iproute2 openssl python3 python3-jsonschema python3-libnbd gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user \
	qemu-system-x86 qemu-system-arm qemu-efi-aarch64 dosfstools mtools exfatprogs ntfs-3g xorriso ovmf gddrescue \
	dmsetup bmap-tools gdisk parted fdisk sbsigntool \
	valgrind zsh fish zstd xz-utils lintian gpg gpg-agent initramfs-tools-core dracut-core busybox dnsmasq-base xxd

# Tests run on the machine that they are built for; the PC's run the program for AArch64 too, emulated.
ifdef CROSS
$(if $(filter check% bare bench% stack lint,$(MAKECMDGOALS)),$(error ARCH=$(ARCH): tests run on the machine that they are for))
endif
CHECKED_TOO := $(if $(filter x86_64,$(HOST)),for-aarch64)

# Unit tests link what they call, out of the folders that own no more than pure functions and tables, compiled for the host
# with the sanitizers.
UNIT_FOLDERS := base hash disk copy report cli tls
UNIT_SOURCES := $(wildcard tests/unit/*/test-*.c)
UNIT_TESTS := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/tests/unit/%)
UNIT_OBJECTS := $(patsubst src/%.c,$(BUILD)/tests/host/%.o,$(wildcard $(UNIT_FOLDERS:%=src/%/*.c)))
UNIT_A := $(BUILD)/tests/host/decant.a
UNIT_CFLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -D_GNU_SOURCE -DDECANT_VERSION='"test"' -DDECANT_BUILD_TIME=$(BUILD_TIME) -Isrc -Itests \
	-isystem $(BEARSSL_INCLUDE) \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wpointer-arith $(if $(CI),-Werror)

# gcc by its name: the host's C library, whatever builds the program.
UNIT_CC := gcc

$(BUILD)/tests/host/%.o: src/%.c tests/tests.mk $(BEARSSL_H)
	$(call say,CC) $(UNIT_CC) $(UNIT_CFLAGS) -MMD -MP -c $< -o $@

$(UNIT_A): $(UNIT_OBJECTS)
	@rm -f $@
	$(call say,AR,$@) ar rcs $@ $^

$(BUILD)/tests/unit/%: tests/unit/%.c $(UNIT_A) tests/tests.mk
	$(call say,CC) $(UNIT_CC) $(UNIT_CFLAGS) -MMD -MP -MF $@.d $< $(UNIT_A) $(BEARSSL_A) -lcmocka -o $@

# A client that isn't decant, for servers that don't speak NBD.
PSK_CLIENT := $(BUILD)/tests/psk-client
$(PSK_CLIENT): tests/peers/psk-client.c $(UNIT_A) tests/tests.mk
	$(call say,CC) $(UNIT_CC) $(UNIT_CFLAGS) -MMD -MP -MF $@.d $< $(UNIT_A) $(BEARSSL_A) -o $@

# An end of a copy, by itself: the program's own objects, without its main.
END_CLIENT := $(BUILD)/tests/end-client
$(END_CLIENT): tests/peers/end-client.c $(BUILD)/decant tests/tests.mk
	$(call say,CC) $(CC) $(DECANT_CPPFLAGS) -std=gnu11 -fPIE $(WARNINGS) -g -O1 -MMD -MP -MF $@.d -c $< -o $@.o && \
		$(call link,$@,$@.o $(filter-out $(BUILD)/obj/src/main.o,$(OBJECTS)))

# What reads and writes mapfiles as decant does, or rescues disks that are only told of; with the rooms of `local` and `os` that
# this takes.
MAPFILE_PEERS := $(BUILD)/tests/mapfile $(BUILD)/tests/rescue
MAPFILE_ROOMS := $(addprefix $(BUILD)/tests/host/,local/mapfile_store.o local/file_name.o local/overlap.o local/sysfs.o os/say.o)
$(MAPFILE_PEERS): $(BUILD)/tests/%: tests/peers/%.c $(MAPFILE_ROOMS) $(UNIT_A) tests/tests.mk
	$(call say,CC) $(UNIT_CC) $(UNIT_CFLAGS) -MMD -MP -MF $@.d $< $(MAPFILE_ROOMS) $(UNIT_A) -o $@

# Runs a program and says how deep its stack was.
STACK := $(BUILD)/tests/stack
$(STACK): tests/stack.c
	$(call say,CC) $(UNIT_CC) -std=gnu11 -O2 -Wall -Wextra -Wshadow $< -o $@

# Has a running program make calls that it never would; it knows those of one processor.
INTRUDER := $(if $(filter x86_64,$(HOST)),$(BUILD)/tests/intruder)
$(BUILD)/tests/intruder: tests/peers/intruder.c tests/tests.mk
	$(call say,CC) $(UNIT_CC) -std=gnu11 -O2 -D_GNU_SOURCE -Wall -Wextra -Wshadow $(if $(CI),-Werror) $< -o $@

# What the measurements are made with.
BENCH_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Wshadow $(if $(CI),-Werror)
BENCH_PROGRAMS := $(addprefix $(BUILD)/tests/bench/,measure together floor)
$(BUILD)/tests/bench/%: tests/bench/%.c tests/tests.mk
	$(call say,CC) $(UNIT_CC) $(BENCH_CFLAGS) $< -o $@

$(addprefix $(BUILD)/tests/bench/,measure together): tests/bench/seconds.h

# It has the ring that the program has, and starts as fast.
$(BUILD)/tests/bench/floor: tests/bench/floor.c src/os/ring.c src/os/ring.h tests/tests.mk
	$(call say,CC) $(UNIT_CC) $(BENCH_CFLAGS) -D_GNU_SOURCE -Isrc -static $(filter %.c,$^) -o $@

# The program itself, on a processor that has fewer instructions.
BENCH_OLD := $(if $(filter x86_64,$(HOST)),$(BUILD)/tests/bench/decant-old)
$(BUILD)/tests/bench/decant-old: tests/bench/old.c $(BUILD)/decant tests/tests.mk
	$(call say,CC) $(CC) $(DECANT_CPPFLAGS) -std=gnu11 -fPIE $(WARNINGS) -g -O1 -c $< -o $@.o && \
		$(call link,$@,$@.o $(OBJECTS) $(patsubst %,-Wl$(comma)--wrap=%,br_aes_x86ni_ctr_get_vtable br_ghash_pclmul_get hash_x86_engine))

# Kept, or make would take them for steps on the way and delete them.
.SECONDARY: $(UNIT_OBJECTS) $(MAPFILE_ROOMS)

-include $(UNIT_OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(PSK_CLIENT).d $(END_CLIENT).d $(MAPFILE_PEERS:=.d) $(MAPFILE_ROOMS:.o=.d)

include tests/edges/edges.mk
include tests/storage/storage.mk
include tests/mutation/mutation.mk
include tests/fuzz/fuzz.mk
include tests/trials/trials.mk
include tests/nth/nth.mk
include tests/outside/outside.mk
include tests/coverage.mk

TESTS ?= $(UNIT_TESTS) $(sort $(wildcard tests/tidy/test-*.sh) $(wildcard tests/sim/test-*.sh) $(wildcard tests/edges/test-*.sh) \
	$(wildcard tests/storage/test-*.sh) $(wildcard tests/fuzz/test-*.sh) $(wildcard tests/upstream/test-*.sh) $(wildcard tests/integration/test-*.sh) \
	$(wildcard tests/boot/test-*.sh) \
	$(wildcard tests/trials/test-*.sh) $(wildcard tests/nth/test-*.sh))

## check-unit: builds the unit tests and runs them alone
.PHONY: check-unit
check-unit: $(UNIT_TESTS)
	@tests/run $(UNIT_TESTS)

# All that the tests are made of.
.PHONY: check-built
check-built: $(UNIT_TESTS) $(SIM) $(SIM_SANITIZED) $(SIM_RESCUE) $(SIM_HOLDS) $(SIM_COMPARE) $(SOUND_OBJECTS) $(EDGES) $(STORAGE) \
		$(PSK_CLIENT) $(END_CLIENT) $(MAPFILE_PEERS) $(STACK) $(INTRUDER) $(BENCH_PROGRAMS) $(BENCH_OLD) $(NTH_TOOLS) $(FUZZERS) all images $(CHECKED_TOO) $(DEB)

## check-run: runs the tests on what is built, without installing anything
.PHONY: check-run
check-run: check-built
	@tests/run $(TESTS)

## check-long: builds the boards that have kernels of their own, which takes minutes, and runs what takes long (the lines `# long cases:` of tests)
.PHONY: check-long
check-long:
	@third_party/require $(BUILD_PACKAGES) $(KERNEL_PACKAGES) $(CHECK_PACKAGES) $(DEMO_PACKAGES)
	@for board in $(OWN_KERNELS); do $(make_all) image BOARD=$$board || exit; done
	@$(make_all) check-built
	@tests/run -L $(wildcard tests/*/test-*.sh)

# Of which releases of Debian.
RELEASES := bookworm trixie sid

## check-other-servers: each kind of source and destination with the servers of other releases, RELEASES="bookworm trixie sid", for docs/TESTING.md (root)
.PHONY: check-other-servers
check-other-servers:
	@third_party/require $(BUILD_PACKAGES) $(CHECK_PACKAGES) debootstrap util-linux
	@$(make_all) all
	@mkdir -p $(BUILD)/tests && rm -f $(BUILD)/tests/other-servers
	@for release in $(RELEASES); do FIGURES=$(abspath $(BUILD))/tests/other-servers tests/other-servers $$release || exit; done
	@tests/figures --merge docs/TESTING.md 'make check-other-servers' 'with the servers of' passed skipped <$(BUILD)/tests/other-servers

## check-upstream: runs libnbd's own tests of nbdcopy and nbdinfo against build/nbdcopy and build/nbdinfo
.PHONY: check-upstream
check-upstream: all
	@tests/run $(wildcard tests/upstream/test-*.sh)

## stack: how deep the stack gets, in what goes deepest, held to what docs/MEMORY.md says
.PHONY: stack
stack: all $(STACK)
	@tests/run tests/integration/test-stack.sh
	@sed -n 's/^the stack was //p' $(BUILD)/tests/logs/*test-stack.sh_*.log | sort -n | tail -n 1

# ---- Beside the peers ----

# Debian packages that the measurements take, besides what building takes.
BENCH_PACKAGES := nbdkit nbdkit-plugin-dev libnbd-bin qemu-utils gddrescue strace openssl python3 util-linux coreutils diffutils \
	libgnutls28-dev libxml2-dev perl

BENCH_TOOLS := $(BENCH_PROGRAMS) $(addprefix $(BUILD)/tests/bench/,jitter.so ready.so)

$(BUILD)/tests/bench/%.so: tests/bench/%.c
	$(call say,CC) $(UNIT_CC) $(BENCH_CFLAGS) -shared -fPIC $< -o $@

# How often each program has its turn, which workloads (none named: all), and the document to write, if any.
ROUNDS := 5
WORKLOADS :=
BENCHMARKS :=

## bench: decant beside nbdcopy, qemu-img, dd, ddrescue, cmp and the bare floor on the same work, as ratios (ROUNDS=5 WORKLOADS="..." BENCHMARKS=FILE)
.PHONY: bench
bench:
	@third_party/require $(BUILD_PACKAGES) $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory bench-run

# What is installed already is taken as it is.
.PHONY: bench-run
bench-run: all $(BENCH_TOOLS) $(NBDCOPY_PEER)
	@tests/bench/run --build=$(BUILD) --nbdcopy=$(NBDCOPY_PEER) --rounds=$(ROUNDS) \
		$(if $(BENCHMARKS),--benchmarks=$(BENCHMARKS)) $(WORKLOADS)

## benchmarks: the same, written down: docs/BENCHMARKS.md and its picture
.PHONY: benchmarks
benchmarks:
	@$(MAKE) --no-print-directory bench BENCHMARKS=docs/BENCHMARKS.md

## bench-rescue: decant rescue beside ddrescue on a failing disk of 4 GiB, and how soon a resumed copy moves (ROUNDS=5)
.PHONY: bench-rescue
bench-rescue: all $(BUILD)/tests/bench/failing.so
	@third_party/require $(BENCH_PACKAGES)
	@tests/bench/rescue --build=$(BUILD) --rounds=$(ROUNDS)

FLEET_PACKAGES := nbdkit qemu-utils nbd-server python3 util-linux

# How many decants at once, with how many connections, each of how large an image and to how fast a disk; from which servers (none
# named: nbdkit, qemu-nbd and nbd-server), how often, and the document to write, if any.
FLEET := 1 8 64 256
FLEET_CONNECTIONS := 1 4
FLEET_MIB := 128
FLEET_RATE_MIB := 64
FLEET_SERVERS :=
FLEET_ROUNDS := 3
FLEET_DOCUMENT :=

## bench-fleet: 1 to 256 decants at once from one server, what each gets and what it takes of it (FLEET="1 8" FLEET_DOCUMENT=docs/FLEET.md)
.PHONY: bench-fleet
bench-fleet: all $(BENCH_PROGRAMS)
	@third_party/require $(FLEET_PACKAGES)
	@tests/bench/fleet --build=$(BUILD) --decants="$(FLEET)" --connections="$(FLEET_CONNECTIONS)" --mib=$(FLEET_MIB) \
		--rate-mib=$(FLEET_RATE_MIB) --rounds=$(FLEET_ROUNDS) $(if $(FLEET_DOCUMENT),--document=$(FLEET_DOCUMENT)) $(FLEET_SERVERS)

FAR_PACKAGES := nbdkit python3 iproute2 libgnutls28-dev libxml2-dev perl

# What round trips take in milliseconds, the size of the image, how often, and the document to write, if any.
FAR_LINES := 5 20 50
FAR_MIB := 512
FAR_ROUNDS := 3
FAR_DOCUMENT :=

## bench-far: copies over lines on which a round trip takes its time, by one to 16 connections (FAR_LINES="5 20 50" FAR_DOCUMENT=docs/benchmarks-notes.md)
.PHONY: bench-far
bench-far:
	@third_party/require $(BUILD_PACKAGES) $(FAR_PACKAGES)
	@$(make_all) all $(BENCH_PROGRAMS) $(NBDCOPY_PEER)
	@tests/bench/far --build=$(BUILD) --nbdcopy=$(NBDCOPY_PEER) --lines="$(FAR_LINES)" --mib=$(FAR_MIB) --rounds=$(FAR_ROUNDS) \
		$(if $(FAR_DOCUMENT),--document=$(FAR_DOCUMENT))

INSTRUCTIONS_PACKAGES := nbdkit openssl python3 util-linux valgrind libgnutls28-dev libxml2-dev perl

# Which workloads (none named: all), and the document to write, if any.
INSTRUCTIONS :=
INSTRUCTIONS_DOCUMENT :=

## bench-instructions: instructions a byte of decant and nbdcopy, also without those for AES and SHA (INSTRUCTIONS_DOCUMENT=docs/benchmarks-notes.md)
.PHONY: bench-instructions
bench-instructions:
	@third_party/require $(BUILD_PACKAGES) $(INSTRUCTIONS_PACKAGES)
	@$(make_all) all $(BENCH_OLD) $(NBDCOPY_PEER)
	@tests/bench/instructions --build=$(BUILD) --nbdcopy=$(NBDCOPY_PEER) \
		$(if $(INSTRUCTIONS_DOCUMENT),--document=$(INSTRUCTIONS_DOCUMENT)) $(INSTRUCTIONS)

# ---- Read by others ----

LINT_PACKAGES := clang clang-format clang-tidy cppcheck shellcheck git

## lint: gcc's, clang's and clang-tidy's warnings, cppcheck, shellcheck and the format of src/ and tests/ (PARTS="tidy shell" for some)
.PHONY: lint
lint: $(LIBNBD_H) $(BEARSSL_H)
	@third_party/require $(BUILD_PACKAGES) $(CHECK_PACKAGES) $(LINT_PACKAGES)
	@LINT_FLAGS='-Isrc -I$(dir $(LIBNBD_H)) -isystem $(BEARSSL_INCLUDE) -D_GNU_SOURCE -DDECANT_VERSION="" -DDECANT_BUILD_TIME=1' \
		LINT_INSIDES='$(LIBNBD_INSIDES)' tests/lint $(PARTS)

# ---- On a bare machine ----

# Which releases and in which order: bookworm, trixie or all; demo-first, check-first or both.
RELEASE := all
ORDER := both

## bare: tries the two commands of the README in Debian's smallest roots, as root (RELEASE=trixie ORDER=demo-first, or all)
.PHONY: bare
bare:
	@third_party/require debootstrap git
	@tests/bare $(RELEASE) $(ORDER)
