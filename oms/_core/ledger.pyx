"""Cash and holdings: buckets, dated ladders, average cost, settlement dates, fees.

Owns the cash, holding, ladder and cost_event rows. Never decides whether a request may pass, and knows no order:
callers have checked that figures fit and that the tables have room before they change anything here.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport FIGURE_MAX, cost_add, cost_average, cost_carry, cost_load, cost_scale, rate_of, scale_e4
from oms._core.index cimport index_put
from oms._core.scaled cimport placed_qty
from oms._core.shorts cimport not_spendable, resize_short, short_settled

cdef enum:
    ALL_DAYS = 3650  # receivable_days from here on mean "all"


cdef uint32_t cash_row(State* s, uint32_t account, uint32_t currency) noexcept nogil:
    """The account's row in that currency; made when it has none."""
    cdef uint32_t slot = find_cash(s, account, currency)
    cdef CashRow* cash
    if slot:
        return slot
    slot = take(s, TABLE_cash)
    cash = &s.cash[slot]
    row_open(&cash.version)
    cash.account = account
    cash.currency = <uint16_t>currency
    cash.next = s.account[account].cash
    row_close(&cash.version)
    row_open(&s.account[account].version)
    s.account[account].cash = slot
    row_close(&s.account[account].version)
    return slot


cdef uint32_t holding_row(State* s, uint32_t account, uint32_t instrument) noexcept nogil:
    """The account's row in that instrument; made when it has none."""
    cdef uint32_t slot = find_holding(s, account, instrument)
    if slot:
        return slot
    slot = take(s, TABLE_holding)
    row_open(&s.holding[slot].version)
    s.holding[slot].account = account
    s.holding[slot].instrument = instrument
    row_close(&s.holding[slot].version)
    index_put(&s.by_holder, mix(account, instrument), slot)
    return slot


cdef bint business_day(const State* s, uint32_t calendar, int32_t date) noexcept nogil:
    """Weekends never are; other days unless the calendar names them. 1970-01-01 was a Thursday."""
    cdef int64_t bit = <int64_t>date - s.calendar[calendar].first_day
    if (date + 3) % 7 >= 5:
        return False
    if calendar == 0 or bit < 0 or bit >= 1016 * 8:
        return True
    return not (s.calendar[calendar].closed[bit >> 3] >> (bit & 7)) & 1


cdef int32_t settle_date(State* s, uint32_t instrument, int32_t trade_date) noexcept nogil:
    """Trade date + n days that are business days of both the exchange and the currency."""
    cdef InstrumentRow* i = &s.instrument[instrument]
    cdef uint32_t here = s.exchange[i.exchange].calendar, money = s.currency[i.currency].calendar
    cdef int32_t date = trade_date
    cdef int left = i.settlement_days
    if i.settle_of == trade_date:
        return i.settle_date
    while left > 0:
        date += 1
        if business_day(s, here, date) and business_day(s, money, date):
            left -= 1
    row_open(&i.version)
    i.settle_of = trade_date
    i.settle_date = date
    row_close(&i.version)
    return date


cdef int32_t counted_to(const State* s, const CashRow* cash) noexcept nogil:
    """The last settlement date whose receivables the account's class counts as spendable; 0 when it counts none."""
    cdef int days = s.account_class[s.account[cash.account].account_class].receivable_days
    cdef uint32_t calendar = s.currency[cash.currency].calendar
    cdef int32_t last = s.firm.business_date
    if days == 0:
        return 0
    if days >= ALL_DAYS:
        return 0x7FFFFFFF
    while days > 0:
        last += 1
        if business_day(s, calendar, last):
            days -= 1
    return last


cdef int64_t further_due(const State* s, uint32_t first, int32_t today, int32_t last) noexcept nogil:
    """What is due from today to `last` among the entries that do not fit into a row."""
    cdef int64_t total = 0
    while first:
        if today <= s.ladder[first].date <= last:
            total += s.ladder[first].due
        first = s.ladder[first].next
    return total


