"""Trading states of the firm, exchanges, accounts, users and instruments: what they let through, and how they are set.

Of the states that concern a request the strictest counts. Owns the `control_state` of those rows and the control table,
which keeps every change. Cancels ask nobody here.
"""

from libc.stdint cimport INT64_MIN

from oms._core.mass_cancel cimport Scope, Taken, act, gather
from oms._core.orders cimport Cover, cover_of, hold_of, is_live
from oms._core.outputs cimport alert, emit_answer, emit_event
from oms._core.vetting cimport allowed, hit, of_owner


cdef int64_t to_come(const State* s, const OrderRow* o) noexcept nogil:
    """The most that an order may still execute, with the replaces that may yet be accepted."""
    cdef int64_t most = 0 if o.closed else o.order_qty
    cdef uint32_t slot = o.pending
    while slot:
        if s.request[slot].type == RequestType_replace and is_live(s.request[slot].status):
            most = max(most, s.request[slot].order_qty)
        slot = s.request[slot].next_pending
    return max(most - o.cum_qty, 0)


cdef bint covers_short(const State* s, const Terms* t) noexcept nogil:
    """Does a buy, together with all other open buys, only buy back what the account is short of?"""
    cdef uint32_t holding = find_holding(s, t.account, t.instrument), slot
    cdef const HoldingRow* h = &s.holding[holding]
    cdef const OrderRow* o
    cdef int64_t short_qty = h.outgoing - h.incoming - h.settled, open_qty = t.order_qty
    if holding == 0 or short_qty <= 0:
        return False
    if t.order:
        open_qty -= s.order[t.order].cum_qty
    for slot in range(1, s.header[TABLE_order].used):
        if open_qty > short_qty:
            return False
        o = &s.order[slot]
        if o.holding == holding and o.side == Side_buy and slot != t.order:
            open_qty += to_come(s, o)
    return open_qty <= short_qty


cdef bint adds_nothing(const State* s, const Terms* t) noexcept nogil:
    """Is it a replace that needs no more than its order holds without it?"""
    cdef const OrderRow* o = &s.order[t.order]
    cdef Cover before, after
    if t.order == 0 or t.price == INT64_MIN or t.request == o.request:
        return False
    if not hold_of(s, o, t.request, &before) or not cover_of(s, o, t.price, t.order_qty, &after):
        return False
    return after.cash <= before.cash and after.stock <= before.stock


cdef void vet_control(State* s, Terms* t) noexcept nogil:
    """The strictest state of firm, exchange, account, instrument and user. While only reducing is allowed, stock may be
    sold, a short position bought back, and an order made smaller. Comes last: it looks at the price that is held at."""
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef uint8_t state = max(max(s.firm.control_state, s.exchange[i.exchange].control_state), i.control_state)
    state = max(state, max(s.account[t.account].control_state, s.user[s.source].control_state))
    if state >= ControlState_halted:
        hit(s, t, ST_trading_halted, 0, 0)
    elif state == ControlState_reduce_only and t.side != Side_sell:
        if not adds_nothing(s, t) and not (t.side == Side_buy and covers_short(s, t)):
            hit(s, t, ST_reduce_only, 0, 0)


cdef uint8_t* state_of(State* s, uint8_t scope, uint32_t number, uint32_t** version) noexcept nogil:
    """Where a scope's state stands, with its row's version; NULL when there is no such row."""
    if scope == ControlScope_firm and number == 0:
        version[0] = NULL  # `apply` keeps the firm's row open
        return &s.firm.control_state
    if scope == ControlScope_exchange and 0 < number < s.header[TABLE_exchange].used:
        version[0] = &s.exchange[number].version
        return &s.exchange[number].control_state
    if scope == ControlScope_account and 0 < number < s.header[TABLE_account].used:
        version[0] = &s.account[number].version
        return &s.account[number].control_state
    if scope == ControlScope_instrument and 0 < number < s.header[TABLE_instrument].used:
        version[0] = &s.instrument[number].version
        return &s.instrument[number].control_state
    if scope == ControlScope_user and 0 < number < s.header[TABLE_user].used:
        version[0] = &s.user[number].version
        return &s.user[number].control_state
    return NULL


