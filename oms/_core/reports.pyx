"""Facts from exchanges: execution reports and cancel rejects.

A fact is never refused. What cannot be booked is parked with its place in the journal, and an alert is raised.
`exec_type` says why a report came; the order's stored `ord_status` is the exchange's own word, and an older word
never lowers it.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport value_of
from oms._core.corrections cimport bust, correct, find_trade, first_version
from oms._core.doubt cimport answer_is_late
from oms._core.early cimport is_early, keep_for_later, waits_for_action
from oms._core.executions cimport add_execution, charge_rest, fee_due, find_execution, has_ended, post, postable, \
    price_possible, refee, room_to_refee
from oms._core.external cimport adopt, long_row_came, room_to_adopt
from oms._core.feeds cimport count_in
from oms._core.ledger cimport holding_cost, newest_version, settle_date
from oms._core.lost_trades cimport compare_trades, taken_back
from oms._core.order_states cimport after_correction, after_trade, answered, end_as, ended_with_its_order, \
    finish_day, flag, mark_overfill, reinstated, reopen, reopen_filled, replace_done, say, set_word, standing, \
    take_word, told_dead, warn_of_debt
from oms._core.orders cimport CLOSED_dead, CLOSED_filled, FLAG_cum_differs, FLAG_expired_here, \
    FLAG_filled_after_close, Cover, awaits, close_order, cover_of, find_order, is_live, name_order, rehold, \
    set_status, unlink_pending
from oms._core.outputs cimport alert
from oms._core.parked cimport apply_waiting, park, park_report
from oms._core.scaled cimport bring_forward, counted_qty, effective_qty, in_new_stock, restate, room_to_scale
from oms._core.shorts cimport room_to_short
from oms._core.stated_terms cimport follow_price, state_terms, tells_price
from oms._core.told_terms cimport is_filled_there, is_old, note_terms, told_before
from oms._core.vetting cimport allowed


cdef bint room_for_fact(const State* s) noexcept nogil:
    return (has_room(s, TABLE_execution, 2) and has_room(s, TABLE_text, 256) and has_room(s, TABLE_ladder, 8)
            and room_to_short(s))


cdef int64_t ever_executed(const State* s, uint32_t order) noexcept nogil:
    """What the order's trades came to, each at the most that any version of it said."""
    cdef uint32_t slot = s.order[order].last_execution, version
    cdef int64_t total = 0, most
    while slot:
        version = slot if s.execution[slot].ref == 0 else 0
        most = 0
        while version:
            if s.execution[version].kind != TradeKind_bust:
                most = max(most, counted_qty(s, order, &s.execution[version], slot))
            version = s.execution[version].superseded_by
        total += most
        slot = s.execution[slot].prev_of_order
    return total


cdef void check_cum(State* s, uint32_t order, int64_t cum_qty) noexcept nogil:
    """A cum that is not ours marks the order; of a dead one the missing part stays held until its executions are found.
    A bust that came before the word of its end explains the difference: nothing is missing then."""
    cdef OrderRow* o = &s.order[order]
    cdef int64_t missing = cum_qty - o.cum_qty, held = 0
    cdef bint changed
    if o.closed == CLOSED_dead and missing > 0:
        missing = held = max(cum_qty - ever_executed(s, order), 0)
    changed = o.missing_qty != held
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
        return park_report(s, ST_execution_conflict, r, order, slot)
    if r.last_qty <= 0 or not price_possible(i, r.last_px) or r.exec_id_length == 0:
        return park_report(s, ST_report_out_of_range, r, order, 0)
    if not value_of(r.last_px, r.last_qty, i.value_numerator, i.value_denominator, 0, &x.value):
        return park_report(s, ST_report_out_of_range, r, order, 0)
    if not postable(s, o, r.last_qty, x.value):
        return park_report(s, ST_report_out_of_range, r, order, 0)
    if not room_to_scale(s, o.instrument, 1):
        return park_report(s, ST_capacity_reached, r, order, 0)
    if i.settlement_days == 0 and not (has_room(s, TABLE_movement, 2) and has_room(s, TABLE_cost_event, 1)):
        return park_report(s, ST_capacity_reached, r, order, 0)
    if o.closed and not is_buy(o.side) and not room_to_refee(s, o):
        return park_report(s, ST_capacity_reached, r, order, 0)
    x.kind = TradeKind_trade
    x.trade_version = 1
    x.exchange, x.feed = i.exchange, r.feed
    x.settle_date = r.settle_date if r.settle_date else settle_date(s, o.instrument, x.trade_date)
    x.last_qty, x.last_px = r.last_qty, r.last_px
    x.time_ns = r.transact_time_ns
    return ST_ok


