# SPDX-License-Identifier: MIT
# Fetches, verifies and builds what decant and its appliance are made of. Included by the Makefile, which defines BUILD.
#
# Provides LIBNBD_A, LIBNBD_H (and LIBNBD_LIBS, what linking them takes, and LIBNBD_INSIDES), BEARSSL_A, BEARSSL_H, BEARSSL_INCLUDE (the
# directory of the latter, for -isystem), MUSL and MUSL_INCLUDE (musl's directories), KERNEL_HEADERS (for -isystem), BUSYBOX, KEXEC, kernels
# (KERNELS/NAME, and linux-BOARD, built by MAKE_LINUX), and BUILD_PACKAGES, the Debian packages that this takes. And what is in nothing
# that we ship: LIBNBD_SANITIZED_A, the same libnbd for this machine with the sanitizers, for its fuzzer (and once more for each compiler
# of make fuzz), and NBDCOPY_PEER, what decant is measured beside.

# What building takes itself, and what downloading does.
BUILT_FOR := $(if $(CROSS),cross,native)
EXTRAS_PART := $(if $(CROSS),,extras-$(ARCH))
PACKAGES_OF = $(shell sed -nE 's/^($(1)) .* //p' third_party/tools | sed 's/@arch@/$(subst _,-,$(ARCH))/' | sort -u)
BUILD_PACKAGES = $(call PACKAGES_OF,decant|$(BUILT_FOR)|image) ca-certificates curl debian-archive-keyring
EXTRAS_PACKAGES = $(call PACKAGES_OF,$(EXTRAS_PART))
KERNEL_PACKAGES = $(call PACKAGES_OF,kernel)

THIRD_PARTY := $(BUILD)/third_party
DOWNLOAD := $(COMMON)/third_party/download
APT := $(COMMON)/third_party/apt

LIBNBD_TARBALL := $(DOWNLOAD)/libnbd_1.22.2.orig.tar.gz
LIBNBD_A := $(THIRD_PARTY)/libnbd/libnbd.a
LIBNBD_H := $(THIRD_PARTY)/libnbd/libnbd.h
LIBNBD_LIBS :=
# Its insides, for what takes the place of one of its files.
LIBNBD_INSIDES_OF = $(addprefix -isystem $(1)/src/,. lib include common/include common/utils)
LIBNBD_INSIDES = $(call LIBNBD_INSIDES_OF,$(THIRD_PARTY)/libnbd)
LIBNBD_SANITIZED_A := $(THIRD_PARTY)/libnbd-sanitized/libnbd.a
LIBNBD_SANITIZED_INSIDES = $(call LIBNBD_INSIDES_OF,$(THIRD_PARTY)/libnbd-sanitized)
NBDCOPY_PEER := $(THIRD_PARTY)/libnbd-peer/nbdcopy
BEARSSL_TARBALL := $(DOWNLOAD)/bearssl_0.6+dfsg.1.orig.tar.xz
BEARSSL_A := $(THIRD_PARTY)/bearssl/libbearssl.a
BEARSSL_INCLUDE := $(THIRD_PARTY)/bearssl/include
BEARSSL_H := $(BEARSSL_INCLUDE)/bearssl.h
BUSYBOX_TARBALL := $(DOWNLOAD)/busybox_1.37.0.orig.tar.bz2
KEXEC_TARBALL := $(DOWNLOAD)/kexec-tools_2.0.29.orig.tar.xz
TARBALLS := $(LIBNBD_TARBALL) $(BEARSSL_TARBALL) $(BUSYBOX_TARBALL)
BUSYBOX := $(THIRD_PARTY)/busybox/busybox
KEXEC := $(THIRD_PARTY)/kexec-tools/kexec
KERNEL_HEADERS := $(THIRD_PARTY)/kernel-headers

# The C library that all is linked with: this machine's musl, or for another machine Debian's packages for that one, unpacked.
SYSROOT := $(THIRD_PARTY)/sysroot
MUSL := $(if $(CROSS),$(SYSROOT))/usr/lib/$(ARCH)-linux-musl
MUSL_INCLUDE := $(if $(CROSS),$(SYSROOT))/usr/include/$(ARCH)-linux-musl
# Others' build systems call these; third_party/build knows where they are.
MUSL_TOOLS := $(if $(CROSS),$(ARCH)-linux-musl-)
MUSL_GCC := $(if $(CROSS),$(MUSL_TOOLS)gcc,musl-gcc)

