# SPDX-License-Identifier: MIT
# Building and running the fuzzers; included by tests.mk, whose rooms and flags they
# are made of. A fuzzer is tests/fuzz/fuzz-ROOM.c: see fuzz.h.

FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz-*.c))

# Of each, how long `make fuzz` goes on.
FUZZ_SECONDS := 60

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/fuzz.c tests/fuzz/fuzz.h tests/fuzz/fuzz.mk $(UNIT_A)
	$(call say,CC) $(UNIT_CC) $(UNIT_CFLAGS) -MMD -MP -MF $@.d $< tests/fuzz/fuzz.c $(UNIT_A) $(BEARSSL_A) -o $@

# This one is of libnbd: linked before its archive, with what takes the place of two of its files, and compiled with its insides.
$(BUILD)/tests/fuzz/fuzz-libnbd: tests/fuzz/fuzz-libnbd.c tests/fuzz/fuzz.c tests/fuzz/fuzz.h tests/fuzz/fuzz.mk $(LIBNBD_SANITIZED_A)
	$(call say,CC) $(UNIT_CC) $(UNIT_CFLAGS) $(LIBNBD_SANITIZED_INSIDES) -MMD -MP -MF $@.d $< tests/fuzz/fuzz.c $(LIBNBD_SANITIZED_A) -o $@

-include $(FUZZERS:=.d)

## fuzz: feeds the parsers of what servers and files say with mutated input, a minute each
.PHONY: fuzz
fuzz: $(FUZZERS)
	@for fuzzer in $(FUZZERS); do $$fuzzer --seconds=$(FUZZ_SECONDS) || exit 1; done
