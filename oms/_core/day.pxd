# The day and its keepers: sessions, the business date, movements by hand.
from oms._core.state cimport *

cdef uint16_t apply_session(State* s, const TradingSession* r) noexcept nogil
cdef uint16_t apply_business_date(State* s, const BusinessDate* r) noexcept nogil
cdef uint16_t apply_reconciled(State* s, const AccountReconciled* r) noexcept nogil
cdef uint16_t apply_movement(State* s, const Movement* r) noexcept nogil
cdef uint16_t apply_margin(State* s, const SetMargin* r) noexcept nogil
