# Settlement of single trades: what of an execution is open, and how that moves to booked and settled.
from oms._core.state cimport *

cdef struct Item:  # signed: what comes is above zero, what goes below
    int64_t net    # money
    int64_t stock

cdef void add_movement(State* s, const MovementRow* figures) noexcept nogil
cdef Item item_of(const State* s, const ExecutionRow* x) noexcept nogil
cdef Item open_item(const State* s, uint32_t execution) noexcept nogil
cdef uint32_t cash_of(const State* s, const ExecutionRow* x) noexcept nogil
cdef uint32_t holding_of(const State* s, const ExecutionRow* x) noexcept nogil
cdef int64_t short_part(const ExecutionRow* x, int64_t net) noexcept nogil
cdef void count_late(State* s, uint32_t execution, int sign) noexcept nogil
cdef void settle(State* s, uint32_t execution, const Item* part, int32_t date, uint32_t reference) noexcept nogil
cdef void set_off(State* s, uint32_t trade, uint32_t reversal) noexcept nogil
cdef bint is_late(const State* s, const ExecutionRow* x) noexcept nogil
cdef bint partly_settled(const State* s, const ExecutionRow* x) noexcept nogil
cdef void mark_late(State* s, uint32_t execution, int32_t left_by) noexcept nogil
