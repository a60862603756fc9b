"""What leaves the engine. Owns the output buffer and the event ring; changes no other table.

Outputs wait in `State.out` until the consumer takes them; the buffer is address space for every open order at once.
"""

from libc.stdint cimport INT64_MIN

from oms._core.vetting cimport REQUEST_protected


cdef Frame* output(State* s, uint16_t template_id, uint32_t size, uint32_t texts) noexcept nogil:
    """Room for one zeroed output record with its Frame filled in."""
    cdef uint32_t length = (size + texts + 7) & ~7u
    cdef Frame* frame = <Frame*>(s.out + s.out_used)
    if s.out_used + length > s.out_size:
        broken(s, "the output buffer is full")
    memset(frame, 0, length)
    frame.length = length
    frame.sequence = s.sequence
    frame.time_ns = s.time_ns
    frame.template_id = template_id
    frame.schema_version = SCHEMA_VERSION
    s.out_used += length
    return frame


cdef void emit_event(State* s, uint8_t kind, uint32_t row, uint8_t state, uint16_t status) noexcept nogil:
    """Appends to the event log: the ring's slot is position modulo its size."""
    cdef TableHeader* h = s.header[TABLE_event]
    cdef Event* event = <Event*>&s.event[s.events % h.capacity]
    event.frame.length = sizeof(Event)
    event.frame.sequence = s.sequence
    event.frame.time_ns = s.time_ns
    event.frame.template_id = T_Event
    event.frame.schema_version = SCHEMA_VERSION
    event.frame.source = s.source
    event.position = s.events
    event.row = row
    event.kind = kind
    event.state = state
    event.status = status
    event.figure = s.figure
    event.limit = s.limit
    s.events += 1
    compiler_barrier()
    h.sequence = s.events  # of this table: the position that readers may read up to


cdef Answer* emit_named(State* s, uint16_t to, uint16_t status, uint64_t tag, uint32_t account,
                        uint32_t name) noexcept nogil:
    """An answer about what the text `name` stands for with whoever asked; text 0 is none."""
    cdef const uint8_t* text = text_of(s, name)
    cdef Answer* answer = <Answer*>output(s, T_Answer, sizeof(Answer), text[0])
    answer.tag = tag
    answer.account = account
    answer.to = to
    answer.status = status
    answer.figure = s.figure
    answer.limit = s.limit
    answer.cl_ord_id_length = text[0]
    memcpy(<uint8_t*>answer + sizeof(Answer), text + 1, text[0])
    return answer


cdef Answer* emit_answer(State* s, uint16_t to, uint16_t status, uint64_t tag, uint32_t account, uint32_t request,
                         bint repeated) noexcept nogil:
    """Tells `to` what became of what it asked; a request's answer names it in the client's words, too."""
    cdef const RequestRow* r = &s.request[request]
    cdef Answer* answer = emit_named(s, to, status, tag, account, r.cl_ord_id if request else 0)
    answer.repeated = repeated
    if request:
        answer.request = request_handle(s, request)
        answer.order = order_handle(s, r.order)
        answer.request_status = r.status
        answer.type = r.type
    return answer


cdef OrderRequest* emit_order_request(State* s, uint32_t request) noexcept nogil:
    """To the adapter of the request's feed, under the number that the request was given."""
    cdef const RequestRow* r = &s.request[request]
    cdef const OrderRow* o = &s.order[r.order]
    cdef const InstrumentRow* i = &s.instrument[o.instrument]
    cdef const uint8_t* name = text_of(s, o.order_id)
    cdef OrderRequest* out = <OrderRequest*>output(s, T_OrderRequest, sizeof(OrderRequest), name[0])
    out.feed_sequence = r.feed_sequence
    out.request = request_handle(s, request)
    out.orig_request = request_handle(s, r.orig)
    out.order = order_handle(s, r.order)
    out.feed = r.feed
    out.type = r.type
    out.side = o.side
    out.ord_type = r.ord_type
    out.time_in_force = r.time_in_force
    out.price_exponent = i.price_exponent
    out.quantity_exponent = i.quantity_exponent
    out.instrument = o.instrument
    out.account = o.account
    out.order_qty = r.order_qty
    out.price = INT64_MIN if r.flags & REQUEST_protected else r.price
    out.stop_px = r.stop_px
    out.display_qty = r.display_qty
    out.min_qty = r.min_qty
    out.expire_date = r.expire_date
    out.trade_date = s.exchange[i.exchange].trade_date
    memcpy(out.symbol, i.symbol, sizeof(out.symbol))
    out.order_id_length = name[0]
    memcpy(<uint8_t*>out + sizeof(OrderRequest), name + 1, name[0])
    out.epoch = s.feed[r.feed].epoch
    return out


cdef void emit_question(State* s, uint32_t request, uint32_t feed, uint32_t question) noexcept nogil:
    """FIX's OrderStatusRequest, to an adapter of the request's exchange. It has no number: it is not sent again but
    asked again."""
    cdef OrderRequest* out = emit_order_request(s, request)
    out.feed_sequence = 0
    out.type = RequestType_status
    out.feed = <uint16_t>feed
    out.epoch = s.feed[feed].epoch
    out.ord_status_req_id = question
