# engine.apply: the one function that changes state. The same code runs live, on replay, in a follower and in tests.
from oms._core.state cimport *
from oms._core.tables cimport Tables

cdef uint16_t apply(State* s, const Frame* record) noexcept nogil
cdef void prefetch_first(const State* s, const Frame* record) noexcept nogil
cdef void prefetch_second(const State* s, const Frame* record) noexcept nogil
cdef void prefetch_third(const State* s, const Frame* record) noexcept nogil


cdef class Core:
    cdef readonly Tables tables
    cdef State* state
