/* SPDX-License-Identifier: MIT */
/* A cipher that is wrong by one bit is found out by the first server; one that is
 * wrong for some lengths or alignments only, or lets a forged tag pass, is not. The
 * published vectors hold all engines, and then the engines hold each other. */
#include "unit/unit.h"

#include "tls/gcm.h"

struct vector {
  const char *key, *nonce, *header, *plain, *cipher, *tag;
};

#define KEY "feffe9928665731c6d6a8f9467308308"
#define PLAIN_60                                                                                                       \
  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"                   \
  "b16aedf5aa0de657ba637b39"
#define CIPHER_128_60                                                                                                  \
  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"                   \
  "1ba30b396a0aac973d58e091"
#define CIPHER_256_60                                                                                                  \
  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"                   \
  "c5f61e6393ba7a0abcc9f662"
#define ZEROS_16 "00000000000000000000000000000000"
#define ZEROS_12 "000000000000000000000000"
#define NONCE "cafebabefacedbaddecaf888"
#define HEADER "feedfacedeadbeeffeedfacedeadbeefabaddad2"

/* From the submission of GCM to NIST: test cases 1 to 4 and 13 to 16. */
static const struct vector vectors[] = {
  { ZEROS_16, ZEROS_12, "", "", "", "58e2fccefa7e3061367f1d57a4e7455a" },
  { ZEROS_16, ZEROS_12, "", ZEROS_16, "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf" },
  { KEY, NONCE, "", PLAIN_60 "1aafd255", CIPHER_128_60 "473f5985", "4d5c2af327cd64a62cf35abd2ba6fab4" },
  { KEY, NONCE, HEADER, PLAIN_60, CIPHER_128_60, "5bc94fbc3221a5db94fae95ae7121a47" },
  { ZEROS_16 ZEROS_16, ZEROS_12, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
  { ZEROS_16 ZEROS_16, ZEROS_12, "", ZEROS_16, "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919" },
  { KEY KEY, NONCE, "", PLAIN_60 "1aafd255", CIPHER_256_60 "898015ad", "b094dac5d93471bdec1a502270e3cc6c" },
  { KEY KEY, NONCE, HEADER, PLAIN_60, CIPHER_256_60, "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static void
hold_to_vectors(enum gcm_engine engine)
{
  for (size_t i = 0; i < LENGTH_OF(vectors); i++) {
    uint8_t key[32], nonce[12], header[20], plain[64], cipher[64], tag[16], out[64], out_tag[16];
    unsigned key_bytes = from_hex(key, vectors[i].key), header_length = from_hex(header, vectors[i].header);
    unsigned length = from_hex(plain, vectors[i].plain);
    struct gcm gcm;

    from_hex(nonce, vectors[i].nonce);
    from_hex(cipher, vectors[i].cipher);
    from_hex(tag, vectors[i].tag);
    gcm_init(&gcm, engine, key, key_bytes);
    gcm_seal(&gcm, nonce, header, header_length, out, plain, length, out_tag);
    assert_memory_equal(out, cipher, length);
    assert_memory_equal(out_tag, tag, sizeof tag);
    assert_true(gcm_open(&gcm, nonce, header, header_length, out, cipher, length, tag));
    assert_memory_equal(out, plain, length);
  }
}

static void
all_engines_give_the_published_results(void **state)
{
  (void)state;
  for (enum gcm_engine engine = GCM_PORTABLE; engine <= gcm_best_engine(); engine++)
    hold_to_vectors(engine);
}

static void
fill(struct random *random, uint8_t *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    bytes[i] = (uint8_t)random_next(random);
}

/* One of those that are there, but not the portable one. */
static enum gcm_engine
some_engine(struct random *random)
{
  return (enum gcm_engine)random_between(random, GCM_X86, gcm_best_engine());
}

static void
agree_on(struct random *random)
{
  static uint8_t plain[2100], one[2200], two[2200];
  size_t length = random_one_in(random, 2) ? random_between(random, 0, 2048) : random_between(random, 0, 16) * 16;
  size_t header_length = random_between(random, 0, 40);
  size_t skew = random_between(random, 0, 17), skew_to = random_between(random, 0, 17);
  unsigned key_bytes = random_one_in(random, 2) ? 16 : 32;
  uint8_t key[32], nonce[12], header[40], tag_one[16], tag_two[16];
  struct gcm portable, best;

  fill(random, key, sizeof key);
  fill(random, nonce, sizeof nonce);
  fill(random, header, sizeof header);
  fill(random, plain, sizeof plain);
  memset(one, 0xEE, sizeof one);
  memset(two, 0xEE, sizeof two);
  gcm_init(&portable, GCM_PORTABLE, key, key_bytes);
  gcm_init(&best, some_engine(random), key, key_bytes);

  gcm_seal(&portable, nonce, header, header_length, one + skew_to, plain + skew, length, tag_one);
  gcm_seal(&best, nonce, header, header_length, two + skew_to, plain + skew, length, tag_two);
  check(memcmp(one, two, sizeof one) == 0); /* nor was a byte touched around it */
  check(memcmp(tag_one, tag_two, sizeof tag_one) == 0);

  /* Elsewhere, and in place. */
  memset(two, 0xEE, sizeof two);
  check(gcm_open(&best, nonce, header, header_length, two + skew, one + skew_to, length, tag_one));
  check(memcmp(two + skew, plain + skew, length) == 0);
  check(two[skew + length] == 0xEE);
  check(gcm_open(random_one_in(random, 4) ? &portable : &best, nonce, header, header_length, one + skew_to,
                 one + skew_to, length, tag_one));
  check(memcmp(one + skew_to, plain + skew, length) == 0);
  gcm_seal(&best, nonce, header, header_length, one + skew_to, one + skew_to, length, tag_two);
  check(memcmp(tag_one, tag_two, sizeof tag_one) == 0);
}

static void
engines_agree_on_every_length_and_place(void **state)
{
  (void)state;
  if (gcm_best_engine() == GCM_PORTABLE)
    skip();
  run_seeds(4000, agree_on);
}

/* Each bit of the message, its header, nonce and tag counts. */
static void
forge(struct random *random, enum gcm_engine engine)
{
  uint8_t message[12 + 13 + 300 + 16], out[300], key[32];
  uint8_t *nonce = message, *header = nonce + 12, *cipher = header + 13, *tag;
  size_t length = random_between(random, 0, 300), all = 12 + 13 + length + 16;
  struct gcm gcm;

  fill(random, message, sizeof message);
  fill(random, key, sizeof key);
  tag = cipher + length;
  gcm_init(&gcm, engine, key, 16);
  gcm_seal(&gcm, nonce, header, 13, cipher, cipher, length, tag);
  check(gcm_open(&gcm, nonce, header, 13, out, cipher, length, tag));
  for (unsigned i = 0; i < 40; i++) {
    size_t bit = random_between(random, 0, all * 8 - 1);
    message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    check(!gcm_open(&gcm, nonce, header, 13, out, cipher, length, tag));
    message[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  check(gcm_open(&gcm, nonce, header, 13, out, cipher, length, tag));
}

static void
forge_all(struct random *random)
{
  for (enum gcm_engine engine = GCM_PORTABLE; engine <= gcm_best_engine(); engine++)
    forge(random, engine);
}

static void
no_forged_message_opens(void **state)
{
  (void)state;
  run_seeds(100, forge_all);
}

/* The counter must carry beyond its lowest byte, and beyond two of them: 1.1 MiB is
 * more than 65536 blocks. */
static void
long_messages_count_on(void **state)
{
  size_t length = 1100 * 1024 + 5;
  uint8_t *plain = malloc(length), *one = malloc(length), *two = malloc(length), tag_one[16], tag_two[16];
  struct random random = { 5 };
  struct gcm portable, best;

  (void)state;
  fill(&random, plain, length);
  gcm_init(&portable, GCM_PORTABLE, plain, 16);
  gcm_seal(&portable, plain, plain, 0, one, plain, length, tag_one);
  for (enum gcm_engine engine = GCM_X86; engine <= gcm_best_engine(); engine++) {
    gcm_init(&best, engine, plain, 16);
    gcm_seal(&best, plain, plain, 0, two, plain, length, tag_two);
    assert_memory_equal(one, two, length);
    assert_memory_equal(tag_one, tag_two, 16);
  }
  free(plain);
  free(one);
  free(two);
}

static void
short_key(void)
{
  struct gcm gcm;
  gcm_init(&gcm, GCM_PORTABLE, (const uint8_t[24]){ 0 }, 24);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(short_key));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_engines_give_the_published_results),
    cmocka_unit_test(engines_agree_on_every_length_and_place),
    cmocka_unit_test(no_forged_message_opens),
    cmocka_unit_test(long_messages_count_on),
    cmocka_unit_test(mistakes_are_asserted),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
