/* SPDX-License-Identifier: MIT */
/* options_copy: see options_copy.h. */
#include "cli/options_copy.h"

#include "base/range.h"
#include "base/sizes.h"
#include "cli/options.h"
#include "cli/options_verb.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* clang-format off */
static const char help[] =
    "Usage: decant [copy] [OPTIONS] SOURCE DESTINATION\n"
    "       decant map [OPTIONS] SOURCE     (decant map --help)\n"
    "       decant info [OPTIONS] SOURCE    (decant info --help)\n"
    "       decant disks [OPTIONS]          (decant disks --help)\n"
    "       decant digest [OPTIONS] SOURCE  (decant digest --help)\n"
    "       decant rescue [OPTIONS] SOURCE DESTINATION --mapfile=FILE\n"
    "                                       (decant rescue --help)\n"
    "       decant compare [OPTIONS] SOURCE SOURCE\n"
    "\n"
    "Copies a disk. SOURCE and DESTINATION are each one of\n"
    "  nbd://HOST[:PORT]/EXPORT           an NBD server\n"
    "  'nbd+unix:///EXPORT?socket=PATH'   the same over a Unix socket\n"
    "  nbds://..., nbds+unix://...        the same, encrypted by TLS\n"
    "  FILE or DEVICE                     a regular file or a block device\n"
    "  serial:X, size:N..M,smallest, ...  a disk by what it is (decant disks --help)\n"
    "  -                                  standard input or output\n"
    "  null:                              (destination) nothing: reads and discards\n"
    "  [ CMD ARGS ]                       a server to start: [ qemu-nbd x.qcow2 ]\n"
    "\n"
    "What is copied (all of it, if nothing is said)\n"
    "      --from=OFFSET          go on there; below, DESTINATION is left alone\n"
    "      --mapfile=FILE         keep what is done there: the same command goes on\n"
    "      --domain=FILE          only what this mapfile calls finished\n"
    "      --bmap=FILE            what bmaptool's map has, checked by its digests\n"
    "      --dirty-bitmap=NAME    only what has changed by this bitmap of the source\n"
    "      --layer                what the image has itself, not its backing files\n"
    "      --no-extents           read all, without asking where the source has holes\n"
    "  -S, --sparse=SIZE          make holes of zeros this long (4k); 0: never\n"
    "      --allocated            make no holes\n"
    "      --destination-is-zero  skip zeros: it has them (also --target-is-zero)\n"
    "      --skip-identical       write only what differs from what DESTINATION has\n"
    "\n"
    "Onto a disk, and never the wrong one\n"
    "      --except=DISK          never overwrite that one, nor a part of it\n"
    "      --yes                  don't ask where it holds something\n"
    "      --force-destination    overwrite it though it is in use\n"
    "      --any-content          write an image or a compressed file as it is\n"
    "      --any-sector-size      write a partition table for sectors of another size\n"
    "      --hold-back=SIZE       write its first and last SIZE bytes at the end\n"
    "      --grow[=PARTITION]     have its table, and a partition, reach to its end\n"
    "      --keep-partitions=LABEL,...  keep these of its partitions, behind the copy\n"
    "      --wipe-rest            wipe what tells of old RAIDs, tables, ... behind it\n"
    "\n"
    "Proof (exit code 4: it isn't what it should be)\n"
    "      --verify[=quick]       read back, copy again; quick: believe holes\n"
    "      --sha256               print the SHA-256 of the disk's whole content\n"
    "      --blkhash[=DIGEST[/SIZE]]  print its blkhash (sha256/64k)\n"
    "      --blkhash-file=FILE    write that to FILE\n"
    "      --expect=sha256:HEX    it must have this digest; also --expect=blkhash:HEX\n"
    "      --blocks=LIST          hold each block to this list (with --expect)\n"
    "      --delta                fetch only the blocks that DESTINATION hasn't\n"
    "      --flush, --no-flush    wait for stable storage (default), or don't\n"
    "\n"
    "When something fails\n"
    "      --retry=SECONDS        go on for so long without progress (120)\n"
    "      --timeout=SECONDS      how long a server may be silent (30); 0: for ever\n"
    "      --wait=SECONDS         for a server that isn't there yet (0)\n"
    "      --on-read-error=skip   copy what can be read, list the rest (exit code 3)\n"
    "      --mark-bad=WHAT        write zero or pattern where it can't be read\n"
    "      --max-errors=N         end after N parts that can't be read\n"
    "      --tls-pin=sha256:HEX   trust a TLS server that has this key, without a CA\n"
    "\n"
    "What is said\n"
    "  -p, --progress             show bytes done, rate and time left\n"
    "      --progress=FD          write \"N/100\" lines there; with --json, objects\n"
    "      --report               end with \"decant: done: bytes=... seconds=...\"\n"
    "      --json                 end with a JSON object on standard output\n"
    "  -v, --verbose              say what was found out about both ends\n"
    "  -V, --version              print the version\n"
    "  -h, --help                 print this\n"
    "\n"
    "Memory, requests, speed\n"
    "      --memory=SIZE          for data on its way (16M; 512K to 4G); --queue-size\n"
    "      --request-size=SIZE    the largest read (a 32nd of the memory)\n"
    "      --rate-limit=SIZE      read at most SIZE bytes a second\n"
    "      --nice                 leave processor and disks to whoever wants them\n"
    "  -C, --connections=N        at most N connections to a server (4; 1 to 16)\n"
    "  -R, --requests=N           at most N requests on a connection (64)\n"
    "      --synchronous          one connection, one request at a time\n"
    "  -T, --threads=N            taken and ignored: there is one thread\n"
    "\n"
    "SIZE takes k, M, G, T. decant-copy(1) says more of each.\n"
    "Exit codes: 0 done, 1 failed, 3 some can't be read, 4 not what it should be,\n"
    "64 the command line is wrong.\n";