cdef int64_t countable_receivables(const State* s, const CashRow* cash, int32_t last) noexcept nogil:
    """Neither late nor further ahead than the account's class allows."""
    cdef int32_t today = s.firm.business_date
    cdef int64_t total = further_due(s, cash.ladder, today, last)
    cdef int index
    for index in range(LADDER_CASH):
        if today <= cash.ladder_date[index] <= last:
            total += cash.ladder_receivable[index]
    return total


cdef int64_t cash_available(const State* s, uint32_t cash) noexcept nogil:
    """booked + margin - reserved - all payables + the receivables that the account's class counts, without the proceeds
    of short sales that are not bought back."""
    cdef const CashRow* c = &s.cash[cash]
    cdef int64_t available = c.booked + c.margin - c.reserved - c.payable
    cdef int32_t last = counted_to(s, c) if c.receivable else 0
    if last:
        available += countable_receivables(s, c, last)
    if c.exposure:
        available -= not_spendable(s, c, last)
    return available


cdef int64_t cash_withdrawable(const State* s, uint32_t cash) noexcept nogil:
    """Neither what is held, nor owed, nor received for stock that is yet to be bought back."""
    cdef const CashRow* c = &s.cash[cash]
    cdef int64_t free = c.booked - c.reserved - c.payable
    if c.exposure:
        free -= short_settled(s, c)
    return max(free, 0)


cdef int64_t holding_available(const State* s, uint32_t holding) noexcept nogil:
    """settled - outgoing - reserved, + incoming where the account's class lets unsettled stock be sold."""
    cdef const HoldingRow* h = &s.holding[holding]
    cdef int64_t available = h.settled - h.outgoing - h.reserved
    if h.incoming and s.account_class[s.account[h.account].account_class].sell_unsettled:
        available += h.incoming
    return available


cdef void further_ladder(State* s, uint32_t* first, int32_t date, int64_t owed, int64_t due) noexcept nogil:
    """Adds to the entry of a date among those that do not fit into the row; an emptied entry is used again."""
    cdef uint32_t slot = first[0], empty = 0
    while slot and not (s.ladder[slot].date == date):
        if s.ladder[slot].owed == 0 and s.ladder[slot].due == 0:
            empty = slot
        slot = s.ladder[slot].next
    if slot == 0:
        slot = empty
    if slot == 0:
        slot = take(s, TABLE_ladder)
        s.ladder[slot].next = first[0]
        first[0] = slot
    row_open(&s.ladder[slot].version)
    s.ladder[slot].date = date
    s.ladder[slot].owed += owed
    s.ladder[slot].due += due
    row_close(&s.ladder[slot].version)


cdef bint further_has(const State* s, uint32_t first, int32_t date) noexcept nogil:
    while first:
        if s.ladder[first].date == date and (s.ladder[first].owed or s.ladder[first].due):
            return True
        first = s.ladder[first].next
    return False


cdef int ladder_place(const State* s, const int32_t* dates, int places, uint32_t further, int32_t date) noexcept nogil:
    """The place of a date in the row itself, or -1: it stands, or must go, among the further ones."""
    cdef int index, empty = -1
    for index in range(places):
        if dates[index] == date:
            return index
        if dates[index] == 0 and empty < 0:
            empty = index
    if empty >= 0 and further and further_has(s, further, date):
        return -1
    return empty


cdef inline void add_to_ladder(State* s, int32_t* dates, int64_t* owed, int64_t* due, int places, uint32_t* further,
                               int32_t date, int64_t more_owed, int64_t more_due) noexcept nogil:
    """Adds to what is owed and due on a date; a date with nothing left gives its place back."""
    cdef int place = ladder_place(s, dates, places, further[0], date)
    if place < 0:
        further_ladder(s, further, date, more_owed, more_due)
        return
    owed[place] += more_owed
    due[place] += more_due
    dates[place] = date if owed[place] or due[place] else 0


cdef void cash_ladder(State* s, uint32_t cash, int32_t date, int64_t payable, int64_t receivable) noexcept nogil:
    """Adds to what is payable and receivable on a date."""
    cdef CashRow* c = &s.cash[cash]
    row_open(&c.version)
    c.payable += payable
    c.receivable += receivable
    add_to_ladder(s, c.ladder_date, c.ladder_payable, c.ladder_receivable, LADDER_CASH, &c.ladder, date, payable,
                  receivable)
    row_close(&c.version)


