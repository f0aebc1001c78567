/* SPDX-License-Identifier: MIT */
/* together FILE COUNT COMMAND...: runs the command COUNT times, all at once: no one begins before all are forked. Writes a line to
 * FILE for each, in the order in which they ended: wall time since they began and processor time (user and system) in seconds, peak
 * memory in KiB, and the exit code. Ends with 1 if any of them failed. See measure.c for why this isn't Python. */
#include "seconds.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT_MAX 4096 /* what a pipe takes at once */

static int fails(const char *what)
{
	perror(what);
	return 1;
}

/* Each takes a byte out of the gate. Where there are none, not all could be forked, and nobody begins. */
static void run_behind(const int gate[2], char **command)
{
	char pass;

	close(gate[1]);
	if (read(gate[0], &pass, 1) == 1) {
		close(gate[0]);
		execvp(command[0], command);
		perror(command[0]);
	}
	_exit(127);
}

/* Returns whether each of them ended well, or -1. */
static int watch(FILE *out, double start, long count)
{
	int all_well = 1;

	for (long i = 0; i < count; i++) {
		struct rusage usage;
		int status, code;

		if (wait4(-1, &status, 0, &usage) < 0)
			return -1;
		code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		all_well &= code == 0;
		if (fprintf(out, "%.6f %.6f %ld %d\n", seconds_now() - start, seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
			    usage.ru_maxrss, code) < 0)
			return -1;
	}
	return all_well;
}

int main(int argc, char **argv)
{
	long count = argc > 3 ? atol(argv[2]) : 0;
	static const char passes[COUNT_MAX];
	int gate[2], all_well;
	double start;
	FILE *out;

	if (count < 1 || count > COUNT_MAX) {
		fprintf(stderr, "usage: together FILE COUNT COMMAND..., %d at most\n", COUNT_MAX);
		return 64;
	}
	if (pipe(gate) < 0)
		return fails("pipe");
	out = fopen(argv[1], "we");
	if (!out)
		return fails(argv[1]);
	for (long i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			run_behind(gate, argv + 3);
		if (pid < 0)
			return fails("fork");
	}
	start = seconds_now();
	if (write(gate[1], passes, (size_t)count) != count)
		return fails("the gate");
	all_well = watch(out, start, count);
	if (fclose(out) != 0 || all_well < 0)
		return fails(argv[1]);
	return !all_well;
}
