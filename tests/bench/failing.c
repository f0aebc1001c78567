/* SPDX-License-Identifier: MIT */
/* failing: a filter for nbdkit, a disk that fails: each read of a bad sector, alone or among others, takes failing-ms=MILLISECONDS
 * and ends with EIO. failing-bad=N sectors are bad, the same ones each time. With failing-head=true the disk reads one thing after
 * the other, as one with a head does: while it tries a bad sector, all others wait. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <nbdkit-filter.h>

#define SECTOR 512
#define BAD_MAX 100000

static unsigned bad_count, wait_ms;
static int has_head;
static uint64_t bad[BAD_MAX]; /* sectors, ascending */
static pthread_mutex_t head = PTHREAD_MUTEX_INITIALIZER;

static int failing_config(nbdkit_next_config *next, nbdkit_backend *backend, const char *key, const char *value)
{
	if (strcmp(key, "failing-ms") == 0)
		return nbdkit_parse_unsigned("failing-ms", value, &wait_ms);
	if (strcmp(key, "failing-bad") == 0)
		return nbdkit_parse_unsigned("failing-bad", value, &bad_count);
	if (strcmp(key, "failing-head") == 0)
		return (has_head = nbdkit_parse_bool(value)) < 0 ? -1 : 0;
	return next(backend, key, value);
}

static int ascending(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

static int failing_prepare(nbdkit_next *next, void *handle, int readonly)
{
	static int is_done;
	int64_t size = next->get_size(next);
	uint64_t state = 1;

	(void)handle;
	(void)readonly;
	if (size < SECTOR || bad_count > BAD_MAX)
		return -1;
	pthread_mutex_lock(&head);
	for (unsigned i = 0; !is_done && i < bad_count; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		bad[i] = (state >> 20) % ((uint64_t)size / SECTOR);
	}
	if (!is_done)
		qsort(bad, bad_count, sizeof bad[0], ascending);
	is_done = 1;
	pthread_mutex_unlock(&head);
	return 0;
}

static int is_bad(uint64_t offset, uint32_t count)
{
	for (unsigned i = 0; i < bad_count && bad[i] * SECTOR < offset + count; i++)
		if ((bad[i] + 1) * SECTOR > offset)
			return 1;
	return 0;
}

static int failing_pread(nbdkit_next *next, void *handle, void *buffer, uint32_t count, uint64_t offset, uint32_t flags, int *error)
{
	int result = -1;

	(void)handle;
	if (has_head)
		pthread_mutex_lock(&head);
	if (is_bad(offset, count)) {
		nbdkit_nanosleep(wait_ms / 1000, wait_ms % 1000 * 1000000);
		*error = EIO;
	} else {
		result = next->pread(next, buffer, count, offset, flags, error);
	}
	if (has_head)
		pthread_mutex_unlock(&head);
	return result;
}

static struct nbdkit_filter filter = {
	.name = "failing",
	.config = failing_config,
	.config_help = "failing-bad=<N>  failing-ms=<NN>  failing-head=<BOOL>   How many sectors fail, how long each read of one "
		       "takes, and whether others wait meanwhile.",
	.prepare = failing_prepare,
	.pread = failing_pread,
};

NBDKIT_REGISTER_FILTER(filter)
