/* SPDX-License-Identifier: MIT */
/* paths: says of certificates that a server shows whether decant takes them, by the verification of its TLS, at a time of the vector's
 * own. lines.h has the form; a verdict's reason stands behind it:
 *
 *   NAME SECONDS HOST ANCHOR[,ANCHOR...] CERTIFICATE...
 *
 * SECONDS are those since 1970, HOST is '-' for any. The server's own certificate is the first, as in TLS.
 */
#include "outside/lines.h"

#include "tls/tls_x509.h"

#include <bearssl.h>

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct tls_x509 x509;
static time_t now;

/* The C library's is not linked where this is. */
time_t
time(time_t *seconds)
{
  if (seconds)
    *seconds = now;
  return now;
}

/* As the file that operators have. */
static int
write_anchors(const struct line *line, char *path, size_t path_bytes)
{
  char *text = strdup(line->words[3]), *rest = text, *word;
  int fd = memfd_create("anchors", 0);

  while ((word = strsep(&rest, ","))) {
    struct line anchor = { .words = { line->words[0], word }, .count = 2 };
    struct bytes der = line_bytes(&anchor, 1);
    char *pem = malloc(br_pem_encode(NULL, NULL, der.length, "CERTIFICATE", 0) + 1);
    size_t length = br_pem_encode(pem, der.at, der.length, "CERTIFICATE", 0);
    line_must(line, fd != -1 && write(fd, pem, length) == (ssize_t)length, "the anchors can't be written");
    free(pem);
    free(der.at);
  }
  free(text);
  snprintf(path, path_bytes, "/proc/self/fd/%d", fd);
  return fd;
}

static void
show(const struct line *line, unsigned word)
{
  const br_x509_class **context = &x509.vtable;
  struct bytes der = line_bytes(line, word);

  (*context)->start_cert(context, (uint32_t)der.length);
  (*context)->append(context, der.at, der.length);
  (*context)->end_cert(context);
  free(der.at);
}

/* NULL: they are good enough, also for what the handshake then does with the key. */
static const char *
refusal(const struct line *line, const char *host)
{
  static const struct pins pins;
  static struct tls_files files;
  const struct tls tls = { .host = host, .verify_peer = true, .pins = &pins };
  const br_x509_class **context = &x509.vtable;
  unsigned usages = 0;
  int fd = write_anchors(line, files.authorities, sizeof files.authorities);

  tls_x509_init(&x509, &tls, &files);
  (*context)->start_chain(context, host);
  for (unsigned i = 4; i < line->count; i++)
    show(line, i);
  unsigned error = (*context)->end_chain(context);
  close(fd);
  line_must(line, (error == 0) == (x509.fault.exit_code == EXIT_DONE),
            "a verdict without words, or the other way round");
  if (error)
    return x509.fault.text;
  line_must(line, (*context)->get_pkey((const br_x509_class *const *)context, &usages), "accepted, and has no key");
  return usages & BR_KEYTYPE_SIGN ? NULL : "its key isn't for signatures";
}

int
main(void)
{
  struct line line = { 0 };

  while (line_next(&line, 5)) {
    now = (time_t)strtoll(line.words[1], NULL, 10);
    const char *why = refusal(&line, strcmp(line.words[2], "-") == 0 ? NULL : line.words[2]);
    printf("%s %s%s%s\n", line.words[0], verdict_word(!why, true), why ? " " : "", why ? why : "");
  }
  return 0;
}
