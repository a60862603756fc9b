"""Limits, and the figures that count against them: the value of open orders, what was traded today, requests a second.

Owns the limit, tally and open_value rows. They are kept from the first SetLimit on; until then they cost nothing. A
limit counts per currency, as there is no exchange between them. Whatever lowers a figure passes.
"""

from oms._core.arith cimport FIGURE_MAX, scale_e4, value_of
from oms._core.orders cimport CLOSED_dead, is_live
from oms._core.vetting cimport allowed, hit, of_owner

cdef enum:
    SCOPES = 4
    MOST_LIMITS = 65535  # an account names its own in 16 bits
    SECOND_NS = 1000000000


cdef void scopes_of(const State* s, uint32_t account, uint32_t instrument, uint16_t user,
                    uint32_t* found) noexcept nogil:
    """The limit rows that concern an order; 0 where there is none."""
    found[0] = s.firm.limits
    found[1] = s.account[account].limits
    found[2] = s.instrument[instrument].limits
    found[3] = s.user[user].limits


cdef TallyRow* tally_of(State* s, uint32_t limit, uint16_t currency) noexcept nogil:
    """What counts against a limit in a currency; NULL where it does not apply, and of users, who have no tallies."""
    cdef uint32_t slot = s.limits[limit].tally
    while slot and s.tally[slot].currency != currency:
        slot = s.tally[slot].next
    return &s.tally[slot] if slot else NULL


cdef void count(State* s, uint32_t account, uint32_t instrument, int64_t opened, int64_t bought,
                int64_t sold) noexcept nogil:
    """Adds to the figures of the firm, the account and the instrument."""
    cdef uint32_t[SCOPES] limits
    cdef TallyRow* tally
    cdef int index
    scopes_of(s, account, instrument, 0, limits)
    for index in range(SCOPES - 1):
        tally = tally_of(s, limits[index], s.instrument[instrument].currency) if limits[index] else NULL
        if tally != NULL:
            row_open(&tally.version)
            tally.open_value += opened
            tally.bought += bought
            tally.sold += sold
            row_close(&tally.version)


cdef int64_t leaves_value(const State* s, const OrderRow* o, int64_t price, int64_t order_qty) noexcept nogil:
    """What the order's leaves are worth at these terms, rounded up, without fees and without a sign."""
    cdef const InstrumentRow* i = &s.instrument[o.instrument]
    cdef int64_t value = 0
    if order_qty <= o.cum_qty:
        return 0
    if not value_of(price, order_qty - o.cum_qty, i.value_numerator, i.value_denominator, 1, &value):
        return FIGURE_MAX
    return max(value, -value)


cdef int64_t open_of(const State* s, const OrderRow* o, uint32_t without) noexcept nogil:
    """The most that the order's leaves may be worth: at its terms, or those of any replace that is not answered. One
    request may be left `without`."""
    cdef int64_t value = 0
    cdef uint32_t slot = o.pending
    cdef const RequestRow* r
    if o.request == without or o.closed == CLOSED_dead:
        return 0
    if not o.closed:
        value = leaves_value(s, o, o.price, o.order_qty)
    while slot:
        r = &s.request[slot]
        if slot != without and r.type == RequestType_replace and is_live(r.status):
            value = max(value, leaves_value(s, o, r.price, r.order_qty))
        slot = r.next_pending
    return value


cdef void count_open(State* s, uint32_t order) noexcept nogil:
    """An order's state has changed, and with it what it counts for; an order that was moved counts for its new
    account."""
    cdef const OrderRow* o = &s.order[order]
    cdef OpenValueRow* row = &s.open_value[order]
    cdef int64_t value = open_of(s, o, 0)
    if row.value == value and (row.account == o.account or value == 0):
        return
    if row.value:
        count(s, row.account, o.instrument, -row.value, 0, 0)
    count(s, o.account, o.instrument, value, 0, 0)
    row_open(&row.version)
    row.account = o.account
    row.value = value
    row_close(&row.version)
    s.header[TABLE_open_value].used = max(s.header[TABLE_open_value].used, order + 1)


cdef void count_trade(State* s, const ExecutionRow* x, int64_t value) noexcept nogil:
    """An execution is posted, or taken back with a value below zero; only today's count."""
    if x.trade_date != s.firm.business_date:
        return
    if is_buy(x.side):
        count(s, x.account, x.instrument, 0, value, 0)
    else:
        count(s, x.account, x.instrument, 0, 0, value)


