/* Bits of the CSV reader that Cython cannot say: byte classes, unaligned words, 128-bit sums. Never touches a file. */

#ifndef OMS_CSV_H
#define OMS_CSV_H

#include <stdint.h>
#include <string.h>

enum { CSV_PLAIN = 0, CSV_STOP = 1 }; /* a field goes on through plain bytes */

/* Stop: comma, quote, control characters (tab is plain) and all that is not ASCII. */
static const uint8_t csv_class[256] = {
    [0 ... 8] = CSV_STOP,  [10 ... 31] = CSV_STOP, ['"'] = CSV_STOP,
    [','] = CSV_STOP,      [127 ... 255] = CSV_STOP,
};

typedef struct {
    uint64_t low;
    int64_t high;
} CsvSum;

static inline void csv_add(CsvSum *sum, int64_t value) {
    __int128 total = ((__int128)sum->high << 64 | sum->low) + value;
    sum->low = (uint64_t)total;
    sum->high = (int64_t)(total >> 64);
}

/* Eight bytes from p, those from `length` on made zero. Reads up to 7 bytes past the end: the buffer has that slack. */
static inline uint64_t csv_word(const uint8_t *p, uint32_t length) {
    uint64_t word;
    memcpy(&word, p, 8);
    return length >= 8 ? word : word & ((1ULL << (8 * length)) - 1);
}

static inline uint64_t csv_mix(uint64_t hash, uint64_t word) {
    unsigned __int128 product = (unsigned __int128)(hash ^ word ^ 0x9E3779B97F4A7C15ULL) * 0xD6E8FEB86659FD93ULL;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Length of the UTF-8 character at p, 0 when it is none. Stops at the first wrong byte, so a sentinel bounds it. */
static inline uint32_t csv_utf8(const uint8_t *p) {
    if (p[0] < 0x80) return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4) return 0;
    uint8_t low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    uint8_t high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high) return 0;
    if (p[0] < 0xE0) return 2;
    if ((p[2] & 0xC0) != 0x80) return 0;
    if (p[0] < 0xF0) return 3;
    return (p[3] & 0xC0) == 0x80 ? 4 : 0;
}

static inline void csv_prefetch(const void *p) { __builtin_prefetch(p, 0, 1); }

#endif
