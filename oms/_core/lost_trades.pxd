# Trades that an exchange does not count any more.
from oms._core.state cimport *

cdef void compare_trades(State* s, uint32_t order, int64_t stated, const Frame* told) noexcept nogil
cdef uint16_t take_back(State* s, uint32_t order, int64_t missing) noexcept nogil
cdef void taken_back(State* s, uint32_t order, int64_t before) noexcept nogil
