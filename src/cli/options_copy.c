/* SPDX-License-Identifier: MIT */
/* options_copy: see options_copy.h. */
#include "cli/options_copy.h"

#include "base/range.h"
#include "base/sizes.h"
#include "cli/options.h"
#include "cli/options_copy_check.h"
#include "cli/options_verb.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

/* clang-format off */
static const char summary[] =
    "Usage: decant [copy] [OPTIONS] SOURCE DESTINATION\n"
    "       decant map|info|digest [OPTIONS] SOURCE      decant disks [OPTIONS]\n"
    "       decant compare [OPTIONS] SOURCE SOURCE\n"
    "       decant rescue [OPTIONS] SOURCE DESTINATION --mapfile=FILE\n"
    "Copies a disk. SOURCE and DESTINATION are each one of\n"
    "  nbd://HOST[:PORT]/EXPORT           an NBD server; nbds://... by TLS\n"
    "  'nbd+unix:///EXPORT?socket=PATH'   the same over a Unix socket\n"
    "  FILE or DEVICE                     a regular file or a block device\n"
    "  serial:X, size:N..M,smallest, ...  a disk by what it is (decant disks)\n"
    "  -    null:    [ CMD ARGS ]         a pipe; nothing; a server to start\n"
    "\n"
    "What most want\n"
    "  -p, --progress             show bytes done, rate and time left\n"
    "      --mapfile=FILE         keep what is done there: the same command goes on\n"
    "      --verify               read back, and copy again what differs\n"
    "      --on-read-error=skip   copy what can be read, list the rest (exit code 3)\n"
    "      --grow=PARTITION       have the disk's table, and this, reach to its end\n"
    "      --wait=SECONDS         for a server that isn't there yet\n"
    "      --yes                  don't ask where DESTINATION holds something\n"
    "\n"
    "decant --help=all lists the rest, decant VERB --help what other verbs take.\n"
    "Exit codes: 0 done, 1 failed, 3 some can't be read, 4 not what it should be,\n"
    "64 the command line is wrong.\n";

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
    "      --no-sandbox           once its ends are open, forgo nothing\n"
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
    "      --graph                and the disk as a bar of blocks that fills\n"
    "      --report               end with \"decant: done: bytes=... seconds=...\"\n"
    "      --json                 end with a JSON object on standard output\n"
    "  -v, --verbose              say what was found out about both ends\n"
    "  -V, --version              print the version\n"
    "  -h, --help[=all]           print what most want, or this\n"
    "\n"
    "Memory, requests, speed\n"
    "      --memory=SIZE          for data on its way (16M; 512K to 4G); --queue-size\n"
    "      --request-size=SIZE    the largest read (a 32nd of the memory)\n"
    "      --rate-limit=SIZE      read at most SIZE bytes a second\n"
    "      --nice                 leave processor and disks to whoever wants them\n"
    "  -C, --connections=N        at most N connections to a server (1 to 16; 4, or 8 over a long line)\n"
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
  OPTION_GRAPH,
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
  { "graph", no_argument, NULL, OPTION_GRAPH },
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
  case OPTION_GRAPH:
    options->copy.graph = options->copy.progress = true;
    return 0;
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

const struct verb_options options_copy = {
  .name = "copy",
  .summary = summary,
  .help = help,
  .short_options = short_options,
  .long_options = long_options,
  .places = 2,
  .set_defaults = set_copy_defaults,
  .take = take_copy_option,
  .check = options_copy_check,
};
