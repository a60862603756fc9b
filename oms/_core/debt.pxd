# Available below zero is told, wherever a fact brings it about.
from oms._core.state cimport *

cdef void warn_cash(State* s, uint32_t cash) noexcept nogil
cdef void warn_holding(State* s, uint32_t holding) noexcept nogil
