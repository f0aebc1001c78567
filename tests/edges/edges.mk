# SPDX-License-Identifier: MIT
# Building and running the simulator of the edge towards NBD servers; included by tests.mk.

EDGES := $(BUILD)/tests/edges/edges
# The edge is compiled with libnbd's insides; all rooms above it are the unit tests' own, out of their archive.
EDGES_SOURCES := $(wildcard tests/edges/*.c) $(wildcard tests/sim/whole/*.c) tests/sim/stage.c tests/sim/disk.c src/os/loop.c src/job/ask.c \
	$(filter-out src/nbd/tls_socket.c,$(wildcard src/nbd/*.c))
EDGES_OBJECTS := $(EDGES_SOURCES:%.c=$(BUILD)/tests/edges/obj/%.o)
EDGES_CFLAGS = -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -D_GNU_SOURCE \
	-Isrc -Itests -I$(dir $(LIBNBD_SANITIZED_A))src/include $(LIBNBD_SANITIZED_INSIDES) -Wall -Wextra $(if $(CI),-Werror)
# What is simulated of the system.
EDGES_WRAPPED := poll clock_gettime read socket connect getsockopt setsockopt recvmsg sendmsg shutdown close fcntl
EDGES_LDFLAGS = -fsanitize=address,undefined $(EDGES_WRAPPED:%=-Wl,--wrap=%)

$(BUILD)/tests/edges/obj/%.o: %.c tests/edges/edges.mk $(LIBNBD_SANITIZED_A)
	$(call say,CC) gcc $(EDGES_CFLAGS) -MMD -MP -c $< -o $@

# libnbd's own archive comes last: what src/nbd has in the place of its files is there by then.
$(EDGES): $(EDGES_OBJECTS) $(UNIT_A) $(LIBNBD_SANITIZED_A)
	$(call say,LD,$@) gcc -o $@ $^ $(EDGES_LDFLAGS)

-include $(EDGES_OBJECTS:.o=.d)

## edge-mutants: shows that the simulator of the edges catches mistakes: each one-line mutation in tests/edges/mutants must fail
.PHONY: edge-mutants
edge-mutants: $(EDGES)
	@CFLAGS='$(EDGES_CFLAGS)' LDFLAGS='$(EDGES_LDFLAGS)' OBJECTS='$(EDGES_OBJECTS) $(UNIT_A) $(LIBNBD_SANITIZED_A)' \
		SEEDS=4000 LIMIT_S=100 tests/sim/run-mutants $(BUILD)/tests/edges/mutants-$(subst /,-of-,$(PART)) $(PART) tests/edges/mutants
