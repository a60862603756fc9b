"""Moving an order to another account: its hold, its requests with their ids, and its executed part.

A client's move is checked first: the account it goes to has to have what the order holds and what its executions cost,
and the one it leaves has to be able to do without what they brought. An operator's assignment from the suspense account
books a fact: it is not checked, and what it takes below zero is told.

Each trade that stands is reversed at the old account and issued again at the new one, as trade feeds see it. Items that
have settled are not touched: reversing and new ones are posted, to settle on their own date.
"""

from oms._core.corrections cimport reverse
from oms._core.debt cimport warn_cash, warn_holding
from oms._core.executions cimport add_execution, fee_due, has_ended, refee, supersede
from oms._core.index cimport index_put, index_remove
from oms._core.ledger cimport cash_available, cash_reserve, cash_row, counted_to, holding_available, holding_reserve, \
    holding_row, recost
from oms._core.orders cimport CLOSED_dead, Cover, hold_of, is_live, make_request, rehold, schedule_of, set_status
from oms._core.outputs cimport emit_answer
from oms._core.requests cimport Asked, answer_again, ask, begin, content_of, order_named, refuse, reject
from oms._core.scaled cimport effective_qty, room_to_scale
from oms._core.settlement cimport Item, is_late, item_of, partly_settled, short_part
from oms._core.shorts cimport room_to_short, withheld_more
from oms._core.vetting cimport Terms, may_take_rows, vet_account, vet_operated
from oms._core.watch cimport unwatch_order, unwatch_request, watch_request


cdef inline bint stands(const ExecutionRow* x) noexcept nogil:
    """It is the newest version of a trade, or of a fee, that was not taken back."""
    return x.superseded_by == 0 and x.kind != TradeKind_bust


cdef bint room_to_move(const State* s, const OrderRow* o) noexcept nogil:
    """Each row of the order may be reversed, and issued again; each of these may settle at once."""
    cdef uint32_t rows = 1, slot = o.last_execution
    while slot:
        rows += 1
        slot = s.execution[slot].prev_of_order
    return (has_room(s, TABLE_execution, 2 * rows) and has_room(s, TABLE_movement, 6 * rows)
            and has_room(s, TABLE_progress, 3 * rows) and has_room(s, TABLE_ladder, 4 * rows + 8)
            and has_room(s, TABLE_cost_event, 2 * rows) and has_room(s, TABLE_cash, 1) and has_room(s, TABLE_holding, 1)
            and room_to_short(s) and room_to_scale(s, o.instrument, rows))


cdef uint16_t vet_target(const State* s, uint32_t account) noexcept nogil:
    cdef const AccountRow* a = &s.account[account]
    if a.status == AccountStatus_suspended:
        return ST_account_suspended
    if a.status == AccountStatus_closed:
        return ST_account_closed
    return ST_account_not_reconciled if a.unreconciled else ST_ok


cdef bint id_taken(const State* s, uint32_t order, uint32_t account) noexcept nogil:
    """Has the account a request of today, or of a live chain, under an id of this order's chain?"""
    cdef uint32_t slot, other
    cdef const uint8_t* name
    for slot in range(1, s.header[TABLE_request].used):
        if s.request[slot].order != order or s.request[slot].status == 0 or s.request[slot].cl_ord_id == 0:
            continue
        name = text_of(s, s.request[slot].cl_ord_id)
        other = find_request(s, account, name + 1, name[0], hash_bytes(name + 1, name[0], account))
        if other and (s.request[other].business_date == s.firm.business_date or is_live(s.request[other].status)):
            return True
        if other and s.request[other].order and not s.order[s.request[other].order].closed:
            return True
    return False


cdef uint16_t lacking(State* s, uint16_t status, int64_t wanted, int64_t free) noexcept nogil:
    s.figure, s.limit = wanted, free
    return status


cdef uint16_t vet_new_cover(State* s, const OrderRow* o, uint32_t account) noexcept nogil:
    """What the order holds there, at that account's fees, and what its executed part costs."""
    cdef OrderRow there = o[0]
    cdef uint32_t cash = find_cash(s, account, s.instrument[o.instrument].currency)
    cdef uint32_t holding = find_holding(s, account, o.instrument), slot = o.last_execution
    cdef int64_t money = cash_available(s, cash) if cash else 0, stock = holding_available(s, holding) if holding else 0
    cdef int64_t tax, paid = o.cum_value if is_buy(o.side) else -o.cum_value
    cdef Cover cover
    there.account = account
    there.fee = <uint16_t>schedule_of(s, account, o.instrument)
    there.fee_charged = fee_due(s, &there, o.cum_value, has_ended(o), &tax)
    if not hold_of(s, &there, 0, &cover):
        return ST_value_out_of_range
    cover.cash += max(paid + there.fee_charged, 0)
    while o.side == Side_sell and slot:
        if stands(&s.execution[slot]):
            cover.stock += effective_qty(s, &s.execution[slot])
        slot = s.execution[slot].prev_of_order
    if cover.cash > 0 and cover.cash > money:
        return lacking(s, ST_funds_insufficient, cover.cash, money)
    if cover.stock > 0 and cover.stock > stock:
        return lacking(s, ST_stock_insufficient, cover.stock, stock)
    return ST_ok


