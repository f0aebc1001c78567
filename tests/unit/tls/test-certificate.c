/* SPDX-License-Identifier: MIT */
/* A certificate comes from whoever answers: what it says must be read exactly, what
 * is not DER refused, and no byte beyond its end looked at. */
#include "unit/unit.h"

#include "tls/certificate.h"

/* ---- A certificate to taste ---- */

struct der {
  unsigned char bytes[2048];
  size_t length;
};

static void
put(struct der *out, const void *bytes, size_t length)
{
  assert_true(length <= sizeof out->bytes - out->length);
  memcpy(out->bytes + out->length, bytes, length);
  out->length += length;
}

static void
element(struct der *out, unsigned tag, const void *bytes, size_t length)
{
  unsigned char header[4] = { (unsigned char)tag, (unsigned char)length };
  size_t header_length = 2;

  if (length >= 0x100) {
    header[1] = 0x82;
    header[2] = (unsigned char)(length >> 8);
    header[3] = (unsigned char)length;
    header_length = 4;
  } else if (length >= 0x80) {
    header[1] = 0x81;
    header[2] = (unsigned char)length;
    header_length = 3;
  }
  put(out, header, header_length);
  put(out, bytes, length);
}

static struct der
wrapped(unsigned tag, struct der inner)
{
  struct der out = { .length = 0 };

  element(&out, tag, inner.bytes, inner.length);
  return out;
}

static void
append(struct der *out, struct der inner)
{
  put(out, inner.bytes, inner.length);
}

struct recipe {
  const char *common_name, *not_before, *not_after;
  unsigned time_tag;
  struct der names;    /* GeneralNames; none: no extension */
  struct der purposes; /* likewise */
  bool names_twice;
  const char *critical; /* the number of another extension; NULL: there is none */
};

static const struct recipe usual = {
  .common_name = "here", .not_before = "240101000000Z", .not_after = "250101000000Z", .time_tag = 0x17
};

static struct der
name_of(const char *common_name)
{
  struct der pair = { .length = 0 };

  element(&pair, 6, "\x55\x04\x03", 3);
  element(&pair, 0x0C, common_name, strlen(common_name));
  return wrapped(0x30, wrapped(0x31, wrapped(0x30, pair)));
}

static struct der
extension(const char *oid, struct der list)
{
  struct der out = { .length = 0 };
  struct der value = wrapped(0x30, list);

  element(&out, 6, oid, 3);
  element(&out, 1, "\xFF", 1);
  element(&out, 4, value.bytes, value.length);
  return wrapped(0x30, out);
}

static struct der
some_names(void)
{
  struct der names = { .length = 0 };

  element(&names, 0x81, "who@a.example", 13); /* mail: not for us */
  element(&names, 0x82, "a.example", 9);
  element(&names, 0x82, "*.b.example", 11);
  element(&names, 0x87, "\x0A\x00\x00\x01", 4);
  element(&names, 0x87, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 16);
  return names;
}

static struct der
make(const struct recipe *recipe)
{
  struct der tbs = { .length = 0 }, part = { .length = 0 }, extensions = { .length = 0 };

  element(&part, 2, "\x02", 1);
  append(&tbs, wrapped(0xA0, part));
  element(&tbs, 2, "\x01\x02", 2);
  element(&tbs, 0x30, "", 0);
  append(&tbs, name_of("the CA"));
  part.length = 0;
  element(&part, recipe->time_tag, recipe->not_before, strlen(recipe->not_before));
  element(&part, recipe->time_tag, recipe->not_after, strlen(recipe->not_after));
  append(&tbs, wrapped(0x30, part));
  append(&tbs, name_of(recipe->common_name));
  element(&tbs, 0x30, "the key", 7);
  if (recipe->names.length)
    append(&extensions, extension("\x55\x1D\x11", recipe->names));
  if (recipe->names_twice)
    append(&extensions, extension("\x55\x1D\x11", recipe->names));
  if (recipe->purposes.length)
    append(&extensions, extension("\x55\x1D\x25", recipe->purposes));
  if (recipe->critical)
    append(&extensions, extension(recipe->critical, some_names()));
  if (extensions.length)
    append(&tbs, wrapped(0xA3, wrapped(0x30, extensions)));
  tbs = wrapped(0x30, tbs);
  element(&tbs, 0x30, "", 0);
  element(&tbs, 3, "\0signature", 10);
  return wrapped(0x30, tbs);
}

