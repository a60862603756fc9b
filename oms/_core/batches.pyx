"""Settlement batches, and the date roll of contractual settlement.

A batch takes all that is due by its date, or only the items that were sent for it; it fails those that it is told to.
Items and expected balances are staged like the rows of a load, and Settle makes them count in one step. A batch whose
expected balance would not come true moves nothing.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport FIGURE_MAX, part_of
from oms._core.corrections cimport first_version
from oms._core.index cimport index_put
from oms._core.loads cimport begin_stage, clear_stage, may_stage
from oms._core.movements cimport known_item
from oms._core.settlement cimport Item, cash_of, holding_of, is_late, mark_late, open_item, settle
from oms._core.vetting cimport allowed, of_owner, vet_operated

cdef struct Batch:
    int32_t date       # due: settlement date not after it
    uint32_t account   # 0 = all
    bint contractual   # only accounts whose class settles by the date, each item on its own date
    bint confirmed     # by a start of day: of accounts that it has left closed all stays open, and late
    bint corrected     # by its corrected file: of one account, what it had left open
    bint listed        # only the items that were sent for it
    uint32_t rows      # staged for it
    uint32_t reference
    uint32_t items     # that it settles


cdef bint concerns(const State* s, const Batch* b, uint32_t account) noexcept nogil:
    if b.account and b.account != account:
        return False
    if b.confirmed and s.account[account].unreconciled:
        return False
    return not b.contractual or s.account_class[s.account[account].account_class].contractual


cdef int32_t date_of(const State* s, const Batch* b, uint32_t execution) noexcept nogil:
    return s.execution[execution].settle_date if b.contractual else b.date


cdef Item asked(const State* s, uint32_t execution, const StageRow* row) noexcept nogil:
    """The part that a staged item asks to settle, signed as what is open: money follows the quantity unless told."""
    cdef Item left = open_item(s, execution), part = left
    if row.amount != INT64_MIN:
        part.stock = row.amount if left.stock > 0 else -row.amount
        if row.amount < abs_of(left.stock):
            part.net = part_of(left.net, row.amount, abs_of(left.stock))
    if row.cost_price_e8 != INT64_MIN:
        part.net = row.cost_price_e8 if left.net > 0 else -row.cost_price_e8
    return part


cdef bint takes(const State* s, const Batch* b, uint32_t execution, Item* part) noexcept nogil:
    """Does the batch settle this, and how much of it?"""
    cdef const ExecutionRow* x = &s.execution[execution]
    cdef uint32_t row = s.marks[execution]
    if x.posted != 1 or not concerns(s, b, x.account):
        return False
    if row:
        part[0] = asked(s, execution, &s.stage[row])
        return s.stage[row].kind == StageKind_item
    part[0] = open_item(s, execution)
    if b.corrected:
        return is_late(s, x) and s.progress[x.progress].left_by == b.date
    if is_late(s, x) and (b.contractual or b.confirmed):  # it waits for a batch that settles it
        return False
    return not b.listed and x.settle_date <= b.date


cdef bint leaves_late(const State* s, const Batch* b, uint32_t execution) noexcept nogil:
    """Does the batch leave this open past its date: failed, the rest of a part, or not confirmed by a start of day?"""
    cdef const ExecutionRow* x = &s.execution[execution]
    if x.posted != 1 or is_late(s, x):
        return False
    if s.marks[execution]:
        return True
    return b.confirmed and x.settle_date <= b.date and s.account[x.account].unreconciled


cdef uint16_t vet_item(State* s, const Batch* b, uint32_t row) noexcept nogil:
    """Marks the open executions of the trade that a staged item names, in all its versions."""
    cdef const StageRow* item = &s.stage[row]
    cdef uint32_t slot = first_version(s, item.item), found = 0
    cdef bint whole = item.amount == INT64_MIN and item.cost_price_e8 == INT64_MIN
    cdef Item left, part
    while slot:
        if s.execution[slot].posted == 1 and concerns(s, b, s.execution[slot].account):
            if s.marks[slot] or (found and not whole):
                return ST_settlement_item_unknown
            found = slot
            s.marks[slot] = row
        slot = s.execution[slot].superseded_by
    if found == 0:
        return ST_settlement_item_unknown
    if not whole:
        left, part = open_item(s, found), asked(s, found, item)
        s.figure, s.limit = item.amount, abs_of(left.stock)
        if abs_of(part.stock) > s.limit:
            return ST_settlement_item_exceeds
        s.figure, s.limit = abs_of(part.net), abs_of(left.net)
        if s.figure > s.limit or (part.net == 0 and part.stock == 0):
            return ST_settlement_item_exceeds
    s.figure = s.limit = 0
    return ST_ok


cdef inline int64_t abs_of(int64_t figure) noexcept nogil:
    return -figure if figure < 0 else figure


cdef uint16_t vet_items(State* s, const Batch* b) noexcept nogil:
    cdef uint32_t row
    cdef uint16_t status = ST_ok
    for row in range(1, b.rows + 1):
        if s.stage[row].kind in (StageKind_item, StageKind_failed):
            status = vet_item(s, b, row)
            if status != ST_ok:
                break
    return status


cdef void unmark(State* s, const Batch* b) noexcept nogil:
    cdef uint32_t row, slot
    for row in range(1, b.rows + 1):
        if s.stage[row].kind in (StageKind_item, StageKind_failed):
            slot = first_version(s, s.stage[row].item)
            while slot:
                s.marks[slot] = 0
                slot = s.execution[slot].superseded_by


cdef bint room_for(State* s, Batch* b) noexcept nogil:
    """For every movement that the batch makes, and what it leaves open."""
    cdef uint32_t slot, movements = 0, closed = 0, partial = 0
    cdef Item part, left
    cdef const HoldingRow* h
    b.items = 0
    for slot in range(1, s.header[TABLE_execution].used):
        if takes(s, b, slot, &part):
            b.items += 1
            left = open_item(s, slot)
            movements += (part.net != 0) + (part.stock != 0)
            h = &s.holding[holding_of(s, &s.execution[slot])]
            closed += part.stock != 0 and date_of(s, b, slot) <= h.loaded_as_of
            partial += part.net != left.net or part.stock != left.stock
        else:
            partial += leaves_late(s, b, slot)
    return (has_room(s, TABLE_movement, movements) and has_room(s, TABLE_cost_event, closed)
            and has_room(s, TABLE_progress, partial) and has_room(s, TABLE_exposure, partial)
            and has_room(s, TABLE_ladder, 2 * partial))


cdef void add_up(State* s, const Batch* b, bint money, int sign) noexcept nogil:
    """Adds (or, to clean up, takes away) per row what the batch would move."""
    cdef uint32_t slot, row
    cdef Item part
    cdef const ExecutionRow* x
    for slot in range(1, s.header[TABLE_execution].used):
        if takes(s, b, slot, &part):
            x = &s.execution[slot]
            row = cash_of(s, x) if money else holding_of(s, x)
            if date_of(s, b, slot) > (s.cash[row].loaded_as_of if money else s.holding[row].loaded_as_of):
                s.sums[row] += sign * (part.net if money else part.stock)


cdef bint as_expected(State* s, const Batch* b, bint money) noexcept nogil:
    """Would every expected balance come true?"""
    cdef uint32_t row, slot
    cdef int64_t after
    cdef const StageRow* e
    cdef bint true_ = True
    add_up(s, b, money, 1)
    for row in range(1, b.rows + 1):
        e = &s.stage[row]
        if e.kind == (StageKind_expected_cash if money else StageKind_expected_stock) and true_:
            slot = find_cash(s, e.account, e.item) if money else find_holding(s, e.account, e.item)
            after = (s.cash[slot].booked if money else s.holding[slot].settled) + s.sums[slot]
            if after != e.amount:
                s.figure, s.limit, true_ = e.amount, after, False
    add_up(s, b, money, -1)
    return true_


cdef uint16_t vet_batch(State* s, Batch* b) noexcept nogil:
    cdef uint16_t status = vet_items(s, b)
    if status != ST_ok:
        return status
    if not room_for(s, b):
        return ST_capacity_reached
    if b.rows and not (as_expected(s, b, True) and as_expected(s, b, False)):
        return ST_settlement_balance_differs
    return ST_ok


cdef void run(State* s, const Batch* b) noexcept nogil:
    """Settles what the batch takes, and marks what of its items stays open."""
    cdef uint32_t slot
    cdef Item part
    for slot in range(1, s.header[TABLE_execution].used):
        if takes(s, b, slot, &part):
            settle(s, slot, &part, date_of(s, b, slot), b.reference)
        if leaves_late(s, b, slot):
            mark_late(s, slot, 0 if s.marks[slot] else b.date)


cdef uint32_t find_batch(const State* s, const uint8_t* name, uint32_t length, uint64_t hash) noexcept nogil:
    cdef uint64_t at = index_home(&s.by_batch, hash)
    cdef uint32_t slot = index_next(&s.by_batch, hash, &at)
    while slot and not text_is(s, s.settlement[slot].batch_id, name, length):
        slot = index_next(&s.by_batch, hash, &at)
    return slot


cdef uint16_t vet_settle(State* s, const Settle* r, uint64_t hash) noexcept nogil:
    if not allowed(s, PERMISSION_operate):
        return ST_permission_denied
    if r.batch_id_length == 0 or r.date <= 0:
        return ST_reference_invalid
    if r.account >= s.header[TABLE_account].used:
        return ST_account_unknown
    if not of_owner(s, r.account):
        return ST_permission_denied
    if find_batch(s, Settle_texts(r), r.batch_id_length, hash):
        return ST_settlement_repeated
    if not has_room(s, TABLE_settlement, 1) or not has_room(s, TABLE_text, 64):
        return ST_capacity_reached
    if r.rows == 0:
        return ST_reference_invalid if r.listed else ST_ok
    if not may_stage(s, SodKind_settlement):
        return ST_stage_taken
    if r.rows != s.firm.sod_rows:
        s.figure, s.limit = s.firm.sod_rows, r.rows
        return ST_load_count_differs
    return ST_ok


cdef uint16_t apply_settle(State* s, const Settle* r) noexcept nogil:
    """A batch counts once, by its id; what was staged for it is gone afterwards, whatever became of it."""
    cdef uint64_t hash = hash_bytes(Settle_texts(r), r.batch_id_length, 0)
    cdef uint16_t status = vet_settle(s, r, hash)
    cdef Batch b
    cdef uint32_t slot
    memset(&b, 0, sizeof(b))
    b.date, b.account, b.listed, b.rows = r.date, r.account, r.listed, r.rows
    b.confirmed, b.corrected = r.confirmed and r.account == 0, r.confirmed and r.account != 0
    if status == ST_ok:
        status = vet_batch(s, &b)
        if status == ST_ok:
            # point of no return
            b.reference = text_put(s, Settle_texts(r), r.batch_id_length)
            run(s, &b)
        unmark(s, &b)
    if r.rows and may_stage(s, SodKind_settlement):
        clear_stage(s)
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
    """The date has come: accounts whose class settles contractually get what is due. What a batch has failed waits for
    a batch that settles it."""
    cdef Batch b
    memset(&b, 0, sizeof(b))
    b.date, b.contractual = date, True
    if not room_for(s, &b):
        return ST_capacity_reached
    run(s, &b)
    return ST_ok


cdef uint16_t stage_row(State* s, bint first, StageRow* figures) noexcept nogil:
    cdef uint32_t slot
    if first:
        begin_stage(s, SodKind_settlement)
    if not may_stage(s, SodKind_settlement):
        return ST_stage_taken if s.firm.sod_kind == SodKind_settlement else ST_load_not_begun
    if not has_room(s, TABLE_stage, 1):
        return ST_capacity_reached
    slot = take(s, TABLE_stage)
    figures.version = s.stage[slot].version + 2
    memcpy(&s.stage[slot], figures, sizeof(StageRow))
    s.firm.sod_rows += 1
    return ST_ok


cdef uint16_t apply_settle_item(State* s, const SettleItem* r) noexcept nogil:
    cdef StageRow row
    if not allowed(s, PERMISSION_operate):
        return ST_permission_denied
    if r.execution == 0 or r.execution >= s.header[TABLE_execution].used:
        return ST_settlement_item_unknown
    if not of_owner(s, s.execution[r.execution].account):
        return ST_permission_denied
    if (r.quantity != INT64_MIN and r.quantity < 0) or (r.amount != INT64_MIN and r.amount < 0):
        return ST_reference_invalid
    memset(&row, 0, sizeof(row))
    row.kind, row.item = StageKind_failed if r.failed else StageKind_item, r.execution
    row.amount, row.cost_price_e8 = r.quantity, r.amount
    if r.failed:
        row.amount = row.cost_price_e8 = INT64_MIN
    return stage_row(s, r.first, &row)


cdef uint16_t apply_settle_expected(State* s, const SettleExpected* r) noexcept nogil:
    cdef StageRow row
    cdef uint16_t status = vet_operated(s, r.account)
    if status != ST_ok:
        return status
    if not known_item(s, r.instrument, r.currency) or r.amount > FIGURE_MAX or r.amount < -FIGURE_MAX:
        return ST_reference_invalid
    memset(&row, 0, sizeof(row))
    row.kind = StageKind_expected_stock if r.instrument else StageKind_expected_cash
    row.account, row.item, row.amount = r.account, r.instrument if r.instrument else r.currency, r.amount
    return stage_row(s, r.first, &row)
