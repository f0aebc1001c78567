/* SPDX-License-Identifier: MIT */
/* A URI read wrongly is another disk overwritten, or a name sent in plain that
 * was meant to be encrypted: what is understood, and what is refused and how. */
#include "unit/unit.h"

#include "disk/uri.h"

static struct uri uri; /* large */

static void
uris_are_told_from_files(void **state)
{
  static const struct {
    const char *text;
    bool is_uri;
  } cases[] = {
    { "nbd://host", true },  { "nbd+unix:///?socket=s", true },
    { "NBD://host", true },  { "http://host", true },
    { "x-y.z+1://", true },  { "nbd:host", false },
    { "nbd:/host", false },  { "nbd", false },
    { "", false },           { "://", false },
    { "/nbd://", false },    { "./nbd://host", false },
    { "my disk://", false }, { "/dev/sda", false },
    { "-", false },          { "null:", false },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++)
    if (uri_is_uri(cases[i].text) != cases[i].is_uri)
      fail_msg("\"%s\" should%s be a URI", cases[i].text, cases[i].is_uri ? "" : "n't");
}

static void
tcp_uris_name_host_port_and_export(void **state)
{
  static const struct {
    const char *text, *host, *port, *export_name;
  } cases[] = {
    /* The table of the URI document. */
    { "nbd://example.com/disk", "example.com", "10809", "disk" },
    { "nbd://example.com/", "example.com", "10809", "" },
    { "nbd://example.com", "example.com", "10809", "" },
    { "nbd://example.com//disk", "example.com", "10809", "/disk" },
    { "nbd://example.com/hello%20world", "example.com", "10809", "hello world" },
    { "nbd://example.com:10809/export", "example.com", "10809", "export" },
    /* Ports. */
    { "nbd://h:1/x", "h", "1", "x" },
    { "nbd://h:65535", "h", "65535", "" },
    { "nbd://h:/x", "h", "10809", "x" },
    /* Addresses. */
    { "nbd://10.0.0.1/x", "10.0.0.1", "10809", "x" },
    { "nbd://[::1]/x", "::1", "10809", "x" },
    { "nbd://[2001:db8::7]:99/x", "2001:db8::7", "99", "x" },
    { "nbd://[fe80::1%25eth0]:99", "fe80::1%eth0", "99", "" },
    { "nbd://h/[a%20b]", "h", "10809", "[a b]" },
    { "nbd://h%2Dost/x", "h-ost", "10809", "x" },
    /* No host: this machine. */
    { "nbd:///x", "localhost", "10809", "x" },
    { "nbd://", "localhost", "10809", "" },
    { "nbd://:99/x", "localhost", "99", "x" },
    /* User names serve TLS alone. */
    { "nbd://alice@h:99/x", "h", "99", "x" },
    { "nbd://alice:pw@h/x", "h", "10809", "x" },
    { "nbd://alice@[::1]/x", "::1", "10809", "x" },
    { "nbd://@h/x", "h", "10809", "x" },
    /* Paths. */
    { "nbd://h///", "h", "10809", "//" },
    { "nbd://h/a/b:c@d", "h", "10809", "a/b:c@d" },
    { "nbd://h/a&b=c;d", "h", "10809", "a&b=c;d" },
    { "nbd://h/a+b", "h", "10809", "a+b" },
    { "nbd://h/%2f%2F%23%3f%25", "h", "10809", "//#?%" },
    { "nbd://h/%c3%bc\xc3\xbc", "h", "10809", "\xc3\xbc\xc3\xbc" },
    { "nbd://h/%0a", "h", "10809", "\n" },
    { "nbd://h/[x]", "h", "10809", "[x]" },
    /* Queries that say nothing. */
    { "nbd://h/x?", "h", "10809", "x" },
    { "nbd://h?", "h", "10809", "" },
    { "nbd://h/x?&&;", "h", "10809", "x" },
  };
  struct fault fault;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    if (uri_parse(&uri, cases[i].text, &fault) == -1)
      fail_msg("refused: %s", fault.text);
    assert_int_equal(uri.transport, URI_TCP);
    assert_string_equal(uri.host, cases[i].host);
    assert_string_equal(uri.port, cases[i].port);
    assert_string_equal(uri.export_name, cases[i].export_name);
    assert_string_equal(uri.socket, "");
  }
}