cdef uint16_t may_control(const State* s, const Control* r, uint8_t before) noexcept nogil:
    """An operator sets states, a tenant's one those of the tenant's accounts and users; only who may lift brings back
    what was killed."""
    cdef uint16_t owner = s.user[s.source].owner
    cdef bint own = owner == 0
    if not allowed(s, PERMISSION_operate):
        return ST_permission_denied
    if r.scope == ControlScope_account:
        own = of_owner(s, r.number)
    elif r.scope == ControlScope_user and owner:
        own = s.user[r.number].owner == owner
    if not own:
        return ST_permission_denied
    if before == ControlState_killed and r.state != ControlState_killed and not allowed(s, PERMISSION_lift):
        return ST_permission_denied
    return ST_ok


cdef uint32_t room_for_change(State* s) noexcept nogil:
    """A row for one more change: a new one, else the oldest. A change of state is never refused for want of it."""
    cdef uint32_t slot, oldest = 1
    if has_room(s, TABLE_control, 1):
        return take(s, TABLE_control)
    for slot in range(2, s.header[TABLE_control].used):
        if s.control[slot].sequence < s.control[oldest].sequence:
            oldest = slot
    return oldest


cdef uint32_t keep_change(State* s, const Control* r, uint8_t before, const Taken* taken) noexcept nogil:
    """Who changed what to what, when and why, and what a kill took with it."""
    cdef uint32_t slot = room_for_change(s)
    cdef ControlRow* c = &s.control[slot]
    row_open(&c.version)
    c.number, c.scope, c.state, c.before, c.user = r.number, r.scope, r.state, before, s.source
    c.cancels, c.withdrawn = taken.cancels, taken.unsent
    c.time_ns, c.sequence = s.time_ns, s.sequence
    c.reason = text_put(s, Control_texts(r), r.reason_length) if has_room(s, TABLE_text, 64) else 0
    row_close(&c.version)
    return slot


cdef uint16_t apply_control(State* s, const Control* r) noexcept nogil:
    """Sets the state of a scope. A kill also cancels all that is live in it and withdraws what waits here, in one."""
    cdef uint32_t* version = NULL
    cdef uint8_t* state = state_of(s, r.scope, r.number, &version)
    cdef uint8_t before
    cdef uint32_t slot
    cdef uint16_t status = ST_reference_invalid
    cdef Scope scope
    cdef Taken taken
    memset(&taken, 0, sizeof(taken))
    if not allowed(s, PERMISSION_operate):
        status = ST_permission_denied
    elif state != NULL and r.state <= ControlState_killed:
        status = may_control(s, r, state[0])
    if status != ST_ok:
        emit_answer(s, s.source, status, 0, 0, 0, False)
        return status
    before = state[0]
    # point of no return
    if version != NULL:
        row_open(version)
    state[0] = r.state
    if version != NULL:
        row_close(version)
    if r.state == ControlState_killed:
        memset(&scope, 0, sizeof(scope))
        scope.exchange = <uint16_t>r.number if r.scope == ControlScope_exchange else 0
        scope.account = r.number if r.scope == ControlScope_account else 0
        scope.instrument = r.number if r.scope == ControlScope_instrument else 0
        scope.user = <uint16_t>r.number if r.scope == ControlScope_user else 0
        gather(s, &scope, &taken)
    slot = keep_change(s, r, before, &taken)
    s.figure, s.limit = taken.cancels, taken.unsent
    emit_event(s, EventKind_control, slot, r.state, ST_ok)
    if r.state == ControlState_killed:
        alert(s, EventKind_control, slot, ST_trading_killed)
    emit_answer(s, s.source, ST_ok, 0, s.control[slot].number if r.scope == ControlScope_account else 0, 0, False)
    act(s, &taken, ST_withdrawn_by_kill)
    return ST_ok
