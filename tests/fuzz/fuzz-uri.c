/* SPDX-License-Identifier: MIT */
/* A URI with anything in it: either it is refused, in words that may be shown, or it is said again in a way that means the same, also for
 * an export of any name. A case is the URI, a NUL and the name. */
#include "fuzz/fuzz.h"

#include "disk/uri.h"

#include <stdlib.h>
#include <string.h>

static char text[URI_TEXT_BYTES], text_again[URI_TEXT_BYTES];

static void
must_mean_the_same(const struct uri *one, const struct uri *other)
{
  must(one->transport == other->transport && one->tls == other->tls);
  must(strcmp(one->host, other->host) == 0 && strcmp(one->port, other->port) == 0);
  must(strcmp(one->socket, other->socket) == 0 && strcmp(one->user, other->user) == 0);
  must(strcmp(one->tls_certificates, other->tls_certificates) == 0);
  must(strcmp(one->tls_psk_file, other->tls_psk_file) == 0);
  must(strcmp(one->tls_hostname, other->tls_hostname) == 0);
  must(one->tls_verify_peer == other->tls_verify_peer);
}

static void
must_come_back(const struct uri *uri, const char *export_name)
{
  static struct uri again;
  struct fault fault = { 0 };

  uri_format(uri, export_name, text);
  must(text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$'()*,;&=+%:/?@[]")] == 0);
  must(uri_parse(&again, text, &fault) == 0);
  must_mean_the_same(uri, &again);
  must(strcmp(again.export_name, export_name) == 0);
  uri_format(&again, again.export_name, text_again);
  must(strcmp(text, text_again) == 0);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  static struct uri uri;
  struct fuzz_case input[] = { { data, size } };
  char *word = fuzz_word(input), *name = fuzz_word(input);
  struct fault fault = { 0 };

  if (uri_parse(&uri, word, &fault) == -1) {
    must(fault.exit_code == EXIT_BAD_USAGE && fault.text[0] && !strchr(fault.text, '\n') &&
         fuzz_may_be_shown(fault.text));
  } else {
    must(uri_is_uri(word) && uri_is_tls(word) == uri.tls && fault.exit_code == EXIT_DONE);
    must(uri.tls || (!uri.user[0] && !uri.tls_certificates[0] && !uri.tls_psk_file[0] && !uri.tls_hostname[0]));
    must_come_back(&uri, uri.export_name);
    must_come_back(&uri, name);
  }
  free(name);
  free(word);
  return 0;
}
