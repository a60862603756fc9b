# Settlement: what is due moves from the ladders to booked and settled.
from oms._core.state cimport *

cdef void add_movement(State* s, const MovementRow* figures) noexcept nogil
cdef void settle_cash(State* s, uint32_t cash, int32_t date, int64_t owed, int64_t due,
                      uint32_t reference) noexcept nogil
cdef void settle_stock(State* s, uint32_t holding, int32_t date, int64_t owed, int64_t due,
                       uint32_t reference) noexcept nogil
cdef uint16_t settle_contractual(State* s, int32_t date) noexcept nogil
cdef uint16_t apply_settle(State* s, const Settle* r) noexcept nogil