/* clang-format on */

enum {
  OPTION_ALLOCATED = OPTION_OF_VERB,
  OPTION_ANY_CONTENT,
  OPTION_ANY_SECTOR_SIZE,
  OPTION_BLKHASH,
  OPTION_BLKHASH_FILE,
  OPTION_BLOCKS,
  OPTION_BMAP,
  OPTION_DELTA,
  OPTION_DESTINATION_IS_ZERO,
  OPTION_DIRTY_BITMAP,
  OPTION_DOMAIN,
  OPTION_EXPECT,
  OPTION_FLUSH,
  OPTION_GROW,
  OPTION_HOLD_BACK,
  OPTION_JSON,
  OPTION_KEEP_PARTITIONS,
  OPTION_LAYER,
  OPTION_MAPFILE,
  OPTION_MARK_BAD,
  OPTION_MAX_ERRORS,
  OPTION_MEMORY,
  OPTION_NICE,
  OPTION_NO_EXTENTS,
  OPTION_NO_FLUSH,
  OPTION_ON_READ_ERROR,
  OPTION_REPORT,
  OPTION_RATE_LIMIT,
  OPTION_REQUEST_SIZE,
  OPTION_RETRY,
  OPTION_SHA256,
  OPTION_SKIP_IDENTICAL,
  OPTION_SYNCHRONOUS,
  OPTION_VERIFY,
  OPTION_WIPE_REST,
  OPTION_YES,
};

static const char short_options[] = OPTIONS_SHORT_BEGIN "C:hpR:S:T:vV";

