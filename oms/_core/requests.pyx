"""What clients ask for: New, Replace, Cancel.

Check and reserve is one step: a request that passes holds its cover before it is queued, buffered or sent. All checks
come first; below the line "point of no return" nothing can fail any more.
"""

from libc.stdint cimport INT64_MIN

from oms._core.ledger cimport fee_of
from oms._core.limits cimport count_request, leaves_value, vet_limits
from oms._core.lists cimport LIST_open, holds_back, member_came, open_list
from oms._core.order_states cimport can_still_trade
from oms._core.orders cimport CLOSED_dead, CLOSED_filled, Cover, close_order, cover_of, draft_of, is_live, \
    link_pending, make_order, make_request, rehold, route, set_status, terms_of, vet_cover
from oms._core.outputs cimport emit_answer
from oms._core.sessions cimport within_rate
from oms._core.vetting cimport REQUEST_stated, Terms, first_hit, hit, takes_price, takes_stop, vet_account, vet_desk, \
    vet_terms
from oms._core.waiting cimport send_or_queue
from oms._core.watch cimport watch_request

cdef enum:
    OPTION_poss_resend = 1  # of a request's record
    OPTION_validate = 2
    OPTION_listed = 4


cdef uint16_t refuse(State* s, const Asked* a, uint16_t status) noexcept nogil:
    """Answers without a trace: who may not ask, or asks without a name, leaves no request behind."""
    emit_answer(s, s.source, status, a.tag, a.account, 0, False)
    if a.options & OPTION_listed:
        member_came(s, status)
    return status


cdef inline bint room_beside_cancels(const State* s) noexcept nogil:
    """A part of the table is for cancels alone, with a row for each live order that a kill would cancel."""
    return s.firm.live_orders + (limit_of(s, TABLE_request) >> 6) < free_rows(s, TABLE_request)


cdef inline bint room_for_refusals(const State* s) noexcept nogil:
    """The last quarter of the requests, and of what is free of their texts, is for what is accepted."""
    return (free_rows(s, TABLE_request) > limit_of(s, TABLE_request) >> 2 and room_beside_cancels(s)
            and free_rows(s, TABLE_text) > limit_of(s, TABLE_text) >> 2)


cdef bint room_for_new(const State* s) noexcept nogil:
    """Is there room for a new order beside all that facts, cancels and a kill may need?"""
    return s.at_reserve == 0 and room_beside_cancels(s)


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
        return ST_ok if a.options & OPTION_validate else ST_cl_ord_id_missing
    a.hash = hash_bytes(a.name, a.length, a.account)
    known[0] = find_request(s, a.account, a.name, a.length, a.hash)
    if known[0] and s.request[known[0]].business_date != s.firm.business_date and chain_dead(s, known[0]):
        known[0] = 0  # an id is unique for its business date and against every live chain
    if known[0] == 0 or (a.options & OPTION_poss_resend and not a.options & OPTION_validate):
        return ST_ok
    if a.options & OPTION_validate or s.request[known[0]].content_hash != a.content:
        return ST_cl_ord_id_duplicate
    return ST_ok


cdef uint16_t answer_again(State* s, const Asked* a, uint32_t known) noexcept nogil:
    """The same request again gets the first answer and does nothing. What was accepted at first has an order."""
    cdef const RequestRow* r = &s.request[known]
    cdef uint16_t status = r.reason if r.status == RequestStatus_rejected and r.order == 0 else ST_ok
    emit_answer(s, s.source, status, a.tag, a.account, known, True)
    return status


cdef bint answered(State* s, Asked* a, uint16_t* status) noexcept nogil:
    """Whether who asks, or that it was asked before, has been its answer already."""
    cdef uint32_t known
    status[0] = begin(s, a, &known)
    if status[0] != ST_ok:
        refuse(s, a, status[0])
    elif known:
        status[0] = answer_again(s, a, known)
    else:
        return False
    return True


