# Reports that could not be booked, and breaks: kept whole, told, and closed once.
from oms._core.state cimport *

cdef uint16_t park(State* s, uint16_t status, uint16_t feed, uint32_t execution) noexcept nogil
cdef uint16_t park_report(State* s, uint16_t status, const ExecutionReport* r, uint32_t order,
                          uint32_t execution) noexcept nogil
cdef void close_parked(State* s, uint32_t slot, uint8_t outcome) noexcept nogil
cdef bint may_book_parked(const State* s, const ExecutionReport* r) noexcept nogil
cdef void apply_waiting(State* s, uint32_t order) noexcept nogil
