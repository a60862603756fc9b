# What clients and DTRs ask for. Each returns the status that it answered with.
from oms._core.state cimport *

cdef uint16_t apply_new(State* s, const NewOrderSingle* r) noexcept nogil
cdef uint16_t apply_replace(State* s, const OrderCancelReplaceRequest* r) noexcept nogil
cdef uint16_t apply_cancel(State* s, const OrderCancelRequest* r) noexcept nogil
cdef uint16_t apply_decision(State* s, const AuthDecision* r) noexcept nogil
cdef void release_buffered(State* s, uint32_t exchange) noexcept nogil
cdef void expire_waiting(State* s) noexcept nogil
cdef void drop(State* s, uint32_t request, uint8_t status, uint16_t reason) noexcept nogil
