"""Bust and correct: cum, average, cash, holding and cost become what they would be had the trade been so from the
start.

Unsettled items are taken back where they stand. Of a settled trade nothing booked is touched: reversing items are
posted on the date that the exchange gives, else as for a trade of today. Fees of the order's other unsettled trades
follow.
"""

from oms._core.executions cimport LADDER, SETTLED, add_execution, post, refee, unpost
from oms._core.ledger cimport newest_version, recost, settle_date as settle_date_of


cdef uint32_t find_version(const State* s, uint32_t order, const uint8_t* name, uint32_t length,
                           int32_t trade_date) noexcept nogil:
    """The newest version of the order's trade that exec_ref_id names, by any id of its chain; 0 when there is none. An id may
    come again on another day: then the date decides, or, when none fits, the last one is meant."""
    cdef uint32_t slot = s.order[order].last_execution if length else 0, found = 0
    while slot:
        if s.execution[slot].kind != TradeKind_bust and text_is(s, s.execution[slot].exec_id, name, length):
            if found == 0 or s.execution[slot].trade_date == trade_date:
                found = slot
            if s.execution[slot].trade_date == trade_date:
                break
        slot = s.execution[slot].prev_of_order
    return newest_version(s, found) if found else 0


cdef void supersede(State* s, uint32_t old, uint32_t new) noexcept nogil:
    row_open(&s.execution[old].version)
    s.execution[old].superseded_by = new
    row_close(&s.execution[old].version)


cdef void count(State* s, OrderRow* o, int64_t quantity, int64_t value) noexcept nogil:
    """Moves the order's cumulative figures."""
    row_open(&o.version)
    o.cum_qty += quantity
    o.cum_value += value
    row_close(&o.version)


cdef uint32_t reverse(State* s, uint32_t execution, const uint8_t* name, uint32_t length, int32_t date) noexcept nogil:
    """The row that ends a trade: it carries reversing items only when the trade's own have been settled."""
    cdef ExecutionRow figures = s.execution[execution]
    cdef bint settled = figures.posted == SETTLED
    cdef uint32_t slot
    figures.kind = TradeKind_bust
    figures.ref = execution
    figures.superseded_by = 0
    figures.posted = 0
    figures.trade_version += 1
    if settled:
        figures.settle_date = date if date else settle_date_of(s, figures.instrument, s.firm.business_date)
    else:
        unpost(s, execution)
    slot = add_execution(s, figures.order, &figures, name, length, length != 0)
    supersede(s, execution, slot)
    if settled:
        post(s, slot, LADDER)
    return slot


cdef uint32_t bust(State* s, uint32_t execution, const uint8_t* name, uint32_t length, int32_t settle_date) noexcept nogil:
    """The trade never was. `name` is the bust's own exec_id. Returns the bust's row; the caller sees to the order."""
    cdef uint32_t order = s.execution[execution].order
    cdef uint32_t slot = reverse(s, execution, name, length, settle_date)
    count(s, &s.order[order], -s.execution[execution].last_qty, -s.execution[execution].value)
    refee(s, order, settle_date)
    recost(s, s.order[order].holding)
    return slot


cdef uint32_t correct(State* s, uint32_t execution, int64_t quantity, int64_t price, int64_t value, const uint8_t* name,
                      uint32_t length, int32_t settle_date) noexcept nogil:
    """The trade was another one: reversed and issued again with its new figures. Returns the new row."""
    cdef ExecutionRow figures = s.execution[execution]
    cdef uint32_t slot, reversal = 0
    cdef bint settled = figures.posted == SETTLED
    cdef uint8_t where = LADDER if settled else figures.posted
    if settled:
        reversal = reverse(s, execution, name, 0, settle_date)
        figures.settle_date = s.execution[reversal].settle_date
    else:
        unpost(s, execution)
    figures.kind = TradeKind_correct
    figures.ref = reversal if settled else execution
    figures.superseded_by = 0
    figures.trade_version += 1
    count(s, &s.order[figures.order], quantity - figures.last_qty, value - figures.value)
    figures.last_qty, figures.last_px, figures.value = quantity, price, value
    slot = add_execution(s, figures.order, &figures, name, length, True)
    supersede(s, reversal if settled else execution, slot)
    post(s, slot, where)
    refee(s, figures.order, settle_date)
    recost(s, s.order[figures.order].holding)
    return slot
