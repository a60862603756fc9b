# Executions: their key, what they post to the books, and the fees that go with them.
from oms._core.state cimport *

cdef enum:  # execution.posted
    LADDER = 1
    SETTLED = 2
    AT_ONCE = 3

cdef uint32_t find_execution(const State* s, uint32_t exchange, int32_t trade_date, uint8_t side, const uint8_t* name,
                             uint32_t length) noexcept nogil
cdef uint32_t add_execution(State* s, uint32_t order, const ExecutionRow* figures, const uint8_t* name, uint32_t length,
                            bint keyed) noexcept nogil
cdef void post(State* s, uint32_t execution, uint8_t where) noexcept nogil
cdef void unpost(State* s, uint32_t execution) noexcept nogil
cdef bint postable(const State* s, const OrderRow* o, int64_t quantity, int64_t value) noexcept nogil
cdef int64_t fee_due(const State* s, const OrderRow* o, int64_t cum_value, bint all_of_it, int64_t* tax) noexcept nogil
cdef void refee(State* s, uint32_t order, int32_t later) noexcept nogil
cdef void charge_rest(State* s, uint32_t order) noexcept nogil
cdef uint32_t reissue(State* s, uint32_t execution, int64_t fee, int64_t tax) noexcept nogil
