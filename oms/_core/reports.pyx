"""Facts from exchanges: execution reports and cancel rejects.

A fact is never refused. What cannot be booked is parked with its place in the journal, and an alert is raised.
`exec_type` says why a report came; the order's stored `ord_status` is the exchange's own word, and an older word
never lowers it.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport value_of
from oms._core.corrections cimport bust, correct, find_trade, first_version
from oms._core.debt cimport warn_cash, warn_holding
from oms._core.executions cimport add_execution, charge_rest, fee_due, find_execution, has_ended, post, postable, \
    refee, room_to_refee
from oms._core.external cimport adopt
from oms._core.feeds cimport count_in
from oms._core.ledger cimport holding_cost, newest_version, settle_date
from oms._core.orders cimport CLOSED_dead, CLOSED_filled, FLAG_cum_differs, FLAG_expired_here, \
    FLAG_filled_after_close, FLAG_overfilled, Cover, close_order, cover_of, find_order, is_live, name_order, \
    rehold, set_status, unlink_pending
from oms._core.outputs cimport alert
from oms._core.shorts cimport room_to_short
from oms._core.vetting cimport allowed


cdef uint16_t park(State* s, uint16_t status, uint16_t feed, uint32_t execution) noexcept nogil:
    """Keeps where in the journal a report stands that could not be booked, or that contradicts one that was."""
    cdef uint32_t slot = 0
    if has_room(s, TABLE_parked, 1):
        slot = take(s, TABLE_parked)
        row_open(&s.parked[slot].version)
        s.parked[slot].status = status
        s.parked[slot].feed = feed
        s.parked[slot].execution = execution
        s.parked[slot].sequence = s.sequence
        row_close(&s.parked[slot].version)
    alert(s, EventKind_execution, slot, status)
    return status


cdef void flag(State* s, uint32_t order, uint8_t flags) noexcept nogil:
    row_open(&s.order[order].version)
    s.order[order].flags |= flags
    row_close(&s.order[order].version)


cdef void say(State* s, uint32_t order, uint8_t word) noexcept nogil:
    """The exchange's word on an order that can still trade; a word that would end it comes with a report that does."""
    cdef OrderRow* o = &s.order[order]
    if o.closed or word in (0, OrdStatus_filled, OrdStatus_canceled, OrdStatus_rejected, OrdStatus_expired):
        return
    if word in (OrdStatus_new, OrdStatus_pending_new) and (o.cum_qty or o.ord_status == word):
        return
    row_open(&o.version)
    o.ord_status = word
    row_close(&o.version)


cdef void answered(State* s, uint32_t request) noexcept nogil:
    """The exchange has answered a request."""
    if request and is_live(s.request[request].status):
        unlink_pending(s, request)
        set_status(s, request, RequestStatus_completed, ST_ok)


cdef void warn_of_debt(State* s, uint32_t order) noexcept nogil:
    """A fact may take what is available below zero: it is told, and new buys find no funds."""
    cdef const OrderRow* o = &s.order[order]
    warn_cash(s, o.cash)
    warn_holding(s, o.holding)


cdef bint room_for_fact(const State* s) noexcept nogil:
    return (has_room(s, TABLE_order, 2) and has_room(s, TABLE_request, 2) and has_room(s, TABLE_cash, 2)
            and has_room(s, TABLE_holding, 2) and has_room(s, TABLE_execution, 2) and has_room(s, TABLE_text, 256)
            and has_room(s, TABLE_ladder, 8) and room_to_short(s))


cdef void check_cum(State* s, uint32_t order, int64_t cum_qty) noexcept nogil:
    """A cum that is not ours marks the order; of a dead one the missing part stays held until its executions are
    found."""
    cdef OrderRow* o = &s.order[order]
    cdef int64_t missing = cum_qty - o.cum_qty, held = missing if o.closed == CLOSED_dead and missing > 0 else 0
    cdef bint changed = o.missing_qty != held
    row_open(&o.version)
    o.missing_qty = held
    if missing:
        o.flags |= FLAG_cum_differs
    else:
        o.flags &= ~FLAG_cum_differs
    row_close(&o.version)
    if missing:
        s.figure = cum_qty
        s.limit = o.cum_qty
        alert(s, EventKind_order, order, ST_report_cum_differs)
    if changed:
        rehold(s, order)


