"""What banks and registries report while the market is open: what has moved, or what there is.

Owns the balance rows. Each report counts once, by its feed and id, and is a fact: it may take what is available below
zero, which stops new buys at once. What cannot be booked is parked; sent again once it can be, it counts then.

What there is at the end of a past date is loaded like a file: later settlements and movements stay on top. What there
is on the business date is so at this moment: only what comes from now on is on top. What was parked counts as
of when it came.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport FIGURE_MAX, rescale
from oms._core.debt cimport warn_holding
from oms._core.feeds cimport count_in
from oms._core.index cimport index_put
from oms._core.ledger cimport cash_row, holding_row
from oms._core.loads cimport actions_since, book_figure, in_stock_of_today
from oms._core.movements cimport book, room_to_book
from oms._core.outputs cimport emit_event
from oms._core.parked cimport park
from oms._core.reference cimport find_account, find_listing, find_small
from oms._core.vetting cimport allowed
from oms._core.withdrawals cimport end_withdrawal, find_withdrawal, tell_asker

cdef struct Told:  # a report, with its codes as rows and its amount in units
    uint32_t account
    uint32_t instrument  # 0 = money
    uint32_t currency
    uint32_t row         # of cash or holding
    int64_t amount
    int32_t as_of
    int32_t date         # the business date when it came
    uint64_t sequence    # of the record in which it came


cdef void told_when(const State* s, const BalanceReport* r, Told* t) noexcept nogil:
    cdef uint32_t slot = s.header[TABLE_day].used
    t.date, t.sequence = s.firm.business_date, s.sequence
    if r.parked:
        t.sequence = s.parked[r.parked].sequence
        while slot > 1 and s.day[slot - 1].sequence > t.sequence:
            slot -= 1
        t.date = s.day[slot - 1].date


cdef uint16_t resolve(const State* s, const BalanceReport* r, Told* t) noexcept nogil:
    """Whose it is, of what, and how much in units."""
    cdef const uint8_t* text = BalanceReport_texts(r) + r.id_length
    cdef char[32] code
    cdef int exponent
    cdef uint16_t source = s.parked[r.parked].source if r.parked else s.source
    memset(t, 0, sizeof(Told))
    memset(code, 0, 32)
    if r.account_code_length <= 32:
        memcpy(code, text, r.account_code_length)
        t.account = find_account(s, s.user[source].owner, code)
    if t.account == 0:
        return ST_account_unknown
    text += r.account_code_length
    memset(code, 0, 32)
    if r.item_code_length <= 8:
        memcpy(code, text, r.item_code_length)
        t.currency = find_small(s, TABLE_currency, 4, code, 8) if r.item_code_length else 0
    exponent = s.currency[t.currency].exponent
    if t.currency == 0:
        t.instrument = find_listing(s, text, r.item_code_length)
        exponent = s.instrument[t.instrument].quantity_exponent
    if t.currency == 0 and t.instrument == 0:
        return ST_instrument_unknown
    told_when(s, r, t)
    t.as_of = r.as_of if r.as_of else t.date
    if t.as_of > s.firm.business_date or r.id_length == 0 or not rescale(r.amount, r.decimals, exponent, &t.amount):
        return ST_report_out_of_range
    return ST_ok


cdef uint32_t find_report(const State* s, const BalanceReport* r, uint64_t hash) noexcept nogil:
    cdef uint64_t at = index_home(&s.by_report, hash)
    cdef uint32_t slot = index_next(&s.by_report, hash, &at)
    while slot:
        if s.balance[slot].feed == r.feed and text_is(s, s.balance[slot].id, BalanceReport_texts(r), r.id_length):
            return slot
        slot = index_next(&s.by_report, hash, &at)
    return 0


cdef bint says_the_same(const BalanceRow* b, const BalanceReport* r, const Told* t) noexcept nogil:
    return (b.account == t.account and b.instrument == t.instrument and b.currency == t.currency
            and b.amount == t.amount and b.absolute == (r.absolute != 0) and (r.as_of == 0 or b.as_of == t.as_of))


cdef int32_t contained_to(const State* s, const Told* t) noexcept nogil:
    """The date that the row's last loaded figure describes."""
    if t.row == 0:
        return 0
    return s.cash[t.row].loaded_as_of if t.currency else s.holding[t.row].loaded_as_of


