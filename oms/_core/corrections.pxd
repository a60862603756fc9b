# Bust and correct: trades that turn out not to have been, or to have been otherwise.
from oms._core.state cimport *

cdef uint32_t find_trade(const State* s, uint32_t order, const uint8_t* name, uint32_t length,
                         int32_t trade_date) noexcept nogil
cdef uint32_t first_version(const State* s, uint32_t execution) noexcept nogil
cdef void bust(State* s, uint32_t execution, const uint8_t* name, uint32_t length, int32_t date) noexcept nogil
cdef void correct(State* s, uint32_t execution, int64_t quantity, int64_t price, int64_t value, const uint8_t* name,
                  uint32_t length, int32_t date, bint keyed) noexcept nogil
cdef uint32_t reverse(State* s, uint32_t execution, uint32_t exec_id, bint keyed, int32_t date) noexcept nogil