cdef uint16_t reject(State* s, const Asked* a, const Terms* t, uint16_t status) noexcept nogil:
    """A request that the rules refuse: its row stays, so that the same one again gets the same answer. But a storm may
    take no room of others: what is throttled has no row, nor has a refusal once the rows go to their end."""
    cdef uint32_t slot = 0
    if a.options & OPTION_validate:
        return refuse(s, a, status)
    if status != ST_rate_exceeded and room_for_refusals(s):
        slot = make_request(s, a.type, t, a.name, a.length, a.hash, a.content)
        set_status(s, slot, RequestStatus_rejected, status)
    emit_answer(s, s.source, status, a.tag, a.account, slot, False).hits = t.hits
    if a.options & OPTION_listed:
        member_came(s, status)
    return status


cdef void go_on(State* s, const Asked* a, uint32_t slot, const Terms* t) noexcept nogil:
    """An accepted request goes to the desk or on its way, or waits for the rest of its list."""
    if a.options & OPTION_listed and holds_back(s):
        s.request[slot].seen |= t.hits
    else:
        send_or_queue(s, slot, t)
    rehold(s, s.request[slot].order)
    emit_answer(s, s.source, ST_ok, a.tag, a.account, slot, False).hits = t.hits
    if a.options & OPTION_listed:
        member_came(s, ST_ok)


cdef bint list_refuses(const State* s) noexcept nogil:
    """A member of no list, or of one that has failed."""
    cdef uint32_t slot = open_list(s)
    return slot == 0 or s.request_list[slot].state != LIST_open


cdef uint16_t answer_checked(State* s, const Asked* a, const OrderRow* o, Terms* t, uint16_t status) noexcept nogil:
    """Of a request that is only checked: what it is worth, costs and breaks, and the answer that it would get; `status`
    is that of its terms alone. It leaves nothing behind."""
    cdef Answer* answer
    if status == ST_ok:
        status = first_hit(t)
    vet_desk(s, t)
    if status == ST_ok:
        status = first_hit(t)
    answer = emit_answer(s, s.source, status, a.tag, a.account, 0, False)
    answer.type = a.type
    answer.hits = t.hits
    if t.instrument and t.value:
        answer.value = t.value
        answer.fee = fee_of(s, o.fee, s.currency[s.instrument[t.instrument].currency].exponent, t.side, t.value,
                            &answer.tax)
    return status


cdef bint in_time(State* s, const Asked* a, uint32_t instrument) noexcept nogil:
    """Counts a New or Replace; False: its sender has had all of this second. One that is only checked does not
    count."""
    cdef bint counts = not a.options & OPTION_validate
    if not within_rate(s, counts):
        return False
    if counts and s.firm.watched & WATCH_limits:
        count_request(s, a.account, instrument)
    return True


cdef void vet_new(State* s, Terms* t, OrderRow* draft) noexcept nogil:
    """Limits and cover of a new order, which would look like the draft."""
    cdef Cover none, cover
    none.cash = none.stock = 0
    draft_of(s, t, draft)
    if not cover_of(s, draft, t.price, t.order_qty, &cover):
        hit(s, t, ST_value_out_of_range, t.order_qty, t.price)
        return
    if s.firm.watched & WATCH_limits:
        vet_limits(s, draft, t, 0, leaves_value(s, draft, t.price, t.order_qty))
    vet_cover(s, draft, &none, &cover, t)


cdef inline bint worth_more_checks(const Asked* a, const Terms* t) noexcept nogil:
    """A request that has failed already is checked no further, but one that asks for all that it breaks."""
    return t.hits == 0 or (a.options & OPTION_validate and t.instrument and t.price != INT64_MIN)


