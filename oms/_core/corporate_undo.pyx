"""Corporate actions taken back: what an action has changed is as it was, exactly; movements keep both.

Possible for stock while nothing else has moved the instrument; money that was paid goes back at any time.
"""

from oms._core.arith cimport scale_price
from oms._core.corporate cimport find_action, note_movement, pay, scales, set_part
from oms._core.debt cimport warn_holding
from oms._core.early cimport restate_now
from oms._core.ledger cimport holding_ladder
from oms._core.names cimport rename_instrument, symbol_taken
from oms._core.orders cimport FLAG_restate, FLAG_restated
from oms._core.outputs cimport emit_event
from oms._core.settlement cimport open_item
from oms._core.shorts cimport resize_short
from oms._core.vetting cimport allowed, of_owner


cdef bint touched(const State* s, uint32_t action) noexcept nogil:
    """Has the instrument traded, settled, moved or scaled since, or has an order of it been restated?"""
    cdef const CorporateActionRow* a = &s.corporate_action[action]
    cdef uint32_t slot
    if s.instrument[a.instrument].action != action:
        return True
    for slot in range(a.executions, s.header[TABLE_execution].used):
        if s.execution[slot].instrument == a.instrument:
            return True
    for slot in range(a.movements, s.header[TABLE_movement].used):
        if s.movement[slot].instrument == a.instrument:
            return True
    for slot in range(1, s.header[TABLE_order].used):
        if s.order[slot].instrument == a.instrument and s.order[slot].flags & FLAG_restated:
            if s.told_terms[slot].action == action:
                return True
    return False


cdef void unscale_ladder(State* s, uint32_t action, uint32_t holding, int64_t* moved) noexcept nogil:
    """Executions count, and ladders hold, what they did before."""
    cdef const CorporateActionRow* a = &s.corporate_action[action]
    cdef uint32_t slot = s.holding[holding].last_execution
    cdef ExecutionRow* x
    cdef int64_t before, after
    while slot:
        x = &s.execution[slot]
        if x.scaled and s.scaled[x.scaled].action == action:
            after = open_item(s, slot).stock
            if s.scaled[x.scaled].settled:
                set_part(s, a, x, s.scaled[x.scaled].settled)
            row_open(&x.version)
            x.scaled = s.scaled[x.scaled].prev
            row_close(&x.version)
            before = open_item(s, slot).stock
            moved[0] += before - after
            if before != after:
                holding_ladder(s, holding, x.settle_date, max(-before, 0) - max(-after, 0),
                               max(before, 0) - max(after, 0))
        slot = x.prev_of_holding


cdef void give_back_stock(State* s, uint32_t action, const PositionRow* p) noexcept nogil:
    cdef const CorporateActionRow* a = &s.corporate_action[action]
    cdef HoldingRow* h = &s.holding[p.holding]
    cdef InstrumentRow* i = &s.instrument[a.instrument]
    cdef int64_t moved = 0
    unscale_ladder(s, action, p.holding, &moved)
    row_open(&h.version)
    h.settled = p.settled
    h.cost_low, h.cost_high, h.cost_quantity = p.cost_low, p.cost_high, p.cost_quantity
    row_close(&h.version)
    row_open(&i.version)
    i.market -= moved
    i.external -= p.settled - p.settled_after
    row_close(&i.version)
    resize_short(s, p.holding)
    note_movement(s, a, h.account, 0, p.settled - p.settled_after)
    emit_event(s, EventKind_holding, p.holding, 0, ST_ok)
    warn_holding(s, p.holding)


cdef void give_back_prices(State* s, const CorporateActionRow* a) noexcept nogil:
    """Prices as they were, unless others have been told since."""
    cdef InstrumentRow* i = &s.instrument[a.instrument]
    row_open(&i.version)
    if i.reference_price == scale_price(a.reference_price, a.numerator, a.denominator):
        i.reference_price = a.reference_price
    if i.last == 0 and i.bid == 0 and i.ask == 0:
        i.last, i.bid, i.ask = a.last, a.bid, a.ask
    i.action = <uint16_t>a.prev
    row_close(&i.version)


cdef void forget_restating(State* s, uint32_t instrument) noexcept nogil:
    """Nothing is to be restated any more."""
    cdef uint32_t slot
    for slot in range(1, s.header[TABLE_order].used):
        if s.order[slot].instrument == instrument and s.order[slot].flags & FLAG_restate:
            row_open(&s.order[slot].version)
            s.order[slot].flags &= ~FLAG_restate
            row_close(&s.order[slot].version)


cdef bint room_to_undo(const State* s, const CorporateActionRow* a) noexcept nogil:
    cdef uint32_t slot = a.positions, rows = 1
    while slot:
        rows += 2
        slot = s.position[slot].next
    return (has_room(s, TABLE_movement, rows + s.header[TABLE_progress].live) and has_room(s, TABLE_ladder, rows)
            and has_room(s, TABLE_renamed, 1) and has_room(s, TABLE_text, 64))


cdef uint16_t apply_undo(State* s, const CorporateActionUndo* r) noexcept nogil:
    cdef uint32_t action = find_action(s, CorporateActionUndo_texts(r), r.id_length) if r.id_length else 0, slot
    cdef CorporateActionRow* a = &s.corporate_action[action]
    cdef const uint8_t* name = text_of(s, a.old_symbol)
    if not allowed(s, PERMISSION_operate) or not of_owner(s, 0):
        return ST_permission_denied
    if action == 0:
        return ST_corporate_action_unknown
    if a.state == CorporateActionState_undone:
        return ST_corporate_action_repeated
    if not room_to_undo(s, a):
        return ST_capacity_reached
    if a.state == CorporateActionState_applied:
        if scales(a.type) and touched(s, action):
            return ST_corporate_action_touched
        if a.old_symbol and (not text_is(s, a.symbol, <const uint8_t*>s.instrument[a.instrument].symbol,
                                         text_of(s, a.symbol)[0]) or symbol_taken(s, a.instrument, name + 1, name[0])):
            return ST_corporate_action_touched
    # point of no return
    slot = a.positions if a.state == CorporateActionState_applied else 0
    while slot:
        if scales(a.type):
            give_back_stock(s, action, &s.position[slot])
        pay(s, a, s.holding[s.position[slot].holding].account, -s.position[slot].amount)
        slot = s.position[slot].next
    if a.state == CorporateActionState_applied and scales(a.type):
        give_back_prices(s, a)
    if a.old_symbol:
        rename_instrument(s, a.instrument, name + 1, name[0])
    forget_restating(s, a.instrument)
    restate_now(s, a.instrument)
    row_open(&a.version)
    a.state = CorporateActionState_undone
    row_close(&a.version)
    emit_event(s, EventKind_reference, T_CorporateActionUndo, a.state, ST_ok)
    return ST_ok
