"""Requests that wait: at the desk for a DTR's word, or here for an adapter that is away.

A queued or buffered request holds its cover. Whoever lets it through has it vetted again; what ends it gives the hold
back. What the desk has seen of a request stays with it.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport scale_e4, value_of
from oms._core.limits cimport open_of, vet_limits
from oms._core.orders cimport CLOSED_dead, Cover, close_order, feed_for, hold_of, rehold, route, set_status, terms_of, \
    unlink_pending, vet_cover
from oms._core.outputs cimport emit_answer
from oms._core.vetting cimport Terms, allowed, first_hit, of_owner, owns, vet_desk, vet_terms


cdef void send_or_queue(State* s, uint32_t request, const Terms* t) noexcept nogil:
    """To the desk with what it has to see, or on its way."""
    cdef RequestRow* r = &s.request[request]
    if t.hits == 0:
        route(s, request)
        return
    row_open(&r.version)
    r.seen |= t.hits
    r.queue_version += 1
    row_close(&r.version)
    set_status(s, request, RequestStatus_queued, first_hit(t))


cdef inline uint64_t never_waived() noexcept nogil:
    """As bits of Terms.hits: account_suspended … session_not_open, and the restricted list."""
    return ((<uint64_t>1 << (ST_session_not_open - ST_account_suspended + 1)) - 1
            | <uint64_t>1 << (ST_instrument_restricted - ST_account_suspended))


cdef void vet_again(State* s, uint32_t request, Terms* t) noexcept nogil:
    """The checks of a request that has waited, with its own hold given back. What the desk has seen does not count
    again, but for states that only whoever set them may lift: a halt stays a halt. Its protected price is kept."""
    cdef const RequestRow* r = &s.request[request]
    cdef const OrderRow* o = &s.order[r.order]
    cdef Cover before, after
    cdef uint16_t sender = s.source
    terms_of(s, o, request, t)
    t.order, t.request = r.order, request
    t.seen = r.seen & ~never_waived()
    s.source = r.user  # the maker's own state counts, not the operator's
    vet_terms(s, t)
    if s.firm.watched & WATCH_limits:
        vet_limits(s, o, t, open_of(s, o, request), s.open_value[r.order].value)
    s.source = sender
    if hold_of(s, o, request, &before) and hold_of(s, o, 0, &after):
        vet_cover(s, o, &before, &after, t)


cdef uint16_t vet_decision(State* s, const AuthDecision* d, uint32_t request) noexcept nogil:
    """May the sender decide this, now?"""
    cdef const RequestRow* r = &s.request[request]
    cdef const UserRow* user = &s.user[s.source]
    cdef const OrderRow* o
    cdef int64_t limit
    cdef bint four_eyes
    if not allowed(s, PERMISSION_authorise):
        return ST_permission_denied
    if request == 0:
        return ST_request_unknown
    if not of_owner(s, r.account):
        return ST_permission_denied
    if r.status != RequestStatus_queued:
        return ST_request_not_queued
    if d.queue_version and d.queue_version != r.queue_version:
        return ST_decision_stale
    if d.received_ns and d.received_ns != r.time_ns:  # what was looked at was lost in a crash, and this has its row
        return ST_decision_stale
    if d.decision != Decision_authorise or s.source == 0:
        return ST_ok if d.decision in (Decision_authorise, Decision_reject) else ST_record_malformed
    four_eyes = s.account_class[s.account[r.account].account_class].four_eyes != 0
    if four_eyes and r.user == s.source:
        return ST_decision_on_own_request
    if four_eyes and owns(s, r.account, s.source):
        return ST_decision_on_own_account
    if user.max_value:
        o = &s.order[r.order]
        limit = scale_e4(user.max_value, s.currency[s.instrument[o.instrument].currency].exponent)
        if order_value(s, o, r) > limit:
            s.figure = order_value(s, o, r)
            s.limit = limit
            return ST_decision_above_limit
    return ST_ok


cdef int64_t order_value(State* s, const OrderRow* o, const RequestRow* r) noexcept nogil:
    """Value of the whole order at the price that it is held at."""
    cdef const InstrumentRow* i = &s.instrument[o.instrument]
    cdef int64_t value = INT64_MIN
    value_of(r.price, r.order_qty, i.value_numerator, i.value_denominator, 1, &value)
    return value


cdef uint16_t apply_decision(State* s, const AuthDecision* d) noexcept nogil:
    """Exactly one decision wins. A check that fails now and that nobody has seen puts the request back, with that."""
    cdef uint32_t request = request_of(s, d.request)
    cdef RequestRow* r = &s.request[request]
    cdef uint16_t status = vet_decision(s, d, request)
    cdef Terms t
    if status != ST_ok:
        emit_answer(s, s.source, status, d.tag, r.account, request, False)
        return status
    # point of no return
    r.decided_by = s.source
    if d.decision == Decision_reject:
        drop(s, request, RequestStatus_rejected, ST_rejected_by_desk)
    else:
        vet_again(s, request, &t)
        vet_desk(s, &t)
        status = first_hit(&t)
        send_or_queue(s, request, &t)
        rehold(s, r.order)
    emit_answer(s, s.source, status, d.tag, r.account, request, False)
    if r.user != s.source:
        emit_answer(s, r.user, r.reason, 0, r.account, request, False)
    return status


cdef void drop(State* s, uint32_t request, uint8_t status, uint16_t reason) noexcept nogil:
    """A request that was never sent ends here: a New takes its order with it, a replace leaves the old terms."""
    cdef uint32_t order = s.request[request].order
    cdef uint8_t ord_status = OrdStatus_rejected
    if status == RequestStatus_expired:
        ord_status = OrdStatus_expired
    elif status == RequestStatus_cancelled:
        ord_status = OrdStatus_canceled
    if s.request[request].type == RequestType_new:
        set_status(s, request, status, reason)
        close_order(s, order, ord_status, CLOSED_dead, reason)
    else:
        unlink_pending(s, request)
        set_status(s, request, status, reason)
        rehold(s, order)


cdef void release_buffered(State* s, uint32_t exchange) noexcept nogil:
    """A feed is back: what waited for it is checked again and sent, in the order in which it came."""
    cdef uint32_t slot = s.header[TABLE_request].used, left = s.firm.buffered, count = 0, index
    cdef const RequestRow* r
    while left:  # the newest rows come first: those before the oldest that waits are not looked at
        slot -= 1
        r = &s.request[slot]
        if r.status != RequestStatus_buffered:
            continue
        left -= 1
        if s.instrument[s.order[r.order].instrument].exchange == exchange:
            s.waiting[count].number = r.feed_sequence
            s.waiting[count].slot = slot
            count += 1
    sort_numbered(s.waiting, count)
    for index in range(count):
        slot = s.waiting[index].slot
        if s.request[slot].status == RequestStatus_buffered and feed_for(s, slot):
            release(s, slot)


cdef void release(State* s, uint32_t request) noexcept nogil:
    """What only the desk asks is not asked twice."""
    cdef const RequestRow* r = &s.request[request]
    cdef Terms t
    t.hits = 0
    if r.type != RequestType_cancel:
        vet_again(s, request, &t)
    if t.hits == 0:
        route(s, request)
    else:
        drop(s, request, RequestStatus_rejected, first_hit(&t))
        emit_answer(s, r.user, first_hit(&t), 0, r.account, request, False)


cdef void expire_waiting(State* s) noexcept nogil:
    """Ends what has waited for an adapter longer than its class allows."""
    cdef uint32_t slot = s.header[TABLE_request].used, left = s.firm.buffered
    cdef uint64_t timeout, next_ns = 0
    cdef RequestRow* r
    if s.firm.next_expiry_ns == 0 or s.time_ns < s.firm.next_expiry_ns:
        return
    while left and slot > 1:
        slot -= 1
        r = &s.request[slot]
        if r.status != RequestStatus_buffered:
            continue
        left -= 1
        timeout = s.account_class[s.account[r.account].account_class].buffer_timeout_s * <uint64_t>1000000000
        if timeout == 0 or r.type == RequestType_cancel:
            continue
        if r.time_ns + timeout <= s.time_ns:
            drop(s, slot, RequestStatus_rejected, ST_buffer_timed_out)
            emit_answer(s, r.user, ST_buffer_timed_out, 0, r.account, slot, False)
        elif next_ns == 0 or r.time_ns + timeout < next_ns:
            next_ns = r.time_ns + timeout
    s.firm.next_expiry_ns = next_ns
