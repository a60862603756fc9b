# Trading states: what they let through, and how they are set. Killed means halted, with all that is live cancelled.
from oms._core.state cimport *
from oms._core.vetting cimport Terms

cdef void vet_control(State* s, Terms* t) noexcept nogil
cdef uint16_t apply_control(State* s, const Control* r) noexcept nogil
