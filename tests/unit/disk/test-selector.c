/* SPDX-License-Identifier: MIT */
/* A selector decides which disk is overwritten: it must mean the one that its words are true of, none where they are true of several,
 * and never one of another kind than whoever wrote it thought of. */
#include "unit/unit.h"

#include "disk/selector.h"

static const struct disk disks[] = {
  { .name = "sda",
    .bytes = 500,
    .bus = "ata",
    .model = "Samsung SSD 860",
    .serial = "S3Z9 NB0K",
    .wwn = "naa.5002538E40A1",
    .path = "pci-0000:00:1f.2-ata-1",
    .content = { .type = "GPT", .uuid = "AAAA-disk" } },
  { .name = "sda1",
    .of = "sda",
    .bytes = 100,
    .bus = "ata",
    .model = "Samsung SSD 860",
    .serial = "S3Z9 NB0K",
    .wwn = "naa.5002538E40A1",
    .path = "pci-0000:00:1f.2-ata-1-part1",
    .partition_label = "root",
    .partition_uuid = "pu-1",
    .content = { .type = "ext4", .label = "system", .uuid = "u-1" } },
  { .name = "nvme0n1",
    .bytes = 1000,
    .bus = "nvme",
    .model = "WD Blue",
    .serial = "A",
    .wwn = "eui.e8238fa6",
    .path = "pci-0000:01:00.0-nvme-1" },
  { .name = "nvme1n1",
    .bytes = 2000,
    .bus = "nvme",
    .model = "WD Black",
    .serial = "B",
    .path = "pci-0000:02:00.0-nvme-1" },
  { .name = "nvme2n1",
    .bytes = 2000,
    .bus = "nvme",
    .model = "WD Black",
    .serial = "C",
    .path = "pci-0000:02:00.1-nvme-1" },
  { .name = "sdb", .bytes = 64, .bus = "usb", .is_removable = true, .model = "Stick", .content = { .label = "STICK" } },
  { .name = "md0", .bytes = 32, .bus = "md", .is_virtual = true, .content = { .label = "array" } },
};

static struct selector selector;
static struct selector_choice choice;
static struct fault fault;

static void
choose(const char *text)
{
  fault = (struct fault){ 0 };
  choice = (struct selector_choice){ 0 };
  assert_true(selector_is_one(text));
  if (selector_parse(&selector, text, &fault) == -1)
    fail_msg("refused: %s", fault.text);
  for (size_t i = 0; i < LENGTH_OF(disks); i++)
    if (selector_fits(&selector, &disks[i]))
      selector_offer(&selector, &choice, &disks[i]);
}

static void
the_one_that_all_words_are_true_of_is_meant(void **state)
{
  static const struct {
    const char *text, *name;
  } cases[] = {
    { "serial:S3Z9 NB0K", "sda" },
    { "serial:S3Z9_NB0K", "sda" },
    { "wwn:5002538e40a1", "sda" },
    { "wwn:0x5002538e40a1", "sda" },
    { "wwn:eui.E8238FA6", "nvme0n1" },
    { "model:samsung_ssd", "sda" },
    { "model:blue", "nvme0n1" },
    { "path:pci-0000:00:1f.2-ata-1", "sda" },
    { "path:pci-0000:00:1f.2", "sda" },
    { "path:pci-0000:00:1f.2-ata-1-part1", "sda1" },
    { "label:system", "sda1" },
    { "partlabel:root", "sda1" },
    { "uuid:U-1", "sda1" },
    { "uuid:PU-1", "sda1" },
    { "uuid:aaaa-DISK", "sda" },
    { "label:array", "md0" },
    { "md,only", "md0" },
    { "size:500", "sda" },
    { "size:65..999", "sda" },
    { "size:..64", "sdb" },
    { "size:1K..,serial:C", "nvme2n1" },
    { "smallest", "sdb" },
    { "fixed,smallest", "sda" },
    { "removable,only", "sdb" },
    { "nvme,smallest", "nvme0n1" },
    { "nvme,size:900..,smallest", "nvme0n1" },
    { "size:..1500,largest", "nvme0n1" },
    { "only,usb", "sdb" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    choose(cases[i].text);
    if (choice.count != 1 || strcmp(choice.disk.name, cases[i].name) != 0)
      fail_msg("%s: %u, %s", cases[i].text, choice.count, choice.disk.name);
  }
}

static void
of_several_or_none_none_is_meant(void **state)
{
  static const struct {
    const char *text;
    unsigned count;
  } cases[] = {
    { "largest", 2 },         { "only", 5 },         { "nvme,only", 3 },   { "model:WD", 3 },
    { "model:black", 2 },     { "serial:a", 0 },     { "serial:S3Z9", 0 }, { "serial:S3Z9 NB0K ", 0 },
    { "path:pci-0000:0", 0 }, { "label:SYSTEM", 0 }, { "label:stick", 0 }, { "mmc,smallest", 0 },
    { "size:33..63", 0 },     { "wwn:0x5", 0 },      { "loop,only", 0 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    choose(cases[i].text);
    if (choice.count != cases[i].count)
      fail_msg("%s: %u, %s", cases[i].text, choice.count, choice.disk.name);
  }
}

static void
what_is_wrong_is_said(void **state)
{
  static const struct {
    const char *text, *says;
  } cases[] = {
    { "serial:", "serial: takes a value" },           { "partlabel:,only", "partlabel: takes a value" },
    { "size:x,only", "size: takes a size or two" },   { "size:..", "size: takes a size or two" },
    { "size:2G..1G", "size: takes a size or two" },   { "size:1..2..3", "size: takes a size or two" },
    { "smallest,largest", "can't be used together" }, { "only,only", "can't be used together" },
    { "nvmee,smallest", "nvmee is not one of" },      { "nvme,,smallest", "an empty word is not one of" },
    { "smallest,", "an empty word is not one of" },
  };
  char text[300] = "serial:";

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    fault = (struct fault){ 0 };
    assert_int_equal(selector_parse(&selector, cases[i].text, &fault), -1);
    assert_int_equal(fault.exit_code, EXIT_BAD_USAGE);
    if (!strstr(fault.text, cases[i].says))
      fail_msg("%s: %s", cases[i].text, fault.text);
  }
  memset(text + strlen(text), 'x', sizeof text - strlen(text) - 1);
  assert_int_equal(selector_parse(&selector, text, &fault), -1);
  assert_non_null(strstr(fault.text, "longer than"));
}

static void
a_file_isnt_taken_for_one(void **state)
{
  static const char *const files[] = { "disk.img",    "./smallest",  "/dev/sda", "nvme", "a,b",  "serial",
                                       "smallest.gz", "nbd:serial:", "md",       "",     "only2" };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(files); i++)
    if (selector_is_one(files[i]))
      fail_msg("%s", files[i]);
}

static void
what_a_copy_changes_is_known(void **state)
{
  (void)state;
  choose("label:system");
  assert_true(selector.by_content);
  choose("nvme,uuid:u-1");
  assert_true(selector.by_content);
  choose("serial:A,smallest");
  assert_false(selector.by_content);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_one_that_all_words_are_true_of_is_meant),
    cmocka_unit_test(of_several_or_none_none_is_meant),
    cmocka_unit_test(what_is_wrong_is_said),
    cmocka_unit_test(a_file_isnt_taken_for_one),
    cmocka_unit_test(what_a_copy_changes_is_known),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
