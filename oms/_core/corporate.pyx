"""Corporate actions: splits, consolidations, bonus issues and cash dividends, announced and applied.

Settled stock, ladders, executions and cost scale together; what is left of a unit is paid out in cash. Owns the
corporate_action and position rows. All is worked out by `share_of` before anything moves, for a preview as well.
Live orders are never rewritten: they are cancelled, or kept until the exchange restates them.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport FIGURE_MAX, cost_scale, dividend_of, lieu_of, scale_price, scale_quantity
from oms._core.debt cimport warn_cash, warn_holding
from oms._core.early cimport restate_now
from oms._core.ledger cimport cash_row, cost_through, holding_ladder, holding_total
from oms._core.mass_cancel cimport Scope, Taken, act, gather, may_trade
from oms._core.names cimport rename_instrument, symbol_taken
from oms._core.orders cimport FLAG_restate
from oms._core.outputs cimport alert, emit_event
from oms._core.scaled cimport add_scaled, affects, effective_qty, way_of
from oms._core.settlement cimport add_movement, open_item
from oms._core.shorts cimport resize_short
from oms._core.vetting cimport allowed, of_owner


cdef bint scales(uint8_t type) noexcept nogil:
    return CorporateActionType_split <= type <= CorporateActionType_bonus


# what it makes of a holding


cdef void scale_execution(State* s, const CorporateActionRow* a, uint32_t action, ExecutionRow* x,
                          int64_t left) noexcept nogil:
    """What is open of it counts `left` now, and what of it has settled scales by itself."""
    cdef int64_t before = s.progress[x.progress].stock, after = before, rest
    if before:
        scale_quantity(before, a.numerator, a.denominator, &after, &rest)
        set_part(s, a, x, after)
    row_open(&x.version)
    add_scaled(s, x, action, left + (after if after > 0 else -after))
    row_close(&x.version)
    s.scaled[x.scaled].settled = before


cdef void set_part(State* s, const CorporateActionRow* a, const ExecutionRow* x, int64_t stock) noexcept nogil:
    """What of a trade has settled counts otherwise now: on record with the trade, the stock itself moves as a whole."""
    cdef ProgressRow* p = &s.progress[x.progress]
    cdef int64_t change = stock - p.stock
    cdef MovementRow m
    memset(&m, 0, sizeof(m))
    m.account, m.instrument, m.kind = x.account, x.instrument, MovementKind_corporate_action
    m.user, m.date, m.value_date = s.source, x.settle_date, a.ex_date
    m.owed, m.due = -change if way_of(x) < 0 else 0, change if way_of(x) > 0 else 0
    m.reference, m.execution = a.id, p.execution
    row_open(&s.instrument[x.instrument].version)
    s.instrument[x.instrument].market -= change
    s.instrument[x.instrument].external += change
    row_close(&s.instrument[x.instrument].version)
    add_movement(s, &m)
    row_open(&p.version)
    p.stock = stock
    row_close(&p.version)


cdef bint scale_date(State* s, const CorporateActionRow* a, uint32_t action, uint32_t holding, int32_t date,
                     int64_t* outgoing, int64_t* incoming) noexcept nogil:
    """What stands on a date of the ladder scales as a whole, and its executions share the result. Gives what is to be
    added; with an `action` the executions get their part. False when it does not fit."""
    cdef uint32_t slot = s.holding[holding].last_execution
    cdef ExecutionRow* x
    cdef int64_t whole[2]
    cdef int64_t scaled[2]
    cdef int64_t now = 0, rest, left
    cdef bint coming
    whole[0] = whole[1] = scaled[0] = scaled[1] = 0
    while slot:
        x = &s.execution[slot]
        if x.posted == 1 and x.settle_date == date and x.last_qty and affects(a, x, slot):
            left = open_item(s, slot).stock
            coming = left > 0
            whole[coming] += left if coming else -left
            if not scale_quantity(whole[coming], a.numerator, a.denominator, &now, &rest):
                return False
            if action:
                scale_execution(s, a, action, x, now - scaled[coming])
            scaled[coming] = now
        slot = x.prev_of_holding
    outgoing[0] = scaled[0] - whole[0]
    incoming[0] = scaled[1] - whole[1]
    return True


cdef bint scale_ladder(State* s, const CorporateActionRow* a, uint32_t action, uint32_t holding, int64_t* outgoing,
                       int64_t* incoming) noexcept nogil:
    """The same for every date; with an `action` the ladder moves."""
    cdef HoldingRow* h = &s.holding[holding]
    cdef uint32_t further = h.ladder, index = 0
    cdef int64_t owed = 0, due = 0
    cdef int32_t date
    outgoing[0] = incoming[0] = 0
    while index < LADDER_HOLDING or further:
        if index < LADDER_HOLDING:
            date = h.ladder_date[index]
            index += 1
        else:
            date = s.ladder[further].date
            further = s.ladder[further].next
        if date == 0:
            continue
        if not scale_date(s, a, action, holding, date, &owed, &due):
            return False
        outgoing[0] += owed
        incoming[0] += due
        if action and (owed or due):
            holding_ladder(s, holding, date, owed, due)
    return True


cdef int64_t traded_since(const State* s, const CorporateActionRow* a, uint32_t holding) noexcept nogil:
    """What came and went in new stock already: an action may be told of after its ex-date."""
    cdef uint32_t slot = s.holding[holding].last_execution
    cdef int64_t since = 0
    while slot:
        if s.execution[slot].posted and not affects(a, &s.execution[slot], slot):
            since += way_of(&s.execution[slot]) * effective_qty(s, &s.execution[slot])
        slot = s.execution[slot].prev_of_holding
    return since


cdef void place_event(const State* s, const CorporateActionRow* a, uint32_t holding, int64_t quantity,
                      CostEventRow* event) noexcept nogil:
    """Where the action stands in the history of a holding: behind the last trade in old stock."""
    cdef uint32_t place = s.holding[holding].last_execution
    while place and not affects(a, &s.execution[place], place):
        place = s.execution[place].prev_of_holding
    event.holding, event.prev = holding, s.holding[holding].cost_event
    event.after = max(place, s.cost_event[event.prev].after)
    event.quantity, event.average_price_e8 = quantity, INT64_MIN


cdef void cost_with(State* s, const CorporateActionRow* a, uint32_t holding, Share* out) noexcept nogil:
    """Where new stock was traded before the action was told, the cost is worked out anew, with the action in its
    place."""
    cdef HoldingRow copy = s.holding[holding]
    cdef CorporateActionRow applied = a[0]
    cdef CostEventRow event
    applied.state = CorporateActionState_applied
    place_event(s, a, holding, out.row.total_after - out.row.total, &event)
    cost_through(s, &copy, &applied, &event, 0)
    out.cost_low, out.cost_high, out.cost_quantity = copy.cost_low, copy.cost_high, copy.cost_quantity


cdef bint share_of(State* s, const CorporateActionRow* a, uint32_t holding, Share* out) noexcept nogil:
    """What the action makes of a holding, before anything is done. False when a figure does not fit. Settled stock that
    a loaded figure of the ex-date or later tells is new stock already."""
    cdef const HoldingRow* h = &s.holding[holding]
    cdef const InstrumentRow* i = &s.instrument[a.instrument]
    cdef int64_t owed = 0, due = 0, since = traded_since(s, a, holding), scaled = 0, rest = 0
    cdef int exponent = 8 + i.quantity_exponent - s.currency[i.currency].exponent
    memset(out, 0, sizeof(Share))
    out.row.holding, out.row.total, out.row.settled = holding, holding_total(h), h.settled
    out.row.cost_low, out.row.cost_high, out.row.cost_quantity = h.cost_low, h.cost_high, h.cost_quantity
    out.row.entitled = out.row.total - since
    out.row.total_after, out.row.settled_after = out.row.total, out.row.settled
    out.incoming, out.outgoing = h.incoming, h.outgoing
    out.cost_low, out.cost_high, out.cost_quantity = h.cost_low, h.cost_high, h.cost_quantity
    if a.type == CorporateActionType_dividend:
        return dividend_of(a.amount_e8, out.row.entitled, exponent, &out.row.amount)
    if not scales(a.type):
        return True
    if not scale_ladder(s, a, 0, holding, &owed, &due):
        return False
    out.incoming += due
    out.outgoing += owed
    if h.loaded_as_of >= a.ex_date:
        out.row.entitled -= h.settled
        out.row.total_after += due - owed
    else:
        if not scale_quantity(out.row.entitled, a.numerator, a.denominator, &scaled, &rest):
            return False
        out.row.total_after = scaled + since
        out.fraction = rest
        if not lieu_of(a.price, rest, a.denominator, i.value_numerator, i.value_denominator, &out.row.amount):
            return False
    out.row.settled_after = out.row.total_after - out.incoming + out.outgoing
    cost_scale(a.numerator, a.denominator, &out.cost_low, &out.cost_high, &out.cost_quantity)
    if out.row.total_after == 0:
        out.cost_low = out.cost_high = out.cost_quantity = 0
    if h.last_execution and not affects(a, &s.execution[h.last_execution], h.last_execution):
        cost_with(s, a, holding, out)
    return max(out.incoming, out.outgoing) <= FIGURE_MAX and -FIGURE_MAX <= out.row.total_after <= FIGURE_MAX


# into the books


cdef void scale_holding(State* s, uint32_t action, const Share* share) noexcept nogil:
    """Ladders, executions, settled stock and cost."""
    cdef const CorporateActionRow* a = &s.corporate_action[action]
    cdef uint32_t holding = share.row.holding, slot
    cdef HoldingRow* h = &s.holding[holding]
    cdef InstrumentRow* i = &s.instrument[a.instrument]
    cdef CostEventRow* event
    cdef int64_t owed, due
    scale_ladder(s, a, action, holding, &owed, &due)
    slot = take(s, TABLE_cost_event)
    event = &s.cost_event[slot]
    row_open(&event.version)
    place_event(s, a, holding, share.row.total_after - share.row.total, event)
    event.action = action
    row_close(&event.version)
    row_open(&h.version)
    h.cost_event = slot
    h.settled = share.row.settled_after
    h.cost_low, h.cost_high, h.cost_quantity = share.cost_low, share.cost_high, share.cost_quantity
    row_close(&h.version)
    row_open(&i.version)
    i.market -= due - owed
    i.external -= share.row.settled_after - share.row.settled
    row_close(&i.version)
    resize_short(s, holding)


cdef void note_movement(State* s, const CorporateActionRow* a, uint32_t account, uint16_t currency,
                        int64_t amount) noexcept nogil:
    """Stock that the action makes is there from its ex-date on, money when it is booked."""
    cdef MovementRow m
    if amount == 0:
        return
    memset(&m, 0, sizeof(m))
    m.account, m.currency, m.instrument = account, currency, 0 if currency else a.instrument
    m.kind = MovementKind_dividend if a.type == CorporateActionType_dividend else MovementKind_corporate_action
    m.user, m.amount, m.reference = s.source, amount, a.id
    m.date = m.value_date = s.firm.business_date if currency else a.ex_date
    add_movement(s, &m)


cdef void pay(State* s, const CorporateActionRow* a, uint32_t account, int64_t amount) noexcept nogil:
    """Cash in lieu or a dividend, booked at once; a short holding pays it."""
    cdef uint16_t currency = s.instrument[a.instrument].currency
    cdef uint32_t cash
    if amount == 0:
        return
    cash = cash_row(s, account, currency)
    row_open(&s.cash[cash].version)
    s.cash[cash].booked += amount
    row_close(&s.cash[cash].version)
    s.currency[currency].external -= amount
    note_movement(s, a, account, currency, amount)
    emit_event(s, EventKind_cash, cash, 0, ST_ok)
    if amount < 0:
        warn_cash(s, cash)


cdef void share_out(State* s, uint32_t action, const Share* share) noexcept nogil:
    """One holding's part, on record and in the books."""
    cdef CorporateActionRow* a = &s.corporate_action[action]
    cdef uint32_t slot = take(s, TABLE_position), version = s.position[slot].version
    cdef uint32_t account = s.holding[share.row.holding].account
    row_open(&s.position[slot].version)
    memcpy(&s.position[slot], &share.row, sizeof(PositionRow))
    s.position[slot].version = version + 1
    s.position[slot].action, s.position[slot].next = action, a.positions
    row_close(&s.position[slot].version)
    a.positions = slot
    if scales(a.type):
        scale_holding(s, action, share)
        note_movement(s, a, account, 0, share.row.settled_after - share.row.settled)
        emit_event(s, EventKind_holding, share.row.holding, 0, ST_ok)
        warn_holding(s, share.row.holding)
    pay(s, a, account, share.row.amount)


