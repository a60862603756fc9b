"""What an exchange, bank or registry told and could not be booked, and breaks. Owns the parked rows.

A row says what the report is called, what it said of a trade, and where it stands in the journal. It is
closed once: by an operator, by the same report that is booked after a repair, or, when it is a bust or correction that
came before its trade, by the trade.
"""

from oms._core.arith cimport value_of
from oms._core.corrections cimport bust, correct, find_trade
from oms._core.executions cimport postable, price_possible, room_to_refee
from oms._core.ledger cimport newest_version
from oms._core.outputs cimport alert


cdef uint32_t park_row(State* s, uint16_t status, const Frame* record, uint16_t feed) noexcept nogil:
    """0 when there is no room: the journal has the report, and the alert tells of it. A process ends before it comes to
    that: it takes in no report that may find the table full."""
    cdef uint32_t slot = 0
    if has_room(s, TABLE_parked, 1):
        slot = take(s, TABLE_parked)
        row_open(&s.parked[slot].version)
        s.parked[slot].status = status
        s.parked[slot].feed = feed
        s.parked[slot].record = record.template_id
        s.parked[slot].source = s.source
        s.parked[slot].sequence = s.sequence
        row_close(&s.parked[slot].version)
    return slot


cdef uint16_t park(State* s, uint16_t status, const Frame* record, uint16_t feed, uint32_t again,
                   const uint8_t* name, uint32_t length) noexcept nogil:
    """Keeps the name of what is no execution report. What an operator booked `again` in vain stays parked as it was."""
    cdef uint32_t slot
    if again:
        return status
    slot = park_row(s, status, record, feed)
    if slot and has_room(s, TABLE_text, 32):
        row_open(&s.parked[slot].version)
        s.parked[slot].exec_id = text_put(s, name, length)
        row_close(&s.parked[slot].version)
    alert(s, EventKind_execution, slot, status)
    return status


cdef bint says(const State* s, const ParkedRow* p, const ExecutionReport* r) noexcept nogil:
    """Is it the same word about the same trade?"""
    cdef const uint8_t* name = ExecutionReport_texts(r)
    return (p.exec_type == r.exec_type and text_is(s, p.exec_id, name, r.exec_id_length)
            and text_is(s, p.exec_ref_id, name + r.exec_id_length, r.exec_ref_id_length))


cdef bint parked_before(const State* s, uint16_t status, const ExecutionReport* r, uint32_t order,
                        uint32_t execution) noexcept nogil:
    """It counts once, whatever feed it comes over; a break or a correction also when it has been settled."""
    cdef uint32_t slot
    cdef const ParkedRow* p
    cdef bint settles = status == ST_execution_conflict or status == ST_execution_unknown
    if r.exec_id_length == 0:
        return False
    for slot in range(1, s.header[TABLE_parked].used):
        p = &s.parked[slot]
        if p.status == status and p.execution == execution and p.order == order and (settles or p.outcome == 0):
            if p.last_qty == r.last_qty and p.last_px == r.last_px and says(s, p, r):
                return True
    return False


cdef uint16_t park_report(State* s, uint16_t status, const ExecutionReport* r, uint32_t order,
                          uint32_t execution) noexcept nogil:
    """Keeps what a report says of a trade. What an operator booked again in vain stays parked as it was."""
    cdef const uint8_t* name = ExecutionReport_texts(r)
    cdef uint32_t slot
    cdef ParkedRow* p
    if r.parked:
        return status
    if parked_before(s, status, r, order, execution):
        return ST_execution_repeated
    slot = park_row(s, status, <const Frame*>r, r.feed)
    if slot:
        p = &s.parked[slot]
        row_open(&p.version)
        p.execution = execution
        p.order, p.request = order, request_of(s, r.request)
        p.exchange = s.feed[r.feed].exchange if r.feed < s.header[TABLE_feed].used else 0
        p.side, p.exec_type, p.ord_status = r.side, r.exec_type, r.ord_status
        p.trade_date, p.settle_date = r.trade_date, r.settle_date
        p.last_qty, p.last_px = r.last_qty, r.last_px
        if has_room(s, TABLE_text, 64):  # two texts of 255 bytes
            p.exec_id = text_put(s, name, r.exec_id_length)
            p.exec_ref_id = text_put(s, name + r.exec_id_length, r.exec_ref_id_length)
        row_close(&p.version)
        if waits(p):
            s.firm.waiting_corrections += 1
    alert(s, EventKind_execution, slot, status)
    return status


