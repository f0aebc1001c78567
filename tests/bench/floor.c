/* SPDX-License-Identifier: MIT */
/* floor: the least that moving bytes takes on this machine: bare loops of the system calls that a copy can't do without, with
 * no protocol and no look at what is moved.
 *
 *   floor copy|splice SOURCE DESTINATION RANGES [SOURCE DESTINATION RANGES]...
 *
 * moves the ranges one after the other, and one journey after the other. An end is socket:PATH, direct:PATH (a file or a device
 * past the page cache, by io_uring where there is one), cached:PATH (a file through it), null: or -, standard output. RANGES is a
 * file of pairs of 64-bit numbers, offset and length; the last one is empty, at the end of the disk. Files are made as long, and
 * flushed. `copy` goes through two buffers, and 16 where both ends are past the page cache: a disk has to have something to
 * do. `splice` goes through a pipe, from a socket or the page cache to a socket or standard output.
 *
 *   floor gives|takes SOCKET BYTES [MILLISECONDS]
 *
 * is a server in the place of one that speaks NBD: it sends each client that comes so many bytes out of one buffer, or receives
 * so many into one and then says so by another byte; the first or that last one only after the milliseconds that a line would
 * take. Its pid is in SOCKET.pid once it listens. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "os/ring.h"

#define PIECE_BYTES (512 << 10)
#define BUFFERS 2
#define BUFFERS_OF_DISKS 16
#define PIECES 16
#define PAGE_BYTES 4096
#define PIPE_BYTES (1 << 20)
#define HUGE_BYTES (2 << 20)

enum kind { NOTHING, STREAM, CACHED, DIRECT };

struct end {
	enum kind kind;
	int fd;
	int is_socket;
};

struct range {
	uint64_t offset;
	uint64_t length;
};

struct ranges {
	const struct range *at;
	size_t count; /* of those that have a length */
	uint64_t end; /* of the disk */
	size_t next;
	uint64_t done; /* of the next one */
};

/* Some bytes on their way, and where they belong. */
struct piece {
	unsigned char *data;
	uint64_t offset;
	size_t length;
	size_t done; /* with the ring: of the read or the write that goes on */
	int goes_on;
	int is_write;
};

/* One journey. Pieces are numbered: those below `freed` have arrived, those below `written` are on their way there, those below
 * `begun` on their way here. */
struct journey {
	struct end source, destination;
	struct ranges ranges;
	struct ring *ring;
	struct piece pieces[PIECES];
	struct piece coming; /* the next one, where it has a length */
	unsigned char *room;
	size_t room_bytes, room_next, queued_bytes;
	uint64_t begun, written, freed;
};

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, errno ? strerror(errno) : "it ended early");
	exit(1);
}

/* ---- Sockets ---- */

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(address.sun_path, path);
	return address;
}

static int new_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

/* With room in the kernel for more than what it has by default: who may, goes beyond the system's bound. */
static int connected(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = new_socket(), bytes = PIPE_BYTES;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		die(path);
	return fd;
}

/* Returns 0 where the other side has gone. */
static int receive(int fd, void *data, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t n = recv(fd, (char *)data + done, length - done, MSG_WAITALL);

		if (n <= 0) {
			errno = n == 0 ? 0 : errno;
			return 0;
		}
		done += (size_t)n;
	}
	return 1;
}

/* Likewise. */
static int put(const struct end *end, const void *data, size_t length)
{
	for (size_t done = 0; done < length;) {
		const char *rest = (const char *)data + done;
		ssize_t n = end->is_socket ? send(end->fd, rest, length - done, MSG_NOSIGNAL) : write(end->fd, rest, length - done);

		if (n < 0)
			return 0;
		done += (size_t)n;
	}
	return 1;
}

/* ---- The ends ---- */

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0 && errno == EINVAL && flags & O_DIRECT)
		fd = open(path, flags & ~O_DIRECT, 0600);
	if (fd < 0)
		die(path);
	return fd;
}

static struct end open_end(const char *word, int is_destination)
{
	int flags = is_destination ? O_RDWR | O_CREAT : O_RDONLY;

