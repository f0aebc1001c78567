/* SPDX-License-Identifier: MIT */
/* mapfile_store: see mapfile_store.h. */
#include "local/mapfile_store.h"

#include "local/file_name.h"
#include "local/overlap.h"
#include "os/say.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
store_cannot(const char *path, const char *what, struct fault *fault)
{
  return fault_set(fault, EXIT_FAILED, errno, "cannot %s the mapfile %.512s", what, path);
}

/* Opens its directory, which must take new files, and names its own. Returns -1 with errno set. */
static int
find_place(struct mapfile_store *store)
{
  char real[PATH_MAX], directory[PATH_MAX];
  const char *path = realpath(store->path, real) ? real : store->path;
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

  errno = ENAMETOOLONG;
  if (!file_name_directory(path, directory) || strlen(name) > STORE_NAME_MAX)
    return -1;
  snprintf(store->name, sizeof store->name, "%.*s", STORE_NAME_MAX, name);
  snprintf(store->fresh, sizeof store->fresh, "%s.new", store->name);
  snprintf(store->previous, sizeof store->previous, "%s.bak", store->name);
  store->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return store->directory == -1 ? -1 : access(directory, W_OK);
}

/* What is there under one of its names. A link that leads nowhere is something else. */
static bool
is_named(const struct mapfile_store *store, const char *name, struct stat *found)
{
  return fstatat(store->directory, name, found, AT_SYMLINK_NOFOLLOW) == 0;
}

int
mapfile_store_open(struct mapfile_store *store, const char *path, struct fault *fault)
{
  struct stat found;

  *store = (struct mapfile_store){ .path = path, .directory = -1 };
  if (find_place(store) == -1 || (access(path, R_OK | W_OK) == -1 && errno != ENOENT))
    return store_cannot(store->path, "write", fault);
  store->is_there = is_named(store, store->name, &found);
  if (store->is_there && !S_ISREG(found.st_mode))
    return fault_set(fault, EXIT_FAILED, 0, "the mapfile %.512s is no regular file", path);
  if (store->is_there || !file_name_is_for_devices(path))
    return 0;
  errno = ENXIO; /* one that isn't there, and nothing else is made where they live */
  return store_cannot(store->path, "write", fault);
}

/* ---- Reading ---- */

static int
read_map_bytes(int fd, const char *path, struct mapfile_reader *reader, struct fault *fault)
{
  char bytes[MAPFILE_TEXT_BYTES];
  ssize_t got;

  do {
    got = read(fd, bytes, sizeof bytes);
    if (got == -1 && errno != EINTR)
      return store_cannot(path, "read", fault);
    if (got > 0 && mapfile_reader_take(reader, bytes, (size_t)got, fault) == -1)
      return -1;
  } while (got != 0);
  return mapfile_reader_end(reader, fault);
}

/* Reads the open file, and closes it. */
static int
read_from(int fd, const char *path, struct mapfile *map, struct areas *areas, struct fault *fault)
{
  struct mapfile_reader reader;

  if (fd == -1)
    return store_cannot(path, "open", fault);
  mapfile_reader_init(&reader, map, areas, path);
  int result = read_map_bytes(fd, path, &reader, fault);
  close(fd);
  return result;
}

int
mapfile_store_load(const char *path, struct mapfile *map, struct areas *areas, struct fault *fault)
{
  return read_from(open(path, O_RDONLY | O_CLOEXEC), path, map, areas, fault);
}

