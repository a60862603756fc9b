"""Executions: their key, what they post to the books, and the fees that go with them.

Owns the execution rows. A row is never changed once it is written, but for `posted` and `superseded_by`: a trade feed
may have read it. What changes afterwards, a fee included, is a new row that names the one it takes the place of.
"""

from oms._core.arith cimport FIGURE_MAX
from oms._core.index cimport index_put
from oms._core.ledger cimport cash_ladder, fee_of, holding_ladder, newest_version, settle_date
from oms._core.limits cimport count_trade
from oms._core.outputs cimport alert, emit_event
from oms._core.scaled cimport room_to_scale
from oms._core.settlement cimport Item, count_late, is_late, item_of, mark_late, open_item, \
    partly_settled, settle, short_part
from oms._core.shorts cimport open_short, short_ladder


cdef inline uint64_t key_of(uint32_t exchange, int32_t trade_date, uint8_t side, const uint8_t* name,
                            uint32_t length) noexcept nogil:
    return hash_bytes(name, length, mix(<uint64_t>exchange << 8 | side, <uint64_t>trade_date))


cdef uint32_t find_execution(const State* s, uint32_t exchange, int32_t trade_date, uint8_t side, const uint8_t* name,
                             uint32_t length) noexcept nogil:
    """An execution by its key (exchange, trade date, side, exec_id), whatever feed it came over."""
    cdef uint64_t hash = key_of(exchange, trade_date, side, name, length), at = index_home(&s.by_exec_id, hash)
    cdef uint32_t slot = index_next(&s.by_exec_id, hash, &at)
    cdef const ExecutionRow* x
    while slot:
        x = &s.execution[slot]
        if x.key_hash == hash and x.exchange == exchange and x.trade_date == trade_date and x.side == side:
            if text_is(s, x.exec_id, name, length):
                return slot
        slot = index_next(&s.by_exec_id, hash, &at)
    return 0


cdef uint32_t add_execution(State* s, uint32_t order, const ExecutionRow* figures, bint keyed) noexcept nogil:
    """Appends an execution of the order with the figures given, chained to the order's and the holding's earlier ones.
    Only a keyed one is found by reports."""
    cdef uint32_t slot = take(s, TABLE_execution)
    cdef ExecutionRow* x = &s.execution[slot]
    cdef OrderRow* o = &s.order[order]
    cdef HoldingRow* h = &s.holding[o.holding]
    cdef const uint8_t* name = text_of(s, figures.exec_id)
    cdef uint32_t version = x.version
    row_open(&x.version)
    memcpy(x, figures, sizeof(ExecutionRow))
    x.version = version + 1
    x.order = order
    x.account = o.account
    x.instrument = o.instrument
    x.side = o.side
    x.prev_of_order = o.last_execution
    x.prev_of_holding = h.last_execution
    x.superseded_by = 0
    x.sequence = s.sequence
    x.key_hash = key_of(x.exchange, x.trade_date, x.side, name + 1, name[0]) if keyed else 0
    row_close(&x.version)
    o.last_execution = slot
    row_open(&h.version)
    h.last_execution = slot
    row_close(&h.version)
    if keyed:
        index_put(&s.by_exec_id, x.key_hash, slot)
    return slot


cdef void supersede(State* s, uint32_t old, uint32_t new) noexcept nogil:
    row_open(&s.execution[old].version)
    s.execution[old].superseded_by = new
    row_close(&s.execution[old].version)


cdef bint postable(const State* s, const OrderRow* o, int64_t quantity, int64_t value) noexcept nogil:
    """Do the order's and the account's totals still fit with this added? Facts that do not fit are parked."""
    cdef const CashRow* c = &s.cash[o.cash]
    cdef const HoldingRow* h = &s.holding[o.holding]
    cdef int64_t size = max(value, -value)
    return (o.cum_qty + quantity <= FIGURE_MAX and max(o.cum_value, -o.cum_value) + size <= FIGURE_MAX
            and c.payable + size <= FIGURE_MAX and c.receivable + size <= FIGURE_MAX
            and h.incoming + quantity <= FIGURE_MAX and h.outgoing + quantity <= FIGURE_MAX)


