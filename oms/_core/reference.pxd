# Reference data: a definition with a known code changes it, another one makes a row.
from oms._core.state cimport *

cdef uint16_t apply_reference(State* s, const Frame* record) noexcept nogil
cdef uint32_t suspense_account(State* s, uint16_t currency) noexcept nogil
cdef uint32_t find_account(const State* s, uint16_t owner, const char* code) noexcept nogil
cdef uint32_t find_instrument(const State* s, uint16_t exchange, const char* symbol) noexcept nogil
cdef uint32_t find_small(const State* s, int table, uint32_t offset, const char* code, uint32_t size) noexcept nogil
cdef uint32_t find_listing(const State* s, const uint8_t* text, uint32_t length) noexcept nogil
cdef uint64_t find_code(const State* s, const Lookup* asked) noexcept nogil
cdef uint32_t find_small(const State* s, int table, uint32_t offset, const char* code, uint32_t size) noexcept nogil
