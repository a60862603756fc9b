"""Settlement: what is due moves from the ladders to booked and settled, by batch or, where it is contractual, by the
date.

An item that a loaded bank or registry figure already contains (its date is not after the figure's `as_of`) is only
closed: moving it, too, would count it twice.
"""

from libc.stdint cimport INT64_MIN

from oms._core.index cimport index_put
from oms._core.ledger cimport add_cost_event, cash_ladder, further_due, holding_ladder, holding_settle
from oms._core.outputs cimport emit_event
from oms._core.shorts cimport short_ladder
from oms._core.vetting cimport allowed, of_owner

cdef struct Batch:
    int32_t date       # due: settlement date not after it
    uint32_t account   # 0 = all
    bint contractual   # only accounts whose class settles by the date
    bint confirmed     # only accounts that start of day has not left closed: theirs stay open, and late
    bint counting      # count the items, change nothing
    uint32_t reference
    uint32_t items
    uint32_t contained  # those of stock that a loaded figure contains


cdef void add_movement(State* s, const MovementRow* figures) noexcept nogil:
    cdef uint32_t slot = take(s, TABLE_movement), version = s.movement[slot].version
    row_open(&s.movement[slot].version)
    memcpy(&s.movement[slot], figures, sizeof(MovementRow))
    s.movement[slot].version = version + 1
    s.movement[slot].sequence = s.sequence
    row_close(&s.movement[slot].version)


cdef void settle_cash(State* s, uint32_t cash, int32_t date, int64_t owed, int64_t due,
                      uint32_t reference) noexcept nogil:
    """Moves what was owed and due on a date from the ladder to booked; what the bank's figure contains is only
    closed."""
    cdef CashRow* c = &s.cash[cash]
    cdef MovementRow m
    if owed == 0 and due == 0:
        return
    memset(&m, 0, sizeof(m))
    m.account, m.currency, m.kind, m.user, m.date = c.account, c.currency, MovementKind_settlement, s.source, date
    m.owed, m.due, m.reference = owed, due, reference
    cash_ladder(s, cash, date, -owed, -due)
    if date > c.loaded_as_of:
        m.amount = due - owed
        row_open(&c.version)
        c.booked += m.amount
        row_close(&c.version)
    else:
        s.currency[c.currency].external += due - owed
    add_movement(s, &m)
    emit_event(s, EventKind_cash, cash, 0, ST_ok)


cdef void settle_stock(State* s, uint32_t holding, int32_t date, int64_t owed, int64_t due,
                       uint32_t reference) noexcept nogil:
    """The same for stock. What the registry's figure contains came with that figure: its total goes down to it."""
    cdef HoldingRow* h = &s.holding[holding]
    cdef MovementRow m
    if owed == 0 and due == 0:
        return
    memset(&m, 0, sizeof(m))
    m.account, m.instrument, m.kind, m.user, m.date = h.account, h.instrument, MovementKind_settlement, s.source, date
    m.owed, m.due, m.reference = owed, due, reference
    if date > h.loaded_as_of:
        m.amount = due - owed
        holding_settle(s, holding, m.amount)
    else:
        s.instrument[h.instrument].external += due - owed
        add_cost_event(s, holding, owed - due, INT64_MIN)
    holding_ladder(s, holding, date, -owed, -due)
    add_movement(s, &m)
    emit_event(s, EventKind_holding, holding, 0, ST_ok)


cdef bint concerns(const State* s, const Batch* b, uint32_t account) noexcept nogil:
    if b.account and b.account != account:
        return False
    if b.confirmed and s.account[account].unreconciled:
        return False
    return not b.contractual or s.account_class[s.account[account].account_class].contractual


cdef bint falls_due(Batch* b, int32_t date, int64_t owed, int64_t due, bint contained) noexcept nogil:
    """Counts an item that the batch takes. False while it only counts, too."""
    if date == 0 or date > b.date or (owed == 0 and due == 0):
        return False
    b.items += 1
    b.contained += contained
    return not b.counting


cdef void move_cash(State* s, Batch* b, uint32_t cash, int32_t date, int64_t owed, int64_t due) noexcept nogil:
    cdef uint32_t exposure = s.cash[cash].exposure
    if falls_due(b, date, owed, due, False):
        settle_cash(s, cash, date, owed, due, b.reference)
        if exposure:
            short_ladder(s, cash, date, -further_due(s, s.exposure[exposure].ladder, date, date))


cdef void move_stock(State* s, Batch* b, uint32_t holding, int32_t date, int64_t owed, int64_t due) noexcept nogil:
    if falls_due(b, date, owed, due, date <= s.holding[holding].loaded_as_of):
        settle_stock(s, holding, date, owed, due, b.reference)


