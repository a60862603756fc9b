# What an operator says became of a request in doubt, a break, or a parked report.
from oms._core.state cimport *

cdef uint16_t apply_resolve(State* s, const Resolve* r) noexcept nogil
