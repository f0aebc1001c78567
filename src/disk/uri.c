/* SPDX-License-Identifier: MIT */
/* uri: see uri.h. */
#include "disk/uri.h"

#include "base/hex.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define SCHEME_BYTES 16      /* longer than any that is known here */
#define PORT_DEFAULT "10809" /* assigned by IANA */
#define PORT_MAX 65535
#define VSOCK_HOST "2"       /* the host of a virtual machine, VMADDR_CID_HOST */
#define VSOCK_MAX 4294967294 /* of context IDs and ports: what is above stands for any */

/* RFC 3986's: they are never percent-encoded. */
#define UNRESERVED "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

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
uri_refuse(const struct parser *parser, const char *why)
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

/* What no part of a URI may hold, also those that mean nothing to us. */
static int
check_characters(const struct parser *parser, const char *text)
{
  const char *authority = strstr(text, "://");
  const char *path = authority ? authority + 3 + strcspn(authority + 3, "/?") : text;
  bool bracketed = false;
  uint8_t byte;

  for (const char *p = text; *p; p++) {
    if ((unsigned char)*p <= ' ' || *p == 127)
      return uri_refuse(parser, "white space and control characters must be percent-encoded");
    bracketed = p < path && (*p == '[' || (bracketed && *p != ']'));
    if (*p == '%' && bracketed && strncmp(p, "%25", 3) != 0)
      return uri_refuse(parser, "the zone of an address follows %25: nbd://[fe80::1%25eth0]");
    if (*p == '%' && !hex_read(p + 1, &byte, 1))
      return uri_refuse(parser, "'%' must be followed by two hexadecimal digits");
    if (*p == '#')
      return uri_refuse(parser, "a fragment (#) has no meaning here; write %23 in a name");
  }
  return 0;
}

/* Resolves percent-encoding into a NUL-terminated buffer. */
static int
decode(const struct parser *parser, struct part part, char *out, size_t out_bytes, const char *what)
{
  size_t used = 0;

  for (size_t i = 0; i < part.length; i++) {
    uint8_t c = (uint8_t)part.text[i];
    if (c == '%') {
      hex_read(part.text + i + 1, &c, 1); /* digits: check_characters() looked */
      i += 2;
      if (c == '\0')
        return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: %%00 is not supported in the %s", parser->uri, what);
    }
    if (used + 1 >= out_bytes)
      return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: the %s is longer than %zu bytes", parser->uri, what,
                       out_bytes - 1);
    out[used++] = (char)c;
  }
  out[used] = '\0';
  return 0;
}

static const struct scheme {
  const char *name;
  enum uri_transport transport;
  bool tls;
} schemes[] = {
  { "nbd", URI_TCP, false },       { "nbds", URI_TCP, true },         { "nbd+unix", URI_UNIX, false },
  { "nbds+unix", URI_UNIX, true }, { "nbd+vsock", URI_VSOCK, false }, { "nbds+vsock", URI_VSOCK, true },
};

/* RFC 3986: a scheme's case doesn't matter. */
static const struct scheme *
find_scheme(struct part scheme)
{
  char lower[SCHEME_BYTES];

  if (scheme.length >= sizeof lower)
    return NULL;
  for (size_t i = 0; i < scheme.length; i++)
    lower[i] = (char)(scheme.text[i] >= 'A' && scheme.text[i] <= 'Z' ? scheme.text[i] | ('a' - 'A') : scheme.text[i]);
  scheme.text = lower;
  for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
    if (part_is(scheme, schemes[i].name))
      return &schemes[i];
  return NULL;
}

static int
parse_scheme(const struct parser *parser, struct part text, struct uri *uri)
{
  const struct scheme *scheme = find_scheme(text);

  if (!scheme)
    return fault_set(parser->fault, EXIT_BAD_USAGE, 0,
                     "%s: unknown scheme %.*s://; an NBD URI begins with nbd://,"
                     " nbds://, nbd+unix:// or nbds+unix://",
                     parser->uri, (int)text.length, text.text);
  uri->transport = scheme->transport;
  uri->tls = scheme->tls;
  return 0;
}

/* A decimal number without sign, of at most `max`; false: it isn't one. */
static bool
parse_number(struct part text, uint64_t max, uint64_t *number)
{
  *number = 0;
  for (size_t i = 0; i < text.length; i++) {
    if (text.text[i] < '0' || text.text[i] > '9')
      return false;
    *number = *number * 10 + (uint64_t)(text.text[i] - '0');
    if (*number > max)
      return false;
  }
  return text.length > 0;
}

static int
parse_port(const struct parser *parser, struct part port, struct uri *uri)
{
  uint64_t max = uri->transport == URI_VSOCK ? VSOCK_MAX : PORT_MAX, number;
  size_t digits = uri->transport == URI_VSOCK ? 10 : 5;

  if (port.length == 0) /* RFC 3986 allows "host:" */
    return 0;
  if (!parse_number(port, max, &number) || number < 1 || port.length > digits)
    return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: the port must be a number from 1 to %llu", parser->uri,
                     (unsigned long long)max);
  memcpy(uri->port, port.text, port.length);
  uri->port[port.length] = '\0';
  return 0;
}
_Static_assert(URI_PORT_BYTES > 10, "a port of the most digits fits");

