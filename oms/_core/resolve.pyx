"""What nobody but a person can settle: a request in doubt, an order that is missing at the exchange, executions that it
counts and we never saw, an execution that came again with other content, a report that could not be booked.

Owns nothing: it does what a report that said so would have done.
"""

from oms._core.arith cimport value_of
from oms._core.corrections cimport bust, correct
from oms._core.executions cimport postable, room_to_refee
from oms._core.ledger cimport newest_version
from oms._core.lost_trades cimport take_back
from oms._core.order_states cimport after_correction, after_trade, answered, busy_word, flag, reopen_filled, set_word
from oms._core.orders cimport CLOSED_dead, CLOSED_filled, FLAG_expired, awaits, close_order, is_live, rehold, \
    set_status
from oms._core.outputs cimport emit_answer
from oms._core.parked cimport close_parked
from oms._core.reports cimport book_trade, refused, replaced
from oms._core.vetting cimport allowed, of_owner


cdef uint16_t apply_resolve(State* s, const Resolve* r) noexcept nogil:
    cdef uint32_t request = request_of(s, r.request)
    cdef uint16_t status = ST_permission_denied
    if allowed(s, PERMISSION_operate):
        if r.request:
            status = resolve_request(s, request, r.outcome)
        elif of_owner(s, 0):
            status = resolve_parked(s, r.parked, r.outcome)
    emit_answer(s, s.source, status, r.tag, s.request[request].account, request, False)
    return status


cdef uint16_t resolve_request(State* s, uint32_t request, uint8_t outcome) noexcept nogil:
    """Of a request that the exchange has not answered, or of an order that it does not tell of any more."""
    cdef const RequestRow* q = &s.request[request]
    cdef OrderRow* o = &s.order[q.order]
    if request == 0 or q.order == 0:
        return ST_request_unknown
    if not of_owner(s, q.account):
        return ST_permission_denied
    if o.closed == CLOSED_dead:
        return forget_missing(s, q.order, outcome)
    if q.type != RequestType_new and awaits(q.status) and outcome in (Resolution_rejected, Resolution_accepted):
        return answer_for_exchange(s, request, outcome)
    if not awaits(s.request[o.request].status) and not (q.type != RequestType_new and awaits(q.status)):
        return ST_nothing_to_resolve
    if outcome == Resolution_accepted:
        answered(s, o.request)
        if o.ord_status == OrdStatus_pending_new:
            set_word(s, q.order, OrdStatus_new)
        rehold(s, q.order)
        return ST_ok
    return end_order(s, q.order, outcome)


cdef uint16_t forget_missing(State* s, uint32_t order, uint8_t outcome) noexcept nogil:
    """No executions are to be expected any more for what the exchange counts and we never saw."""
    cdef OrderRow* o = &s.order[order]
    if o.missing_qty == 0:
        return ST_nothing_to_resolve
    if outcome not in (Resolution_rejected, Resolution_canceled, Resolution_expired, Resolution_closed):
        return ST_resolution_invalid
    row_open(&o.version)
    o.missing_qty = 0
    row_close(&o.version)
    rehold(s, order)
    return ST_ok


cdef uint16_t answer_for_exchange(State* s, uint32_t request, uint8_t outcome) noexcept nogil:
    """A cancel or replace was refused, or took effect."""
    cdef ExecutionReport report
    cdef uint32_t order = s.request[request].order
    if outcome == Resolution_rejected:
        return refused(s, order, request, 0)
    if s.request[request].type == RequestType_cancel:
        if s.order[order].closed:
            return ST_resolution_invalid
        close_order(s, order, OrdStatus_canceled, CLOSED_dead, ST_ok)
        return ST_ok
    memset(&report, 0, sizeof(report))
    return replaced(s, order, request, &report)


cdef uint16_t end_order(State* s, uint32_t order, uint8_t outcome) noexcept nogil:
    """Not at the exchange (any more). Rejected when it was never acknowledged, else Canceled, cum kept."""
    cdef OrderRow* o = &s.order[order]
    cdef bint unknown = o.ord_status == OrdStatus_pending_new and o.cum_qty == 0
    cdef uint8_t word = OrdStatus_canceled
    if outcome not in (Resolution_rejected, Resolution_canceled, Resolution_expired, Resolution_closed):
        return ST_resolution_invalid
    if outcome == Resolution_expired:
        word = OrdStatus_expired
    elif unknown and outcome != Resolution_canceled:
        word = OrdStatus_rejected
    if o.closed == CLOSED_filled:  # only a replace had kept it waiting
        word = OrdStatus_filled if busy_word(o.ord_status) else o.ord_status
    close_order(s, order, word, CLOSED_dead, ST_resolved_by_operator)
    if outcome == Resolution_expired:
        flag(s, order, FLAG_expired)
    if not is_live(s.request[o.request].status):
        set_status(s, o.request, s.request[o.request].status, ST_resolved_by_operator)
    return ST_ok