cdef void book_trade(State* s, uint32_t order, ExecutionRow* x, bint keyed) noexcept nogil:
    """Books a trade of the order with its part of the fee. `keyed`: reports find it by its key. The caller sees to the
    order."""
    cdef OrderRow* o = &s.order[order]
    cdef uint32_t slot
    cdef int64_t tax, tax_before, quantity
    x.instrument = o.instrument
    bring_forward(s, x, s.header[TABLE_execution].used)  # one of before a corporate action may come late
    holding_cost(s, o.holding, o.side, effective_qty(s, x), x.last_px, x.last_qty)
    fee_due(s, o, o.cum_value, False, &tax_before)
    quantity = counted_qty(s, order, x, s.header[TABLE_execution].used)
    row_open(&o.version)
    o.cum_qty += quantity
    o.cum_value += x.value
    x.fee = fee_due(s, o, o.cum_value, has_ended(o), &tax) - o.fee_charged
    x.tax = tax - tax_before
    o.fee_charged += x.fee
    if o.missing_qty:
        o.missing_qty = max(o.missing_qty - quantity, 0)
    row_close(&o.version)
    slot = add_execution(s, order, x, keyed)
    if o.closed and not is_buy(o.side):  # what proceeds did not cover goes from its last trade to this one
        refee(s, order, 0)
    else:
        post(s, slot)
    if o.closed:
        flag(s, order, FLAG_filled_after_close)
        alert(s, EventKind_order, order, ST_fill_after_close)


