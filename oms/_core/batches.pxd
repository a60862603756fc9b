# Settlement batches: staged item by item, booked whole or not at all, once by their id.
from oms._core.state cimport *

cdef uint16_t apply_settle_item(State* s, const SettleItem* r) noexcept nogil
cdef uint16_t apply_settle_expected(State* s, const SettleExpected* r) noexcept nogil
cdef uint16_t apply_settle(State* s, const Settle* r) noexcept nogil
cdef uint16_t settle_contractual(State* s, int32_t date) noexcept nogil
