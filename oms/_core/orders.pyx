"""Orders: what they hold, how they end, and the way out to a feed.

Owns the order and request rows. `order.reserved` and `order.reserved_qty` are set in `rehold` alone, from the order's
own state, and the account's buckets move by the difference there.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport FIGURE_MAX, protect_price, value_of
from oms._core.debt cimport warn_cash
from oms._core.executions cimport charge_rest
from oms._core.index cimport index_put
from oms._core.ledger cimport cash_available, cash_reserve, cash_row, fee_of, holding_available, holding_reserve, \
    holding_row
from oms._core.limits cimport count_open
from oms._core.live_orders cimport delist, enlist
from oms._core.outputs cimport emit_event, emit_order_request
from oms._core.vetting cimport REQUEST_protected, hit
from oms._core.watch cimport watch_order, watch_request


cdef uint32_t schedule_of(const State* s, uint32_t account, uint32_t instrument) noexcept nogil:
    """The fee schedule of the account's class at the instrument's exchange, else at any."""
    cdef uint32_t row = <uint32_t>s.account[account].account_class * 64
    cdef uint32_t schedule = s.fee_rule[row + s.instrument[instrument].exchange].schedule
    return schedule if schedule else s.fee_rule[row].schedule


cdef void draft_of(const State* s, const Terms* t, OrderRow* draft) noexcept nogil:
    """An order as it would be with these terms, before anything is made."""
    memset(draft, 0, sizeof(OrderRow))
    draft.account, draft.instrument, draft.side = t.account, t.instrument, t.side
    draft.fee = <uint16_t>schedule_of(s, t.account, t.instrument)
    draft.short_margin_bps = s.instrument[t.instrument].short_margin_bps if is_short(t.side) else 0


cdef bint cover_of(const State* s, const OrderRow* o, int64_t price, int64_t order_qty, Cover* cover) noexcept nogil:
    """What the order needs at these terms: a buy its leaves at the price and the fee still to come; a sell its leaves
    in stock, and in cash only the fee that its proceeds will not pay; a short sale no stock, but margin cash. At a
    price below zero it is the seller who pays. False when it does not fit."""
    cdef const InstrumentRow* i = &s.instrument[o.instrument]
    cdef int exponent = s.currency[i.currency].exponent
    cdef int64_t leaves = order_qty - o.cum_qty, value = 0, full, fee, tax, paid
    cover.cash = cover.stock = 0
    if leaves <= 0:
        return True
    if not value_of(price, leaves, i.value_numerator, i.value_denominator, 1, &value):
        return False
    full = o.cum_value + value
    fee = fee_of(s, o.fee, exponent, o.side, full, &tax)
    if full > FIGURE_MAX or full < -FIGURE_MAX or fee > FIGURE_MAX:
        return False
    if is_buy(o.side):
        cover.cash = max(value, 0) + (fee - o.fee_charged if fee > o.fee_charged else 0)
    else:
        cover.stock = 0 if is_short(o.side) else leaves
        paid = max(full, 0) if value >= 0 else max(o.cum_value, 0)
        cover.cash = max(-value, 0) + (fee - paid if fee > paid else 0)
        if is_short(o.side):
            value = max(value, -value)
            if not protect_price(value, o.short_margin_bps, &full):
                return False
            cover.cash += full - value
    return True


cdef bint hold_of(const State* s, const OrderRow* o, uint32_t without, Cover* cover) noexcept nogil:
    """The most that the terms in force, or any replace in flight or queued, may need; one request may be left
    `without`. A filled order holds for replaces alone, a dead one for executions that the exchange counts and we have
    not seen."""
    cdef Cover one
    cdef uint32_t slot = o.pending
    cdef const RequestRow* r
    cover.cash = cover.stock = 0
    if o.request == without:
        return True
    if o.closed == CLOSED_dead:
        return o.missing_qty <= 0 or cover_of(s, o, o.price, o.cum_qty + o.missing_qty, cover)
    if not o.closed and not cover_of(s, o, o.price, o.order_qty, cover):
        return False
    while slot:
        r = &s.request[slot]
        if slot != without and r.type == RequestType_replace and is_live(r.status):
            if not cover_of(s, o, r.price, r.order_qty, &one):
                return False
            cover.cash = max(cover.cash, one.cash)
            cover.stock = max(cover.stock, one.stock)
        slot = r.next_pending
    return True


cdef void vet_cover(State* s, const OrderRow* o, const Cover* before, const Cover* after, Terms* t) noexcept nogil:
    """Is there enough for what a request adds to the order's hold, from `before` to `after`? What the order holds now
    is given back first. Rows that do not exist yet hold nothing."""
    cdef uint32_t cash = o.cash if o.cash else find_cash(s, o.account, s.instrument[o.instrument].currency)
    cdef uint32_t holding = o.holding if o.holding else find_holding(s, o.account, o.instrument)
    cdef int64_t free
    if after.cash > before.cash:
        free = cash_available(s, cash) if cash else 0
        free += o.reserved - before.cash
        if after.cash - before.cash > free:
            hit(s, t, ST_funds_insufficient, after.cash - before.cash, free)
    if after.stock > before.stock:
        free = holding_available(s, holding) if holding else 0
        free += o.reserved_qty - before.stock
        if after.stock - before.stock > free:
            hit(s, t, ST_stock_insufficient, after.stock - before.stock, free)


cdef void rehold(State* s, uint32_t order) noexcept nogil:
    """Makes the order hold what its state asks for, no more and no less."""
    cdef OrderRow* o = &s.order[order]
    cdef Cover cover
    if not hold_of(s, o, 0, &cover):
        broken(s, "an order's hold does not fit")
    if cover.cash != o.reserved:
        cash_reserve(s, o.cash, cover.cash - o.reserved)
    if cover.stock != o.reserved_qty:
        holding_reserve(s, o.holding, cover.stock - o.reserved_qty)
    row_open(&o.version)
    o.reserved = cover.cash
    o.reserved_qty = cover.stock
    row_close(&o.version)
    if s.firm.watched & WATCH_own:
        watch_order(s, order)
    if s.firm.watched & WATCH_limits:
        count_open(s, order)
    emit_event(s, EventKind_order, order, o.ord_status, ST_ok)


cdef uint32_t make_request(State* s, uint8_t type, const Terms* t, const uint8_t* cl_ord_id, uint32_t length,
                           uint64_t hash, uint64_t content) noexcept nogil:
    """A request row with the terms that it asks for; found again by its cl_ord_id when it has one."""
    cdef uint32_t slot = take(s, TABLE_request)
    cdef RequestRow* r = &s.request[slot]
    row_open(&r.version)
    r.type = type
    r.status = RequestStatus_received
    r.user = s.source
    r.account = t.account
    r.ord_type = t.ord_type
    r.time_in_force = t.time_in_force
    r.order_qty = t.order_qty
    r.price = t.price
    r.stop_px = t.stop_px
    r.display_qty = t.display_qty
    r.min_qty = t.min_qty
    r.expire_date = t.expire_date
    r.cl_ord_id = text_put(s, cl_ord_id, length)
    r.cl_ord_id_hash = <uint32_t>(hash >> 32)
    r.flags = t.flags
    r.content_hash = content
    r.feed_sequence = s.sequence
    r.time_ns = s.time_ns
    r.business_date = s.firm.business_date
    row_close(&r.version)
    if length:
        index_put(&s.by_cl_ord_id, hash, slot)
    return slot


cdef uint32_t make_order(State* s, uint32_t request, const Terms* t, const OrderRow* draft) noexcept nogil:
    """An order row for a new request's terms, with the cash and holding rows that its fills will need. It keeps the fee
    schedule, and the margin of a short sale, that it was entered under."""
    cdef uint32_t slot = take(s, TABLE_order)
    cdef OrderRow* o = &s.order[slot]
    cdef uint32_t cash = cash_row(s, t.account, s.instrument[t.instrument].currency)
    cdef uint32_t holding = holding_row(s, t.account, t.instrument)
    row_open(&o.version)
    o.account = t.account
    o.instrument = t.instrument
    o.cash = cash
    o.holding = holding
    o.request = o.terms = request
    o.side = t.side
    o.fee = draft.fee
    o.short_margin_bps = draft.short_margin_bps
    o.ord_status = OrdStatus_pending_new
    o.trade_date = s.exchange[s.instrument[t.instrument].exchange].trade_date
    o.order_qty = t.order_qty
    o.price = t.price
    o.locate = text_put(s, t.locate, t.locate_length)
    row_close(&o.version)
    s.request[request].order = slot
    enlist(s, slot)
    if s.firm.watched & WATCH_content:
        watch_request(s, request)
    return slot


cdef void terms_of(const State* s, const OrderRow* o, uint32_t request, Terms* t) noexcept nogil:
    """The terms that a request of the order asked for, as they were given."""
    cdef const RequestRow* r = &s.request[request]
    cdef const uint8_t* locate = text_of(s, o.locate)
    memset(t, 0, sizeof(Terms))
    t.account = o.account
    t.instrument = o.instrument
    t.side = o.side
    t.ord_type = r.ord_type
    t.time_in_force = r.time_in_force
    t.expire_date = r.expire_date
    t.order_qty = r.order_qty
    t.price = INT64_MIN if r.flags & REQUEST_protected else r.price
    t.stop_px = r.stop_px
    t.display_qty = r.display_qty
    t.min_qty = r.min_qty
    t.locate = locate + 1
    t.locate_length = locate[0]


cdef void set_status(State* s, uint32_t request, uint8_t status, uint16_t reason) noexcept nogil:
    """Moves a request on, keeps the firm's and its feed's counts of those that wait, and tells of it."""
    cdef RequestRow* r = &s.request[request]
    cdef FeedRow* f = &s.feed[r.feed]
    s.firm.queued += (status == RequestStatus_queued) - <int>(r.status == RequestStatus_queued)
    s.firm.buffered += (status == RequestStatus_buffered) - <int>(r.status == RequestStatus_buffered)
    s.firm.in_doubt += (status == RequestStatus_in_doubt) - <int>(r.status == RequestStatus_in_doubt)
    if awaits(status) != awaits(r.status):
        row_open(&f.version)
        f.unanswered += awaits(status) - <int>awaits(r.status)
        row_close(&f.version)
    row_open(&r.version)
    r.status = status
    r.reason = reason
    row_close(&r.version)
    emit_event(s, EventKind_request, request, status, reason)


cdef void link_pending(State* s, uint32_t order, uint32_t request) noexcept nogil:
    """Appends to the order's requests that the exchange has not answered, oldest first."""
    cdef uint32_t* link = &s.order[order].pending
    while link[0]:
        link = &s.request[link[0]].next_pending
    link[0] = request
    s.request[request].order = order