static const struct option long_options[] = {
  { "allocated", no_argument, NULL, OPTION_ALLOCATED },
  { "any-content", no_argument, NULL, OPTION_ANY_CONTENT },
  { "any-sector-size", no_argument, NULL, OPTION_ANY_SECTOR_SIZE },
  { "blkhash", optional_argument, NULL, OPTION_BLKHASH },
  { "blkhash-file", required_argument, NULL, OPTION_BLKHASH_FILE },
  { "blocks", required_argument, NULL, OPTION_BLOCKS },
  { "bmap", required_argument, NULL, OPTION_BMAP },
  { "connections", required_argument, NULL, 'C' },
  { "delta", no_argument, NULL, OPTION_DELTA },
  { "destination-is-zero", no_argument, NULL, OPTION_DESTINATION_IS_ZERO },
  { "dirty-bitmap", required_argument, NULL, OPTION_DIRTY_BITMAP },
  { "domain", required_argument, NULL, OPTION_DOMAIN },
  { "expect", required_argument, NULL, OPTION_EXPECT },
  { "flush", no_argument, NULL, OPTION_FLUSH },
  { "from", required_argument, NULL, OPTION_FROM },
  { "grow", optional_argument, NULL, OPTION_GROW },
  { "hold-back", required_argument, NULL, OPTION_HOLD_BACK },
  { "json", no_argument, NULL, OPTION_JSON },
  { "keep-partitions", required_argument, NULL, OPTION_KEEP_PARTITIONS },
  { "layer", no_argument, NULL, OPTION_LAYER },
  { "memory", required_argument, NULL, OPTION_MEMORY },
  { "nice", no_argument, NULL, OPTION_NICE },
  { "mapfile", required_argument, NULL, OPTION_MAPFILE },
  { "mark-bad", required_argument, NULL, OPTION_MARK_BAD },
  { "max-errors", required_argument, NULL, OPTION_MAX_ERRORS },
  { "no-extents", no_argument, NULL, OPTION_NO_EXTENTS },
  { "no-flush", no_argument, NULL, OPTION_NO_FLUSH },
  { "on-read-error", required_argument, NULL, OPTION_ON_READ_ERROR },
  { "progress", optional_argument, NULL, 'p' },
  { "queue-size", required_argument, NULL, OPTION_MEMORY },
  { "report", no_argument, NULL, OPTION_REPORT },
  { "rate-limit", required_argument, NULL, OPTION_RATE_LIMIT },
  { "request-size", required_argument, NULL, OPTION_REQUEST_SIZE },
  { "requests", required_argument, NULL, 'R' },
  { "retry", required_argument, NULL, OPTION_RETRY },
  { "sha256", no_argument, NULL, OPTION_SHA256 },
  { "skip-identical", no_argument, NULL, OPTION_SKIP_IDENTICAL },
  { "sparse", required_argument, NULL, 'S' },
  { "synchronous", no_argument, NULL, OPTION_SYNCHRONOUS },
  { "target-is-zero", no_argument, NULL, OPTION_DESTINATION_IS_ZERO },
  { "threads", required_argument, NULL, 'T' },
  { "verbose", no_argument, NULL, 'v' },
  { "verify", optional_argument, NULL, OPTION_VERIFY },
  { "wipe-rest", no_argument, NULL, OPTION_WIPE_REST },
  { "yes", no_argument, NULL, OPTION_YES },
  OPTIONS_OF_DESTINATIONS,
  OPTIONS_OF_ALL_VERBS,
};

static int
check_threads(const char *value, struct fault *fault)
{
  uint64_t number;

  if (!sizes_parse_number(value, 0, UINT32_MAX, &number))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--threads=%s: must be a number", value);
  return 0;
}

static int
parse_request_size(struct options *options, const char *value, struct fault *fault)
{
  uint64_t *bytes = &options->copy.request_bytes;

  if (!sizes_parse_within(value, REQUEST_BYTES_MIN, SLOT_BYTES_MAX, bytes) || !range_is_power_of_two(*bytes))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--request-size=%s: must be a power of two from 4k to 32M", value);
  return 0;
}

static int
parse_hold_back(struct options *options, const char *value, struct fault *fault)
{
  uint64_t *bytes = &options->copy.hold_back_bytes;

  if (!sizes_parse(value, bytes) || (*bytes != 0 && (*bytes < HOLD_BACK_BYTES_MIN || *bytes > HOLD_BACK_BYTES_MAX)))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--hold-back=%s: must be 0 or a size from 512 to 16M", value);
  return 0;
}

/* Two of them would be two answers to where the copy is good. */
static int
parse_from(struct options *options, const char *value, struct fault *fault)
{
  if (options->copy.from_is_given)
    return options_usage(options, fault, "--from can be given only once", "");
  options->copy.from_is_given = true;
  if (!sizes_parse(value, &options->copy.from))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--from=%s: must be an offset in bytes, or with k, M, G, T", value);
  options->wishes.start = options->copy.from;
  return 0;
}

static int
parse_sparse(struct options *options, const char *value, struct fault *fault)
{
  uint64_t *bytes = &options->copy.sparse_bytes;

  if (!sizes_parse(value, bytes) || (*bytes != 0 && (*bytes < 512 || !range_is_power_of_two(*bytes))))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--sparse=%s: must be 0 or a power of two from 512 on", value);
  return 0;
}