cdef int64_t standing(const State* s, const Told* t) noexcept nogil:
    return s.cash[t.row].booked if t.currency else s.holding[t.row].settled


cdef int64_t moved_since(const State* s, const Told* t) noexcept nogil:
    """What settled or moved after the date that a figure describes; one of the business date describes the moment at
    which it came."""
    cdef const MovementRow* m
    cdef int64_t total = 0
    cdef uint32_t slot
    if t.sequence == s.sequence and t.as_of == t.date:
        return 0
    for slot in range(1, s.header[TABLE_movement].used):
        m = &s.movement[slot]
        if m.account != t.account or m.instrument != t.instrument or m.currency != t.currency:
            continue
        if m.kind in (MovementKind_start_of_day, MovementKind_figure, MovementKind_margin):
            continue
        if m.sequence > t.sequence if t.as_of >= t.date else m.value_date > t.as_of:
            total += m.amount
    return total


cdef bint overtaken(const State* s, const Told* t) noexcept nogil:
    """Has the source told since what there is, of that date or a later one? Then that contains what was parked."""
    cdef const BalanceRow* b
    cdef uint32_t slot = s.header[TABLE_balance].used
    while slot > 1 and s.balance[slot - 1].sequence > t.sequence:
        slot -= 1
        b = &s.balance[slot]
        if b.absolute and b.as_of >= t.as_of:
            if b.account == t.account and b.instrument == t.instrument and b.currency == t.currency:
                return True
    return False


cdef int64_t moves(const State* s, const BalanceReport* r, const Told* t) noexcept nogil:
    """By how much booked or settled is to change; what a loaded figure contains does not move again."""
    cdef int32_t contained = contained_to(s, t)
    if overtaken(s, t):
        return 0
    if r.absolute:
        return t.amount + moved_since(s, t) - standing(s, t) if t.as_of >= contained else 0
    return t.amount if t.as_of > contained else 0


cdef void describe(State* s, const BalanceReport* r, const Told* t) noexcept nogil:
    """The row describes that date from now on; of the business date, only what came before it."""
    cdef int32_t as_of = t.as_of - 1 if t.as_of >= t.date else t.as_of
    if not r.absolute or as_of <= contained_to(s, t):
        return
    if t.currency:
        row_open(&s.cash[t.row].version)
        s.cash[t.row].loaded_as_of = as_of
        row_close(&s.cash[t.row].version)
    else:
        row_open(&s.holding[t.row].version)
        s.holding[t.row].loaded_as_of = as_of
        row_close(&s.holding[t.row].version)


cdef void pay_out(State* s, const BalanceReport* r, const Told* t) noexcept nogil:
    """The bank has paid what a client asked for: it is held no longer."""
    cdef const uint8_t* text = BalanceReport_texts(r) + r.id_length + r.account_code_length + r.item_code_length
    cdef uint32_t slot = 0
    cdef const WithdrawalRow* w
    if r.reference_length and t.currency and not r.absolute:
        slot = find_withdrawal(s, text, r.reference_length, hash_bytes(text, r.reference_length, 0))
    w = &s.withdrawal[slot]
    if slot == 0 or w.status != WithdrawalStatus_requested:
        return
    if w.account == t.account and w.currency == t.currency and w.amount == -t.amount:
        end_withdrawal(s, slot, WithdrawalStatus_confirmed)
        tell_asker(s, slot)


