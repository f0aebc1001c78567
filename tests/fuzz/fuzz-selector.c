/* SPDX-License-Identifier: MIT */
/* A disk named by what it is, with anything in the name, and disks that call themselves anything: the name is refused in words, or chooses
 * the same disk whoever asks, never one of two that are equal. A case is the name, a NUL and the disks. */
#include "fuzz/fuzz.h"

#include "disk/selector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISKS_MAX 4

static void
set_words(struct fuzz_case *input, char *to, size_t room)
{
  char *word = fuzz_word(input);

  snprintf(to, room, "%s", word);
  free(word);
}

static struct disk
some_disk(struct fuzz_case *input)
{
  static const char *const buses[] = { "ata", "nvme", "usb", "virtio", "md" };
  struct disk disk = { .sector_bytes = 512 };

  disk.bytes = fuzz_between(input, 0, 15) << fuzz_between(input, 0, 60);
  disk.is_virtual = fuzz_one_in(input, 8);
  disk.content.is_known = !fuzz_one_in(input, 4);
  snprintf(disk.bus, sizeof disk.bus, "%s", buses[fuzz_between(input, 0, LENGTH_OF(buses) - 1)]);
  snprintf(disk.of, sizeof disk.of, "%s", fuzz_one_in(input, 4) ? "sda" : "");
  set_words(input, disk.serial, sizeof disk.serial);
  set_words(input, disk.model, sizeof disk.model);
  set_words(input, disk.wwn, sizeof disk.wwn);
  set_words(input, disk.path, sizeof disk.path);
  set_words(input, disk.content.label, sizeof disk.content.label);
  set_words(input, disk.content.uuid, sizeof disk.content.uuid);
  set_words(input, disk.partition_label, sizeof disk.partition_label);
  return disk;
}

/* The other way round, the same is left. */
static void
must_choose(const struct selector *selector, const struct disk *disks)
{
  struct selector_choice forwards = { 0 }, backwards = { 0 };
  unsigned fitting = 0;

  for (unsigned i = 0; i < DISKS_MAX; i++) {
    fitting += selector_fits(selector, &disks[i]);
    if (selector_fits(selector, &disks[i]))
      selector_offer(selector, &forwards, &disks[i]);
    if (selector_fits(selector, &disks[DISKS_MAX - 1 - i]))
      selector_offer(selector, &backwards, &disks[DISKS_MAX - 1 - i]);
  }
  must(forwards.count == backwards.count && forwards.count <= fitting && (forwards.count > 0) == (fitting > 0));
  must(selector->order != SELECTOR_ONLY || forwards.count == fitting);
  must(forwards.count != 1 || memcmp(&forwards.disk, &backwards.disk, sizeof forwards.disk) == 0);
  for (unsigned i = 0; i < DISKS_MAX && forwards.count > 0 && selector->order != SELECTOR_ONLY; i++)
    must(!selector_fits(selector, &disks[i]) ||
         (selector->order == SELECTOR_SMALLEST ? disks[i].bytes >= forwards.disk.bytes
                                               : disks[i].bytes <= forwards.disk.bytes));
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  static struct disk disks[DISKS_MAX];
  struct fuzz_case input[] = { { data, size } };
  char *text = fuzz_word(input);
  struct selector selector;
  struct fault fault = { 0 };

  (void)selector_is_one(text);
  if (selector_parse(&selector, text, &fault) == -1) {
    must(fault.exit_code == EXIT_BAD_USAGE && fault.text[0] && fuzz_may_be_shown(fault.text));
  } else {
    must(fault.exit_code == EXIT_DONE && strcmp(selector.text, text) == 0);
    for (unsigned i = 0; i < DISKS_MAX; i++)
      disks[i] = i > 0 && fuzz_one_in(input, 4) ? disks[i - 1] : some_disk(input);
    must_choose(&selector, disks);
  }
  free(text);
  return 0;
}
