"""What clients and DTRs ask for: New, Replace, Cancel, and the word of the desk.

Check and reserve is one step: a request that passes holds its cover before it is queued, buffered or sent. All checks
come first; below the line "point of no return" nothing can fail any more.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport scale_e4, value_of
from oms._core.orders cimport CLOSED_dead, Cover, close_order, cover_of, draft_of, feed_for, hold_of, is_live, \
    link_pending, make_order, make_request, rehold, route, set_status, terms_of, unlink_pending, vet_cover
from oms._core.outputs cimport emit_answer
from oms._core.vetting cimport Terms, allowed, first_hit, hit, of_owner, owns, takes_price, takes_stop, vet_account, \
    vet_desk, vet_terms

cdef enum:
    OPTION_poss_resend = 1  # of a request's record


cdef inline uint64_t never_waived() noexcept nogil:
    """As bits of Terms.hits: account_suspended … session_not_open, and the restricted list."""
    return ((<uint64_t>1 << (ST_session_not_open - ST_account_suspended + 1)) - 1
            | <uint64_t>1 << (ST_instrument_restricted - ST_account_suspended))


cdef struct Asked:  # a client's request on its way through the checks
    uint32_t account
    uint64_t tag
    uint8_t type
    uint8_t options      # of its record
    const uint8_t* name
    uint32_t length
    uint64_t hash
    uint64_t content


cdef uint16_t refuse(State* s, const Asked* a, uint16_t status) noexcept nogil:
    """Answers without a trace: who may not ask, or asks without a name, leaves no request behind."""
    emit_answer(s, s.source, status, a.tag, a.account, 0, False)
    return status


cdef bint room_for_new(const State* s) noexcept nogil:
    """Is there room for a new order and all that its executions will need?"""
    return (has_room(s, TABLE_order, 2) and has_room(s, TABLE_cash, 2) and has_room(s, TABLE_holding, 2)
            and has_room(s, TABLE_text, 2048) and s.header[TABLE_request].capacity // 64 < free_rows(s, TABLE_request)
            and s.header[TABLE_execution].capacity // 8 < free_rows(s, TABLE_execution)
            and s.header[TABLE_ladder].capacity // 8 < free_rows(s, TABLE_ladder))


cdef inline uint32_t free_rows(const State* s, int table) noexcept nogil:
    """Rows never used, and those given back."""
    return s.header[table].capacity - 1 - s.header[table].live


cdef inline bint chain_dead(const State* s, uint32_t request) noexcept nogil:
    cdef uint32_t order = s.request[request].order
    return s.order[order].closed != 0 if order else not is_live(s.request[request].status)


cdef uint16_t begin(State* s, Asked* a, uint32_t* known) noexcept nogil:
    """Who asks, and whether it was asked before: *known is then the first request of that name."""
    cdef uint16_t status = vet_account(s, a.account)
    known[0] = 0
    if status != ST_ok:
        return status
    if a.length == 0:
        return ST_cl_ord_id_missing
    a.hash = hash_bytes(a.name, a.length, a.account)
    known[0] = find_request(s, a.account, a.name, a.length, a.hash)
    if known[0] and s.request[known[0]].business_date != s.firm.business_date and chain_dead(s, known[0]):
        known[0] = 0  # an id is unique for its business date and against every live chain
    if known[0] and s.request[known[0]].content_hash != a.content and not a.options & OPTION_poss_resend:
        known[0] = 0
        return ST_cl_ord_id_duplicate
    return ST_ok


cdef uint16_t answer_again(State* s, const Asked* a, uint32_t known) noexcept nogil:
    """The same request again gets the first answer and does nothing. What was accepted at first has an order."""
    cdef const RequestRow* r = &s.request[known]
    cdef uint16_t status = r.reason if r.status == RequestStatus_rejected and r.order == 0 else ST_ok
    emit_answer(s, s.source, status, a.tag, a.account, known, True)
    return status


cdef uint16_t reject(State* s, const Asked* a, const Terms* t, uint16_t status) noexcept nogil:
    """A request that the rules refuse: its row stays, so that the same one again gets the same answer."""
    cdef uint32_t slot
    if not has_room(s, TABLE_request, 1) or not has_room(s, TABLE_text, 64):
        return refuse(s, a, ST_capacity_reached)
    slot = make_request(s, a.type, t, a.name, a.length, a.hash, a.content)
    set_status(s, slot, RequestStatus_rejected, status)
    emit_answer(s, s.source, status, a.tag, a.account, slot, False)
    return status


cdef inline void ask(Asked* a, uint8_t type, uint8_t options, uint32_t account, uint64_t tag, const uint8_t* name,
                     uint32_t length, uint64_t content) noexcept nogil:
    a.type = type
    a.options = options
    a.account = account
    a.tag = tag
    a.name = name
    a.length = length
    a.hash = 0
    a.content = content


cdef inline uint64_t content_of(const void* record, uint64_t tag_at, uint32_t size, uint32_t length) noexcept nogil:
    """Hash of all that a request says, apart from its Frame, the sender's tag, and its options in the byte before."""
    cdef const uint8_t* data = <const uint8_t*>record
    cdef uint64_t hash = hash_bytes(data + sizeof(Frame), <uint32_t>(tag_at - 1 - sizeof(Frame)), size)
    return hash_bytes(data + tag_at + 8, <uint32_t>(length - tag_at - 8), hash)