cdef uint16_t executed(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """A trade. It counts once, whatever feed or replay it comes over; after that it is booked, come what may."""
    cdef ExecutionRow x
    cdef uint16_t status = vet_trade(s, order, r, &x)
    if status != ST_ok:
        return status
    # point of no return
    x.request = request
    x.exec_id = text_put(s, ExecutionReport_texts(r), r.exec_id_length)
    book_trade(s, order, &x, True)
    if s.firm.waiting_corrections:
        apply_waiting(s, order)
    follow_price(s, order, r)
    after_trade(s, order, r.ord_status)
    return ST_ok


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
        return park_report(s, ST_execution_conflict, r, order, slot)
    if trade == 0 or newest_version(s, trade) == 0:
        return park_report(s, ST_execution_unknown, r, order, trade)
    if r.exec_type == ExecType_trade_correct:
        if r.last_qty <= 0 or not value_of(r.last_px, r.last_qty, i.value_numerator, i.value_denominator, 0, value):
            return park_report(s, ST_report_out_of_range, r, order, trade)
        if not price_possible(i, r.last_px) or not postable(s, o, r.last_qty, value[0]):
            return park_report(s, ST_report_out_of_range, r, order, trade)
    if not room_to_refee(s, o):
        return park_report(s, ST_capacity_reached, r, order, trade)
    return ST_ok


cdef uint16_t corrected(State* s, uint32_t order, const ExecutionReport* r) noexcept nogil:
    """A bust or a correction of a trade of this order; exec_ref_id names any version of it."""
    cdef const uint8_t* name = ExecutionReport_texts(r)
    cdef uint32_t trade = find_trade(s, order, name + r.exec_id_length, r.exec_ref_id_length, r.trade_date)
    cdef int64_t value = 0
    cdef uint8_t before
    cdef uint16_t status = vet_correction(s, order, trade, r, &value)
    if status != ST_ok:
        return status
    # point of no return
    trade = newest_version(s, trade)
    before = reopen_filled(s, order, r.ord_status)
    if r.exec_type == ExecType_trade_cancel:
        bust(s, trade, name, r.exec_id_length, r.settle_date)
    else:
        correct(s, trade, r.last_qty, r.last_px, value, name, r.exec_id_length, r.settle_date, True)
    after_correction(s, order, r.ord_status, before)
    return ST_ok


cdef bint came_before(const State* s, uint32_t request, uint32_t terms) noexcept nogil:
    """Was this replace asked for before the one whose terms are in force? Their reports came the other way round."""
    while terms and terms != request:
        terms = s.request[terms].orig
    return terms == request


cdef uint16_t replaced(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """New terms are in force: those of the replace that is answered, or those that the exchange states."""
    cdef OrderRow* o = &s.order[order]
    cdef const RequestRow* q = &s.request[request]
    cdef int64_t quantity = o.order_qty, price = o.price
    cdef Cover cover
    cdef bint ours = request != 0 and q.type == RequestType_replace
    cdef bint died_first = ours and ended_with_its_order(s, request)
    if (o.closed == CLOSED_dead and not died_first) or (ours and q.status == RequestStatus_completed):
        return ST_report_stale
    if not ours and (told_before(s, order, r) or is_old(s, order, r)):
        return ST_report_stale
    if ours and (came_before(s, request, o.terms) or is_old(s, order, r)):
        replace_done(s, request)
        rehold(s, order)
        return ST_report_stale
    if ours:
        quantity, price = q.order_qty, q.price
    if r.order_qty > 0:
        quantity = r.order_qty
    if tells_price(s, o, r):
        price = r.price
    if not cover_of(s, o, price, quantity, &cover):
        return park_report(s, ST_report_out_of_range, r, order, 0)
    if not ours and not has_room(s, TABLE_restatement, 1):
        return park_report(s, ST_capacity_reached, r, order, 0)
    # point of no return
    note_terms(s, order, r, ours)
    if not ours and is_early(s, o, r):
        answered(s, o.request)
        keep_for_later(s, order, quantity, price)
        return ST_ok
    if not ours:
        restate(s, order, r.cum_qty, in_new_stock(s, o, r))
    row_open(&o.version)
    if ours:
        o.terms = request
    o.order_qty = quantity if quantity == o.order_qty else max(quantity, o.cum_qty)
    o.price = price
    row_close(&o.version)
    state_terms(s, o, r)
    mark_overfill(s, order)
    answered(s, o.request)
    if ours:
        unlink_pending(s, request)
        set_status(s, request, RequestStatus_completed, ST_ok)
    if o.closed == CLOSED_dead:
        rehold(s, order)
    else:
        new_terms(s, order, r.ord_status)
    return ST_ok


cdef void new_terms(State* s, uint32_t order, uint8_t word) noexcept nogil:
    """Where its new terms leave an order: a filled one may be open again, another one filled by what it has."""
    cdef OrderRow* o = &s.order[order]
    if o.cum_qty < o.order_qty:
        reopen(s, order)
        set_word(s, order, standing(s, o, word))
        charge_rest(s, order)
        rehold(s, order)
    elif o.closed:
        if word != 0 or o.ord_status == OrdStatus_pending_replace:
            set_word(s, order, standing(s, o, word))
        rehold(s, order)
    else:
        close_order(s, order, standing(s, o, word), CLOSED_filled, ST_ok)
    warn_of_debt(s, order)


cdef uint16_t rejected(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """A New is refused. The reject of a repeated ClOrdID (103=6, or the order that has it is said to live) does not end
    the order that it names: the exchange has it, and while nothing else was heard of it, it is in doubt."""
    cdef OrderRow* o = &s.order[order]
    cdef bint repeated = r.ord_rej_reason == 6 or (r.ord_status != 0 and not told_dead(r.ord_status))
    if request and s.request[request].type != RequestType_new:
        return refused(s, order, request, r.ord_status)
    if o.closed or (repeated and o.ord_status != OrdStatus_pending_new):
        return ST_report_stale
    if repeated:
        if awaits(s.request[o.request].status):
            set_status(s, o.request, RequestStatus_in_doubt, ST_cl_ord_id_duplicate)
        alert(s, EventKind_order, order, ST_cl_ord_id_duplicate)
        return ST_ok
    close_order(s, order, OrdStatus_rejected, CLOSED_dead, ST_rejected_by_exchange)
    return ST_ok


cdef uint16_t refused(State* s, uint32_t order, uint32_t request, uint8_t word) noexcept nogil:
    """A cancel or replace is refused: the old terms stand, at the leaves of this moment. Where the order itself is
    unknown there (word Rejected), it is in doubt."""
    cdef OrderRow* o = &s.order[order]
    if request == 0 or s.request[request].type == RequestType_new or not is_live(s.request[request].status):
        return ST_report_stale
    unlink_pending(s, request)
    set_status(s, request, RequestStatus_rejected, ST_rejected_by_exchange)
    if word == OrdStatus_rejected and not o.closed:
        set_status(s, o.request, RequestStatus_in_doubt, ST_order_missing_at_exchange)
        alert(s, EventKind_order, order, ST_order_missing_at_exchange)
        word = 0
    take_word(s, order, word, INT64_MIN)
    return ST_ok


cdef uint16_t ended(State* s, uint32_t order, const ExecutionReport* r) noexcept nogil:
    """Canceled or expired. Of a filled order that a replace was to open again, it is the end of that, too."""
    cdef OrderRow* o = &s.order[order]
    cdef uint8_t word = OrdStatus_expired if r.exec_type == ExecType_expired else OrdStatus_canceled
    if o.closed == CLOSED_dead and (o.flags & FLAG_expired_here or closed_by_operator(s, o)):
        end_as(s, order, word)
        return ST_ok
    if o.closed == CLOSED_filled and o.pending:
        close_order(s, order, OrdStatus_filled, CLOSED_dead, ST_ok)
        end_as(s, order, word)
        return ST_ok
    if o.closed:
        return ST_report_stale
    close_order(s, order, word, CLOSED_dead, ST_ok)
    return ST_ok


cdef inline bint closed_by_operator(const State* s, const OrderRow* o) noexcept nogil:
    return s.request[o.request].reason == ST_resolved_by_operator


cdef uint16_t accepted(State* s, uint32_t order, const ExecutionReport* r) noexcept nogil:
    """New: the exchange has the order, at the terms and for the day that it states. One that an operator took for
    rejected lives; one that was suspended is reinstated, unless the figures show the report to be older than that."""
    cdef OrderRow* o = &s.order[order]
    cdef Cover cover
    cdef int64_t quantity = r.order_qty if r.order_qty > 0 else o.order_qty
    cdef int64_t price = r.price if tells_price(s, o, r) else o.price
    answered(s, o.request)
    if r.trade_date > o.trade_date:
        row_open(&o.version)
        o.trade_date = r.trade_date
        row_close(&o.version)
    if o.ord_status == OrdStatus_rejected and closed_by_operator(s, o) and o.cum_qty < o.order_qty:
        set_status(s, o.request, RequestStatus_completed, ST_ok)
        reopen(s, order)
        set_word(s, order, OrdStatus_partially_filled if o.cum_qty else OrdStatus_pending_new)
        rehold(s, order)
    if reinstated(s, order, r):
        return ST_ok
    if o.closed or o.cum_qty:
        return ST_report_stale
    if o.ord_status != OrdStatus_pending_new:
        return ST_ok  # it is further already
    if not cover_of(s, o, price, quantity, &cover):
        return park_report(s, ST_report_out_of_range, r, order, 0)
    # point of no return
    if quantity != o.order_qty or tells_price(s, o, r) or r.ord_type or r.time_in_force:
        state_terms(s, o, r)
        row_open(&o.version)
        o.order_qty, o.price = quantity, price
        row_close(&o.version)
    set_word(s, order, OrdStatus_new)
    say(s, order, r.ord_status)
    rehold(s, order)
    return ST_ok


cdef uint16_t triggered(State* s, uint32_t order, const ExecutionReport* r) noexcept nogil:
    """The stop price was met: a stop is a market order from now on, a stop limit a limit order."""
    cdef OrderRow* o = &s.order[order]
    cdef RequestRow* t = &s.request[o.terms]
    if o.closed:
        return ST_report_stale
    answered(s, o.request)
    follow_price(s, order, r)
    state_terms(s, o, r)
    row_open(&t.version)
    if t.ord_type == OrdType_stop:
        t.ord_type = OrdType_market
    elif t.ord_type == OrdType_stop_limit:
        t.ord_type = OrdType_limit
    row_close(&t.version)
    if r.ord_status:
        say(s, order, r.ord_status)
    elif o.ord_status == OrdStatus_pending_new:
        set_word(s, order, OrdStatus_partially_filled if o.cum_qty else OrdStatus_new)
    rehold(s, order)
    return ST_ok


cdef uint16_t status_told(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """The answer to a query: where the order stands. Rejected says that the exchange has no such order, or of a cancel
    or replace in doubt, that it came to nothing."""
    cdef OrderRow* o = &s.order[order]
    cdef uint8_t word = r.ord_status
    cdef uint16_t why = ST_unknown_at_exchange if r.ord_status_req_id else ST_rejected_by_exchange
    if word == OrdStatus_rejected and answer_is_late(s, request, r.ord_status_req_id):
        return ST_report_stale
    if r.ord_status_req_id and s.request[request].type != RequestType_new and awaits(s.request[request].status):
        return change_told(s, order, request, r)
    if word == OrdStatus_rejected:
        if o.closed:
            return ST_report_stale
        if o.ord_status == OrdStatus_pending_new and o.cum_qty == 0:
            close_order(s, order, OrdStatus_rejected, CLOSED_dead, why)
        else:
            close_order(s, order, OrdStatus_canceled, CLOSED_dead, ST_ok)
        return ST_ok
    if is_filled_there(s, order, r):
        return replaced(s, order, 0, r)
    if word != 0 and word != OrdStatus_pending_new:
        answered(s, o.request)
    take_word(s, order, word, r.cum_qty)
    return ST_ok


cdef uint16_t change_told(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """The answer to a query for a cancel or replace in doubt."""
    cdef uint8_t word = r.ord_status
    if word == OrdStatus_pending_cancel or word == OrdStatus_pending_replace:
        set_status(s, request, RequestStatus_submitted, ST_ok)
        say(s, order, word)
        rehold(s, order)
        return ST_ok
    if word == OrdStatus_canceled or word == OrdStatus_expired:
        take_word(s, order, word, r.cum_qty)
        return ST_ok
    if word != OrdStatus_rejected and s.request[request].type == RequestType_replace:
        return replaced(s, order, request, r)
    unlink_pending(s, request)
    set_status(s, request, RequestStatus_rejected,
               ST_unknown_at_exchange if word == OrdStatus_rejected else ST_rejected_by_exchange)
    take_word(s, order, 0 if word == OrdStatus_rejected else word, r.cum_qty)
    return ST_ok


cdef uint16_t busy(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """Reports that only say what the exchange is doing with the order: it considers a request, has stopped or suspended
    it."""
    cdef OrderRow* o = &s.order[order]
    cdef uint8_t word = r.ord_status if r.ord_status else r.exec_type  # FIX gives both the same character
    if r.exec_type in (ExecType_pending_cancel, ExecType_pending_replace):
        if request and s.request[request].type != RequestType_new and not is_live(s.request[request].status):
            return ST_report_stale
        word = r.exec_type
        if o.closed == CLOSED_filled and o.pending:  # a filled order may be replaced, too
            set_word(s, order, word)
    elif r.cum_qty != INT64_MIN and r.cum_qty < o.cum_qty:
        return ST_report_stale
    elif r.exec_type != ExecType_pending_new:
        answered(s, o.request)
    say(s, order, word)
    rehold(s, order)
    return ST_ok


cdef uint16_t told(State* s, uint32_t order, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """One report of a known order."""
    cdef uint8_t why = r.exec_type
    if why == ExecType_trade:
        return executed(s, order, request, r)
    if why == ExecType_new:
        return accepted(s, order, r)
    if why == ExecType_trade_cancel or why == ExecType_trade_correct:
        return corrected(s, order, r)
    if why == ExecType_replaced or why == ExecType_restated:
        return replaced(s, order, request if why == ExecType_replaced else 0, r)
    if why == ExecType_rejected:
        return rejected(s, order, request, r)
    if why == ExecType_canceled or why == ExecType_expired:
        return ended(s, order, r)
    if why == ExecType_done_for_day or why == ExecType_calculated:
        return finish_day(s, order, why, r.cum_qty)
    if why == ExecType_triggered:
        return triggered(s, order, r)
    if why == ExecType_order_status:
        return status_told(s, order, request, r)
    return busy(s, order, request, r)


cdef uint32_t order_of_trade(const State* s, uint32_t exchange, const ExecutionReport* r) noexcept nogil:
    """The order of the trade that a report repeats, busts or corrects, where it names no order that is known."""
    cdef const uint8_t* name = ExecutionReport_texts(r)
    cdef uint32_t length = r.exec_id_length, found = 0
    cdef int32_t date = r.trade_date if r.trade_date else s.exchange[exchange].trade_date
    cdef uint8_t[4] sides = [Side_buy, Side_sell, Side_sell_short, Side_sell_short_exempt]
    cdef int index
    if r.exec_type not in (ExecType_trade, ExecType_trade_cancel, ExecType_trade_correct):
        return 0
    if r.exec_type != ExecType_trade:
        name, length = name + r.exec_id_length, r.exec_ref_id_length
    for index in range(4):
        if length and not found and (r.side == 0 or r.side == sides[index]):
            found = find_execution(s, exchange, date, sides[index], name, length)
    return s.execution[found].order


cdef uint32_t order_meant(State* s, uint32_t request, const ExecutionReport* r) noexcept nogil:
    """The order that a report is about, made when it comes from elsewhere; 0 when it does not tell enough."""
    cdef uint32_t exchange = s.feed[r.feed].exchange, order = s.request[request].order
    cdef const uint8_t* order_id = ExecutionReport_texts(r) + r.exec_id_length + r.exec_ref_id_length
    if request == 0 and r.order_id_length:
        order = find_order(s, exchange, order_id, r.order_id_length)
    if order == 0:
        order = order_of_trade(s, exchange, r)
    if order == 0 and request == 0 and room_to_adopt(s):
        order = adopt(s, r)
    if order == 0 or s.instrument[s.order[order].instrument].exchange != exchange:
        return 0
    name_order(s, order, order_id, r.order_id_length)
    return order


cdef uint16_t book(State* s, const ExecutionReport* r) noexcept nogil:
    """A report, however it came: from its feed, or out of those that were parked."""
    cdef uint32_t request = request_of(s, r.request), order
    cdef uint16_t status
    cdef int64_t before
    cdef bint compares
    if not room_for_fact(s):
        return park_report(s, ST_capacity_reached, r, 0, 0)
    order = order_meant(s, request, r)
    if order == 0:
        status = ST_report_unmatched if request or room_to_adopt(s) else ST_capacity_reached
        status = ST_instrument_unknown if r.instrument == 0 and r.symbol_length else status
        if r.exec_type == ExecType_trade_cancel or r.exec_type == ExecType_trade_correct:
            status = ST_execution_unknown
        return park_report(s, status, r, 0, 0)
    before = s.order[order].cum_qty
    status = told(s, order, request, r)
    if r.cum_qty == INT64_MIN:
        if status == ST_ok and r.exec_type in (ExecType_trade_cancel, ExecType_trade_correct):
            taken_back(s, order, before)
        return status
    if r.cum_qty != s.order[order].cum_qty and waits_for_action(s, order):
        return status
    if status == ST_ok:
        check_cum(s, order, r.cum_qty)
        compares = r.exec_type == ExecType_order_status and r.parked == 0
        compare_trades(s, order, r.cum_qty, <const Frame*>r if compares else NULL)
    elif status == ST_execution_repeated and r.cum_qty == s.order[order].cum_qty:
        compare_trades(s, order, r.cum_qty, NULL)  # of another feed, which was ahead of the list
    return status


cdef uint16_t apply_report(State* s, const ExecutionReport* r) noexcept nogil:
    if not allowed(s, PERMISSION_report):
        return ST_permission_denied
    if r.feed == 0 or r.feed >= s.header[TABLE_feed].used:
        return park_report(s, ST_feed_unknown, r, 0, 0)
    if not count_in(s, r.feed, r.feed_sequence):
        return ST_feed_sequence_repeated
    return book(s, r)


cdef uint16_t take_reject(State* s, const OrderCancelReject* r) noexcept nogil:
    """A cancel reject, however it came."""
    cdef uint32_t request = request_of(s, r.request), order = s.request[request].order
    if order == 0 or s.instrument[s.order[order].instrument].exchange != s.feed[r.feed].exchange:
        return park(s, ST_report_unmatched, <const Frame*>r, r.feed, r.parked, NULL, 0)
    return refused(s, order, request, r.ord_status)


cdef uint16_t apply_cancel_reject(State* s, const OrderCancelReject* r) noexcept nogil:
    if not allowed(s, PERMISSION_report):
        return ST_permission_denied
    if r.feed == 0 or r.feed >= s.header[TABLE_feed].used:
        return park(s, ST_feed_unknown, <const Frame*>r, r.feed, 0, NULL, 0)
    if not count_in(s, r.feed, r.feed_sequence):
        return ST_feed_sequence_repeated
    return take_reject(s, r)


cdef uint16_t apply_long_report(State* s, const LongReport* r) noexcept nogil:
    """No table has room for its id. The journal has it whole; a person books it under an id that fits, or dismisses
    it. As a row of a list it counts, so that the list is whole without it."""
    if not allowed(s, PERMISSION_report | PERMISSION_operate if r.exchange else PERMISSION_report):
        return ST_permission_denied
    if r.exchange and not long_row_came(s, r.exchange, r.feed):
        return ST_reference_invalid
    if r.feed and r.feed < s.header[TABLE_feed].used and not count_in(s, r.feed, r.feed_sequence):
        return ST_feed_sequence_repeated
    return park(s, ST_id_too_long, <const Frame*>r, r.feed, 0, NULL, 0)