static int
parse_on_read_error(struct options *options, const char *value, struct fault *fault)
{
  options->copy.skips = strcmp(value, "skip") == 0;
  if (options->copy.skips || strcmp(value, "fail") == 0)
    return 0;
  return fault_set(fault, EXIT_BAD_USAGE, 0, "--on-read-error=%s: must be fail or skip", value);
}

static int
parse_verify(struct options *options, const char *value, struct fault *fault)
{
  options->copy.verify = true;
  options->copy.verify_quick = value && strcmp(value, "quick") == 0;
  if (value && !options->copy.verify_quick)
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--verify=%s: must be --verify or --verify=quick", value);
  return 0;
}

static int
take_copy_option(struct options *options, int option, const char *value, struct fault *fault)
{
  switch (option) {
  case OPTION_ALLOCATED:
    options->copy.allocated = true;
    return 0;
  case OPTION_ANY_CONTENT:
    options->copy.any_content = true;
    return 0;
  case OPTION_ANY_SECTOR_SIZE:
    options->copy.any_sector_size = true;
    return 0;
  case OPTION_WIPE_REST:
    options->copy.wipe_rest = true;
    return 0;
  case OPTION_YES:
    options->copy.yes = true;
    return 0;
  case OPTION_BLKHASH:
    options->copy.blkhash = value ? value : "";
    return 0;
  case OPTION_BLKHASH_FILE:
    options->copy.blkhash_file = value;
    return 0;
  case OPTION_BLOCKS:
    options->copy.blocks = value;
    return 0;
  case OPTION_BMAP:
    options->copy.bmap = value;
    return 0;
  case OPTION_DELTA:
    options->copy.delta = true;
    return 0;
  case OPTION_DESTINATION_IS_ZERO:
    options->copy.destination_is_zero = true;
    return 0;
  case OPTION_DIRTY_BITMAP:
    options->copy.dirty_bitmap = value;
    return 0;
  case OPTION_DOMAIN:
    options->copy.domain = value;
    return 0;
  case OPTION_EXPECT:
    options->copy.expect = value;
    return 0;
  case OPTION_FLUSH:
  case OPTION_NO_FLUSH:
    options->copy.flush = option == OPTION_FLUSH;
    return 0;
  case OPTION_FROM:
    return parse_from(options, value, fault);
  case OPTION_GROW:
    options->copy.grow = true;
    options->copy.grow_part = value;
    return 0;
  case OPTION_HOLD_BACK:
    return parse_hold_back(options, value, fault);
  case OPTION_JSON:
    options->copy.json = true;
    return 0;
  case OPTION_KEEP_PARTITIONS:
    options->copy.kept = value;
    return 0;
  case OPTION_LAYER:
    options->copy.layer = true;
    return 0;
  case OPTION_MAPFILE:
    options->copy.mapfile = value;
    return 0;
  case OPTION_MARK_BAD:
    return options_take_mark_bad(&options->copy.mark_bad, value, fault);
  case OPTION_MAX_ERRORS:
    return options_take_count(&options->copy.errors_max, 1, "max-errors", value, fault);
  case OPTION_MEMORY:
    return options_take_memory(options, value, fault);
  case OPTION_NICE:
    options->copy.nice = true;
    return 0;
  case OPTION_NO_EXTENTS:
    options->copy.no_extents = true;
    return 0;
  case OPTION_ON_READ_ERROR:
    return parse_on_read_error(options, value, fault);
  case OPTION_REPORT:
    options->copy.report = true;
    return 0;
  case OPTION_RATE_LIMIT:
    return options_take_rate_limit(options, value, fault);
  case OPTION_REQUEST_SIZE:
    return parse_request_size(options, value, fault);
  case OPTION_RETRY:
    return options_take_duration(&options->copy.retry_ms, "retry", value, fault);
  case OPTION_SHA256:
    options->copy.sha256 = true;
    return 0;
  case OPTION_SKIP_IDENTICAL:
    options->copy.skip_identical = true;
    return 0;
  case OPTION_SYNCHRONOUS:
    options->wishes.connections = options->wishes.requests = 1;
    return 0;
  case OPTION_VERIFY:
    return parse_verify(options, value, fault);
  case 'C':
    return options_take_connections(options, value, fault);
  case 'p':
    return options_take_progress(options, value, fault);
  case 'R':
    return options_take_unsigned(&options->wishes.requests, 1, "requests", value, fault);
  case 'S':
    return parse_sparse(options, value, fault);
  case 'T':
    return check_threads(value, fault);
  case 'v':
    options->verbose = true;
    return 0;
  }
  assert(!"an option of the table");
  return -1;
}

