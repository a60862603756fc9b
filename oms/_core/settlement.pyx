"""Settlement of single trades: what is open of an execution moves from the ladders to booked and settled.

Owns the movement and progress rows. An execution that settles whole needs no progress row; one that settles in part,
or fails, has one that says how far it is. What a loaded bank or registry figure already contains (it settled on a date
that is not after the figure's `as_of`) is only closed: moving it, too, would count it twice.
"""

from libc.stdint cimport INT64_MIN

from oms._core.ledger cimport add_cost_event, cash_ladder, holding_ladder, holding_settle
from oms._core.outputs cimport alert, emit_event
from oms._core.scaled cimport effective_qty
from oms._core.shorts cimport late_ladder, short_ladder


cdef void add_movement(State* s, const MovementRow* figures) noexcept nogil:
    cdef uint32_t slot = take(s, TABLE_movement), version = s.movement[slot].version
    row_open(&s.movement[slot].version)
    memcpy(&s.movement[slot], figures, sizeof(MovementRow))
    s.movement[slot].version = version + 1
    s.movement[slot].sequence = s.sequence
    row_close(&s.movement[slot].version)


cdef Item item_of(const State* s, const ExecutionRow* x) noexcept nogil:
    """What an execution makes come and go in all. A buy owes its value and fee; a sell is due its value less the fee,
    and owes what that leaves uncovered. A bust is the same the other way round."""
    cdef Item item
    cdef int way = -1 if x.kind == TradeKind_bust else 1
    item.stock = way * (effective_qty(s, x) if is_buy(x.side) else -effective_qty(s, x))
    item.net = -way * ((x.value if is_buy(x.side) else -x.value) + x.fee)
    return item


cdef int64_t short_part(const ExecutionRow* x, int64_t net) noexcept nogil:
    """What of this money is the proceeds of a short sale."""
    return net if net > 0 and is_short(x.side) and x.kind != TradeKind_bust and x.last_qty else 0


cdef Item open_item(const State* s, uint32_t execution) noexcept nogil:
    """What of it has not settled."""
    cdef const ExecutionRow* x = &s.execution[execution]
    cdef Item item = item_of(s, x)
    item.net -= s.progress[x.progress].net
    item.stock -= s.progress[x.progress].stock
    return item


cdef uint32_t cash_of(const State* s, const ExecutionRow* x) noexcept nogil:
    cdef const OrderRow* o = &s.order[x.order]
    return o.cash if o.account == x.account else find_cash(s, x.account, s.instrument[x.instrument].currency)


cdef uint32_t holding_of(const State* s, const ExecutionRow* x) noexcept nogil:
    cdef const OrderRow* o = &s.order[x.order]
    return o.holding if o.account == x.account else find_holding(s, x.account, x.instrument)


cdef bint is_late(const State* s, const ExecutionRow* x) noexcept nogil:
    return s.progress[x.progress].late != 0


cdef bint partly_settled(const State* s, const ExecutionRow* x) noexcept nogil:
    return s.progress[x.progress].net != 0 or s.progress[x.progress].stock != 0


cdef MovementRow movement_of(State* s, uint32_t execution, int64_t figure, int32_t date,
                             uint32_t reference) noexcept nogil:
    cdef const ExecutionRow* x = &s.execution[execution]
    cdef MovementRow m
    memset(&m, 0, sizeof(m))
    m.account, m.kind, m.user, m.date, m.value_date = x.account, MovementKind_settlement, s.source, x.settle_date, date
    m.owed, m.due = max(-figure, 0), max(figure, 0)
    m.reference, m.execution = reference, execution
    return m


cdef void settle_cash(State* s, uint32_t execution, int64_t net, int32_t date, bint closes,
                      uint32_t reference) noexcept nogil:
    cdef const ExecutionRow* x = &s.execution[execution]
    cdef uint32_t cash = cash_of(s, x)
    cdef CashRow* c = &s.cash[cash]
    cdef MovementRow m = movement_of(s, execution, net, date, reference)
    m.currency = c.currency
    cash_ladder(s, cash, x.settle_date, -m.owed, -m.due)
    short_ladder(s, cash, x.settle_date, -short_part(x, net))
    if closes:
        s.currency[c.currency].external += net
    else:
        m.amount = net
        row_open(&c.version)
        c.booked += net
        row_close(&c.version)
    add_movement(s, &m)
    emit_event(s, EventKind_cash, cash, 0, ST_ok)