cdef uint16_t vet_old_cover(State* s, const OrderRow* o, uint32_t order) noexcept nogil:
    """Can the account do without what the executed part brought, as far as that counts as available? Without it more
    may be short, or less: what is withheld of the proceeds follows."""
    cdef const CashRow* c = &s.cash[o.cash]
    cdef bint sells_unsettled = s.account_class[s.account[o.account].account_class].sell_unsettled != 0
    cdef int32_t today = s.firm.business_date, last = counted_to(s, c)
    cdef int64_t money = 0, stock = 0, traded = 0, short_due = 0, short_counted = 0, free
    cdef uint32_t slot = o.last_execution
    cdef const ExecutionRow* x
    cdef Item item
    cdef bint settled, counts
    while slot:
        x = &s.execution[slot]
        if stands(x):
            item = item_of(s, x)
            settled = x.posted == 2 or partly_settled(s, x)
            counts = last and today <= x.settle_date <= last and not is_late(s, x)
            traded += item.stock
            if settled or counts:
                money += max(item.net, 0)
            if not settled:
                money += min(item.net, 0)  # it is owed no more
                short_due += 0 if is_late(s, x) else short_part(x, item.net)
                short_counted += short_part(x, item.net) if counts else 0
            if settled or sells_unsettled:
                stock += max(item.stock, 0)
        slot = x.prev_of_order
    money += withheld_more(s, o, order, traded, short_due, short_counted)
    free = cash_available(s, o.cash) + o.reserved
    if money > 0 and money > free:
        return lacking(s, ST_funds_insufficient, money, free)
    free = holding_available(s, o.holding) + o.reserved_qty
    if stock > 0 and stock > free:
        return lacking(s, ST_stock_insufficient, stock, free)
    return ST_ok


cdef uint16_t vet_move(State* s, uint32_t order, uint32_t account) noexcept nogil:
    cdef const OrderRow* o = &s.order[order]
    cdef uint16_t status = ST_order_too_late if o.closed == CLOSED_dead and o.cum_qty == 0 else ST_ok
    if status == ST_ok:
        status = vet_target(s, account)
    if status == ST_ok and is_short(o.side) and not s.account[account].short_allowed:
        status = ST_short_not_allowed
    if status == ST_ok and id_taken(s, order, account):
        status = ST_move_id_taken
    if status == ST_ok and s.account[account].owner != s.account[o.account].owner:
        status = ST_move_owner_differs
    if status == ST_ok:
        status = vet_new_cover(s, o, account)
    if status == ST_ok:
        status = vet_old_cover(s, o, order)
    if status == ST_ok and not room_to_move(s, o):
        status = ST_capacity_reached
    return status


cdef void rename_requests(State* s, uint32_t order, uint32_t account) noexcept nogil:
    """The ids of the order's chain are the new account's. Moves are rare: all requests are looked at."""
    cdef uint32_t slot
    cdef RequestRow* r
    cdef const uint8_t* name
    cdef uint64_t hash
    for slot in range(1, s.header[TABLE_request].used):
        r = &s.request[slot]
        if r.order != order or r.status == 0:
            continue
        name = text_of(s, r.cl_ord_id)
        hash = hash_bytes(name + 1, name[0], account)
        if name[0]:
            index_remove(&s.by_cl_ord_id, <uint64_t>r.cl_ord_id_hash << 32, slot)
            index_put(&s.by_cl_ord_id, hash, slot)
        row_open(&r.version)
        r.account = account
        if name[0]:
            r.cl_ord_id_hash = <uint32_t>(hash >> 32)
        row_close(&r.version)


cdef void rewatch(State* s, uint32_t order, bint leaves) noexcept nogil:
    """What is looked up by account: taken out before the order leaves, put in when it has come."""
    cdef uint32_t slot
    if leaves and s.firm.watched & WATCH_own:
        unwatch_order(s, order)
    if not s.firm.watched & WATCH_content:
        return
    for slot in range(1, s.header[TABLE_request].used):
        if s.request[slot].order == order and s.request[slot].type == RequestType_new:
            if leaves:
                unwatch_request(s, slot)
            else:
                watch_request(s, slot)