static void
set_copy_defaults(struct options *options)
{
  options->copy = (struct copy_options){ .payload_bytes = PAYLOAD_BYTES_DEFAULT,
                                         .sparse_bytes = SPARSE_BYTES_DEFAULT,
                                         .retry_ms = options->persona == PERSONA_DECANT ? RETRY_MS : 0,
                                         .errors_max = UINT64_MAX,
                                         .flush = options->persona == PERSONA_DECANT,
                                         .progress_fd = -1 };
}

/* A copy of a part knows neither the whole content nor what the rest of the
 * destination is like. */
static int
check_part(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;
  const char *with = copy->layer ? " can't be used with --layer" : " can't be used with --dirty-bitmap";

  if (copy->layer && copy->dirty_bitmap)
    return options_usage(options, fault, "--dirty-bitmap", with);
  if (copy->no_extents)
    return options_usage(options, fault, "--no-extents", with);
  if (copy->destination_is_zero)
    return options_usage(options, fault, "--destination-is-zero", with);
  if (copy->sha256 || copy->blkhash || copy->expect)
    return options_usage(options, fault, "a digest is of the whole disk: it", with);
  if (options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "a destination that is written from front to end, such as -,", with);
  return 0;
}

/* Whether one is computed of all that passes. What --blocks holds is held block by block. */
static bool
asks_for_digest(const struct copy_options *copy)
{
  return copy->sha256 || (!copy->blocks && (copy->blkhash || copy->blkhash_file || copy->expect));
}

/* The list is trusted for what it is expected to make, and for nothing else. */
static int
check_blocks(const struct options *options, struct fault *fault)
{
  static const char blkhash[] = "blkhash:";
  const struct copy_options *copy = &options->copy;

  if (!copy->blocks && copy->delta)
    return options_usage(options, fault, "--delta needs the list of blocks that DESTINATION is held to: --blocks=LIST",
                         "");
  if (!copy->blocks || options->verb != VERB_COPY)
    return 0;
  if (copy->delta && (options->destination.kind == PLACE_STREAM || options->destination.kind == PLACE_NULL))
    return options_usage(options, fault, "--delta is for a destination that has something already", "");
  if (copy->delta && (copy->destination_is_zero || copy->sha256))
    return options_usage(options, fault, "--delta can't be used with ",
                         copy->sha256 ? "--sha256" : "--destination-is-zero");
  if (!copy->expect || strncasecmp(copy->expect, blkhash, sizeof blkhash - 1) != 0)
    return options_usage(options, fault, "--blocks needs to know what the list is trusted by: --expect=blkhash:HEX",
                         "");
  if (copy->blkhash_file)
    return options_usage(options, fault,
                         "with --blocks the blkhash is known, and --blkhash only says how it is computed: ",
                         "no --blkhash-file");
  if (copy->blocks[0] == '\0' || strcmp(copy->blocks, "-") == 0)
    return options_usage(options, fault, "--blocks=LIST: the list is read twice, so it can't be a stream", "");
  if (copy->skips)
    return options_usage(options, fault, "--blocks holds whole blocks: it can't be used with --on-read-error=skip", "");
  if (options->source.kind == PLACE_STREAM)
    return options_usage(options, fault, "a source that is read from front to end, such as -, ",
                         "can't be used with --blocks");
  return 0;
}

/* What lies below must be somewhere, and stay there. */
static int
check_from(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;

  if (copy->from == 0)
    return 0;
  if (asks_for_digest(copy))
    return options_usage(options, fault, "a digest is of the whole disk: it can't be used with --from", "");
  if (options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "a destination that is written from front to end, such as -, ",
                         "can't be used with --from");
  if (options->destination.kind == PLACE_NULL)
    return options_usage(options, fault, "--from is for a destination that keeps what it was given; null: doesn't", "");
  return 0;
}

