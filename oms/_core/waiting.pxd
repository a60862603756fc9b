# Requests that wait, at the desk or for an adapter, and how they go on or end.
from oms._core.state cimport *
from oms._core.vetting cimport Terms

cdef void send_or_queue(State* s, uint32_t request, const Terms* t) noexcept nogil
cdef void vet_again(State* s, uint32_t request, Terms* t) noexcept nogil
cdef uint16_t apply_decision(State* s, const AuthDecision* r) noexcept nogil
cdef void release_buffered(State* s, uint32_t exchange) noexcept nogil
cdef void expire_waiting(State* s) noexcept nogil
cdef void drop(State* s, uint32_t request, uint8_t status, uint16_t reason) noexcept nogil
