# SPDX-License-Identifier: MIT
# Building and running the fuzzers; included by tests.mk, whose rooms and flags they
# are made of. A fuzzer is tests/fuzz/fuzz-ROOM.c with its corpus tests/fuzz/corpora/ROOM: see fuzz.h and driver.c.

FUZZ_ROOMS := $(patsubst tests/fuzz/fuzz-%.c,%,$(wildcard tests/fuzz/fuzz-*.c))
FUZZERS := $(FUZZ_ROOMS:%=$(BUILD)/tests/fuzz/fuzz-%)
FUZZ_PARTS := tests/fuzz/fuzz.c tests/fuzz/fuzz.h tests/fuzz/fuzz.mk

# Of each, how long `make fuzz` goes on, and by what: libfuzzer, afl, or driver, which needs nothing, and doesn't see which code a case reaches.
FUZZ_SECONDS := 60
FUZZ_BY := libfuzzer

# Debian packages that this takes.
FUZZ_PACKAGES_libfuzzer := clang libclang-rt-dev
FUZZ_PACKAGES_afl := clang libclang-rt-dev afl++

# ---- By driver.c: what the tests run ----

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/driver.c $(FUZZ_PARTS) $(UNIT_A)
	$(call say,CC) $(UNIT_CC) $(UNIT_CFLAGS) -MMD -MP -MF $@.d $< tests/fuzz/driver.c tests/fuzz/fuzz.c $(UNIT_A) $(BEARSSL_A) -o $@

# This one is of libnbd: linked before its archive, with what takes the place of two of its files, and compiled with its insides.
$(BUILD)/tests/fuzz/fuzz-libnbd: tests/fuzz/fuzz-libnbd.c tests/fuzz/driver.c $(FUZZ_PARTS) $(UNIT_A) $(LIBNBD_SANITIZED_A)
	$(call say,CC) $(UNIT_CC) $(UNIT_CFLAGS) $(LIBNBD_SANITIZED_INSIDES) -MMD -MP -MF $@.d $< tests/fuzz/driver.c tests/fuzz/fuzz.c \
		$(LIBNBD_SANITIZED_A) $(UNIT_A) -o $@

-include $(FUZZERS:=.d)

# ---- By what looks at the code that a case reaches: all is compiled once more ----

FUZZ_CC_libfuzzer := clang
FUZZ_CC_afl := afl-clang-fast
FUZZ_CFLAGS = $(filter-out -W%,$(UNIT_CFLAGS))
FUZZ_CFLAGS_libfuzzer := -fsanitize=fuzzer-no-link
FUZZ_LDFLAGS_libfuzzer := -fsanitize=fuzzer

define fuzzers_by
FUZZ_OBJECTS_$(1) := $(UNIT_OBJECTS:$(BUILD)/tests/host/%=$(BUILD)/tests/fuzz-$(1)/%)
FUZZERS_$(1) := $(FUZZ_ROOMS:%=$(BUILD)/tests/fuzz-$(1)/fuzz-%)

$(BUILD)/tests/fuzz-$(1)/%.o: src/%.c tests/fuzz/fuzz.mk tests/tests.mk $(BEARSSL_H)
	$$(call say,CC) $(FUZZ_CC_$(1)) $$(FUZZ_CFLAGS) $(FUZZ_CFLAGS_$(1)) -MMD -MP -c $$< -o $$@

$(BUILD)/tests/fuzz-$(1)/decant.a: $$(FUZZ_OBJECTS_$(1))
	@rm -f $$@
	$$(call say,AR,$$@) ar rcs $$@ $$^

$(BUILD)/tests/fuzz-$(1)/fuzz-%: tests/fuzz/fuzz-%.c tests/fuzz/driver-$(1).c $(FUZZ_PARTS) $(BUILD)/tests/fuzz-$(1)/decant.a
	$$(call say,CC) $(FUZZ_CC_$(1)) $$(FUZZ_CFLAGS) $(FUZZ_CFLAGS_$(1)) -MMD -MP -MF $$@.d $$< tests/fuzz/driver-$(1).c tests/fuzz/fuzz.c \
		$(BUILD)/tests/fuzz-$(1)/decant.a $(BEARSSL_A) $(FUZZ_LDFLAGS_$(1)) -o $$@

$(BUILD)/tests/fuzz-$(1)/fuzz-libnbd: tests/fuzz/fuzz-libnbd.c tests/fuzz/driver-$(1).c $(FUZZ_PARTS) $(BUILD)/tests/fuzz-$(1)/decant.a \
		$(THIRD_PARTY)/libnbd-$(1)/libnbd.a
	$$(call say,CC) $(FUZZ_CC_$(1)) $$(FUZZ_CFLAGS) $(FUZZ_CFLAGS_$(1)) $(call LIBNBD_INSIDES_OF,$(THIRD_PARTY)/libnbd-$(1)) -MMD -MP -MF $$@.d \
		$$< tests/fuzz/driver-$(1).c tests/fuzz/fuzz.c $(THIRD_PARTY)/libnbd-$(1)/libnbd.a $(BUILD)/tests/fuzz-$(1)/decant.a \
		$(FUZZ_LDFLAGS_$(1)) -o $$@

.SECONDARY: $$(FUZZ_OBJECTS_$(1))

-include $$(FUZZ_OBJECTS_$(1):.o=.d) $$(FUZZERS_$(1):=.d)
endef
$(foreach by,libfuzzer afl,$(eval $(call fuzzers_by,$(by))))

## fuzz: fuzzes all that parses what others write, a minute each, by the code that is reached (FUZZ_SECONDS=60 FUZZ_BY=libfuzzer|afl|driver FUZZ_ROOMS="...")
.PHONY: fuzz
fuzz:
	@third_party/require $(FUZZ_PACKAGES_$(FUZZ_BY))
	@$(MAKE) --no-print-directory fuzz-run

# What is installed already is taken as it is.
.PHONY: fuzz-run
fuzz-run: $(FUZZERS) $(FUZZERS_$(FUZZ_BY))
	@tests/fuzz/run --build=$(BUILD)/tests --by=$(FUZZ_BY) --seconds=$(FUZZ_SECONDS) $(FUZZ_ROOMS)

## fuzz-corpora: writes tests/fuzz/corpora anew: of the cases there and those that make fuzz has found, the fewest that reach as much code
.PHONY: fuzz-corpora
fuzz-corpora:
	@third_party/require $(FUZZ_PACKAGES_libfuzzer)
	@$(MAKE) --no-print-directory fuzz-corpora-run

.PHONY: fuzz-corpora-run
fuzz-corpora-run: $(FUZZERS) $(FUZZERS_libfuzzer)
	@tests/fuzz/minimise --build=$(BUILD)/tests $(FUZZ_ROOMS)
