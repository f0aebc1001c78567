/* SPDX-License-Identifier: MIT */
/* limit BYTES: moves that many bytes through a Unix socket pair from one process to another, by one write and one read for each
 * 256 KiB or what the socket takes of it: what any client of a server on this machine could reach at best on one connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE_BYTES (256 << 10)

static char piece[PIECE_BYTES];

/* Zero, or one where it fails. */
static int move(int fd, long long bytes, int writes)
{
	while (bytes > 0) {
		size_t want = bytes < PIECE_BYTES ? (size_t)bytes : PIECE_BYTES;
		ssize_t n = writes ? write(fd, piece, want) : read(fd, piece, want);

		if (n <= 0) {
			perror("limit");
			return 1;
		}
		bytes -= n;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int ends[2], status, failed;
	long long bytes = argc == 2 ? atoll(argv[1]) : 0;
	pid_t pid;

	if (bytes <= 0) {
		fprintf(stderr, "usage: limit BYTES\n");
		return 64;
	}
	memset(piece, 1, sizeof(piece)); /* pages of our own, not the zero page */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || (pid = fork()) < 0) {
		perror("limit");
		return 1;
	}
	if (pid == 0)
		_exit(move(ends[0], bytes, 1));
	failed = move(ends[1], bytes, 0);
	if (waitpid(pid, &status, 0) < 0)
		return 1;
	return failed || status != 0;
}
