"""Withdrawals that a client asks for: the money is held at the request, booked when the bank has paid, and free again
when it refuses. Who asked is told how it ended; asked for once more, the answer says how far it is.

Owns the withdrawal rows. `cash.reserved` is the sum over orders and over the withdrawals that wait.
"""

from oms._core.arith cimport FIGURE_MAX
from oms._core.debt cimport warn_cash
from oms._core.index cimport index_put
from oms._core.ledger cimport cash_reserve, cash_row, cash_withdrawable
from oms._core.movements cimport book, find_movement, room_to_book
from oms._core.outputs cimport emit_answer, emit_event, emit_named
from oms._core.vetting cimport allowed, may_take_rows, of_owner, vet_account

from libc.stdint cimport INT64_MIN


cdef uint32_t find_withdrawal(const State* s, const uint8_t* name, uint32_t length, uint64_t hash) noexcept nogil:
    cdef uint64_t at = index_home(&s.by_withdrawal, hash)
    cdef uint32_t slot = index_next(&s.by_withdrawal, hash, &at)
    while slot and not text_is(s, s.withdrawal[slot].reference, name, length):
        slot = index_next(&s.by_withdrawal, hash, &at)
    return slot


cdef uint16_t vet_request(State* s, const Movement* r, uint64_t hash) noexcept nogil:
    """A client asks for its own accounts while they are open; an operator for any. What was asked for before is
    answered whatever the account is now."""
    cdef const AccountRow* a = &s.account[r.account]
    cdef bint operates = allowed(s, PERMISSION_operate)
    cdef uint16_t status = ST_ok if operates else vet_account(s, r.account)
    cdef uint32_t slot
    if status != ST_ok:
        return status
    slot = find_withdrawal(s, Movement_texts(r), r.reference_length, hash)
    if slot:
        return ST_movement_repeated if is_same(&s.withdrawal[slot], r) else ST_movement_conflict
    if find_movement(s, Movement_texts(r), r.reference_length, hash):
        return ST_movement_conflict
    if not operates and a.status != AccountStatus_active:
        return ST_account_suspended if a.status == AccountStatus_suspended else ST_account_closed
    if not operates and a.unreconciled:
        return ST_account_not_reconciled
    if not (has_room(s, TABLE_withdrawal, 1) and has_room(s, TABLE_cash, 1) and has_room(s, TABLE_text, 64)
            and may_take_rows(s)):
        return ST_capacity_reached
    slot = find_cash(s, r.account, r.currency)
    s.figure, s.limit = -r.amount, cash_withdrawable(s, slot) if slot else 0
    if s.figure > s.limit and not (r.override and operates):
        return ST_booked_below_zero
    s.figure = s.limit = 0
    return ST_ok


cdef inline bint is_same(const WithdrawalRow* w, const Movement* r) noexcept nogil:
    return w.account == r.account and w.currency == r.currency and w.amount == -r.amount


cdef void hold(State* s, const Movement* r, uint64_t hash) noexcept nogil:
    cdef uint32_t slot = take(s, TABLE_withdrawal), cash = cash_row(s, r.account, r.currency)
    cdef WithdrawalRow* w = &s.withdrawal[slot]
    row_open(&w.version)
    w.account, w.currency, w.amount, w.user = r.account, r.currency, -r.amount, s.source
    w.status, w.sequence, w.reference_hash = WithdrawalStatus_requested, s.sequence, hash
    w.reference = text_put(s, Movement_texts(r), r.reference_length)
    row_close(&w.version)
    index_put(&s.by_withdrawal, hash, slot)
    cash_reserve(s, cash, w.amount)
    emit_event(s, EventKind_cash, cash, 0, ST_ok)
    warn_cash(s, cash)


cdef void end_withdrawal(State* s, uint32_t withdrawal, uint8_t status) noexcept nogil:
    """It holds nothing any more."""
    cdef WithdrawalRow* w = &s.withdrawal[withdrawal]
    cdef uint32_t cash = find_cash(s, w.account, w.currency)
    row_open(&w.version)
    w.status = status
    row_close(&w.version)
    cash_reserve(s, cash, -w.amount)
    emit_event(s, EventKind_cash, cash, 0, ST_ok)