cdef void keep(State* s, const BalanceReport* r, const Told* t, uint64_t hash, int64_t change) noexcept nogil:
    """Notes the report, and books what it moves."""
    cdef uint32_t slot = take(s, TABLE_balance)
    cdef BalanceRow* b = &s.balance[slot]
    cdef MovementRow m
    row_open(&b.version)
    b.account, b.instrument, b.currency, b.feed = t.account, t.instrument, <uint16_t>t.currency, r.feed
    b.as_of, b.amount, b.absolute, b.hash, b.sequence = t.as_of, t.amount, r.absolute != 0, hash, s.sequence
    b.id = text_put(s, BalanceReport_texts(r), r.id_length)
    b.movement = s.header[TABLE_movement].used if change else 0
    row_close(&b.version)
    index_put(&s.by_report, hash, slot)
    describe(s, r, t)
    if change == 0:
        return
    memset(&m, 0, sizeof(m))
    m.account, m.instrument, m.currency, m.feed = t.account, t.instrument, <uint16_t>t.currency, r.feed
    m.kind, m.user = MovementKind_figure if r.absolute else MovementKind_reported, s.source
    m.date = m.value_date = t.as_of
    m.amount, m.reference = change, b.id
    if t.currency:
        book(s, &m, INT64_MIN)
        return
    book_figure(s, t.row, &m, INT64_MIN)
    emit_event(s, EventKind_holding, t.row, 0, ST_ok)
    if change < 0:
        warn_holding(s, t.row)


cdef uint16_t park_balance(State* s, uint16_t status, const BalanceReport* r) noexcept nogil:
    return park(s, status, <const Frame*>r, r.feed, r.parked, BalanceReport_texts(r), r.id_length)


cdef inline bint room_for_actions(const State* s, const Told* t) noexcept nogil:
    """What was told as of before corporate actions leaves a movement for each."""
    cdef uint32_t actions = actions_since(s, t.instrument, t.as_of)
    return has_room(s, TABLE_movement, 2 + actions) and has_room(s, TABLE_cost_event, 2 + actions)


cdef uint16_t take_balance(State* s, const BalanceReport* r) noexcept nogil:
    """A report, however it came."""
    cdef uint64_t hash
    cdef uint32_t known
    cdef int64_t change
    cdef Told t
    cdef uint16_t status = resolve(s, r, &t)
    if status != ST_ok:
        return park_balance(s, status, r)
    hash = hash_bytes(BalanceReport_texts(r), r.id_length, r.feed)
    known = find_report(s, r, hash)
    if known and says_the_same(&s.balance[known], r, &t):
        return ST_movement_repeated
    if known:
        return park_balance(s, ST_movement_conflict, r)
    if not (room_to_book(s) and has_room(s, TABLE_balance, 1)) or not room_for_actions(s, &t):
        return park_balance(s, ST_capacity_reached, r)
    t.row = find_cash(s, t.account, t.currency) if t.currency else find_holding(s, t.account, t.instrument)
    change = moves(s, r, &t)
    if not -FIGURE_MAX <= standing(s, &t) + in_stock_of_today(s, t.instrument, change, t.as_of) <= FIGURE_MAX:
        return park_balance(s, ST_report_out_of_range, r)
    status = ST_report_stale if overtaken(s, &t) or (r.absolute and t.as_of < contained_to(s, &t)) else ST_ok
    # point of no return
    t.row = cash_row(s, t.account, t.currency) if t.currency else holding_row(s, t.account, t.instrument)
    pay_out(s, r, &t)
    keep(s, r, &t, hash, change)
    return status


cdef uint16_t apply_balance(State* s, const BalanceReport* r) noexcept nogil:
    if not allowed(s, PERMISSION_report):
        return ST_permission_denied
    if r.feed == 0 or r.feed >= s.header[TABLE_feed].used or s.feed[r.feed].exchange:
        return park_balance(s, ST_feed_unknown, r)
    if not count_in(s, r.feed, r.feed_sequence):
        return ST_feed_sequence_repeated
    return take_balance(s, r)
