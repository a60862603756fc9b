# The bus of the process as an object: what the core's loop takes its BusState from.

from libc.stdint cimport uint64_t

from oms._core.bus cimport BusState
from oms._core.bus_endpoint cimport Endpoint
from oms._core.bus_envelope cimport TemplateLimit


cdef class Bus:
    cdef BusState state
    cdef readonly object config
    cdef list sockets           # pynng's, one per endpoint, None while closed
    cdef list deadlines         # monotonic nanoseconds: when to close or to open again
    cdef list threads
    cdef uint64_t last_epoch
    cdef bint stopping

    cdef void configure(self, int index, settings) except *
    cdef void free_aios(self)
    cdef void open(self, int index) except *
    cdef void close(self, int index) except *
    cdef void tend(self, int index) except *
    cdef void watch(self, Endpoint* endpoint) noexcept
    cdef void reopen(self, int index) except *
    cdef void report(self, int index) except *


# Which records a peer may send, and how long each is, from the catalogue.
cdef void set_limits(TemplateLimit* limits, names) except *
