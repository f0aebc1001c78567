/* SPDX-License-Identifier: MIT */
/* choose: see choose.h. */
#include "job/choose.h"

#include "job/info_file.h"
#include "os/say.h"
#include "report/labels.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns how many bytes of its front came; 0: it can't be read. */
static size_t
read_head(struct choose *choose, const char *name)
{
  char path[DISK_DEVICE_BYTES];
  size_t length;

  disks_device(name, path);
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a drive without a medium is not waited for */
  if (fd == -1)
    return 0;
  int result = info_file_read_head(fd, choose->head, &length);
  close(fd);
  return result == -1 ? 0 : length;
}

void
choose_look(struct choose *choose, struct disk *disk)
{
  size_t length;

  if (disk->of[0])
    labels_find_partition(choose->head, read_head(choose, disk->of), disk->partition, disk->partition_uuid);
  length = read_head(choose, disk->name);
  if (length > 0)
    labels_find(choose->head, length, &disk->content);
}

/* The next disk, with what it holds where the selector asks for that. */
static bool
next_disk(struct choose *choose)
{
  if (!disks_next(&choose->disks, &choose->disk))
    return false;
  if (choose->selector.by_content)
    choose_look(choose, &choose->disk);
  return true;
}

static const char *
whole_disk(const struct disk *disk)
{
  return disk->of[0] ? disk->of : disk->name;
}

/* ---- What is excepted ---- */

static bool
is_excepted(const struct choose *choose, const struct disk *disk)
{
  for (unsigned i = 0; i < choose->excepted; i++)
    if (strcmp(choose->excepts[i], whole_disk(disk)) == 0)
      return true;
  return false;
}

static int
except_disk(struct choose *choose, const char *text, struct fault *fault)
{
  if (is_excepted(choose, &choose->disk))
    return 0;
  if (choose->excepted == EXCEPTS_MAX)
    return fault_set(fault, EXIT_FAILED, 0, "--except=%s: more than %d disks are excepted", text, EXCEPTS_MAX);
  snprintf(choose->excepts[choose->excepted++], DISK_NAME_BYTES, "%s", whole_disk(&choose->disk));
  return 0;
}

/* All that fit: of two that can't be told apart, neither is meant. One that isn't there can't be overwritten. */
static int
except(struct choose *choose, const char *text, struct fault *fault)
{
  bool is_selector = selector_is_one(text);
  struct stat found;

  choose->selector = (struct selector){ .text = text };
  if (is_selector ? selector_parse(&choose->selector, text, fault) == -1 : stat(text, &found) == -1)
    return is_selector ? -1 : 0;
  disks_begin(&choose->disks, "");
  while (next_disk(choose))
    if ((is_selector ? selector_fits(&choose->selector, &choose->disk)
                     : S_ISBLK(found.st_mode) && found.st_rdev == choose->disk.number) &&
        except_disk(choose, text, fault) == -1)
      return -1;
  return disks_check(&choose->disks, fault);
}

static int
except_all(struct choose *choose, const struct options *options, struct fault *fault)
{
  for (unsigned i = 0; i < options->excepts.count; i++)
    if (except(choose, options->excepts.list[i], fault) == -1)
      return -1;
  return 0;
}

/* A device that was named. */
static int
check_named(struct choose *choose, const struct options *options, const struct place *place, struct fault *fault)
{
  struct stat found;

  if (place->kind != PLACE_PATH || options->excepts.count == 0 || stat(place->text, &found) == -1 ||
      !S_ISBLK(found.st_mode))
    return 0;
  if (except_all(choose, options, fault) == -1)
    return -1;
  choose->selector = (struct selector){ .text = place->text };
  disks_begin(&choose->disks, "");
  while (next_disk(choose))
    if (choose->disk.number == found.st_rdev && is_excepted(choose, &choose->disk))
      return fault_set(fault, EXIT_FAILED, 0,
                       "%s is, or is on, a disk that --except keeps from being overwritten; nothing was written",
                       place->text);
  return disks_check(&choose->disks, fault);
}

/* ---- The one that is meant ---- */

static bool
takes_part(const struct choose *choose, bool is_destination)
{
  return selector_fits(&choose->selector, &choose->disk) &&
         !(is_destination && (choose->disk.is_read_only || is_excepted(choose, &choose->disk)));
}

/* Shows all disks, or those that were to be chosen from. */
static void
show(struct choose *choose, const struct options *options, bool all, bool is_destination)
{
  struct text text;

  text_init(&text, choose->row, sizeof choose->row);
  disks_text_head(&text);
  say_line(options_program(options), "%s", choose->row);
  disks_begin(&choose->disks, "");
  while (disks_next(&choose->disks, &choose->disk)) {
    choose_look(choose, &choose->disk);
    if (!all && !takes_part(choose, is_destination))
      continue;
    text_init(&text, choose->row, sizeof choose->row);
    disks_text_row(&text, &choose->disk);
    say_line(options_program(options), "%s", choose->row);
  }
}

int
choose_disk(struct choose *choose, const struct options *options, const char *text, bool is_destination,
            struct fault *fault)
{
  struct selector_choice *choice = &choose->choice;

  if ((is_destination && except_all(choose, options, fault) == -1) ||
      selector_parse(&choose->selector, text, fault) == -1)
    return -1;
  *choice = (struct selector_choice){ 0 };
  disks_begin(&choose->disks, "");
  while (next_disk(choose))
    if (takes_part(choose, is_destination))
      selector_offer(&choose->selector, choice, &choose->disk);
  if (disks_check(&choose->disks, fault) == -1)
    return -1;
  if (choice->count == 1)
    return 0;
  show(choose, options, choice->count == 0, is_destination);
  if (choice->count == 0)
    return fault_set(fault, EXIT_FAILED, 0, "%s: no disk is that; nothing was written", text);
  return fault_set(fault, EXIT_FAILED, 0,
                   "%s: %u disks are that, and one must be meant (serial: tells them apart); nothing was written", text,
                   choice->count);
}

/* What goes on from here must find it again, also where what it was chosen by is overwritten. */
static void
name_in_command(const struct selector *selector, struct place *place, struct options_command *command)
{
  for (int i = 0; selector->by_content && i < command->argc; i++)
    if (command->argv[i] == place->text)
      command->argv[i] = place->device;
}

static int
choose_end(struct choose *choose, struct options *options, struct place *place, bool is_destination,
           struct fault *fault)
{
  if (!place->is_selector)
    return is_destination ? check_named(choose, options, place, fault) : 0;
  if (choose_disk(choose, options, place->text, is_destination, fault) == -1)
    return -1;
  disks_device(choose->choice.disk.name, place->device);
  say_line(options_program(options), "%s is %s", place->text, place->device);
  name_in_command(&choose->selector, place, &options->command);
  place->text = place->device;
  return 0;
}

int
choose_ends(struct choose *choose, struct options *options, struct fault *fault)
{
  bool is_written = options->verb == VERB_COPY || options->verb == VERB_RESCUE;

  if (options->mode != RUN_VERB || options->verb == VERB_DISKS)
    return 0;
  if (choose_end(choose, options, &options->source, false, fault) == -1)
    return -1;
  return is_written || options->verb == VERB_COMPARE
             ? choose_end(choose, options, &options->destination, is_written, fault)
             : 0;
}
