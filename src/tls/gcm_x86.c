/* SPDX-License-Identifier: MIT */
/* gcm_x86: see gcm_x86.h. */
#include "tls/gcm_x86.h"

#include "base/secret.h"

#include <bearssl_block.h>
#include <bearssl_hash.h>

#include <assert.h>
#include <string.h>

#if defined __x86_64__

#include <cpuid.h>
#include <immintrin.h>

#define BLOCK 16
#define LANES 8 /* registers at a time: as many as hide how long an instruction takes */
#define CHUNK (LANES * BLOCK)
#define WIDE_BLOCK (2 * BLOCK)
#define WIDE_CHUNK (LANES * WIDE_BLOCK)
#define POWERS (2 * LANES)
#define ROUNDS_MAX 14

/* What instructions a function may be made of. Those that work on registers become part
 * of their callers; the few that work on chunks don't, or the code would be thrice as
 * long. */
#define X86 __attribute__((target("sse4.1,aes,pclmul")))
#define X86_INLINE X86 __attribute__((always_inline)) static inline
#define X86_CALL X86 __attribute__((noinline)) static

/* With two blocks to a register, on processors from 2019 on. */
#define WIDE __attribute__((target("avx2,aes,pclmul,vaes,vpclmulqdq")))
#define WIDE_INLINE WIDE __attribute__((always_inline)) static inline
#define WIDE_CALL WIDE __attribute__((noinline)) static

/* Blocks of the hash are taken with their bytes reversed, and the powers of H times
 * x, which saves a shift of each product.  powers_sum has the two halves of each
 * power added, for a product of three multiplications rather than four. */
struct key {
  __m128i powers[POWERS]; /* H to the POWERS first, to the 1 last */
  __m128i powers_sum[POWERS];
  __m128i round_keys[ROUNDS_MAX + 1];
  unsigned rounds;
  bool is_wide;
};

_Static_assert(sizeof(struct key) <= sizeof((struct gcm *)NULL)->words, "there is room for a key");
_Static_assert(_Alignof(struct key) <= _Alignof(struct gcm), "and it is where it has to be");

/* On the way through a message. */
struct message {
  const struct key *key;
  __m128i first;   /* the nonce and the counter 1, reversed */
  __m128i counter; /* of the next block */
  __m128i hash;
};

/* A product that isn't reduced yet: 256 bits, the middle ones by themselves. */
struct product {
  __m128i low, middle, high;
};

static const struct key *
key_of(const struct gcm *gcm)
{
  return (const struct key *)(const void *)gcm->words;
}

X86_INLINE __m128i
load(const uint8_t *from)
{
  return _mm_loadu_si128((const __m128i *)(const void *)from);
}

X86_INLINE void
store(uint8_t *to, __m128i value)
{
  _mm_storeu_si128((__m128i *)(void *)to, value);
}

