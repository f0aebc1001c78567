# SPDX-License-Identifier: MIT
# Servers and networks that fail the program; included by tests.mk.

# Which trials (none named: all), from which seed on, and how many of each: 0 is all there are.
TRIALS :=
SEED := 1
COUNT := 0
TRIALS_JOBS := 8

## trials: servers and lines that die, fall silent and forget, as seeds decide: hours, for docs/TESTING.md (TRIALS=breaks SEED=17 COUNT=1: one)
.PHONY: trials
trials: all
	@mkdir -p $(BUILD)/tests/trials
	@tests/trials/run --decant=$(BUILD)/decant --seed=$(SEED) --count=$(COUNT) --all --down=20 --jobs=$(TRIALS_JOBS) \
		--figures=$(BUILD)/tests/trials/figures $(TRIALS)
	@$(if $(filter 0,$(COUNT)),tests/figures --merge docs/TESTING.md 'make trials' trial runs 'went on by itself' \
		'by the command it printed' failed <$(BUILD)/tests/trials/figures)

## power-cuts: machines that lose power in the middle of copies and rescues, as seeds decide: six minutes each (SEED=17 COUNT=100)
.PHONY: power-cuts
power-cuts: all image
	@for seed in $$(seq $(SEED) $$(($(SEED) + $(if $(filter 0,$(COUNT)),100,$(COUNT)) - 1))); do \
		echo "SEED=$$seed"; SEED=$$seed tests/run -a tests/boot/test-power-cuts.sh tests/boot/test-mapfile.sh || exit; \
	done
