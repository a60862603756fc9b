"""What an order is: the FIX words, their precedence, and how one follows another.

The stored `ord_status` is the exchange's own word. An older word never lowers it: a report that may be a repeated one
is measured by what it counts.
"""

from libc.stdint cimport INT64_MIN

from oms._core.debt cimport warn_cash, warn_holding
from oms._core.executions cimport charge_rest
from oms._core.live_orders cimport enlist
from oms._core.orders cimport CLOSED_dead, CLOSED_filled, FLAG_expired, FLAG_expired_here, FLAG_overfilled, awaits, \
    close_order, is_live, rehold, set_status, shut, unlink_pending
from oms._core.outputs cimport alert


cdef void flag(State* s, uint32_t order, uint8_t flags) noexcept nogil:
    row_open(&s.order[order].version)
    s.order[order].flags |= flags
    row_close(&s.order[order].version)


cdef void set_word(State* s, uint32_t order, uint8_t word) noexcept nogil:
    row_open(&s.order[order].version)
    s.order[order].ord_status = word
    row_close(&s.order[order].version)


cdef void end_as(State* s, uint32_t order, uint8_t word) noexcept nogil:
    """The exchange's late word on an order that was closed here: Canceled or Expired. Filled goes before it, while the
    executions last."""
    cdef OrderRow* o = &s.order[order]
    row_open(&o.version)
    if word == OrdStatus_expired:
        o.flags |= FLAG_expired
    else:
        o.flags &= ~FLAG_expired
    if o.ord_status != OrdStatus_filled:
        o.ord_status = word
    row_close(&o.version)


cdef void mark_overfill(State* s, uint32_t order) noexcept nogil:
    """The flag says what is so now: a bust, or a larger quantity, takes it back."""
    cdef OrderRow* o = &s.order[order]
    row_open(&o.version)
    if o.cum_qty > o.order_qty:
        o.flags |= FLAG_overfilled
    else:
        o.flags &= ~FLAG_overfilled
    row_close(&o.version)


cdef void answered(State* s, uint32_t request) noexcept nogil:
    """The exchange has answered a request."""
    if request and is_live(s.request[request].status):
        unlink_pending(s, request)
        set_status(s, request, RequestStatus_completed, ST_ok)


cdef bint ended_with_its_order(const State* s, uint32_t request) noexcept nogil:
    """Was it rejected only because its order had died, by what was told before the answer to it? What was filled has
    the terms that it was filled at."""
    cdef const RequestRow* q = &s.request[request]
    return (q.status == RequestStatus_rejected and q.reason == ST_order_closed
            and s.order[q.order].ord_status != OrdStatus_filled)


cdef void replace_done(State* s, uint32_t request) noexcept nogil:
    """The exchange has accepted a replace, whenever that is told."""
    answered(s, request)
    if ended_with_its_order(s, request):
        set_status(s, request, RequestStatus_completed, ST_ok)


cdef void say(State* s, uint32_t order, uint8_t word) noexcept nogil:
    """The exchange's word on an order that can still trade; a word that would end it comes with a report that does."""
    cdef OrderRow* o = &s.order[order]
    if o.closed or word in (0, OrdStatus_filled, OrdStatus_canceled, OrdStatus_rejected, OrdStatus_expired):
        return
    if word == OrdStatus_pending_new or (word == OrdStatus_new and o.cum_qty):
        return
    set_word(s, order, word)


cdef inline int day_rank(uint8_t word) noexcept nogil:
    """FIX: DoneForDay goes before Calculated, which goes before Filled."""
    return 2 if word == OrdStatus_done_for_day else 1 if word == OrdStatus_calculated else 0


cdef bint busy_word(uint8_t word) noexcept nogil:
    """Is the exchange busy with a request about the order?"""
    return word == OrdStatus_pending_cancel or word == OrdStatus_pending_replace


