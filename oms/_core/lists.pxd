# Lists of requests: what belongs to one is held until the last has come, and goes out together or not at all.
from oms._core.state cimport *

cdef enum:
    LIST_open = 1
    LIST_failed = 2  # what still comes is refused, until the last one is in

cdef uint16_t apply_list_begin(State* s, const ListBegin* r) noexcept nogil
cdef uint32_t open_list(const State* s) noexcept nogil
cdef bint holds_back(const State* s) noexcept nogil
cdef void member_came(State* s, uint16_t status) noexcept nogil
cdef void spoil_list(State* s, uint16_t user) noexcept nogil
cdef void end_spoilt(State* s) noexcept nogil
cdef void end_lists(State* s, uint32_t exchange) noexcept nogil
