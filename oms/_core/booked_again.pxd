# What was parked and is booked after the repair. Owns nothing.
from oms._core.state cimport *

cdef uint32_t parked_slot(const Frame* record) noexcept nogil
cdef uint16_t apply_parked(State* s, const Frame* record) noexcept nogil
