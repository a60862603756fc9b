"""Orders that were not entered here, and the exchange's list of open orders.

An external order is made by what an exchange tells, reserves without a check and is flagged. Where nobody knows its
account it is booked to the suspense account, which is made on first need and takes no requests.
"""

from libc.stdint cimport INT64_MIN

from oms._core.doubt cimport ask_exchange
from oms._core.early cimport waits_for_action
from oms._core.lost_trades cimport compare_trades
from oms._core.order_states cimport answered, flag, say, warn_of_debt
from oms._core.orders cimport CLOSED_filled, FLAG_cum_differs, FLAG_external, Cover, close_order, \
    cover_of, draft_of, find_order, link_first, make_order, make_request, name_order, rehold, set_status
from oms._core.outputs cimport alert
from oms._core.parked cimport park
from oms._core.reference cimport suspense_account
from oms._core.reports cimport came_before, new_terms, room_for_fact
from oms._core.stated_terms cimport price_stated
from oms._core.vetting cimport Terms, allowed
from oms._core.waiting cimport release_buffered


cdef uint32_t external_order(State* s, const Terms* t, uint32_t request_feed) noexcept nogil:
    """0 when its figures do not fit."""
    cdef uint32_t request, order
    cdef OrderRow draft
    cdef Cover cover
    draft_of(s, t, &draft)
    if not cover_of(s, &draft, t.price, t.order_qty, &cover):
        return 0
    request = make_request(s, RequestType_new, t, text_of(s, 0), 0, 0, 0)
    s.request[request].feed = <uint16_t>request_feed
    s.request[request].feed_sequence = 0  # was never sent by us
    order = make_order(s, request, t, &draft)
    set_status(s, request, RequestStatus_completed, ST_ok)
    row_open(&s.order[order].version)
    s.order[order].ord_status = OrdStatus_new
    s.order[order].flags = FLAG_external
    row_close(&s.order[order].version)
    rehold(s, order)
    alert(s, EventKind_order, order, ST_external_order)
    warn_of_debt(s, order)
    return order


cdef bint room_to_adopt(const State* s) noexcept nogil:
    """For an order from elsewhere, and the account that it may need."""
    return (has_room(s, TABLE_order, 1) and has_room(s, TABLE_request, 1) and has_room(s, TABLE_cash, 1)
            and has_room(s, TABLE_holding, 1))


cdef bint known_account(const State* s, uint32_t account) noexcept nogil:
    return 0 < account < s.header[TABLE_account].used


cdef bint sound(const State* s, uint32_t exchange, uint32_t instrument, uint8_t side) noexcept nogil:
    """An exchange speaks of its own instruments only."""
    if instrument == 0 or instrument >= s.header[TABLE_instrument].used:
        return False
    return s.instrument[instrument].exchange == exchange and is_side(side)


cdef inline bint tells_of_a_live_order(uint8_t exec_type) noexcept nogil:
    return exec_type in (ExecType_new, ExecType_trade, ExecType_order_status, ExecType_restated, ExecType_replaced,
                         ExecType_triggered, ExecType_suspended, ExecType_stopped, ExecType_pending_cancel,
                         ExecType_pending_replace)


cdef uint32_t adopt(State* s, const ExecutionReport* r) noexcept nogil:
    """An order for a report that names none of ours, when it tells enough to make one; else 0."""
    cdef Terms t
    cdef const InstrumentRow* i = &s.instrument[r.instrument]
    cdef int64_t price = r.price if r.price > 0 else r.last_px if r.last_px > 0 else i.last if i.last else \
        i.reference_price
    cdef int64_t quantity = r.order_qty
    cdef bint traded = r.exec_type == ExecType_trade
    if not tells_of_a_live_order(r.exec_type) or (r.order_id_length == 0 and not traded):
        return 0
    if quantity <= 0 and traded:  # a trade alone: no more is known to be ordered than was executed
        quantity = max(r.cum_qty, r.last_qty)
    if not sound(s, s.feed[r.feed].exchange, r.instrument, r.side) or quantity <= 0 or price <= 0:
        return 0
    memset(&t, 0, sizeof(t))
    t.account = r.account if known_account(s, r.account) else suspense_account(s, i.currency)
    if t.account == 0:
        return 0
    t.instrument, t.side = r.instrument, r.side
    t.ord_type = r.ord_type if r.ord_type else OrdType_limit
    t.time_in_force = r.time_in_force if r.time_in_force else TimeInForce_day
    t.expire_date, t.order_qty, t.price = r.expire_date, quantity, price
    t.stop_px = r.stop_px if r.stop_px > 0 else INT64_MIN
    t.display_qty = r.display_qty if r.display_qty > 0 else INT64_MIN
    t.min_qty = r.min_qty if r.min_qty > 0 else INT64_MIN
    return external_order(s, &t, r.feed)


