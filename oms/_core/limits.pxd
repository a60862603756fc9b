# Limits of the firm, accounts, instruments and users, and what counts against them.
from oms._core.state cimport *
from oms._core.vetting cimport Terms

cdef uint16_t apply_set_limit(State* s, const SetLimit* r) noexcept nogil
cdef bint add_tallies(State* s, uint16_t currency) noexcept nogil
cdef void count_request(State* s, uint32_t account, uint32_t instrument) noexcept nogil
cdef void count_open(State* s, uint32_t order) noexcept nogil
cdef void count_trade(State* s, const ExecutionRow* x, int64_t value) noexcept nogil
cdef void count_anew(State* s) noexcept nogil
cdef int64_t open_of(const State* s, const OrderRow* o, uint32_t without) noexcept nogil
cdef int64_t leaves_value(const State* s, const OrderRow* o, int64_t price, int64_t order_qty) noexcept nogil
cdef void vet_limits(State* s, const OrderRow* o, Terms* t, int64_t before, int64_t after) noexcept nogil
