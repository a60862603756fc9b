# Facts from exchanges: execution reports and cancel rejects. They are booked, or parked whole; never refused.
from oms._core.state cimport *

cdef uint16_t apply_report(State* s, const ExecutionReport* r) noexcept nogil
cdef uint16_t apply_cancel_reject(State* s, const OrderCancelReject* r) noexcept nogil
cdef uint16_t apply_open_order(State* s, const OpenOrder* r) noexcept nogil
cdef uint16_t apply_open_orders_end(State* s, const OpenOrdersEnd* r) noexcept nogil
