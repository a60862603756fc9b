"""Money and stock that move without a trade: deposits, withdrawals, adjustments, transfers, margin.

Each books at once, and once by its reference; another one under the same reference is refused. What would take `booked`
or `settled` below what is free is refused, unless an operator overrides it, which stays on record.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport FIGURE_MAX
from oms._core.debt cimport warn_cash, warn_holding
from oms._core.index cimport index_put
from oms._core.ledger cimport average_e8, carry_cost, cash_available, cash_row, cash_withdrawable, holding_available, \
    holding_row, holding_settle
from oms._core.outputs cimport emit_event
from oms._core.settlement cimport add_movement
from oms._core.vetting cimport allowed, may_take_rows, of_owner, vet_account, vet_operated
from oms._core.withdrawals cimport apply_withdrawal, find_withdrawal


cdef uint32_t find_movement(const State* s, const uint8_t* name, uint32_t length, uint64_t hash) noexcept nogil:
    cdef uint64_t at = index_home(&s.by_reference, hash)
    cdef uint32_t slot = index_next(&s.by_reference, hash, &at)
    while slot:
        if s.movement[slot].reference_hash == hash and text_is(s, s.movement[slot].reference, name, length):
            return slot
        slot = index_next(&s.by_reference, hash, &at)
    return 0


cdef bint room_to_book(const State* s) noexcept nogil:
    """For two legs of a movement with their texts."""
    return (has_room(s, TABLE_movement, 2) and has_room(s, TABLE_text, 128) and has_room(s, TABLE_cash, 2)
            and has_room(s, TABLE_holding, 2) and has_room(s, TABLE_cost_event, 2))


cdef void book(State* s, const MovementRow* m, int64_t average) noexcept nogil:
    """Moves booked money or settled stock, with `external` as the other side; stock that comes may carry its average
    price. A movement with a reference is found by it."""
    cdef uint32_t slot
    if m.instrument == 0:
        slot = cash_row(s, m.account, m.currency)
        row_open(&s.cash[slot].version)
        s.cash[slot].booked += m.amount
        row_close(&s.cash[slot].version)
        s.currency[m.currency].external -= m.amount
        emit_event(s, EventKind_cash, slot, 0, ST_ok)
    else:
        slot = holding_row(s, m.account, m.instrument)
        carry_cost(s, slot, m.amount, average)
        holding_settle(s, slot, m.amount)
        s.instrument[m.instrument].external -= m.amount
        emit_event(s, EventKind_holding, slot, 0, ST_ok)
    add_movement(s, m)
    if m.reference_hash:
        index_put(&s.by_reference, m.reference_hash, s.header[TABLE_movement].used - 1)
    if m.amount < 0 and m.instrument:
        warn_holding(s, slot)
    elif m.amount < 0:
        warn_cash(s, slot)


cdef int64_t free_cash(const State* s, uint32_t account, uint32_t currency) noexcept nogil:
    cdef uint32_t slot = find_cash(s, account, currency)
    return cash_withdrawable(s, slot) if slot else 0


cdef int64_t free_stock(const State* s, uint32_t account, uint32_t instrument) noexcept nogil:
    cdef uint32_t slot = find_holding(s, account, instrument)
    return max(min(holding_available(s, slot), s.holding[slot].settled), 0) if slot else 0


cdef bint known_item(const State* s, uint32_t instrument, uint32_t currency) noexcept nogil:
    """Money or stock: one of the two, and known."""
    return (instrument < s.header[TABLE_instrument].used and currency < s.header[TABLE_currency].used
            and (instrument == 0) == (currency != 0))


cdef uint16_t vet_taking(State* s, uint32_t account, uint32_t instrument, uint32_t currency,
                         int64_t amount) noexcept nogil:
    """Is so much free to go?"""
    cdef int64_t free = free_stock(s, account, instrument) if instrument else free_cash(s, account, currency)
    if amount <= free:
        return ST_ok
    s.figure, s.limit = amount, free
    return ST_booked_below_zero


cdef bint fits_booked(const State* s, uint32_t account, uint32_t instrument, uint32_t currency,
                      int64_t amount) noexcept nogil:
    cdef int64_t after = amount
    if instrument:
        after += s.holding[find_holding(s, account, instrument)].settled
    else:
        after += s.cash[find_cash(s, account, currency)].booked
    return -FIGURE_MAX <= after <= FIGURE_MAX


cdef bint same_movement(const MovementRow* m, uint32_t account, uint32_t instrument, uint32_t currency,
                        uint8_t kind, int64_t amount) noexcept nogil:
    return (m.account == account and m.instrument == instrument and m.currency == currency and m.kind == kind
            and m.amount == amount)


cdef uint16_t vet_movement(State* s, const Movement* r, uint64_t hash) noexcept nogil:
    cdef uint32_t slot
    cdef uint16_t status = vet_operated(s, r.account)
    if status != ST_ok:
        return status
    if r.reference_length == 0 or r.amount == 0 or r.amount > FIGURE_MAX or r.amount < -FIGURE_MAX:
        return ST_reference_invalid
    if not MovementKind_deposit <= r.kind <= MovementKind_adjustment or not known_item(s, r.instrument, r.currency):
        return ST_reference_invalid
    if r.kind != MovementKind_adjustment and (r.amount > 0) != (r.kind == MovementKind_deposit):
        return ST_reference_invalid
    if r.kind == MovementKind_adjustment and r.reason_length == 0:
        return ST_reason_missing
    slot = find_movement(s, Movement_texts(r), r.reference_length, hash)
    if slot:
        if same_movement(&s.movement[slot], r.account, r.instrument, r.currency, r.kind, r.amount):
            return ST_movement_repeated
        return ST_movement_conflict
    if find_withdrawal(s, Movement_texts(r), r.reference_length, hash):
        return ST_movement_conflict
    if not room_to_book(s):
        return ST_capacity_reached
    if not fits_booked(s, r.account, r.instrument, r.currency, r.amount):
        return ST_value_out_of_range
    status = ST_ok
    if r.amount < 0 and not r.override:
        status = vet_taking(s, r.account, r.instrument, r.currency, -r.amount)
    return status


cdef uint16_t apply_movement(State* s, const Movement* r) noexcept nogil:
    """Books at once, and once by its reference; a withdrawal may go by stages."""
    cdef const uint8_t* texts = Movement_texts(r)
    cdef uint64_t hash = hash_bytes(texts, r.reference_length, 0)
    cdef MovementRow m
    cdef uint16_t status
    if r.stage:
        return apply_withdrawal(s, r, hash)
    status = vet_movement(s, r, hash)
    if status != ST_ok:
        return status
    memset(&m, 0, sizeof(m))
    m.account, m.instrument, m.currency, m.kind, m.user = r.account, r.instrument, r.currency, r.kind, s.source
    m.date = m.value_date = s.firm.business_date
    m.amount, m.reference_hash = r.amount, hash
    m.reference = text_put(s, texts, r.reference_length)
    m.reason = text_put(s, texts + r.reference_length, r.reason_length)
    book(s, &m, INT64_MIN)
    return ST_ok


cdef bint may_transfer(State* s, const Transfer* r) noexcept nogil:
    """An operator anything; a client its own money, from one account of its own to another."""
    if allowed(s, PERMISSION_operate):
        return of_owner(s, r.account) and of_owner(s, r.to)
    if r.instrument or r.margin or r.override or r.to_currency:
        return False
    return vet_account(s, r.account) == ST_ok and vet_account(s, r.to) == ST_ok


cdef uint8_t kind_of(const Transfer* r) noexcept nogil:
    return MovementKind_margin if r.margin else MovementKind_transfer


cdef int64_t arriving(const Transfer* r) noexcept nogil:
    return r.to_amount if r.to_currency else r.amount


cdef uint32_t currency_to(const Transfer* r) noexcept nogil:
    return r.to_currency if r.to_currency else r.currency


cdef uint16_t transferred(const State* s, const Transfer* r, uint64_t hash) noexcept nogil:
    """What the reference stands for already: this transfer, something else, or nothing."""
    cdef uint32_t slot = find_movement(s, Transfer_texts(r), r.reference_length, hash)
    if slot == 0:
        return ST_movement_conflict if find_withdrawal(s, Transfer_texts(r), r.reference_length, hash) else ST_ok
    if same_movement(&s.movement[slot], r.account, r.instrument, r.currency, kind_of(r), -r.amount):
        if same_movement(&s.movement[slot + 1], r.to, r.instrument, currency_to(r), kind_of(r), arriving(r)):
            return ST_movement_repeated
    return ST_movement_conflict


cdef uint16_t vet_transfer(State* s, const Transfer* r, uint64_t hash) noexcept nogil:
    cdef uint32_t accounts = s.header[TABLE_account].used, cash
    cdef uint16_t status
    if r.account == 0 or r.account >= accounts or r.to == 0 or r.to >= accounts:
        return ST_account_unknown
    if not may_transfer(s, r):
        return ST_permission_denied
    if r.reference_length == 0 or not 0 < r.amount <= FIGURE_MAX or not known_item(s, r.instrument, r.currency):
        return ST_reference_invalid
    if r.account == r.to and (r.to_currency == 0 or r.to_currency == r.currency):
        return ST_reference_invalid
    if r.to_currency >= s.header[TABLE_currency].used or (r.instrument and (r.margin or r.to_currency)):
        return ST_reference_invalid
    if r.to_currency and (r.margin or not 0 < r.to_amount <= FIGURE_MAX):
        return ST_reference_invalid
    status = transferred(s, r, hash)
    if status != ST_ok:
        return status
    if not (room_to_book(s) and may_take_rows(s)):
        return ST_capacity_reached
    if r.margin:
        cash = find_cash(s, r.account, r.currency)
        s.figure, s.limit = r.amount, s.cash[cash].margin
        if cash == 0 or r.amount > s.limit:
            return ST_margin_insufficient
        s.limit = cash_available(s, cash)
        if r.amount > s.limit and not r.override:
            return ST_margin_insufficient
        s.figure = s.limit = 0
        return ST_ok
    if not fits_booked(s, r.account, r.instrument, r.currency, -r.amount):
        return ST_value_out_of_range
    if not fits_booked(s, r.to, r.instrument, currency_to(r), arriving(r)):
        return ST_value_out_of_range
    return ST_ok if r.override else vet_taking(s, r.account, r.instrument, r.currency, r.amount)


cdef uint16_t apply_transfer(State* s, const Transfer* r) noexcept nogil:
    """Both legs at once, each with the other's account beside it; stock carries its average price."""
    cdef const uint8_t* texts = Transfer_texts(r)
    cdef uint64_t hash = hash_bytes(texts, r.reference_length, 0)
    cdef MovementRow m
    cdef int64_t average = INT64_MIN
    cdef uint16_t status = vet_transfer(s, r, hash)
    if status != ST_ok:
        return status
    # point of no return
    memset(&m, 0, sizeof(m))
    m.account, m.instrument, m.currency, m.kind, m.user = r.account, r.instrument, r.currency, kind_of(r), s.source
    m.date = m.value_date = s.firm.business_date
    m.amount, m.reference_hash = -r.amount, hash
    m.reference = text_put(s, texts, r.reference_length)
    m.reason = text_put(s, texts + r.reference_length, r.reason_length)
    if r.instrument:
        average = average_e8(s, find_holding(s, r.account, r.instrument))
    leg(s, &m, INT64_MIN)
    m.account, m.currency, m.amount, m.reference_hash = r.to, <uint16_t>currency_to(r), arriving(r), 0
    leg(s, &m, average)
    return ST_ok