cdef void scale_prices(State* s, CorporateActionRow* a) noexcept nogil:
    """The reference price scales, so that collars hold; last, bid and ask are gone until they are told anew."""
    cdef InstrumentRow* i = &s.instrument[a.instrument]
    a.reference_price, a.last, a.bid, a.ask = i.reference_price, i.last, i.bid, i.ask
    row_open(&i.version)
    i.reference_price = scale_price(i.reference_price, a.numerator, a.denominator)
    i.last = i.bid = i.ask = 0
    row_close(&i.version)


cdef uint16_t room_for(State* s, const CorporateActionRow* a) noexcept nogil:
    """Does all of it fit, figures and rows?"""
    cdef uint32_t slot, shares = 0, items = 0, orders = 0
    cdef Share share
    for slot in range(1, s.header[TABLE_holding].used):
        if s.holding[slot].instrument == a.instrument:
            if not share_of(s, a, slot, &share):
                return ST_value_out_of_range
            shares += has_part(a, &share, &s.holding[slot])
    for slot in range(1, s.header[TABLE_execution].used):
        items += s.execution[slot].instrument == a.instrument and s.execution[slot].posted == 1
    for slot in range(1, s.header[TABLE_order].used):
        orders += s.order[slot].instrument == a.instrument and s.order[slot].request != 0 and s.order[slot].closed == 0
    if not (has_room(s, TABLE_position, shares + 1) and has_room(s, TABLE_cost_event, shares + 1)
            and has_room(s, TABLE_movement, 2 * shares + items + 1) and has_room(s, TABLE_cash, shares + 1)
            and has_room(s, TABLE_scaled, items + 1) and has_room(s, TABLE_request, orders + 1)
            and has_room(s, TABLE_renamed, 1) and has_room(s, TABLE_text, 64)):
        return ST_capacity_reached
    return ST_ok