cdef uint16_t apply_new(State* s, const NewOrderSingle* r) noexcept nogil:
    cdef Asked a
    cdef Terms t
    cdef OrderRow draft
    cdef Cover none, cover
    cdef uint32_t slot
    cdef uint16_t status
    ask(&a, RequestType_new, r.options, r.account, r.tag, NewOrderSingle_texts(r), r.cl_ord_id_length,
        content_of(r, <uint64_t>&r.tag - <uint64_t>r, T_NewOrderSingle, r.frame.length))
    status = begin(s, &a, &slot)
    if status != ST_ok:
        return refuse(s, &a, status)
    if slot:
        return answer_again(s, &a, slot)
    memset(&t, 0, sizeof(t))
    t.account, t.instrument, t.side, t.ord_type = r.account, r.instrument, r.side, r.ord_type
    t.time_in_force, t.expire_date, t.order_qty, t.price = r.time_in_force, r.expire_date, r.order_qty, r.price
    t.stop_px, t.display_qty, t.min_qty = r.stop_px, r.display_qty, r.min_qty
    t.locate, t.locate_length = a.name + a.length, r.locate_length
    vet_terms(s, &t)
    if t.hits == 0:
        draft_of(s, &t, &draft)
        none.cash = none.stock = 0
        if cover_of(s, &draft, t.price, t.order_qty, &cover):
            vet_cover(s, &draft, &none, &cover, &t)
        else:
            hit(s, &t, ST_value_out_of_range, t.order_qty, t.price)
    if t.hits:
        return reject(s, &a, &t, first_hit(&t))
    if not room_for_new(s):
        return refuse(s, &a, ST_capacity_reached)
    vet_desk(s, &t)
    # point of no return
    slot = make_request(s, a.type, &t, a.name, a.length, a.hash, a.content)
    rehold(s, make_order(s, slot, &t, &draft))
    send_or_queue(s, slot, &t)
    emit_answer(s, s.source, ST_ok, a.tag, a.account, slot, False)
    return ST_ok


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


cdef uint32_t order_named(State* s, const Asked* a, const uint8_t* name, uint32_t length) noexcept nogil:
    """The order that any id of its chain names; 0 when there is none."""
    cdef uint32_t slot = find_request(s, a.account, name, length, hash_bytes(name, length, a.account))
    return s.request[slot].order if slot else 0


cdef inline bint unsent(const State* s, const OrderRow* o) noexcept nogil:
    """The order's own request still waits here."""
    cdef uint8_t status = s.request[o.request].status
    return status == RequestStatus_queued or status == RequestStatus_buffered


