# How large tables may become, by the journal's word, and how full they are.
from oms._core.state cimport *

cdef void mark_tables(State* s) noexcept nogil
cdef void follow_marks(State* s) noexcept nogil
cdef uint16_t apply_capacities(State* s, const Capacities* r) noexcept nogil
cdef void find_short_table(State* s) noexcept nogil
