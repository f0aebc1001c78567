/* SPDX-License-Identifier: MIT */
/* The table of disks is what people decide by, and its JSON what programs do: each value stands under its name, and what a disk says of
 * itself breaks neither. */
#include "unit/unit.h"

#include "report/disks_text.h"

static char bytes[DISKS_TEXT_BYTES];
static struct text text;

static const char *
row(const struct disk *disk)
{
  text_init(&text, bytes, sizeof bytes);
  disks_text_row(&text, disk);
  return bytes;
}

static const char *
json(const struct disk *disk)
{
  text_init(&text, bytes, sizeof bytes);
  disks_text_json(&text, disk);
  return bytes;
}

static struct disk
some_disk(void)
{
  return (struct disk){ .name = "sda",
                        .bytes = 1 << 30,
                        .sector_bytes = 512,
                        .bus = "ata",
                        .model = "QEMU HARDDISK",
                        .serial = "QM1",
                        .content = { .is_known = true, .type = "GPT" } };
}

static void
a_row_has_what_tells_disks_apart(void **state)
{
  struct disk disk = some_disk();

  (void)state;
  assert_string_equal(row(&disk), "sda            1.0 GiB ata     QEMU HARDDISK          QM1                  GPT");
  disk.is_removable = disk.is_read_only = true;
  snprintf(disk.use, sizeof disk.use, "part of md0");
  assert_non_null(strstr(row(&disk), "GPT                        removable, read-only, part of md0"));
  disk.content.is_known = false;
  assert_non_null(strstr(row(&disk), "(can't be read)"));
  snprintf(disk.model, sizeof disk.model, "\033[31mred");
  assert_null(strchr(row(&disk), '\033'));
}

static void
a_partition_stands_below_its_disk(void **state)
{
  struct disk disk = some_disk();

  (void)state;
  snprintf(disk.name, sizeof disk.name, "sda1");
  snprintf(disk.of, sizeof disk.of, "sda");
  snprintf(disk.content.type, sizeof disk.content.type, "ext4");
  snprintf(disk.content.label, sizeof disk.content.label, "root");
  disk.is_removable = true;
  const char *is = row(&disk);
  assert_int_equal(strncmp(is, "  sda1 ", 7), 0);
  assert_non_null(strstr(is, " ext4 \"root\""));
  assert_null(strstr(is, "QM1"));
  assert_null(strstr(is, "removable"));
}

static void
json_has_all_that_is_known(void **state)
{
  struct disk disk = some_disk();

  (void)state;
  assert_string_equal(json(&disk),
                      "{ \"name\": \"sda\", \"size\": 1073741824, \"sector-size\": 512, \"removable\": false, "
                      "\"read-only\": false, \"bus\": \"ata\", \"model\": \"QEMU HARDDISK\", "
                      "\"serial\": \"QM1\", \"holds\": \"GPT\" }");
  snprintf(disk.content.label, sizeof disk.content.label, "a\"b");
  assert_non_null(strstr(json(&disk), "\"label\": \"a\\\"b\""));
}

/* The longest of all values, and each of their characters escaped. */
static void
there_is_room_for_all(void **state)
{
  struct disk disk = some_disk();
  char *const fields[] = { disk.name,
                           disk.of,
                           disk.bus,
                           disk.model,
                           disk.serial,
                           disk.wwn,
                           disk.path,
                           disk.partition_label,
                           disk.partition_uuid,
                           disk.content.type,
                           disk.content.label,
                           disk.content.uuid,
                           disk.use };
  const size_t sizes[] = { sizeof disk.name,
                           sizeof disk.of,
                           sizeof disk.bus,
                           sizeof disk.model,
                           sizeof disk.serial,
                           sizeof disk.wwn,
                           sizeof disk.path,
                           sizeof disk.partition_label,
                           sizeof disk.partition_uuid,
                           sizeof disk.content.type,
                           sizeof disk.content.label,
                           sizeof disk.content.uuid,
                           sizeof disk.use };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(fields); i++)
    memset(fields[i], 1, sizes[i] - 1), fields[i][sizes[i] - 1] = '\0';
  json(&disk);
  assert_false(text.full);
  row(&disk);
  assert_false(text.full);
  text_init(&text, bytes, sizeof bytes);
  disks_text_head(&text);
  assert_false(text.full);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_row_has_what_tells_disks_apart),
    cmocka_unit_test(a_partition_stands_below_its_disk),
    cmocka_unit_test(json_has_all_that_is_known),
    cmocka_unit_test(there_is_room_for_all),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
