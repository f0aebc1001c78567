/* SPDX-License-Identifier: MIT */
/* disk: what tells a person one disk of this machine from another, as words. What isn't known is "".
 */
#ifndef DECANT_DISK_H
#define DECANT_DISK_H

#include <stdbool.h>
#include <stdint.h>

#define DISK_NAME_BYTES 32
#define DISK_DEVICE_BYTES (DISK_NAME_BYTES + sizeof "/dev/")
#define DISK_WORDS_BYTES 128
#define DISK_UUID_BYTES 40

/* What a disk, or a partition of one, begins with. */
struct disk_content {
  bool is_known; /* it could be read */
  char type[32]; /* "GPT", "ext4", "LVM2 member" */
  char label[64];
  char uuid[DISK_UUID_BYTES];
};

struct disk {
  char name[DISK_NAME_BYTES]; /* the kernel's: /dev/NAME */
  char of[DISK_NAME_BYTES];   /* a partition: the disk that it is of */
  unsigned partition;         /* and its number there */
  bool is_virtual;            /* made of something else: md, dm, loop */
  bool is_removable;
  bool is_read_only;
  uint64_t number; /* of the device, by the kernel */
  uint64_t bytes;
  unsigned sector_bytes; /* 0: not known */
  char bus[12];          /* "ata", "usb"; or what it is instead: "md" */
  char model[64];
  char serial[64];
  char wwn[DISK_WORDS_BYTES];
  char path[DISK_WORDS_BYTES]; /* where it is plugged in, as udev's by-path has it */
  char partition_label[DISK_WORDS_BYTES];
  char partition_uuid[DISK_UUID_BYTES];
  char use[DISK_WORDS_BYTES]; /* "mounted at /boot" */
  struct disk_content content;
};

#endif
