# What is looked up only where a setting asks for it: an account's live orders, and requests by what they say.
from oms._core.state cimport *
from oms._core.vetting cimport Terms

cdef void start_watching(State* s, uint8_t what) noexcept nogil
cdef void watch_rows(State* s, uint8_t what) noexcept nogil
cdef void watch_order(State* s, uint32_t order) noexcept nogil
cdef void unwatch_order(State* s, uint32_t order) noexcept nogil
cdef void watch_request(State* s, uint32_t request) noexcept nogil
cdef void unwatch_request(State* s, uint32_t request) noexcept nogil
cdef void vet_alike(State* s, Terms* t, uint64_t window_ns) noexcept nogil
cdef void vet_crossing(State* s, Terms* t) noexcept nogil