cdef uint32_t reverse_all(State* s, const OrderRow* o) noexcept nogil:
    """Takes back, oldest first, what stands of the order's executions. Returns how many trades; State.slots has the
    rows that took them back."""
    cdef uint32_t slot = o.last_execution, count = 0, index, reversal, trades = 0
    while slot:
        if stands(&s.execution[slot]):
            s.slots[count] = slot
            count += 1
        slot = s.execution[slot].prev_of_order
    for index in range(count // 2):
        s.slots[index], s.slots[count - 1 - index] = s.slots[count - 1 - index], s.slots[index]
    for index in range(count):
        slot = s.slots[index]
        reversal = reverse(s, slot, s.execution[slot].exec_id, False, 0)
        if s.execution[slot].last_qty:
            s.slots[trades] = reversal
            trades += 1
    return trades


cdef void issue_again(State* s, uint32_t order, uint32_t reversal) noexcept nogil:
    """The trade that was reversed, at the order's account of now; refee posts it, with its part of the fee. What had
    settled is due anew with the reversal."""
    cdef ExecutionRow figures = s.execution[s.execution[reversal].ref]
    figures.kind = TradeKind_trade
    figures.ref = reversal
    figures.trade_version = <uint8_t>(s.execution[reversal].trade_version + 1)
    figures.settle_date = s.execution[reversal].settle_date
    figures.scaled = s.execution[reversal].scaled
    figures.posted = figures.progress = 0
    figures.fee = figures.tax = 0
    supersede(s, reversal, add_execution(s, order, &figures, False))


cdef void move(State* s, uint32_t order, uint32_t account) noexcept nogil:
    """All checks are done: the order is the other account's."""
    cdef OrderRow* o = &s.order[order]
    cdef uint32_t cash = o.cash, holding = o.holding, trades, index
    rewatch(s, order, True)
    cash_reserve(s, cash, -o.reserved)
    holding_reserve(s, holding, -o.reserved_qty)
    trades = reverse_all(s, o)
    row_open(&o.version)
    o.reserved = o.reserved_qty = 0
    o.account = account
    o.cash = cash_row(s, account, s.instrument[o.instrument].currency)
    o.holding = holding_row(s, account, o.instrument)
    o.fee = <uint16_t>schedule_of(s, account, o.instrument)
    row_close(&o.version)
    for index in range(trades):
        issue_again(s, order, s.slots[index])
    rename_requests(s, order, account)
    if trades:
        refee(s, order, 0)
    recost(s, holding)
    recost(s, o.holding)
    rewatch(s, order, False)
    rehold(s, order)
    warn_cash(s, cash)
    warn_holding(s, holding)
    warn_cash(s, o.cash)
    warn_holding(s, o.holding)


cdef uint16_t apply_move(State* s, const MoveOrder* r) noexcept nogil:
    """Answers as any request; one with an id of its own leaves its row with the account that asked."""
    cdef Asked a
    cdef Terms t
    cdef const uint8_t* name = MoveOrder_texts(r)
    cdef uint32_t slot = 0, order, length = r.orig_cl_ord_id_length
    cdef uint16_t status
    ask(&a, RequestType_move, 0, r.account, r.tag, name, r.cl_ord_id_length,
        content_of(r, <uint64_t>&r.tag - <uint64_t>r, T_MoveOrder, r.frame.length))
    status = begin(s, &a, &slot) if length else vet_account(s, a.account)
    if status == ST_ok and slot:
        return answer_again(s, &a, slot)
    if status == ST_ok:
        status = vet_account(s, r.to)
    if status == ST_ok and r.to == r.account:
        status = ST_account_unknown
    if status != ST_ok:
        return refuse(s, &a, status)
    memset(&t, 0, sizeof(t))
    t.account = a.account
    order = order_named(s, &a, name + r.cl_ord_id_length if length else name, length if length else r.cl_ord_id_length)
    status = vet_move(s, order, r.to) if order else ST_order_unknown
    if status == ST_ok and not (has_room(s, TABLE_request, 1) and has_room(s, TABLE_text, 64) and may_take_rows(s)):
        status = ST_capacity_reached
    if status != ST_ok:
        return reject(s, &a, &t, status) if length else refuse(s, &a, status)
    # point of no return
    if length:
        slot = make_request(s, a.type, &t, a.name, a.length, a.hash, a.content)
        set_status(s, slot, RequestStatus_completed, ST_ok)
    move(s, order, r.to)
    emit_answer(s, s.source, ST_ok, a.tag, a.account, slot if slot else s.order[order].request, False)
    return ST_ok


cdef bint is_suspense(const State* s, uint32_t account) noexcept nogil:
    """Where what exchanges report for nobody's account is booked."""
    return s.account[account].owner == 0 and memcmp(s.account[account].code, b"SUSPENSE", 9) == 0


cdef uint16_t apply_assign(State* s, const AssignOrder* r) noexcept nogil:
    """An operator says whose order it is that was booked to the suspense account."""
    cdef uint32_t order = <uint32_t>r.order
    cdef uint16_t status = vet_operated(s, r.account)
    if order >= s.header[TABLE_order].used or s.order[order].generation != r.order >> 32:
        order = 0
    if status != ST_ok:
        pass
    elif order == 0 or s.order[order].request == 0 or not is_suspense(s, s.order[order].account):
        status = ST_nothing_to_resolve
    elif is_suspense(s, r.account):
        status = ST_resolution_invalid
    elif not room_to_move(s, &s.order[order]):
        status = ST_capacity_reached
    if status == ST_ok:
        move(s, order, r.account)
    emit_answer(s, s.source, status, r.tag, r.account, s.order[order].request if status == ST_ok else 0, False)
    return status