cdef bint asked(const State* s, const OrderRow* o) noexcept nogil:
    """Is a cancel or replace with the exchange?"""
    cdef uint32_t slot = o.pending
    while slot and not awaits(s.request[slot].status):
        slot = s.request[slot].next_pending
    return slot != 0


cdef uint8_t standing(const State* s, const OrderRow* o, uint8_t word) noexcept nogil:
    """What an order is after its executions or terms have changed. The exchange may say that it is busy with it, of a
    filled one while a request of ours is out."""
    if busy_word(word) and (o.cum_qty < o.order_qty or asked(s, o)):
        return word
    if o.cum_qty >= o.order_qty:
        return word if day_rank(word) else OrdStatus_filled
    if word in (OrdStatus_done_for_day, OrdStatus_stopped, OrdStatus_suspended, OrdStatus_calculated):
        return word
    return OrdStatus_partially_filled if o.cum_qty else OrdStatus_new


cdef bint reinstated(State* s, uint32_t order, const ExecutionReport* r) noexcept nogil:
    """Is a suspended order said to be New once more? Not by a report whose figures are older than that."""
    cdef OrderRow* o = &s.order[order]
    if o.ord_status != OrdStatus_suspended or r.ord_status not in (OrdStatus_new, OrdStatus_partially_filled):
        return False
    if r.cum_qty != INT64_MIN and r.cum_qty != o.cum_qty:
        return False
    set_word(s, order, standing(s, o, r.ord_status))
    return True


cdef void stay_filled(State* s, uint32_t order, uint8_t word) noexcept nogil:
    """More of a filled order was executed. That the exchange is busy with a request of ours holds until its next word,
    or while there is such a request."""
    cdef const OrderRow* o = &s.order[order]
    cdef bint busy = asked(s, o)
    if (busy_word(word) and busy) or (busy_word(o.ord_status) and (word or not busy)):
        set_word(s, order, standing(s, o, word))


cdef void reopen(State* s, uint32_t order) noexcept nogil:
    cdef OrderRow* o = &s.order[order]
    if o.closed:
        enlist(s, order)
    row_open(&o.version)
    o.closed = 0
    o.closed_date = 0
    o.flags &= ~FLAG_expired
    row_close(&o.version)


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


cdef void warn_of_debt(State* s, uint32_t order) noexcept nogil:
    """A fact may take what is available below zero: it is told, and new buys find no funds."""
    cdef const OrderRow* o = &s.order[order]
    warn_cash(s, o.cash)
    warn_holding(s, o.holding)


cdef void after_the_end(State* s, uint32_t order, uint8_t word) noexcept nogil:
    """Filled goes before Canceled and Expired: where late executions complete a dead order, that is the exchange's
    word, until one of them is taken back. A filled order that is not filled any more and can trade no more is dead."""
    cdef const OrderRow* o = &s.order[order]
    if o.cum_qty >= o.order_qty:
        if word == OrdStatus_filled and o.ord_status in (OrdStatus_canceled, OrdStatus_expired):
            set_word(s, order, word)
        elif o.closed == CLOSED_filled:
            stay_filled(s, order, word)
        return
    if day_rank(o.ord_status):  # goes before Filled, and before what it is without that trade
        word = o.ord_status
    elif word != OrdStatus_expired:
        word = OrdStatus_expired if o.flags & FLAG_expired else OrdStatus_canceled
    if o.closed == CLOSED_filled:
        close_order(s, order, word, CLOSED_dead, ST_ok)
    elif o.ord_status == OrdStatus_filled:
        set_word(s, order, word)


cdef void after_trade(State* s, uint32_t order, uint8_t word) noexcept nogil:
    """Where a trade, or a corrected one, leaves its order."""
    cdef OrderRow* o = &s.order[order]
    mark_overfill(s, order)
    if o.cum_qty > o.order_qty:
        alert(s, EventKind_order, order, ST_overfill)
    if o.closed:
        after_the_end(s, order, word)
        rehold(s, order)
    elif o.cum_qty >= o.order_qty:
        close_order(s, order, standing(s, o, word), CLOSED_filled, ST_ok)
    else:
        answered(s, o.request)
        set_word(s, order, standing(s, o, word))
        rehold(s, order)
    warn_of_debt(s, order)