# First of all: is everything there?
.PHONY: tools
tools:
	@ARCH=$(ARCH) third_party/missing decant $(BUILT_FOR) $(if $(filter image images own-images firmware check-run,$(MAKECMDGOALS)),image) \
		$(if $(filter images check-run,$(MAKECMDGOALS))$(and $(filter image,$(MAKECMDGOALS)),$(filter $(BOARD),$(BOARDS_HERE)),$(EXTRAS_$(BOARD))),$(EXTRAS_PART)) \
		$(if $(and $(filter image,$(MAKECMDGOALS)),$(filter $(BOARD),$(OWN_KERNELS))),kernel)

$(DOWNLOAD)/%: third_party/SHA256SUMS third_party/fetch | tools
	@third_party/fetch $* $(DOWNLOAD)

# musl-gcc sees no kernel headers; these three directories are all that anyone here asks for. Debian keeps asm/ by architecture.
ifdef CROSS
$(SYSROOT)/bin/$(MUSL_GCC): third_party/sysroot third_party/packages | tools
	@third_party/sysroot $(SYSROOT) $(APT) $(ARCH) $(ARCHITECTURE_$(ARCH))
$(KERNEL_HEADERS): $(SYSROOT)/bin/$(MUSL_GCC)
	@ln -sfn sysroot/include $@
else
$(KERNEL_HEADERS): | tools
	@rm -rf $@.part && mkdir -p $@.part
	@ln -s /usr/include/linux /usr/include/asm-generic $@.part/
	@for asm in /usr/include/asm /usr/include/$$(gcc -print-multiarch)/asm; do \
		[ ! -e $$asm ] || ln -sfn $$asm $@.part/asm; done
	@mv $@.part $@
endif

# What makes a program for UEFI of a kernel: this machine's own, as musl is.
UEFI_x86_64 := x64
UEFI_aarch64 := aa64
UEFI_PARTS := $(if $(CROSS),$(THIRD_PARTY)/uefi)
UEFI_STUB := $(UEFI_PARTS)/usr/lib/systemd/boot/efi/linux$(UEFI_$(ARCH)).efi.stub
ifdef CROSS
$(UEFI_PARTS)/version: third_party/packages | tools
	@ARCHITECTURE=$(ARCHITECTURE_$(ARCH)) third_party/packages $(@D) $(APT) systemd-boot-efi
endif

# Nothing is thrown in C; the tables for it are a tenth of the program.
NO_UNWINDING := -fno-asynchronous-unwind-tables -fno-unwind-tables

# One recipe makes both files. -fPIE since decant is a static-pie; sections so that the linker can drop what it doesn't use.
# -Os is 28 KiB less of the program, and costs nothing that could be measured: it never touches the payload.
# The archive holds libnbd's own utility objects too (libtool merges them), so LIBNBD_LIBS is empty.
LIBNBD_CFLAGS := -Os -fPIE -fstack-protector-strong -ffunction-sections -fdata-sections $(NO_UNWINDING)
LIBNBD_PATCHES := $(patsubst %,third_party/libnbd-%.patch,block-size early freed goodbye replies tls words)
LIBNBD_LEFT_OUT := --disable-shared --disable-python --disable-ocaml --disable-golang --disable-rust --disable-fuse --disable-ublk \
	--without-bash-completions
$(LIBNBD_A): $(LIBNBD_TARBALL) $(LIBNBD_PATCHES) third_party/third_party.mk third_party/build | $(KERNEL_HEADERS)
	@third_party/build $(@D) $< ' \
	for patch in $(LIBNBD_PATCHES); do patch -s -p1 <"$$top/$$patch" || exit 1; done && \
	CC=$(MUSL_GCC) CFLAGS="$(LIBNBD_CFLAGS)" ./configure --quiet --host=$(ARCH)-linux-musl --without-gnutls --without-libxml2 \
		$(LIBNBD_LEFT_OUT) && \
	make -C common/utils && make -C lib && cp include/libnbd.h lib/.libs/libnbd.a ..'