	if (is_destination && strcmp(word, "null:") == 0)
		return (struct end){ .kind = NOTHING, .fd = -1 };
	if (is_destination && strcmp(word, "-") == 0)
		return (struct end){ .kind = STREAM, .fd = STDOUT_FILENO };
	if (strncmp(word, "socket:", 7) == 0)
		return (struct end){ .kind = STREAM, .fd = connected(word + 7), .is_socket = 1 };
	if (strncmp(word, "cached:", 7) == 0)
		return (struct end){ .kind = CACHED, .fd = open_file(word + 7, flags) };
	if (strncmp(word, "direct:", 7) == 0)
		return (struct end){ .kind = DIRECT, .fd = open_file(word + 7, flags | O_DIRECT) };
	errno = EINVAL;
	die(word);
	abort();
}

static void make_as_long(const struct end *end, uint64_t length)
{
	struct stat found;

	if (end->kind != CACHED && end->kind != DIRECT)
		return;
	if (fstat(end->fd, &found) < 0 || (S_ISREG(found.st_mode) && ftruncate(end->fd, (off_t)length) < 0))
		die("ftruncate");
}

/* All that was moved is where it should be. */
static void conclude(const struct end *end)
{
	char answer;

	if (end->is_socket && !receive(end->fd, &answer, 1))
		die("the other side didn't say that it has all");
	if ((end->kind == CACHED || end->kind == DIRECT) && fsync(end->fd) < 0)
		die("fsync");
}

static struct ranges ranges_of(const char *path)
{
	struct stat found;
	int fd = open_file(path, O_RDONLY);
	size_t count;
	const struct range *at;