cdef void link_first(State* s, uint32_t order, uint32_t request) noexcept nogil:
    """An answer is taken back: the request is older than all that wait."""
    s.request[request].next_pending = s.order[order].pending
    s.order[order].pending = request


cdef void unlink_pending(State* s, uint32_t request) noexcept nogil:
    cdef uint32_t* link = &s.order[s.request[request].order].pending
    while link[0] and link[0] != request:
        link = &s.request[link[0]].next_pending
    if link[0]:
        link[0] = s.request[request].next_pending
        s.request[request].next_pending = 0


cdef uint32_t newest_sent(const State* s, const OrderRow* o) noexcept nogil:
    """OrigClOrdID for the exchange: the replace that was sent to it last and is not refused, else the terms in force.
    What waits here it does not know."""
    cdef uint32_t newest = o.terms, slot = o.pending
    cdef uint64_t last = 0
    while slot:
        if s.request[slot].type == RequestType_replace and awaits(s.request[slot].status):
            if s.request[slot].feed_sequence >= last:
                newest = slot
                last = s.request[slot].feed_sequence
        slot = s.request[slot].next_pending
    return newest


cdef void submit(State* s, uint32_t request) noexcept nogil:
    """Gives the request the next number of its feed and sends it."""
    cdef RequestRow* r = &s.request[request]
    cdef FeedRow* f = &s.feed[r.feed]
    row_open(&f.version)
    f.last_out += 1
    row_close(&f.version)
    row_open(&r.version)
    r.feed_sequence = f.last_out
    if r.type != RequestType_new:
        r.orig = newest_sent(s, &s.order[r.order])
    row_close(&r.version)
    set_status(s, request, RequestStatus_submitted, ST_ok)
    emit_order_request(s, request)


