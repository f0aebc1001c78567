/* SPDX-License-Identifier: MIT */
/* limits: every bound of the program, and how they hang together.
 *
 * Nothing here grows at run time. docs/MEMORY.md adds these up in prose; the
 * assertions below hold the relations that the code leans on.
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
/* What is reserved besides where the operator doesn't say how much, for lines so long that the payload doesn't fill them: this
 * share of what the machine can spare, and no more than that. */
#define SPARE_SHARE 8
#define SPARE_BYTES_MAX (32 * MIB)

/* One read, and so one slot, holds at most this share of the payload: 32 reads
 * in flight keep a fast link full, and 512 KiB of the default amortise the
 * headers. */
#define PAYLOAD_SHARE_PER_SLOT 32
#define SLOT_BYTES_MIN (128 * KIB)
#define SLOT_BYTES_MAX (32 * MIB)
#define REQUEST_BYTES_MIN (4 * KIB)     /* of --request-size */
#define RATE_BYTES_PER_S_MIN (64 * KIB) /* of --rate-limit */
/* Where requests are asked for that the payload can't hold, and no payload is,
 * it is as large as this many of them. */
#define REQUESTS_PER_PAYLOAD 4
#define SLOTS_MAX 96
#define SLOTS_MIN 2

/* What is on its way from the source at once is at most all slots of the payload, and at least this
 * share of them: 2 MiB of the default fit a processor's cache. An answer that comes
 * sooner than this is from next door. A window has its turn until this many times
 * its size has come, is widened for a gain, and narrowed for less than a loss. */
#define PACE_SHARE_MIN 8
#define PACE_NEAR_US 2000
#define PACE_TURN_WINDOWS 8
#define PACE_GAIN_PERCENT 10
#define PACE_LOSS_PERCENT 5
#define PACE_PATIENCE_MAX 16
/* Where the first answer took so long, it may become so many times what the line was seen to carry in that time, out of the
 * spare memory. Far away a turn is shorter. */
#define LINE_FAR_US 10000
#define PACE_LINE_TIMES 2
#define PACE_FAR_TURN_WINDOWS 2

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
 * seen to move when a server writes them out, large enough to be cheap. No more than
 * every server has to take in a request: nbdkit before 1.44.1, where its storage can't
 * zero, writes 64 MiB of a larger one again and again, and leaves the rest as it was. */
#define ZERO_BYTES_MAX (32 * MIB)
/* nbdcopy's, which scripts that count its requests know; asked for once it was seen to work. */
#define ZERO_BYTES_MAX_AS_NBDCOPY (128 * MIB)

/* Zeros shorter than this, between data, are read along with it: on a fast link a
 * request costs as much as some KiB, and on a slow one this at most doubles what
 * 4 KiB fragments take. */
#define BRIDGE_BYTES (8 * KIB)

/* The chunks that one structured reply may leave in pieces. */
#define CHUNKS_MAX 64
/* Zeros shown to a tap at a time: a digest takes some milliseconds for them. */
#define TAP_BYTES_MAX (1 * MIB)
/* Zero pieces that wait in the queue beside those that so many reads may bring: a read is sent when all that it may bring
 * has room. */
#define ZERO_PIECES_MAX 512
#define PIECES_MAX (64 * CHUNKS_MAX + ZERO_PIECES_MAX)

/* Extents known ahead of the reads. */
#define EXTENTS_MAX 2048
/* Block status is asked for in windows, several at once. From one answer so many extents are
 * taken over, and a window keeps so many until all before it is known. */
#define WINDOWS_MAX 8
#define SURVEY_EXTENTS_MAX 256
#define WINDOW_EXTENTS_MAX 512
/* A map asks for one window after the other, each as large as will do. */
#define MAP_EXTENTS_MAX 2048
/* All that is asked for at once is at most the largest window. An answer over 4 KiB runs costs
 * libnbd 24 bytes an extent, 32 with extended headers: 256 MiB of them are 2 MiB, which
 * fit its heap, also if it isn't all in one piece. */
#define SURVEY_BYTES_FIRST (64 * MIB)
#define SURVEY_BYTES_MIN (64 * KIB)
#define SURVEY_BYTES_MAX (256 * MIB)
/* Where a server tells little at a time, a window is what it tells in about so many answers. */
#define WINDOW_ANSWERS 16
/* Where reads have to wait for block status, asking is worth it if it takes no more than this
 * share of the time that reading all would; else so many times what could have been
 * read meanwhile is read unasked. */