cdef void sweep(State* s, Batch* b) noexcept nogil:
    """All that is due in the rows that the batch concerns."""
    cdef uint32_t slot, further, after
    cdef int index
    cdef const CashRow* c
    cdef const HoldingRow* h
    for slot in range(1, s.header[TABLE_cash].used):
        c = &s.cash[slot]
        if (c.payable or c.receivable) and concerns(s, b, c.account):
            for index in range(LADDER_CASH):
                move_cash(s, b, slot, c.ladder_date[index], c.ladder_payable[index], c.ladder_receivable[index])
            further = c.ladder
            while further:
                after = s.ladder[further].next
                move_cash(s, b, slot, s.ladder[further].date, s.ladder[further].owed, s.ladder[further].due)
                further = after
    for slot in range(1, s.header[TABLE_holding].used):
        h = &s.holding[slot]
        if (h.outgoing or h.incoming) and concerns(s, b, h.account):
            for index in range(LADDER_HOLDING):
                move_stock(s, b, slot, h.ladder_date[index], h.ladder_outgoing[index], h.ladder_incoming[index])
            further = h.ladder
            while further:
                after = s.ladder[further].next
                move_stock(s, b, slot, s.ladder[further].date, s.ladder[further].owed, s.ladder[further].due)
                further = after


cdef void mark_settled(State* s, const Batch* b) noexcept nogil:
    cdef uint32_t slot
    cdef ExecutionRow* x
    for slot in range(1, s.header[TABLE_execution].used):
        x = &s.execution[slot]
        if x.posted == 1 and x.settle_date <= b.date and concerns(s, b, x.account):
            row_open(&x.version)
            x.posted = 2
            row_close(&x.version)


cdef uint16_t run(State* s, Batch* b) noexcept nogil:
    """Counts what would move, and moves it only when every movement finds room."""
    b.counting = True
    b.items = b.contained = 0
    sweep(s, b)
    if not has_room(s, TABLE_movement, b.items) or not has_room(s, TABLE_cost_event, b.contained):
        return ST_capacity_reached
    b.counting = False
    b.items = 0
    sweep(s, b)
    mark_settled(s, b)
    return ST_ok


cdef uint32_t find_batch(const State* s, const uint8_t* name, uint32_t length, uint64_t hash) noexcept nogil:
    cdef uint64_t at = index_home(&s.by_batch, hash)
    cdef uint32_t slot = index_next(&s.by_batch, hash, &at)
    while slot and not text_is(s, s.settlement[slot].batch_id, name, length):
        slot = index_next(&s.by_batch, hash, &at)
    return slot


cdef uint16_t apply_settle(State* s, const Settle* r) noexcept nogil:
    """A batch counts once, by its id."""
    cdef const uint8_t* name = Settle_texts(r)
    cdef uint64_t hash = hash_bytes(name, r.batch_id_length, 0)
    cdef Batch b
    cdef uint32_t slot
    cdef uint16_t status
    if not allowed(s, PERMISSION_operate):
        return ST_permission_denied
    if r.batch_id_length == 0 or r.date <= 0:
        return ST_reference_invalid
    if r.account >= s.header[TABLE_account].used:
        return ST_account_unknown
    if not of_owner(s, r.account):
        return ST_permission_denied
    if find_batch(s, name, r.batch_id_length, hash):
        return ST_settlement_repeated
    if not has_room(s, TABLE_settlement, 1) or not has_room(s, TABLE_text, 64):
        return ST_capacity_reached
    memset(&b, 0, sizeof(b))
    b.date, b.account, b.confirmed = r.date, r.account, r.confirmed
    b.reference = text_put(s, name, r.batch_id_length)
    status = run(s, &b)
    if status != ST_ok:
        return status
    slot = take(s, TABLE_settlement)
    row_open(&s.settlement[slot].version)
    s.settlement[slot].user, s.settlement[slot].date, s.settlement[slot].batch_id = s.source, r.date, b.reference
    s.settlement[slot].items, s.settlement[slot].sequence = b.items, s.sequence
    row_close(&s.settlement[slot].version)
    index_put(&s.by_batch, hash, slot)
    return ST_ok


cdef uint16_t settle_contractual(State* s, int32_t date) noexcept nogil:
    """The date has come: accounts whose class settles contractually get what is due."""
    cdef Batch b
    memset(&b, 0, sizeof(b))
    b.date, b.contractual = date, True
    return run(s, &b)
