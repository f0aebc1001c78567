/* SPDX-License-Identifier: MIT */
/* measure FILE COUNT COMMAND...: runs the command COUNT times, one after the other, and writes one line to FILE: wall time and
 * processor time (user and system) of all of them in seconds, and the peak memory of the largest in KiB. Ends with the code of
 * the first that failed.
 *
 * A program of its own since the kernel counts the memory of whoever forks as its child's: time and memory of a Python process
 * would be in every figure. */
#include "seconds.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	double start, cpu = 0;
	long peak_kib = 0, count;
	FILE *out;

	if (argc < 4) {
		fprintf(stderr, "usage: measure FILE COUNT COMMAND...\n");
		return 64;
	}
	count = atol(argv[2]);
	start = seconds_now();
	for (long i = 0; i < count; i++) {
		struct rusage usage;
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			execvp(argv[3], argv + 3);
			perror(argv[3]);
			_exit(127);
		}
		if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
			perror("measure");
			return 1;
		}
		if (status != 0)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		cpu += seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
		if (usage.ru_maxrss > peak_kib)
			peak_kib = usage.ru_maxrss;
	}
	start = seconds_now() - start;
	out = fopen(argv[1], "w");
	if (!out || fprintf(out, "%.6f %.6f %ld\n", start, cpu, peak_kib) < 0 || fclose(out) != 0) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
