# What leaves the engine: answers, requests to adapters, and events. Each carries the sequence of its cause.
from oms._core.state cimport *

cdef void emit_event(State* s, uint8_t kind, uint32_t row, uint8_t state, uint16_t status) noexcept nogil
cdef Answer* emit_named(State* s, uint16_t to, uint16_t status, uint64_t tag, uint32_t account,
                        uint32_t name) noexcept nogil
cdef Answer* emit_answer(State* s, uint16_t to, uint16_t status, uint64_t tag, uint32_t account, uint32_t request,
                         bint repeated) noexcept nogil
cdef OrderRequest* emit_order_request(State* s, uint32_t request) noexcept nogil
cdef void emit_question(State* s, uint32_t request, uint32_t feed, uint32_t question) noexcept nogil


cdef inline void alert(State* s, uint8_t kind, uint32_t row, uint16_t status) noexcept nogil:
    emit_event(s, EventKind_alert, row, kind, status)
