# Executions: their key, what they post to the books, and the fees that go with them.
from libc.stdint cimport INT64_MIN

from oms._core.state cimport *

cdef uint32_t find_execution(const State* s, uint32_t exchange, int32_t trade_date, uint8_t side, const uint8_t* name,
                             uint32_t length) noexcept nogil
cdef uint32_t add_execution(State* s, uint32_t order, const ExecutionRow* figures, bint keyed) noexcept nogil
cdef void supersede(State* s, uint32_t old, uint32_t new) noexcept nogil
cdef void post(State* s, uint32_t execution) noexcept nogil
cdef void unpost(State* s, uint32_t execution) noexcept nogil
cdef bint postable(const State* s, const OrderRow* o, int64_t quantity, int64_t value) noexcept nogil
cdef bint room_to_refee(const State* s, const OrderRow* o) noexcept nogil
cdef bint room_for_versions(const State* s, const OrderRow* o, uint64_t times) noexcept nogil
cdef int64_t fee_due(const State* s, const OrderRow* o, int64_t cum_value, bint all_of_it, int64_t* tax) noexcept nogil
cdef void refee(State* s, uint32_t order, int32_t date) noexcept nogil
cdef void charge_rest(State* s, uint32_t order) noexcept nogil


cdef inline bint price_possible(const InstrumentRow* i, int64_t price) noexcept nogil:
    """A trade below zero is one only where the instrument has such prices; null is below zero, too."""
    return price >= 0 or (i.price_may_be_negative and price != INT64_MIN)


cdef inline bint has_ended(const OrderRow* o) noexcept nogil:
    """It can trade no more, or will be closed for that within this record."""
    return o.closed != 0 or o.cum_qty >= o.order_qty
