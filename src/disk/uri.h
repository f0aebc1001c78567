/* SPDX-License-Identifier: MIT */
/* uri: NBD URIs, by the document "The NBD Uniform Resource Indicator (URI)
 * format" and RFC 3986 where that refers to it.
 *
 * Understood are nbd://, nbd+unix:// and nbd+vsock://, and nbds for each of them with
 * the tls- parameters of that document and of libnbd. What this program cannot do
 * is refused by its name, never ignored: an operator who asks for encryption must
 * not get plain text.
 */
#ifndef DECANT_URI_H
#define DECANT_URI_H

#include "base/error.h"

#include <stdbool.h>

#define URI_HOST_BYTES 256
#define URI_PORT_BYTES 11     /* of a vsock, which has 32 bits of them */
#define URI_SOCKET_BYTES 108  /* sun_path of a Unix socket, with its NUL */
#define URI_EXPORT_BYTES 4097 /* the protocol's longest string, with its NUL */
#define URI_USER_BYTES 256
#define URI_PATH_BYTES 512

/* A URI in its canonical form, with its NUL: each byte of a name and a path may
 * become three. */
#define URI_TEXT_BYTES                                                                                                 \
  (3 * (URI_EXPORT_BYTES + URI_SOCKET_BYTES + 2 * URI_HOST_BYTES + URI_USER_BYTES + 2 * URI_PATH_BYTES) + 256)

enum uri_transport { URI_TCP, URI_UNIX, URI_VSOCK };
enum uri_tls_type { URI_TLS_ANY, URI_TLS_X509, URI_TLS_PSK };

struct uri {
  enum uri_transport transport;
  bool tls;                      /* nbds: encrypted, or not at all */
  char host[URI_HOST_BYTES];     /* URI_TCP: name or address, without brackets; URI_VSOCK: context ID, decimal */
  char port[URI_PORT_BYTES];     /* URI_TCP, URI_VSOCK: decimal */
  char socket[URI_SOCKET_BYTES]; /* URI_UNIX: path */
  char export_name[URI_EXPORT_BYTES];

  /* For TLS; empty: not given. */
  char user[URI_USER_BYTES];
  char tls_certificates[URI_PATH_BYTES]; /* a directory */
  char tls_psk_file[URI_PATH_BYTES];
  char tls_hostname[URI_HOST_BYTES]; /* the name to expect in the server's certificate */
  bool tls_verify_peer;              /* true if not given */
  enum uri_tls_type tls_type;        /* agrees with whether there is a tls_psk_file */
};

/* Whether a SOURCE or DESTINATION is meant as a URI: it begins with a scheme and
 * "://". Such a file is reached as ./NAME. */
bool uri_is_uri(const char *text);

/* Takes a URI apart. Returns 0, or -1 with the fault (EXIT_BAD_USAGE) set. */
int uri_parse(struct uri *uri, const char *text, struct fault *fault);

/* Writes it in its canonical form, for another export of the same server. */
void uri_format(const struct uri *uri, const char *export_name, char text[URI_TEXT_BYTES]);

/* Whether a URI asks for TLS, by its scheme. */
bool uri_is_tls(const char *text);

#endif