cdef void changed_terms(const State* s, const OrderRow* o, const OrderCancelReplaceRequest* r, Terms* t) noexcept nogil:
    """The order's newest terms, those of the last replace that was not refused, with what the request changes."""
    cdef uint32_t newest = o.terms, slot = o.pending
    while slot:
        if s.request[slot].type == RequestType_replace and is_live(s.request[slot].status):
            newest = slot
        slot = s.request[slot].next_pending
    terms_of(s, o, newest, t)
    if newest == o.terms:  # the exchange may have restated them since
        t.order_qty = o.order_qty
        if t.price != INT64_MIN:
            t.price = o.price
    if r.order_qty != INT64_MIN:
        t.order_qty = r.order_qty
    if r.price != INT64_MIN:
        t.price = r.price
    if r.stop_px != INT64_MIN:
        t.stop_px = r.stop_px
    if r.display_qty != INT64_MIN:
        t.display_qty = r.display_qty
    if r.min_qty != INT64_MIN:
        t.min_qty = r.min_qty
    if r.ord_type:
        t.ord_type = r.ord_type
    if r.time_in_force:
        t.time_in_force = r.time_in_force
    if r.expire_date or t.time_in_force != TimeInForce_gtd:
        t.expire_date = r.expire_date
    if not takes_price(t.ord_type):  # what the old type needed is not carried over to one that takes none
        t.price = r.price
    if not takes_stop(t.ord_type):
        t.stop_px = r.stop_px


cdef uint16_t apply_replace(State* s, const OrderCancelReplaceRequest* r) noexcept nogil:
    cdef Asked a
    cdef Terms t
    cdef OrderRow* o
    cdef uint32_t slot, order
    cdef uint16_t status
    cdef const uint8_t* texts = OrderCancelReplaceRequest_texts(r)
    ask(&a, RequestType_replace, r.options, r.account, r.tag, texts, r.cl_ord_id_length,
        content_of(r, <uint64_t>&r.tag - <uint64_t>r, T_OrderCancelReplaceRequest, r.frame.length))
    status = begin(s, &a, &slot)
    if status != ST_ok:
        return refuse(s, &a, status)
    if slot:
        return answer_again(s, &a, slot)
    memset(&t, 0, sizeof(t))
    t.account = a.account
    order = order_named(s, &a, texts + r.cl_ord_id_length, r.orig_cl_ord_id_length)
    if order == 0:
        return reject(s, &a, &t, ST_order_unknown)
    o = &s.order[order]
    changed_terms(s, o, r, &t)
    if o.closed:
        return reject(s, &a, &t, ST_order_too_late)
    vet_terms(s, &t)
    if t.hits == 0:
        vet_change(s, o, &t)
    if t.hits:
        return reject(s, &a, &t, first_hit(&t))
    if not room_for_new(s):
        return refuse(s, &a, ST_capacity_reached)
    vet_desk(s, &t)
    # point of no return
    slot = make_request(s, a.type, &t, a.name, a.length, a.hash, a.content)
    if unsent(s, o):
        supersede(s, order, slot)
    else:
        s.request[slot].orig = newest_link(s, o)
        link_pending(s, order, slot)
    send_or_queue(s, slot, &t)
    rehold(s, order)
    emit_answer(s, s.source, ST_ok, a.tag, a.account, slot, False)
    return ST_ok


cdef void vet_change(State* s, const OrderRow* o, Terms* t) noexcept nogil:
    """Cover for what new terms add to an order's hold; they take the place of those that nobody has sent yet."""
    cdef Cover before, after
    before.cash, before.stock = o.reserved, o.reserved_qty
    if not cover_of(s, o, t.price, t.order_qty, &after):
        hit(s, t, ST_value_out_of_range, t.order_qty, t.price)
        return
    if not unsent(s, o):
        after.cash, after.stock = max(after.cash, before.cash), max(after.stock, before.stock)
    vet_cover(s, o, &before, &after, t)


