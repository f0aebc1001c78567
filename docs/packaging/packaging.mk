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

MANUALS := $(wildcard docs/*.[1-8])
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

DIST := $(BUILD)/decant-$(VERSION).tar.gz

## dist: the source tarball, build/decant-VERSION.tar.gz, which builds without git
.PHONY: dist
dist:
	@docs/packaging/dist $(DIST) $(BUILD_TIME)