cdef bint told_dead(uint8_t word) noexcept nogil:
    return word in (OrdStatus_canceled, OrdStatus_expired, OrdStatus_rejected)


cdef uint8_t reopen_filled(State* s, uint32_t order, uint8_t word) noexcept nogil:
    """A trade of the order is about to be busted or corrected. A filled order that can still trade, and is not said to
    be dead, is open again; of any other closed one, only money and stock move. Gives what it was if filled, else 0."""
    cdef const OrderRow* o = &s.order[order]
    cdef uint8_t before = o.ord_status if o.closed == CLOSED_filled else 0
    if before and can_still_trade(s, o) and not told_dead(word):
        reopen(s, order)
    return before


cdef void after_correction(State* s, uint32_t order, uint8_t word, uint8_t before) noexcept nogil:
    """Where that leaves it: still filled, with Calculated or DoneForDay the last word on it, or as after a trade. What
    was filled all the while did not end now: what waits to be sent for it waits on."""
    cdef const OrderRow* o = &s.order[order]
    cdef bint filled = before != 0 and o.cum_qty >= o.order_qty
    if filled and (word == 0 or word == OrdStatus_filled):
        word = before
    if filled and not o.closed:
        shut(s, order, standing(s, o, word), CLOSED_filled)
        charge_rest(s, order)
    after_trade(s, order, word)


cdef uint16_t finish_day(State* s, uint32_t order, uint8_t word, int64_t cum_qty) noexcept nogil:
    """DoneForDay or Calculated: a Day order ends, one that stays overnight is done for this day only, and of a filled
    one it is the last word."""
    cdef OrderRow* o = &s.order[order]
    cdef uint8_t tif = s.request[o.terms].time_in_force
    cdef bint overnight = tif == TimeInForce_gtc or tif == TimeInForce_gtd
    if cum_qty != INT64_MIN and cum_qty < o.cum_qty:
        return ST_report_stale
    if o.closed and o.ord_status not in (OrdStatus_filled, OrdStatus_calculated):
        return ST_report_stale
    if o.closed:
        if day_rank(word) > day_rank(o.ord_status):
            set_word(s, order, word)
    elif overnight:
        answered(s, o.request)
        set_word(s, order, word)
        rehold(s, order)
    else:
        close_order(s, order, word, CLOSED_dead, ST_ok)
    return ST_ok


cdef void take_word(State* s, uint32_t order, uint8_t word, int64_t cum_qty) noexcept nogil:
    """Where the exchange says that an order stands, in answer to a query or with a refusal. Rejected is not for here;
    Filled leaves the order as it is until its executions are here: they are never inferred."""
    cdef OrderRow* o = &s.order[order]
    if word == OrdStatus_done_for_day or word == OrdStatus_calculated:
        finish_day(s, order, word, cum_qty)
    elif o.closed == CLOSED_dead and o.flags & FLAG_expired_here and word == OrdStatus_canceled:
        end_as(s, order, word)
    elif o.closed:
        if o.closed == CLOSED_filled and busy_word(o.ord_status):
            set_word(s, order, standing(s, o, word))
    elif word == OrdStatus_canceled or word == OrdStatus_expired:
        close_order(s, order, word, CLOSED_dead, ST_ok)
    elif word == OrdStatus_new or word == OrdStatus_partially_filled:
        set_word(s, order, OrdStatus_partially_filled if o.cum_qty else OrdStatus_new)
    elif word == 0 or word == OrdStatus_filled:
        if busy_word(o.ord_status):
            set_word(s, order, OrdStatus_partially_filled if o.cum_qty else OrdStatus_new)
    else:
        say(s, order, word)
    rehold(s, order)