cdef uint32_t newest_link(const State* s, const OrderRow* o) noexcept nogil:
    """OrigClOrdID for the exchange: the last request of the chain that was not refused, answered or not."""
    cdef uint32_t newest = o.terms, slot = o.pending
    while slot:
        if s.request[slot].type == RequestType_replace and is_live(s.request[slot].status):
            newest = slot
        slot = s.request[slot].next_pending
    return newest


cdef void supersede(State* s, uint32_t order, uint32_t request) noexcept nogil:
    """A replace of a New that waits here is a new version of it, and goes out as a New."""
    cdef OrderRow* o = &s.order[order]
    cdef RequestRow* r = &s.request[request]
    cdef uint32_t old = o.request
    row_open(&r.version)
    r.type = RequestType_new
    r.order = order
    r.queue_version = s.request[old].queue_version
    row_close(&r.version)
    row_open(&o.version)
    o.request = o.terms = request
    o.order_qty = r.order_qty
    o.price = r.price
    row_close(&o.version)
    set_status(s, old, RequestStatus_cancelled, ST_cancelled_by_client)


cdef uint16_t apply_cancel(State* s, const OrderCancelRequest* r) noexcept nogil:
    """Passes every check but identity: it is never queued, nor stopped by halt, kill or the account's state."""
    cdef Asked a
    cdef Terms t
    cdef OrderRow* o
    cdef uint32_t slot, order
    cdef uint16_t status
    cdef const uint8_t* texts = OrderCancelRequest_texts(r)
    ask(&a, RequestType_cancel, r.options, r.account, r.tag, texts, r.cl_ord_id_length,
        content_of(r, <uint64_t>&r.tag - <uint64_t>r, T_OrderCancelRequest, r.frame.length))
    status = begin(s, &a, &slot)
    if status != ST_ok:
        return refuse(s, &a, status)
    if slot:
        return answer_again(s, &a, slot)
    memset(&t, 0, sizeof(t))
    t.account = a.account
    order = order_named(s, &a, texts + r.cl_ord_id_length, r.orig_cl_ord_id_length)
    if order == 0:
        return reject(s, &a, &t, ST_order_unknown)
    o = &s.order[order]
    if o.closed:
        return reject(s, &a, &t, ST_order_too_late)
    if not has_room(s, TABLE_request, 1) or not has_room(s, TABLE_text, 64):
        return refuse(s, &a, ST_capacity_reached)
    # point of no return
    terms_of(s, o, o.terms, &t)
    slot = make_request(s, a.type, &t, a.name, a.length, a.hash, a.content)
    if unsent(s, o):
        s.request[slot].order = order
        set_status(s, slot, RequestStatus_completed, ST_ok)
        close_order(s, order, OrdStatus_canceled, CLOSED_dead, ST_cancelled_by_client)
    else:
        s.request[slot].orig = newest_link(s, o)
        link_pending(s, order, slot)
        route(s, slot)
    emit_answer(s, s.source, ST_ok, a.tag, a.account, slot, False)
    return ST_ok


cdef void vet_again(State* s, uint32_t request, Terms* t) noexcept nogil:
    """The checks of a request that has waited, with its own hold given back. What the desk has seen does not count
    again, but for states that only whoever set them may lift: a halt stays a halt. Its protected price is kept."""
    cdef const RequestRow* r = &s.request[request]
    cdef const OrderRow* o = &s.order[r.order]
    cdef Cover before, after
    cdef uint16_t sender = s.source
    terms_of(s, o, request, t)
    t.seen = r.seen & ~never_waived()
    s.source = r.user  # the maker's own state counts, not the operator's
    vet_terms(s, t)
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
    if s.request[request].type == RequestType_new:
        set_status(s, request, status, reason)
        close_order(s, order, OrdStatus_expired if status == RequestStatus_expired else OrdStatus_rejected, CLOSED_dead,
                    reason)
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
