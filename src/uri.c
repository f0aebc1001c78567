/* SPDX-License-Identifier: MIT */
/* uri: see uri.h. */
#include "uri.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

#define SCHEME_BYTES 16 /* longer than any that is known here */
#define PORT_DEFAULT "10809" /* assigned by IANA */

/* A part of the text, not NUL-terminated. */
struct part {
  const char *text;
  size_t length;
};

struct parser {
  char uri[NAME_BYTES_MAX]; /* its beginning, for messages */
  struct fault *fault;
};

static int
refuse(const struct parser *parser, const char *why)
{
  return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: %s", parser->uri, why);
}

static bool
part_is(struct part part, const char *text)
{
  return part.length == strlen(text) && memcmp(part.text, text, part.length) == 0;
}

/* Splits off what comes before the first of the `ends` characters. */
static struct part
split(struct part *rest, const char *ends)
{
  struct part part = { rest->text, 0 };

  while (part.length < rest->length && !strchr(ends, part.text[part.length]))
    part.length++;
  rest->text += part.length;
  rest->length -= part.length;
  return part;
}

/* Takes one of the `characters` off the front, if it is there. */
static bool
skip(struct part *rest, const char *characters)
{
  if (rest->length == 0 || !strchr(characters, rest->text[0]))
    return false;
  rest->text++;
  rest->length--;
  return true;
}

static int
hex_digit(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 'a' - 'A';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What no part of a URI may hold, also those that mean nothing to us. */
static int
check_characters(const struct parser *parser, const char *text)
{
  for (const char *p = text; *p; p++) {
    if ((unsigned char)*p <= ' ' || *p == 127)
      return refuse(parser, "white space and control characters must be percent-encoded");
    if (*p == '%' && (hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0))
      return refuse(parser, "'%' must be followed by two hexadecimal digits");
    if (*p == '#')
      return refuse(parser, "a fragment (#) has no meaning here; write %23 in a name");
  }
  return 0;
}

/* Resolves percent-encoding into a NUL-terminated buffer. */
static int
decode(const struct parser *parser, struct part part, char *out, size_t out_bytes, const char *what)
{
  size_t used = 0;

  for (size_t i = 0; i < part.length; i++) {
    char c = part.text[i];
    if (c == '%') {
      c = (char)(hex_digit(part.text[i + 1]) << 4 | hex_digit(part.text[i + 2]));
      i += 2;
      if (c == '\0')
        return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: %%00 is not supported in the %s", parser->uri, what);
    }
    if (used + 1 >= out_bytes)
      return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: the %s is longer than %zu bytes", parser->uri, what,
                       out_bytes - 1);
    out[used++] = c;
  }
  out[used] = '\0';
  return 0;
}

static int
parse_scheme(const struct parser *parser, struct part scheme, struct uri *uri)
{
  static const char *const not_supported[] = { "nbds", "nbds+unix", "nbds+vsock", "nbd+vsock", "nbd+ssh" };
  char lower[SCHEME_BYTES]; /* RFC 3986: a scheme's case doesn't matter */

  if (scheme.length < sizeof lower) {
    for (size_t i = 0; i < scheme.length; i++)
      lower[i] = (char)(scheme.text[i] >= 'A' && scheme.text[i] <= 'Z' ? scheme.text[i] | ('a' - 'A') : scheme.text[i]);
    scheme.text = lower;
  }
  if (part_is(scheme, "nbd")) {
    uri->transport = URI_TCP;
    return 0;
  }
  if (part_is(scheme, "nbd+unix")) {
    uri->transport = URI_UNIX;
    return 0;
  }
  for (size_t i = 0; i < sizeof not_supported / sizeof not_supported[0]; i++)
    if (part_is(scheme, not_supported[i]))
      return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: %s:// is not supported yet", parser->uri, not_supported[i]);
  return refuse(parser, "unknown scheme; an NBD URI begins with nbd:// or nbd+unix://");
}

static int
parse_port(const struct parser *parser, struct part port, struct uri *uri)
{
  unsigned value = 0;

  if (port.length == 0) /* RFC 3986 allows "host:" */
    return 0;
  for (size_t i = 0; i < port.length; i++) {
    if (port.text[i] < '0' || port.text[i] > '9' || value > 65535)
      return refuse(parser, "the port must be a number from 1 to 65535");
    value = value * 10 + (unsigned)(port.text[i] - '0');
  }
  if (value < 1 || value > 65535 || port.length >= sizeof uri->port)
    return refuse(parser, "the port must be a number from 1 to 65535");
  memcpy(uri->port, port.text, port.length);
  uri->port[port.length] = '\0';
  return 0;
}