/* ---- The tests ---- */

static void
what_it_says_is_read(void **state)
{
  struct der der = make(&usual);
  struct certificate certificate;
  char text[64];

  (void)state;
  assert_true(certificate_read(&certificate, der.bytes, der.length));
  assert_int_equal(certificate.not_before_s, 1704067200);
  assert_int_equal(certificate.not_after_s, 1735689600);
  assert_int_equal(certificate.public_key.length, 9);
  assert_memory_equal(certificate.public_key.bytes, "\x30\x07the key", 9);
  assert_false(certificate.has_names || certificate.has_purposes);
  certificate_common_name(certificate.subject, text, sizeof text);
  assert_string_equal(text, "here");
  certificate_common_name(certificate.issuer, text, sizeof text);
  assert_string_equal(text, "the CA");
  certificate_list_names(&certificate, text, sizeof text);
  assert_string_equal(text, "here");
}

/* As limits on names are (30), and what isn't of the field's own; not what says which key has signed it (35). */
static void
what_nobody_heeds_is_noted(void **state)
{
  static const struct {
    const char *oid;
    bool is_unknown;
  } cases[] = { { "\x55\x1D\x1E", true }, { "\x55\x1E\x23", true }, { "\x55\x1D\x23", false }, { NULL, false } };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct recipe recipe = usual;
    struct certificate certificate;
    recipe.critical = cases[i].oid;
    struct der der = make(&recipe);
    assert_true(certificate_read(&certificate, der.bytes, der.length));
    assert_int_equal(certificate.has_unknown, cases[i].is_unknown);
  }
}

