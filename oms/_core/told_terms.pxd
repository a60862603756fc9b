# Which of an exchange's reports about an order's terms is the newer one.
from oms._core.state cimport *

cdef bint is_old(const State* s, uint32_t order, const ExecutionReport* r) noexcept nogil
cdef bint told_before(const State* s, uint32_t order, const ExecutionReport* r) noexcept nogil
cdef bint is_filled_there(const State* s, uint32_t order, const ExecutionReport* r) noexcept nogil
cdef void note_terms(State* s, uint32_t order, const ExecutionReport* r, bint asked) noexcept nogil
cdef void forget_terms(State* s, uint32_t order) noexcept nogil
cdef void forget_restatements(State* s, int32_t before) noexcept nogil
