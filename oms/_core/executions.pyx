"""Executions: their key, what they post to the books, and the fees that go with them.

Owns the execution rows. A row is never changed once it is written, but for `posted` and `superseded_by`: a trade feed
may have read it. What changes afterwards, a fee included, is a new row that names the one it takes the place of.
"""

from oms._core.arith cimport FIGURE_MAX
from oms._core.index cimport index_put
from oms._core.ledger cimport cash_ladder, fee_of, holding_ladder, newest_version, settle_date
from oms._core.orders cimport schedule_of
from oms._core.outputs cimport emit_event


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


cdef uint32_t add_execution(State* s, uint32_t order, const ExecutionRow* figures, const uint8_t* name, uint32_t length,
                            bint keyed) noexcept nogil:
    """Appends an execution of the order with the figures given, chained to the order's and the holding's earlier
    ones."""
    cdef uint32_t slot = take(s, TABLE_execution)
    cdef ExecutionRow* x = &s.execution[slot]
    cdef OrderRow* o = &s.order[order]
    cdef HoldingRow* h = &s.holding[o.holding]
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
    x.sequence = s.sequence
    x.exec_id = text_put(s, name, length)
    x.key_hash = key_of(x.exchange, x.trade_date, x.side, name, length) if keyed else 0
    row_close(&x.version)
    o.last_execution = slot
    row_open(&h.version)
    h.last_execution = slot
    row_close(&h.version)
    if keyed:
        index_put(&s.by_exec_id, x.key_hash, slot)
    return slot


cdef bint postable(const State* s, const OrderRow* o, int64_t quantity, int64_t value) noexcept nogil:
    """Do the order's and the account's totals still fit with this added? Facts that do not fit are parked."""
    cdef const CashRow* c = &s.cash[o.cash]
    cdef const HoldingRow* h = &s.holding[o.holding]
    return (o.cum_qty + quantity <= FIGURE_MAX and o.cum_value + value <= FIGURE_MAX and value >= 0
            and c.payable + value <= FIGURE_MAX and c.receivable + value <= FIGURE_MAX
            and h.incoming + quantity <= FIGURE_MAX and h.outgoing + quantity <= FIGURE_MAX)


cdef void flow(State* s, const ExecutionRow* x, int sign) noexcept nogil:
    """Both sides of an execution's posting. A buy owes value and fee; a sell is due its value less what of the fee it
    can pay, and owes the rest; a fee that is given back is due. A bust of what has been settled posts it the other
    way round."""
    cdef const OrderRow* o = &s.order[x.order]
    cdef CashRow* c = &s.cash[o.cash]
    cdef HoldingRow* h = &s.holding[o.holding]
    cdef InstrumentRow* i = &s.instrument[x.instrument]
    cdef CurrencyRow* money = &s.currency[i.currency]
    cdef bint reversing = x.kind == TradeKind_bust
    cdef int64_t owed = x.value + x.fee, due = 0, incoming = x.last_qty, outgoing = 0, paid
    cdef int side = sign if x.side == Side_buy else -sign
    if x.side == Side_sell:
        paid = min(x.fee, x.value)
        owed, due = x.fee - paid, x.value - paid
        incoming, outgoing = 0, x.last_qty
    elif owed < 0:
        owed, due = 0, -owed
    if reversing:
        owed, due, incoming, outgoing, side = due, owed, outgoing, incoming, -side
        sign = -sign
    money.market += side * x.value
    money.fees += sign * x.fee
    i.market -= side * x.last_qty
    if reversing:
        sign = -sign
    if x.posted == AT_ONCE:
        row_open(&c.version)
        c.booked += sign * (due - owed)
        row_close(&c.version)
        row_open(&h.version)
        h.settled += sign * (incoming - outgoing)
        row_close(&h.version)
    else:
        cash_ladder(s, o.cash, x.settle_date, sign * owed, sign * due)
        holding_ladder(s, o.holding, x.settle_date, sign * outgoing, sign * incoming)


cdef void post(State* s, uint32_t execution, uint8_t where) noexcept nogil:
    """Puts the execution's items into the ladders, or books them at once where nothing lay between trade and
    settlement."""
    cdef ExecutionRow* x = &s.execution[execution]
    row_open(&x.version)
    x.posted = where
    row_close(&x.version)
    flow(s, x, 1)
    emit_event(s, EventKind_execution, execution, x.kind, ST_ok)


