/* SPDX-License-Identifier: MIT */
/* uri: NBD URIs, by the document "The NBD Uniform Resource Indicator (URI)
 * format" and RFC 3986 where that refers to it.
 *
 * Understood are nbd:// and nbd+unix://. What the document defines but this
 * program cannot do is refused by its name, never ignored: an operator who asks
 * for encryption must not get plain text.
 */
#ifndef DECANT_URI_H
#define DECANT_URI_H

#include "error.h"

#include <stdbool.h>

#define URI_HOST_BYTES 256
#define URI_PORT_BYTES 6
#define URI_SOCKET_BYTES 108  /* sun_path of a Unix socket, with its NUL */
#define URI_EXPORT_BYTES 4097 /* the protocol's longest string, with its NUL */

/* A URI in its canonical form, with its NUL: each byte of a name and a path may
 * become three. */
#define URI_TEXT_BYTES (3 * (URI_EXPORT_BYTES + URI_SOCKET_BYTES + URI_HOST_BYTES) + 64)

enum uri_transport { URI_TCP, URI_UNIX };

struct uri {
  enum uri_transport transport;
  char host[URI_HOST_BYTES];     /* URI_TCP: name or address, without brackets */
  char port[URI_PORT_BYTES];     /* URI_TCP: decimal */
  char socket[URI_SOCKET_BYTES]; /* URI_UNIX: path */
  char export_name[URI_EXPORT_BYTES];
};

/* Whether a SOURCE or DESTINATION is meant as a URI: it begins with a scheme and
 * "://". Such a file is reached as ./NAME. */
bool uri_is_uri(const char *text);

/* Takes a URI apart. Returns 0, or -1 with the fault (EXIT_BAD_USAGE) set. */
int uri_parse(struct uri *uri, const char *text, struct fault *fault);

/* Writes it in its canonical form, for another export of the same server. */
void uri_format(const struct uri *uri, const char *export_name, char text[URI_TEXT_BYTES]);

#endif
