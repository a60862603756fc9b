/* CRC-32C (Castagnoli), the checksum of every record: SSE 4.2 where the build allows it, else a table.

   crc32c(crc, data, size) continues a checksum; start with 0. It never allocates and never fails. */
#ifndef OMS_CRC32C_H
#define OMS_CRC32C_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE4_2__) && defined(__x86_64__)
#include <nmmintrin.h>
#define OMS_CRC32C_HARDWARE 1
#endif

/* Four bits at a time: slow and short. The table is that of the reflected polynomial 0x82f63b78. */
static inline uint32_t crc32c_portable(uint32_t crc, const void *data, size_t size) {
    static const uint32_t nibble[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    const uint8_t *byte = (const uint8_t *)data;
    crc = ~crc;
    while (size--) {
        crc ^= *byte++;
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return ~crc;
}

#ifdef OMS_CRC32C_HARDWARE
static inline uint32_t crc32c(uint32_t crc, const void *data, size_t size) {
    const uint8_t *byte = (const uint8_t *)data;
    uint64_t sum = ~crc;
    for (; size >= 8; size -= 8, byte += 8) {
        uint64_t word;
        memcpy(&word, byte, 8);
        sum = _mm_crc32_u64(sum, word);
    }
    while (size--) sum = _mm_crc32_u8((uint32_t)sum, *byte++);
    return ~(uint32_t)sum;
}
#else
static inline uint32_t crc32c(uint32_t crc, const void *data, size_t size) { return crc32c_portable(crc, data, size); }
#endif

#endif
