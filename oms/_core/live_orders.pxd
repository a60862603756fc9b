# The live orders of each exchange, in the order of their entry.
from oms._core.state cimport *

cdef void enlist(State* s, uint32_t order) noexcept nogil
cdef void delist(State* s, uint32_t order) noexcept nogil