cdef uint16_t apply_new(State* s, const NewOrderSingle* r) noexcept nogil:
    cdef Asked a
    cdef Terms t
    cdef OrderRow draft
    cdef uint32_t slot
    cdef uint16_t status
    ask(&a, RequestType_new, r.options, r.account, r.tag, NewOrderSingle_texts(r), r.cl_ord_id_length,
        content_of(r, <uint64_t>&r.tag - <uint64_t>r, T_NewOrderSingle, r.frame.length))
    if answered(s, &a, &status):
        return status
    memset(&t, 0, sizeof(t))
    t.uncounted = (a.options & OPTION_validate) != 0
    t.account, t.instrument, t.side, t.ord_type = r.account, r.instrument, r.side, r.ord_type
    t.time_in_force, t.expire_date, t.order_qty, t.price = r.time_in_force, r.expire_date, r.order_qty, r.price
    t.stop_px, t.display_qty, t.min_qty = r.stop_px, r.display_qty, r.min_qty
    t.locate, t.locate_length = a.name + a.length, r.locate_length
    if a.options & OPTION_listed and list_refuses(s):
        return reject(s, &a, &t, ST_list_rejected)
    if not in_time(s, &a, t.instrument):
        return reject(s, &a, &t, ST_rate_exceeded)
    if s.firm.storage == StorageState_full:
        return reject(s, &a, &t, ST_storage_full)
    vet_terms(s, &t)
    status = first_hit(&t)
    if worth_more_checks(&a, &t):
        vet_new(s, &t, &draft)
    if t.hits == 0 and not room_for_new(s):
        return refuse(s, &a, ST_capacity_reached)
    if a.options & OPTION_validate:
        return answer_checked(s, &a, &draft, &t, status)
    if t.hits:
        return reject(s, &a, &t, first_hit(&t))
    vet_desk(s, &t)
    # point of no return
    slot = make_request(s, a.type, &t, a.name, a.length, a.hash, a.content)
    make_order(s, slot, &t, &draft)
    go_on(s, &a, slot, &t)
    return ST_ok


cdef uint32_t order_named(State* s, const Asked* a, const uint8_t* name, uint32_t length) noexcept nogil:
    """The order that any id of its chain names; 0 when there is none."""
    cdef uint32_t slot = find_request(s, a.account, name, length, hash_bytes(name, length, a.account))
    return s.request[slot].order if slot else 0


cdef uint32_t newest_terms(const State* s, const OrderRow* o) noexcept nogil:
    """The last replace that may still come about, else the request whose terms are in force."""
    cdef uint32_t newest = o.terms, slot = o.pending
    while slot:
        if s.request[slot].type == RequestType_replace and is_live(s.request[slot].status):
            newest = slot
        slot = s.request[slot].next_pending
    return newest


cdef void changed_terms(const State* s, const OrderRow* o, const OrderCancelReplaceRequest* r, Terms* t) noexcept nogil:
    """The order's newest terms, those of the last replace that was not refused, with what the request changes."""
    cdef uint32_t newest = newest_terms(s, o)
    terms_of(s, o, newest, t)
    if newest == o.terms:  # the exchange may have restated them since
        t.order_qty = o.order_qty
        if t.price != INT64_MIN or s.request[newest].flags & REQUEST_stated:
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


cdef bint replaceable(const State* s, const OrderRow* o, const Terms* t) noexcept nogil:
    """A live order is; a filled one where it can still trade, and is to have more than it has executed."""
    if o.closed == CLOSED_filled:
        return t.order_qty > o.cum_qty and can_still_trade(s, o)
    return o.closed == 0


