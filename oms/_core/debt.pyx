"""Available below zero: a fact may bring it about, then it is told, and new buys (or sells) find no cover.

Owns nothing; the pictures of cash and holdings flag it for as long as it lasts.
"""

from oms._core.ledger cimport cash_available, holding_available
from oms._core.outputs cimport alert


cdef void warn_cash(State* s, uint32_t cash) noexcept nogil:
    if cash_available(s, cash) < 0:
        alert(s, EventKind_cash, cash, ST_available_negative)


cdef void warn_holding(State* s, uint32_t holding) noexcept nogil:
    """An account that may sell short may have less than nothing."""
    if holding_available(s, holding) < 0 and not s.account[s.holding[holding].account].short_allowed:
        alert(s, EventKind_holding, holding, ST_available_negative)
