"""Bust and correct: cum, average, cash, holding and cost become what they would be had the trade been so from the start.

Unsettled items are taken back where they stand. Of a settled trade nothing booked is touched: reversing items are posted on
the date that the exchange gives, else as for a trade of today. Fees of the order's other unsettled trades follow.
"""

from oms._core.executions cimport add_execution, fee_due, post, reissue, unpost
from oms._core.index cimport index_put
from oms._core.ledger cimport newest_version, recost, settle_date as settle_date_of


cdef uint32_t find_version(const State* s, uint32_t order, const uint8_t* name, uint32_t length) noexcept nogil:
    """The newest version of the order's trade that exec_ref_id names, by any id of its chain; 0 when there is none."""
    cdef uint32_t slot = s.order[order].last_execution
    while slot:
        if s.execution[slot].kind != TradeKind_bust and text_is(s, s.execution[slot].exec_id, name, length):
            return newest_version(s, slot)
        slot = s.execution[slot].prev_of_order
    return 0


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


cdef void refee(State* s, uint32_t order) noexcept nogil:
    """Charges each effective trade, in the order of their booking, what it adds to the order's fee. Settled ones stay."""
    cdef OrderRow* o = &s.order[order]
    cdef uint32_t slot = o.last_execution, found = 0, newest
    cdef int64_t value = 0, charged = 0, fee, tax, tax_before = 0
    while slot:
        if s.execution[slot].ref == 0:
            s.slots[found] = slot
            found += 1
        slot = s.execution[slot].prev_of_order
    while found:
        found -= 1
        newest = newest_version(s, s.slots[found])
        if newest == 0:
            continue
        value += s.execution[newest].value
        fee = fee_due(s, o, value, o.closed and value == o.cum_value, &tax) - charged
        if s.execution[newest].posted == 2:
            fee = s.execution[newest].fee
        elif fee != s.execution[newest].fee:
            reissue(s, newest, fee, tax - tax_before)
        charged += fee
        tax_before = tax
    row_open(&o.version)
    o.fee_charged = charged
    row_close(&o.version)


cdef uint32_t reverse(State* s, uint32_t execution, const uint8_t* name, uint32_t length, int32_t date) noexcept nogil:
    """The row that ends a trade: it carries reversing items only when the trade's own have been settled."""
    cdef ExecutionRow figures = s.execution[execution]
    cdef bint settled = figures.posted == 2
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
        post(s, slot)
    return slot


cdef uint32_t bust(State* s, uint32_t execution, const uint8_t* name, uint32_t length, int32_t settle_date) noexcept nogil:
    """The trade never was. `name` is the bust's own exec_id. Returns the bust's row; the caller sees to the order."""
    cdef uint32_t order = s.execution[execution].order
    cdef uint32_t slot = reverse(s, execution, name, length, settle_date)
    count(s, &s.order[order], -s.execution[execution].last_qty, -s.execution[execution].value)
    refee(s, order)
    recost(s, s.order[order].holding)
    return slot


cdef uint32_t correct(State* s, uint32_t execution, int64_t quantity, int64_t price, int64_t value, const uint8_t* name,
                      uint32_t length, int32_t settle_date) noexcept nogil:
    """The trade was another one: reversed and issued again with its new figures. Returns the new row."""
    cdef ExecutionRow figures = s.execution[execution]
    cdef uint32_t slot, reversal = 0
    cdef bint settled = figures.posted == 2
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
    post(s, slot)
    refee(s, figures.order)
    recost(s, s.order[figures.order].holding)
    return slot