cdef void unpost(State* s, uint32_t execution) noexcept nogil:
    """Takes the execution's items back, as if they had never been."""
    cdef ExecutionRow* x = &s.execution[execution]
    flow(s, x, -1)
    row_open(&x.version)
    x.posted = 0
    row_close(&x.version)


cdef int64_t fee_due(const State* s, const OrderRow* o, int64_t cum_value, bint all_of_it, int64_t* tax) noexcept nogil:
    """What the order has to have been charged at this cumulative value: a sell no more than its proceeds until it
    ends."""
    cdef int exponent = s.currency[s.instrument[o.instrument].currency].exponent
    cdef int64_t fee = fee_of(s, schedule_of(s, o.account, o.instrument), exponent, o.side, cum_value, tax)
    if o.side == Side_sell and not all_of_it and fee > cum_value:
        fee = cum_value
    return fee


cdef uint32_t reissue(State* s, uint32_t execution, int64_t fee, int64_t tax) noexcept nogil:
    """A new version of an unsettled trade with another fee, posted in the place of the old one; a row that this very
    record has made is changed as it stands, because nobody has seen it."""
    cdef ExecutionRow figures = s.execution[execution]
    cdef const uint8_t* name = text_of(s, figures.exec_id)
    cdef uint32_t slot
    cdef uint8_t where = figures.posted
    unpost(s, execution)
    if figures.sequence == s.sequence:
        row_open(&s.execution[execution].version)
        s.execution[execution].fee = fee
        s.execution[execution].tax = tax
        row_close(&s.execution[execution].version)
        post(s, execution, where)
        return execution
    figures.kind = TradeKind_correct
    figures.ref = execution
    figures.superseded_by = 0
    figures.trade_version += 1
    figures.fee, figures.tax = fee, tax
    slot = add_execution(s, figures.order, &figures, name + 1, name[0], False)
    row_open(&s.execution[execution].version)
    s.execution[execution].superseded_by = slot
    row_close(&s.execution[execution].version)
    post(s, slot, where)
    return slot


cdef void refee(State* s, uint32_t order, int32_t later) noexcept nogil:
    """Charges each effective trade, in the order of their booking, what it adds to the order's fee: the fee is a
    function of the trades alone. What that changes for a settled one becomes an item of its own, due `later` (0 = as
    a trade of today)."""
    cdef OrderRow* o = &s.order[order]
    cdef const ExecutionRow* x
    cdef uint32_t slot = o.last_execution, found = 0
    cdef int64_t value = 0, charged = 0, taxed = 0, fee, tax, part, tax_part, owing = 0, tax_owing = 0
    while slot:
        if s.execution[slot].ref == 0:
            s.slots[found] = slot
            found += 1
        slot = s.execution[slot].prev_of_order
    while found:
        found -= 1
        slot = newest_version(s, s.slots[found])
        x = &s.execution[slot]
        if slot == 0:
            continue
        if x.last_qty == 0:  # an item of fees alone, from here
            owing -= x.fee
            tax_owing -= x.tax
            continue
        value += x.value
        fee = fee_due(s, o, value, o.closed and value == o.cum_value, &tax)
        part, tax_part = fee - charged, tax - taxed
        charged, taxed = fee, tax
        if x.posted == SETTLED:
            owing += part - x.fee
            tax_owing += tax_part - x.tax
        elif part != x.fee:
            reissue(s, slot, part, tax_part)
    if owing:
        charge_alone(s, order, owing, tax_owing, later)
    row_open(&o.version)
    o.fee_charged = charged
    row_close(&o.version)


cdef void charge_rest(State* s, uint32_t order) noexcept nogil:
    """A sell has ended: what its proceeds could not pay of the fee becomes payable, with its last trade."""
    cdef int64_t tax
    if fee_due(s, &s.order[order], s.order[order].cum_value, True, &tax) != s.order[order].fee_charged:
        refee(s, order, 0)


cdef void charge_alone(State* s, uint32_t order, int64_t fee, int64_t tax, int32_t later) noexcept nogil:
    """Fees of trades that are settled, charged or given back by themselves."""
    cdef ExecutionRow figures = s.execution[s.order[order].last_execution]
    figures.kind = TradeKind_trade
    figures.ref = figures.superseded_by = 0
    figures.last_qty = figures.last_px = figures.value = 0
    figures.fee, figures.tax = fee, tax
    figures.trade_version = 1
    figures.trade_date = s.firm.business_date
    figures.settle_date = later if later else settle_date(s, figures.instrument, s.firm.business_date)
    post(s, add_execution(s, order, &figures, text_of(s, 0), 0, False), LADDER)
