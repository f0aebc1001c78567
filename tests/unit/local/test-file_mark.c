/* SPDX-License-Identifier: MIT */
/* What a mapfile knows a disk by: the same disk must have the same mark whatever it is called, and another one another; a mark
 * that two disks share would have one of them half-copied. */
#include "unit/unit.h"

#include <stdlib.h>

#include "local/device_marks.c"
#include "local/file_mark.c"

/* What sysfs says here: attributes of one device, and their values. */
static const char *attributes[8];

size_t
sysfs_read_from(const char *directory, const char *name, char *text, size_t bytes)
{
  (void)directory;
  for (const char **attribute = attributes; *attribute; attribute += 2)
    if (strcmp(attribute[0], name) == 0)
      return (size_t)snprintf(text, bytes, "%s", attribute[1]) < bytes ? strlen(text) : bytes - 1;
  return 0;
}

void
sysfs_directory(uint64_t number, char directory[SYSFS_DIRECTORY_BYTES])
{
  (void)number;
  directory[0] = '\0';
}

uint64_t
sysfs_read_number(uint64_t number, const char *name)
{
  (void)number, (void)name;
  return 0;
}

static char mark[MAPFILE_MARK_BYTES], other[MAPFILE_MARK_BYTES];

static void
write_file(const char *path, const char *text)
{
  FILE *file = fopen(path, "w");

  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void
a_file_is_known_by_any_name(void **state)
{
  (void)state;
  write_file("one", "a");
  write_file("two", "a");
  file_mark_find("one", mark);
  assert_int_equal(strncmp(mark, "file-", 5), 0);
  assert_int_equal(rename("one", "three"), 0);
  write_file("three", "other content");
  file_mark_find("three", other);
  assert_string_equal(mark, other);
  file_mark_find("two", other);
  assert_string_not_equal(mark, other);
}

static void
what_isnt_there_has_no_mark(void **state)
{
  (void)state;
  strcpy(mark, "x");
  file_mark_find("nothing", mark);
  assert_string_equal(mark, "");
  file_mark_find("/dev/null", mark);
  assert_string_equal(mark, "");
}

static void
assert_marked(const char *expected)
{
  mark[0] = '\0';
  mark_device(0, mark);
  assert_string_equal(mark, expected);
  memset(attributes, 0, sizeof attributes);
}

static void
a_disk_has_its_serial_number(void **state)
{
  (void)state;
  attributes[0] = "device/serial", attributes[1] = " WD-WCC4E  #1 ";
  assert_marked("disk-WD-WCC4E___1");
  attributes[0] = "wwid", attributes[1] = "naa.5000c500a1b2c3d4";
  assert_marked("disk-naa.5000c500a1b2c3d4");
}

/* As a card reader, which has a name of its own. */
static void
what_others_have_too_is_no_mark(void **state)
{
  (void)state;
  assert_marked("");
  attributes[0] = "device/model", attributes[1] = "Card Reader";
  attributes[2] = "loop/backing_file", attributes[3] = "/disk.img";
  assert_marked("");
}

static void
of_a_long_one_there_is_room(void **state)
{
  (void)state;
  attributes[0] = "wwid", attributes[1] = "t10.ATA_____Samsung_SSD_870_EVO_1TB_________________S6PTNM0R1234567";
  mark[0] = '\0';
  mark_device(0, mark);
  assert_true(strlen(mark) > 50 && strlen(mark) < sizeof mark);
  memset(attributes, 0, sizeof attributes);
}

static void
a_partition_has_its_disks_and_its_number(void **state)
{
  (void)state;
  attributes[0] = "partition", attributes[1] = "3";
  attributes[2] = "../wwid", attributes[3] = "eui.0025385b71b0a1c2";
  assert_marked("part3-eui.0025385b71b0a1c2");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_file_is_known_by_any_name),  cmocka_unit_test(what_isnt_there_has_no_mark),
    cmocka_unit_test(a_disk_has_its_serial_number), cmocka_unit_test(what_others_have_too_is_no_mark),
    cmocka_unit_test(of_a_long_one_there_is_room),  cmocka_unit_test(a_partition_has_its_disks_and_its_number),
  };
  char directory[] = "/tmp/test-file_mark.XXXXXX";

  if (!mkdtemp(directory) || chdir(directory) == -1)
    return 1;
  int result = cmocka_run_group_tests(tests, NULL, NULL);
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", directory);
  return system(command) == 0 ? result : 1;
}
