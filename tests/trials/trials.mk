# SPDX-License-Identifier: MIT
# Servers and networks that fail the program; included by tests.mk.

# Which trials (none named: all), from which seed on, and how many of each: 0 is all there are.
TRIALS :=
SEED := 1
COUNT := 0
TRIALS_JOBS := 8

## trials: servers and lines that die, fall silent and forget, as seeds decide: hours (TRIALS=breaks SEED=17 COUNT=1: one)
.PHONY: trials
trials: all
	@tests/trials/run --decant=$(BUILD)/decant --seed=$(SEED) --count=$(COUNT) --all --down=20 --jobs=$(TRIALS_JOBS) $(TRIALS)