cdef uint16_t apply_now(State* s, uint32_t action) noexcept nogil:
    """The ex-date has come."""
    cdef CorporateActionRow* a = &s.corporate_action[action]
    cdef const uint8_t* name = text_of(s, a.symbol)
    cdef uint32_t slot
    cdef Share share
    cdef uint16_t status
    a.executions = s.header[TABLE_execution].used
    status = room_for(s, a)
    if status == ST_ok and a.type == CorporateActionType_rename and symbol_taken(s, a.instrument, name + 1, name[0]):
        status = ST_name_taken
    if status != ST_ok:
        return status
    # point of no return
    row_open(&a.version)
    a.state, a.applied_sequence = CorporateActionState_applied, s.sequence
    for slot in range(1, s.header[TABLE_holding].used):
        if s.holding[slot].instrument == a.instrument:
            share_of(s, a, slot, &share)
            if has_part(a, &share, &s.holding[slot]):
                share_out(s, action, &share)
    if a.type == CorporateActionType_rename:
        a.old_symbol = rename_instrument(s, a.instrument, name + 1, name[0])
    if scales(a.type):
        scale_prices(s, a)
        a.prev = s.instrument[a.instrument].action
        s.instrument[a.instrument].action = <uint16_t>action
    a.movements = s.header[TABLE_movement].used
    row_close(&a.version)
    tell_orders(s, a)
    restate_now(s, a.instrument)
    emit_event(s, EventKind_reference, T_CorporateAction, a.state, ST_ok)
    return ST_ok