cdef inline bint takes(const State* s, uint32_t feed, bint cancel) noexcept nogil:
    """A gap in its sequence, a comparison of open orders that is not done, or that it came and went too often of late,
    hold all but cancels."""
    cdef const FeedRow* f = &s.feed[feed]
    return f.state == FeedState_online and (cancel or (not f.gap and not f.uncompared and s.time_ns >= f.steady_ns))


cdef uint32_t feed_for(const State* s, uint32_t request) noexcept nogil:
    """The feed that can take the request now; 0 when none can. What concerns an order that is out goes where the order
    went while that is online, else over the first feed of its exchange that is."""
    cdef const RequestRow* r = &s.request[request]
    cdef const OrderRow* o = &s.order[r.order]
    cdef uint32_t feed = s.request[o.request].feed
    cdef bint cancel = r.type == RequestType_cancel
    if r.type != RequestType_new and s.feed[feed].state == FeedState_online:
        return feed if takes(s, feed, cancel) else 0
    feed = s.exchange[s.instrument[o.instrument].exchange].first_feed
    while feed and not takes(s, feed, cancel):
        feed = s.feed[feed].next_feed
    return feed


cdef void route(State* s, uint32_t request) noexcept nogil:
    """Sends the request, or keeps it from now on until a feed can take it."""
    cdef RequestRow* r = &s.request[request]
    cdef uint64_t timeout
    cdef uint32_t feed = feed_for(s, request)
    if feed:
        r.feed = <uint16_t>feed
        submit(s, request)
        return
    r.time_ns = s.time_ns
    set_status(s, request, RequestStatus_buffered, ST_ok)
    timeout = s.account_class[s.account[r.account].account_class].buffer_timeout_s * <uint64_t>1000000000
    if timeout:
        remind(s, s.time_ns + timeout)