cdef uint32_t listed_order(State* s, const OpenOrder* r) noexcept nogil:
    """The order that a row of the list means, made when it is unknown here; 0 when the row does not tell enough."""
    cdef uint32_t request = request_of(s, r.request), order
    cdef const uint8_t* name = OpenOrder_texts(r)
    cdef Terms t
    order = s.request[request].order if request else find_order(s, r.exchange, name, r.order_id_length)
    if order:
        return order if s.instrument[s.order[order].instrument].exchange == r.exchange else 0
    if not sound(s, r.exchange, r.instrument, r.side) or not room_to_adopt(s):
        return 0
    if r.order_qty <= r.cum_qty or r.price <= 0:
        return 0
    memset(&t, 0, sizeof(t))
    t.account = r.account if known_account(s, r.account) else suspense_account(s, s.instrument[r.instrument].currency)
    if t.account == 0:
        return 0
    t.instrument, t.side, t.ord_type = r.instrument, r.side, r.ord_type
    t.time_in_force, t.expire_date, t.order_qty, t.price = r.time_in_force, r.expire_date, r.order_qty, r.price
    t.stop_px = t.display_qty = t.min_qty = INT64_MIN
    order = external_order(s, &t, s.exchange[r.exchange].first_feed)
    if order:
        name_order(s, order, name, r.order_id_length)
    return order


cdef uint16_t park_row_of_list(State* s, uint16_t status, const OpenOrder* r) noexcept nogil:
    return park(s, status, <const Frame*>r, r.feed, r.parked, OpenOrder_texts(r), r.order_id_length)


cdef void doubt_replaces_since(State* s, uint32_t order, uint32_t request) noexcept nogil:
    """Where the list has an order at the terms of an older request than ours are from, it is older than the reports of
    the replaces, which came over another feed, or the exchange has lost them. They are in doubt, and held for, until it
    says which; they are never sent again."""
    cdef OrderRow* o = &s.order[order]
    cdef uint32_t slot = o.terms
    cdef RequestRow* q
    if request in (0, slot) or not came_before(s, request, slot):
        return
    row_open(&o.version)
    o.terms = request
    row_close(&o.version)
    while slot != request:
        q = &s.request[slot]
        if q.status == RequestStatus_completed:
            row_open(&q.version)
            q.feed_sequence = 0
            row_close(&q.version)
            link_first(s, order, slot)
            set_status(s, slot, RequestStatus_in_doubt, ST_order_terms_differ)
        slot = q.orig


cdef uint16_t take_row(State* s, const OpenOrder* r, uint32_t number) noexcept nogil:
    """One row of the exchange's list. Unknown here: made, reserved without a check, flagged. Known with other terms:
    the exchange's terms win, and replaces that it does not know of are in doubt; executions that its cum counts and we
    miss are asked for, never inferred. number: its list's; 0 = that has ended."""
    cdef uint32_t order
    cdef OrderRow* o
    cdef Cover cover
    cdef int64_t price, held, stock
    cdef bint waits, opens
    if not room_for_fact(s):
        return park_row_of_list(s, ST_capacity_reached, r)
    order = listed_order(s, r)
    if order == 0 and r.instrument == 0 and r.symbol_length:
        return park_row_of_list(s, ST_instrument_unknown, r)
    if order == 0:
        return park_row_of_list(s, ST_report_unmatched if room_to_adopt(s) else ST_capacity_reached, r)
    o = &s.order[order]
    held, stock = o.reserved, o.reserved_qty
    answered(s, o.request)
    say(s, order, OrdStatus_partially_filled if o.cum_qty else OrdStatus_new)
    s.live_order[order].listed = max(s.live_order[order].listed, number)
    price = r.price if r.price > 0 else o.price
    waits = waits_for_action(s, order)
    opens = o.closed == CLOSED_filled and r.order_qty > o.cum_qty  # it has lost what filled it, or not told that yet
    if (o.closed == 0 or opens) and not waits and (o.order_qty != r.order_qty or o.price != price):
        if not cover_of(s, o, price, r.order_qty, &cover):
            return park_row_of_list(s, ST_report_out_of_range, r)
        doubt_replaces_since(s, order, request_of(s, r.request))
        row_open(&o.version)
        o.order_qty = max(r.order_qty, o.cum_qty)
        o.price = price
        row_close(&o.version)
        alert(s, EventKind_order, order, ST_order_terms_differ)
        if opens:
            new_terms(s, order, 0)
    if o.closed == 0 and r.price > 0:
        price_stated(s, o)
    row_open(&o.version)
    o.flags &= ~FLAG_cum_differs
    row_close(&o.version)
    if r.cum_qty != o.cum_qty and not waits:
        flag(s, order, FLAG_cum_differs)
        alert(s, EventKind_order, order, ST_report_cum_differs)
    if not waits:
        compare_trades(s, order, r.cum_qty, <const Frame*>r if r.parked == 0 else NULL)
    if o.closed == 0 and o.cum_qty >= o.order_qty:
        close_order(s, order, OrdStatus_filled, CLOSED_filled, ST_ok)
    else:
        rehold(s, order)
    if o.reserved > held or o.reserved_qty > stock:
        warn_of_debt(s, order)
    return ST_ok