static void
unix_uris_name_socket_and_export(void **state)
{
  static const struct {
    const char *text, *socket, *export_name;
  } cases[] = {
    { "nbd+unix:///disk?socket=sock", "sock", "disk" },
    { "nbd+unix://?socket=/run/nbd.sock", "/run/nbd.sock", "" },
    { "nbd+unix:///?socket=/run/nbd.sock", "/run/nbd.sock", "" },
    { "nbd+unix:////disk?socket=a", "a", "/disk" },
    { "nbd+unix:///x?socket=/tmp/a%20b%26c", "/tmp/a b&c", "x" },
    { "nbd+unix:///x?socket=/tmp/a=b?c", "/tmp/a=b?c", "x" },
    { "nbd+unix:///x?socket=a+b", "a+b", "x" },
    { "nbd+unix:///x?&socket=a&", "a", "x" },
    { "nbd+unix://alice@/x?socket=a", "a", "x" },
  };
  struct fault fault;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    if (uri_parse(&uri, cases[i].text, &fault) == -1)
      fail_msg("refused: %s", fault.text);
    assert_int_equal(uri.transport, URI_UNIX);
    assert_string_equal(uri.socket, cases[i].socket);
    assert_string_equal(uri.export_name, cases[i].export_name);
  }
}

static void
tls_uris_say_how_to_secure_it(void **state)
{
  static const struct {
    const char *text;
    enum uri_transport transport;
    const char *host, *user, *certificates, *psk_file, *hostname;
    bool verify_peer;
  } cases[] = {
    { "nbds://h/x", URI_TCP, "h", "", "", "", "", true },
    { "NBDS://h", URI_TCP, "h", "", "", "", "", true },
    { "nbds://alice@h:99/x?tls-psk-file=/k%20eys", URI_TCP, "h", "alice", "", "/k eys", "", true },
    { "nbds://a%40b@h/x?tls-type=psk&tls-psk-file=k", URI_TCP, "h", "a@b", "", "k", "", true },
    { "nbds+unix:///x?socket=s&tls-certificates=/pki", URI_UNIX, "localhost", "", "/pki", "", "", true },
    { "nbds+unix://u@/x?tls-hostname=a.example&socket=s", URI_UNIX, "localhost", "u", "", "", "a.example", true },
    { "nbds+vsock:///x", URI_VSOCK, "2", "", "", "", "", true },
    { "nbds+vsock://4294967294:4294967294/x", URI_VSOCK, "4294967294", "", "", "", "", true },
    { "nbds+vsock://3:77/x?tls-type=x509", URI_VSOCK, "3", "", "", "", "", true },
    { "nbds://h/x?tls-verify-peer=0", URI_TCP, "h", "", "", "", "", false },
    { "nbds://h/x?tls-verify-peer=false", URI_TCP, "h", "", "", "", "", false },
    { "nbds://h/x?tls-verify-peer=1", URI_TCP, "h", "", "", "", "", true },
  };
  struct fault fault;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    if (uri_parse(&uri, cases[i].text, &fault) == -1)
      fail_msg("refused: %s", fault.text);
    assert_true(uri.tls && uri_is_tls(cases[i].text));
    assert_int_equal(uri.transport, cases[i].transport);
    assert_string_equal(uri.host, cases[i].host);
    assert_string_equal(uri.user, cases[i].user);
    assert_string_equal(uri.tls_certificates, cases[i].certificates);
    assert_string_equal(uri.tls_psk_file, cases[i].psk_file);
    assert_string_equal(uri.tls_hostname, cases[i].hostname);
    assert_int_equal(uri.tls_verify_peer, cases[i].verify_peer);
  }
  assert_false(uri_is_tls("nbd://h/x") || uri_is_tls("nbds") || uri_is_tls("./nbds://h"));
}

