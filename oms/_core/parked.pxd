# Reports that could not be booked, and breaks: kept whole, told, and closed once.
from oms._core.state cimport *

cdef uint32_t park_row(State* s, uint16_t status, const Frame* record, uint16_t feed) noexcept nogil
cdef uint16_t park(State* s, uint16_t status, const Frame* record, uint16_t feed, uint32_t again,
                   const uint8_t* name, uint32_t length) noexcept nogil
cdef uint16_t park_report(State* s, uint16_t status, const ExecutionReport* r, uint32_t order,
                          uint32_t execution) noexcept nogil
cdef void close_parked(State* s, uint32_t slot, uint8_t outcome) noexcept nogil
cdef bint says(const State* s, const ParkedRow* p, const ExecutionReport* r) noexcept nogil
cdef bint still_parked(const State* s, uint32_t slot, const Frame* record, const uint8_t* name,
                       uint32_t length) noexcept nogil
cdef void apply_waiting(State* s, uint32_t order) noexcept nogil
