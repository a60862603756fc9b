# Facts from exchanges: execution reports and cancel rejects. They are booked, or parked whole; never refused.
from oms._core.state cimport *

cdef uint16_t apply_report(State* s, const ExecutionReport* r) noexcept nogil
cdef uint16_t apply_cancel_reject(State* s, const OrderCancelReject* r) noexcept nogil
cdef bint room_for_fact(const State* s) noexcept nogil
cdef uint16_t park(State* s, uint16_t status, uint16_t feed, uint32_t execution) noexcept nogil
cdef void flag(State* s, uint32_t order, uint8_t flags) noexcept nogil
cdef void say(State* s, uint32_t order, uint8_t word) noexcept nogil
cdef void answered(State* s, uint32_t request) noexcept nogil
cdef void warn_of_debt(State* s, uint32_t order) noexcept nogil
