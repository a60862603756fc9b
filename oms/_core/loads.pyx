"""Start of day: absolute figures of banks and registries.

A load is staged row by row; LoadCommit makes it count in one step, and a load that never gets there leaves nothing.
What settled or moved after the date that the figure describes stays on top of it. The difference to our own figure is
posted against `external`; holds, ladders and an average that is known are not touched.
"""

from libc.stdint cimport INT64_MIN
from libc.string cimport memcmp

from oms._core.arith cimport FIGURE_MAX
from oms._core.corporate cimport note_movement
from oms._core.debt cimport warn_cash, warn_holding
from oms._core.index cimport index_put
from oms._core.ledger cimport add_cost_event, add_event_before, cash_available, cash_row, event_of, \
    holding_available, holding_row, holding_settle, recost
from oms._core.outputs cimport emit_event
from oms._core.scaled cimport action_after, through
from oms._core.settlement cimport add_movement
from oms._core.vetting cimport allowed, of_owner


cdef void clear_stage(State* s) noexcept nogil:
    """Forgets the rows of the load or settlement batch in progress."""
    cdef TableHeader* h = s.header[TABLE_stage]
    memset(<uint8_t*>h + 4096 + h.row_size, 0, <uint64_t>(h.used - 1) * h.row_size)
    h.used = 1
    h.live = 0
    s.crossed = True
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


cdef void add_later(State* s, bint money, bint forget) noexcept nogil:
    """Adds up per row what moved after the date that the load describes; forget: cleans up."""
    cdef uint32_t slot, row
    cdef const MovementRow* m
    for slot in range(1, s.header[TABLE_movement].used):
        m = &s.movement[slot]
        if m.kind in (MovementKind_start_of_day, MovementKind_figure, MovementKind_margin):
            continue
        if m.value_date > s.firm.sod_as_of and (m.instrument == 0) == money:
            row = find_cash(s, m.account, m.currency) if money else find_holding(s, m.account, m.instrument)
            s.sums[row] = 0 if forget else s.sums[row] + m.amount


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


cdef uint32_t action_since(const State* s, uint32_t instrument, uint32_t before, int32_t as_of) noexcept nogil:
    """The next action, after another one, whose stock a figure of this date cannot know."""
    cdef uint32_t action = action_after(s, instrument, before)
    while action and s.corporate_action[action].ex_date <= as_of:
        action = action_after(s, instrument, action)
    return action


cdef int64_t in_stock_of_today(const State* s, uint32_t instrument, int64_t change, int32_t as_of) noexcept nogil:
    """What a change as of a date comes to, through the actions since."""
    cdef uint32_t action = action_since(s, instrument, 0, as_of)
    while action:
        change = through(s, action, change)
        action = action_since(s, instrument, action, as_of)
    return change


cdef uint32_t actions_since(const State* s, uint32_t instrument, int32_t as_of) noexcept nogil:
    cdef uint32_t action = action_since(s, instrument, 0, as_of), found = 0
    while action:
        found += 1
        action = action_since(s, instrument, action, as_of)
    return found


cdef void take_through(State* s, uint32_t holding, const MovementRow* m, int64_t told) noexcept nogil:
    """A change of before corporate actions goes into the history before them, and each of them makes more of it."""
    cdef uint32_t action = action_since(s, m.instrument, 0, m.value_date), event
    cdef int64_t change = m.amount, after, loose = m.amount
    cdef bint placed = False
    while action:
        after = through(s, action, change)
        event = event_of(s, holding, action)
        if event and not placed:
            add_event_before(s, event, change, told)
            placed, loose = True, 0
        if event and placed:
            row_open(&s.cost_event[event].version)
            s.cost_event[event].quantity += after - change
            row_close(&s.cost_event[event].version)
        else:
            loose += after - change
        note_movement(s, &s.corporate_action[action], m.account, 0, after - change)
        change = after
        action = action_since(s, m.instrument, action, m.value_date)
    add_cost_event(s, holding, loose, INT64_MIN)
    holding_settle(s, holding, change)
    recost(s, holding)


