"""Many orders cancelled by one record: a client's or operator's mass cancel, a kill, a session that did not come back.

What nobody has sent yet ends here; for every other live order a cancel of ours goes out, without a client's name. It
is routed as any cancel: through gaps, and after its feed is back. An order whose cancel is not answered gets no other.
"""

from oms._core.lists cimport end_spoilt, spoil_list
from oms._core.orders cimport CLOSED_dead, is_live, link_pending, make_request, route, terms_of
from oms._core.outputs cimport alert, emit_answer
from oms._core.requests cimport cancel_under_way, unsent
from oms._core.vetting cimport Terms, allowed, of_owner, vet_account
from oms._core.waiting cimport drop


cdef bint within(const State* s, const Scope* scope, const OrderRow* o, uint16_t user) noexcept nogil:
    return ((scope.account == 0 or scope.account == o.account)
            and (scope.instrument == 0 or scope.instrument == o.instrument)
            and (scope.exchange == 0 or scope.exchange == s.instrument[o.instrument].exchange)
            and (scope.user == 0 or scope.user == user) and (scope.side == 0 or scope.side == o.side)
            and (scope.owner == 0 or scope.owner == s.account[o.account].owner))


cdef bint may_trade(const State* s, const OrderRow* o) noexcept nogil:
    """Is it out, and may it still trade? A filled order may be reopened by a replace in flight."""
    cdef uint32_t slot = o.pending
    cdef const RequestRow* r
    if o.request == 0 or o.closed == CLOSED_dead or unsent(s, o):
        return False
    while o.closed and slot:
        r = &s.request[slot]
        if r.type != RequestType_cancel and is_live(r.status) and r.status >= RequestStatus_submitted:
            return True
        slot = r.next_pending
    return o.closed == 0


cdef bint to_cancel(const State* s, const OrderRow* o) noexcept nogil:
    """May it still trade, and is no cancel of it under way?"""
    return may_trade(s, o) and not cancel_under_way(s, o)


cdef void gather(State* s, const Scope* scope, Taken* taken) noexcept nogil:
    """Lists in State.waiting the requests that nobody has sent, and behind them the orders that are out."""
    cdef uint32_t slot, left = s.firm.queued + s.firm.buffered, room = free_rows(s, TABLE_request)
    cdef bint lists = s.header[TABLE_request_list].live != 0  # they hold members back, which nobody counts
    cdef const RequestRow* r
    cdef const OrderRow* o
    memset(taken, 0, sizeof(Taken))
    slot = s.header[TABLE_request].used
    while (left or lists) and slot > 1:  # the newest come first: what is before the oldest that waits is not looked at
        slot -= 1
        r = &s.request[slot]
        if not RequestStatus_received <= r.status <= RequestStatus_buffered:
            continue
        left -= r.status != RequestStatus_received
        if r.type != RequestType_cancel and within(s, scope, &s.order[r.order], r.user):
            s.waiting[taken.unsent].number = slot
            s.waiting[taken.unsent].slot = slot
            taken.unsent += 1
    sort_numbered(s.waiting, taken.unsent)
    for slot in range(1, s.header[TABLE_order].used):
        o = &s.order[slot]
        if not to_cancel(s, o) or not within(s, scope, o, s.request[o.request].user):
            continue
        if taken.cancels < room:
            s.waiting[taken.unsent + taken.cancels].slot = slot
            taken.cancels += 1
        else:
            taken.left += 1


cdef void cancel_here(State* s, uint32_t order) noexcept nogil:
    """A cancel of our own goes out, or waits for the order's feed."""
    cdef const OrderRow* o = &s.order[order]
    cdef Terms t
    cdef uint32_t slot
    terms_of(s, o, o.terms, &t)
    slot = make_request(s, RequestType_cancel, &t, NULL, 0, 0, 0)
    link_pending(s, order, slot)
    route(s, slot)


cdef void withdraw(State* s, uint32_t request, uint8_t status, uint16_t reason) noexcept nogil:
    """A request that nobody has sent ends here, and its sender is told why."""
    drop(s, request, status, reason)
    emit_answer(s, s.request[request].user, reason, 0, s.request[request].account, request, False)


cdef void act(State* s, const Taken* taken, uint16_t reason) noexcept nogil:
    """Does what was gathered."""
    cdef uint32_t index, slot
    cdef bint ours = reason in (ST_withdrawn_by_kill, ST_withdrawn_by_corporate_action)
    cdef uint8_t status = RequestStatus_rejected if ours else RequestStatus_cancelled
    s.figure = s.limit = 0
    for index in range(taken.unsent):
        slot = s.waiting[index].slot
        if not RequestStatus_received <= s.request[slot].status <= RequestStatus_buffered:
            continue  # it has ended with another one
        if s.request[slot].status == RequestStatus_received:
            spoil_list(s, s.request[slot].user)
        withdraw(s, slot, status, reason)
    for index in range(taken.unsent, taken.unsent + taken.cancels):
        cancel_here(s, s.waiting[index].slot)
    if s.header[TABLE_request_list].live:
        end_spoilt(s)
    if taken.left:
        s.figure, s.limit = taken.left, taken.cancels
        alert(s, EventKind_firm, 0, ST_capacity_reached)


cdef uint16_t vet_mass_cancel(State* s, const OrderMassCancelRequest* r) noexcept nogil:
    """Who may: a client for an account of its own, who trades for all for every account of its owner, an operator."""
    if r.instrument >= s.header[TABLE_instrument].used:
        return ST_instrument_unknown
    if r.exchange >= s.header[TABLE_exchange].used or r.user >= s.header[TABLE_user].used:
        return ST_reference_invalid
    if r.account >= s.header[TABLE_account].used:
        return ST_account_unknown
    if r.account and allowed(s, PERMISSION_operate):
        return ST_ok if of_owner(s, r.account) else ST_permission_denied
    if r.account:
        return vet_account(s, r.account)
    return ST_ok if allowed(s, PERMISSION_operate | PERMISSION_trade_any) else ST_permission_denied


cdef uint16_t apply_mass_cancel(State* s, const OrderMassCancelRequest* r) noexcept nogil:
    """Passes every check but identity. The answer's figure is how many cancels go out, its limit how many requests
    ended unsent."""
    cdef Scope scope
    cdef Taken taken
    cdef uint16_t status = vet_mass_cancel(s, r)
    if status != ST_ok:
        emit_answer(s, s.source, status, r.tag, r.account, 0, False)
        return status
    scope.account, scope.instrument, scope.exchange = r.account, r.instrument, r.exchange
    scope.user, scope.side, scope.owner = r.user, r.side, s.user[s.source].owner
    # point of no return
    gather(s, &scope, &taken)
    s.figure, s.limit = taken.cancels, taken.unsent
    emit_answer(s, s.source, ST_ok, r.tag, r.account, 0, False)
    act(s, &taken, ST_cancelled_by_client)
    return ST_ok