cdef uint16_t vet_trade(State* s, uint32_t order, const ExecutionReport* r, ExecutionRow* x) noexcept nogil:
    """Fills in what a trade is; tells one that was booked before, and what does not fit the books."""
    cdef const OrderRow* o = &s.order[order]
    cdef const InstrumentRow* i = &s.instrument[o.instrument]
    cdef const uint8_t* name = ExecutionReport_texts(r)
    cdef const ExecutionRow* known
    cdef uint32_t slot
    memset(x, 0, sizeof(ExecutionRow))
    x.trade_date = r.trade_date if r.trade_date else s.exchange[i.exchange].trade_date
    slot = find_execution(s, i.exchange, x.trade_date, o.side, name, r.exec_id_length)
    if slot:
        known = &s.execution[slot]
        if known.order == order and known.last_qty == r.last_qty and known.last_px == r.last_px:
            if known.kind == TradeKind_trade:
                return ST_execution_repeated
        return park(s, ST_execution_conflict, r.feed, slot)
    if r.last_qty <= 0 or r.last_px < 0 or r.exec_id_length == 0:
        return park(s, ST_report_out_of_range, r.feed, 0)
    if not value_of(r.last_px, r.last_qty, i.value_numerator, i.value_denominator, 0, &x.value):
        return park(s, ST_report_out_of_range, r.feed, 0)
    if not postable(s, o, r.last_qty, x.value):
        return park(s, ST_report_out_of_range, r.feed, 0)
    if i.settlement_days == 0 and not (has_room(s, TABLE_movement, 2) and has_room(s, TABLE_cost_event, 1)):
        return park(s, ST_capacity_reached, r.feed, 0)
    if o.closed and not is_buy(o.side) and not room_to_refee(s, o):
        return park(s, ST_capacity_reached, r.feed, 0)
    x.kind = TradeKind_trade
    x.trade_version = 1
    x.exchange, x.feed = i.exchange, r.feed
    x.settle_date = r.settle_date if r.settle_date else settle_date(s, o.instrument, x.trade_date)
    x.last_qty, x.last_px = r.last_qty, r.last_px
    x.time_ns = r.transact_time_ns
    return ST_ok


