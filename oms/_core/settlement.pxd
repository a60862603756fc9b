# Settlement: what is due moves from the ladders to booked and settled.
from oms._core.state cimport *

cdef uint16_t apply_settle(State* s, const Settle* r) noexcept nogil
cdef void settle_contractual(State* s, int32_t date) noexcept nogil
cdef void add_movement(State* s, const MovementRow* figures) noexcept nogil
