# Orders that an exchange restates before the firm's own date has reached the corporate action.
from oms._core.state cimport *

cdef bint is_early(const State* s, const OrderRow* o, const ExecutionReport* r) noexcept nogil
cdef void keep_for_later(State* s, uint32_t order, int64_t quantity, int64_t price) noexcept nogil
cdef void restate_now(State* s, uint32_t instrument) noexcept nogil


cdef inline bint waits_for_action(const State* s, uint32_t order) noexcept nogil:
    """What the exchange counts of it is in new stock already, and is not compared with ours."""
    return s.told_terms[order].order_qty != 0
