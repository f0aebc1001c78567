# SPDX-License-Identifier: MIT
# What leaves this tree: `make install` and what is made for others to install. Included by the Makefile, which defines BUILD and
# VERSION.

# Where things go; DESTDIR stands before all of it.
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
BASHCOMPDIR ?= $(DATADIR)/bash-completion/completions
ZSHCOMPDIR ?= $(DATADIR)/zsh/site-functions
FISHCOMPDIR ?= $(DATADIR)/fish/vendor_completions.d

MANUALS := $(wildcard docs/man/*.[1-8])
quoted = '$(subst ','\'',$(1))'
PLACES = $(foreach name,DESTDIR BINDIR MANDIR BASHCOMPDIR ZSHCOMPDIR FISHCOMPDIR NBD_LINKS,$(name)=$(call quoted,$($(name))))

## install: the program, its manual and what shells complete (PREFIX=/usr/local DESTDIR=...; NBD_LINKS=1: as nbdcopy and nbdinfo too)
.PHONY: install
install: $(BUILD)/decant
	@$(PLACES) docs/packaging/install $(BUILD)/decant $(MANUALS)

## uninstall: removes what `make install` with the same words has put there
.PHONY: uninstall
uninstall:
	@$(PLACES) docs/packaging/install --remove $(BUILD)/decant $(MANUALS)

# Whose initramfs decant's hooks are for; they have their places below /usr, whatever PREFIX says.
HOOKS := initramfs-tools dracut mkinitcpio

## install-hooks: what images a machine from its own initramfs (HOOKS="initramfs-tools dracut mkinitcpio" DESTDIR=...)
.PHONY: install-hooks
install-hooks:
	@DESTDIR=$(call quoted,$(DESTDIR)) docs/packaging/install-hooks $(HOOKS)

## uninstall-hooks: removes what `make install-hooks` with the same words has put there
.PHONY: uninstall-hooks
uninstall-hooks:
	@DESTDIR=$(call quoted,$(DESTDIR)) docs/packaging/install-hooks --remove $(HOOKS)

# Made each time, and the same file where nothing has changed.
DIST := $(BUILD)/decant-$(VERSION).tar.gz
$(DIST): words
	@docs/packaging/dist $@ $(BUILD_TIME)

## dist: the source tarball, build/decant-VERSION.tar.gz, which builds without git
.PHONY: dist
dist: $(DIST)
	@echo $<

$(if $(and $(CROSS),$(filter deb,$(MAKECMDGOALS))),$(error ARCH=$(ARCH): Debian's package is built on the machine that it is for))
DEB_PACKAGES := build-essential debhelper
DEB := $(BUILD)/deb/built
$(DEB): $(DIST) $(LIBNBD_TARBALL) $(BEARSSL_TARBALL)
	@docs/packaging/deb $< $(DOWNLOAD) $(@D) && touch $@

## deb: Debian's package, build/deb/*.deb, from the source tarball (DEBFULLNAME=... DEBEMAIL=... say whose it is)
.PHONY: deb
deb:
	@third_party/require $(BUILD_PACKAGES) $(DEB_PACKAGES)
	@$(MAKE) --no-print-directory $(DEB)
	@echo $(BUILD)/deb/*.deb

RELEASE_PACKAGES := jq
RELEASE_FILES := $(BUILD)/release
RELEASE_NAME = decant-$(VERSION)-linux-$(ARCH)
SIGN :=
# What links the program, told again in words that somebody else's shell knows.
RELINK = $(subst $(MUSL),"$$musl",$(subst $(BEARSSL_A),libbearssl.a,$(subst $(LIBNBD_A),"$$libnbd",$(call link,"$$output",$$objects))))

## release-files: what a release has, in build/release: the static program, its source, what relinks it, SBOM, sums (SIGN=KEY signs them; ARCH=aarch64)
.PHONY: release-files
release-files: $(BUILD)/decant $(DIST)
	@third_party/require $(BUILD_PACKAGES) $(RELEASE_PACKAGES)
	@PROGRAM=$< MANUALS='$(MANUALS)' SOURCE=$(DIST) LIBNBD=$(dir $(LIBNBD_A)) LIBNBD_TARBALL=$(LIBNBD_TARBALL) BEARSSL_A=$(BEARSSL_A) \
		CC=$(CC) LIBC=$(MUSL)/libc.a LIBGCC="$$($(CC) -print-libgcc-file-name)" STRIP=$(CROSS)strip MUSL=/usr/lib/$(ARCH)-linux-musl OBJECTS='$(OBJECTS)' OBJECTS_IN=$(BUILD)/obj/src \
		LINK=$(call quoted,$(RELINK)) SIGN=$(call quoted,$(SIGN)) \
		docs/packaging/release $(RELEASE_FILES) $(RELEASE_NAME) $(BUILD_TIME)
	@ls $(RELEASE_FILES)/*

## check-packages: installs and purges Debian's package on bare roots, and builds it once more (root, a mirror)
.PHONY: check-packages
check-packages: all $(DEB)
	@third_party/require $(DEB_PACKAGES) debootstrap util-linux
	@tests/run tests/packages/test-*.sh

# What is built twice; none named: the program and all that it is packed in, and the appliance.
TARGETS :=

## check-reproducible: builds the source tarball twice, as two people would, and compares (TARGETS="deb" for some)
.PHONY: check-reproducible
check-reproducible: $(DIST) $(TARBALLS) $(KERNELS)/$(KERNEL_$(BOARD))/vmlinuz
	@third_party/require $(BUILD_PACKAGES) $(DEB_PACKAGES) $(RELEASE_PACKAGES)
	@tests/reproducible $(DIST) $(DOWNLOAD) $(BUILD)/reproducible $(TARGETS)
