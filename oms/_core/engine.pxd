# engine.apply: the one function that changes state. The same code runs live, on replay, in a follower and in tests.
from oms._core.state cimport *
from oms._core.tables cimport Tables

cdef uint16_t apply(State* s, const Frame* record) noexcept nogil
cdef uint16_t apply_run(State* s, const uint8_t* data, const uint8_t* end) noexcept nogil


cdef class Core:
    cdef readonly Tables tables
    cdef State* state