cdef void holding_ladder(State* s, uint32_t holding, int32_t date, int64_t outgoing, int64_t incoming) noexcept nogil:
    """Adds to what is outgoing and incoming on a date."""
    cdef HoldingRow* h = &s.holding[holding]
    row_open(&h.version)
    h.outgoing += outgoing
    h.incoming += incoming
    add_to_ladder(s, h.ladder_date, h.ladder_outgoing, h.ladder_incoming, LADDER_HOLDING, &h.ladder, date, outgoing,
                  incoming)
    row_close(&h.version)
    resize_short(s, holding)


cdef void holding_settle(State* s, uint32_t holding, int64_t quantity) noexcept nogil:
    """Adds to what is settled."""
    if quantity:
        row_open(&s.holding[holding].version)
        s.holding[holding].settled += quantity
        row_close(&s.holding[holding].version)
        resize_short(s, holding)


cdef void cash_reserve(State* s, uint32_t cash, int64_t change) noexcept nogil:
    if change:
        row_open(&s.cash[cash].version)
        s.cash[cash].reserved += change
        row_close(&s.cash[cash].version)


cdef void holding_reserve(State* s, uint32_t holding, int64_t change) noexcept nogil:
    if change:
        row_open(&s.holding[holding].version)
        s.holding[holding].reserved += change
        row_close(&s.holding[holding].version)


cdef inline void forget_cost(HoldingRow* h) noexcept nogil:
    h.cost_low = 0
    h.cost_high = 0
    h.cost_quantity = 0


cdef int64_t cost_step(HoldingRow* h, int64_t total, uint8_t side, int64_t quantity, int64_t price,
                       int64_t traded) noexcept nogil:
    """Moves the average by one trade on a holding of `total`: weighted on adds, unchanged on reductions, the fill's
    price after crossing zero, none when flat. The price is for what was `traded`, which since a corporate action counts
    as `quantity`. Returns the new total."""
    cdef int64_t after = total + quantity if is_buy(side) else total - quantity
    if after == 0:
        forget_cost(h)
    elif after == total:
        return total
    elif total == 0 or (total < 0) != (after < 0):
        cost_add(&h.cost_low, &h.cost_high, &h.cost_quantity, 0, -after if after < 0 else after, price, traded,
                 quantity)
    elif (total < 0) == (not is_buy(side)) and h.cost_quantity:
        cost_add(&h.cost_low, &h.cost_high, &h.cost_quantity, -total if total < 0 else total, quantity, price,
                 traded, quantity)
    return after


cdef void holding_cost(State* s, uint32_t holding, uint8_t side, int64_t quantity, int64_t price,
                       int64_t traded) noexcept nogil:
    """Call before the ladder is moved: the average follows the total as it was."""
    cdef HoldingRow* h = &s.holding[holding]
    row_open(&h.version)
    cost_step(h, holding_total(h), side, quantity, price, traded)
    row_close(&h.version)


cdef int64_t cost_adjust(HoldingRow* h, int exponent, int64_t total, int64_t quantity, int64_t told,
                         bint carried) noexcept nogil:
    """Stock that comes or goes without a trade keeps the average, unless a registry tells one or it has brought its
    own; none when flat, nor for what comes to an empty holding untold. Returns the new total."""
    cdef int64_t after = total + quantity
    if carried and total and (total < 0) == (after < 0):
        if total > 0 and h.cost_quantity:
            cost_carry(&h.cost_low, &h.cost_high, &h.cost_quantity, total, quantity, told, exponent)
    elif told != INT64_MIN:
        cost_load(told, exponent, &h.cost_low, &h.cost_high, &h.cost_quantity)
    elif total == 0 or (total < 0) != (after < 0):
        forget_cost(h)
    if after == 0:
        forget_cost(h)
    return after


cdef void add_cost_event(State* s, uint32_t holding, int64_t quantity, int64_t told) noexcept nogil:
    """Call before the total is changed by a load, an adjustment, or the close of what a loaded figure contains. told:
    the average price with eight decimals, or null."""
    change_cost(s, holding, quantity, told, False)


