# Terms of an order as the exchange states them.
from libc.stdint cimport INT64_MIN

from oms._core.state cimport *

cdef void state_terms(State* s, OrderRow* o, const ExecutionReport* r) noexcept nogil
cdef void price_stated(State* s, const OrderRow* o) noexcept nogil
cdef void follow_price(State* s, uint32_t order, const ExecutionReport* r) noexcept nogil


cdef inline bint tells_price(const State* s, const OrderRow* o, const ExecutionReport* r) noexcept nogil:
    return r.price > 0 or (r.price != INT64_MIN and s.instrument[o.instrument].price_may_be_negative)