static void
assert_refused(const char *text, const char *word)
{
  struct fault fault = { 0 };

  if (uri_parse(&uri, text, &fault) != -1)
    fail_msg("not refused: %s", text);
  assert_int_equal(fault.exit_code, EXIT_BAD_USAGE);
  /* The URI comes first, and the reason must not be looked for there. */
  const char *reason = fault.text + (strlen(text) < NAME_BYTES_MAX ? strlen(text) : 0);
  if (!strstr(reason, word))
    fail_msg("doesn't speak of \"%s\": %s", word, fault.text);
  for (const char *p = fault.text; *p; p++)
    assert_true((unsigned char)*p >= ' ' && *p != 127);
}

static void
what_cannot_be_done_is_refused_in_words(void **state)
{
  static const struct {
    const char *text, *word; /* the reason names it */
  } cases[] = {
    /* Schemes: encryption that is asked for must never be left out silently. */
    { "nbds+tcp://h/x", "nbds+tcp://" },
    { "nbdss://h/x", "nbdss://" },
    { "nbd+ssh://h/x", "nbd+ssh://" },
    { "nbdx://h/x", "scheme" },
    { "http://h/x", "scheme" },
    { "nbd+://h/x", "scheme" },
    { "not a uri", "not a URI" },
    { "nbd:h", "not a URI" },
    { "", "not a URI" },
    /* Ports. */
    { "nbd://h:0", "port" },
    { "nbd://h:65536", "port" },
    { "nbd://h:99999999999999999999", "port" },
    { "nbd://h:4294967297", "port" },
    { "nbd://h:-1", "port" },
    { "nbd://h:+1", "port" },
    { "nbd://h:1x", "port" },
    { "nbd://h:nbd", "port" },
    { "nbd://h:%31", "port" },
    { "nbd://h:1:2", "port" },
    { "nbd://::1/x", "port" }, /* an IPv6 address without its brackets */
    { "nbd://fe80::1/x", "port" },
    /* Brackets. */
    { "nbd://[::1/x", "bracket" },
    { "nbd://[]/x", "bracket" },
    { "nbd://[]:99/x", "bracket" },
    { "nbd://[::1]99/x", "bracket" },
    { "nbd://[::1]h:99/x", "bracket" },
    { "nbd://[::1<]/x", "bracket" }, /* no URI can say again what such a host is */
    { "nbd://[::1%25a<b]/x", "bracket" },
    { "nbd://h%3Ax/x", "bracket" },
    /* Percent-encoding. */
    { "nbd://h/%", "%" },
    { "nbd://h/%2", "%" },
    { "nbd://h/a%2?x", "%" },
    { "nbd://h/%zz", "%" },
    { "nbd://h/%2g", "%" },
    { "nbd://h/%%20", "%" },
    { "nbd://%4/x", "%" },
    { "nbd+unix:///x?socket=%2", "%" },
    { "nbd+unix:///x?socket=a%2&socket=b", "%" },
    { "nbd://h/a%00b", "%00" },
    { "nbd://h%00/x", "%00" },
    { "nbd+unix:///?socket=%00/abstract", "%00" },
    /* Fragments. */
    { "nbd://h/x#y", "#" },
    { "nbd://h#", "#" },
    { "nbd+unix:///x?socket=a#b", "#" },
    /* What can't stand in a URI. */
    { "nbd://h/a b", "percent-encoded" },
    { "nbd://h/a\nb", "percent-encoded" },
    { "nbd://h/a\x7f", "percent-encoded" },
    { "nbd://h /a", "percent-encoded" },
    { "nbd+unix:///x?socket=a\tb", "percent-encoded" },
    /* Parameters. */
    { "nbd://h/x?socket=s", "socket" },
    { "nbd://h/x?unknown=1", "unknown=" },
    { "nbd://h/x?unknown", "unknown" },
    { "nbd://h/x?x-mine=1", "x-mine=" },
    { "nbd://h/x?SOCKET=s", "SOCKET=" },
    { "nbd://h/x?tls-type=psk", "tls-type=" },
    { "nbd://h/x?tls-hostname=h", "tls-hostname=" },
    { "nbd://h/x?tls-verify-peer=0", "tls-verify-peer=" },
    { "nbd+unix:///x?socket=s&tls-type=psk", "tls-type=" },
    { "nbd+vsock://2/x?tls-psk-file=f", "nbds" },
    { "nbds://h/x?tls-frobnicate=1", "tls-frobnicate=" },
    { "nbds://h/x?tls-verify-peer=2", "tls-verify-peer=" },
    { "nbds://h/x?tls-verify-peer=", "tls-verify-peer=" },
    { "nbds://h/x?tls-type=anon", "tls-type=" },
    { "nbds://h/x?tls-type=psk", "tls-psk-file=" },
    { "nbds://h/x?tls-type=x509&tls-psk-file=f", "tls-psk-file=" },
    { "nbds://h/x?tls-certificates=d&tls-psk-file=f", "tls-psk-file=" },
    { "nbds://h/x?tls-certificates=", "tls-certificates=" },
    { "nbds://h/x?tls-hostname=a&tls-hostname=b", "twice" },
    { "nbds://h/x?socket=s", "socket=" },
    { "nbds://a%00b@h/x", "%00" },
    { "nbd+vsock://host/x", "context ID" },
    { "nbds+vsock://2x/x", "context ID" },
    { "nbd+vsock://4294967295/x", "context ID" },
    { "nbd+vsock://2:4294967295/x", "from 1 to 4294967294" },
    { "nbd+vsock://2:0/x", "from 1 to 4294967294" },
    { "nbd://[fe80::1%eth0]/x", "%25" },
    { "nbd://[fe80::1%ef0]/x", "%25" },
    { "nbd+unix:///x?socket=s;unknown=1", "unknown=" },
    { "nbd+unix:///x?sockets=s", "sockets=" },
    { "nbd+unix:///x?socke=s", "socke=" },
    /* Sockets. */
    { "nbd+unix:///x", "socket=" },
    { "nbd+unix:///x?", "socket=" },
    { "nbd+unix:///x?socket", "socket=" },
    { "nbd+unix:///x?socket=", "socket=" },
    { "nbd+unix://h/x?socket=s", "host" },
    { "nbd+unix://:99/x?socket=s", "host" },
    { "nbd+unix://run/nbd.sock", "host" }, /* a slash too few */
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++)
    assert_refused(cases[i].text, cases[i].word);
}

