# Orders that were not entered here, and the exchange's list of open orders.
from oms._core.state cimport *

cdef bint room_to_adopt(const State* s) noexcept nogil
cdef uint32_t adopt(State* s, const ExecutionReport* r) noexcept nogil
cdef uint16_t take_row(State* s, const OpenOrder* r, uint32_t number) noexcept nogil
cdef bint long_row_came(State* s, uint32_t exchange, uint32_t feed) noexcept nogil
cdef uint16_t apply_open_order(State* s, const OpenOrder* r) noexcept nogil
cdef uint16_t apply_open_orders_end(State* s, const OpenOrdersEnd* r) noexcept nogil