static int
parse_authority(const struct parser *parser, struct part authority, struct uri *uri)
{
  struct part host = split(&authority, "@");

  /* A user name serves TLS authentication alone; a plain connection has no use for it. */
  if (skip(&authority, "@"))
    host = authority;
  if (memchr(host.text, '@', host.length))
    return refuse(parser, "a host's name has no '@'");
  struct part rest = host;

  strcpy(uri->host, "localhost");
  strcpy(uri->port, PORT_DEFAULT);
  if (uri->transport == URI_UNIX)
    return host.length == 0 ? 0 : refuse(parser, "a Unix socket has no host: write nbd+unix:///EXPORT?socket=PATH");
  if (skip(&rest, "[")) {
    host = split(&rest, "]");
    if (!skip(&rest, "]") || host.length == 0)
      return refuse(parser, "an IPv6 address stands in brackets: nbd://[ADDRESS]:PORT/EXPORT");
  } else {
    host = split(&rest, ":");
  }
  if (host.length > 0 && decode(parser, host, uri->host, sizeof uri->host, "host") == -1)
    return -1;
  if (skip(&rest, ":"))
    return parse_port(parser, rest, uri);
  return rest.length == 0 ? 0 : refuse(parser, "after the host's closing bracket only :PORT may follow");
}

static int
parse_parameter(const struct parser *parser, struct part parameter, struct uri *uri)
{
  struct part name = split(&parameter, "=");

  if (!skip(&parameter, "=") && name.length == 0) /* two separators in a row */
    return 0;
  if (part_is(name, "socket")) {
    if (uri->transport != URI_UNIX)
      return refuse(parser, "socket= belongs to nbd+unix://");
    if (uri->socket[0] != '\0')
      return refuse(parser, "socket= is given twice");
    return decode(parser, parameter, uri->socket, sizeof uri->socket, "socket");
  }
  if (name.length > 4 && memcmp(name.text, "tls-", 4) == 0)
    return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: TLS (%.*s=) is not supported yet", parser->uri,
                     (int)name.length, name.text);
  return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: unknown parameter %.*s=", parser->uri, (int)name.length,
                   name.text);
}

bool
uri_is_uri(const char *text)
{
  size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

  return length > 0 && strncmp(text + length, "://", 3) == 0;
}

int
uri_parse(struct uri *uri, const char *text, struct fault *fault)
{
  struct parser parser = { .fault = fault };
  struct part rest = { text, strlen(text) };
  struct part scheme = split(&rest, ":");

  memset(uri, 0, sizeof *uri);
  snprintf(parser.uri, sizeof parser.uri, "%s", text);
  if (!uri_is_uri(text))
    return refuse(&parser, "not a URI");
  if (check_characters(&parser, text) == -1)
    return -1;
  rest.text += 3; /* "://" */
  rest.length -= 3;
  if (parse_scheme(&parser, scheme, uri) == -1)
    return -1;
  if (parse_authority(&parser, split(&rest, "/?"), uri) == -1)
    return -1;
  skip(&rest, "/");
  if (decode(&parser, split(&rest, "?"), uri->export_name, sizeof uri->export_name, "export name") == -1)
    return -1;
  while (skip(&rest, "?&;"))
    if (parse_parameter(&parser, split(&rest, "&;"), uri) == -1)
      return -1;
  if (uri->transport == URI_UNIX && uri->socket[0] == '\0')
    return refuse(&parser, "nbd+unix:// needs ?socket=PATH");
  return 0;
}

/* Adds a part, percent-encoded where it holds other characters than RFC 3986's
 * unreserved ones and `plain`. */
static void
encode(struct text *out, const char *part, const char *plain)
{
  static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

  for (; *part; part++)
    text_add(out, strchr(unreserved, *part) || strchr(plain, *part) ? "%c" : "%%%02X", (unsigned char)*part);
}

void
uri_format(const struct uri *uri, const char *export_name, char bytes[URI_TEXT_BYTES])
{
  struct text out;

  text_init(&out, bytes, URI_TEXT_BYTES);
  if (uri->transport == URI_UNIX) {
    text_add(&out, "nbd+unix:///");
  } else {
    bool is_ipv6 = strchr(uri->host, ':') != NULL;
    text_add(&out, "nbd://%s", is_ipv6 ? "[" : "");
    encode(&out, uri->host, ":");
    text_add(&out, "%s:%s/", is_ipv6 ? "]" : "", uri->port);
  }
  encode(&out, export_name, "/!*'();@&=+$,");
  if (uri->transport == URI_UNIX) {
    text_add(&out, "?socket=");
    encode(&out, uri->socket, "/:@!$'()*,");
  }
}