/* What maps of areas say is of a disk, and what was done of it stays. */
static int
check_maps(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;
  const char *with = copy->mapfile  ? " can't be used with --mapfile"
                     : copy->domain ? " can't be used with --domain"
                                    : " can't be used with --bmap";

  if (!copy->mapfile && !copy->domain && !copy->bmap)
    return 0;
  if (asks_for_digest(copy))
    return options_usage(options, fault, "a digest is of the whole disk: it", with);
  if (copy->destination_is_zero)
    return options_usage(options, fault, "--destination-is-zero", with);
  if (options->source.kind == PLACE_STREAM)
    return options_usage(options, fault, "a source that is read from front to end, such as -,", with);
  if (options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "a destination that is written from front to end, such as -,", with);
  if (!copy->mapfile)
    return 0;
  if (options->destination.kind == PLACE_NULL)
    return options_usage(options, fault, "null: keeps nothing that a map could call finished: it", with);
  if (copy->from_is_given)
    return options_usage(options, fault, "the map knows where to go on: --from", with);
  if (copy->part != PART_ALL) /* of it, a map would call finished what was never copied */
    return options_usage(options, fault, copy->layer ? "--layer" : "--dirty-bitmap", with);
  if (!copy->flush)
    return options_usage(options, fault, "only what was flushed is finished: --no-flush", with);
  return 0;
}

/* Of a block map's ranges all is copied, since only so can they be checked; and it takes the place of the source's extents. */
static int
check_bmap(struct options *options, struct fault *fault)
{
  struct copy_options *copy = &options->copy;
  const char *with = " can't be used with --bmap";

  if (!copy->bmap)
    return 0;
  if (copy->domain)
    return options_usage(options, fault, "--domain", with);
  if (copy->layer || copy->dirty_bitmap)
    return options_usage(options, fault, copy->layer ? "--layer" : "--dirty-bitmap", with);
  if (copy->blocks)
    return options_usage(options, fault, "--blocks", with);
  if (copy->skips)
    return options_usage(options, fault, "--on-read-error=skip", with);
  copy->no_extents = true;
  return 0;
}

/* What becomes zeros at the beginning must be written in the end, and may be. */
static int
check_hold_back(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;
  const char *with = " can't be used with --hold-back";

  if (copy->hold_back_bytes == 0)
    return 0;
  if (copy->part != PART_ALL)
    return options_usage(options, fault, copy->layer ? "--layer" : "--dirty-bitmap", with);
  if (!copy->flush)
    return options_usage(options, fault, "what is written last is so only by flushes: --no-flush", with);
  if (options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "a destination that is written from front to end, such as -,", with);
  if (options->destination.kind == PLACE_NULL)
    return options_usage(options, fault, "null: keeps nothing of which a part could come last: it", with);
  return 0;
}

/* What has no label would be called by an empty one. */
static bool
has_empty_name(const char *names)
{
  return names[0] == ',' || names[0] == '\0' || names[strlen(names) - 1] == ',' || strstr(names, ",,");
}

/* What is changed behind the copy is the whole disk's, and lies where it can be read back. */
static int
check_ending(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;
  const char *with = copy->grow   ? " can't be used with --grow"
                     : copy->kept ? " can't be used with --keep-partitions"
                                  : " can't be used with --wipe-rest";

  if (!copy->grow && !copy->kept && !copy->wipe_rest)
    return 0;
  if (copy->grow_part && !copy->grow_part[0])
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--grow=: must be a partition's number, label or UUID");
  if (copy->kept && has_empty_name(copy->kept))
    return fault_set(fault, EXIT_BAD_USAGE, 0,
                     "--keep-partitions=%s: must be labels, numbers or UUIDs, parted by commas", copy->kept);
  if (copy->part != PART_ALL)
    return options_usage(options, fault, copy->layer ? "--layer" : "--dirty-bitmap", with);
  if (copy->domain)
    return options_usage(options, fault, "--domain", with);
  if (options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "a destination that is written from front to end, such as -,", with);
  if (options->destination.kind == PLACE_NULL)
    return options_usage(options, fault, "null: keeps nothing: it", with);
  if (copy->kept && options->source.kind == PLACE_STREAM)
    return options_usage(options, fault, "a source that is read from front to end, such as -,", with);
  return 0;
}

