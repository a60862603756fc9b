# Owns: the memory of code tables. The finding stands in csv_index.pxd, so that the reader has it inline.

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

import numpy as np

cimport numpy as cnp

cnp.import_array()


cdef inline uint32_t code_length(const uint8_t* code, uint32_t width) noexcept nogil:
    while width and code[width - 1] == 0:
        width -= 1
    return width


cdef class CodeIndex:
    """Codes and the numbers that they stand for.

    codes: array of type `S<n>`, n a multiple of 8, empty ones are left out. numbers: one uint32 per code; None = its
    position. Of a code that comes twice the first counts; `duplicates` has the positions of the others.
    """

    def __cinit__(self, codes, numbers=None):
        width = codes.dtype.itemsize
        if codes.dtype.kind != "S" or width % 8 or len(codes) >= 1 << 31:
            raise ValueError(f"codes must be fewer than 2**31 of type S8, S16, …, not {codes.dtype}")
        self.codes = np.ascontiguousarray(codes)
        numbers = np.arange(len(codes), dtype=np.uint32) if numbers is None else numbers
        self.numbers = np.ascontiguousarray(numbers, dtype=np.uint32)
        if len(self.numbers) != len(self.codes):
            raise ValueError("every code needs its number")
        size = 1 << max(4, (2 * len(codes)).bit_length())
        self.table.entries = <uint64_t*> calloc(size, 8)
        if self.table.entries == NULL:
            raise MemoryError
        self.table.mask = size - 1
        self.table.width = width
        self.table.codes = <const uint8_t*> cnp.PyArray_DATA(self.codes)
        self.table.numbers = <const uint32_t*> cnp.PyArray_DATA(self.numbers)
        self.duplicates = []
        self.fill(len(codes))

    cdef void fill(self, uint64_t count):
        cdef uint64_t position, at, hash
        cdef const uint8_t* code = self.table.codes
        cdef uint32_t length
        for position in range(count):
            length = code_length(code, self.table.width)
            if length:
                hash = hash_code(code, length)
                if find_code(&self.table, code, length, hash):
                    self.duplicates.append(position)
                else:
                    at = hash & self.table.mask
                    while self.table.entries[at]:
                        at = (at + 1) & self.table.mask
                    self.table.entries[at] = (hash >> 32) << 32 | (position + 1)
            code += self.table.width

    def __dealloc__(self):
        free(self.table.entries)

    def find(self, bytes code):
        """The code's number; None when it is unknown."""
        cdef uint8_t padded[256]
        if not 0 < len(code) <= self.table.width or len(code) > 248:
            return None
        memset(padded, 0, 256)
        memcpy(padded, <const char*> code, len(code))
        found = find_code(&self.table, padded, len(code), hash_code(padded, len(code)))
        return self.numbers[found - 1].item() if found else None

    def find_all(self, codes):
        """The number of each code of an array of the same type as the index's, as int64; -1 = unknown."""
        codes = np.ascontiguousarray(codes)
        if codes.dtype.kind != "S" or codes.dtype.itemsize != self.table.width:
            raise ValueError(f"the codes must be of type S{self.table.width}, not {codes.dtype}")
        found = np.full(len(codes), -1, dtype=np.int64)
        cdef const uint8_t* code = <const uint8_t*> cnp.PyArray_DATA(codes)
        cdef int64_t* out = <int64_t*> cnp.PyArray_DATA(found)
        cdef uint64_t position, row
        cdef uint64_t count = len(codes)
        cdef uint32_t length
        with nogil:
            for row in range(count):
                length = code_length(code, self.table.width)
                position = find_code(&self.table, code, length, hash_code(code, length)) if length else 0
                if position:
                    out[row] = self.table.numbers[position - 1]
                code += self.table.width
        return found