cdef void leg(State* s, const MovementRow* m, int64_t average) noexcept nogil:
    if m.kind == MovementKind_margin:
        book_margin(s, m)
    else:
        book(s, m, average)


cdef void book_margin(State* s, const MovementRow* m) noexcept nogil:
    """Credit has no other side: the movement says how it came to be."""
    cdef uint32_t slot = cash_row(s, m.account, m.currency)
    row_open(&s.cash[slot].version)
    s.cash[slot].margin += m.amount
    row_close(&s.cash[slot].version)
    add_movement(s, m)
    if m.amount < 0:
        warn_cash(s, slot)
    if m.reference_hash:
        index_put(&s.by_reference, m.reference_hash, s.header[TABLE_movement].used - 1)
    emit_event(s, EventKind_cash, slot, 0, ST_ok)


cdef int64_t margin_after(const State* s, uint32_t movement) noexcept nogil:
    """The margin that a change of it left behind."""
    cdef const MovementRow* last = &s.movement[movement]
    cdef const MovementRow* m
    cdef int64_t margin = 0
    cdef uint32_t slot
    for slot in range(1, movement + 1):
        m = &s.movement[slot]
        if m.kind == MovementKind_margin and m.account == last.account and m.currency == last.currency:
            margin += m.amount
    return margin