int
mapfile_store_read(struct mapfile_store *store, struct mapfile *map, struct areas *areas, struct fault *fault)
{
  struct stat found;
  int fd = openat(store->directory, store->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

  if (read_from(fd, store->path, map, areas, fault) == 0)
    return 0;
  if (fd != -1 && is_named(store, store->previous, &found))
    fault_add(fault, " (%.256s.bak is the one before)", store->path);
  return -1;
}

/* ---- Writing ---- */

/* A new file beside it. */
static int
make_fresh(const struct mapfile_store *store)
{
  if (unlinkat(store->directory, store->fresh, 0) == -1 && errno != ENOENT)
    return -1;
  return openat(store->directory, store->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

static int
write_text(int fd, const struct mapfile *map, const struct areas *areas)
{
  char bytes[MAPFILE_TEXT_BYTES];
  struct text text;
  uint64_t offset = 0;

  text_init(&text, bytes, sizeof bytes);
  for (mapfile_write_head(map, &text); text.used > 0; offset = mapfile_write_blocks(areas, offset, &text)) {
    if (say_text(fd, bytes) == -1)
      return -1;
    text_init(&text, bytes, sizeof bytes);
  }
  return fsync(fd);
}

/* Gives the new one the name, at once, and the old one that of the one before. What has that until now is removed first: where FAT
 * gives a name to another file, it leads to what is free by then until that file is flushed. */
static int
put_in_place(const struct mapfile_store *store)
{
  int directory = store->directory;

  (void)unlinkat(directory, store->previous, 0);
  if (syscall(SYS_renameat2, directory, store->fresh, directory, store->name, RENAME_EXCHANGE) == 0)
    return renameat(directory, store->fresh, directory, store->previous);
  if (errno != ENOENT)
    (void)linkat(directory, store->name, directory, store->previous, 0);
  return renameat(directory, store->fresh, directory, store->name);
}

/* The one before is of use only where it is all there, and no reason to fail. */
static void
flush_previous(const struct mapfile_store *store)
{
  int fd = openat(store->directory, store->previous, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

  if (fd == -1)
    return;
  (void)fsync(fd);
  close(fd);
}

static int
replace_map(const struct mapfile_store *store, const struct mapfile *map, const struct areas *areas)
{
  int fd = make_fresh(store);

  if (fd == -1)
    return -1;
  /* Once more: FAT keeps with a file's name where it lies, and a new name leads nowhere until then. */
  bool is_done = write_text(fd, map, areas) == 0 && put_in_place(store) == 0 && fsync(fd) == 0;
  int errnum = errno;
  close(fd); /* it is flushed, or of no use */
  if (is_done) {
    flush_previous(store);
    return fsync(store->directory) == -1 && errno != EINVAL ? -1 : 0;
  }
  unlinkat(store->directory, store->fresh, 0);
  errno = errnum;
  return -1;
}

int
mapfile_store_write(struct mapfile_store *store, const struct mapfile *map, const struct areas *areas,
                    struct fault *fault)
{
  if (replace_map(store, map, areas) == -1)
    return store_cannot(store->path, "write", fault);
  store->is_there = true;
  return 0;
}

/* ---- Where it lies ---- */

bool
mapfile_store_is_on(const struct mapfile_store *store, const struct identity *end)
{
  const char *const names[] = { store->name, store->fresh, store->previous };
  struct identity identity;
  struct stat found;

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (!is_named(store, names[i], &found))
      continue;
    identity = overlap_identity(&found);
    if (overlap_is_there(&identity, end))
      return true;
  }
  if (fstat(store->directory, &found) == -1)
    return false;
  identity = (struct identity){ .known = true, .is_device = true, .number = found.st_dev };
  return overlap_is_there(&identity, end);
}

bool
mapfile_store_would_be(const struct mapfile_store *store, const char *path)
{
  const char *const names[] = { store->name, store->fresh, store->previous };
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  char directory[PATH_MAX];
  struct stat one, other;

  if (!file_name_directory(path, directory) || stat(directory, &one) == -1 || fstat(store->directory, &other) == -1 ||
      one.st_dev != other.st_dev || one.st_ino != other.st_ino)
    return false;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcmp(name, names[i]) == 0)
      return true;
  return false;
}

void
mapfile_store_close(struct mapfile_store *store)
{
  if (store->directory != -1)
    close(store->directory);
  store->directory = -1;
}
