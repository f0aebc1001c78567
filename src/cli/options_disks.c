/* SPDX-License-Identifier: MIT */
/* options_disks: see options_disks.h. */
#include "cli/options_disks.h"

#include "cli/options.h"
#include "cli/options_verb.h"

#include <assert.h>
#include <getopt.h>
#include <stddef.h>

/* clang-format off */
static const char help[] =
    "Usage: decant disks [OPTIONS] [SELECTOR]\n"
    "\n"
    "Shows the disks of this machine and their partitions: name, size, what they hang\n"
    "on, model, serial number, what they hold and who uses them. With SELECTOR, the one\n"
    "that a SOURCE of that name is, or none. SELECTOR is words, joined by commas, that\n"
    "must all hold of exactly one disk:\n"
    "  serial:X, wwn:X, model:X           what it says of itself (of a model, any part)\n"
    "  path:X                             where it is plugged in: pci-0000:00:1f.2-ata-1\n"
    "  label:X, partlabel:X, uuid:X       what it holds, or a partition of it\n"
    "  size:N..M                          from N to M bytes; also N.., ..M, and N\n"
    "  nvme, ata, scsi, usb, virtio, mmc, xen, md, dm, loop, removable, fixed\n"
    "  smallest, largest, only            of those that the other words leave\n"
    "\n"
    "      --destination          as a DESTINATION: none that can't be written to\n"
    "      --except=DISK          with --destination: not that one, nor a part of it\n"
    "      --json                 as JSON\n"
    "      --timeout=SECONDS, --wait=SECONDS, --tls-pin=sha256:HEX, --no-sandbox\n"
    "                             are taken, and of no use here\n"
    "  -V, --version              print the version\n"
    "  -h, --help                 print this\n"
    "\n"
    "N and M take k, M, G, T.\n";
/* clang-format on */

enum {
  OPTION_DESTINATION = OPTION_OF_VERB,
  OPTION_JSON,
};

static const char short_options[] = OPTIONS_SHORT_BEGIN "hV";

static const struct option long_options[] = {
  { "destination", no_argument, NULL, OPTION_DESTINATION },
  { "except", required_argument, NULL, OPTION_EXCEPT },
  { "json", no_argument, NULL, OPTION_JSON },
  OPTIONS_OF_ALL_VERBS,
};

static void
set_disks_defaults(struct options *options)
{
  options->disks = (struct disks_options){ 0 };
}

static int
take_disks_option(struct options *options, int option, const char *value, struct fault *fault)
{
  (void)value, (void)fault;
  switch (option) {
  case OPTION_DESTINATION:
    options->disks.as_destination = true;
    return 0;
  case OPTION_JSON:
    options->disks.json = true;
    return 0;
  }
  assert(!"an option of the table");
  return -1;
}

static int
check_disks(struct options *options, struct fault *fault)
{
  if (options->source.text && !options->source.is_selector)
    return options_usage(options, fault,
                         "not a selector of a disk, such as serial:X or smallest: ", options->source.text);
  if (options->disks.as_destination && !options->source.text)
    return options_usage(options, fault, "--destination is of one disk: a SELECTOR is missing", "");
  return 0;
}

const struct verb_options options_disks = {
  .name = "disks",
  .help = help,
  .short_options = short_options,
  .long_options = long_options,
  .places = 1,
  .takes_none = true,
  .set_defaults = set_disks_defaults,
  .take = take_disks_option,
  .check = check_disks,
};
