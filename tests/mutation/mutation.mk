# SPDX-License-Identifier: MIT
# Mutants that nobody has thought of; included by tests.mk.

# TLS isn't simulated.
ROOM := $(sort $(wildcard src/copy/*.c) $(filter-out src/nbd/tls_socket.c,$(wildcard src/nbd/*.c)))
MUTATION_JOBS := $(shell nproc)

## mutation: breaks src/copy and src/nbd one token at a time, for hours, and goes on: what survives is listed (ROOM="src/copy/extents.c" PART=1/10)
.PHONY: mutation
mutation: $(SOUND_OBJECTS) $(EDGES)
	@mkdir -p $(BUILD)/tests/mutation && rm -f $(BUILD)/tests/mutation/figures && touch $(BUILD)/tests/mutation/figures
	@CFLAGS='$(EDGES_CFLAGS)' LDFLAGS='$(EDGES_LDFLAGS)' OBJECTS='$(EDGES_OBJECTS) $(UNIT_A) $(LIBNBD_SANITIZED_A)' \
		UNIT_OBJECTS='$(UNIT_A) $(BEARSSL_A)' SIMULATORS='SIM SIM_HOLDS SIM_RESCUE SIM_COMPARE' \
		$(foreach simulator,SIM SIM_HOLDS SIM_RESCUE SIM_COMPARE,$(simulator)='$(call sound,$($(simulator)_SOURCES))') \
		tests/mutation/run --part=$(PART) --jobs=$(MUTATION_JOBS) --figures=$(BUILD)/tests/mutation/figures \
			--verdicts=$(BUILD)/tests/mutation/verdicts $(ROOM)
	@! test -s $(BUILD)/tests/mutation/figures || tests/figures --merge docs/TESTING.md 'make mutation' room mutants equal caught \
		'survived, and why is listed' <$(BUILD)/tests/mutation/figures
