# What clients ask for. Each returns the status that it answered with.
from oms._core.state cimport *

cdef uint16_t apply_new(State* s, const NewOrderSingle* r) noexcept nogil
cdef uint16_t apply_replace(State* s, const OrderCancelReplaceRequest* r) noexcept nogil
cdef uint16_t apply_cancel(State* s, const OrderCancelRequest* r) noexcept nogil


cdef inline bint unsent(const State* s, const OrderRow* o) noexcept nogil:
    """The order's own request still waits here."""
    cdef uint8_t status = s.request[o.request].status
    return RequestStatus_received <= status <= RequestStatus_buffered
