# SPDX-License-Identifier: MIT
# What reads and writes disks of other formats, as Debian has it, with the libraries that it needs: for boards that say so.
CONVERTERS := $(THIRD_PARTY)/converters
CONVERTER_PROGRAMS := $(addprefix usr/bin/,qemu-img qemu-nbd nbdkit) \
	$(addprefix usr/lib/x86_64-linux-gnu/nbdkit/,plugins/nbdkit-file-plugin.so filters/nbdkit-xz-filter.so)
CONVERTER_PACKAGES := qemu-utils nbdkit libc6 libaio1t64 libatomic1 libffi8 libfuse3-4 libgcc-s1 libglib2.0-0t64 libgmp10 libgnutls30t64 \
	libhogweed6t64 libidn2-0 liblzma5 libnettle8t64 libnuma1 libp11-kit0 libpcre2-8-0 libselinux1 libtasn1-6 libunistring5 liburing2 libzstd1 \
	zlib1g
$(CONVERTERS)/version: third_party/programs third_party/packages third_party/converters.mk | tools
	@ARCHITECTURE=amd64 third_party/programs $(@D) $(APT) $(CONVERTER_PROGRAMS) -- $(CONVERTER_PACKAGES) && touch $@
