# How large tables may become, by the journal's word.
from oms._core.state cimport *

cdef uint16_t apply_capacities(State* s, const Capacities* r) noexcept nogil
cdef void find_short_table(State* s) noexcept nogil
