# SPDX-License-Identifier: MIT
# What others test their programs by, held against this one; included by tests.mk. Nothing of it is in the tree, nor in what `make check`
# takes: it is fetched as what the program is made of.

OUTSIDE_TARBALLS := $(addprefix $(DOWNLOAD)/,$(shell awk '{ print $$2 }' tests/outside/SHA256SUMS))
$(OUTSIDE_TARBALLS): tests/outside/SHA256SUMS third_party/fetch | tools
	@SUMS=tests/outside/SHA256SUMS third_party/fetch $(@F) $(DOWNLOAD)

# Debian packages that these take, besides what `make check` does.
OUTSIDE_PACKAGES := partclone

## check-outside: what others test their programs by, and what their programs make of disks: fetched first
.PHONY: check-outside
check-outside:
	@third_party/require $(BUILD_PACKAGES) $(CHECK_PACKAGES) $(OUTSIDE_PACKAGES)
	@$(MAKE) --no-print-directory check-outside-run

.PHONY: check-outside-run
check-outside-run: all $(MAPFILE_PEERS) $(OUTSIDE_TARBALLS)
	@tests/run $(wildcard tests/outside/test-*.sh)