static const char bracket_words[] = "an IPv6 address stands in brackets: nbd://[ADDRESS]:PORT/EXPORT";

static int
parse_authority(const struct parser *parser, struct part authority, struct uri *uri)
{
  struct part host = split(&authority, "@");

  /* A user name serves TLS authentication alone; a plain connection has no use for it. */
  if (skip(&authority, "@")) {
    if (uri->tls && decode(parser, host, uri->user, sizeof uri->user, "user name") == -1)
      return -1;
    host = authority;
  }
  if (memchr(host.text, '@', host.length))
    return uri_refuse(parser, "a host's name has no '@'");
  struct part rest = host;

  strcpy(uri->host, uri->transport == URI_VSOCK ? VSOCK_HOST : "localhost");
  strcpy(uri->port, PORT_DEFAULT);
  if (uri->transport == URI_UNIX)
    return host.length == 0 ? 0 : uri_refuse(parser, "a Unix socket has no host: write nbd+unix:///EXPORT?socket=PATH");
  bool is_bracketed = skip(&rest, "[");
  if (is_bracketed) {
    host = split(&rest, "]");
    if (!skip(&rest, "]") || host.length == 0)
      return uri_refuse(parser, bracket_words);
  } else {
    host = split(&rest, ":");
  }
  if (host.length > 0 && decode(parser, host, uri->host, sizeof uri->host, "host") == -1)
    return -1;
  /* By its colons an address is told from a name, and put into brackets again. */
  if (strchr(uri->host, ':') && (!is_bracketed || uri->host[strspn(uri->host, UNRESERVED ":%")] != '\0'))
    return uri_refuse(parser, bracket_words);
  uint64_t number;
  if (uri->transport == URI_VSOCK && !parse_number((struct part){ uri->host, strlen(uri->host) }, VSOCK_MAX, &number))
    return uri_refuse(parser, "a vsock has a number (the context ID) in the place of the host");
  if (skip(&rest, ":"))
    return parse_port(parser, rest, uri);
  return rest.length == 0 ? 0 : uri_refuse(parser, "after the host's closing bracket only :PORT may follow");
}

/* A parameter that is a string; given once, and not empty. */
static int
parse_text(const struct parser *parser, const char *name, struct part value, char *out, size_t out_bytes)
{
  if (out[0] != '\0')
    return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: %s= is given twice", parser->uri, name);
  if (decode(parser, value, out, out_bytes, name) == -1)
    return -1;
  if (out[0] == '\0')
    return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: %s= is empty", parser->uri, name);
  return 0;
}

/* As libnbd takes them. */
static int
parse_verify_peer(const struct parser *parser, struct part value, struct uri *uri)
{
  static const struct {
    const char *name;
    bool value;
  } words[] = { { "1", true },  { "true", true },   { "t", true },  { "yes", true }, { "y", true },  { "on", true },
                { "0", false }, { "false", false }, { "f", false }, { "no", false }, { "n", false }, { "off", false } };

  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (part_is(value, words[i].name)) {
      uri->tls_verify_peer = words[i].value;
      return 0;
    }
  return uri_refuse(parser, "tls-verify-peer= must be 1 (the default) or 0");
}

/* Of the types of the URI document there are two, and which one it is follows from
 * the other parameters: it may be said, but not otherwise. */
static int
parse_type(const struct parser *parser, struct part value, struct uri *uri)
{
  uri->tls_type = part_is(value, "x509") ? URI_TLS_X509 : part_is(value, "psk") ? URI_TLS_PSK : URI_TLS_ANY;
  return uri->tls_type == URI_TLS_ANY ? uri_refuse(parser, "tls-type= must be x509 or psk") : 0;
}

static int
parse_tls_parameter(const struct parser *parser, struct part name, struct part value, struct uri *uri)
{
  if (!uri->tls)
    return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: %.*s= belongs to nbds://, nbds+unix:// or nbds+vsock://",
                     parser->uri, (int)name.length, name.text);
  if (part_is(name, "tls-certificates"))
    return parse_text(parser, "tls-certificates", value, uri->tls_certificates, sizeof uri->tls_certificates);
  if (part_is(name, "tls-psk-file"))
    return parse_text(parser, "tls-psk-file", value, uri->tls_psk_file, sizeof uri->tls_psk_file);
  if (part_is(name, "tls-hostname"))
    return parse_text(parser, "tls-hostname", value, uri->tls_hostname, sizeof uri->tls_hostname);
  if (part_is(name, "tls-verify-peer"))
    return parse_verify_peer(parser, value, uri);
  if (part_is(name, "tls-type"))
    return parse_type(parser, value, uri);
  return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: unknown parameter %.*s=", parser->uri, (int)name.length,
                   name.text);
}