#define ASKING_SHARE_MAX 8
#define ASKING_PAUSE 32
#define ASKING_PAUSE_BYTES_MIN (1 * MIB)
/* How fast reads are shows once so much was read. */
#define ASKING_SAMPLE_BYTES (1 * MIB)
/* How often --except can be given, and how many disks that may be. */
#define EXCEPTS_MAX 8

/* Metadata contexts that one survey asks for. */
#define CONTEXTS_MAX 4

/* The most of --hold-back, which is kept in memory beside the payload. */
#define HOLD_BACK_BYTES_MIN 512
#define HOLD_BACK_BYTES_MAX (16 * MIB)

/* --skip-identical compares so many writes at once with what is there, each in parts of so much: 4 MiB beside the payload. */
#define SKIP_LANES 16
#define SKIP_PART_BYTES (256 * KIB)

/* What a map of areas tells apart: 160 KiB, and some 400 KiB of text. */
#define AREAS_MAX 10000
/* The ranges that a block map may have: 3.5 MiB with their digests. */
#define BMAP_RANGES_MAX 65536
/* A mapfile is written while its copy runs when the last time took no more than this share of the time since. */
#define MAPFILE_SHARE_MAX 50
/* What of a line of a mapfile is looked at; a longer one can only be a comment. */
#define MAPFILE_LINE_BYTES 1024

/* A rescue reads in pieces of this size: many at once while all is well, and after an error few small ones, until so many
 * were good. */
#define RESCUE_READ_BYTES_MAX (256 * KIB)
#define RESCUE_READ_BYTES (64 * KIB)
#define RESCUE_READS_MAX 64
#define RESCUE_CAREFUL_READS 32
#define RESCUE_CAREFUL_AT_ONCE 4
/* What is left out behind errors is at most this share of the disk, and this much, as of ddrescue. */
#define RESCUE_SKIP_SHARE 100
#define RESCUE_SKIP_BYTES_MAX (1 * GIB)
/* How often its map is kept, and over how long its rate is taken before it is found too low. */
#define RESCUE_KEEP_MS 30000
#define RESCUE_RATE_MS 30000

/* A comparison has so many parts in memory at once, each with a buffer for either end; and knows so many extents of each
 * ahead. What differs is told in sectors. */
#define COMPARE_UNITS_MAX 16
#define COMPARE_UNITS_MIN 2
#define COMPARE_EXTENTS_MAX 1024
#define COMPARE_SECTOR_BYTES UINT64_C(512)

/* A list of blocks' digests is read in parts of so many blocks, two of which are here; of each a digest is kept. With blocks
 * of 64 KiB that is 4 TiB of disk, with larger ones more. Where it lies, blocks of any size up to the grain will do. */
#define BLOCK_LIST_PART_BLOCKS UINT64_C(16384)
#define BLOCK_LIST_PARTS_MAX UINT64_C(4096)
#define BLOCK_LIST_WINDOWS 2
#define BLOCK_DIGEST_BYTES_MAX 64
#define BLOCK_LIST_PART_BYTES(digest_bytes) (BLOCK_LIST_PART_BLOCKS * (digest_bytes))
#define BLOCK_LIST_GRAIN_BYTES BLOCK_LIST_PART_BLOCKS /* of which a part is a multiple, however long a digest is */
#define BLOCK_LIST_BLOCK_BYTES_MIN UINT64_C(512)

/* A block map is written in blocks of this size, and what it is of is read in parts. */
#define MAP_BLOCK_BYTES (4 * KIB)
#define MAP_READ_BYTES (4 * MIB)
/* What `decant map` sums up at most, and how large a bar it draws. */
#define MAP_TOTALS_MAX 256
#define MAP_ROWS 8
#define MAP_BLOCKS_MAX (MAP_ROWS * 128)
/* Text that is kept until it is written: a map that is no longer comes in one piece. */
#define MAP_OUTPUT_BYTES (64 * KIB)

/* libnbd's own allocations, its connections' buffers, and whatever else in the C
 * library calls malloc. */