cdef void carry_cost(State* s, uint32_t holding, int64_t quantity, int64_t average_e8) noexcept nogil:
    """Call before stock comes that has an average price of its own."""
    change_cost(s, holding, quantity, average_e8, average_e8 != INT64_MIN)


cdef int64_t average_e8(const State* s, uint32_t holding) noexcept nogil:
    """The holding's average price with eight decimals; null when it has none."""
    cdef const HoldingRow* h = &s.holding[holding]
    if h.cost_quantity == 0:
        return INT64_MIN
    return cost_average(h.cost_low, h.cost_high, h.cost_quantity, s.instrument[h.instrument].price_exponent)


cdef void change_cost(State* s, uint32_t holding, int64_t quantity, int64_t told, bint carried) noexcept nogil:
    cdef HoldingRow* h = &s.holding[holding]
    cdef CostEventRow* event
    cdef uint32_t slot
    if quantity == 0 and told == INT64_MIN:
        return
    slot = take(s, TABLE_cost_event)
    event = &s.cost_event[slot]
    row_open(&event.version)
    event.holding, event.prev, event.after = holding, h.cost_event, h.last_execution
    event.quantity, event.average_price_e8, event.carried = quantity, told, carried
    event.action = 0
    row_close(&event.version)
    row_open(&h.version)
    h.cost_event = slot
    cost_adjust(h, s.instrument[h.instrument].price_exponent, holding_total(h), quantity, told, carried)
    row_close(&h.version)
    resize_short(s, holding)


cdef uint32_t event_of(const State* s, uint32_t holding, uint32_t action) noexcept nogil:
    """What a corporate action was to a holding, among its cost events; 0 = nothing."""
    cdef uint32_t slot = s.holding[holding].cost_event
    while slot and s.cost_event[slot].action != action:
        slot = s.cost_event[slot].prev
    return slot


cdef void add_event_before(State* s, uint32_t later, int64_t quantity, int64_t told) noexcept nogil:
    """What has changed a holding before a later event of it, and is told only now. The caller sees to the average."""
    cdef uint32_t slot
    cdef CostEventRow* event
    if quantity == 0 and told == INT64_MIN:
        return
    slot = take(s, TABLE_cost_event)
    event = &s.cost_event[slot]
    row_open(&event.version)
    event.holding, event.prev = s.cost_event[later].holding, s.cost_event[later].prev
    event.after = s.cost_event[later].after
    event.quantity, event.average_price_e8, event.carried, event.action = quantity, told, 0, 0
    row_close(&event.version)
    row_open(&s.cost_event[later].version)
    s.cost_event[later].prev = slot
    row_close(&s.cost_event[later].version)


cdef int64_t cost_action(HoldingRow* h, int64_t total, const CorporateActionRow* a, int64_t quantity) noexcept nogil:
    """A corporate action, in its place among the trades: the average scales inversely. Returns the new total."""
    cdef int64_t after = total + quantity
    if a.state != CorporateActionState_applied:
        return total
    cost_scale(a.numerator, a.denominator, &h.cost_low, &h.cost_high, &h.cost_quantity)
    if after == 0 or (total < 0) != (after < 0):
        forget_cost(h)
    return after


cdef uint32_t newest_version(const State* s, uint32_t root) noexcept nogil:
    """What has become of a trade: its newest correction, or 0 when it was busted."""
    while s.execution[root].superseded_by:
        root = s.execution[root].superseded_by
    return 0 if s.execution[root].kind == TradeKind_bust else root


cdef inline bint comes_here(const State* s, const ExecutionRow* x) noexcept nogil:
    """Is it the first version of its trade at its account? A move issues it again at another one."""
    return x.ref == 0 or s.execution[x.ref].account != x.account


cdef uint32_t first_here(const State* s, uint32_t execution) noexcept nogil:
    """The first version of a trade at its account: where it stands in the history of its holding."""
    while not comes_here(s, &s.execution[execution]):
        execution = s.execution[execution].ref
    return execution


cdef uint32_t newest_here(const State* s, uint32_t first) noexcept nogil:
    """What has become of a trade at its account: its newest correction, or 0 when it was busted or moved away."""
    cdef uint32_t after = s.execution[first].superseded_by
    while after and s.execution[after].account == s.execution[first].account:
        first, after = after, s.execution[after].superseded_by
    return 0 if s.execution[first].kind == TradeKind_bust else first