cdef inline bint lists(const State* s, uint32_t exchange, uint32_t feed) noexcept nogil:
    """Is there such an exchange, and the feed one of its own?"""
    return (0 < exchange < s.header[TABLE_exchange].used
            and (feed == 0 or (feed < s.header[TABLE_feed].used and s.feed[feed].exchange == exchange)))


cdef uint32_t count_row(State* s, uint32_t exchange, uint32_t feed) noexcept nogil:
    """Several feeds may list at once, each for itself. The first row begins a list; returns its number."""
    cdef ExchangeRow* e = &s.exchange[exchange]
    cdef FeedRow* f = &s.feed[feed]
    cdef uint32_t* rows = &f.list[0] if feed else &e.list[0]
    row_open(&e.version)
    row_open(&f.version)
    if rows[0] == 0:
        e.comparisons += 1
        rows[1] = e.comparisons
    rows[0] += 1
    row_close(&f.version)
    row_close(&e.version)
    return rows[1]


cdef uint32_t end_list(State* s, uint32_t exchange, uint32_t feed, uint32_t* number) noexcept nogil:
    """The list that came over the feed is at its end; returns how many rows it had."""
    cdef ExchangeRow* e = &s.exchange[exchange]
    cdef FeedRow* f = &s.feed[feed]
    cdef uint32_t* rows = &f.list[0] if feed else &e.list[0]
    cdef uint32_t count = rows[0]
    number[0] = rows[1]
    row_open(&e.version)
    row_open(&f.version)
    rows[0] = rows[1] = 0
    row_close(&f.version)
    row_close(&e.version)
    return count


cdef uint16_t apply_open_order(State* s, const OpenOrder* r) noexcept nogil:
    if not allowed(s, PERMISSION_report | PERMISSION_operate):
        return ST_permission_denied
    if not lists(s, r.exchange, r.feed):
        return ST_reference_invalid
    return take_row(s, r, count_row(s, r.exchange, r.feed))


cdef bint long_row_came(State* s, uint32_t exchange, uint32_t feed) noexcept nogil:
    """Counts a row that no record has room for, which says nothing here until a person books it."""
    if not lists(s, exchange, feed):
        return False
    count_row(s, exchange, feed)
    return True


cdef uint16_t apply_open_orders_end(State* s, const OpenOrdersEnd* r) noexcept nogil:
    """The list is at its end: what is open here and was in neither it nor one that began later, though it is whole, is
    in doubt, its hold kept. Its feed takes new orders from here on; after an operator's, all of the exchange do."""
    cdef uint32_t slot, feed, count, number = 0
    if not allowed(s, PERMISSION_report | PERMISSION_operate):
        return ST_permission_denied
    if not lists(s, r.exchange, r.feed):
        return ST_reference_invalid
    count = end_list(s, r.exchange, r.feed, &number)
    if count != r.count:
        s.figure, s.limit = count, r.count
        ask_exchange(s, r.exchange)
        return ST_load_count_differs
    slot = s.exchange[r.exchange].oldest_live if r.complete else 0
    while slot:
        if number == 0 or s.live_order[slot].listed < number:
            missing_there(s, slot, r.feed, r.next_sequence)
        slot = s.live_order[slot].next
    feed = s.exchange[r.exchange].first_feed
    while feed:
        if r.feed == 0 or r.feed == feed:
            row_open(&s.feed[feed].version)
            s.feed[feed].uncompared = 0
            row_close(&s.feed[feed].version)
        feed = s.feed[feed].next_feed
    ask_exchange(s, r.exchange)
    release_buffered(s, r.exchange)
    return ST_ok


cdef bint sent_since(const State* s, uint32_t request, uint16_t feed, uint64_t next_sequence) noexcept nogil:
    """Another feed's numbers are not the list's: of what went over that, only what is answered has reached it."""
    cdef const RequestRow* r = &s.request[request]
    if feed and r.feed and r.feed != feed:
        return r.status == RequestStatus_submitted
    return r.feed != 0 and r.feed_sequence >= next_sequence


cdef void missing_there(State* s, uint32_t order, uint16_t feed, uint64_t next_sequence) noexcept nogil:
    """Open here, absent there. What is not sent yet cannot be there, nor what the list does not reach."""
    cdef uint32_t request = s.order[order].request, slot = s.order[order].pending
    if s.request[request].status in (RequestStatus_queued, RequestStatus_buffered):
        return
    if next_sequence:
        if sent_since(s, request, feed, next_sequence) or sent_since(s, s.order[order].terms, feed, next_sequence):
            return
        while slot:
            if sent_since(s, slot, feed, next_sequence):
                return
            slot = s.request[slot].next_pending
    if s.request[request].status != RequestStatus_in_doubt:
        set_status(s, request, RequestStatus_in_doubt, ST_order_missing_at_exchange)
    alert(s, EventKind_order, order, ST_order_missing_at_exchange)
