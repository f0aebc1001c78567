/* SPDX-License-Identifier: MIT */
/* What sysfs tells of disks behind every bus is not what this machine has: a tree as such machines have it shows what is made of it,
 * and in which order. */
#include "unit/unit.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "local/device_marks.c"
#undef SECTOR_BYTES
#include "local/disk_path.c"
#include "local/disk_use.c"
#include "local/disks.c"
#include "local/sysfs.c"

static char root[] = "/tmp/test-disks.XXXXXX";
static struct disks all;
static struct disk disk;

/* Makes the directories on the way to it. */
static void
make_file(const char *name, const char *text)
{
  char path[PATH_MAX];

  snprintf(path, sizeof path, "%s/%s", root, name);
  for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
    *slash = '\0';
    mkdir(path, 0700);
  }
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

/* An attribute, of a disk that has this directory in /sys/devices. */
static void
attribute(const char *device, const char *name, const char *text)
{
  char path[PATH_MAX];

  snprintf(path, sizeof path, "sys/devices/%s/%s", device, name);
  make_file(path, text);
}

static void
make_disk(const char *device, const char *sectors, const char *number)
{
  char link[PATH_MAX], to[PATH_MAX];

  attribute(device, "size", sectors);
  attribute(device, "dev", number);
  attribute(device, "ro", "0\n");
  attribute(device, "removable", "0\n");
  attribute(device, "queue/logical_block_size", "512\n");
  make_file("sys/block/.made", "");
  snprintf(link, sizeof link, "%s/sys/devices/%s/device", root, device);
  assert_int_equal(symlink(strstr(device, "/block/") ? "../.." : "..", link), 0);
  snprintf(link, sizeof link, "%s/sys/block%s", root, strrchr(device, '/'));
  snprintf(to, sizeof to, "../devices/%s", device);
  assert_int_equal(symlink(to, link), 0);
}

#define ATA "pci0000:00/0000:00:1f.2/ata3/host2/target2:0:0/2:0:0:0"
#define USB "pci0000:00/0000:00:14.0/usb1/1-4/1-4.2/1-4.2:1.0/host6/target6:0:0/6:0:0:1"
#define NVME "pci0000:00/0000:00:1c.0/0000:01:00.0/nvme/nvme0/nvme0n1"
#define SCSI "pci0000:00/0000:00:05.0/virtio2/host4/target4:0:1/4:0:1:0"
#define VIRTIO "pci0000:00/0000:00:06.0/virtio3/block/vda"
#define MMC "pci0000:00/0000:00:07.0/mmc_host/mmc0/mmc0:4567/block/mmcblk0"

static void
make_tree(void)
{
  make_disk(ATA "/block/sda", "2048\n", "8:0\n");
  attribute(ATA, "model", "Samsung SSD 860 \n");
  attribute(ATA, "vendor", "ATA     \n");
  attribute(ATA, "wwid", "naa.5002538e40a1b2c3\n");
  attribute("pci0000:00/0000:00:1f.2/ata3/ata_port/ata3", "port_no", "1\n");
  attribute(ATA "/block/sda/sda1", "partition", "1\n");
  attribute(ATA "/block/sda/sda1", "size", "1024\n");
  attribute(ATA "/block/sda/sda1", "dev", "8:1\n");
  attribute(ATA "/block/sda/sda1", "uevent", "DEVNAME=sda1\nPARTN=1\nPARTNAME=boot files\n");
  attribute(ATA "/block/sda/sda10", "partition", "10\n");
  attribute(ATA "/block/sda/sda10", "size", "10\n");
  attribute(ATA "/block/sda/sda10/holders/dm-0/dm", "name", "vg-root\n");
  attribute(ATA "/block/sda/sda2", "partition", "2\n");
  attribute(ATA "/block/sda/sda2", "size", "10\n");
  attribute(ATA "/block/sda/sda2", "dev", "8:2\n");
  make_disk(USB "/block/sdb", "4096\n", "8:16\n");
  attribute(USB, "vendor", "SanDisk \n");
  attribute(USB, "model", "Ultra\n");
  attribute(USB "/block/sdb", "removable", "1\n");
  attribute("pci0000:00/0000:00:14.0/usb1/1-4/1-4.2", "serial", "4C530001\n");
  make_disk(NVME, "8192\n", "259:0\n");
  attribute(NVME, "nsid", "1\n");
  attribute(NVME, "wwid", "eui.0025385b71b0a1c2\n");
  make_disk(SCSI "/block/sdaa", "8192\n", "65:160\n");
  attribute(SCSI "/block/sdaa", "ro", "1\n");
  attribute("pci0000:00/0000:00:05.0/virtio2/host3", "x", "");
  make_disk(VIRTIO, "16\n", "254:0\n");
  attribute(VIRTIO, "serial", "overlay\n");
  make_disk(MMC, "16\n", "179:0\n");
  attribute("pci0000:00/0000:00:07.0/mmc_host/mmc0/mmc0:4567", "name", "SD32G\n");
  make_disk("virtual/block/md0", "16\n", "9:0\n");
  make_disk("virtual/block/loop0", "16\n", "7:0\n");
  attribute("virtual/block/loop0", "loop/backing_file", "/dev/vda\n");
  make_disk("virtual/block/loop1", "0\n", "7:1\n");
  make_disk("virtual/block/ram0", "16\n", "1:0\n");
  make_disk("virtual/block/cciss!c0d0", "16\n", "104:0\n");
  make_file("proc/swaps", "Filename\tType\n/dev/sda2 partition 1 0 -2\n");
  make_file("proc/self/mountinfo", "22 1 0:20 / /proc rw - proc proc rw\n25 1 8:1 / /boot rw - vfat /dev/root rw\n"
                                   "26 1 0:40 / /data rw - btrfs /dev/nvme0n1 rw\n");
}