cdef void book_figure(State* s, uint32_t holding, const MovementRow* m, int64_t told) noexcept nogil:
    """Stock that a registry tells of as of a date, against `external`; told: its average price, or null."""
    cdef int64_t before = s.holding[holding].settled
    if m.amount:
        add_movement(s, m)
    if action_since(s, m.instrument, 0, m.value_date):
        take_through(s, holding, m, told)
    else:
        add_cost_event(s, holding, m.amount, told)
        holding_settle(s, holding, m.amount)
    s.instrument[m.instrument].external -= s.holding[holding].settled - before


cdef void take_over_holding(State* s, const StageRow* row) noexcept nogil:
    cdef uint32_t slot = holding_row(s, row.account, row.item)
    cdef HoldingRow* h = &s.holding[slot]
    cdef int64_t before = holding_available(s, slot), told = INT64_MIN if h.cost_quantity else row.cost_price_e8
    cdef MovementRow m
    memset(&m, 0, sizeof(m))
    m.amount = row.amount + s.sums[slot] - h.settled
    m.account, m.instrument, m.kind, m.user = row.account, row.item, MovementKind_start_of_day, s.source
    m.date = m.value_date = s.firm.sod_as_of
    m.reference = s.firm.sod_source
    book_figure(s, slot, &m, told)
    row_open(&h.version)
    h.loaded_as_of = max(h.loaded_as_of, s.firm.sod_as_of)
    row_close(&h.version)
    if m.amount:
        if before >= 0:
            warn_holding(s, slot)
        emit_event(s, EventKind_holding, slot, 0, ST_ok)


cdef uint32_t unused(const State* s, int table) noexcept nogil:
    return limit_of(s, table) - s.header[table].used


cdef uint16_t vet_rows(const State* s, bint money) noexcept nogil:
    """Room for rows that are new, and for what each row that differs leaves on record; and the figures fit."""
    cdef uint32_t slot, at, new = 0, different = 0
    cdef int64_t ours, change
    cdef const StageRow* row
    for slot in range(1, s.header[TABLE_stage].used):
        row = &s.stage[slot]
        at = find_cash(s, row.account, row.item) if money else find_holding(s, row.account, row.item)
        ours = s.cash[at].booked if money else s.holding[at].settled
        new += at == 0
        change = row.amount + s.sums[at] - ours
        different += change != 0 or (not money and s.holding[at].cost_quantity == 0)
        if not money and action_since(s, row.item, 0, s.firm.sod_as_of):
            different += actions_since(s, row.item, s.firm.sod_as_of)
            if not -FIGURE_MAX <= ours + in_stock_of_today(s, row.item, change, s.firm.sod_as_of) <= FIGURE_MAX:
                return ST_value_out_of_range
    if unused(s, TABLE_cash if money else TABLE_holding) < new or unused(s, TABLE_movement) < different:
        return ST_capacity_reached
    return ST_ok if money or unused(s, TABLE_cost_event) >= different else ST_capacity_reached


cdef uint16_t apply_load_commit(State* s, const LoadCommit* r) noexcept nogil:
    cdef uint32_t slot, rows = s.header[TABLE_stage].used - 1
    cdef bint money = s.firm.sod_kind == SodKind_cash
    cdef uint16_t status
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
    add_later(s, money, False)
    status = vet_rows(s, money)
    if status != ST_ok:
        add_later(s, money, True)
        clear_stage(s)
        return status
    # point of no return
    for slot in range(1, rows + 1):
        if money:
            take_over_cash(s, &s.stage[slot])
        else:
            take_over_holding(s, &s.stage[slot])
    add_later(s, money, True)
    slot = take(s, TABLE_load)
    row_open(&s.load[slot].version)
    s.load[slot].kind, s.load[slot].user, s.load[slot].as_of = s.firm.sod_kind, s.source, s.firm.sod_as_of
    s.load[slot].source, s.load[slot].rows, s.load[slot].sequence = s.firm.sod_source, rows, s.sequence
    memcpy(s.load[slot].digest, s.firm.sod_digest, 32)
    row_close(&s.load[slot].version)
    index_put(&s.by_load, hash_bytes(s.load[slot].digest, 32, 0), slot)
    clear_stage(s)
    return ST_ok