$(LIBNBD_H): $(LIBNBD_A)
	@touch $@

# The same source and patches, for this machine's C library, with its own checks and those of the compiler. configure runs what it
# compiles: what leaks there is no matter.
LIBNBD_SANITIZED_CFLAGS := -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
# And for the fuzzers that look at which code is reached, by their compilers.
LIBNBD_FUZZED := $(THIRD_PARTY)/libnbd-libfuzzer/libnbd.a $(THIRD_PARTY)/libnbd-afl/libnbd.a
$(LIBNBD_SANITIZED_A): LIBNBD_SANITIZED_CC := gcc
$(THIRD_PARTY)/libnbd-libfuzzer/libnbd.a: LIBNBD_SANITIZED_CC := clang -fsanitize=fuzzer-no-link
$(THIRD_PARTY)/libnbd-afl/libnbd.a: LIBNBD_SANITIZED_CC := afl-clang-fast
$(LIBNBD_SANITIZED_A) $(LIBNBD_FUZZED): $(LIBNBD_TARBALL) $(LIBNBD_PATCHES) third_party/third_party.mk third_party/build | $(KERNEL_HEADERS)
	@third_party/build $(@D) $< ' \
	for patch in $(LIBNBD_PATCHES); do patch -s -p1 <"$$top/$$patch" || exit 1; done && export ASAN_OPTIONS=detect_leaks=0 && \
	CC="$(LIBNBD_SANITIZED_CC)" CFLAGS="$(LIBNBD_SANITIZED_CFLAGS)" ./configure --quiet --without-gnutls --without-libxml2 $(LIBNBD_LEFT_OUT) && \
	make -C common/utils && make -C lib && cp lib/.libs/libnbd.a ..'

# nbdcopy as a distribution would build it: for this machine's C library, with GnuTLS and libxml2, from the same source, unpatched.
$(NBDCOPY_PEER): $(LIBNBD_TARBALL) third_party/third_party.mk third_party/build
	@third_party/build $(@D) $< ' \
	CC=gcc CFLAGS=-O2 ./configure --quiet --with-gnutls --with-libxml2 $(LIBNBD_LEFT_OUT) && \
	make -C common/utils && make -C lib && make -C copy && cp copy/nbdcopy ..'

# One recipe makes the archive and the headers. All of the library: the linker takes what is used. What bytes of a disk pass through is
# made anew with -O2, which hashes faster by a third than the -Os that BearSSL's own makefile has too.
BEARSSL_CFLAGS := -W -Wall -fPIE -fstack-protector-strong -ffunction-sections -fdata-sections $(NO_UNWINDING)
BEARSSL_FAST := aes* chacha20* ghash* poly1305* sha*
$(BEARSSL_A): $(BEARSSL_TARBALL) third_party/third_party.mk third_party/build | $(KERNEL_HEADERS)
	@third_party/build $(@D) $< ' \
	make CC=$(MUSL_GCC) AR=$(MUSL_TOOLS)ar CFLAGS="-Os $(BEARSSL_CFLAGS)" lib && (cd build/obj && rm $(BEARSSL_FAST:%=%.o)) && \
	make CC=$(MUSL_GCC) AR=$(MUSL_TOOLS)ar CFLAGS="-O2 $(BEARSSL_CFLAGS)" lib && cp -r inc ../include && cp build/libbearssl.a ..'
$(BEARSSL_H): $(BEARSSL_A)
	@touch $@

