# Money and stock that move without a trade: deposits, withdrawals, adjustments, transfers, margin.
from oms._core.state cimport *

cdef bint known_item(const State* s, uint32_t instrument, uint32_t currency) noexcept nogil
cdef uint32_t find_movement(const State* s, const uint8_t* name, uint32_t length, uint64_t hash) noexcept nogil
cdef bint room_to_book(const State* s) noexcept nogil
cdef void book(State* s, const MovementRow* m, int64_t average_e8) noexcept nogil
cdef uint16_t apply_movement(State* s, const Movement* r) noexcept nogil
cdef uint16_t apply_transfer(State* s, const Transfer* r) noexcept nogil
cdef uint16_t apply_margin(State* s, const SetMargin* r) noexcept nogil
