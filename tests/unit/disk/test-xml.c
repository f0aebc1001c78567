/* SPDX-License-Identifier: MIT */
/* What others wrote is taken apart by this and nothing else, so each construct that is understood must come out whole in whatever
 * parts it comes, and whatever could mean something that nobody looked at has to be refused with its line. */
#include "unit/unit.h"

#include "disk/xml.h"

static struct xml xml;
static struct fault fault;
static char heard[2048];

static int
hear(struct xml *from, enum xml_event event, struct fault *why)
{
  size_t used = strlen(heard), room = sizeof heard - used;
  char *end = heard + used;

  switch (event) {
  case XML_OPENS:
    snprintf(end, room, "<%s", from->name);
    break;
  case XML_ATTRIBUTE:
    snprintf(end, room, " %s=%s", from->name, from->text);
    break;
  case XML_TEXT:
    snprintf(end, room, "[%s]", from->text);
    break;
  case XML_CLOSES:
    snprintf(end, room, "%u>", from->depth);
    break;
  }
  return strcmp(from->name, "refused") == 0 ? xml_refuse(from, why, "not %s", from->name) : 0;
}

static int
take_apart(const char *text, size_t length)
{
  heard[0] = '\0';
  fault = (struct fault){ 0 };
  xml_init(&xml, "x.xml", hear);
  for (size_t i = 0; i < length; i++)
    if (xml_take(&xml, text[i], &fault) == -1)
      return -1;
  return xml_end(&xml, &fault);
}