cdef inline bint waits(const ParkedRow* p) noexcept nogil:
    """A bust or correction that came before its trade."""
    return p.outcome == 0 and p.status == ST_execution_unknown and p.execution == 0 and p.exec_ref_id != 0


cdef void close_parked(State* s, uint32_t slot, uint8_t outcome) noexcept nogil:
    cdef ParkedRow* p = &s.parked[slot]
    if waits(p):
        s.firm.waiting_corrections -= 1
    if p.status == ST_trades_missing_at_exchange:
        s.firm.lost_trades -= 1
    row_open(&p.version)
    p.outcome = outcome
    p.user = s.source
    row_close(&p.version)


cdef bint still_parked(const State* s, uint32_t slot, const Frame* record, const uint8_t* name,
                       uint32_t length) noexcept nogil:
    """Is this what the row waits for? It is booked once, under its own name; what came with an id too long, under
    another one."""
    cdef const ParkedRow* p = &s.parked[slot]
    if slot >= s.header[TABLE_parked].used or p.outcome or p.status == ST_trades_missing_at_exchange:
        return False
    if p.record == T_LongReport:
        return True
    if p.record != record.template_id:
        return False
    return text_is(s, p.exec_id, name, length)


cdef bint take_effect(State* s, uint32_t slot, uint32_t order) noexcept nogil:
    """Busts or corrects the trade that a waiting row names. False while the order has no such trade, or what the row
    says does not fit."""
    cdef const ParkedRow* p = &s.parked[slot]
    cdef const OrderRow* o = &s.order[order]
    cdef const InstrumentRow* i = &s.instrument[o.instrument]
    cdef const uint8_t* name = text_of(s, p.exec_ref_id)
    cdef uint32_t trade = find_trade(s, order, name + 1, name[0], p.trade_date)
    cdef int64_t value = 0
    if trade:
        trade = newest_version(s, trade)
    if trade == 0 or not room_to_refee(s, o):
        return False
    if p.exec_type == ExecType_trade_correct:
        if p.last_qty <= 0 or not price_possible(i, p.last_px):
            return False
        if not value_of(p.last_px, p.last_qty, i.value_numerator, i.value_denominator, 0, &value):
            return False
        if not postable(s, o, p.last_qty, value):
            return False
    name = text_of(s, p.exec_id)
    if p.exec_type == ExecType_trade_cancel:
        bust(s, trade, name + 1, name[0], p.settle_date)
    else:
        correct(s, trade, p.last_qty, p.last_px, value, name + 1, name[0], p.settle_date, True)
    close_parked(s, slot, Resolution_apply)
    return True


cdef void apply_waiting(State* s, uint32_t order) noexcept nogil:
    """A trade of the order has just been booked: what came before it and busts or corrects it takes effect, in the
    order in which it came. The caller sees to the order."""
    cdef const OrderRow* o = &s.order[order]
    cdef const ParkedRow* p
    cdef uint32_t slot
    cdef bint found = True
    while found:  # a correction may be what another one waits for
        found = False
        for slot in range(1, s.header[TABLE_parked].used):
            p = &s.parked[slot]
            if not waits(p) or p.exchange != s.instrument[o.instrument].exchange:
                continue
            if (p.order == 0 or p.order == order) and (p.side == 0 or p.side == o.side):
                found = take_effect(s, slot, order) or found
