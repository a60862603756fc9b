"""Executions through corporate actions: what each one counts today, and what it counted where it stands in the history
of its holding.

Owns the scaled rows. An action scales what stands in the ladders at once; an execution that has settled, or comes
late, is brought forward when it is needed.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport FIGURE_MAX, scale_quantity
from oms._core.orders cimport FLAG_restate, FLAG_restated


cdef void add_scaled(State* s, ExecutionRow* x, uint32_t action, int64_t quantity) noexcept nogil:
    """One more action that the execution has been through."""
    cdef uint32_t slot = take(s, TABLE_scaled)
    cdef ScaledRow* row = &s.scaled[slot]
    row_open(&row.version)
    row.prev, row.action, row.before, row.quantity = x.scaled, action, effective_qty(s, x), quantity
    row_close(&row.version)
    x.scaled = slot


cdef uint32_t action_after(const State* s, uint32_t instrument, uint32_t before) noexcept nogil:
    """The action that was applied to the instrument next after another one, or first (0)."""
    cdef uint32_t slot = s.instrument[instrument].action, found = 0
    while slot and slot != before:
        found = slot
        slot = s.corporate_action[slot].prev
    return found


cdef uint32_t still_to_come(const State* s, const ExecutionRow* x, uint32_t slot, uint32_t before) noexcept nogil:
    """The next action that a trade, first booked in row `slot`, has to go through; 0 = it is through."""
    cdef uint32_t action = action_after(s, x.instrument, before)
    while action and not (x.last_qty and affects(&s.corporate_action[action], x, slot)):
        action = action_after(s, x.instrument, action)
    return action


cdef int64_t through(const State* s, uint32_t action, int64_t quantity) noexcept nogil:
    cdef const CorporateActionRow* a = &s.corporate_action[action]
    cdef int64_t scaled = FIGURE_MAX, rest
    scale_quantity(quantity, a.numerator, a.denominator, &scaled, &rest)
    return scaled


cdef void bring_forward(State* s, ExecutionRow* x, uint32_t slot) noexcept nogil:
    """Takes the figures of a trade, first booked in row `slot`, through all actions that it has not been through."""
    cdef uint32_t action = still_to_come(s, x, slot, s.scaled[x.scaled].action)
    while action:
        add_scaled(s, x, action, through(s, action, effective_qty(s, x)))
        action = still_to_come(s, x, slot, action)


cdef bint applied_by(const State* s, uint32_t action, uint32_t upto) noexcept nogil:
    """Is it `upto`, or was it applied to the same instrument before?"""
    while upto and upto != action:
        upto = s.corporate_action[upto].prev
    return upto == action


cdef int64_t counted_through(const State* s, const ExecutionRow* x, uint32_t slot, uint32_t upto) noexcept nogil:
    """What a trade, first booked in row `slot`, counts in the units of after the action `upto`."""
    cdef uint32_t step = x.scaled, action
    cdef int64_t quantity
    while step and not applied_by(s, s.scaled[step].action, upto):
        step = s.scaled[step].prev
    quantity = s.scaled[step].quantity if step else x.last_qty
    action = still_to_come(s, x, slot, s.scaled[step].action)
    while action and applied_by(s, action, upto):
        quantity = through(s, action, quantity)
        action = still_to_come(s, x, slot, action)
    return quantity


cdef int64_t counted_qty(const State* s, uint32_t order, const ExecutionRow* x, uint32_t slot) noexcept nogil:
    """What a trade, first booked in row `slot`, adds to its order's cum_qty: its own quantity, until the exchange
    restates the order, and from then on what it was in the units of that day."""
    if s.order[order].flags & FLAG_restated:
        return counted_through(s, x, slot, s.told_terms[order].action)
    return x.last_qty


cdef bint in_new_stock(const State* s, const OrderRow* o, const ExecutionReport* r) noexcept nogil:
    """Is an order restated as the instrument's newest action makes it, although its cum_qty is not ours either way? The
    exchange misses some of our executions, or we miss some of its own."""
    cdef uint32_t action = s.instrument[o.instrument].action
    return (action != 0 and r.cum_qty != INT64_MIN and r.cum_qty != o.cum_qty
            and through(s, action, o.order_qty) == r.order_qty)


cdef void restate(State* s, uint32_t order, int64_t cum_qty, bint anew) noexcept nogil:
    """The exchange restates an order. Ours counts in units of today from then on, when its cum_qty is that of our
    executions in these, or it is known to (anew). The caller has noted whose terms they are."""
    cdef OrderRow* o = &s.order[order]
    cdef uint32_t slot = o.last_execution, newest = s.instrument[o.instrument].action
    cdef int64_t total = 0
    while slot:
        if s.execution[slot].superseded_by == 0 and s.execution[slot].kind != TradeKind_bust:
            total += counted_through(s, &s.execution[slot], slot, newest)
        slot = s.execution[slot].prev_of_order
    row_open(&o.version)
    o.flags &= ~FLAG_restate
    if (anew or total == cum_qty) and total != o.cum_qty:
        o.flags |= FLAG_restated
        o.cum_qty = total
        row_open(&s.told_terms[order].version)
        s.told_terms[order].action = newest
        row_close(&s.told_terms[order].version)
    row_close(&o.version)


cdef bint room_to_scale(const State* s, uint32_t instrument, uint32_t executions) noexcept nogil:
    """Is there room to bring so many executions forward?"""
    cdef uint32_t slot = s.instrument[instrument].action, actions = 0
    while slot:
        actions += 1
        slot = s.corporate_action[slot].prev
    return actions == 0 or has_room(s, TABLE_scaled, actions * executions)


cdef int64_t placed_qty(const State* s, const ExecutionRow* x, uint32_t root) noexcept nogil:
    """What a trade counted when its first row `root` was booked: through the actions of before, not those since."""
    cdef uint32_t slot = x.scaled
    while slot and s.corporate_action[s.scaled[slot].action].executions > root:
        slot = s.scaled[slot].prev
    return s.scaled[slot].quantity if slot else x.last_qty


cdef void weigh(State* s, uint32_t holding, const ExecutionRow* x, uint32_t root, int sign) noexcept nogil:
    """A trade of before an action no longer is, or is now (sign): what the action made of its holding follows, so that
    the trade's quantity at its own place and its part in the action add up to what it counts today."""
    cdef uint32_t slot = x.scaled, event
    cdef int way = sign if is_buy(x.side) else -sign
    while slot and s.corporate_action[s.scaled[slot].action].executions > root:
        event = s.holding[holding].cost_event
        while event and s.cost_event[event].action != s.scaled[slot].action:
            event = s.cost_event[event].prev
        if event:
            row_open(&s.cost_event[event].version)
            s.cost_event[event].quantity += way * (s.scaled[slot].quantity - s.scaled[slot].before)
            row_close(&s.cost_event[event].version)
        slot = s.scaled[slot].prev
