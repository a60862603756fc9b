/* SHA-256, the chain hash of the journal: the CPU's SHA instructions where it has them, else plain C.

   sha256_init, sha256_update and sha256_final as usual; never allocates and never fails. */
#ifndef OMS_SHA256_H
#define OMS_SHA256_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__SSE4_1__)
#include <cpuid.h>
#include <immintrin.h>
#define OMS_SHA256_HARDWARE 1
#endif

#define SHA256_SIZE 32
#define SHA256_BLOCK 64

typedef void (*Sha256Blocks)(uint32_t h[8], const uint8_t *data, size_t blocks);

typedef struct Sha256 {
    uint32_t h[8];
    uint64_t size;                /* bytes so far */
    Sha256Blocks blocks;
    uint8_t rest[SHA256_BLOCK];   /* the last, incomplete block */
} Sha256;

static const uint32_t SHA256_K[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t sha256_rotate(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

static inline uint32_t sha256_load(const uint8_t *byte) {
    return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

static inline void sha256_store(uint8_t *byte, uint32_t word) {
    for (int i = 0; i < 4; i++) byte[i] = (uint8_t)(word >> (24 - 8 * i));
}

static inline void sha256_blocks_portable(uint32_t h[8], const uint8_t *data, size_t blocks) {
    for (; blocks--; data += SHA256_BLOCK) {
        uint32_t w[64], s[8];
        for (int i = 0; i < 16; i++) w[i] = sha256_load(data + 4 * i);
        for (int i = 16; i < 64; i++) {
            uint32_t a = w[i - 15], b = w[i - 2];
            w[i] = w[i - 16] + (sha256_rotate(a, 7) ^ sha256_rotate(a, 18) ^ a >> 3) + w[i - 7] +
                   (sha256_rotate(b, 17) ^ sha256_rotate(b, 19) ^ b >> 10);
        }
        memcpy(s, h, sizeof s);
#define S(at) s[((at) - i) & 7] /* the words move one place a round; here their names do */
#pragma GCC unroll 8
        for (int i = 0; i < 64; i++) {
            uint32_t e = sha256_rotate(S(4), 6) ^ sha256_rotate(S(4), 11) ^ sha256_rotate(S(4), 25);
            uint32_t a = sha256_rotate(S(0), 2) ^ sha256_rotate(S(0), 13) ^ sha256_rotate(S(0), 22);
            uint32_t first = S(7) + e + ((S(4) & S(5)) ^ (~S(4) & S(6))) + SHA256_K[i] + w[i];
            S(3) += first;
            S(7) = first + a + ((S(0) & S(1)) ^ (S(0) & S(2)) ^ (S(1) & S(2)));
        }
#undef S
        for (int i = 0; i < 8; i++) h[i] += s[i];
    }
}

#ifdef OMS_SHA256_HARDWARE
/* Four rounds a turn; m[] holds the sixteen words of the schedule that the next rounds need. */
__attribute__((target("sha,sse4.1"))) static inline void sha256_blocks_hardware(
    uint32_t h[8], const uint8_t *data, size_t blocks) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)h), 0xB1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(h + 4)), 0x1B);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
    for (; blocks--; data += SHA256_BLOCK) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i m[4];
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++)
            m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)data + i), big_endian);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            const int now = i & 3, next = (i + 1) & 3, last = (i + 3) & 3;
            __m128i k = _mm_add_epi32(m[now], _mm_load_si128((const __m128i *)SHA256_K + i));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
            if (i >= 3 && i < 15) {
                m[next] = _mm_add_epi32(m[next], _mm_alignr_epi8(m[now], m[last], 4));
                m[next] = _mm_sha256msg2_epu32(m[next], m[now]);
            }
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0E));
            if (i >= 1 && i < 13) m[last] = _mm_sha256msg1_epu32(m[last], m[now]);
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)h, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(h + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static inline int sha256_has_hardware(void) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}
#endif

/* The fastest that this machine runs. Asked once a process: a cpuid costs much in a virtual machine. */
static inline Sha256Blocks sha256_fastest(void) {
#ifdef OMS_SHA256_HARDWARE
    static Sha256Blocks found;
    Sha256Blocks blocks = __atomic_load_n(&found, __ATOMIC_RELAXED);
    if (!blocks) {
        blocks = sha256_has_hardware() ? sha256_blocks_hardware : sha256_blocks_portable;
        __atomic_store_n(&found, blocks, __ATOMIC_RELAXED);
    }
    return blocks;
#else
    return sha256_blocks_portable;
#endif
}

static inline void sha256_init(Sha256 *sha, Sha256Blocks blocks) {
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(sha->h, start, sizeof start);
    sha->size = 0;
    sha->blocks = blocks;
}

static inline void sha256_update(Sha256 *sha, const void *data, size_t size) {
    const uint8_t *byte = (const uint8_t *)data;
    size_t held = sha->size % SHA256_BLOCK;
    sha->size += size;
    if (held) {
        size_t take = SHA256_BLOCK - held < size ? SHA256_BLOCK - held : size;
        memcpy(sha->rest + held, byte, take);
        byte += take;
        size -= take;
        if (held + take < SHA256_BLOCK) return;
        sha->blocks(sha->h, sha->rest, 1);
    }
    if (size / SHA256_BLOCK) sha->blocks(sha->h, byte, size / SHA256_BLOCK);
    memcpy(sha->rest, byte + size / SHA256_BLOCK * SHA256_BLOCK, size % SHA256_BLOCK);
}

static inline void sha256_final(Sha256 *sha, uint8_t digest[SHA256_SIZE]) {
    uint64_t bits = sha->size * 8;
    size_t held = sha->size % SHA256_BLOCK, blocks = held < 56 ? 1 : 2;
    uint8_t tail[2 * SHA256_BLOCK] = {0};
    memcpy(tail, sha->rest, held);
    tail[held] = 0x80;
    for (int i = 0; i < 8; i++) tail[blocks * SHA256_BLOCK - 1 - i] = (uint8_t)(bits >> 8 * i);
    sha->blocks(sha->h, tail, blocks);
    for (int i = 0; i < 8; i++) sha256_store(digest + 4 * i, sha->h[i]);
}

/* The link of the journal's chain: SHA-256(chain, data) replaces chain. */
static inline void sha256_chain(uint8_t chain[SHA256_SIZE], const void *data, size_t size) {
    Sha256 sha;
    sha256_init(&sha, sha256_fastest());
    sha256_update(&sha, chain, SHA256_SIZE);
    sha256_update(&sha, data, size);
    sha256_final(&sha, chain);
}

#endif
