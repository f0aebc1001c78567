# SPDX-License-Identifier: MIT
# What others test their programs by, held against this one; included by tests.mk. Nothing of it is in the tree, nor in what `make check`
# takes: it is fetched as what the program is made of.

OUTSIDE_TARBALLS := $(addprefix $(DOWNLOAD)/,$(shell awk '{ print $$2 }' tests/outside/SHA256SUMS))
$(OUTSIDE_TARBALLS): tests/outside/SHA256SUMS third_party/fetch | tools
	@SUMS=tests/outside/SHA256SUMS third_party/fetch $(@F) $(DOWNLOAD)

## check-outside: runs tests that others wrote for their programs, of which these are the sources: fetched first
.PHONY: check-outside
check-outside: all $(MAPFILE_PEERS) $(OUTSIDE_TARBALLS)
	@tests/run $(wildcard tests/outside/test-*.sh)
