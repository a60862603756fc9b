# What banks and registries report while the market is open.
from oms._core.state cimport *

cdef uint16_t take_balance(State* s, const BalanceReport* r) noexcept nogil
cdef uint16_t apply_balance(State* s, const BalanceReport* r) noexcept nogil
