# Facts from exchanges: execution reports and cancel rejects. They are booked, or parked whole; never refused.
from oms._core.state cimport *

cdef uint16_t apply_report(State* s, const ExecutionReport* r) noexcept nogil
cdef uint16_t book(State* s, const ExecutionReport* r) noexcept nogil
cdef uint16_t take_reject(State* s, const OrderCancelReject* r) noexcept nogil
cdef uint16_t apply_cancel_reject(State* s, const OrderCancelReject* r) noexcept nogil
cdef uint16_t apply_long_report(State* s, const LongReport* r) noexcept nogil
# For what a report of a known order needs: that order has its rows.
cdef bint room_for_fact(const State* s) noexcept nogil
cdef bint came_before(const State* s, uint32_t request, uint32_t terms) noexcept nogil
cdef void book_trade(State* s, uint32_t order, ExecutionRow* x, bint keyed) noexcept nogil
cdef uint16_t replaced(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil
cdef void new_terms(State* s, uint32_t order, uint8_t word) noexcept nogil
cdef uint16_t refused(State* s, uint32_t order, uint32_t request, uint8_t word) noexcept nogil
