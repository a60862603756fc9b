# The day and its keepers: sessions and the business date.
from oms._core.state cimport *

cdef uint16_t apply_session(State* s, const TradingSession* r) noexcept nogil
cdef uint16_t apply_business_date(State* s, const BusinessDate* r) noexcept nogil
cdef uint16_t apply_reconciled(State* s, const AccountReconciled* r) noexcept nogil
