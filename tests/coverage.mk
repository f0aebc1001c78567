# SPDX-License-Identifier: MIT
# What of src/ the unit tests and the simulator come by; included by tests.mk. What needs a system, a server or libnbd is in
# neither: folders that are not in the list are the integration tests'.

COVERAGE := $(BUILD)/coverage
COVERAGE_CFLAGS := $(filter-out -fsanitize=% -fno-sanitize-recover=%,$(UNIT_CFLAGS)) --coverage
COVERAGE_A := $(COVERAGE)/decant.a
COVERAGE_OBJECTS := $(UNIT_OBJECTS:$(BUILD)/tests/host/%=$(COVERAGE)/src/%)
COVERAGE_TESTS := $(UNIT_SOURCES:tests/unit/%.c=$(COVERAGE)/unit/%)
COVERAGE_SIM := $(COVERAGE)/sim
COVERAGE_SEEDS := 20000

$(COVERAGE)/src/%.o: src/%.c tests/coverage.mk tests/tests.mk $(BEARSSL_H)
	$(call say,CC) $(UNIT_CC) $(COVERAGE_CFLAGS) -MMD -MP -c $< -o $@

$(COVERAGE_A): $(COVERAGE_OBJECTS)
	@rm -f $@
	$(call say,AR,$@) ar rcs $@ $^

$(COVERAGE)/unit/%: tests/unit/%.c $(COVERAGE_A)
	$(call say,CC) $(UNIT_CC) $(COVERAGE_CFLAGS) -MMD -MP -MF $@.d $< $(COVERAGE_A) $(BEARSSL_A) -lcmocka -o $@

$(COVERAGE_SIM): $(wildcard tests/sim/*.[ch]) $(COVERAGE_A)
	$(call say,CC,$@) $(UNIT_CC) $(COVERAGE_CFLAGS) $(filter %.c,$^) $(COVERAGE_A) -o $@

.SECONDARY: $(COVERAGE_OBJECTS)

-include $(COVERAGE_OBJECTS:.o=.d) $(COVERAGE_TESTS:=.d)

## coverage: how many lines of each folder the unit tests and the simulator come by (gcov's files: build/coverage/lines)
.PHONY: coverage
coverage: $(COVERAGE_TESTS) $(COVERAGE_SIM)
	@find $(COVERAGE) -name '*.gcda' -delete
	@tests/run $(COVERAGE_TESTS)
	@$(COVERAGE_SIM) --count=$(COVERAGE_SEEDS)
	@tests/coverage $(COVERAGE)
