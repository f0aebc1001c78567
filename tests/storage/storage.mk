# SPDX-License-Identifier: MIT
# Building and running the simulator of files and devices; included by tests.mk.

STORAGE := $(BUILD)/tests/storage/disks
# Below the engine the program's own, down to the system; all rooms above it are the unit tests' own, out of their archive.
STORAGE_SOURCES := $(wildcard tests/storage/*.c) $(wildcard tests/sim/whole/*.c) tests/sim/stage.c src/os/loop.c src/job/ask.c $(filter-out src/local/file_mark.c,$(wildcard src/local/file_*.c)) \
	$(patsubst %,src/local/%.c,endpoint_file endpoint_pipe device device_marks overlap sysfs)
STORAGE_OBJECTS := $(STORAGE_SOURCES:%.c=$(BUILD)/tests/storage/obj/%.o)
STORAGE_CFLAGS = -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -D_GNU_SOURCE \
	-Isrc -Itests -Wall -Wextra $(if $(CI),-Werror)
# What is simulated of the system.
STORAGE_WRAPPED := poll clock_gettime read open stat fstat close fcntl fstatfs pread pwrite fallocate ftruncate fsync lseek ioctl mmap \
	munmap mincore write send isatty
STORAGE_LDFLAGS = -fsanitize=address,undefined $(STORAGE_WRAPPED:%=-Wl,--wrap=%)

$(BUILD)/tests/storage/obj/%.o: %.c tests/storage/storage.mk
	$(call say,CC) gcc $(STORAGE_CFLAGS) -MMD -MP -c $< -o $@

$(STORAGE): $(STORAGE_OBJECTS) $(UNIT_A)
	$(call say,LD,$@) gcc -o $@ $^ $(STORAGE_LDFLAGS)

-include $(STORAGE_OBJECTS:.o=.d)

## storage-mutants: shows that the simulator of files and devices catches mistakes: each one-line mutation in tests/storage/mutants must fail
.PHONY: storage-mutants
storage-mutants: $(STORAGE)
	@CFLAGS='$(STORAGE_CFLAGS)' LDFLAGS='$(STORAGE_LDFLAGS)' OBJECTS='$(STORAGE_OBJECTS) $(UNIT_A)' \
		SEEDS=4000 LIMIT_S=100 tests/sim/run-mutants $(BUILD)/tests/storage/mutants-$(subst /,-of-,$(PART)) $(PART) tests/storage/mutants