static void
names_and_addresses_are_listed_and_found(void **state)
{
  struct recipe recipe = usual;
  struct certificate certificate;
  char text[128], little[8];

  (void)state;
  recipe.names = some_names();
  struct der der = make(&recipe);
  assert_true(certificate_read(&certificate, der.bytes, der.length));
  certificate_list_names(&certificate, text, sizeof text);
  assert_string_equal(text, "a.example, *.b.example, 10.0.0.1, 2001:db8:0:0:0:0:0:7");
  certificate_list_names(&certificate, little, sizeof little);
  assert_string_equal(little, "a.examp");
  assert_true(certificate_is_for_address(&certificate, (const unsigned char *)"\x0A\0\0\1", 4));
  assert_false(certificate_is_for_address(&certificate, (const unsigned char *)"\x0A\0\0\2", 4));
  assert_false(certificate_is_for_address(&certificate, (const unsigned char *)"\x20\x01\x0d\xb8", 4));
  assert_true(
      certificate_is_for_address(&certificate, (const unsigned char *)"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 16));
}

static void
a_server_must_be_meant_if_anything_is(void **state)
{
  static const struct {
    const char *oid;
    size_t length;
    bool may;
  } cases[] = { { "\x2B\x06\x01\x05\x05\x07\x03\x01", 8, true },
                { "\x2B\x06\x01\x05\x05\x07\x03\x02", 8, false },
                { "\x55\x1D\x25\x00", 4, true } };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct recipe recipe = usual;
    struct certificate certificate;
    element(&recipe.purposes, 6, cases[i].oid, cases[i].length);
    struct der der = make(&recipe);
    assert_true(certificate_read(&certificate, der.bytes, der.length));
    assert_int_equal(certificate_may_serve(&certificate), cases[i].may);
  }
  struct der der = make(&usual);
  struct certificate certificate;
  assert_true(certificate_read(&certificate, der.bytes, der.length));
  assert_true(certificate_may_serve(&certificate));
}

static void
times_are_of_both_kinds_and_strict(void **state)
{
  static const struct {
    unsigned tag;
    const char *text;
    int64_t seconds; /* -1: refused */
    const char *words;
  } cases[] = {
    { 0x17, "700101000000Z", 0, "1970-01-01 00:00 UTC" },
    { 0x17, "500101000000Z", -631152000, "1950-01-01 00:00 UTC" },
    { 0x17, "491231235959Z", 2524607999, "2049-12-31 23:59 UTC" },
    { 0x18, "20000229120102Z", 951825662, "2000-02-29 12:01 UTC" },
    { 0x18, "99991231235959Z", 253402300799, "9999-12-31 23:59 UTC" },
    { 0x18, "21000301000000Z", 4107542400, "2100-03-01 00:00 UTC" },
    { 0x17, "2401010000Z", -1, "" },
    { 0x17, "240101000000", -1, "" },
    { 0x17, "240101000000+0100", -1, "" },
    { 0x17, "241301000000Z", -1, "" },
    { 0x17, "240100000000Z", -1, "" },
    { 0x17, "24010100000 Z", -1, "" },
    { 0x18, "240101000000Z", -1, "" },
    { 0x18, "20240101000000.5Z", -1, "" },
    { 0x16, "240101000000Z", -1, "" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct recipe recipe = usual;
    struct certificate certificate;
    char words[CERTIFICATE_TIME_BYTES];
    recipe.time_tag = cases[i].tag;
    recipe.not_before = recipe.not_after = cases[i].text;
    struct der der = make(&recipe);
    bool read = certificate_read(&certificate, der.bytes, der.length);
    if (read != (cases[i].words[0] != '\0'))
      fail_msg("%s should%s be a time", cases[i].text, read ? "n't" : "");
    if (!read)
      continue;
    assert_int_equal(certificate.not_after_s, cases[i].seconds);
    certificate_time_text(certificate.not_after_s, words);
    assert_string_equal(words, cases[i].words);
  }
}

static void
what_is_not_a_certificate_is_refused(void **state)
{
  struct recipe recipe = usual;
  struct certificate certificate;

  (void)state;
  recipe.names = some_names();
  struct der der = make(&recipe);
  for (size_t length = 0; length < der.length; length++)
    assert_false(certificate_read(&certificate, der.bytes, length));
  der.bytes[der.length++] = 0; /* a byte behind it */
  assert_false(certificate_read(&certificate, der.bytes, der.length));
  recipe.names_twice = true;
  der = make(&recipe);
  assert_false(certificate_read(&certificate, der.bytes, der.length));
  /* Lengths that are indefinite, longer than needed, or wider than memory. */
  assert_false(certificate_read(&certificate, (const unsigned char *)"\x30\x80\0\0", 4));
  assert_false(certificate_read(&certificate, (const unsigned char *)"\x30\x81\x02\x30\0", 5));
  assert_false(certificate_read(&certificate, (const unsigned char *)"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff", 10));
}

/* Its bytes come in a block of their own, so that the sanitizer sees each step
 * beyond them; what is read must lie inside. */
static void
damage_does_no_harm(struct random *random)
{
  struct recipe recipe = usual;
  struct certificate certificate;
  char text[40];

  recipe.names = some_names();
  element(&recipe.purposes, 6, "\x55\x1D\x25\x00", 4);
  struct der der = make(&recipe);
  size_t length = random_one_in(random, 4) ? random_between(random, 0, der.length) : der.length;
  unsigned char *bytes = malloc(length + 1);
  memcpy(bytes, der.bytes, length);
  for (uint64_t i = random_between(random, 0, 5); i > 0 && length > 0; i--)
    bytes[random_between(random, 0, length - 1)] = (unsigned char)random_next(random);
  bytes = realloc(bytes, length ? length : 1);
  if (certificate_read(&certificate, bytes, length)) {
    const struct span spans[] = { certificate.issuer, certificate.subject, certificate.public_key };
    for (size_t i = 0; i < LENGTH_OF(spans); i++)
      check(spans[i].bytes >= bytes && spans[i].bytes + spans[i].length <= bytes + length);
    certificate_list_names(&certificate, text, sizeof text);
    check(strlen(text) < sizeof text);
    certificate_common_name(certificate.subject, text, sizeof text);
    certificate_is_for_address(&certificate, (const unsigned char *)"\x0A\0\0\1", 4);
    certificate_may_serve(&certificate);
    char words[CERTIFICATE_TIME_BYTES];
    certificate_time_text(certificate.not_after_s, words);
  }
  free(bytes);
}

static void
damaged_certificates_do_no_harm(void **state)
{
  (void)state;
  run_seeds(20000, damage_does_no_harm);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_it_says_is_read),
    cmocka_unit_test(what_nobody_heeds_is_noted),
    cmocka_unit_test(names_and_addresses_are_listed_and_found),
    cmocka_unit_test(a_server_must_be_meant_if_anything_is),
    cmocka_unit_test(times_are_of_both_kinds_and_strict),
    cmocka_unit_test(what_is_not_a_certificate_is_refused),
    cmocka_unit_test(damaged_certificates_do_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
