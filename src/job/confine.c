/* SPDX-License-Identifier: MIT */
/* confine: see confine.h. */
#include "job/confine.h"

#include "disk/uri.h"
#include "local/file_name.h"
#include "os/descriptors.h"
#include "os/outside.h"
#include "os/sandbox.h"
#include "os/say.h"
#include "tls/tls_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The ends ---- */

/* The list that a copy is held to; with `digest` it is written. */
static const char *
list_of_blocks(const struct options *options)
{
  return options->verb == VERB_COPY ? options->copy.blocks : NULL;
}

static bool
writes_destination(const struct options *options)
{
  return options->verb == VERB_COPY || options->verb == VERB_RESCUE;
}

/* What names a descriptor of ours would be another's outside. */
static bool
is_known_outside(const char *path)
{
  return path && !descriptors_is_name(path);
}

static void
note_place(struct outside_end *end, const struct place *place, bool is_written)
{
  if (place->kind == PLACE_COMMAND)
    end->command = place->command;
  else if (place->kind == PLACE_PATH && is_known_outside(place->text))
    *end = (struct outside_end){ .path = place->text, .is_written = is_written };
}

int
confine_begin(const struct options *options, struct fault *fault)
{
  const char *blocks = list_of_blocks(options);
  char name[NAME_BYTES_MAX];

  if (options->no_sandbox)
    return 0;
  note_place(&outside.ends[0], &options->source, false);
  note_place(&outside.ends[1], &options->destination, writes_destination(options));
  if (blocks && !uri_is_uri(blocks) && is_known_outside(blocks))
    outside.ends[2].path = blocks;
  if (outside_begin() == 0)
    return 0;
  int errnum = errno;
  place_name(&options->source, true, name);
  return fault_set(fault, EXIT_FAILED, errnum, "cannot prepare to open %s again (--no-sandbox does without)", name);
}

/* ---- What they take ---- */

/* What is of interest here of a URI, which is large. */
struct reached {
  enum uri_transport transport;
  char certificates[URI_PATH_BYTES];
  char psk_file[URI_PATH_BYTES];
};

/* One that is wrong is told by whoever opens it. */
static bool
read_uri(struct reached *reached, const char *text)
{
  struct uri uri;
  struct fault ignored;

  if (uri_parse(&uri, text, &ignored) == -1)
    return false;
  reached->transport = uri.transport;
  snprintf(reached->certificates, URI_PATH_BYTES, "%s", uri.tls_certificates);
  snprintf(reached->psk_file, URI_PATH_BYTES, "%s", uri.tls_psk_file);
  return true;
}

static unsigned
needs_of_uri(const char *text)
{
  struct reached reached;

  if (!read_uri(&reached, text))
    return 0;
  if (reached.transport == URI_UNIX)
    return SANDBOX_UNIX;
  return SANDBOX_CONNECTS | (reached.transport == URI_TCP ? SANDBOX_CHILDREN : 0); /* that look up its name again */
}

static unsigned
needs_of_place(const struct place *place)
{
  if (place->kind == PLACE_COMMAND)
    return SANDBOX_STARTS | SANDBOX_CHILDREN;
  return place->kind == PLACE_URI ? needs_of_uri(place->text) : 0;
}

/* The file that digests go to while the content passes. */
static const char *
digests_go_to(const struct options *options)
{
  return options->verb == VERB_DIGEST && options->copy.blocks ? options->copy.blocks : options->copy.blkhash_file;
}

/* Files that we open to write to them, which aren't opened outside. */
static bool
opens_to_write(const struct options *options)
{
  const struct place *destination = &options->destination;

  return options->copy.mapfile || digests_go_to(options) ||
         (writes_destination(options) && destination->kind == PLACE_PATH && descriptors_is_name(destination->text));
}