cdef void count_anew(State* s) noexcept nogil:
    """Works out every figure from the orders and today's executions: for a new limit, and on a new business date."""
    cdef uint32_t slot
    cdef const ExecutionRow* x
    for slot in range(1, s.header[TABLE_tally].used):
        row_open(&s.tally[slot].version)
        s.tally[slot].open_value = s.tally[slot].bought = s.tally[slot].sold = 0
        row_close(&s.tally[slot].version)
    for slot in range(1, s.header[TABLE_order].used):
        s.open_value[slot].value = 0
        if s.order[slot].request:
            count_open(s, slot)
    for slot in range(1, s.header[TABLE_execution].used):
        x = &s.execution[slot]
        if x.posted:
            count_trade(s, x, -x.value if x.kind == TradeKind_bust else x.value)


cdef void count_request(State* s, uint32_t account, uint32_t instrument) noexcept nogil:
    """A New or Replace has come. A second begins with the first one after the last second ended."""
    cdef uint32_t[SCOPES] limits
    cdef LimitRow* row
    cdef int index
    scopes_of(s, account, instrument if instrument < s.header[TABLE_instrument].used else 0, s.source, limits)
    for index in range(SCOPES):
        row = &s.limits[limits[index]]
        if limits[index] == 0 or row.order_rate == 0:
            continue
        row_open(&row.version)
        if s.time_ns >= row.rate_until_ns:
            row.rate_until_ns = s.time_ns + SECOND_NS
            row.rate_count = 0
        row.rate_count += 1
        row_close(&row.version)


cdef void exceed(State* s, Terms* t, int64_t figure, int64_t limit) noexcept nogil:
    if limit and figure > limit:
        hit(s, t, ST_limit_exceeded, figure, limit)


cdef void vet_limit(State* s, const LimitRow* row, const TallyRow* tally, Terms* t, int64_t before, int64_t after,
                    int64_t own) noexcept nogil:
    """One scope's limits: `own` of its open value is the order's, which would become `after`."""
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef int exponent = s.currency[i.currency].exponent
    cdef int64_t opened, net, limit = scale_e4(row.net_value, exponent)
    exceed(s, t, t.value, scale_e4(row.order_value, exponent))
    exceed(s, t, t.order_qty, scale_e4(row.order_qty, i.quantity_exponent))
    if row.order_rate and t.request == 0 and s.time_ns < row.rate_until_ns:
        exceed(s, t, row.rate_count + t.uncounted, row.order_rate)
    if tally == NULL or after <= before:
        return
    opened = tally.open_value - own + after
    exceed(s, t, opened, scale_e4(row.open_value, exponent))
    exceed(s, t, opened + tally.bought + tally.sold, scale_e4(row.gross_value, exponent))
    net = tally.bought - tally.sold
    opened = net + after if is_buy(t.side) else net - after
    if limit and max(opened, -opened) > max(net, -net):
        exceed(s, t, max(opened, -opened), limit)


cdef void vet_limits(State* s, const OrderRow* o, Terms* t, int64_t before, int64_t after) noexcept nogil:
    """Every limit that the terms concern; `before` and `after`: what the order's leaves are worth without the request
    and with it."""
    cdef uint32_t[SCOPES] limits
    cdef uint16_t user = s.request[t.request].user if t.request else s.source
    cdef int64_t own = s.open_value[t.order].value if t.order else 0
    cdef int index
    scopes_of(s, t.account, t.instrument, user, limits)
    for index in range(SCOPES):
        if limits[index]:
            vet_limit(s, &s.limits[limits[index]], tally_of(s, limits[index], s.instrument[t.instrument].currency), t,
                      before, after, own)


cdef bint add_tally(State* s, uint32_t limit, uint16_t currency) noexcept nogil:
    cdef uint32_t slot
    if not has_room(s, TABLE_tally, 1):
        return False
    slot = take(s, TABLE_tally)
    row_open(&s.tally[slot].version)
    s.tally[slot].limits = limit
    s.tally[slot].currency = currency
    s.tally[slot].next = s.limits[limit].tally
    row_close(&s.tally[slot].version)
    s.limits[limit].tally = slot
    return True


