/* SPDX-License-Identifier: MIT */
/* jitter: a filter for nbdkit that answers each read and each write after another delay, from none to jitter=MILLISECONDS, told
 * by a hash of its offset: so replies come out of order, the same ones late for every client that asks alike. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <nbdkit-filter.h>

static unsigned longest_ms = 10;

static int jitter_config(nbdkit_next_config *next, nbdkit_backend *backend, const char *key, const char *value)
{
	if (strcmp(key, "jitter") == 0)
		return nbdkit_parse_unsigned("jitter", value, &longest_ms);
	return next(backend, key, value);
}

static int wait_for(uint64_t offset, int *error)
{
	uint64_t hash = (offset + 1) * 0x9e3779b97f4a7c15u;
	uint64_t wait_us = (hash >> 32) * longest_ms * 1000 >> 32;

	if (nbdkit_nanosleep((unsigned)(wait_us / 1000000), (unsigned)(wait_us % 1000000) * 1000) == 0)
		return 0;
	*error = EINTR;
	return -1;
}

static int jitter_pread(nbdkit_next *next, void *handle, void *buffer, uint32_t count, uint64_t offset, uint32_t flags, int *error)
{
	(void)handle;
	if (wait_for(offset, error) < 0)
		return -1;
	return next->pread(next, buffer, count, offset, flags, error);
}

static int jitter_pwrite(nbdkit_next *next, void *handle, const void *buffer, uint32_t count, uint64_t offset, uint32_t flags,
	int *error)
{
	(void)handle;
	if (wait_for(offset, error) < 0)
		return -1;
	return next->pwrite(next, buffer, count, offset, flags, error);
}

static struct nbdkit_filter filter = {
	.name = "jitter",
	.config = jitter_config,
	.config_help = "jitter=<NN>                    The longest delay, in milliseconds.",
	.pread = jitter_pread,
	.pwrite = jitter_pwrite,
};

NBDKIT_REGISTER_FILTER(filter)
