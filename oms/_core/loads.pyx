"""Start of day: absolute figures of banks and registries.

A load is staged row by row; LoadCommit makes it count in one step, and a load that never gets there leaves nothing.
What settled or moved after the date that the figure describes stays on top of it. The difference to our own figure is
posted against `external`; holds, ladders and an average that is known are not touched.
"""

from libc.stdint cimport INT64_MIN
from libc.string cimport memcmp

from oms._core.arith cimport FIGURE_MAX
from oms._core.debt cimport warn_cash, warn_holding
from oms._core.index cimport index_put
from oms._core.ledger cimport add_cost_event, cash_available, cash_row, holding_available, holding_row, holding_settle
from oms._core.outputs cimport emit_event
from oms._core.settlement cimport add_movement
from oms._core.vetting cimport allowed, of_owner


cdef void clear_stage(State* s) noexcept nogil:
    """Forgets the rows of the load or settlement batch in progress."""
    cdef TableHeader* h = s.header[TABLE_stage]
    memset(<uint8_t*>h + 4096 + h.row_size, 0, <uint64_t>(h.used - 1) * h.row_size)
    h.used = 1
    h.live = 0
    s.firm.sod_kind = 0
    s.firm.sod_rows = 0
    s.firm.sod_user = 0


cdef void begin_stage(State* s, uint8_t kind) noexcept nogil:
    """Rows of one user at a time: who begins takes the place of whoever left theirs unfinished."""
    clear_stage(s)
    s.firm.sod_kind = kind
    s.firm.sod_user = s.source


cdef bint may_stage(const State* s, uint8_t kind) noexcept nogil:
    """Is the load or batch in progress of this kind, and the sender's?"""
    return s.firm.sod_kind == kind and s.firm.sod_user == s.source


cdef uint32_t find_load(const State* s, const uint8_t* digest, uint64_t hash) noexcept nogil:
    cdef uint64_t at = index_home(&s.by_load, hash)
    cdef uint32_t slot = index_next(&s.by_load, hash, &at)
    while slot and memcmp(s.load[slot].digest, digest, 32) != 0:
        slot = index_next(&s.by_load, hash, &at)
    return slot


cdef uint16_t apply_load_begin(State* s, const LoadBegin* r) noexcept nogil:
    """A file once; another one of the same source and date only by a named operator."""
    cdef uint32_t slot
    cdef const LoadRow* earlier
    if not allowed(s, PERMISSION_operate):
        return ST_permission_denied
    clear_stage(s)
    if r.kind not in (SodKind_cash, SodKind_holdings) or r.as_of <= 0:
        return ST_reference_invalid
    if not has_room(s, TABLE_load, 1) or not has_room(s, TABLE_text, 64):
        return ST_capacity_reached
    if find_load(s, r.digest, hash_bytes(r.digest, 32, 0)):
        return ST_load_repeated
    for slot in range(1, s.header[TABLE_load].used):
        earlier = &s.load[slot]
        if earlier.kind == r.kind and earlier.as_of == r.as_of and not (r.supersede and s.source):
            if text_is(s, earlier.source, LoadBegin_texts(r), r.origin_length):
                return ST_load_superseded_unsigned
    begin_stage(s, r.kind)
    s.firm.sod_as_of = r.as_of
    s.firm.sod_superseding = r.supersede
    s.firm.sod_source = text_put(s, LoadBegin_texts(r), r.origin_length)
    memcpy(s.firm.sod_digest, r.digest, 32)
    return ST_ok


cdef uint16_t stage(State* s, uint8_t kind, uint32_t account, uint32_t item, uint32_t items, int64_t amount,
                    int64_t cost) noexcept nogil:
    cdef uint32_t slot
    if not allowed(s, PERMISSION_operate):
        return ST_permission_denied
    if s.firm.sod_kind != kind:
        return ST_load_not_begun
    if not may_stage(s, kind):
        return ST_stage_taken
    if account == 0 or account >= s.header[TABLE_account].used:
        return ST_account_unknown
    if not of_owner(s, account):
        return ST_permission_denied
    if item == 0 or item >= items or amount > FIGURE_MAX or amount < -FIGURE_MAX:
        return ST_reference_invalid
    if not has_room(s, TABLE_stage, 1):
        return ST_capacity_reached
    slot = take(s, TABLE_stage)
    row_open(&s.stage[slot].version)
    s.stage[slot].account, s.stage[slot].item = account, item
    s.stage[slot].amount, s.stage[slot].cost_price_e8 = amount, cost
    row_close(&s.stage[slot].version)
    s.firm.sod_rows += 1
    return ST_ok


cdef uint16_t apply_load_cash(State* s, const LoadCash* r) noexcept nogil:
    return stage(s, SodKind_cash, r.account, r.currency, s.header[TABLE_currency].used, r.booked, INT64_MIN)


cdef uint16_t apply_load_holding(State* s, const LoadHolding* r) noexcept nogil:
    return stage(s, SodKind_holdings, r.account, r.instrument, s.header[TABLE_instrument].used, r.settled,
                 r.average_price_e8)