cdef void shut(State* s, uint32_t order, uint8_t ord_status, uint8_t how) noexcept nogil:
    """The order can trade no more; its requests stay as they are, and the caller sees to its fee and its hold."""
    cdef OrderRow* o = &s.order[order]
    if not o.closed:
        delist(s, order)
    row_open(&o.version)
    o.ord_status = ord_status
    o.closed = how
    if ord_status == OrdStatus_expired:
        o.flags |= FLAG_expired
    o.closed_date = s.firm.business_date
    row_close(&o.version)


cdef void close_order(State* s, uint32_t order, uint8_t ord_status, uint8_t how, uint16_t reason) noexcept nogil:
    """The order can trade no more: its hold is released, a fee that proceeds did not pay falls due, and requests that
    nobody has sent yet are closed with it. Those in flight keep waiting for the exchange's word when it was filled."""
    cdef OrderRow* o = &s.order[order]
    cdef int64_t charged = o.fee_charged
    cdef uint32_t slot = o.pending, after
    shut(s, order, ord_status, how)
    while slot:
        after = s.request[slot].next_pending
        if ord_status == OrdStatus_canceled and s.request[slot].type == RequestType_cancel:
            unlink_pending(s, slot)
            set_status(s, slot, RequestStatus_completed, ST_ok)
        elif how == CLOSED_dead or s.request[slot].status < RequestStatus_submitted:
            unlink_pending(s, slot)
            set_status(s, slot, RequestStatus_rejected, ST_order_closed)
        slot = after
    if is_live(s.request[o.request].status):
        if how == CLOSED_filled or o.cum_qty or reason == ST_ok:
            set_status(s, o.request, RequestStatus_completed, ST_ok)
        elif reason == ST_cancelled_by_client:
            set_status(s, o.request, RequestStatus_cancelled, reason)
        elif reason == ST_expired_unsent:
            set_status(s, o.request, RequestStatus_expired, reason)
        else:
            set_status(s, o.request, RequestStatus_rejected, reason)
    charge_rest(s, order)
    rehold(s, order)
    if o.fee_charged > charged:
        warn_cash(s, o.cash)


cdef inline uint64_t name_hash(uint32_t exchange, const uint8_t* name, uint32_t length) noexcept nogil:
    return hash_bytes(name, length, exchange)


cdef uint32_t find_order(const State* s, uint32_t exchange, const uint8_t* name, uint32_t length) noexcept nogil:
    """An order by the exchange's name for it."""
    cdef uint64_t hash = name_hash(exchange, name, length), at = index_home(&s.by_order_id, hash)
    cdef uint32_t slot = index_next(&s.by_order_id, hash, &at)
    while slot:
        if text_is(s, s.order[slot].order_id, name, length):
            if s.instrument[s.order[slot].instrument].exchange == exchange:
                return slot
        slot = index_next(&s.by_order_id, hash, &at)
    return 0


cdef void name_order(State* s, uint32_t order, const uint8_t* name, uint32_t length) noexcept nogil:
    """Keeps the exchange's name for the order, the first one that it gave."""
    cdef OrderRow* o = &s.order[order]
    if length == 0 or o.order_id:
        return
    row_open(&o.version)
    o.order_id = text_put(s, name, length)
    row_close(&o.version)
    index_put(&s.by_order_id, name_hash(s.instrument[o.instrument].exchange, name, length), order)