static unsigned
needs_of(const struct options *options)
{
  const char *blocks = list_of_blocks(options);
  unsigned needs = needs_of_place(&options->source) | needs_of_place(&options->destination);

  if (blocks && uri_is_uri(blocks))
    needs |= needs_of_uri(blocks);
  return needs | (opens_to_write(options) ? SANDBOX_WRITES : 0);
}

/* ---- Files ---- */

/* The directory that a file is in, and the one that a link leads to. */
static void
allow_directory_of(struct sandbox *sandbox, const char *path, unsigned rights)
{
  char directory[PATH_MAX];

  if (file_name_directory(path, directory))
    sandbox_allow(sandbox, directory, rights);
  if (!realpath(path, directory))
    return;
  strrchr(directory, '/')[1] = '\0'; /* as a real path, it has one */
  sandbox_allow(sandbox, directory, rights);
}

static void
allow_to_read(void *sandbox, const char *path)
{
  allow_directory_of(sandbox, path, SANDBOX_READ);
}

/* Certificates may be renewed while we run. */
static void
allow_uri(struct sandbox *sandbox, const char *text)
{
  struct reached reached;

  if (!uri_is_tls(text) || !read_uri(&reached, text))
    return;
  tls_files_each(&(struct tls){ .certificates = reached.certificates[0] ? reached.certificates : NULL,
                                .psk_file = reached.psk_file[0] ? reached.psk_file : NULL },
                 allow_to_read, sandbox);
}

static void
allow_place(struct sandbox *sandbox, const struct place *place, bool is_written)
{
  if (place->kind == PLACE_URI)
    allow_uri(sandbox, place->text);
  if (place->kind != PLACE_PATH || !place->text)
    return;
  if (descriptors_is_name(place->text))
    sandbox_allow(sandbox, place->text, SANDBOX_READ | (is_written ? SANDBOX_WRITE : 0));
  else if (is_written) /* to flush its name */
    allow_directory_of(sandbox, place->text, SANDBOX_LIST);
}

static void
allow_files(struct sandbox *sandbox, const struct options *options)
{
  const char *blocks = list_of_blocks(options), *digests = digests_go_to(options);

  sandbox_allow(sandbox, "/proc", SANDBOX_READ);
  sandbox_allow(sandbox, "/sys", SANDBOX_READ);
  allow_place(sandbox, &options->source, false);
  allow_place(sandbox, &options->destination, writes_destination(options));
  if (blocks && uri_is_uri(blocks))
    allow_uri(sandbox, blocks);
  else if (blocks && descriptors_is_name(blocks))
    sandbox_allow(sandbox, blocks, SANDBOX_READ);
  if (digests)
    allow_directory_of(sandbox, digests, SANDBOX_RENAME);
  if (options->copy.mapfile)
    allow_directory_of(sandbox, options->copy.mapfile, SANDBOX_READ | SANDBOX_WRITE | SANDBOX_RENAME);
}

/* ---- All of it ---- */

static const char *
words_of(struct sandbox_state state)
{
  if (state.calls)
    return state.files ? "system calls, files" : "system calls; not files, for want of Landlock";
  return state.files ? "files; not system calls, for want of seccomp" : "none, for want of seccomp and Landlock";
}

void
confine_enter(const struct options *options)
{
  struct sandbox sandbox;
  struct sandbox_state state;

  if (options->no_sandbox) {
    if (options->verbose && options->persona == PERSONA_DECANT)
      (void)say_line("decant", "sandbox: none (--no-sandbox)");
    return;
  }
  sandbox_begin(&sandbox);
  allow_files(&sandbox, options);
  state = sandbox_enter(&sandbox, needs_of(options));
  if (state.calls || state.files)
    outside_use();
  if (options->verbose && options->persona == PERSONA_DECANT)
    (void)say_line("decant", "sandbox: %s", words_of(state));
}

void
confine_describe(char text[CONFINE_TEXT_BYTES])
{
  snprintf(text, CONFINE_TEXT_BYTES, "sandbox: %s\n", words_of(sandbox_of_kernel()));
}
