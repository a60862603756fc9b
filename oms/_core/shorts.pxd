# Short selling: what was received for stock that is not bought back, and what of it has not settled.
from oms._core.state cimport *

cdef bint room_to_short(const State* s) noexcept nogil
cdef uint32_t exposure_row(State* s, uint32_t cash) noexcept nogil
cdef void open_short(State* s, uint32_t holding, uint32_t cash) noexcept nogil
cdef void resize_short(State* s, uint32_t holding) noexcept nogil
cdef void short_ladder(State* s, uint32_t cash, int32_t date, int64_t due) noexcept nogil
cdef void late_ladder(State* s, uint32_t cash, int32_t date, int64_t due, int64_t short_due) noexcept nogil
cdef int64_t short_settled(const State* s, const CashRow* cash) noexcept nogil
cdef int64_t not_spendable(const State* s, const CashRow* cash, int32_t last) noexcept nogil
cdef int64_t withheld_more(State* s, const OrderRow* o, uint32_t order, int64_t stock, int64_t due,
                           int64_t counted) noexcept nogil
