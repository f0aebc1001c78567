# SPDX-License-Identifier: MIT
# Building and running the simulator; included by the Makefile.

SIM := $(BUILD)/tests/sim/sim
# The real copy and the rooms it carries things between; the simulator brings the endpoints and the loop.
SIM_SOURCES := $(filter-out src/disk/mapfile.c src/disk/bmap_%,$(wildcard tests/sim/*.c src/base/*.c src/disk/*.c src/copy/*.c src/hash/nh.c src/hash/ranges.c))
SIM_CFLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE -Isrc -Itests -Wall -Wextra

$(SIM): $(SIM_SOURCES) $(wildcard src/*/*.h tests/sim/*.h) tests/sim/sim.mk
	$(call say,CC,$@) gcc $(SIM_CFLAGS) -o $@ $(SIM_SOURCES)

# The same under the sanitizers, which see what no copy shows: a byte read behind its buffer, a shift too far.
SIM_SANITIZED := $(SIM)-sanitized
$(SIM_SANITIZED): $(SIM_SOURCES) $(wildcard src/*/*.h tests/sim/*.h) tests/sim/sim.mk
	$(call say,CC,$@) gcc $(SIM_CFLAGS) -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
		-o $@ $(SIM_SOURCES)

# Rescues of failing disks, on the same disks, with a loop and a main of their own.
SIM_RESCUE := $(BUILD)/tests/sim/sim-rescue
SIM_RESCUE_SOURCES := tests/sim/rescue/sim-rescue.c tests/sim/disk.c tests/sim/stage.c tests/sim/stage_loop.c \
	$(filter-out src/disk/mapfile.c src/disk/bmap_%,$(wildcard src/base/*.c src/disk/*.c)) \
	$(wildcard src/copy/rescue*.c) src/copy/mark.c src/copy/recovery.c src/copy/turn.c

$(SIM_RESCUE): $(SIM_RESCUE_SOURCES) $(wildcard src/*/*.h tests/sim/*.h) tests/sim/sim.mk
	$(call say,CC,$@) gcc $(SIM_CFLAGS) -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
		-o $@ $(SIM_RESCUE_SOURCES)

# Copies that hold back both ends of their destination, likewise.
SIM_HOLDS := $(BUILD)/tests/sim/sim-holds
SIM_HOLDS_SOURCES := tests/sim/holds/sim-holds.c $(filter-out tests/sim/sim.c,$(SIM_SOURCES))

$(SIM_HOLDS): $(SIM_HOLDS_SOURCES) $(wildcard src/*/*.h tests/sim/*.h) tests/sim/sim.mk
	$(call say,CC,$@) gcc $(SIM_CFLAGS) -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
		-o $@ $(SIM_HOLDS_SOURCES)

# Comparisons, likewise.
SIM_COMPARE := $(BUILD)/tests/sim/sim-compare
SIM_COMPARE_SOURCES := tests/sim/compare/sim-compare.c tests/sim/disk.c tests/sim/stage.c tests/sim/stage_loop.c \
	$(filter-out src/disk/mapfile.c src/disk/bmap_%,$(wildcard src/base/*.c src/disk/*.c)) \
	$(wildcard src/copy/compare*.c) $(patsubst %,src/copy/%.c,asking extents pace rate recovery retry selection turn windows)

$(SIM_COMPARE): $(SIM_COMPARE_SOURCES) $(wildcard src/*/*.h tests/sim/*.h) tests/sim/sim.mk
	$(call say,CC,$@) gcc $(SIM_CFLAGS) -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
		-o $@ $(SIM_COMPARE_SOURCES)

## sim-long: ten million simulated copies, half an hour or more on two cores
.PHONY: sim-long
sim-long: $(SIM)
	@$(SIM) --from=1 --count=5000000 & other=$$!; \
	$(SIM) --from=5000001 --count=5000000 && wait $$other

# What mutants are linked with: rooms and simulators, built for speed of building.
SOUND_CFLAGS := -std=gnu11 -O1 -w -D_GNU_SOURCE -Isrc -Itests
sound = $(1:%.c=$(BUILD)/tests/sim/obj/%.o)
SOUND_OBJECTS := $(call sound,$(sort $(SIM_SOURCES) $(SIM_RESCUE_SOURCES) $(SIM_HOLDS_SOURCES) $(SIM_COMPARE_SOURCES)))

$(BUILD)/tests/sim/obj/%.o: %.c tests/sim/sim.mk
	$(call say,CC) gcc $(SOUND_CFLAGS) -MMD -MP -c $< -o $@

-include $(SOUND_OBJECTS:.o=.d)

# Each mutant of a list, linked with the others of a simulator's sources.
PART := 1/1
run_mutants = CFLAGS='$(SOUND_CFLAGS)' LDFLAGS= OBJECTS='$(call sound,$(2))' SEEDS=30000 LIMIT_S=200 \
	tests/sim/run-mutants $(BUILD)/tests/sim/$@-$(subst /,-of-,$(PART)) $(PART) $(1)

## sim-mutants: shows that the simulator catches mistakes: each one-line mutation in tests/sim/mutants must fail
.PHONY: sim-mutants
sim-mutants: $(SOUND_OBJECTS)
	@$(call run_mutants,tests/sim/mutants,$(SIM_SOURCES))

## hold-mutants: the same of simulated copies that hold something back, by tests/sim/holds/mutants
.PHONY: hold-mutants
hold-mutants: $(SOUND_OBJECTS)
	@$(call run_mutants,tests/sim/holds/mutants,$(SIM_HOLDS_SOURCES))

## rescue-mutants: the same of simulated rescues, by tests/sim/rescue/mutants
.PHONY: rescue-mutants
rescue-mutants: $(SOUND_OBJECTS)
	@$(call run_mutants,tests/sim/rescue/mutants,$(SIM_RESCUE_SOURCES))

## compare-mutants: and of simulated comparisons, by tests/sim/compare/mutants
.PHONY: compare-mutants
compare-mutants: $(SOUND_OBJECTS)
	@$(call run_mutants,tests/sim/compare/mutants,$(SIM_COMPARE_SOURCES))
