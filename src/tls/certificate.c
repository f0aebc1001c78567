/* SPDX-License-Identifier: MIT */
/* certificate: see certificate.h. */
#include "tls/certificate.h"

#include <stdio.h>
#include <string.h>

enum tag {
  TAG_BOOLEAN = 0x01,
  TAG_BIT_STRING = 0x03,
  TAG_OCTET_STRING = 0x04,
  TAG_OID = 0x06,
  TAG_UTC_TIME = 0x17,
  TAG_GENERALIZED_TIME = 0x18,
  TAG_INTEGER = 0x02,
  TAG_SEQUENCE = 0x30,
  TAG_SET = 0x31,
  TAG_VERSION = 0xA0,
  TAG_ISSUER_ID = 0x81,
  TAG_SUBJECT_ID = 0x82,
  TAG_EXTENSIONS = 0xA3,
  /* Of a GeneralName. */
  TAG_DNS_NAME = 0x82,
  TAG_IP_ADDRESS = 0x87,
};

#define DAY_S 86400

/* ---- DER ---- */

/* Takes one element off the front of `rest`: its tag, its value, and all of it.
 * Lengths are definite, in the fewest bytes, and end within `rest`. */
static bool
take_any(struct span *rest, unsigned *tag, struct span *value, struct span *whole)
{
  const unsigned char *p = rest->bytes;
  size_t header = 2, length;

  if (rest->length < header || (p[0] & 0x1F) == 0x1F)
    return false;
  length = p[1];
  if (length >= 0x80) {
    size_t count = length & 0x7F;
    if (count < 1 || count > 3 || rest->length < header + count || p[2] == 0)
      return false;
    length = 0;
    for (size_t i = 0; i < count; i++)
      length = length << 8 | p[2 + i];
    if (length < 0x80)
      return false;
    header += count;
  }
  if (length > rest->length - header)
    return false;
  *tag = p[0];
  *value = (struct span){ p + header, length };
  *whole = (struct span){ p, header + length };
  rest->bytes += whole->length;
  rest->length -= whole->length;
  return true;
}

/* Takes an element that must have this tag; `value` or `whole` may be NULL. */
static bool
take_one(struct span *rest, unsigned tag, struct span *value, struct span *whole)
{
  struct span after = *rest, its_value, all;
  unsigned found;

  if (!take_any(&after, &found, &its_value, &all) || found != tag)
    return false;
  *rest = after;
  if (value)
    *value = its_value;
  if (whole)
    *whole = all;
  return true;
}