# Nearly everything in busybox is on by default, and allnoconfig leaves out the options below those it turns off, which would
# then be on: so all of them are named and turned off first. No time stamp in the banner: same inputs, same bytes.
$(BUSYBOX): $(BUSYBOX_TARBALL) third_party/busybox.config third_party/busybox-modules.patch third_party/busybox-dhcp.patch third_party/third_party.mk third_party/build \
		| $(KERNEL_HEADERS)
	@third_party/build $(@D) $< ' \
	patch -s -p1 <"$$top/third_party/busybox-modules.patch" && patch -s -p1 <"$$top/third_party/busybox-dhcp.patch" && export KCONFIG_NOTIMESTAMP=1 && grep "^CONFIG_" "$$top/third_party/busybox.config" >wanted && make allyesconfig && \
	sed -n "s/^\(CONFIG_[A-Z0-9_]*\)=y\$$/# \1 is not set/p" .config >all && cat wanted all >.config && \
	yes "" | make oldconfig && \
	if grep -vxFf .config wanted >refused; then echo "error: busybox refuses of busybox.config:"; cat refused; exit 1; fi && \
	make CC=$(MUSL_GCC) CROSS_COMPILE=$(MUSL_TOOLS) busybox && cp busybox ..'

# What starts another kernel from this one, for boards that say so: the kernel does the work.
$(KEXEC): $(KEXEC_TARBALL) third_party/third_party.mk third_party/build | $(KERNEL_HEADERS)
	@third_party/build $(@D) $< ' \
	CC=$(MUSL_GCC) CFLAGS="-Os -ffunction-sections -fdata-sections" LDFLAGS="-static -Wl,--gc-sections" ./configure --quiet \
		--host=$(ARCH)-linux-musl --without-zlib --without-lzma --without-xen && \
	make build/sbin/kexec && $(MUSL_TOOLS)strip build/sbin/kexec && cp build/sbin/kexec ..'

# A kernel flavour, unpacked: vmlinuz, lib/modules and its version. Not rebuilt when Debian has a newer one: `make clean` asks again.
KERNELS := $(COMMON)/third_party/kernel
$(KERNELS)/%/vmlinuz: third_party/kernel | tools
	@third_party/kernel $* $(@D) $(DOWNLOAD) $(APT) && touch $@
.PRECIOUS: $(KERNELS)/%/vmlinuz $(DOWNLOAD)/%

# A kernel of a board's own, out of Debian's source, by boards/NAME/kernel.config. It is built without an initramfs first, which takes
# minutes; and with what initramfs.cpio is then, in seconds. Who built it, where and when is left out, so that the same inputs give the
# same bytes; the source's version is in.
LINUX_TARBALL := $(KERNELS)/linux-source/linux.tar.xz
$(LINUX_TARBALL): third_party/kernel | tools
	@third_party/kernel linux-source $(@D) $(DOWNLOAD) $(APT) && touch $@

MAKE_LINUX = unset C_INCLUDE_PATH && export KBUILD_BUILD_USER=decant KBUILD_BUILD_HOST=decant KBUILD_BUILD_VERSION=1 \
	KBUILD_BUILD_TIMESTAMP="Debian '"$$(cut -d ' ' -f 2 $(dir $(LINUX_TARBALL))version)"'" && make ARCH=$(ARCH) CROSS_COMPILE=$(CROSS)
$(THIRD_PARTY)/linux-%/src/made: boards/%/kernel.config $(LINUX_TARBALL) third_party/third_party.mk third_party/build | $(KERNEL_HEADERS)
	@third_party/build $(THIRD_PARTY)/linux-$* $(LINUX_TARBALL) ' \
	grep "^CONFIG_" "$$top/boards/$*/kernel.config" >wanted && export KCONFIG_ALLCONFIG=wanted && $(MAKE_LINUX) allnoconfig && \
	if grep -vxFf .config wanted >refused; then echo "error: the kernel refuses of kernel.config:"; cat refused; exit 1; fi && \
	: >initramfs.cpio && make ARCH=$(ARCH) CROSS_COMPILE=$(CROSS) bzImage && touch made'

# What some cards' own processors run, and which isn't free: in nothing that is built unless it is asked for.
FIRMWARE := $(COMMON)/third_party/firmware
FIRMWARE_PACKAGES := $(addprefix firmware-,bnx2 bnx2x cavium intel-misc linux-free misc-nonfree myricom netronome netxen qlogic realtek)
$(FIRMWARE)/version: third_party/packages | tools
	@COMPONENTS='main non-free-firmware' third_party/packages $(@D) $(APT)-firmware $(FIRMWARE_PACKAGES) && touch $@