# live orders


cdef void keep_orders(State* s, uint32_t instrument) noexcept nogil:
    """Flagged, also where a cancel is under way: it may be refused."""
    cdef uint32_t slot
    cdef OrderRow* o
    for slot in range(1, s.header[TABLE_order].used):
        o = &s.order[slot]
        if o.instrument == instrument and not o.flags & FLAG_restate and may_trade(s, o):
            row_open(&o.version)
            o.flags |= FLAG_restate
            row_close(&o.version)
            alert(s, EventKind_order, slot, ST_order_to_be_restated)


cdef void tell_orders(State* s, const CorporateActionRow* a) noexcept nogil:
    """What nobody has sent yet is withdrawn; what is live is cancelled at the exchange, and keeps its hold until that
    confirms, or stays, flagged, until the exchange restates it."""
    cdef Scope scope
    cdef Taken taken
    if a.live_orders == LiveOrders_keep:
        return
    memset(&scope, 0, sizeof(scope))
    scope.instrument = a.instrument
    gather(s, &scope, &taken)
    if a.live_orders == LiveOrders_hold:
        keep_orders(s, a.instrument)
        taken.cancels = taken.left = 0
    act(s, &taken, ST_withdrawn_by_corporate_action)


# the record


cdef uint32_t find_action(const State* s, const uint8_t* id, uint32_t length) noexcept nogil:
    cdef uint32_t slot
    for slot in range(1, s.header[TABLE_corporate_action].used):
        if text_is(s, s.corporate_action[slot].id, id, length):
            return slot
    return 0