static int
parse_parameter(const struct parser *parser, struct part parameter, struct uri *uri)
{
  struct part name = split(&parameter, "=");

  if (!skip(&parameter, "=") && name.length == 0) /* two separators in a row */
    return 0;
  if (part_is(name, "socket")) {
    if (uri->transport != URI_UNIX)
      return uri_refuse(parser, "socket= belongs to nbd+unix://");
    if (uri->socket[0] != '\0')
      return uri_refuse(parser, "socket= is given twice");
    return decode(parser, parameter, uri->socket, sizeof uri->socket, "socket");
  }
  if (name.length > 4 && memcmp(name.text, "tls-", 4) == 0)
    return parse_tls_parameter(parser, name, parameter, uri);
  return fault_set(parser->fault, EXIT_BAD_USAGE, 0, "%s: unknown parameter %.*s=", parser->uri, (int)name.length,
                   name.text);
}

/* What the parameters say together. */
static int
check_tls(const struct parser *parser, const struct uri *uri)
{
  bool psk = uri->tls_psk_file[0] != '\0';

  if (uri->tls_type == URI_TLS_PSK && !psk)
    return uri_refuse(parser, "tls-type=psk needs tls-psk-file=");
  if (psk && uri->tls_type == URI_TLS_X509)
    return uri_refuse(parser, "tls-type=x509 and tls-psk-file= contradict each other");
  if (psk && uri->tls_certificates[0] != '\0')
    return uri_refuse(parser, "tls-psk-file= and tls-certificates= contradict each other");
  return 0;
}

bool
uri_is_uri(const char *text)
{
  size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

  return length > 0 && strncmp(text + length, "://", 3) == 0;
}

bool
uri_is_tls(const char *text)
{
  const struct scheme *scheme = uri_is_uri(text) ? find_scheme((struct part){ text, strcspn(text, ":") }) : NULL;

  return scheme && scheme->tls;
}

int
uri_parse(struct uri *uri, const char *text, struct fault *fault)
{
  struct parser parser = { .fault = fault };
  struct part rest = { text, strlen(text) };
  struct part scheme = split(&rest, ":");

  memset(uri, 0, sizeof *uri);
  uri->tls_verify_peer = true;
  snprintf(parser.uri, sizeof parser.uri, "%s", text);
  if (!uri_is_uri(text))
    return uri_refuse(&parser, "not a URI");
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
    return uri_refuse(&parser, "nbd+unix:// needs ?socket=PATH");
  return check_tls(&parser, uri);
}

/* Adds a part, percent-encoded where it holds other characters than UNRESERVED
 * and `plain`. */
static void
encode(struct text *out, const char *part, const char *plain)
{
  for (; *part; part++)
    text_add(out, strchr(UNRESERVED, *part) || strchr(plain, *part) ? "%c" : "%%%02X", (unsigned char)*part);
}

/* The parameters of a query, each with what it begins with. */
static void
add_parameter(struct text *out, const char **separator, const char *name, const char *value)
{
  if (value[0] == '\0')
    return;
  text_add(out, "%s%s=", *separator, name);
  encode(out, value, "/:@!$'()*,");
  *separator = "&";
}

static void
add_host(struct text *out, const struct uri *uri)
{
  bool is_ipv6 = strchr(uri->host, ':') != NULL;

  text_add(out, "%s", is_ipv6 ? "[" : "");
  encode(out, uri->host, ":");
  text_add(out, "%s:%s", is_ipv6 ? "]" : "", uri->port);
}

void
uri_format(const struct uri *uri, const char *export_name, char bytes[URI_TEXT_BYTES])
{
  static const char *const transports[] = { [URI_TCP] = "", [URI_UNIX] = "+unix", [URI_VSOCK] = "+vsock" };
  const char *separator = "?";
  struct text out;

  text_init(&out, bytes, URI_TEXT_BYTES);
  text_add(&out, "nbd%s%s://", uri->tls ? "s" : "", transports[uri->transport]);
  encode(&out, uri->user, "!$'()*,;&=+");
  text_add(&out, "%s", uri->user[0] ? "@" : "");
  if (uri->transport != URI_UNIX)
    add_host(&out, uri);
  text_add(&out, "/");
  encode(&out, export_name, "/!*'();@&=+$,");
  if (uri->transport == URI_UNIX)
    add_parameter(&out, &separator, "socket", uri->socket);
  add_parameter(&out, &separator, "tls-certificates", uri->tls_certificates);
  add_parameter(&out, &separator, "tls-psk-file", uri->tls_psk_file);
  add_parameter(&out, &separator, "tls-hostname", uri->tls_hostname);
  add_parameter(&out, &separator, "tls-verify-peer", uri->tls && !uri->tls_verify_peer ? "0" : "");
}
