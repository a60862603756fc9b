# Requests in doubt: how they come into it, what the exchange is asked, and what its answer means.
from oms._core.state cimport *

cdef void cast_doubt(State* s, uint32_t feed) noexcept nogil
cdef void hand_back(State* s, uint32_t feed, uint64_t last_sent) noexcept nogil
cdef void send_again(State* s, uint32_t feed, uint64_t last_received) noexcept nogil
cdef void ask_over(State* s, uint32_t feed) noexcept nogil
cdef void ask_exchange(State* s, uint32_t exchange) noexcept nogil
cdef bint answer_is_late(const State* s, uint32_t request, uint32_t question) noexcept nogil