cdef Answer* emit_withdrawal(State* s, uint16_t to, uint16_t status, uint64_t tag, uint32_t withdrawal) noexcept nogil:
    """An answer by the reference that it was asked for under, with how far it is."""
    cdef const WithdrawalRow* w = &s.withdrawal[withdrawal]
    cdef Answer* answer = emit_named(s, to, status, tag, w.account, w.reference)
    if w.status == WithdrawalStatus_requested:
        answer.request_status = RequestStatus_submitted
    elif w.status == WithdrawalStatus_confirmed:
        answer.request_status = RequestStatus_completed
    else:
        answer.request_status = RequestStatus_rejected
    return answer


cdef void tell_asker(State* s, uint32_t withdrawal) noexcept nogil:
    """Later news to the client that asked. An operator's line carries one answer to each of its records, no more."""
    cdef const WithdrawalRow* w = &s.withdrawal[withdrawal]
    if s.user[w.user].permissions & PERMISSION_operate == 0:
        emit_withdrawal(s, w.user, ST_withdrawal_refused if w.status == WithdrawalStatus_refused else ST_ok, 0,
                        withdrawal)


cdef void answer_movement(State* s, const Movement* r, uint16_t status) noexcept nogil:
    """To whoever sent the record; and when it ended a withdrawal, to who had asked for that."""
    cdef const uint8_t* name = Movement_texts(r)
    cdef uint32_t slot = 0
    if r.stage and status in (ST_ok, ST_movement_repeated):
        slot = find_withdrawal(s, name, r.reference_length, hash_bytes(name, r.reference_length, 0))
    if slot == 0:
        emit_answer(s, s.source, status, r.tag, 0, 0, False)
        return
    emit_withdrawal(s, s.source, status, r.tag, slot).repeated = status == ST_movement_repeated
    if r.stage != MovementStage_request and status == ST_ok:
        tell_asker(s, slot)


cdef uint16_t vet_end(State* s, const Movement* r, uint32_t withdrawal) noexcept nogil:
    """The bank's word, by an operator: of a withdrawal that waits. An amount of 0 stands for all of it."""
    cdef const WithdrawalRow* w = &s.withdrawal[withdrawal]
    cdef uint8_t same = WithdrawalStatus_confirmed if r.stage == MovementStage_confirm else WithdrawalStatus_refused
    if not allowed(s, PERMISSION_operate) or not of_owner(s, r.account):
        return ST_permission_denied
    if withdrawal == 0:
        return ST_withdrawal_unknown
    if w.account != r.account or w.currency != r.currency or (r.amount and w.amount != -r.amount):
        return ST_movement_conflict
    if w.status != WithdrawalStatus_requested:
        return ST_movement_repeated if w.status == same else ST_withdrawal_ended
    return ST_ok if room_to_book(s) else ST_capacity_reached


cdef uint16_t apply_withdrawal(State* s, const Movement* r, uint64_t hash) noexcept nogil:
    cdef const uint8_t* texts = Movement_texts(r)
    cdef uint32_t withdrawal
    cdef uint16_t status
    cdef MovementRow m
    if r.account == 0 or r.account >= s.header[TABLE_account].used:
        return ST_account_unknown
    if r.kind != MovementKind_withdrawal or r.stage > MovementStage_refuse or r.reference_length == 0:
        return ST_reference_invalid
    if r.instrument or r.currency == 0 or r.currency >= s.header[TABLE_currency].used:
        return ST_reference_invalid
    if r.amount < -FIGURE_MAX or r.amount > 0 or (r.amount == 0 and r.stage == MovementStage_request):
        return ST_reference_invalid
    if r.stage == MovementStage_request:
        status = vet_request(s, r, hash)
        if status == ST_ok:
            hold(s, r, hash)
        return status
    withdrawal = find_withdrawal(s, texts, r.reference_length, hash)
    status = vet_end(s, r, withdrawal)
    if status != ST_ok:
        return status
    # point of no return
    if r.stage == MovementStage_refuse:
        end_withdrawal(s, withdrawal, WithdrawalStatus_refused)
        return ST_ok
    end_withdrawal(s, withdrawal, WithdrawalStatus_confirmed)
    memset(&m, 0, sizeof(m))
    m.account, m.currency, m.kind, m.user = r.account, r.currency, MovementKind_withdrawal, s.source
    m.date = m.value_date = s.firm.business_date
    m.amount, m.reference_hash = -s.withdrawal[withdrawal].amount, hash
    m.reference = s.withdrawal[withdrawal].reference
    m.reason = text_put(s, texts + r.reference_length, r.reason_length)
    book(s, &m, INT64_MIN)
    return ST_ok
