# SPDX-License-Identifier: MIT
# Building and running the simulator; included by the Makefile.

SIM := $(BUILD)/tests/sim/sim
# The real copy and the rooms it carries things between; the simulator brings the endpoints and the loop.
SIM_SOURCES := $(filter-out src/disk/mapfile.c,$(wildcard tests/sim/*.c src/base/*.c src/disk/*.c src/copy/*.c))
SIM_CFLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE -Isrc -Itests -Wall -Wextra

$(SIM): $(SIM_SOURCES) $(wildcard src/*/*.h tests/sim/*.h) tests/sim/sim.mk
	$(call say,CC,$@) gcc $(SIM_CFLAGS) -o $@ $(SIM_SOURCES)

# The same under the sanitizers, which see what no copy shows: a byte read behind its buffer, a shift too far.
SIM_SANITIZED := $(SIM)-sanitized
$(SIM_SANITIZED): $(SIM_SOURCES) $(wildcard src/*/*.h tests/sim/*.h) tests/sim/sim.mk
	$(call say,CC,$@) gcc $(SIM_CFLAGS) -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
		-o $@ $(SIM_SOURCES)

## sim-long: ten million simulated copies, half an hour or more on two cores
.PHONY: sim-long
sim-long: $(SIM)
	@$(SIM) --from=1 --count=5000000 & other=$$!; \
	$(SIM) --from=5000001 --count=5000000 && wait $$other

## sim-mutants: shows that the simulator catches mistakes: each one-line mutation in tests/sim/mutants must fail
PART := 1/1
.PHONY: sim-mutants
sim-mutants:
	@tests/sim/run-mutants $(BUILD)/tests/sim/mutants $(PART) $(SIM_SOURCES)
