/* SPDX-License-Identifier: MIT */
/* inherited: see inherited.h. */
#include "job/inherited.h"

#include "os/descriptors.h"

#include <sys/stat.h>
#include <unistd.h>

static int
check_path(const char *what, const char *path, enum descriptor_use use, struct fault *fault)
{
  if (!path || descriptors_path_is_open(path, use))
    return 0;
  return fault_set(fault, EXIT_FAILED, 0, "%s%s: that file descriptor isn't open", what, path);
}

static int
check_place(const struct place *place, enum descriptor_use use, struct fault *fault)
{
  bool reads = use == DESCRIPTOR_READ;

  if (place->kind == PLACE_PATH)
    return check_path("", place->text, use, fault);
  if (place->kind != PLACE_STREAM || descriptors_can(reads ? STDIN_FILENO : STDOUT_FILENO, use))
    return 0;
  return fault_set(fault, EXIT_FAILED, 0, "- is standard %s, which is closed, or not open for %s",
                   reads ? "input" : "output", reads ? "reading" : "writing");
}

/* Whether a place is what `said` is open on. What comes of a character device, a
 * terminal or /dev/null, is nothing that could be spoilt. */
static bool
is_place(const struct stat *said, const struct place *place, int stream)
{
  struct stat found;

  if (place->kind == PLACE_STREAM ? fstat(stream, &found) == -1
                                  : place->kind != PLACE_PATH || stat(place->text, &found) == -1)
    return false;
  if (S_ISBLK(found.st_mode))
    return S_ISBLK(said->st_mode) && found.st_rdev == said->st_rdev;
  return !S_ISCHR(found.st_mode) && found.st_dev == said->st_dev && found.st_ino == said->st_ino;
}

bool
inherited_says_into_disk(const struct options *options)
{
  struct stat said;

  return fstat(STDERR_FILENO, &said) == 0 && is_place(&said, &options->destination, STDOUT_FILENO);
}

static int
check_progress(int fd, struct fault *fault)
{
  if (fd == -1 || descriptors_can(fd, DESCRIPTOR_WRITE))
    return 0;
  return fault_set(fault, EXIT_BAD_USAGE, 0, "--progress=%d: that file descriptor isn't open for writing", fd);
}

/* Where what a copy says would become part of the disk (2>&1 before a pipe). */
static int
check_words(const struct options *options, struct fault *fault)
{
  const struct copy_options *copy = &options->copy;
  bool to_stderr = (copy->progress && copy->progress_fd == -1) || copy->report || options->verbose ||
                   (options->destination.kind == PLACE_STREAM && (copy->sha256 || copy->blkhash));
  bool to_stdout = options->destination.kind != PLACE_STREAM &&
                   (copy->json || copy->sha256 || (copy->blkhash && !copy->blkhash_file));
  struct stat said;

  if (check_progress(copy->progress_fd, fault) == -1)
    return -1;
  if (copy->progress_fd != -1 && fstat(copy->progress_fd, &said) == 0 &&
      is_place(&said, &options->destination, STDOUT_FILENO))
    return fault_set(fault, EXIT_BAD_USAGE, 0, "--progress=%d: that file descriptor is the DESTINATION",
                     copy->progress_fd);
  if (to_stderr && inherited_says_into_disk(options))
    return fault_set(fault, EXIT_BAD_USAGE, 0,
                     "standard error is the DESTINATION too (2>&1?): what -p, -v, --report or "
                     "a digest says would become part of the disk");
  if (to_stdout && fstat(STDOUT_FILENO, &said) == 0 && is_place(&said, &options->destination, STDOUT_FILENO))
    return fault_set(fault, EXIT_BAD_USAGE, 0,
                     "standard output is the DESTINATION too: what is printed there would become part of the disk");
  return 0;
}

int
inherited_check(const struct options *options, struct fault *fault)
{
  if (options->mode != RUN_VERB)
    return 0;
  if (check_place(&options->source, DESCRIPTOR_READ, fault) == -1)
    return -1;
  if (options->verb == VERB_COMPARE)
    return check_place(&options->destination, DESCRIPTOR_READ, fault) == -1
               ? -1
               : check_progress(options->copy.progress_fd, fault);
  if (options->verb == VERB_MAP || options->verb == VERB_INFO || options->verb == VERB_DISKS)
    return 0;
  if (check_place(&options->destination, DESCRIPTOR_WRITE, fault) == -1 ||
      check_path("--blkhash-file=", options->copy.blkhash_file, DESCRIPTOR_WRITE, fault) == -1 ||
      check_path("--blocks=", options->copy.blocks, options->verb == VERB_DIGEST ? DESCRIPTOR_WRITE : DESCRIPTOR_READ,
                 fault) == -1)
    return -1;
  return check_words(options, fault);
}