cdef inline bint is_break(const ParkedRow* p) noexcept nogil:
    """Does it contradict what was booked?"""
    return p.status == ST_execution_conflict or p.status == ST_trades_missing_at_exchange


cdef uint16_t resolve_parked(State* s, uint32_t slot, uint8_t outcome) noexcept nogil:
    cdef const ParkedRow* p = &s.parked[slot]
    cdef uint16_t status = ST_ok
    if slot == 0 or slot >= s.header[TABLE_parked].used or p.outcome:
        return ST_nothing_to_resolve
    if outcome == Resolution_theirs and p.status == ST_trades_missing_at_exchange:
        status = take_back(s, p.order, p.last_qty)
    elif outcome == Resolution_theirs:
        status = take_theirs(s, p)
    elif outcome != Resolution_dismiss and not (outcome == Resolution_ours and is_break(p)):
        status = ST_resolution_invalid
    if status == ST_ok:
        close_parked(s, slot, outcome)
    return status


cdef uint16_t take_theirs(State* s, const ParkedRow* p) noexcept nogil:
    """The execution was what came later: corrected, or, where that named another order, taken back here and booked
    there."""
    cdef uint32_t trade = newest_version(s, p.execution) if p.execution else 0, order = s.execution[trade].order
    cdef OrderRow* o = &s.order[order]
    cdef const InstrumentRow* i = &s.instrument[o.instrument]
    cdef const uint8_t* name = text_of(s, p.exec_id)
    cdef bint moves = p.order != 0 and p.order != order
    cdef int64_t value = 0
    cdef uint8_t word, before
    cdef ExecutionRow x
    if p.status != ST_execution_conflict or trade == 0 or p.last_qty <= 0:
        return ST_resolution_invalid
    if p.exec_type != ExecType_trade and p.exec_type != ExecType_trade_correct:
        return ST_resolution_invalid
    if moves and s.order[p.order].instrument != o.instrument:
        i = &s.instrument[s.order[p.order].instrument]
    if not value_of(p.last_px, p.last_qty, i.value_numerator, i.value_denominator, 0, &value):
        return ST_report_out_of_range
    if not postable(s, &s.order[p.order] if moves else o, p.last_qty, value):
        return ST_report_out_of_range
    if not room_to_refee(s, o) or (moves and not room_to_refee(s, &s.order[p.order])):
        return ST_capacity_reached
    # point of no return
    word = word_left(o, 0 if moves else p.ord_status)
    before = reopen_filled(s, order, word)
    if moves:
        trade_of(s, p, trade, value, &x)
        bust(s, trade, name, 0, p.settle_date)
        book_trade(s, p.order, &x, False)
        after_trade(s, p.order, word_left(&s.order[p.order], p.ord_status))
    else:
        correct(s, trade, p.last_qty, p.last_px, value, name + 1, name[0], p.settle_date, False)
    after_correction(s, order, word, before)
    return ST_ok


cdef uint8_t word_left(const OrderRow* o, uint8_t told) noexcept nogil:
    """The exchange's word on an order one of whose trades is what was `told` long ago: of a live one that which it has
    said since, of a closed one how it stands with that trade, but not what it was busy with."""
    if o.closed == 0:
        return o.ord_status
    if told in (OrdStatus_new, OrdStatus_partially_filled, OrdStatus_filled, OrdStatus_canceled, OrdStatus_expired):
        return told
    return 0


cdef void trade_of(const State* s, const ParkedRow* p, uint32_t trade, int64_t value, ExecutionRow* x) noexcept nogil:
    """The trade that a parked report tells of, in the place of the one that it contradicts."""
    cdef const ExecutionRow* old = &s.execution[trade]
    memset(x, 0, sizeof(ExecutionRow))
    x.kind = TradeKind_trade
    x.trade_version = 1
    x.exchange, x.feed, x.trade_date = old.exchange, p.feed, old.trade_date
    x.settle_date = p.settle_date if p.settle_date else old.settle_date
    x.last_qty, x.last_px, x.value = p.last_qty, p.last_px, value
    x.exec_id, x.request, x.time_ns = p.exec_id, p.request, s.time_ns
