# SPDX-License-Identifier: MIT
# Has every call of the program fail in turn; included by tests.mk.

NTH := $(BUILD)/tests/nth/nth
$(NTH): tests/nth/nth.c tests/nth/nth.mk
	$(call say,CC) $(UNIT_CC) -std=gnu11 -O2 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wmissing-prototypes $(if $(CI),-Werror) $< -o $@

# The program itself, with what fails before its heap and before libnbd.
LIBNBD_MAY_FAIL = $(shell awk -F'"' '/^WRAP/ { print $$2 }' tests/nth/failing.c)
NTH_FAILING := $(BUILD)/tests/nth/decant-failing
comma := ,
$(NTH_FAILING): tests/nth/failing.c $(BUILD)/decant tests/nth/nth.mk
	$(call say,CC) $(CC) $(DECANT_CPPFLAGS) -std=gnu11 -fPIE $(WARNINGS) -g -O1 -c $< -o $@.o && \
		$(call link,$@,$@.o $(OBJECTS) $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc $(LIBNBD_MAY_FAIL)))

# Both know the calls of one processor.
NTH_TOOLS := $(if $(filter x86_64,$(HOST)),$(NTH) $(NTH_FAILING))

# Which cases of tests/nth/test-nth.sh: none named, all.
CASES :=

## nth: every system call and every allocation of the program fails in turn: half an hour, for docs/TESTING.md (CASES="file map": some)
.PHONY: nth
nth: all $(NTH_TOOLS)
	@rm -f $(BUILD)/tests/nth/figures
	@NTH_ALL=1 NTH_FIGURES=$(abspath $(BUILD))/tests/nth/figures tests/run -t 3600 \
		$(if $(CASES),$(CASES:%=tests/nth/test-nth.sh:%),tests/nth/test-nth.sh)
	@$(if $(CASES),,tests/figures docs/TESTING.md 'make nth' case calls runs 'went well' 'failed in words' "didn't reach it" faults \
		<$(BUILD)/tests/nth/figures)