cdef void settle_stock(State* s, uint32_t execution, int64_t stock, int32_t date, bint closes,
                       uint32_t reference) noexcept nogil:
    """The same for stock. What the registry's figure contains came with that figure: its total goes down to it."""
    cdef const ExecutionRow* x = &s.execution[execution]
    cdef uint32_t holding = holding_of(s, x), instrument = s.holding[holding].instrument
    cdef MovementRow m = movement_of(s, execution, stock, date, reference)
    m.instrument = instrument
    if closes:
        s.instrument[instrument].external += stock
        add_cost_event(s, holding, -stock, INT64_MIN)
    else:
        m.amount = stock
        holding_settle(s, holding, stock)
    holding_ladder(s, holding, x.settle_date, -m.owed, -m.due)
    add_movement(s, &m)
    emit_event(s, EventKind_holding, holding, 0, ST_ok)


cdef ProgressRow* progress_of(State* s, uint32_t execution) noexcept nogil:
    """The row that says how far it is; made when it has none."""
    cdef ExecutionRow* x = &s.execution[execution]
    if x.progress == 0:
        row_open(&x.version)
        x.progress = take(s, TABLE_progress)
        row_close(&x.version)
        s.progress[x.progress].execution = execution
    return &s.progress[x.progress]


cdef void advance(State* s, uint32_t execution, const Item* part) noexcept nogil:
    """So much more of it has settled."""
    cdef ExecutionRow* x = &s.execution[execution]
    cdef Item left = open_item(s, execution)
    cdef bint whole = left.net == part.net and left.stock == part.stock
    cdef ProgressRow* p
    if x.progress or not whole:
        p = progress_of(s, execution)
        row_open(&p.version)
        p.net += part.net
        p.stock += part.stock
        row_close(&p.version)
    if whole:
        row_open(&x.version)
        x.posted = 2
        row_close(&x.version)


cdef void count_late(State* s, uint32_t execution, int sign) noexcept nogil:
    """What is open of a late item is kept where it never counts as available; -1: no longer. Of a short sale, it is not
    kept among the proceeds that may count one day."""
    cdef const ExecutionRow* x = &s.execution[execution]
    cdef Item left = open_item(s, execution)
    if left.net > 0:
        late_ladder(s, cash_of(s, x), x.settle_date, sign * left.net, sign * short_part(x, left.net))


cdef void take_part(State* s, uint32_t execution, const Item* part, int32_t date, bint closes_cash, bint closes_stock,
                    uint32_t reference) noexcept nogil:
    cdef const ExecutionRow* x = &s.execution[execution]
    cdef bint late = is_late(s, x)
    if late:
        count_late(s, execution, -1)
    if part.net:
        settle_cash(s, execution, part.net, date, closes_cash, reference)
    if part.stock:
        settle_stock(s, execution, part.stock, date, closes_stock, reference)
    advance(s, execution, part)
    if late:
        count_late(s, execution, 1)


cdef void settle(State* s, uint32_t execution, const Item* part, int32_t date, uint32_t reference) noexcept nogil:
    """Moves a part of what is open, or all, as of a date."""
    cdef const ExecutionRow* x = &s.execution[execution]
    take_part(s, execution, part, date, date <= s.cash[cash_of(s, x)].loaded_as_of,
              date <= s.holding[holding_of(s, x)].loaded_as_of, reference)


cdef void set_off(State* s, uint32_t trade, uint32_t reversal) noexcept nogil:
    """A trade that has settled in part is reversed: what is open of it and that much of its reversal settle against one
    another, so that only what has settled is to come back."""
    cdef Item left = open_item(s, trade), back
    back.net, back.stock = -left.net, -left.stock
    take_part(s, trade, &left, s.firm.business_date, False, False, 0)
    take_part(s, reversal, &back, s.firm.business_date, False, False, 0)


cdef void mark_late(State* s, uint32_t execution, int32_t left_by) noexcept nogil:
    """What is open of it is late: what it would bring never counts as available until it is here. left_by: the date of
    the start of day that did not confirm it, whose corrected file may; 0 = a batch says so."""
    cdef ProgressRow* p = progress_of(s, execution)
    if p.late:
        return
    row_open(&p.version)
    p.late = 1
    p.left_by = left_by
    row_close(&p.version)
    count_late(s, execution, 1)
    alert(s, EventKind_execution, execution, ST_settlement_late)
