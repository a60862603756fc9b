# A running word over what `apply` makes.
from oms._core.state cimport *

cdef void digest_record(State* s, uint16_t status, uint64_t outputs) noexcept nogil
cdef uint16_t apply_state_mark(State* s, const StateMark* r) noexcept nogil