cdef bint at_once(const State* s, const ExecutionRow* x) noexcept nogil:
    """Nothing lies between trade and settlement, and its day has come. What takes the place of an item in the ladders,
    or sets one off, stays there."""
    if x.kind == TradeKind_correct and s.execution[x.ref].kind != TradeKind_bust:
        return False
    if x.kind == TradeKind_bust and s.execution[x.ref].posted == 1:
        return False
    return s.instrument[x.instrument].settlement_days == 0 and x.settle_date <= max(x.trade_date, s.firm.business_date)


cdef void flow(State* s, const ExecutionRow* x, int sign) noexcept nogil:
    """Puts both sides of an execution into the books, or takes them back with sign -1."""
    cdef const OrderRow* o = &s.order[x.order]
    cdef InstrumentRow* i = &s.instrument[x.instrument]
    cdef CurrencyRow* money = &s.currency[i.currency]
    cdef Item item = item_of(s, x)
    cdef int64_t fee = -x.fee if x.kind == TradeKind_bust else x.fee
    money.market -= sign * (item.net + fee)
    money.fees += sign * fee
    if s.firm.watched & WATCH_limits:
        count_trade(s, x, -sign * x.value if x.kind == TradeKind_bust else sign * x.value)
    i.market -= sign * item.stock
    if is_short(x.side):
        open_short(s, o.holding, o.cash)
    if item.net:
        cash_ladder(s, o.cash, x.settle_date, sign * max(-item.net, 0), sign * max(item.net, 0))
        short_ladder(s, o.cash, x.settle_date, sign * short_part(x, item.net))
    if item.stock:
        holding_ladder(s, o.holding, x.settle_date, sign * max(-item.stock, 0), sign * max(item.stock, 0))


cdef void post(State* s, uint32_t execution) noexcept nogil:
    """Puts the execution's items into the ladders; those of T+0 go on to the books at once, and what takes the place of
    a late item is late."""
    cdef ExecutionRow* x = &s.execution[execution]
    cdef Item item
    flow(s, x, 1)
    row_open(&x.version)
    x.posted = 1
    row_close(&x.version)
    if at_once(s, x):
        item = open_item(s, execution)
        settle(s, execution, &item, x.settle_date, x.exec_id)
    elif x.kind == TradeKind_correct and is_late(s, &s.execution[x.ref]):
        mark_late(s, execution, s.progress[s.execution[x.ref].progress].left_by)
    emit_event(s, EventKind_execution, execution, x.kind, ST_ok)


cdef void unpost(State* s, uint32_t execution) noexcept nogil:
    """Takes the items of an execution of which nothing is settled back, as if they had never been."""
    cdef ExecutionRow* x = &s.execution[execution]
    if is_late(s, x):
        count_late(s, execution, -1)
    flow(s, x, -1)
    row_open(&x.version)
    x.posted = 0
    row_close(&x.version)


cdef int64_t fee_due(const State* s, const OrderRow* o, int64_t cum_value, bint all_of_it, int64_t* tax) noexcept nogil:
    """What the order has to have been charged at this cumulative value: a sell no more than its proceeds until it
    ends."""
    cdef int exponent = s.currency[s.instrument[o.instrument].currency].exponent
    cdef int64_t fee = fee_of(s, o.fee, exponent, o.side, cum_value, tax)
    cdef int64_t proceeds = max(cum_value, 0)
    if not is_buy(o.side) and not all_of_it and fee > proceeds:
        tax[0] = max(tax[0] - (fee - proceeds), 0)
        fee = proceeds
    return fee


cdef bint room_to_refee(const State* s, const OrderRow* o) noexcept nogil:
    """Is there room for a new version of every trade of the order, and for one reversal and one correction?"""
    return room_for_versions(s, o, 1)


