/* SPDX-License-Identifier: MIT */
/* seconds: the times that measure.c and together.c tell, as fractions of seconds. */
#ifndef BENCH_SECONDS_H
#define BENCH_SECONDS_H

#include <sys/time.h>
#include <time.h>

/* Since some moment, whatever becomes of the clock. */
static inline double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

#endif