/* What can't be read can be left out only where what lies behind it can be read all the same. */
static int
check_skipping(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;
  const char *without = " is for --on-read-error=skip";

  if (!copy->skips && copy->mark_bad != MARK_BAD_NOT)
    return options_usage(options, fault, "--mark-bad", without);
  if (!copy->skips && copy->errors_max != UINT64_MAX)
    return options_usage(options, fault, "--max-errors", without);
  if (copy->skips && options->source.kind == PLACE_STREAM)
    return options_usage(options, fault, "a source that is read from front to end, such as -,",
                         " can't be used with --on-read-error=skip");
  return 0;
}

/* What can't be read can't be compared; and what is there stays as it is, be it a hole or not. */
static int
check_skip_identical(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;

  if (!copy->skip_identical)
    return 0;
  if (options->destination.kind == PLACE_NULL || options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "--skip-identical compares with what is there, which can't be done of ",
                         options->destination.text);
  if (copy->destination_is_zero || copy->allocated)
    return options_usage(options, fault, "--skip-identical can't be used with ",
                         copy->allocated ? "--allocated" : "--destination-is-zero");
  return 0;
}

/* What can't be read back can't be verified. */
static int
check_verify(const struct options *options, struct fault *fault)
{
  if (!options->copy.verify)
    return 0;
  if (options->destination.kind == PLACE_NULL || options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "--verify reads back what was written, which can't be done of ",
                         options->destination.text);
  if (options->copy.skips) /* what was left out isn't there to be compared */
    return options_usage(options, fault, "--on-read-error=skip can't be used with --verify", "");
  if (!options->copy.flush)
    return options_usage(options, fault, "--verify is of what was flushed: it can't be used without --flush", "");
  return 0;
}

/* Which part is copied, and which contexts tell it. */
static int
choose_part(struct options *options, struct fault *fault)
{
  struct copy_options *copy = &options->copy;
  char bitmap[CONTEXT_NAME_BYTES];

  copy->part = copy->layer ? PART_LAYER : copy->dirty_bitmap ? PART_DIRTY : PART_ALL;
  if (copy->part != PART_ALL && check_part(options, fault) == -1)
    return -1;
  if (!copy->no_extents)
    contexts_add(&options->wishes.contexts, CONTEXT_ALLOCATION_NAME, false);
  if (copy->layer)
    contexts_add(&options->wishes.contexts, CONTEXT_DEPTH_NAME, true);
  options->wishes.contexts.joint_first = copy->layer;
  if (!copy->dirty_bitmap)
    return 0;
  if (snprintf(bitmap, sizeof bitmap, CONTEXT_DIRTY_PREFIX "%s", copy->dirty_bitmap) >= (int)sizeof bitmap ||
      copy->dirty_bitmap[0] == '\0' || !contexts_add(&options->wishes.contexts, bitmap, true))
    return options_usage(options, fault, "--dirty-bitmap: there can't be a bitmap of that name", "");
  return 0;
}

static int
check_copy(struct options *options, struct fault *fault)
{
  if (options->copy.json && options->destination.kind == PLACE_STREAM)
    return options_usage(options, fault, "--json goes to standard output, which is the DESTINATION", "");
  if (check_blocks(options, fault) == -1 || check_bmap(options, fault) == -1 || choose_part(options, fault) == -1 ||
      check_from(options, fault) == -1 || check_maps(options, fault) == -1 || check_hold_back(options, fault) == -1 ||
      check_ending(options, fault) == -1 || check_skipping(options, fault) == -1 ||
      check_skip_identical(options, fault) == -1 || check_verify(options, fault) == -1)
    return -1;
  if (!options->copy.payload_is_fixed)
    options->copy.payload_bytes = range_max(options->copy.payload_bytes,
                                            REQUESTS_PER_PAYLOAD * options->copy.request_bytes);
  return 0;
}

const struct verb_options options_copy = {
  .name = "copy",
  .help = help,
  .short_options = short_options,
  .long_options = long_options,
  .places = 2,
  .set_defaults = set_copy_defaults,
  .take = take_copy_option,
  .check = check_copy,
};