X86_INLINE __m128i
reversed(__m128i value)
{
  return _mm_shuffle_epi8(value, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

X86_INLINE __m128i
swapped(__m128i value)
{
  return _mm_shuffle_epi32(value, 0x4E);
}

/* ---- The hash ---- */

X86_INLINE void
multiply_add(struct product *sum, __m128i block, __m128i power, __m128i power_sum)
{
  sum->low = _mm_xor_si128(sum->low, _mm_clmulepi64_si128(block, power, 0x00));
  sum->high = _mm_xor_si128(sum->high, _mm_clmulepi64_si128(block, power, 0x11));
  block = _mm_xor_si128(block, swapped(block));
  sum->middle = _mm_xor_si128(sum->middle, _mm_clmulepi64_si128(block, power_sum, 0x00));
}

/* Modulo x^128 + x^127 + x^126 + x^121 + 1, the polynomial with its bits reversed:
 * its lower half but for the 1 is the constant, and two steps fold 64 bits each. */
X86_INLINE __m128i
reduce(struct product product)
{
  const __m128i polynomial = _mm_set_epi64x(0, (long long)0xC200000000000000);
  __m128i low = product.low;
  __m128i middle = _mm_xor_si128(product.middle, _mm_xor_si128(low, product.high));

  middle = _mm_xor_si128(middle, _mm_xor_si128(swapped(low), _mm_clmulepi64_si128(low, polynomial, 0x00)));
  return _mm_xor_si128(product.high, _mm_xor_si128(swapped(middle), _mm_clmulepi64_si128(middle, polynomial, 0x00)));
}

/* The hash, having taken in up to POWERS more blocks. */
X86_CALL __m128i
hash_blocks(const struct key *key, __m128i hash, const uint8_t *from, unsigned blocks)
{
  struct product sum = { _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128() };

  for (unsigned i = 0; i < blocks; i++) {
    unsigned power = POWERS - blocks + i;
    __m128i block = reversed(load(from + i * BLOCK));
    if (i == 0)
      block = _mm_xor_si128(block, hash);
    multiply_add(&sum, block, key->powers[power], key->powers_sum[power]);
  }
  return reduce(sum);
}

/* Takes in bytes of any number, zeros behind them up to a block. */
X86_INLINE __m128i
hash_bytes(const struct key *key, __m128i hash, const uint8_t *from, size_t length)
{
  uint8_t padded[BLOCK];

  for (; length >= BLOCK; from += BLOCK, length -= BLOCK)
    hash = hash_blocks(key, hash, from, 1);
  if (length == 0)
    return hash;
  memset(padded, 0, sizeof padded);
  memcpy(padded, from, length);
  return hash_blocks(key, hash, padded, 1);
}

/* ---- The cipher ---- */

X86_INLINE __m128i
encrypt_block(const struct key *key, __m128i block)
{
  block = _mm_xor_si128(block, key->round_keys[0]);
  for (unsigned round = 1; round < key->rounds; round++)
    block = _mm_aesenc_si128(block, key->round_keys[round]);
  return _mm_aesenclast_si128(block, key->round_keys[key->rounds]);
}

/* All blocks through one round. */
X86_INLINE void
encrypt_round(__m128i blocks[LANES], __m128i round_key)
{
#pragma GCC unroll 8
  for (unsigned i = 0; i < LANES; i++)
    blocks[i] = _mm_aesenc_si128(blocks[i], round_key);
}

/* Encrypts or decrypts LANES blocks. Meanwhile hashes as many at `hashed`, unless that is
 * NULL: one of them with each round. */
X86_INLINE void
any_chunk(struct message *message, uint8_t *to, const uint8_t *from, const uint8_t *hashed)
{
  const struct key *key = message->key;
  const __m128i zero = _mm_setzero_si128();
  struct product sum = { zero, zero, zero };
  __m128i counter = message->counter, blocks[LANES];

#pragma GCC unroll 8
  for (unsigned i = 0; i < LANES; i++) {
    blocks[i] = _mm_xor_si128(reversed(counter), key->round_keys[0]);
    counter = _mm_add_epi32(counter, _mm_set_epi32(0, 0, 0, 1));
  }
  message->counter = counter;
#pragma GCC unroll 8
  for (unsigned i = 0; i < LANES; i++) {
    encrypt_round(blocks, key->round_keys[1 + i]);
    if (hashed) {
      __m128i block = reversed(load(hashed + i * BLOCK));
      if (i == 0)
        block = _mm_xor_si128(block, message->hash);
      multiply_add(&sum, block, key->powers[LANES + i], key->powers_sum[LANES + i]);
    }
  }
  if (hashed)
    message->hash = reduce(sum);
  for (unsigned round = 1 + LANES; round < key->rounds; round++)
    encrypt_round(blocks, key->round_keys[round]);
#pragma GCC unroll 8
  for (unsigned i = 0; i < LANES; i++) {
    __m128i stream = _mm_aesenclast_si128(blocks[i], key->round_keys[key->rounds]);
    store(to + i * BLOCK, _mm_xor_si128(load(from + i * BLOCK), stream));
  }
}

X86_CALL void
chunk(struct message *message, uint8_t *to, const uint8_t *from)
{
  any_chunk(message, to, from, NULL);
}

X86_CALL void
chunks_and_hash(struct message *message, uint8_t *to, const uint8_t *from, const uint8_t *hashed, size_t length)
{
  for (size_t done = 0; done < length; done += CHUNK)
    any_chunk(message, to + done, from + done, hashed + done);
}

/* ---- A message ---- */

X86_CALL struct message
begin(const struct gcm *gcm, const uint8_t *nonce, const uint8_t *header, size_t header_length)
{
  struct message message = { .key = key_of(gcm) };
  uint8_t block[BLOCK] = { [BLOCK - 1] = 1 };

  memcpy(block, nonce, GCM_NONCE_BYTES);
  message.first = reversed(load(block));
  message.counter = _mm_add_epi32(message.first, _mm_set_epi32(0, 0, 0, 1));
  message.hash = hash_bytes(message.key, _mm_setzero_si128(), header, header_length);
  return message;
}

X86_CALL void
finish(struct message *message, size_t header_length, size_t length, uint8_t *tag)
{
  const struct key *key = message->key;
  uint8_t lengths[BLOCK];

  store(lengths, reversed(_mm_set_epi64x((long long)header_length * 8, (long long)length * 8)));
  message->hash = hash_blocks(key, message->hash, lengths, 1);
  store(tag, _mm_xor_si128(reversed(message->hash), encrypt_block(key, reversed(message->first))));
}

/* ---- Two blocks to a register ---- */

WIDE_INLINE __m256i
wide_load(const void *from)
{
  return _mm256_loadu_si256((const __m256i *)from);
}

WIDE_INLINE __m256i
wide_reversed(__m256i value)
{
  return _mm256_shuffle_epi8(value, _mm256_broadcastsi128_si256(
                                        _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
}

WIDE_INLINE __m256i
wide_round_key(const struct key *key, unsigned round)
{
  return _mm256_broadcastsi128_si256(key->round_keys[round]);
}

/* A product for each half of the registers. */
struct wide_product {
  __m256i low, middle, high;
};

WIDE_INLINE void
wide_multiply_add(struct wide_product *sum, __m256i blocks, __m256i powers, __m256i powers_sum)
{
  sum->low = _mm256_xor_si256(sum->low, _mm256_clmulepi64_epi128(blocks, powers, 0x00));
  sum->high = _mm256_xor_si256(sum->high, _mm256_clmulepi64_epi128(blocks, powers, 0x11));
  blocks = _mm256_xor_si256(blocks, _mm256_shuffle_epi32(blocks, 0x4E));
  sum->middle = _mm256_xor_si256(sum->middle, _mm256_clmulepi64_epi128(blocks, powers_sum, 0x00));
}

WIDE_INLINE __m128i
both_halves(__m256i value)
{
  return _mm_xor_si128(_mm256_castsi256_si128(value), _mm256_extracti128_si256(value, 1));
}

/* As any_chunk(), for twice as many blocks. */
WIDE_INLINE void
any_wide_chunk(struct message *message, uint8_t *to, const uint8_t *from, const uint8_t *hashed)
{
  const struct key *key = message->key;
  const __m256i zero = _mm256_setzero_si256();
  struct wide_product sum = { zero, zero, zero };
  __m256i counter = _mm256_add_epi32(_mm256_broadcastsi128_si256(message->counter),
                                     _mm256_set_epi32(0, 0, 0, 1, 0, 0, 0, 0));
  __m256i blocks[LANES];

#pragma GCC unroll 8
  for (unsigned i = 0; i < LANES; i++) {
    blocks[i] = _mm256_xor_si256(wide_reversed(counter), wide_round_key(key, 0));
    counter = _mm256_add_epi32(counter, _mm256_set_epi32(0, 0, 0, 2, 0, 0, 0, 2));
  }
  message->counter = _mm256_castsi256_si128(counter);
#pragma GCC unroll 8
  for (unsigned i = 0; i < LANES; i++) {
#pragma GCC unroll 8
    for (unsigned j = 0; j < LANES; j++)
      blocks[j] = _mm256_aesenc_epi128(blocks[j], wide_round_key(key, 1 + i));
    if (hashed) {
      __m256i pair = wide_reversed(wide_load(hashed + i * WIDE_BLOCK));
      if (i == 0)
        pair = _mm256_xor_si256(pair, _mm256_inserti128_si256(zero, message->hash, 0));
      wide_multiply_add(&sum, pair, wide_load(&key->powers[2 * i]), wide_load(&key->powers_sum[2 * i]));
    }
  }
  if (hashed)
    message->hash = reduce((struct product){ both_halves(sum.low), both_halves(sum.middle), both_halves(sum.high) });
  for (unsigned round = 1 + LANES; round < key->rounds; round++) {
#pragma GCC unroll 8
    for (unsigned j = 0; j < LANES; j++)
      blocks[j] = _mm256_aesenc_epi128(blocks[j], wide_round_key(key, round));
  }
#pragma GCC unroll 8
  for (unsigned i = 0; i < LANES; i++) {
    __m256i stream = _mm256_aesenclast_epi128(blocks[i], wide_round_key(key, key->rounds));
    _mm256_storeu_si256((__m256i *)(void *)(to + i * WIDE_BLOCK),
                        _mm256_xor_si256(wide_load(from + i * WIDE_BLOCK), stream));
  }
}

WIDE_CALL void
wide_chunk(struct message *message, uint8_t *to, const uint8_t *from)
{
  any_wide_chunk(message, to, from, NULL);
}

WIDE_CALL void
wide_chunks_and_hash(struct message *message, uint8_t *to, const uint8_t *from, const uint8_t *hashed, size_t length)
{
  for (size_t done = 0; done < length; done += WIDE_CHUNK)
    any_wide_chunk(message, to + done, from + done, hashed + done);
}

/* Less than a chunk, at the end. */
X86_CALL void
last_part(struct message *message, uint8_t *to, const uint8_t *from, size_t length, bool seals)
{
  unsigned blocks = (unsigned)((length + BLOCK - 1) / BLOCK);
  uint8_t part[CHUNK];

  if (length == 0)
    return;
  memset(part, 0, sizeof part);
  memcpy(part, from, length);
  if (!seals)
    message->hash = hash_blocks(message->key, message->hash, part, blocks);
  chunk(message, part, part);
  memcpy(to, part, length);
  if (!seals)
    return;
  memset(part + length, 0, sizeof part - length);
  message->hash = hash_blocks(message->key, message->hash, part, blocks);
}

/* All whole chunks of a message, the hash a chunk behind: it is of what was encrypted.
 * Returns how many bytes they are. */
X86 static size_t
seal_chunks(struct message *message, uint8_t *to, const uint8_t *from, size_t length)
{
  size_t rest;

  if (length < CHUNK)
    return 0;
  length -= length % CHUNK;
  rest = length - CHUNK;
  chunk(message, to, from);
  chunks_and_hash(message, to + CHUNK, from + CHUNK, to, rest);
  message->hash = hash_blocks(message->key, message->hash, to + rest, LANES);
  return length;
}

/* The same by wide chunks. */
X86 static size_t
wide_seal_chunks(struct message *message, uint8_t *to, const uint8_t *from, size_t length)
{
  size_t rest;

  if (length < WIDE_CHUNK || !message->key->is_wide)
    return 0;
  length -= length % WIDE_CHUNK;
  rest = length - WIDE_CHUNK;
  wide_chunk(message, to, from);
  wide_chunks_and_hash(message, to + WIDE_CHUNK, from + WIDE_CHUNK, to, rest);
  message->hash = hash_blocks(message->key, message->hash, to + rest, POWERS);
  return length;
}

X86 void
gcm_x86_seal(const struct gcm *gcm, const uint8_t nonce[GCM_NONCE_BYTES], const uint8_t *header, size_t header_length,
             uint8_t *to, const uint8_t *from, size_t length, uint8_t tag[GCM_TAG_BYTES])
{
  struct message message = begin(gcm, nonce, header, header_length);
  size_t done = wide_seal_chunks(&message, to, from, length);

  done += seal_chunks(&message, to + done, from + done, length - done);
  last_part(&message, to + done, from + done, length - done, true);
  finish(&message, header_length, length, tag);
}

X86 void
gcm_x86_open(const struct gcm *gcm, const uint8_t nonce[GCM_NONCE_BYTES], const uint8_t *header, size_t header_length,
             uint8_t *to, const uint8_t *from, size_t length, uint8_t tag[GCM_TAG_BYTES])
{
  struct message message = begin(gcm, nonce, header, header_length);
  size_t wide = message.key->is_wide ? length - length % WIDE_CHUNK : 0;
  size_t done = length - (length - wide) % CHUNK;

  if (wide > 0)
    wide_chunks_and_hash(&message, to, from, from, wide);
  chunks_and_hash(&message, to + wide, from + wide, from + wide, done - wide);
  last_part(&message, to + done, from + done, length - done, false);
  finish(&message, header_length, length, tag);
}

/* ---- Keys ---- */

/* Times x: a shift, and what falls out comes back in as the polynomial. Without a
 * branch, since H is secret. */
X86_INLINE __m128i
times_x(__m128i value)
{
  const __m128i polynomial = _mm_set_epi64x((long long)0xC200000000000000, 1);
  __m128i tops = _mm_srli_epi64(value, 63);
  __m128i carry = _mm_sub_epi64(_mm_setzero_si128(), _mm_unpackhi_epi64(tops, tops));

  value = _mm_or_si128(_mm_slli_epi64(value, 1), _mm_slli_si128(tops, 8));
  return _mm_xor_si128(value, _mm_and_si128(carry, polynomial));
}

X86 void
gcm_x86_init(struct gcm *gcm, const uint8_t *bytes, unsigned key_bytes, bool is_wide)
{
  struct key *key = (struct key *)(void *)gcm->words;
  br_aes_x86ni_ctr_keys schedule;
  __m128i power;

  br_aes_x86ni_ctr_init(&schedule, bytes, key_bytes);
  key->rounds = schedule.num_rounds;
  key->is_wide = is_wide;
  assert(key->rounds == 10 || key->rounds == ROUNDS_MAX);
  memcpy(key->round_keys, schedule.skey.skni, sizeof key->round_keys);
  secret_wipe(&schedule, sizeof schedule);
  power = times_x(reversed(encrypt_block(key, _mm_setzero_si128())));
  for (unsigned i = POWERS; i-- > 0;) {
    struct product product = { _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128() };
    key->powers[i] = power;
    key->powers_sum[i] = _mm_xor_si128(power, swapped(power));
    multiply_add(&product, power, key->powers[POWERS - 1], key->powers_sum[POWERS - 1]);
    power = reduce(product);
  }
}

/* What there is is asked for by its bits: the compiler's own way to ask knows every processor there ever was, in 5 KiB. */
bool
gcm_x86_is_there(void)
{
  unsigned eax, ebx, ecx, edx;

  return br_aes_x86ni_ctr_get_vtable() && __get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx & bit_SSE4_1 &&
         ecx & bit_PCLMUL;
}

/* Registers of 256 bits, which the system has to know that it must keep. */
__attribute__((target("xsave"))) static bool
keeps_wide_registers(void)
{
  const unsigned long long halves = 0x6; /* the lower ones are those of SSE */
  unsigned eax, ebx, ecx, edx;

  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx & bit_OSXSAVE && (_xgetbv(0) & halves) == halves;
}

/* AES and carry-less products on them. */
static bool
has_wide_instructions(void)
{
  unsigned eax, ebx, ecx, edx;

  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && ebx & bit_AVX2 && ecx & bit_VAES && ecx & bit_VPCLMULQDQ;
}

bool
gcm_x86_is_wide(void)
{
  return gcm_x86_is_there() && keeps_wide_registers() && has_wide_instructions();
}

#else

bool
gcm_x86_is_there(void)
{
  return false;
}

bool
gcm_x86_is_wide(void)
{
  return false;
}

/* Never called, then. */

void
gcm_x86_init(struct gcm *gcm, const uint8_t *key, unsigned key_bytes, bool is_wide)
{
  (void)gcm, (void)key, (void)key_bytes, (void)is_wide;
  assert(false);
}

void
gcm_x86_seal(const struct gcm *gcm, const uint8_t nonce[GCM_NONCE_BYTES], const uint8_t *header, size_t header_length,
             uint8_t *to, const uint8_t *from, size_t length, uint8_t tag[GCM_TAG_BYTES])
{
  (void)gcm, (void)nonce, (void)header, (void)header_length, (void)to, (void)from, (void)length, (void)tag;
  assert(false);
}

void
gcm_x86_open(const struct gcm *gcm, const uint8_t nonce[GCM_NONCE_BYTES], const uint8_t *header, size_t header_length,
             uint8_t *to, const uint8_t *from, size_t length, uint8_t tag[GCM_TAG_BYTES])
{
  (void)gcm, (void)nonce, (void)header, (void)header_length, (void)to, (void)from, (void)length, (void)tag;
  assert(false);
}

#endif