static const struct disk *
find(const char *name)
{
  disks_begin(&all, root);
  while (disks_next(&all, &disk))
    if (strcmp(disk.name, name) == 0)
      return &disk;
  fail_msg("there is no %s", name);
  return NULL;
}

static void
all_come_in_order(void **state)
{
  static const char *const names[] = { "cciss!c0d0", "loop0", "md0",   "mmcblk0", "nvme0n1", "sda",
                                       "sda1",       "sda2",  "sda10", "sdaa",    "sdb",     "vda" };
  size_t count = 0;

  (void)state;
  disks_begin(&all, root);
  for (; disks_next(&all, &disk); count++)
    assert_string_equal(disk.name, names[count]);
  assert_int_equal(count, LENGTH_OF(names));
}

static void
each_bus_has_its_place(void **state)
{
  static const struct {
    const char *name, *bus, *path;
  } cases[] = {
    { "sda", "ata", "pci-0000:00:1f.2-ata-1" },
    { "sda1", "ata", "pci-0000:00:1f.2-ata-1-part1" },
    { "sda10", "ata", "pci-0000:00:1f.2-ata-1-part10" },
    { "sdb", "usb", "pci-0000:00:14.0-usb-0:4.2:1.0-scsi-0:0:0:1" },
    { "nvme0n1", "nvme", "pci-0000:01:00.0-nvme-1" },
    { "sdaa", "scsi", "pci-0000:00:05.0-scsi-1:0:1:0" },
    { "vda", "virtio", "pci-0000:00:06.0" },
    { "mmcblk0", "mmc", "pci-0000:00:07.0" },
    { "md0", "md", "" },
    { "loop0", "loop", "" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    const struct disk *is = find(cases[i].name);
    assert_string_equal(is->bus, cases[i].bus);
    assert_string_equal(is->path, cases[i].path);
    assert_int_equal(is->is_virtual, cases[i].path[0] == '\0');
  }
}

static void
a_disk_says_what_it_is(void **state)
{
  static const struct {
    const char *name, *model, *serial, *wwn;
  } cases[] = {
    { "sda", "Samsung SSD 860", "", "naa.5002538e40a1b2c3" },
    { "sda1", "Samsung SSD 860", "", "naa.5002538e40a1b2c3" },
    { "sdb", "SanDisk Ultra", "4C530001", "" },
    { "nvme0n1", "", "", "eui.0025385b71b0a1c2" },
    { "vda", "", "overlay", "" },
    { "mmcblk0", "SD32G", "", "" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    const struct disk *is = find(cases[i].name);
    assert_string_equal(is->model, cases[i].model);
    assert_string_equal(is->serial, cases[i].serial);
    assert_string_equal(is->wwn, cases[i].wwn);
  }
  assert_true(find("sdb")->is_removable && !disk.is_read_only);
  assert_int_equal(disk.bytes, 4096 * 512);
  assert_int_equal(disk.number, makedev(8, 16));
  assert_true(find("sdaa")->is_read_only && !disk.is_removable);
  assert_string_equal(find("sda1")->partition_label, "boot files");
  assert_int_equal(disk.partition, 1);
  assert_string_equal(disk.of, "sda");
  assert_int_equal(disk.sector_bytes, 512);
}

static void
who_uses_it_is_known(void **state)
{
  static const struct {
    const char *name, *use;
  } cases[] = {
    { "sda", "" },
    { "sda1", "mounted at /boot" },
    { "sda2", "used for swap" },
    { "sda10", "part of dm-0 (vg-root)" },
    { "nvme0n1", "mounted at /data" },
    { "vda", "used by loop0" },
    { "loop0", "" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++)
    assert_string_equal(find(cases[i].name)->use, cases[i].use);
}

/* Nobody's disk is free because somebody's list can't be read: here, of swaps, which a disk is asked for that isn't mounted. */
static void
what_cannot_be_read_may_tell_of_a_use(void **state)
{
  char list[PATH_MAX], aside[PATH_MAX], said[DISK_WORDS_BYTES + PATH_MAX];

  (void)state;
  snprintf(list, sizeof list, "%s/proc/swaps", root);
  snprintf(aside, sizeof aside, "%s/proc/aside", root);
  assert_int_equal(rename(list, aside), 0);
  assert_string_equal(find("sda")->use, ""); /* a kernel without swap */
  assert_int_equal(mkdir(list, 0700), 0);
  snprintf(said, sizeof said, "maybe (cannot read %s: Is a directory)", list);
  assert_string_equal(find("sda")->use, said);
  assert_string_equal(find("sda1")->use, "mounted at /boot");
  assert_int_equal(rmdir(list), 0);
  assert_int_equal(rename(aside, list), 0);
}

static void
a_node_may_lie_deeper(void **state)
{
  char path[DISK_DEVICE_BYTES];

  (void)state;
  disks_device(find("cciss!c0d0")->name, path);
  assert_string_equal(path, "/dev/cciss/c0d0");
}

static void
without_sysfs_there_is_none(void **state)
{
  struct fault fault;

  (void)state;
  disks_begin(&all, "/nowhere");
  assert_false(disks_next(&all, &disk));
  assert_int_equal(disks_check(&all, &fault), 0);
}

/* The one that is left out may be the one that was meant, or excepted. */
static void
a_list_that_cannot_be_read_is_none(void **state)
{
  struct fault fault;
  char path[PATH_MAX], aside[PATH_MAX];

  (void)state;
  find("sdaa");
  while (disks_next(&all, &disk))
    ;
  assert_int_equal(disks_check(&all, &fault), 0);
  snprintf(path, sizeof path, "%s/sys/block/vda/size", root);
  snprintf(aside, sizeof aside, "%s/sys/block/vda/aside", root);
  assert_int_equal(rename(path, aside), 0);
  assert_int_equal(mkdir(path, 0700), 0);
  disks_begin(&all, root);
  while (disks_next(&all, &disk))
    assert_string_not_equal(disk.name, "vda");
  assert_int_equal(disks_check(&all, &fault), -1);
  assert_string_equal(fault.text, "cannot read all that /sys tells of disks: Is a directory");
  assert_int_equal(rmdir(path), 0);
  assert_int_equal(rename(aside, path), 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_come_in_order),
    cmocka_unit_test(each_bus_has_its_place),
    cmocka_unit_test(a_disk_says_what_it_is),
    cmocka_unit_test(who_uses_it_is_known),
    cmocka_unit_test(what_cannot_be_read_may_tell_of_a_use),
    cmocka_unit_test(a_node_may_lie_deeper),
    cmocka_unit_test(without_sysfs_there_is_none),
    cmocka_unit_test(a_list_that_cannot_be_read_is_none),
  };

  if (!mkdtemp(root))
    return 1;
  make_tree();
  int result = cmocka_run_group_tests(tests, NULL, NULL);
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", root);
  return system(command) == 0 ? result : 1;
}