cdef bint room_for_versions(const State* s, const OrderRow* o, uint64_t times) noexcept nogil:
    """The same, for so many corrections one after the other."""
    cdef uint32_t slot = o.last_execution
    cdef uint64_t rows = times + 1
    while slot:
        rows += 1
        slot = s.execution[slot].prev_of_order
    return (has_room(s, TABLE_execution, times * rows) and has_room(s, TABLE_movement, times * (rows + 6))
            and has_room(s, TABLE_cost_event, 2 * times) and has_room(s, TABLE_progress, times * (rows + 2))
            and has_room(s, TABLE_ladder, 8) and room_to_scale(s, o.instrument, 3 * times))


cdef void reissue(State* s, uint32_t execution, int64_t fee, int64_t tax) noexcept nogil:
    """A new version of a trade of which nothing is settled, with another fee, posted in the place of the old one."""
    cdef ExecutionRow figures = s.execution[execution]
    cdef uint32_t slot
    unpost(s, execution)
    figures.kind = TradeKind_correct
    figures.ref = execution
    figures.trade_version += 1
    figures.fee, figures.tax = fee, tax
    figures.progress = 0
    slot = add_execution(s, figures.order, &figures, False)
    supersede(s, execution, slot)
    post(s, slot)


cdef void charge_alone(State* s, uint32_t order, int64_t fee, int64_t tax, int32_t date) noexcept nogil:
    """What fees of settled trades change by is a row, and an item, of its own; 0 = due as a trade of today."""
    cdef ExecutionRow figures = s.execution[s.order[order].last_execution]
    figures.kind = TradeKind_trade
    figures.ref = figures.exec_id = figures.progress = figures.scaled = 0
    figures.last_qty = figures.last_px = figures.value = 0
    figures.fee, figures.tax = fee, tax
    figures.trade_version = 1
    figures.trade_date = s.firm.business_date
    figures.settle_date = date if date else settle_date(s, figures.instrument, s.firm.business_date)
    post(s, add_execution(s, order, &figures, False))


cdef void refee(State* s, uint32_t order, int32_t date) noexcept nogil:
    """Charges each trade of the order, in the order of their booking, what it adds to the order's fee, as if all had
    been so from the start; the last one of an order that has ended carries what proceeds do not cover. A trade that
    this record has added is posted with its fee. What settled trades change by falls due on `date`."""
    cdef OrderRow* o = &s.order[order]
    cdef ExecutionRow* x
    cdef uint32_t slot = o.last_execution, newest, found = 0
    cdef int64_t value = 0, charged = 0, taxed = 0, fee, tax, owing = 0, tax_owing = 0
    while slot:
        newest = newest_version(s, slot) if s.execution[slot].ref == 0 else 0
        x = &s.execution[newest]
        if newest and x.last_qty:
            s.slots[found] = newest
            found += 1
        elif newest:
            owing -= x.fee
            tax_owing -= x.tax
        slot = s.execution[slot].prev_of_order
    while found:
        found -= 1
        x = &s.execution[s.slots[found]]
        value += x.value
        fee = fee_due(s, o, value, found == 0 and has_ended(o), &tax)
        if x.posted == 2 or partly_settled(s, x):
            owing += fee - charged - x.fee
            tax_owing += tax - taxed - x.tax
        elif x.posted == 0:
            row_open(&x.version)
            x.fee, x.tax = fee - charged, tax - taxed
            row_close(&x.version)
            post(s, s.slots[found])
        elif x.fee != fee - charged or x.tax != tax - taxed:
            reissue(s, s.slots[found], fee - charged, tax - taxed)
        charged, taxed = fee, tax
    if owing:
        charge_alone(s, order, owing, tax_owing, date)
    row_open(&o.version)
    o.fee_charged = charged
    row_close(&o.version)


cdef void charge_rest(State* s, uint32_t order) noexcept nogil:
    """A sell has ended, or lives again: its last trade carries what the proceeds do not pay of the fee, or no longer
    does."""
    cdef const OrderRow* o = &s.order[order]
    cdef int64_t tax
    if is_buy(o.side) or o.fee_charged < o.cum_value or o.cum_value == 0:
        return
    if o.fee_charged == fee_due(s, o, o.cum_value, has_ended(o), &tax):
        return
    if room_to_refee(s, o):
        refee(s, order, 0)
    else:
        alert(s, EventKind_order, order, ST_capacity_reached)