bool
span_is(struct span a, struct span b)
{
  return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static bool
is_oid(struct span oid, const char *bytes, size_t length)
{
  return span_is(oid, (struct span){ (const unsigned char *)bytes, length });
}

#define IS_OID(oid, literal) is_oid(oid, literal, sizeof(literal) - 1)

/* ---- Times ---- */

/* Days from 1970-01-01 to a date of the Gregorian calendar. The year is taken to
 * begin in March, so that the leap day is its last. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
  if (month <= 2)
    year--;
  int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
}

static bool
two_digits(const unsigned char *p, int *number)
{
  if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
    return false;
  *number = (p[0] - '0') * 10 + (p[1] - '0');
  return true;
}

/* "4.1.2.5 Validity": UTCTime up to 2049, GeneralizedTime; to the second, in UTC. */
static bool
take_time(struct span *rest, int64_t *time_s)
{
  struct span text, whole;
  unsigned tag;
  int part[7] = { 0 }; /* century, year, month, day, hour, minute, second */
  unsigned first;

  if (!take_any(rest, &tag, &text, &whole) || (tag != TAG_UTC_TIME && tag != TAG_GENERALIZED_TIME))
    return false;
  first = tag == TAG_UTC_TIME ? 1 : 0;
  if (text.length != 2 * (7 - first) + 1 || text.bytes[text.length - 1] != 'Z')
    return false;
  for (unsigned i = first; i < 7; i++)
    if (!two_digits(text.bytes + 2 * (i - first), &part[i]))
      return false;
  if (tag == TAG_UTC_TIME)
    part[0] = part[1] >= 50 ? 19 : 20;
  if (part[2] < 1 || part[2] > 12 || part[3] < 1 || part[3] > 31 || part[4] > 23 || part[5] > 59 || part[6] > 59)
    return false;
  *time_s = days_of(part[0] * 100 + part[1], part[2], part[3]) * DAY_S + part[4] * 3600 + part[5] * 60 + part[6];
  return true;
}

void
certificate_time_text(int64_t time_s, char text[CERTIFICATE_TIME_BYTES])
{
  int64_t days = time_s / DAY_S, second = time_s % DAY_S;

  if (second < 0) {
    second += DAY_S;
    days--;
  }
  int64_t year = 1970 + days / 366; /* too low, if wrong; then up */
  while (days_of(year + 1, 1, 1) <= days)
    year++;
  while (days_of(year, 1, 1) > days)
    year--;
  int month = 12;
  while (days_of(year, month, 1) > days)
    month--;
  snprintf(text, CERTIFICATE_TIME_BYTES, "%04d-%02d-%02d %02d:%02d UTC", (int)year, month,
           (int)(days - days_of(year, month, 1)) + 1, (int)(second / 3600), (int)(second / 60 % 60));
}

/* ---- The certificate ---- */

/* Whether it is one that BearSSL heeds, or knows to be of no weight: the last number of what begins with 2.5.29. */
static bool
is_heeded(struct span oid)
{
  static const unsigned char known[] = { 9, 14, 15, 17, 18, 19, 31, 32, 35, 46 };

  return oid.length == 3 && memcmp(oid.bytes, "\x55\x1D", 2) == 0 && memchr(known, oid.bytes[2], sizeof known);
}

static bool
certificate_read_extensions(struct certificate *certificate, struct span extensions)
{
  while (extensions.length > 0) {
    struct span extension, oid, value, list, critical = { NULL, 0 };
    if (!take_one(&extensions, TAG_SEQUENCE, &extension, NULL) || !take_one(&extension, TAG_OID, &oid, NULL))
      return false;
    take_one(&extension, TAG_BOOLEAN, &critical, NULL);
    if (critical.length > 0 && critical.bytes[0] != 0 && !is_heeded(oid))
      certificate->has_unknown = true;
    if (!take_one(&extension, TAG_OCTET_STRING, &value, NULL) || extension.length > 0)
      return false;
    bool *has = IS_OID(oid, "\x55\x1D\x11")   ? &certificate->has_names
                : IS_OID(oid, "\x55\x1D\x25") ? &certificate->has_purposes
                                              : NULL;
    if (!has)
      continue;
    if (*has || !take_one(&value, TAG_SEQUENCE, &list, NULL) || value.length > 0)
      return false; /* twice, or not a list */
    *has = true;
    *(has == &certificate->has_names ? &certificate->names : &certificate->purposes) = list;
  }
  return true;
}

bool
certificate_read(struct certificate *certificate, const unsigned char *der, size_t bytes)
{
  struct span rest = { der, bytes }, outer, tbs, validity, explicit, extensions;

  memset(certificate, 0, sizeof *certificate);
  if (!take_one(&rest, TAG_SEQUENCE, &outer, NULL) || rest.length > 0 || !take_one(&outer, TAG_SEQUENCE, &tbs, NULL))
    return false;
  take_one(&tbs, TAG_VERSION, NULL, NULL);
  if (!take_one(&tbs, TAG_INTEGER, NULL, NULL) ||  /* serial number */
      !take_one(&tbs, TAG_SEQUENCE, NULL, NULL) || /* signature algorithm */
      !take_one(&tbs, TAG_SEQUENCE, NULL, &certificate->issuer) || !take_one(&tbs, TAG_SEQUENCE, &validity, NULL) ||
      !take_time(&validity, &certificate->not_before_s) || !take_time(&validity, &certificate->not_after_s) ||
      validity.length > 0 || !take_one(&tbs, TAG_SEQUENCE, NULL, &certificate->subject) ||
      !take_one(&tbs, TAG_SEQUENCE, NULL, &certificate->public_key))
    return false;
  take_one(&tbs, TAG_ISSUER_ID, NULL, NULL);
  take_one(&tbs, TAG_SUBJECT_ID, NULL, NULL);
  if (tbs.length == 0)
    return true;
  return take_one(&tbs, TAG_EXTENSIONS, &explicit, NULL) && tbs.length == 0 &&
         take_one(&explicit, TAG_SEQUENCE, &extensions, NULL) && explicit.length == 0 &&
         certificate_read_extensions(certificate, extensions);
}

bool
certificate_is_for_address(const struct certificate *certificate, const unsigned char *address, size_t bytes)
{
  struct span rest = certificate->names, value, whole;
  unsigned tag;

  while (take_any(&rest, &tag, &value, &whole))
    if (tag == TAG_IP_ADDRESS && span_is(value, (struct span){ address, bytes }))
      return true;
  return false;
}

bool
certificate_may_serve(const struct certificate *certificate)
{
  struct span rest = certificate->purposes, oid;

  if (!certificate->has_purposes)
    return true;
  while (take_one(&rest, TAG_OID, &oid, NULL))
    if (IS_OID(oid, "\x2B\x06\x01\x05\x05\x07\x03\x01") /* id-kp-serverAuth */ ||
        IS_OID(oid, "\x55\x1D\x25\x00") /* anyExtendedKeyUsage */)
      return true;
  return false;
}

/* ---- In words ---- */

static void
append_words(char *text, size_t text_bytes, struct span words)
{
  size_t used = strlen(text);

  for (size_t i = 0; i < words.length && used + 1 < text_bytes; i++)
    text[used++] = (char)(words.bytes[i] >= ' ' && words.bytes[i] < 127 ? words.bytes[i] : '?');
  text[used] = '\0';
}

static void
add_text(char *text, size_t text_bytes, const char *words)
{
  append_words(text, text_bytes, (struct span){ (const unsigned char *)words, strlen(words) });
}

static void
add_address(char *text, size_t text_bytes, struct span address)
{
  char words[48] = "";
  const unsigned char *a = address.bytes;

  if (address.length == 4) {
    snprintf(words, sizeof words, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
  } else if (address.length == 16) {
    size_t used = 0;
    for (unsigned i = 0; i < 16; i += 2)
      used += (size_t)snprintf(words + used, sizeof words - used, "%s%x", i ? ":" : "",
                               (unsigned)(a[i] << 8 | a[i + 1]));
  }
  add_text(text, text_bytes, words[0] ? words : "?");
}

void
certificate_common_name(struct span name, char *text, size_t text_bytes)
{
  struct span names, set, pair, oid, value, whole;
  unsigned tag;

  text[0] = '\0';
  if (take_one(&name, TAG_SEQUENCE, &names, NULL))
    while (take_one(&names, TAG_SET, &set, NULL))
      while (take_one(&set, TAG_SEQUENCE, &pair, NULL))
        if (take_one(&pair, TAG_OID, &oid, NULL) && IS_OID(oid, "\x55\x04\x03") &&
            take_any(&pair, &tag, &value, &whole)) {
          text[0] = '\0'; /* the last one is the most specific */
          append_words(text, text_bytes, value);
        }
  if (text[0] == '\0')
    add_text(text, text_bytes, "?");
}

/* A name that reads like an address is none: certificates hold those as such. */
static bool
looks_like_an_address(struct span name)
{
  size_t plain = 0;

  while (plain < name.length && ((name.bytes[plain] >= '0' && name.bytes[plain] <= '9') || name.bytes[plain] == '.'))
    plain++;
  return name.length > 0 && (plain == name.length || memchr(name.bytes, ':', name.length));
}

void
certificate_list_names(const struct certificate *certificate, char *text, size_t text_bytes)
{
  struct span rest = certificate->names, value, whole;
  unsigned tag;

  text[0] = '\0';
  while (take_any(&rest, &tag, &value, &whole)) {
    if (tag != TAG_DNS_NAME && tag != TAG_IP_ADDRESS)
      continue;
    if (text[0] != '\0')
      add_text(text, text_bytes, ", ");
    if (tag == TAG_DNS_NAME)
      append_words(text, text_bytes, value);
    if (tag == TAG_DNS_NAME && looks_like_an_address(value))
      add_text(text, text_bytes, " (as a name, not as an address)");
    if (tag == TAG_IP_ADDRESS)
      add_address(text, text_bytes, value);
  }
  if (!certificate->has_names)
    certificate_common_name(certificate->subject, text, text_bytes);
  if (text[0] == '\0' || strcmp(text, "?") == 0)
    snprintf(text, text_bytes, "no name");
}