cdef void recost(State* s, uint32_t holding) noexcept nogil:
    """The average as if every trade had been from the start what it is now."""
    row_open(&s.holding[holding].version)
    cost_through(s, &s.holding[holding], NULL, NULL, 0)
    row_close(&s.holding[holding].version)
    resize_short(s, holding)


cdef void cost_through(State* s, HoldingRow* h, const CorporateActionRow* action, const CostEventRow* last,
                       uint32_t without) noexcept nogil:
    """Works out the average of a holding, or of a copy of its row: walks its trades and, in their places between them,
    its cost events; and, where an action is given, what that will be to it as its `last` event. The trades of one
    order may be left out, `without` (0 = none)."""
    cdef int exponent = s.instrument[h.instrument].price_exponent
    cdef int64_t total = 0
    cdef uint32_t slot = h.last_execution, trades = 0, changes = 0
    cdef const CostEventRow* event
    cdef const ExecutionRow* x
    while slot:
        if comes_here(s, &s.execution[slot]) and not (without and s.execution[slot].order == without):
            s.slots[trades] = slot
            trades += 1
        slot = s.execution[slot].prev_of_holding
    slot = h.cost_event
    while slot:
        s.changes[changes] = slot
        changes += 1
        slot = s.cost_event[slot].prev
    forget_cost(h)
    while trades or changes or action:
        event = &s.cost_event[s.changes[changes - 1]] if changes else NULL
        if event and (trades == 0 or event.after < s.slots[trades - 1]):
            changes -= 1
            if event.action:
                total = cost_action(h, total, &s.corporate_action[event.action], event.quantity)
                continue
            total = cost_adjust(h, exponent, total, event.quantity, event.average_price_e8, event.carried)
            continue
        if action and (trades == 0 or last.after < s.slots[trades - 1]):
            total = cost_action(h, total, action, last.quantity)
            action = NULL
            continue
        trades -= 1
        slot = newest_here(s, s.slots[trades])
        if slot:
            x = &s.execution[slot]
            total = cost_step(h, total, x.side, placed_qty(s, x, s.slots[trades]), x.last_px, x.last_qty)


cdef int64_t bounded(int64_t fee, int64_t minimum, int64_t maximum) noexcept nogil:
    if fee < minimum:
        fee = minimum
    if maximum and fee > maximum:
        fee = maximum
    return fee


cdef inline bint concerns_side(uint8_t component, uint8_t side) noexcept nogil:
    """0 = every side; a sell's component is a short sale's, too."""
    return component == 0 or component == side or (component == Side_sell and is_short(side))


cdef int64_t fee_of(const State* s, uint32_t schedule, int exponent, uint8_t side, int64_t value,
                    int64_t* tax) noexcept nogil:
    """Fees of an order on the size of its cumulative value; *tax is the part whose basis is the brokerage. No value, no
    fee."""
    cdef const FeeRow* f = &s.fee[schedule]
    cdef int64_t brokerage = 0, fee
    cdef int index, basis
    tax[0] = 0
    if value == 0 or schedule == 0:
        return 0
    value = max(value, -value)
    for index in range(f.count):
        if not concerns_side(f.side[index], side) or f.basis[index] == FeeBasis_brokerage:
            continue
        fee = scale_e4(f.amount[index], exponent)
        if f.basis[index] == FeeBasis_value and not rate_of(value, f.rate_e8[index], &fee):
            fee = FIGURE_MAX
        brokerage += bounded(fee, scale_e4(f.minimum[index], exponent), scale_e4(f.maximum[index], exponent))
    for index in range(f.count):
        basis = f.basis[index]
        if basis != FeeBasis_brokerage or not concerns_side(f.side[index], side):
            continue
        if not rate_of(brokerage, f.rate_e8[index], &fee):
            fee = FIGURE_MAX
        tax[0] += bounded(fee, scale_e4(f.minimum[index], exponent), scale_e4(f.maximum[index], exponent))
    return brokerage + tax[0]