cdef uint16_t executed(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """A trade. It counts once, whatever feed or replay it comes over; after that it is booked, come what may."""
    cdef OrderRow* o = &s.order[order]
    cdef ExecutionRow x
    cdef uint16_t status = vet_trade(s, order, r, &x)
    cdef uint32_t slot
    cdef int64_t tax, tax_before
    if status != ST_ok:
        return status
    # point of no return
    holding_cost(s, o.holding, o.side, r.last_qty, r.last_px)
    fee_due(s, o, o.cum_value, False, &tax_before)
    row_open(&o.version)
    o.cum_qty += r.last_qty
    o.cum_value += x.value
    x.fee = fee_due(s, o, o.cum_value, has_ended(o), &tax) - o.fee_charged
    x.tax = tax - tax_before
    o.fee_charged += x.fee
    if o.missing_qty:
        o.missing_qty = max(o.missing_qty - r.last_qty, 0)
    row_close(&o.version)
    x.request = request
    x.exec_id = text_put(s, ExecutionReport_texts(r), r.exec_id_length)
    slot = add_execution(s, order, &x, True)
    if o.closed and not is_buy(o.side):  # what proceeds did not cover goes from its last trade to this one
        refee(s, order, 0)
    else:
        post(s, slot)
    if o.closed:
        flag(s, order, FLAG_filled_after_close)
        alert(s, EventKind_order, order, ST_fill_after_close)
    after_trade(s, order, r.ord_status)
    return ST_ok


cdef uint8_t standing(const OrderRow* o, uint8_t word) noexcept nogil:
    """What a live order is after its executions or terms have changed; the exchange may say that it is busy with it."""
    if word in (OrdStatus_pending_cancel, OrdStatus_pending_replace):
        return word
    if o.cum_qty >= o.order_qty:
        return OrdStatus_filled
    if word in (OrdStatus_done_for_day, OrdStatus_stopped, OrdStatus_suspended, OrdStatus_calculated):
        return word
    return OrdStatus_partially_filled if o.cum_qty else OrdStatus_new


cdef void after_trade(State* s, uint32_t order, uint8_t word) noexcept nogil:
    """Where a trade, or a corrected one, leaves its order."""
    cdef OrderRow* o = &s.order[order]
    if o.cum_qty > o.order_qty:
        flag(s, order, FLAG_overfilled)
        alert(s, EventKind_order, order, ST_overfill)
    if o.closed:
        rehold(s, order)
    elif o.cum_qty >= o.order_qty:
        close_order(s, order, standing(o, word), CLOSED_filled, ST_ok)
    else:
        answered(s, o.request)
        row_open(&o.version)
        o.ord_status = standing(o, word)
        row_close(&o.version)
        rehold(s, order)
    warn_of_debt(s, order)


cdef inline void reopen(OrderRow* o) noexcept nogil:
    row_open(&o.version)
    o.closed = 0
    o.closed_date = 0
    row_close(&o.version)


cdef uint16_t vet_correction(State* s, uint32_t order, uint32_t trade, const ExecutionReport* r,
                             int64_t* value) noexcept nogil:
    """A bust or correction counts once, too, by its own exec_id; another one of the same trade supersedes it."""
    cdef const OrderRow* o = &s.order[order]
    cdef const InstrumentRow* i = &s.instrument[o.instrument]
    cdef int32_t date = r.trade_date if r.trade_date else s.exchange[i.exchange].trade_date
    cdef const ExecutionRow* known
    cdef uint32_t slot
    if trade:
        date = s.execution[trade].trade_date
    slot = find_execution(s, i.exchange, date, o.side, ExecutionReport_texts(r), r.exec_id_length)
    if slot:
        known = &s.execution[slot]
        if trade and first_version(s, slot) == first_version(s, trade):
            if r.exec_type == ExecType_trade_cancel and known.kind == TradeKind_bust:
                return ST_execution_repeated
            if r.exec_type == ExecType_trade_correct and known.kind == TradeKind_correct:
                if known.last_qty == r.last_qty and known.last_px == r.last_px:
                    return ST_execution_repeated
        return park(s, ST_execution_conflict, r.feed, slot)
    if trade == 0 or newest_version(s, trade) == 0:
        return park(s, ST_execution_unknown, r.feed, 0)
    if r.exec_type == ExecType_trade_correct:
        if r.last_qty <= 0 or not value_of(r.last_px, r.last_qty, i.value_numerator, i.value_denominator, 0, value):
            return park(s, ST_report_out_of_range, r.feed, trade)
        if r.last_px < 0 or not postable(s, o, r.last_qty, value[0]):
            return park(s, ST_report_out_of_range, r.feed, trade)
    if not room_to_refee(s, o):
        return park(s, ST_capacity_reached, r.feed, trade)
    return ST_ok


cdef uint16_t corrected(State* s, uint32_t order, const ExecutionReport* r) noexcept nogil:
    """A bust or a correction of a trade of this order; exec_ref_id names any version of it. A filled order that can
    still trade is open again; of any other closed one, only money and stock move."""
    cdef OrderRow* o = &s.order[order]
    cdef const uint8_t* name = ExecutionReport_texts(r)
    cdef uint32_t trade = find_trade(s, order, name + r.exec_id_length, r.exec_ref_id_length, r.trade_date)
    cdef int64_t value = 0
    cdef uint16_t status = vet_correction(s, order, trade, r, &value)
    if status != ST_ok:
        return status
    # point of no return
    trade = newest_version(s, trade)
    if o.closed == CLOSED_filled and can_still_trade(s, o):
        reopen(o)
    if r.exec_type == ExecType_trade_cancel:
        bust(s, trade, name, r.exec_id_length, r.settle_date)
    else:
        correct(s, trade, r.last_qty, r.last_px, value, name, r.exec_id_length, r.settle_date)
    after_trade(s, order, r.ord_status)
    return ST_ok


cdef bint can_still_trade(const State* s, const OrderRow* o) noexcept nogil:
    """Once a trade that filled it is taken back: not past its day, and not what was immediate or nothing."""
    cdef const RequestRow* terms = &s.request[o.terms]
    cdef const ExchangeRow* e = &s.exchange[s.instrument[o.instrument].exchange]
    if terms.time_in_force == TimeInForce_gtd and terms.expire_date != e.trade_date:
        return terms.expire_date > e.trade_date
    if terms.time_in_force == TimeInForce_gtd:
        return e.session_state != SessionState_complete
    if terms.time_in_force == TimeInForce_day:
        return o.trade_date == e.trade_date and e.session_state != SessionState_complete
    return terms.time_in_force == TimeInForce_gtc


cdef uint16_t replaced(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """New terms are in force: those of the replace that is answered, or those that the exchange states."""
    cdef OrderRow* o = &s.order[order]
    cdef const RequestRow* q = &s.request[request]
    cdef int64_t quantity = o.order_qty, price = o.price
    cdef Cover cover
    cdef bint ours = request != 0 and q.type == RequestType_replace
    if o.closed == CLOSED_dead or (ours and q.status == RequestStatus_completed):
        return ST_report_stale
    if ours:
        quantity, price = q.order_qty, q.price
    if r.order_qty > 0:
        quantity = r.order_qty
    if r.price > 0 and not (ours and q.ord_type == OrdType_market):
        price = r.price
    if not cover_of(s, o, price, quantity, &cover):
        return park(s, ST_report_out_of_range, r.feed, 0)
    # point of no return
    reopen(o)
    row_open(&o.version)
    if ours:
        o.terms = request
    o.order_qty = max(quantity, o.cum_qty)
    o.price = price
    o.ord_status = standing(o, r.ord_status)
    row_close(&o.version)
    answered(s, o.request)
    if ours:
        unlink_pending(s, request)
        set_status(s, request, RequestStatus_completed, ST_ok)
    if o.cum_qty >= o.order_qty:
        close_order(s, order, OrdStatus_filled, CLOSED_filled, ST_ok)
    else:
        charge_rest(s, order)
        rehold(s, order)
    warn_of_debt(s, order)
    return ST_ok


cdef uint16_t rejected(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """A New is refused. The reject of a repeated ClOrdID (103=6) does not end the order that it names."""
    cdef OrderRow* o = &s.order[order]
    if request and s.request[request].type != RequestType_new:
        return refused(s, order, request, r.ord_status)
    if o.closed or (r.ord_rej_reason == 6 and o.ord_status != OrdStatus_pending_new):
        return ST_report_stale
    close_order(s, order, OrdStatus_rejected, CLOSED_dead, ST_rejected_by_exchange)
    return ST_ok


cdef uint16_t refused(State* s, uint32_t order, uint32_t request, uint8_t word) noexcept nogil:
    """A cancel or replace is refused: the old terms stand, at the leaves of this moment."""
    cdef OrderRow* o = &s.order[order]
    if request == 0 or s.request[request].type == RequestType_new or not is_live(s.request[request].status):
        return ST_report_stale
    unlink_pending(s, request)
    set_status(s, request, RequestStatus_rejected, ST_rejected_by_exchange)
    if o.closed == 0 and word in (OrdStatus_new, OrdStatus_partially_filled):
        row_open(&o.version)
        o.ord_status = OrdStatus_partially_filled if o.cum_qty else OrdStatus_new
        row_close(&o.version)
    elif o.closed == CLOSED_filled and word == OrdStatus_filled:
        row_open(&o.version)
        o.ord_status = word
        row_close(&o.version)
    else:
        say(s, order, word)
    rehold(s, order)
    return ST_ok


cdef uint16_t ended(State* s, uint32_t order, const ExecutionReport* r) noexcept nogil:
    """Canceled, expired, or done for the day: which of them, and whether the order survives it."""
    cdef OrderRow* o = &s.order[order]
    cdef uint8_t word = OrdStatus_canceled, tif = s.request[o.terms].time_in_force
    if r.exec_type == ExecType_expired:
        word = OrdStatus_expired
    elif r.exec_type == ExecType_done_for_day:
        word = OrdStatus_done_for_day
    if o.closed == CLOSED_dead and o.flags & FLAG_expired_here and word != OrdStatus_done_for_day:
        row_open(&o.version)
        o.ord_status = word  # the exchange's late word on an order that was expired here
        row_close(&o.version)
        return ST_ok
    if o.closed:
        return ST_report_stale
    if word == OrdStatus_done_for_day and (tif == TimeInForce_gtc or tif == TimeInForce_gtd):
        answered(s, o.request)
        say(s, order, word)
        rehold(s, order)
        return ST_ok
    close_order(s, order, word, CLOSED_dead, ST_ok)
    return ST_ok


cdef uint16_t acknowledged(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """Reports that only say where an order stands."""
    cdef OrderRow* o = &s.order[order]
    cdef uint8_t word = r.ord_status
    if r.exec_type in (ExecType_pending_cancel, ExecType_pending_replace):
        if request and s.request[request].type != RequestType_new and not is_live(s.request[request].status):
            return ST_report_stale
        word = OrdStatus_pending_cancel if r.exec_type == ExecType_pending_cancel else OrdStatus_pending_replace
    elif r.exec_type != ExecType_pending_new:
        answered(s, o.request)
    if r.exec_type == ExecType_new and (o.closed or o.cum_qty):
        return ST_report_stale
    if r.exec_type == ExecType_new and o.ord_status != OrdStatus_pending_new:
        return ST_ok  # it is further already
    if word == 0 and r.exec_type not in (ExecType_order_status, ExecType_restated, ExecType_triggered):
        word = r.exec_type  # FIX gives the state that a report brings about the same character
    say(s, order, word)
    rehold(s, order)
    return ST_ok


cdef uint16_t told(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """One report of a known order."""
    cdef uint8_t why = r.exec_type
    if why == ExecType_order_status and r.ord_status == OrdStatus_rejected:
        why = ExecType_rejected
    if why == ExecType_trade:
        return executed(s, order, request, r)
    if why == ExecType_trade_cancel or why == ExecType_trade_correct:
        return corrected(s, order, r)
    if why == ExecType_replaced or why == ExecType_restated:
        return replaced(s, order, request if why == ExecType_replaced else 0, r)
    if why == ExecType_rejected:
        return rejected(s, order, request, r)
    if why in (ExecType_canceled, ExecType_expired, ExecType_done_for_day):
        return ended(s, order, r)
    return acknowledged(s, order, request, r)


cdef uint16_t apply_report(State* s, const ExecutionReport* r) noexcept nogil:
    cdef uint32_t request, order = 0
    cdef const uint8_t* order_id = ExecutionReport_texts(r) + r.exec_id_length + r.exec_ref_id_length
    cdef uint16_t status
    cdef uint32_t exchange
    if not allowed(s, PERMISSION_report):
        return ST_permission_denied
    if r.feed == 0 or r.feed >= s.header[TABLE_feed].used:
        return park(s, ST_feed_unknown, r.feed, 0)
    if not count_in(s, r.feed, r.feed_sequence):
        return ST_feed_sequence_repeated
    if not room_for_fact(s):
        return park(s, ST_capacity_reached, r.feed, 0)
    exchange = s.feed[r.feed].exchange
    request = request_of(s, r.request)
    if request:
        order = s.request[request].order
    elif r.order_id_length:
        order = find_order(s, exchange, order_id, r.order_id_length)
        if order == 0:
            order = adopt(s, r)
    if order == 0 or s.instrument[s.order[order].instrument].exchange != exchange:
        return park(s, ST_report_unmatched, r.feed, 0)
    name_order(s, order, order_id, r.order_id_length)
    status = told(s, order, request, r)
    if status == ST_ok and r.cum_qty != INT64_MIN:
        check_cum(s, order, r.cum_qty)
    return status


cdef uint16_t apply_cancel_reject(State* s, const OrderCancelReject* r) noexcept nogil:
    cdef uint32_t request, order
    if not allowed(s, PERMISSION_report):
        return ST_permission_denied
    if r.feed == 0 or r.feed >= s.header[TABLE_feed].used:
        return park(s, ST_feed_unknown, r.feed, 0)
    if not count_in(s, r.feed, r.feed_sequence):
        return ST_feed_sequence_repeated
    request = request_of(s, r.request)
    order = s.request[request].order
    if order == 0 or s.instrument[s.order[order].instrument].exchange != s.feed[r.feed].exchange:
        return park(s, ST_report_unmatched, r.feed, 0)
    return refused(s, order, request, r.ord_status)
