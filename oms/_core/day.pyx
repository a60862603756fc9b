"""The day and its keepers: sessions of exchanges, the firm's business date."""

from oms._core.batches cimport settle_contractual
from oms._core.corporate cimport apply_due_actions
from oms._core.index cimport index_remove
from oms._core.limits cimport count_anew
from oms._core.lists cimport end_lists
from oms._core.orders cimport CLOSED_dead, FLAG_expired_here, close_order
from oms._core.outputs cimport emit_answer, emit_event
from oms._core.told_terms cimport forget_restatements, forget_terms
from oms._core.vetting cimport allowed, of_owner, vet_operated
from oms._core.waiting cimport drop
from oms._core.watch cimport unwatch_request


cdef bint ends(uint8_t time_in_force, int32_t expire_date, int32_t trade_date) noexcept nogil:
    """Does an order with these terms end with the session of that date?"""
    if time_in_force == TimeInForce_gtc:
        return False
    return time_in_force != TimeInForce_gtd or expire_date <= trade_date


cdef void expire_unsent(State* s, uint32_t exchange, int32_t date, bint ended) noexcept nogil:
    """Requests that wait at the desk or for an adapter: with the session of that date those end that would end with it,
    on a new date those whose own has passed. exchange 0 = every one."""
    cdef uint32_t slot = s.header[TABLE_request].used, left = s.firm.queued + s.firm.buffered, count = 0, index
    cdef bint over
    cdef RequestRow* r
    while left:  # the newest rows come first: those before the oldest that waits are not looked at
        slot -= 1
        r = &s.request[slot]
        if r.status not in (RequestStatus_queued, RequestStatus_buffered):
            continue
        left -= 1
        if r.type != RequestType_cancel:
            if exchange == 0 or s.instrument[s.order[r.order].instrument].exchange == exchange:
                s.waiting[count].number = s.waiting[count].slot = slot
                count += 1
    sort_numbered(s.waiting, count)
    for index in range(count):
        slot = s.waiting[index].slot
        r = &s.request[slot]
        if r.status not in (RequestStatus_queued, RequestStatus_buffered):
            continue  # it fell with its order
        over = r.time_in_force == TimeInForce_gtd and r.expire_date < date
        if over or (ended and ends(r.time_in_force, r.expire_date, date)):
            drop(s, slot, RequestStatus_expired, ST_expired_unsent)
            emit_answer(s, r.user, ST_expired_unsent, 0, r.account, slot, False)


cdef void expire_orders(State* s, uint32_t exchange) noexcept nogil:
    """The session is over and its feed complete, yet no report ended these: they are expired here, and flagged."""
    cdef uint32_t slot = s.exchange[exchange].oldest_live, after
    cdef OrderRow* o
    cdef const RequestRow* terms
    while slot:
        o = &s.order[slot]
        after = s.live_order[slot].next
        terms = &s.request[o.terms]
        if ends(terms.time_in_force, terms.expire_date, s.exchange[exchange].trade_date):
            row_open(&o.version)
            o.flags |= FLAG_expired_here
            row_close(&o.version)
            close_order(s, slot, OrdStatus_expired, CLOSED_dead, ST_ok)
        slot = after


cdef uint16_t apply_session(State* s, const TradingSession* r) noexcept nogil:
    cdef ExchangeRow* e = &s.exchange[r.exchange]
    if not allowed(s, PERMISSION_report | PERMISSION_operate):
        return ST_permission_denied
    if r.exchange == 0 or r.exchange >= s.header[TABLE_exchange].used or r.session_state > SessionState_complete:
        return ST_reference_invalid
    row_open(&e.version)
    e.session_state = r.session_state
    if r.trade_date:
        e.trade_date = r.trade_date
    elif r.session_state == SessionState_open:
        e.trade_date = s.firm.business_date
    row_close(&e.version)
    if r.session_state == SessionState_ended or r.session_state == SessionState_complete:
        end_lists(s, r.exchange)
        expire_unsent(s, r.exchange, e.trade_date, True)
    elif r.session_state == SessionState_open:
        expire_unsent(s, r.exchange, e.trade_date, False)
    if r.session_state == SessionState_complete:
        expire_orders(s, r.exchange)
    return ST_ok


cdef void free_request(State* s, uint32_t slot) noexcept nogil:
    if s.firm.watched & WATCH_content:
        unwatch_request(s, slot)
    if s.request[slot].cl_ord_id:
        index_remove(&s.by_cl_ord_id, <uint64_t>s.request[slot].cl_ord_id_hash << 32, slot)
    give_back(s, TABLE_request, slot)


cdef inline bint came_to_nothing(const OrderRow* o, int32_t before) noexcept nogil:
    return o.closed and o.closed_date < before and o.last_execution == 0 and o.missing_qty == 0


cdef void forget(State* s, int32_t before) noexcept nogil:
    """Gives back the rows of what was closed on earlier dates and never executed: an order with all requests of its
    chain, and requests that were refused at once."""
    cdef uint32_t slot
    cdef const RequestRow* r
    cdef const OrderRow* o
    cdef const uint8_t* name
    for slot in range(1, s.header[TABLE_request].used):
        r = &s.request[slot]
        if r.status and (came_to_nothing(&s.order[r.order], before) if r.order else r.business_date < before):
            free_request(s, slot)
    for slot in range(1, s.header[TABLE_order].used):
        o = &s.order[slot]
        if o.request and came_to_nothing(o, before):
            name = text_of(s, o.order_id)
            if o.order_id:
                index_remove(&s.by_order_id, hash_bytes(name + 1, name[0], s.instrument[o.instrument].exchange), slot)
            s.live_order[slot].listed = 0
            forget_terms(s, slot)
            give_back(s, TABLE_order, slot)
    forget_restatements(s, before)


cdef void begin_day(State* s) noexcept nogil:
    """Where the date begins in the journal: what stood before it is its opening balance."""
    cdef uint32_t slot = take(s, TABLE_day)
    row_open(&s.day[slot].version)
    s.day[slot].date, s.day[slot].sequence, s.day[slot].time_ns = s.firm.business_date, s.sequence, s.time_ns
    row_close(&s.day[slot].version)


cdef uint16_t apply_business_date(State* s, const BusinessDate* r) noexcept nogil:
    """The firm's date moves forward; rows that came to nothing before the day that ends now are given back."""
    cdef int32_t ending = s.firm.business_date
    cdef uint16_t status
    if not allowed(s, PERMISSION_operate) or not of_owner(s, 0):
        return ST_permission_denied
    if r.date <= ending:
        s.figure, s.limit = r.date, ending
        return ST_date_not_forward
    if not has_room(s, TABLE_day, 1):
        return ST_capacity_reached
    status = settle_contractual(s, r.date)
    if status != ST_ok:
        return status
    s.firm.business_date = r.date
    begin_day(s)
    apply_due_actions(s, r.date)
    expire_unsent(s, 0, r.date, False)
    forget(s, ending)
    if s.firm.watched & WATCH_limits:
        count_anew(s)
    emit_event(s, EventKind_firm, 1, 0, ST_ok)
    return ST_ok


cdef uint16_t apply_reconciled(State* s, const AccountReconciled* r) noexcept nogil:
    cdef uint16_t status = vet_operated(s, r.account)
    if status != ST_ok:
        return status
    row_open(&s.account[r.account].version)
    s.account[r.account].unreconciled = r.unreconciled != 0
    row_close(&s.account[r.account].version)
    emit_event(s, EventKind_reference, r.account, r.unreconciled, ST_ok)
    return ST_ok