cdef uint16_t vet_margin(State* s, const SetMargin* r, uint64_t hash) noexcept nogil:
    cdef const uint8_t* texts = SetMargin_texts(r)
    cdef const MovementRow* m
    cdef uint32_t slot
    cdef uint16_t status = vet_operated(s, r.account)
    if status != ST_ok:
        return status
    if r.currency == 0 or r.currency >= s.header[TABLE_currency].used or not 0 <= r.margin <= FIGURE_MAX:
        return ST_reference_invalid
    slot = find_movement(s, texts, r.reference_length, hash) if hash else 0
    m = &s.movement[slot]
    if slot and m.kind == MovementKind_margin and m.account == r.account and m.currency == r.currency:
        return ST_movement_repeated if margin_after(s, slot) == r.margin else ST_movement_conflict
    if slot or (hash and find_withdrawal(s, texts, r.reference_length, hash)):
        return ST_movement_conflict
    return ST_ok if room_to_book(s) else ST_capacity_reached


cdef uint16_t apply_margin(State* s, const SetMargin* r) noexcept nogil:
    """What the account may use from now on; with a reference, once."""
    cdef const uint8_t* texts = SetMargin_texts(r)
    cdef uint64_t hash = hash_bytes(texts, r.reference_length, 0) if r.reference_length else 0
    cdef uint16_t status = vet_margin(s, r, hash)
    cdef MovementRow m
    if status != ST_ok:
        return status
    memset(&m, 0, sizeof(m))
    m.account, m.currency, m.kind, m.user = r.account, r.currency, MovementKind_margin, s.source
    m.date = m.value_date = s.firm.business_date
    m.amount = r.margin - s.cash[find_cash(s, r.account, r.currency)].margin
    m.reference_hash = hash
    if m.amount == 0 and hash == 0:
        return ST_ok
    m.reference = text_put(s, texts, r.reference_length)
    m.reason = text_put(s, texts + r.reference_length, r.reason_length)
    book_margin(s, &m)
    return ST_ok