cdef uint16_t read_action(const State* s, const CorporateAction* r, CorporateActionRow* a) noexcept nogil:
    """The figures of a record, and whether they make sense."""
    memset(a, 0, sizeof(CorporateActionRow))
    if r.instrument == 0 or r.instrument >= s.header[TABLE_instrument].used:
        return ST_instrument_unknown
    a.instrument, a.type, a.live_orders, a.ex_date = r.instrument, r.type, r.live_orders, r.ex_date
    a.numerator, a.denominator, a.price, a.amount_e8 = r.numerator, r.denominator, r.price, r.amount_e8
    a.user = s.source
    a.executions = s.header[TABLE_execution].used
    if r.ex_date <= 0 or r.live_orders > LiveOrders_hold or r.id_length == 0:
        return ST_reference_invalid
    if r.type == CorporateActionType_rename:
        return ST_ok if 0 < r.symbol_length <= 24 else ST_reference_invalid
    if r.symbol_length:
        return ST_reference_invalid
    if r.type == CorporateActionType_dividend:
        return ST_ok if 0 < r.amount_e8 <= FIGURE_MAX else ST_reference_invalid
    if not scales(r.type) or r.numerator == 0 or r.denominator == 0 or not 0 <= r.price <= FIGURE_MAX:
        return ST_reference_invalid
    if r.numerator == r.denominator or (r.numerator < r.denominator) != (r.type == CorporateActionType_consolidation):
        return ST_reference_invalid
    return ST_ok


cdef bint same_action(const State* s, const CorporateActionRow* known, const CorporateActionRow* a,
                      const uint8_t* symbol, uint32_t length) noexcept nogil:
    return (known.instrument == a.instrument and known.type == a.type and known.live_orders == a.live_orders
            and known.ex_date == a.ex_date and known.numerator == a.numerator and known.denominator == a.denominator
            and known.price == a.price and known.amount_e8 == a.amount_e8
            and text_is(s, known.symbol, symbol, length))


cdef uint16_t apply_corporate_action(State* s, const CorporateAction* r) noexcept nogil:
    """Announced, and applied at once when its ex-date has come. Counts once, by its id."""
    cdef const uint8_t* texts = CorporateAction_texts(r)
    cdef CorporateActionRow a
    cdef uint32_t slot, version
    cdef uint16_t status
    if not allowed(s, PERMISSION_operate) or not of_owner(s, 0):
        return ST_permission_denied
    status = read_action(s, r, &a)
    if status != ST_ok:
        return status
    slot = find_action(s, texts, r.id_length)
    if slot and same_action(s, &s.corporate_action[slot], &a, texts + r.id_length, r.symbol_length):
        return ST_corporate_action_repeated
    if slot:
        return ST_corporate_action_conflict
    if not has_room(s, TABLE_corporate_action, 1) or not has_room(s, TABLE_text, 128):
        return ST_capacity_reached
    status = room_for(s, &a)
    if status == ST_ok and r.symbol_length and symbol_taken(s, r.instrument, texts + r.id_length, r.symbol_length):
        status = ST_name_taken
    if status != ST_ok:
        return status
    # point of no return
    slot = take(s, TABLE_corporate_action)
    version = s.corporate_action[slot].version
    a.id = text_put(s, texts, r.id_length)
    a.symbol = text_put(s, texts + r.id_length, r.symbol_length)
    a.state, a.sequence, a.version = CorporateActionState_announced, s.sequence, version
    row_open(&s.corporate_action[slot].version)
    a.version = s.corporate_action[slot].version
    memcpy(&s.corporate_action[slot], &a, sizeof(CorporateActionRow))
    row_close(&s.corporate_action[slot].version)
    if a.ex_date <= s.firm.business_date:
        return apply_now(s, slot)
    tell_orders(s, &a)
    emit_event(s, EventKind_reference, T_CorporateAction, a.state, ST_ok)
    return ST_ok


cdef void apply_due_actions(State* s, int32_t date) noexcept nogil:
    """A business date begins: what was announced for it, or before, is applied, in the order of the ex-dates. One that
    does not fit stays announced, with an alert."""
    cdef uint32_t slot, first = 1
    cdef int32_t reached = 0, next_date
    cdef uint16_t status
    while first:
        first = 0
        next_date = date
        for slot in range(1, s.header[TABLE_corporate_action].used):
            if s.corporate_action[slot].state == CorporateActionState_announced:
                if reached < s.corporate_action[slot].ex_date <= next_date:
                    if first == 0 or s.corporate_action[slot].ex_date < next_date:
                        first = slot
                        next_date = s.corporate_action[slot].ex_date
        if first == 0:
            return
        reached = next_date
        for slot in range(first, s.header[TABLE_corporate_action].used):
            if s.corporate_action[slot].state == CorporateActionState_announced:
                if s.corporate_action[slot].ex_date == reached:
                    status = apply_now(s, slot)
                    if status != ST_ok:
                        alert(s, EventKind_reference, slot, status)