static void
what_is_plain_is_taken_apart(void **state)
{
  static const struct {
    const char *text, *heard;
  } good[] = {
    { "<a/>", "<a1>" },
    { "<a ></a >", "<a1>" },
    { "<?xml version=\"1.0\" ?>\n<a>\n</a>\n", "<a1>" },
    { "<?xml version='1.0' encoding='UTF-8'?><a></a>", "<a1>" },
    { "<a b=\"1\" c = '2 \"x\"'/>", "<a b=1 c=2 \"x\"1>" },
    { "<a> one \t\r\n two  </a>", "<a[one two]1>" },
    { "<a><b> 1 </b>\n<b c='x'> 2-3 </b><d/></a>", "<a<b[1]2><b c=x[2-3]2><d2>1>" },
    { "<!-- caf\xc3\xa9 <a> & ]]> --><a><!----> 1<!-- - -->2 </a><!-- & -->\n", "<a[12]1>" },
    { "<a><b><c><d> 1 </d></c></b></a>", "<a<b<c<d[1]4>3>2>1>" },
    { "<a b=''/>", "<a b=1>" },
    { "<a> 1 > 0 </a>", "<a[1 > 0]1>" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(good); i++) {
    if (take_apart(good[i].text, strlen(good[i].text)) == -1)
      fail_msg("%s: %s", good[i].text, fault.text);
    assert_string_equal(heard, good[i].heard);
  }
}

static void
all_else_is_refused_with_its_line(void **state)
{
  static const struct {
    const char *text, *why;
  } bad[] = {
    { "", "line 1: it ends before its outermost element does" },
    { "  \n", "line 2: it ends before" },
    { "<a>", "line 1: it ends before" },
    { "<a", "line 1: it ends before" },
    { "<a></a><!-- ", "line 1: it ends before" },
    { "<a></a><b/>", "line 1: something follows the end of the outermost element" },
    { "<a></a> x", "a byte of value 120 is out of place" },
    { "x<a/>", "a byte of value 120 is out of place" },
    { "<a></b>", "</b> closes what isn't open" },
    { "<a></a></a>", "</a> closes what isn't open" },
    { "</a>", "</a> closes what isn't open" },
    { "<a></>", "</> closes what isn't open" },
    { "\n<!DOCTYPE a [ <!ENTITY b \"c\"> ]>\n<a>&b;</a>", "line 2: there is a document type" },
    { "<a><![CDATA[1]]></a>", "there is a document type, or something else that begins with <!" },
    { "<a><!ELEMENT b></a>", "there is a document type" },
    { "<a><!-x --></a>", "there is a document type" },
    { "<a>\n\n&lt;</a>", "line 3: there is an entity" },
    { "<a>&#49;</a>", "there is an entity" },
    { "<a b=\"&quot;\"/>", "there is an entity or a tag in a value" },
    { "<a b=\"<\"/>", "there is an entity or a tag in a value" },
    { "<a><?php 1 ?></a>", "there is an instruction" },
    { " <?xml version=\"1.0\"?><a/>", "there is an instruction" },
    { "<?xml-stylesheet href='x'?><a/>", "only XML 1.0 in UTF-8 is understood" },
    { "<?xml version=\"1.1\"?><a/>", "only XML 1.0 in UTF-8 is understood" },
    { "<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>", "only XML 1.0 in UTF-8 is understood" },
    { "\xef\xbb\xbf<a/>", "a byte of value 239 is out of place" },
    { "<a>\xc3\xa9</a>", "a byte of value 195 is out of place" },
    { "<a>\x01</a>", "a byte of value 1 is out of place" },
    { "<!-- a -- b --><a/>", "there is a -- in a comment" },
    { "<!-- a ---><a/>", "there is a -- in a comment" },
    { "<a b/>", "a byte of value 47 is out of place" },
    { "<a b c='1'/>", "a byte of value 99 is out of place" },
    { "<a b=1/>", "a byte of value 49 is out of place" },
    { "<a b='1'c='2'/>", "a byte of value 99 is out of place" },
    { "<a / >", "a byte of value 32 is out of place" },
    { "< a/>", "a byte of value 32 is out of place" },
    { "<1/>", "a byte of value 49 is out of place" },
    { "<x:a/>", "a byte of value 58 is out of place" },
    { "<a></a b='1'>", "a byte of value 98 is out of place" },
    { "<a></ a>", "a byte of value 97 is out of place" },
    { "<a><a><a><a><a/></a></a></a></a>", "elements are nested deeper" },
    { "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/>", "a name is longer than any" },
    { "<a>\n<refused/></a>", "line 2: not refused" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(bad); i++) {
    if (take_apart(bad[i].text, strlen(bad[i].text)) == 0)
      fail_msg("%s was taken for XML", bad[i].text);
    assert_int_equal(fault.exit_code, EXIT_FAILED);
    if (strncmp(fault.text, "x.xml, line ", 12) != 0 || !strstr(fault.text, bad[i].why))
      fail_msg("%s: %s", bad[i].text, fault.text);
  }
}

static void
a_nul_hides_nothing(void **state)
{
  static const char in_comment[] = "<a/><!-- \0 --><b/>", in_text[] = "<a>1\0"
                                                                      "2</a>";

  (void)state;
  assert_int_equal(take_apart(in_comment, sizeof in_comment - 1), -1);
  assert_int_equal(take_apart(in_text, sizeof in_text - 1), -1);
  assert_non_null(strstr(fault.text, "a byte of value 0"));
}

static void
texts_are_bounded(void **state)
{
  char text[XML_TEXT_BYTES + 16] = "<a>";

  (void)state;
  memset(text + 3, 'x', XML_TEXT_BYTES - 2);
  strcpy(text + 3 + XML_TEXT_BYTES - 2, "</a>");
  assert_int_equal(take_apart(text, strlen(text)), 0);
  assert_int_equal(strlen(heard), XML_TEXT_BYTES - 2 + strlen("<a[]1>"));
  strcpy(text + 3 + XML_TEXT_BYTES - 2, "x</a>");
  assert_int_equal(take_apart(text, strlen(text)), -1);
  assert_non_null(strstr(fault.text, "it is longer than anything that should be here"));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_plain_is_taken_apart),
    cmocka_unit_test(all_else_is_refused_with_its_line),
    cmocka_unit_test(a_nul_hides_nothing),
    cmocka_unit_test(texts_are_bounded),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
