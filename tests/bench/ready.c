/* SPDX-License-Identifier: MIT */
/* ready: a plugin for nbdkit, a disk of size=SIZE whose data need not be fetched from anywhere: the buffer that a thread answers
 * from keeps it from one request to the next. So a server costs what its socket costs, and what is measured is the client. */
#include <stdint.h>
#include <string.h>

#define NBDKIT_API_VERSION 2
#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL
#include <nbdkit-plugin.h>

#define DATA 0x5a

static int64_t size_bytes;

static int ready_config(const char *key, const char *value)
{
	if (strcmp(key, "size") != 0) {
		nbdkit_error("no parameter %s: there is size", key);
		return -1;
	}
	size_bytes = nbdkit_parse_size(value);
	return size_bytes < 0 ? -1 : 0;
}

static void *ready_open(int readonly)
{
	(void)readonly;
	return NBDKIT_HANDLE_NOT_NEEDED;
}

static int64_t ready_get_size(void *handle)
{
	(void)handle;
	return size_bytes;
}

static int ready_can_multi_conn(void *handle)
{
	(void)handle;
	return 1;
}

static int ready_pread(void *handle, void *buffer, uint32_t count, uint64_t offset, uint32_t flags)
{
	unsigned char *data = buffer;

	(void)handle, (void)offset, (void)flags;
	if (data[0] != DATA || data[count - 1] != DATA)
		memset(data, DATA, count);
	return 0;
}

static struct nbdkit_plugin plugin = {
	.name = "ready",
	.config = ready_config,
	.config_help = "size=<SIZE>                    The size of the disk.",
	.open = ready_open,
	.get_size = ready_get_size,
	.can_multi_conn = ready_can_multi_conn,
	.pread = ready_pread,
};

NBDKIT_REGISTER_PLUGIN(plugin)