cdef uint16_t apply_replace(State* s, const OrderCancelReplaceRequest* r) noexcept nogil:
    cdef Asked a
    cdef Terms t
    cdef OrderRow* o
    cdef uint32_t slot, order
    cdef uint16_t status
    cdef const uint8_t* texts = OrderCancelReplaceRequest_texts(r)
    ask(&a, RequestType_replace, r.options, r.account, r.tag, texts, r.cl_ord_id_length,
        content_of(r, <uint64_t>&r.tag - <uint64_t>r, T_OrderCancelReplaceRequest, r.frame.length))
    if answered(s, &a, &status):
        return status
    memset(&t, 0, sizeof(t))
    t.account = a.account
    order = order_named(s, &a, texts + r.cl_ord_id_length, r.orig_cl_ord_id_length)
    o = &s.order[order]
    if a.options & OPTION_listed and list_refuses(s):
        return reject(s, &a, &t, ST_list_rejected)
    if not in_time(s, &a, o.instrument):
        return reject(s, &a, &t, ST_rate_exceeded)
    if s.firm.storage == StorageState_full:
        return reject(s, &a, &t, ST_storage_full)
    if order == 0:
        return reject(s, &a, &t, ST_order_unknown)
    if unsent(s, o) and (a.options & OPTION_listed or s.request[o.request].status == RequestStatus_received):
        return reject(s, &a, &t, ST_list_rejected)  # a list replaces what is out; what it holds is not replaced
    changed_terms(s, o, r, &t)
    t.order, t.uncounted = order, (a.options & OPTION_validate) != 0
    if not replaceable(s, o, &t):
        return reject(s, &a, &t, ST_order_too_late)
    if s.account_class[s.account[a.account].account_class].chained_replaces and newest_terms(s, o) != o.terms:
        return reject(s, &a, &t, ST_replace_pending)
    vet_terms(s, &t)
    status = first_hit(&t)
    if worth_more_checks(&a, &t):
        vet_change(s, o, &t)
    if t.hits == 0 and not room_for_new(s):
        return refuse(s, &a, ST_capacity_reached)
    if a.options & OPTION_validate:
        return answer_checked(s, &a, o, &t, status)
    if t.hits:
        return reject(s, &a, &t, first_hit(&t))
    vet_desk(s, &t)
    # point of no return
    slot = make_request(s, a.type, &t, a.name, a.length, a.hash, a.content)
    if unsent(s, o):
        supersede(s, order, slot)
    else:
        link_pending(s, order, slot)
    go_on(s, &a, slot, &t)
    return ST_ok


cdef void vet_change(State* s, const OrderRow* o, Terms* t) noexcept nogil:
    """Limits, and cover for what new terms add to an order's hold; they take the place of those that nobody has sent
    yet."""
    cdef Cover before, after
    cdef int64_t counted, value
    before.cash, before.stock = o.reserved, o.reserved_qty
    if not cover_of(s, o, t.price, t.order_qty, &after):
        hit(s, t, ST_value_out_of_range, t.order_qty, t.price)
        return
    if s.firm.watched & WATCH_limits:
        counted, value = s.open_value[t.order].value, leaves_value(s, o, t.price, t.order_qty)
        vet_limits(s, o, t, counted, value if unsent(s, o) else max(value, counted))
    if not unsent(s, o):
        after.cash, after.stock = max(after.cash, before.cash), max(after.stock, before.stock)
    vet_cover(s, o, &before, &after, t)


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
    if s.firm.watched & WATCH_content:
        watch_request(s, request)
    set_status(s, old, RequestStatus_cancelled, ST_cancelled_by_client)


cdef bint cancel_under_way(const State* s, const OrderRow* o) noexcept nogil:
    cdef uint32_t slot = o.pending
    while slot:
        if s.request[slot].type == RequestType_cancel and is_live(s.request[slot].status):
            return True
        slot = s.request[slot].next_pending
    return False


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
    if answered(s, &a, &status):
        return status
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
    if not room_beside_cancels(s) and cancel_under_way(s, o):  # each order's first cancel has a row, a storm has none
        return refuse(s, &a, ST_capacity_reached)
    # point of no return
    terms_of(s, o, o.terms, &t)
    slot = make_request(s, a.type, &t, a.name, a.length, a.hash, a.content)
    if unsent(s, o):
        s.request[slot].order = order
        set_status(s, slot, RequestStatus_completed, ST_ok)
        close_order(s, order, OrdStatus_canceled, CLOSED_dead, ST_cancelled_by_client)
    else:
        link_pending(s, order, slot)
        route(s, slot)
    emit_answer(s, s.source, ST_ok, a.tag, a.account, slot, False)
    return ST_ok