cdef bint add_tallies(State* s, uint16_t currency) noexcept nogil:
    """A new currency counts against every limit there is, but an instrument's, which has one. False: no room."""
    cdef uint32_t slot
    if not has_room(s, TABLE_tally, s.header[TABLE_limit].used):
        return s.header[TABLE_limit].used == 1
    for slot in range(1, s.header[TABLE_limit].used):
        if s.limits[slot].scope == ControlScope_firm or s.limits[slot].scope == ControlScope_account:
            add_tally(s, slot, currency)
    return True


cdef uint32_t limit_of_scope(const State* s, uint8_t scope, uint32_t number) noexcept nogil:
    if scope == ControlScope_firm:
        return s.firm.limits
    if scope == ControlScope_account:
        return s.account[number].limits
    return s.instrument[number].limits if scope == ControlScope_instrument else s.user[number].limits


cdef uint32_t make_limit(State* s, uint8_t scope, uint32_t number) noexcept nogil:
    """The row that a scope's limits stand in, with a tally for each currency that it can meet."""
    cdef uint32_t slot = take(s, TABLE_limit), currency
    row_open(&s.limits[slot].version)
    s.limits[slot].scope = scope
    s.limits[slot].number = number
    row_close(&s.limits[slot].version)
    if scope == ControlScope_firm:
        s.firm.limits = <uint16_t>slot
    elif scope == ControlScope_account:
        s.account[number].limits = <uint16_t>slot
    elif scope == ControlScope_instrument:
        s.instrument[number].limits = <uint16_t>slot
        add_tally(s, slot, s.instrument[number].currency)
    else:
        s.user[number].limits = slot
    if scope == ControlScope_firm or scope == ControlScope_account:
        for currency in range(1, s.header[TABLE_currency].used):
            add_tally(s, slot, <uint16_t>currency)
    return slot


cdef uint16_t vet_set_limit(const State* s, const SetLimit* r) noexcept nogil:
    cdef bint of_request = r.name in (LimitName_order_value, LimitName_order_qty, LimitName_order_rate)
    if not allowed(s, PERMISSION_operate):
        return ST_permission_denied
    if not LimitName_order_value <= r.name <= LimitName_order_rate or not 0 <= r.value <= FIGURE_MAX:
        return ST_reference_invalid
    if r.name == LimitName_order_rate and r.value > 0x7FFFFFFF:
        return ST_reference_invalid
    if r.scope == ControlScope_account and (r.number == 0 or r.number >= s.header[TABLE_account].used):
        return ST_account_unknown
    if not of_owner(s, r.number if r.scope == ControlScope_account else 0):
        return ST_permission_denied
    if r.scope == ControlScope_instrument and (r.number == 0 or r.number >= s.header[TABLE_instrument].used):
        return ST_instrument_unknown
    if r.scope == ControlScope_user and (r.number == 0 or r.number >= s.header[TABLE_user].used or not of_request):
        return ST_reference_invalid
    if r.scope == ControlScope_exchange or r.scope > ControlScope_user:
        return ST_reference_invalid
    if limit_of_scope(s, r.scope, r.number) == 0:
        if not has_room(s, TABLE_limit, 1) or s.header[TABLE_limit].used > MOST_LIMITS:
            return ST_capacity_reached
        if not has_room(s, TABLE_tally, s.header[TABLE_currency].used):
            return ST_capacity_reached
    return ST_ok


cdef uint16_t apply_set_limit(State* s, const SetLimit* r) noexcept nogil:
    """Sets one figure of a scope; 0 takes the limit away. What is open and was traded today counts from the start."""
    cdef uint16_t status = vet_set_limit(s, r)
    cdef uint32_t slot
    cdef LimitRow* row
    if status != ST_ok:
        return status
    # point of no return
    slot = limit_of_scope(s, r.scope, r.number)
    if slot == 0:
        slot = make_limit(s, r.scope, r.number)
        s.firm.watched |= WATCH_limits
        count_anew(s)
    row = &s.limits[slot]
    row_open(&row.version)
    if r.name == LimitName_order_value:
        row.order_value = r.value
    elif r.name == LimitName_order_qty:
        row.order_qty = r.value
    elif r.name == LimitName_open_value:
        row.open_value = r.value
    elif r.name == LimitName_gross_value:
        row.gross_value = r.value
    elif r.name == LimitName_net_value:
        row.net_value = r.value
    else:
        row.order_rate = <uint32_t>r.value
    row_close(&row.version)
    return ST_ok
