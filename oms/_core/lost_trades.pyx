"""Trades that an exchange does not count any more: it has failed, and its last ones went with it.

What was booked stays. The difference is a break, found where the exchange says how an order stands: in its list of open
orders, or asked for it. It ends when the exchange counts as much as we do, having taken the trades back by reports of
its own or told them again, or as an operator decides. A break is a parked row, one at a time for an order.
"""

from oms._core.corrections cimport bust, first_version
from oms._core.executions cimport room_for_versions
from oms._core.parked cimport close_parked, park_row
from oms._core.order_states cimport after_correction, reopen_filled
from oms._core.scaled cimport counted_qty


cdef uint32_t break_of(const State* s, uint32_t order, bint waits, int64_t missing) noexcept nogil:
    """The order's break that waits, or one that an operator has settled over as much; 0 = there is none."""
    cdef uint32_t slot
    cdef const ParkedRow* p
    for slot in range(1, s.header[TABLE_parked].used):
        p = &s.parked[slot]
        if p.status == ST_trades_missing_at_exchange and p.order == order:
            if p.outcome == 0 if waits else (p.outcome in (Resolution_ours, Resolution_dismiss)
                                             and p.last_qty == missing):
                return slot
    return 0


cdef void begin(State* s, uint32_t order, int64_t missing, const Frame* told) noexcept nogil:
    cdef const OrderRow* o = &s.order[order]
    cdef uint32_t slot = park_row(s, ST_trades_missing_at_exchange, told, s.request[o.request].feed)
    cdef ParkedRow* p = &s.parked[slot]
    if slot == 0:  # the alert that its cum differs tells of it
        return
    row_open(&p.version)
    p.order, p.request = order, o.request
    p.exchange, p.side = s.instrument[o.instrument].exchange, o.side
    p.trade_date, p.last_qty = s.exchange[p.exchange].trade_date, missing
    p.exec_id = o.order_id
    row_close(&p.version)
    s.firm.lost_trades += 1


cdef void compare_trades(State* s, uint32_t order, int64_t stated, const Frame* told) noexcept nogil:
    """stated: how much the exchange says that it has executed of the order. told: what compares the order as a whole;
    NULL = a report, which may be an old one: it ends a break or changes it, and begins none."""
    cdef int64_t missing = s.order[order].cum_qty - stated
    cdef uint32_t slot = break_of(s, order, True, 0) if s.firm.lost_trades else 0
    if slot == 0:
        if told != NULL and missing > 0 and break_of(s, order, False, missing) == 0:
            begin(s, order, missing, told)
    elif missing > 0:
        row_open(&s.parked[slot].version)
        s.parked[slot].last_qty = missing
        row_close(&s.parked[slot].version)
    else:
        close_parked(s, slot, Resolution_apply)


cdef void taken_back(State* s, uint32_t order, int64_t before) noexcept nogil:
    """A bust or correction that does not say how much is left of the order's cum_qty, which was `before`: what the
    exchange counts is taken for what it was."""
    cdef uint32_t slot = break_of(s, order, True, 0) if s.firm.lost_trades else 0
    if slot:
        compare_trades(s, order, before - s.parked[slot].last_qty, NULL)


cdef uint32_t newest_trade(const State* s, uint32_t order, uint32_t before) noexcept nogil:
    """Of the order's trades that stand, the newest that was first booked below a row: its present version."""
    cdef uint32_t slot = s.order[order].last_execution, root, newest = 0, found = 0
    while slot:
        if s.execution[slot].superseded_by == 0 and s.execution[slot].kind != TradeKind_bust:
            root = first_version(s, slot)
            if newest < root < before:
                newest = root
                found = slot
        slot = s.execution[slot].prev_of_order
    return found


cdef uint16_t take_back(State* s, uint32_t order, int64_t missing) noexcept nogil:
    """By an operator's word its newest trades never were, where they add up to what is missing."""
    cdef OrderRow* o = &s.order[order]
    cdef uint32_t before = s.header[TABLE_execution].used, trade, count = 0, _each
    cdef uint8_t was, word
    while missing > 0:
        trade = newest_trade(s, order, before)
        if trade == 0:
            return ST_resolution_invalid
        before = first_version(s, trade)
        missing -= counted_qty(s, order, &s.execution[trade], before)
        count += 1
    if missing:
        return ST_resolution_invalid
    if not room_for_versions(s, o, count):
        return ST_capacity_reached
    # point of no return
    word = 0 if o.closed else o.ord_status
    was = reopen_filled(s, order, word)
    for _each in range(count):
        bust(s, newest_trade(s, order, s.header[TABLE_execution].used), text_of(s, 0) + 1, 0, 0)
    after_correction(s, order, word, was)
    return ST_ok
