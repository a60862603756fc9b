"""Bust and correct: cum, average, cash, holding and cost become what they would be had the trade been so from the
start.

Unsettled items are taken back where they stand. Of a settled trade nothing booked is touched: reversing items are
posted on the date that the exchange gives, else as for a trade of today. The fees of the order's other trades follow.
"""

from oms._core.executions cimport add_execution, refee, supersede, post, unpost
from oms._core.ledger cimport first_here, recost, settle_date
from oms._core.scaled cimport bring_forward, counted_qty, weigh
from oms._core.settlement cimport holding_of, partly_settled, set_off


cdef uint32_t find_trade(const State* s, uint32_t order, const uint8_t* name, uint32_t length,
                         int32_t trade_date) noexcept nogil:
    """A version of the order's trade that exec_ref_id names, by any id of its chain; 0 when there is none. An id may
    come again on another day: then the date decides, or, where none fits, the last one is meant."""
    cdef uint32_t slot = s.order[order].last_execution if length else 0, found = 0
    while slot:
        if s.execution[slot].kind != TradeKind_bust and text_is(s, s.execution[slot].exec_id, name, length):
            if s.execution[slot].trade_date == trade_date:
                return slot
            if found == 0:
                found = slot
        slot = s.execution[slot].prev_of_order
    return found


cdef uint32_t first_version(const State* s, uint32_t execution) noexcept nogil:
    """The trade as it was first booked."""
    while s.execution[execution].ref:
        execution = s.execution[execution].ref
    return execution


cdef void count(State* s, OrderRow* o, int64_t quantity, int64_t value) noexcept nogil:
    """Moves the order's cumulative figures."""
    row_open(&o.version)
    o.cum_qty += quantity
    o.cum_value += value
    row_close(&o.version)


cdef uint32_t reverse(State* s, uint32_t execution, uint32_t exec_id, bint keyed, int32_t date) noexcept nogil:
    """The row that ends a trade: it carries reversing items only for what of the trade has been settled. `keyed`:
    reports find it by its name."""
    cdef ExecutionRow figures = s.execution[execution]
    cdef bint partly = figures.posted == 1 and partly_settled(s, &figures)
    cdef bint settled = figures.posted == 2 or partly
    cdef uint32_t slot, root = first_version(s, execution)
    bring_forward(s, &figures, root)
    weigh(s, holding_of(s, &figures), &figures, first_here(s, execution), -1)
    figures.kind = TradeKind_bust
    figures.ref = execution
    figures.exec_id = exec_id
    figures.posted = figures.progress = 0
    figures.trade_version += 1
    if settled:
        figures.settle_date = date if date else settle_date(s, figures.instrument, s.firm.business_date)
    else:
        unpost(s, execution)
    slot = add_execution(s, figures.order, &figures, keyed)
    supersede(s, execution, slot)
    if settled:
        post(s, slot)
    if partly:
        set_off(s, execution, slot)
    return slot


cdef void bust(State* s, uint32_t execution, const uint8_t* name, uint32_t length, int32_t date) noexcept nogil:
    """The trade never was. `name` is the bust's own exec_id; the caller sees to the order."""
    cdef uint32_t order = s.execution[execution].order
    cdef uint32_t reversal = reverse(s, execution, text_put(s, name, length), length != 0, date)
    cdef int64_t quantity = counted_qty(s, order, &s.execution[reversal], reversal)
    count(s, &s.order[order], -quantity, -s.execution[execution].value)
    refee(s, order, date)
    recost(s, s.order[order].holding)


cdef void correct(State* s, uint32_t execution, int64_t quantity, int64_t price, int64_t value, const uint8_t* name,
                  uint32_t length, int32_t date, bint keyed) noexcept nogil:
    """The trade was another one: taken back, or reversed when it is settled, and issued again with its new figures.
    `keyed`: reports find it by its name."""
    cdef ExecutionRow figures = s.execution[execution]
    cdef OrderRow* o = &s.order[figures.order]
    cdef uint32_t old = execution, slot, root = first_version(s, execution)
    cdef uint32_t place = first_here(s, execution)
    cdef int64_t counted
    if figures.posted == 2 or partly_settled(s, &figures):
        old = reverse(s, execution, 0, False, date)
        figures.settle_date = s.execution[old].settle_date
        figures.scaled = s.execution[old].scaled
    else:
        unpost(s, execution)
        weigh(s, holding_of(s, &figures), &figures, place, -1)
    counted = counted_qty(s, figures.order, &figures, root)
    figures.kind = TradeKind_correct
    figures.ref = old
    figures.progress = 0
    figures.posted = 0  # refee posts it, with its part of the fee
    figures.trade_version += 1
    value -= figures.value
    figures.last_qty, figures.last_px, figures.value = quantity, price, figures.value + value
    figures.scaled = 0
    bring_forward(s, &figures, root)
    weigh(s, holding_of(s, &figures), &figures, place, 1)
    count(s, o, counted_qty(s, figures.order, &figures, root) - counted, value)
    figures.exec_id = text_put(s, name, length)
    slot = add_execution(s, figures.order, &figures, keyed)
    supersede(s, old, slot)
    refee(s, figures.order, date)
    recost(s, s.order[figures.order].holding)