/* What has no meaning was meant to have one. */
static void
nothing_is_left_out_silently(void **state)
{
  static const struct {
    const char *text, *word;
  } cases[] = {
    { "nbd+unix:///x?socket=a&socket=b", "socket" }, /* which of the two? */
    { "nbd://h/x?=1", "parameter" },
    { "nbd://a b@h/x", "percent-encoded" },
    { "nbd://a\nb@h/x", "percent-encoded" },
    { "nbd://%zz@h/x", "%" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++)
    assert_refused(cases[i].text, cases[i].word);
}

/* A text of `length` times c between two others. */
static const char *
long_uri(const char *before, char c, size_t length, const char *after)
{
  static char text[8192];

  assert_true(strlen(before) + length + strlen(after) < sizeof text);
  strcpy(text, before);
  memset(text + strlen(before), c, length);
  strcpy(text + strlen(before) + length, after);
  return text;
}

static void
parts_may_be_as_long_as_the_protocol_says(void **state)
{
  struct fault fault;

  (void)state;
  assert_int_equal(uri_parse(&uri, long_uri("nbd://h/", 'e', 4096, ""), &fault), 0);
  assert_int_equal(strlen(uri.export_name), 4096);
  assert_int_equal(uri_parse(&uri, long_uri("nbd://", 'h', 255, ":99/x"), &fault), 0);
  assert_int_equal(strlen(uri.host), 255);
  assert_string_equal(uri.port, "99");
  assert_int_equal(uri_parse(&uri, long_uri("nbd+unix:///x?socket=", 's', 107, ""), &fault), 0);
  assert_int_equal(strlen(uri.socket), 107);
  assert_string_equal(uri.export_name, "x");
}

static void
parts_that_are_too_long_are_refused(void **state)
{
  (void)state;
  assert_refused(long_uri("nbd://", 'h', 256, "/x"), "host");
  assert_refused(long_uri("nbd://[", 'h', 256, "]/x"), "host");
  assert_refused(long_uri("nbd+unix:///x?socket=", 's', 108, ""), "socket");
  assert_refused(long_uri("nbd://h:", '0', 5, "80/x"), "port");
}

/* The reason must not be lost behind thousands of characters of URI. */
static void
a_long_uri_leaves_room_for_the_reason(void **state)
{
  (void)state;
  assert_refused(long_uri("nbd://h/", 'e', 4097, ""), "export name");
  assert_refused(long_uri("nbd://h/", 'e', 2000, "?tls-type=psk"), "nbds");
  assert_refused(long_uri("nbd://h/x?", 'p', 2000, "=1"), "unknown parameter");
}

/* Whatever the bytes, it ends well: parsed into strings that fit, or refused. */
static void
one_random_text(struct random *random)
{
  static const char *const words[] = {
    "nbd", "nbd+unix", "nbds", "://", "/", "//", "?", "socket=", "&", ";", "%",  "%20", "%00", "%4",  "[",
    "]",   "::",       ":99",  "@",   "#", "h",  "x", "tls-",    "=", " ", "\n", "\t",  "é",   "%ff", "localhost"
  };
  char text[512] = "";
  struct fault fault = { 0 };

  for (uint64_t n = random_between(random, 0, 12); n > 0; n--)
    strcat(text, random_one_in(random, 8) ? "nbd://" : words[random_between(random, 0, LENGTH_OF(words) - 1)]);
  /* Of the right length, so that reading past the end is seen. */
  char copy[strlen(text) + 1];
  strcpy(copy, text);
  int result = uri_parse(&uri, copy, &fault);
  if (result == 0) {
    check(uri_is_uri(copy));
    check(!strpbrk(copy, "# \t\n"));
    check(uri.transport == URI_UNIX ? uri.socket[0] != '\0' : uri.host[0] != '\0' && uri.port[0] != '\0');
    check(uri.tls == (strncmp(copy, "nbds", 4) == 0) && uri.tls == uri_is_tls(copy));
  } else {
    check(result == -1 && fault.exit_code == EXIT_BAD_USAGE && fault.text[0] != '\0');
  }
}

static void
random_texts_do_no_harm(void **state)
{
  (void)state;
  run_seeds(20000, one_random_text);
}

/* Percent-encoding all of a name gives that name. */
static void
one_encoded_name(struct random *random)
{
  char name[64] = "", text[256] = "nbd://h/";
  uint64_t length = random_between(random, 0, sizeof name - 1);
  struct fault fault;

  for (uint64_t i = 0; i < length; i++) {
    name[i] = (char)random_between(random, 1, 255);
    sprintf(text + strlen(text), random_one_in(random, 2) ? "%%%02x" : "%%%02X", (unsigned)(unsigned char)name[i]);
  }
  check(uri_parse(&uri, text, &fault) == 0);
  check(strcmp(uri.export_name, name) == 0);
}

static void
encoded_names_come_back(void **state)
{
  (void)state;
  run_seeds(2000, one_encoded_name);
}

static void
canonical_forms_are_libnbds(void **state)
{
  static const struct {
    const char *text, *export_name, *canonical;
  } cases[] = {
    { "nbd://localhost", "", "nbd://localhost:10809/" },
    { "NBD://h:1/x", "disk", "nbd://h:1/disk" },
    { "nbd://[::1]/", "a", "nbd://[::1]:10809/a" },
    { "nbd+unix://?socket=/tmp/s", "", "nbd+unix:///?socket=/tmp/s" },
    { "nbd+unix:///?socket=/tmp/a%20b%26", "hello world", "nbd+unix:///hello%20world?socket=/tmp/a%20b%26" },
    { "nbd://h", "%%", "nbd://h:10809/%25%25" },
    { "nbds://alice@h/?tls-psk-file=/k%20k", "x", "nbds://alice@h:10809/x?tls-psk-file=/k%20k" },
    { "nbds+unix:///?tls-verify-peer=0&tls-certificates=/c&socket=s&tls-hostname=h", "",
      "nbds+unix:///?socket=s&tls-certificates=/c&tls-hostname=h&tls-verify-peer=0" },
    { "nbd+vsock://2", "", "nbd+vsock://2:10809/" },
    { "nbd://h", "/dir/file?#", "nbd://h:10809//dir/file%3F%23" },
    { "nbd://h", "\xe3\x83\xaa", "nbd://h:10809/%E3%83%AA" },
  };
  char text[URI_TEXT_BYTES];
  struct fault fault;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    assert_int_equal(uri_parse(&uri, cases[i].text, &fault), 0);
    uri_format(&uri, cases[i].export_name, text);
    assert_string_equal(text, cases[i].canonical);
  }
}

