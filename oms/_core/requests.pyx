"""What clients ask for: New, Replace, Cancel.

Check and reserve is one step: a request that passes holds its cover before it is queued, buffered or sent. All checks
come first; below the line "point of no return" nothing can fail any more.
"""

from libc.stdint cimport INT64_MIN

from oms._core.orders cimport CLOSED_dead, Cover, close_order, cover_of, draft_of, is_live, link_pending, make_order, \
    make_request, rehold, route, set_status, terms_of, vet_cover
from oms._core.outputs cimport emit_answer
from oms._core.sessions cimport within_rate
from oms._core.vetting cimport Terms, first_hit, hit, takes_price, takes_stop, vet_account, vet_desk, vet_terms
from oms._core.waiting cimport send_or_queue
from oms._core.watch cimport watch_request

cdef enum:
    OPTION_poss_resend = 1  # of a request's record


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


cdef inline bint room_beside_cancels(const State* s) noexcept nogil:
    """A part of the table is for cancels alone, which are never refused while there is any room."""
    return limit_of(s, TABLE_request) // 64 < free_rows(s, TABLE_request)


cdef bint room_for_new(const State* s) noexcept nogil:
    """Is there room for a new order and all that its executions will need?"""
    return (has_room(s, TABLE_order, 2) and has_room(s, TABLE_cash, 2) and has_room(s, TABLE_holding, 2)
            and has_room(s, TABLE_text, 2048) and room_beside_cancels(s)
            and limit_of(s, TABLE_execution) // 8 < free_rows(s, TABLE_execution)
            and limit_of(s, TABLE_ladder) // 8 < free_rows(s, TABLE_ladder))


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
    """A request that the rules refuse: its row stays, so that the same one again gets the same answer. It takes none of
    what is kept for cancels."""
    cdef uint32_t slot
    if not room_beside_cancels(s) or not has_room(s, TABLE_text, 64):
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
    if not within_rate(s):
        return reject(s, &a, &t, ST_rate_exceeded)
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
    if not within_rate(s):
        return reject(s, &a, &t, ST_rate_exceeded)
    order = order_named(s, &a, texts + r.cl_ord_id_length, r.orig_cl_ord_id_length)
    if order == 0:
        return reject(s, &a, &t, ST_order_unknown)
    o = &s.order[order]
    changed_terms(s, o, r, &t)
    t.order = order
    if o.closed:
        return reject(s, &a, &t, ST_order_too_late)
    if s.account_class[s.account[a.account].account_class].chained_replaces and newest_terms(s, o) != o.terms:
        return reject(s, &a, &t, ST_replace_pending)
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
        link_pending(s, order, slot)
        route(s, slot)
    emit_answer(s, s.source, ST_ok, a.tag, a.account, slot, False)
    return ST_ok