#define HEAP_BYTES (5 * MIB)

/* The tables of all rooms together; main.c holds them to it. */
#define TABLE_BYTES_MAX (704 * KIB)

/* What a copy with the default --memory takes at most, code and stack included. */
#define MEMORY_BYTES_MAX (24 * MIB)
#define CODE_AND_STACK_BYTES (768 * KIB)

/* Of each connection: what is received ahead, and what waits to be sent together.
 * What is longer than a fragment of a disk isn't worth moving twice. */
#define SOCKET_BUFFER_BYTES (16 * KIB)
#define SOCKET_SEND_AT_ONCE_BYTES (4 * KIB)
/* What the kernel is asked to take from us on a Unix socket before the server has it:
 * a request of the default size. Twice as much it counts for itself. */
#define SOCKET_SEND_BYTES (512 * KIB)

/* A request that failed is asked for again so often, the last time in so many parts of a slot's
 * size; the second pause is longer than the first. */
#define RETRIES_MAX 2
#define RETRY_PARTS 8
#define RETRY_PAUSE_MS 200

/* What can be read by itself, as far as is known: a sector. */
#define SECTOR_BYTES UINT64_C(512)
/* Where partitioning tools have partitions begin and end. */
#define PARTITION_GRAIN_BYTES MIB

/* While a copy runs, its destination is flushed when this much was written since and this long ago, and
 * when the last flush took no more than this share of the time since: going back to what is flushed then
 * repeats little, and costs less than 2 %. */
#define FLUSH_EACH_BYTES (64 * MIB)
#define FLUSH_EACH_MS 5000
#define FLUSH_SHARE_MAX 50

/* How long a copy that is stopped waits for what is in flight, and for its flush. */
#define COPY_STOP_MS 4500

/* How long a server may be silent that owes an answer. Who calls us nbdcopy or nbdinfo knows no such limit: what is merely
 * slow there works on, and a hang ends with a word all the same. */
#define SERVER_TIMEOUT_MS 30000
#define SERVER_TIMEOUT_MS_AS_LIBNBD 600000
/* So many times as long where it flushes: a slow disk may have much to write. */
#define FLUSH_PATIENCE 10
/* How long a copy goes on trying without any progress. */
#define RETRY_MS 120000

/* How long after the signal that asked us to end all is over, what is still in flight included; and what then is left
 * at least for each of the things that are done in the end. */
#define STOP_MS 5400
#define STOP_MOMENT_MS 100

/* How long a server is given to answer our goodbye: all that matters has been answered. After a signal, less. */
#define GOODBYE_MS 2000
#define GOODBYE_SOON_MS 250
/* And how long one that we started to end: it may have much to write. Then it is killed; soon,
 * where the operator can't wait. The last is how long an end takes to show. */
#define SERVER_END_MS 60000
#define SERVER_END_SOON_MS 500
#define SERVER_GONE_MS 250
/* One that has lost its connection is in the way of the next. */
#define SERVER_DISMISSED_MS 5000

/* One TLS session: a handshake, or the buffers of its data. There are as many of
 * them as connections are allowed to the ends that are nbds. */
#define TLS_SESSION_BYTES_MAX (200 * KIB)

/* The addresses that are kept of a host, and how long one of them may be silent while there is another to try. */
#define ADDRESSES_MAX 8
#define ADDRESS_MS 5000
/* Who isn't there, or was lost, is tried again after pauses that grow from the one to the other. */
#define PAUSE_MS_MIN 200
#define PAUSE_MS_MAX 10000

#define CONNECTIONS_DEFAULT 4
/* The same where a round trip takes LINE_FAR_US: there, each carries only what its sender's kernel keeps until it
 * is acknowledged, which is 4 MiB unless somebody has raised it (tcp_wmem). */
#define CONNECTIONS_FAR 8
#define CONNECTIONS_MAX 16
/* Disks smaller than this are copied sooner than another connection is made. */
#define BYTES_PER_CONNECTION (16 * MIB)

/* The block sizes that we can take over from a server: the protocol allows a
 * minimum of at most 64 KiB, but qemu-nbd announces a qcow2's clusters too. */
#define BLOCK_BYTES_MAX (32 * MIB)
/* Where a server says nothing: what the protocol tells clients to assume
 * ("Block size constraints"). */
