# Codes and the numbers that they stand for: an open-addressing table over an array of padded codes.

from libc.stdint cimport UINT32_MAX, uint8_t, uint32_t, uint64_t


cdef extern from "csv.h" nogil:
    uint64_t csv_word(const uint8_t* p, uint32_t length)    # reads up to 7 bytes past `length`
    uint64_t csv_mix(uint64_t hash, uint64_t word)


cdef struct CodeTable:
    const uint8_t* codes        # one after another, `width` bytes each, padded with zeros
    const uint32_t* numbers     # what a code stands for
    uint64_t* entries           # high half of the hash << 32 | position + 1; 0 = free
    uint64_t mask
    uint32_t width


cdef class CodeIndex:
    cdef CodeTable table
    cdef object codes, numbers
    cdef readonly list duplicates
    cdef void fill(self, uint64_t count)


cdef inline uint64_t hash_code(const uint8_t* code, uint32_t length) noexcept nogil:
    cdef uint64_t hash = length
    cdef uint32_t done = 0
    while done < length:
        hash = csv_mix(hash, csv_word(code + done, length - done))
        done += 8
    return hash


cdef inline bint same_code(const uint8_t* code, uint32_t length, const uint8_t* padded, uint32_t width) noexcept nogil:
    cdef uint32_t done = 0
    while done < width:
        if (csv_word(code + done, length - done) if done < length else 0) != csv_word(padded + done, 8):
            return False
        done += 8
    return True


cdef inline uint64_t find_code(const CodeTable* table, const uint8_t* code, uint32_t length,
                               uint64_t hash) noexcept nogil:
    """Position + 1, or 0."""
    cdef uint64_t at = hash & table.mask
    cdef uint64_t entry = table.entries[at]
    cdef uint64_t position
    if length == 0 or length > table.width:
        return 0
    while entry != 0:
        position = (entry & UINT32_MAX) - 1
        if entry >> 32 == hash >> 32 and same_code(code, length, table.codes + position * table.width, table.width):
            return position + 1
        at = (at + 1) & table.mask
        entry = table.entries[at]
    return 0