cdef void add_later(State* s, bint money, int sign) noexcept nogil:
    """Adds (or, to clean up, takes away) per row what moved after the date that the load describes."""
    cdef uint32_t slot, row
    cdef const MovementRow* m
    for slot in range(1, s.header[TABLE_movement].used):
        m = &s.movement[slot]
        if m.kind in (MovementKind_start_of_day, MovementKind_figure, MovementKind_margin):
            continue
        if m.value_date > s.firm.sod_as_of and (m.instrument == 0) == money:
            row = find_cash(s, m.account, m.currency) if money else find_holding(s, m.account, m.instrument)
            s.sums[row] += sign * m.amount


cdef void take_over_cash(State* s, const StageRow* row) noexcept nogil:
    cdef uint32_t slot = cash_row(s, row.account, row.item)
    cdef CashRow* c = &s.cash[slot]
    cdef int64_t before
    cdef MovementRow m
    memset(&m, 0, sizeof(m))
    m.amount = row.amount + s.sums[slot] - c.booked
    m.account, m.currency, m.kind, m.user = row.account, c.currency, MovementKind_start_of_day, s.source
    m.date = m.value_date = s.firm.sod_as_of
    m.reference = s.firm.sod_source
    before = cash_available(s, slot)
    row_open(&c.version)
    c.booked += m.amount
    c.loaded_as_of = max(c.loaded_as_of, s.firm.sod_as_of)
    row_close(&c.version)
    if m.amount:
        s.currency[c.currency].external -= m.amount
        add_movement(s, &m)
        if before >= 0:
            warn_cash(s, slot)
        emit_event(s, EventKind_cash, slot, 0, ST_ok)


cdef void take_over_holding(State* s, const StageRow* row) noexcept nogil:
    cdef uint32_t slot = holding_row(s, row.account, row.item)
    cdef HoldingRow* h = &s.holding[slot]
    cdef int64_t before = holding_available(s, slot)
    cdef MovementRow m
    memset(&m, 0, sizeof(m))
    m.amount = row.amount + s.sums[slot] - h.settled
    m.account, m.instrument, m.kind, m.user = row.account, row.item, MovementKind_start_of_day, s.source
    m.date = m.value_date = s.firm.sod_as_of
    m.reference = s.firm.sod_source
    add_cost_event(s, slot, m.amount, INT64_MIN if h.cost_quantity else row.cost_price_e8)
    holding_settle(s, slot, m.amount)
    row_open(&h.version)
    h.loaded_as_of = max(h.loaded_as_of, s.firm.sod_as_of)
    row_close(&h.version)
    if m.amount:
        s.instrument[row.item].external -= m.amount
        add_movement(s, &m)
        if before >= 0:
            warn_holding(s, slot)
        emit_event(s, EventKind_holding, slot, 0, ST_ok)


cdef uint32_t unused(const State* s, int table) noexcept nogil:
    return limit_of(s, table) - s.header[table].used


cdef bint room_to_load(const State* s, bint money) noexcept nogil:
    """For rows that are new, and for what each row that differs leaves on record."""
    cdef uint32_t slot, at, new = 0, different = 0
    cdef int64_t ours
    cdef const StageRow* row
    for slot in range(1, s.header[TABLE_stage].used):
        row = &s.stage[slot]
        at = find_cash(s, row.account, row.item) if money else find_holding(s, row.account, row.item)
        ours = s.cash[at].booked if money else s.holding[at].settled
        new += at == 0
        different += row.amount + s.sums[at] != ours or (not money and s.holding[at].cost_quantity == 0)
    return (unused(s, TABLE_cash if money else TABLE_holding) >= new and unused(s, TABLE_movement) >= different
            and (money or unused(s, TABLE_cost_event) >= different))


cdef uint16_t apply_load_commit(State* s, const LoadCommit* r) noexcept nogil:
    cdef uint32_t slot, rows = s.header[TABLE_stage].used - 1
    cdef bint money = s.firm.sod_kind == SodKind_cash
    if not allowed(s, PERMISSION_operate):
        return ST_permission_denied
    if s.firm.sod_kind not in (SodKind_cash, SodKind_holdings):
        return ST_load_not_begun
    if not may_stage(s, s.firm.sod_kind):
        return ST_stage_taken
    if r.rows != rows:
        s.figure, s.limit = rows, r.rows
        clear_stage(s)
        return ST_load_count_differs
    add_later(s, money, 1)
    if not room_to_load(s, money):
        add_later(s, money, -1)
        clear_stage(s)
        return ST_capacity_reached
    # point of no return
    for slot in range(1, rows + 1):
        if money:
            take_over_cash(s, &s.stage[slot])
        else:
            take_over_holding(s, &s.stage[slot])
    add_later(s, money, -1)
    slot = take(s, TABLE_load)
    row_open(&s.load[slot].version)
    s.load[slot].kind, s.load[slot].user, s.load[slot].as_of = s.firm.sod_kind, s.source, s.firm.sod_as_of
    s.load[slot].source, s.load[slot].rows, s.load[slot].sequence = s.firm.sod_source, rows, s.sequence
    memcpy(s.load[slot].digest, s.firm.sod_digest, 32)
    row_close(&s.load[slot].version)
    index_put(&s.by_load, hash_bytes(s.load[slot].digest, 32, 0), slot)
    clear_stage(s)
    return ST_ok