#define BLOCK_BYTES_PREFERRED_DEFAULT (4 * KIB)
/* The largest read or write that a server is asked for: what the protocol tells
 * clients to assume in the same place, also of one that would take more. */
#define SERVER_REQUEST_BYTES_MAX (32 * MIB)
/* The largest of a file, a pipe or the like. */
#define LOCAL_REQUEST_BYTES_MAX (32 * MIB)

/* Runs of zeros at least this long in data become holes, unless -S says else. */
#define SPARSE_BYTES_DEFAULT (4 * KIB)

/* Everything that one poll() may watch: connections of both ends, the pipe
 * ends, the list of blocks and the signals. */
#define LOOP_FDS_MAX (2 * CONNECTIONS_MAX + 4)

/* What payload buffers, and so direct I/O to files, are aligned to: no file system
 * is known to want more. */
#define PAGE_BYTES 4096
/* What processors have beside them, and payload is kept in. */
#define LARGE_PAGE_BYTES (2 * MIB)

/* The size of a stream, before its end was seen. */
#define SIZE_UNKNOWN UINT64_MAX

/* `decant info` puts all of its output together first. An export takes about 700 bytes
 * of it, unless its server is talkative. */
#define INFO_TEXT_BYTES (8 * MIB)
#define INFO_EXPORTS_BYTES (2 * MIB)    /* names and descriptions of a server's exports */
#define INFO_CONTEXTS_BYTES (256 * KIB) /* names of an export's metadata contexts */
#define INFO_BYTES (INFO_TEXT_BYTES + INFO_EXPORTS_BYTES + INFO_CONTEXTS_BYTES)

#define NAME_BYTES_MAX 512
#define FAULT_TEXT_BYTES 1024
#define COMMAND_WORDS_MAX 128

_Static_assert(WINDOW_EXTENTS_MAX >= 2 * SURVEY_EXTENTS_MAX, "a window asks on when it has a whole answer");
_Static_assert(EXTENTS_MAX >= 2 * WINDOW_EXTENTS_MAX, "a whole window fits while another is being used");
_Static_assert(COMPARE_EXTENTS_MAX >= 2 * WINDOW_EXTENTS_MAX, "likewise");
_Static_assert(PAYLOAD_BYTES_MIN >= SLOTS_MIN * SLOT_BYTES_MIN + STAGES_MIN * 4 * KIB + SLOT_BYTES_MIN,
               "the smallest payload still moves");
_Static_assert(PAYLOAD_BYTES_DEFAULT / PAYLOAD_SHARE_PER_SLOT >= SLOT_BYTES_MIN, "the default keeps every slot");
/* libnbd may hold an answer twice, while it grows. */
_Static_assert(SURVEY_BYTES_MAX / (4 * KIB) * 32 <= (HEAP_BYTES - 2 * CONNECTIONS_MAX * 2 * SOCKET_BUFFER_BYTES) / 2,
               "an answer over 4 KiB runs fits the heap beside the connections");
_Static_assert(PAYLOAD_BYTES_DEFAULT + TABLE_BYTES_MAX + HEAP_BYTES + CODE_AND_STACK_BYTES <= MEMORY_BYTES_MAX,
               "the sum in docs/MEMORY.md");
_Static_assert(RESCUE_READS_MAX *RESCUE_READ_BYTES_MAX <= PAYLOAD_BYTES_DEFAULT, "a rescue takes no more than a copy");
_Static_assert(INFO_BYTES <= PAYLOAD_BYTES_DEFAULT, "what is asked takes no more than what is copied");
_Static_assert(PAYLOAD_BYTES_DEFAULT + TABLE_BYTES_MAX + HEAP_BYTES + CODE_AND_STACK_BYTES +
                       2 * CONNECTIONS_DEFAULT * TLS_SESSION_BYTES_MAX <=
                   MEMORY_BYTES_MAX,
               "and with TLS at both ends; over a long line spare slots and more sessions come on top");
_Static_assert(ZERO_BYTES_MAX % BLOCK_BYTES_MAX == 0 && ZERO_BYTES_MAX_AS_NBDCOPY % BLOCK_BYTES_MAX == 0,
               "a zero of the largest size is whole blocks");

#endif
