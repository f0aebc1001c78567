/* SPDX-License-Identifier: MIT */
/* An engine that is wrong for some lengths, alignments or cuts only calls a good copy
 * bad, and one that is wrong in the same way twice calls a bad one good. The published
 * examples hold every engine; then each is held to BearSSL, however a message is cut. */
#include "unit/unit.h"

#include "hash/hash.h"
#include "hash/hash_engine.h"

#include <bearssl_hash.h>

static const br_hash_class *const classes[HASH_KINDS] = {
  &br_md5_vtable, &br_sha1_vtable, &br_sha224_vtable, &br_sha256_vtable, &br_sha384_vtable, &br_sha512_vtable,
};

/* What this processor has for a hash, by turns: BearSSL's code, and the instructions. */
static const struct hash_engine *
engine_of(enum hash_kind kind, unsigned turn)
{
  return turn == 0 ? NULL : hash_best_engine(kind);
}

#define TWO_BLOCKS "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define FOUR_BLOCKS                                                                                                    \
  "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"

/* Of FIPS 180's examples, and of RFC 1321. */
static const struct {
  enum hash_kind kind;
  const char *message, *digest;
} examples[] = {
  { HASH_MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
  { HASH_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72" },
  { HASH_MD5, "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
    "57edf4a22be3c955ac49da2e2107b67a" },
  { HASH_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
  { HASH_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
  { HASH_SHA1, TWO_BLOCKS, "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
  { HASH_SHA1, FOUR_BLOCKS, "a49b2446a02c645bf419f995b67091253a04a259" },
  { HASH_SHA224, "", "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f" },
  { HASH_SHA224, "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
  { HASH_SHA224, TWO_BLOCKS, "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525" },
  { HASH_SHA224, FOUR_BLOCKS, "c97ca9a559850ce97a04a96def6d99a9e0e0e2ab14e6b8df265fc0b3" },
  { HASH_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
  { HASH_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { HASH_SHA256, TWO_BLOCKS, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
  { HASH_SHA256, FOUR_BLOCKS, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
  { HASH_SHA384, "",
    "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b" },
  { HASH_SHA384, "abc",
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
  { HASH_SHA384, FOUR_BLOCKS,
    "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039" },
  { HASH_SHA512, "",
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a5"
    "38327af927da3e" },
  { HASH_SHA512, "abc",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a"
    "9ac94fa54ca49f" },
  { HASH_SHA512, FOUR_BLOCKS,
    "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e"
    "96e55b874be909" },
};

static void
all_engines_give_the_published_results(void **state)
{
  uint8_t expected[HASH_BYTES_MAX], got[2][HASH_BYTES_MAX];
  struct hash hash;

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(examples); i++) {
    const uint8_t *message = (const uint8_t *)examples[i].message;
    size_t length = strlen(examples[i].message);
    assert_int_equal(from_hex(expected, examples[i].digest), hash_bytes(examples[i].kind));
    for (unsigned turn = 0; turn < 2; turn++) {
      const struct hash_engine *engine = engine_of(examples[i].kind, turn);
      hash_init(&hash, examples[i].kind, engine);
      hash_add(&hash, message, length);
      hash_out(&hash, got[0]);
      assert_memory_equal(got[0], expected, hash_bytes(examples[i].kind));
      hash_two(examples[i].kind, engine, (const uint8_t *const[]){ message, message }, length, got);
      assert_memory_equal(got[0], expected, hash_bytes(examples[i].kind));
      assert_memory_equal(got[1], expected, hash_bytes(examples[i].kind));
    }
  }
}

/* The longest example: a million times the letter a. */
static void
a_million_letters_give_the_published_result(void **state)
{
  static const char *const digests[HASH_KINDS] = {
    [HASH_SHA1] = "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
    [HASH_SHA224] = "20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67",
    [HASH_SHA256] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    [HASH_SHA384] = "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985",
    [HASH_SHA512] = "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31b"
                    "eb009c5c2c49aa2e4eadb217ad8cc09b",
  };
  static uint8_t letters[1000];
  uint8_t expected[HASH_BYTES_MAX], got[HASH_BYTES_MAX];
  struct hash hash;

  (void)state;
  memset(letters, 'a', sizeof letters);
  for (enum hash_kind kind = HASH_SHA1; kind <= HASH_SHA512; kind++) {
    from_hex(expected, digests[kind]);
    for (unsigned turn = 0; turn < 2; turn++) {
      hash_init(&hash, kind, engine_of(kind, turn));
      for (unsigned i = 0; i < 1000; i++)
        hash_add(&hash, letters, sizeof letters);
      hash_out(&hash, got);
      assert_memory_equal(got, expected, hash_bytes(kind));
    }
  }
}

static void
names_and_lengths_are_the_usual_ones(void **state)
{
  static const char *const names[HASH_KINDS] = { "md5", "sha1", "sha224", "sha256", "sha384", "sha512" };
  static const unsigned bytes[HASH_KINDS] = { 16, 20, 28, 32, 48, 64 };

  (void)state;
  for (enum hash_kind kind = HASH_MD5; kind <= HASH_SHA512; kind++) {
    assert_string_equal(hash_name(kind), names[kind]);
    assert_int_equal(hash_bytes(kind), bytes[kind]);
  }
}

/* The kernel names what the processor has. */
static bool
kernel_names(const char *instructions)
{
  FILE *file = fopen("/proc/cpuinfo", "r");
  char line[8192];
  bool found = false;

  assert_non_null(file);
  while (!found && fgets(line, sizeof line, file)) {
    char *rest = line;
    for (const char *word; (word = strtok_r(rest, " \t\n", &rest));)
      found = found || strcmp(word, instructions) == 0;
  }
  fclose(file);
  return found;
}

static void
instructions_are_used_where_they_are(void **state)
{
#ifdef __aarch64__
  static const char *const instructions[HASH_KINDS] = { NULL, "sha1", "sha2", "sha2", "sha512", "sha512" };
#else
  static const char *const instructions[HASH_KINDS] = { NULL, "sha_ni", "sha_ni", "sha_ni", NULL, NULL };
#endif

  (void)state;
  for (enum hash_kind kind = HASH_MD5; kind <= HASH_SHA512; kind++)
    assert_int_equal(hash_best_engine(kind) != NULL, instructions[kind] && kernel_names(instructions[kind]));
}

/* ---- Beside BearSSL ---- */

static void
fill(struct random *random, uint8_t *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    bytes[i] = (uint8_t)random_next(random);
}

/* Around the ends of blocks, or anything. */
static size_t
some_length(struct random *random, size_t most)
{
  size_t length = random_between(random, 0, most);

  if (random_one_in(random, 2))
    length = length / 64 * 64 + random_between(random, 0, 20) - 10;
  return length > most ? most : length;
}

static void
define(enum hash_kind kind, const uint8_t *data, size_t length, uint8_t *digest)
{
  br_hash_compat_context context;

  classes[kind]->init(&context.vtable);
  classes[kind]->update(&context.vtable, data, length);
  classes[kind]->out(&context.vtable, digest);
}

static void
agree_on_cuts(struct random *random)
{
  static uint8_t message[5000 + 32];
  enum hash_kind kind = (enum hash_kind)random_between(random, HASH_MD5, HASH_SHA512);
  size_t skew = random_between(random, 0, 31), length = some_length(random, 5000);
  size_t part_max = random_between(random, 1, random_one_in(random, 2) ? 70 : 5000);
  uint8_t expected[HASH_BYTES_MAX], got[HASH_BYTES_MAX + 1];
  struct hash hash;

  fill(random, message, sizeof message);
  define(kind, message + skew, length, expected);
  for (unsigned turn = 0; turn < 2; turn++) {
    hash_init(&hash, kind, engine_of(kind, turn));
    for (size_t at = 0; at < length;) {
      size_t part = random_between(random, 0, part_max);
      part = part > length - at ? length - at : part;
      hash_add(&hash, message + skew + at, part);
      at += part;
    }
    memset(got, 0xEE, sizeof got);
    hash_out(&hash, got);
    check(memcmp(got, expected, hash_bytes(kind)) == 0);
    check(got[hash_bytes(kind)] == 0xEE); /* nor more than that */
  }
}

static void
however_a_message_is_cut_its_digest_is_the_same(void **state)
{
  (void)state;
  run_seeds(3000, agree_on_cuts);
}

static void
zeros_need_not_lie_anywhere(void **state)
{
  static uint8_t message[3 + 5000 + 3];
  uint8_t expected[HASH_BYTES_MAX], got[HASH_BYTES_MAX];
  struct hash hash;

  (void)state;
  memcpy(message, "abc", 3);
  memcpy(message + sizeof message - 3, "abc", 3);
  for (enum hash_kind kind = HASH_MD5; kind <= HASH_SHA512; kind++) {
    define(kind, message, sizeof message, expected);
    hash_init(&hash, kind, hash_best_engine(kind));
    hash_add(&hash, message, 3);
    hash_add(&hash, NULL, sizeof message - 6);
    hash_add(&hash, message, 3);
    hash_out(&hash, got);
    assert_memory_equal(got, expected, hash_bytes(kind));
  }
}

static void
agree_on_two(struct random *random)
{
  static uint8_t messages[2][3000 + 32];
  enum hash_kind kind = (enum hash_kind)random_between(random, HASH_MD5, HASH_SHA512);
  size_t length = some_length(random, 3000);
  const uint8_t *const data[2] = { messages[0] + random_between(random, 0, 31),
                                   messages[1] + random_between(random, 0, 31) };
  uint8_t expected[2][HASH_BYTES_MAX], got[2][HASH_BYTES_MAX];

  for (unsigned i = 0; i < 2; i++) {
    fill(random, messages[i], sizeof messages[i]);
    define(kind, data[i], length, expected[i]);
  }
  for (unsigned turn = 0; turn < 2; turn++) {
    hash_two(kind, engine_of(kind, turn), data, length, got);
    for (unsigned i = 0; i < 2; i++)
      check(memcmp(got[i], expected[i], hash_bytes(kind)) == 0);
  }
}

static void
two_messages_have_the_digests_of_each(void **state)
{
  (void)state;
  run_seeds(2000, agree_on_two);
}

/* What was added so far, and much more, which nobody has the time to add. */
static void
agree_after_much(struct random *random)
{
  static const uint64_t lengths[] = { UINT64_C(1) << 29, UINT64_C(1) << 32, UINT64_C(1) << 35, UINT64_C(1) << 60 };
  enum hash_kind kind = (enum hash_kind)random_between(random, HASH_MD5, HASH_SHA512);
  uint64_t much = lengths[random_between(random, 0, LENGTH_OF(lengths) - 1)] - 128 * random_between(random, 0, 2);
  uint8_t message[400], expected[HASH_BYTES_MAX], got[HASH_BYTES_MAX], words[HASH_BYTES_MAX];
  size_t length = random_between(random, 0, sizeof message);
  br_hash_compat_context context;
  struct hash hash;

  fill(random, message, sizeof message);
  fill(random, words, sizeof words);
  classes[kind]->init(&context.vtable);
  classes[kind]->set_state(&context.vtable, words, much);
  classes[kind]->update(&context.vtable, message, length);
  classes[kind]->out(&context.vtable, expected);
  for (unsigned turn = 0; turn < 2; turn++) {
    hash_init(&hash, kind, engine_of(kind, turn));
    memcpy(hash.state, words, sizeof words);
    hash.length = much;
    hash_add(&hash, message, length);
    hash_out(&hash, got);
    check(memcmp(got, expected, hash_bytes(kind)) == 0);
  }
}

static void
long_messages_count_on(void **state)
{
  (void)state;
  run_seeds(1000, agree_after_much);
}

/* ---- Mistakes ---- */

static void
hash_of_no_kind(void)
{
  struct hash hash;

  hash_init(&hash, (enum hash_kind)HASH_KINDS, NULL);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(hash_of_no_kind));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_engines_give_the_published_results),
    cmocka_unit_test(a_million_letters_give_the_published_result),
    cmocka_unit_test(names_and_lengths_are_the_usual_ones),
    cmocka_unit_test(instructions_are_used_where_they_are),
    cmocka_unit_test(however_a_message_is_cut_its_digest_is_the_same),
    cmocka_unit_test(zeros_need_not_lie_anywhere),
    cmocka_unit_test(two_messages_have_the_digests_of_each),
    cmocka_unit_test(long_messages_count_on),
    cmocka_unit_test(mistakes_are_asserted),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