/* What was written is read as the same, and the longest of all fits. */
static void
one_canonical_form(struct random *random)
{
  static struct uri before, after;
  static char text[URI_TEXT_BYTES];
  bool longest = random_one_in(random, 50);
  struct fault fault;

  before =
      (struct uri){ .transport = random_one_in(random, 2) ? URI_UNIX : URI_TCP, .host = "localhost", .port = "10809" };
  char *parts[] = { before.export_name, before.transport == URI_UNIX ? before.socket : before.host };
  size_t sizes[] = { sizeof before.export_name,
                     before.transport == URI_UNIX ? sizeof before.socket : sizeof before.host };
  for (int part = 0; part < 2; part++) {
    uint64_t length = longest ? sizes[part] - 1 : random_between(random, (uint64_t)part, 20);
    for (uint64_t i = 0; i < length; i++)
      do
        parts[part][i] = (char)(longest ? 200 : random_between(random, 1, 255));
      while (part == 1 && before.transport == URI_TCP && strchr(":[]@", parts[part][i]));
    parts[part][length] = '\0';
  }
  uri_format(&before, before.export_name, text);
  check(uri_parse(&after, text, &fault) == 0);
  check(before.transport == after.transport && strcmp(before.export_name, after.export_name) == 0);
  check(strcmp(before.host, after.host) == 0 && strcmp(before.port, after.port) == 0);
  check(strcmp(before.socket, after.socket) == 0);
}

static void
canonical_forms_come_back(void **state)
{
  (void)state;
  run_seeds(2000, one_canonical_form);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(uris_are_told_from_files),
    cmocka_unit_test(tcp_uris_name_host_port_and_export),
    cmocka_unit_test(unix_uris_name_socket_and_export),
    cmocka_unit_test(tls_uris_say_how_to_secure_it),
    cmocka_unit_test(what_cannot_be_done_is_refused_in_words),
    cmocka_unit_test(nothing_is_left_out_silently),
    cmocka_unit_test(parts_may_be_as_long_as_the_protocol_says),
    cmocka_unit_test(parts_that_are_too_long_are_refused),
    cmocka_unit_test(a_long_uri_leaves_room_for_the_reason),
    cmocka_unit_test(random_texts_do_no_harm),
    cmocka_unit_test(encoded_names_come_back),
    cmocka_unit_test(canonical_forms_are_libnbds),
    cmocka_unit_test(canonical_forms_come_back),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