	errno = 0;
	if (fstat(fd, &found) < 0 || (count = (size_t)found.st_size / sizeof *at) == 0)
		die(path);
	at = mmap(NULL, count * sizeof *at, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		die(path);
	close(fd);
	return (struct ranges){ .at = at, .count = count - 1, .end = at[count - 1].offset };
}

/* The next piece of a range; returns 0 behind the last one. */
static int next_piece(struct ranges *ranges, uint64_t most, uint64_t *offset, size_t *length)
{
	const struct range *range = &ranges->at[ranges->next];
	uint64_t left;

	if (ranges->next == ranges->count)
		return 0;
	left = range->length - ranges->done;
	*offset = range->offset + ranges->done;
	*length = (size_t)(left < most ? left : most);
	ranges->done += *length;
	if (ranges->done == range->length) {
		ranges->next++;
		ranges->done = 0;
	}
	return 1;
}

/* ---- Through buffers ---- */

static void move_at(const struct end *end, struct piece *piece)
{
	for (; piece->done < piece->length;) {
		void *data = piece->data + piece->done;
		size_t left = piece->length - piece->done;
		off_t at = (off_t)(piece->offset + piece->done);
		ssize_t n = piece->is_write ? pwrite(end->fd, data, left, at) : pread(end->fd, data, left, at);

		if (n <= 0) {
			errno = n == 0 ? 0 : errno;
			die(piece->is_write ? "pwrite" : "pread");
		}
		piece->done += (size_t)n;
	}
}

static void queue_rest(struct journey *journey, struct piece *piece)
{
	const struct end *end = piece->is_write ? &journey->destination : &journey->source;

	ring_queue(journey->ring, piece->is_write ? RING_WRITE : RING_READ, end->fd, piece->data + piece->done,
		(uint32_t)(piece->length - piece->done), piece->offset + piece->done, piece);
	journey->queued_bytes += piece->length - piece->done;
}

/* Small ones together, which is one call. */
static void hand_over(struct journey *journey)
{
	errno = 0;
	if (journey->queued_bytes > 0 && !ring_submit(journey->ring))
		die("io_uring");
	journey->queued_bytes = 0;
}

/* Reads or writes a piece, or has the ring go on with it. */
static void move(struct journey *journey, struct piece *piece, int is_write)
{
	const struct end *end = is_write ? &journey->destination : &journey->source;

	piece->is_write = is_write;
	piece->done = 0;
	piece->goes_on = 0;
	if (end->kind == DIRECT && journey->ring) {
		piece->goes_on = 1;
		queue_rest(journey, piece);
		if (journey->queued_bytes >= PIECE_BYTES)
			hand_over(journey);
	} else if (end->kind == DIRECT || end->kind == CACHED) {
		move_at(end, piece);
	} else if (end->kind == STREAM && is_write && !put(end, piece->data, piece->length)) {
		die("sending");
	} else if (end->kind == STREAM && !is_write && !receive(end->fd, piece->data, piece->length)) {
		die("receiving");
	}
}

static int take_answers(struct journey *journey)
{
	void *tag;
	int result, count = 0;

	for (; ring_take(journey->ring, &tag, &result); count++) {
		struct piece *piece = tag;

		if (result <= 0) {
			errno = -result;
			die(piece->is_write ? "writing" : "reading");
		}
		piece->done += (size_t)result;
		piece->goes_on = piece->done < piece->length;
		if (piece->goes_on)
			queue_rest(journey, piece);
	}
	return count;
}

static void wait_for_ring(struct journey *journey)
{
	struct pollfd ready = { .fd = journey->ring->fd, .events = POLLIN };

	hand_over(journey);
	if (take_answers(journey) > 0)
		return;
	if (poll(&ready, 1, -1) < 0)
		die("poll");
	(void)take_answers(journey);
}

static struct piece *piece_of(struct journey *journey, uint64_t number)
{
	return &journey->pieces[number % PIECES];
}

static int is_free(struct journey *journey, const unsigned char *at, size_t length)
{
	for (uint64_t number = journey->freed; number < journey->begun; number++) {
		const struct piece *piece = piece_of(journey, number);

		if (at < piece->data + piece->length && piece->data < at + length)
			return 0;
	}
	return journey->begun - journey->freed < PIECES;
}

/* Has the next piece come, if there is one and room for it. */
static int begin(struct journey *journey)
{
	struct piece *coming = &journey->coming;
	unsigned char *at = journey->room;

	if (coming->length == 0 && !next_piece(&journey->ranges, PIECE_BYTES, &coming->offset, &coming->length))
		return 0;
	if (journey->room_next + coming->length <= journey->room_bytes)
		at += journey->room_next;
	if (!is_free(journey, at, coming->length))
		return 0;
	coming->data = at;
	journey->room_next = ((size_t)(at - journey->room) + coming->length + PAGE_BYTES - 1) & ~((size_t)PAGE_BYTES - 1);
	*piece_of(journey, journey->begun) = *coming;
	coming->length = 0;
	move(journey, piece_of(journey, journey->begun++), 0);
	return 1;
}

/* What has come is sent on before more is asked for: it is in the processor's caches. */
static void copy(struct journey *journey)
{
	for (;;) {
		if (journey->freed < journey->written && !piece_of(journey, journey->freed)->goes_on)
			journey->freed++;
		else if (journey->written < journey->begun && !piece_of(journey, journey->written)->goes_on)
			move(journey, piece_of(journey, journey->written++), 1);
		else if (begin(journey))
			continue;
		else if (journey->freed < journey->begun)
			wait_for_ring(journey);
		else
			return;
	}
}

/* In large pages where there are any: a disk takes a piece as one then. */
static void reserve(struct journey *journey)
{
	size_t bytes = (BUFFERS_OF_DISKS * (size_t)PIECE_BYTES / HUGE_BYTES + 1) * HUGE_BYTES; /* one is for aligning it */
	unsigned char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	at += -(uintptr_t)at & (HUGE_BYTES - 1);
	(void)madvise(at, bytes - HUGE_BYTES, MADV_HUGEPAGE);
	journey->room = at;
}

/* ---- Through a pipe ---- */

static size_t spliced(int from, off_t *at, int to, size_t length)
{
	ssize_t n = splice(from, at, to, NULL, length, SPLICE_F_MOVE);

	if (n <= 0) {
		errno = n == 0 ? 0 : errno;
		die("splice");
	}
	return (size_t)n;
}

static void splice_all(struct journey *journey)
{
	int between[2], is_pipe = journey->destination.kind == STREAM && !journey->destination.is_socket;
	int from_socket = journey->source.kind == STREAM, from = journey->source.fd, to = journey->destination.fd;
	uint64_t offset;
	size_t length;

	if (pipe(between) < 0)
		die("pipe");
	(void)fcntl(is_pipe ? to : between[1], F_SETPIPE_SZ, PIPE_BYTES);
	while (next_piece(&journey->ranges, PIPE_BYTES, &offset, &length)) {
		off_t at = (off_t)offset;

		while (length > 0) {
			size_t n = spliced(from, from_socket ? NULL : &at, is_pipe ? to : between[1], length);

			length -= n;
			while (!is_pipe && n > 0)
				n -= spliced(between[0], NULL, to, n);
		}
	}
	close(between[0]);
	close(between[1]);
}

/* ---- On top ---- */

static void travel(const char *way, char **words, struct ring *ring)
{
	struct journey journey = { .source = open_end(words[0], 0), .destination = open_end(words[1], 1) };
	int is_disk = journey.source.kind == DIRECT && journey.destination.kind == DIRECT;

	journey.ranges = ranges_of(words[2]);
	journey.room_bytes = (is_disk ? BUFFERS_OF_DISKS : BUFFERS) * (size_t)PIECE_BYTES;
	make_as_long(&journey.destination, journey.ranges.end);
	if (strcmp(way, "splice") == 0) {
		splice_all(&journey);
	} else {
		if (journey.source.kind == DIRECT || journey.destination.kind == DIRECT) {
			ring_open(ring);
			journey.ring = ring_is_open(ring) ? ring : NULL;
		}
		reserve(&journey);
		copy(&journey);
		if (journey.ring)
			close(journey.ring->fd);
	}
	conclude(&journey.destination);
	close(journey.source.fd);
	if (journey.destination.fd != STDOUT_FILENO)
		close(journey.destination.fd);
}

static void wait_ms(long milliseconds)
{
	struct timespec left = { .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000 };

	while (nanosleep(&left, &left) < 0)
		;
}

/* Whether the client got or gave all of it is for the client to say. */
static void attend(const struct end *client, int gives, uint64_t bytes, long milliseconds)
{
	static unsigned char buffer[PIECE_BYTES] = { 1 }; /* not the zero page, whoever reads it first */
	size_t length;

	if (gives)
		wait_ms(milliseconds);
	for (; bytes > 0; bytes -= length) {
		length = bytes < sizeof buffer ? (size_t)bytes : sizeof buffer;
		if (!(gives ? put(client, buffer, length) : receive(client->fd, buffer, length)))
			return;
	}
	if (!gives) {
		wait_ms(milliseconds);
		(void)put(client, "", 1);
	}
}

static void serve(const char *path, int gives, uint64_t bytes, long milliseconds)
{
	struct sockaddr_un address = address_of(path);
	char name[PATH_MAX];
	int fd = new_socket();
	FILE *out;

	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0)
		die(path);
	snprintf(name, sizeof name, "%s.pid", path);
	out = fopen(name, "w");
	if (!out || fprintf(out, "%ld\n", (long)getpid()) < 0 || fclose(out) != 0)
		die(name);
	for (;;) {
		struct end client = { .kind = STREAM, .fd = accept(fd, NULL, NULL), .is_socket = 1 };

		if (client.fd < 0)
			die("accept");
		attend(&client, gives, bytes, milliseconds);
		close(client.fd);
	}
}

int main(int argc, char **argv)
{
	struct ring ring;
	const char *way = argc > 1 ? argv[1] : "";
	int gives = strcmp(way, "gives") == 0;

	if ((argc == 4 || argc == 5) && (gives || strcmp(way, "takes") == 0))
		serve(argv[2], gives, strtoull(argv[3], NULL, 10), argc == 5 ? atol(argv[4]) : 0);
	if (argc < 5 || argc % 3 != 2 || (strcmp(way, "copy") != 0 && strcmp(way, "splice") != 0)) {
		fprintf(stderr, "usage: floor copy|splice SOURCE DESTINATION RANGES...\n"
				"       floor gives|takes SOCKET BYTES [MILLISECONDS]\n");
		return 64;
	}
	for (int i = 2; i < argc; i += 3)
		travel(way, argv + i, &ring);
	return 0;
}
