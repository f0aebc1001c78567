/* SPDX-License-Identifier: MIT */
/* limits: every bound of the program, and how they hang together.
 *
 * Nothing here grows at run time. docs/MEMORY.md adds these up in prose; the
 * assertions below and in copy.h hold the relations that the code leans on.
 */
#ifndef DECANT_LIMITS_H
#define DECANT_LIMITS_H

#include <stdint.h>

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

/* Payload: the bytes that hold disk content on their way through, `--memory`. */
#define PAYLOAD_BYTES_DEFAULT (16 * MIB)
#define PAYLOAD_BYTES_MIN (512 * KIB)
#define PAYLOAD_BYTES_MAX (4 * GIB)

/* One read, and so one slot, holds at most this share of the payload: 64 reads
 * in flight keep a fast link full, and 256 KiB of the default amortise the
 * headers. */
#define PAYLOAD_SHARE_PER_SLOT 64
#define SLOT_BYTES_MIN (64 * KIB)
#define SLOT_BYTES_MAX (32 * MIB)
#define REQUEST_BYTES_MIN (4 * KIB) /* of --request-size */
/* Where requests are asked for that the payload can't hold, and no payload is,
 * it is as large as this many of them. */
#define REQUESTS_PER_PAYLOAD 4
#define SLOTS_MAX 64
#define SLOTS_MIN 2

/* Staging buffers, each as large as a block of the destination: one being
 * filled, the others being written. Two is the least: completing an edge block
 * needs a second one beside the block that is being put together. */
#define STAGES_MAX 16
#define STAGES_MIN 2
#define PAYLOAD_SHARE_FOR_STAGING 16
/* The block of zeros: more in one write gains nothing. */
#define ZERO_BLOCK_BYTES (1 * MIB)
/* A block that a destination merely prefers is at most this share. */
#define PAYLOAD_SHARE_PER_BLOCK 8

/* Writes and zeros in flight. */
#define WRITES_MAX 128
/* Destinations take zeros in parts of this size: small enough that progress is
 * seen to move when a server writes them out, large enough to be cheap. */
#define ZERO_BYTES_MAX (128 * MIB)

/* Zeros shorter than this, between data, are read along with it: on a fast link a
 * request costs as much as some KiB, and on a slow one this at most doubles what
 * 4 KiB fragments take. */
#define BRIDGE_BYTES (8 * KIB)

/* The chunks that one structured reply may leave in pieces. */
#define CHUNKS_MAX 64
/* Zeros shown to a tap at a time: a digest takes some milliseconds for them. */
#define TAP_BYTES_MAX (1 * MIB)
/* Zero pieces that wait in the queue beside those that reads may bring. */
#define ZERO_PIECES_MAX 512
#define PIECES_MAX (SLOTS_MAX * CHUNKS_MAX + ZERO_PIECES_MAX)

/* Extents known ahead of the reads, and those taken over from one answer. */
#define EXTENTS_MAX 4096
#define SURVEY_EXTENTS_MAX 2048
/* Block status is asked for in windows. An answer over 4 KiB runs costs libnbd
 * 24 bytes an extent: 512 MiB of them are 3 MiB, which still fit its heap. */
#define SURVEY_BYTES_FIRST (64 * MIB)
#define SURVEY_BYTES_MIN (1 * MIB)
#define SURVEY_BYTES_MAX (512 * MIB)

/* libnbd's own allocations, and whatever else in the C library calls malloc. */
#define HEAP_BYTES (4 * MIB)

/* The tables of all rooms together; main.c holds them to it. */
#define TABLE_BYTES_MAX (512 * KIB)

/* What a copy with the default --memory takes at most, code and stack included. */
#define MEMORY_BYTES_MAX (24 * MIB)
#define CODE_AND_STACK_BYTES (1 * MIB)

/* One TLS session: a handshake, or the buffers of its data. There are as many of
 * them as connections are allowed to the ends that are nbds. */
#define TLS_SESSION_BYTES_MAX (200 * KIB)

#define CONNECTIONS_DEFAULT 4
#define CONNECTIONS_MAX 16

/* The block sizes that we can take over from a server: the protocol allows a
 * minimum of at most 64 KiB, but qemu-nbd announces a qcow2's clusters too. */
#define BLOCK_BYTES_MAX (32 * MIB)
/* Where a server says nothing: what the protocol tells clients to assume
 * ("Block size constraints"). */
#define BLOCK_BYTES_PREFERRED_DEFAULT (4 * KIB)
#define REQUEST_BYTES_MAX_DEFAULT (32 * MIB)

/* Runs of zeros at least this long in data become holes, unless -S says else. */
#define SPARSE_BYTES_DEFAULT (4 * KIB)

/* Everything that one poll() may watch: connections of both ends, the pipe
 * ends and the signals. */
#define LOOP_FDS_MAX (2 * CONNECTIONS_MAX + 3)

/* What payload buffers, and so direct I/O to files, are aligned to: no file system
 * is known to want more. */
#define PAGE_BYTES 4096

/* The size of a stream, before its end was seen. */
#define SIZE_UNKNOWN UINT64_MAX

#define NAME_BYTES_MAX 512
#define FAULT_TEXT_BYTES 1024
#define COMMAND_WORDS_MAX 128

_Static_assert(EXTENTS_MAX >= 2 * SURVEY_EXTENTS_MAX, "a whole answer fits while another is being used");
_Static_assert(PAYLOAD_BYTES_MIN >= SLOTS_MIN * SLOT_BYTES_MIN + STAGES_MIN * 4 * KIB + SLOT_BYTES_MIN,
               "the smallest payload still moves");
_Static_assert(PAYLOAD_BYTES_DEFAULT / PAYLOAD_SHARE_PER_SLOT >= SLOT_BYTES_MIN, "the default keeps every slot");
_Static_assert(SURVEY_BYTES_MAX / (4 * KIB) * 24 < HEAP_BYTES, "an answer over 4 KiB runs fits libnbd's heap");
_Static_assert(PAYLOAD_BYTES_DEFAULT + TABLE_BYTES_MAX + HEAP_BYTES + CODE_AND_STACK_BYTES <= MEMORY_BYTES_MAX,
               "the sum in docs/MEMORY.md");
_Static_assert(PAYLOAD_BYTES_DEFAULT + TABLE_BYTES_MAX + HEAP_BYTES + CODE_AND_STACK_BYTES +
                       2 * CONNECTIONS_DEFAULT * TLS_SESSION_BYTES_MAX <=
                   MEMORY_BYTES_MAX,
               "and with TLS at both ends");
_Static_assert(ZERO_BYTES_MAX % BLOCK_BYTES_MAX == 0, "a zero of the largest size is whole blocks");

#endif
