"""The always-on checks of a request, in the order of their status codes.

Owns nothing and changes nothing but `State.figure` and `State.limit`: what was asked for, and what the rule allows.
Cover (funds or stock) is checked where it is reserved, in orders.pyx, because the two are one step.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport outside_collar, protect_price, scale_e4, value_of


cdef uint16_t because(State* s, uint16_t status, int64_t figure, int64_t limit) noexcept nogil:
    s.figure = figure
    s.limit = limit
    return status


cdef bint allowed(const State* s, uint32_t permissions) noexcept nogil:
    """May the record's sender do any of these? Sender 0 is the process itself."""
    cdef const UserRow* user = &s.user[s.source]
    return s.source == 0 or (user.active and user.permissions & permissions)


cdef bint allowed_for(const State* s, uint32_t permissions, uint32_t account) noexcept nogil:
    """The same, for an account of the sender's own tenant; an owner of 0 is every tenant's."""
    cdef uint16_t owner = s.user[s.source].owner
    return allowed(s, permissions) and (owner == 0 or owner == s.account[account].owner)


cdef bint owns(const State* s, uint32_t account, uint16_t user) noexcept nogil:
    cdef uint32_t slot = s.account[account].entitlement
    while slot and s.entitlement[slot].user != user:
        slot = s.entitlement[slot].next
    return slot != 0


cdef uint16_t vet_account(State* s, uint32_t account) noexcept nogil:
    """Does the account exist, and may the sender ask anything for it?"""
    cdef const UserRow* user = &s.user[s.source]
    if account == 0 or account >= s.header[TABLE_account].used:
        return because(s, ST_account_unknown, account, 0)
    if s.source == 0:
        return ST_ok
    if user.active and (user.owner == 0 or user.owner == s.account[account].owner):
        if user.permissions & PERMISSION_trade_any:
            return ST_ok
        if user.permissions & PERMISSION_trade and owns(s, account, s.source):
            return ST_ok
    return ST_permission_denied


cdef uint16_t vet_parties(State* s, const Terms* t) noexcept nogil:
    """Account and instrument known and active, nothing halted, the session open."""
    cdef const AccountRow* a = &s.account[t.account]
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef const ExchangeRow* e
    cdef uint8_t state
    if a.status == AccountStatus_suspended:
        return ST_account_suspended
    if a.status == AccountStatus_closed:
        return ST_account_closed
    if a.unreconciled:
        return ST_account_not_reconciled
    if t.instrument == 0 or t.instrument >= s.header[TABLE_instrument].used:
        return because(s, ST_instrument_unknown, t.instrument, 0)
    if i.status == InstrumentStatus_halted:
        return ST_instrument_halted
    if i.status == InstrumentStatus_delisted:
        return ST_instrument_delisted
    e = &s.exchange[i.exchange]
    state = max(max(s.firm.control_state, e.control_state), max(a.control_state, i.control_state))
    state = max(state, s.user[s.source].control_state)
    if state == ControlState_halted:
        return ST_trading_halted
    if state == ControlState_reduce_only and t.side != Side_sell:
        return ST_reduce_only
    return ST_ok if e.session_state == SessionState_open else ST_session_not_open


cdef uint16_t vet_shape(State* s, const Terms* t) noexcept nogil:
    """Side, order type, time in force, expiry and quantity."""
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef uint8_t tif = t.time_in_force
    if t.side != Side_buy and t.side != Side_sell:
        return ST_side_not_supported
    if t.ord_type != OrdType_limit and t.ord_type != OrdType_market:
        return ST_ord_type_not_supported
    if tif != TimeInForce_day and tif != TimeInForce_ioc and tif != TimeInForce_fok:
        if t.ord_type == OrdType_market or (tif != TimeInForce_gtc and tif != TimeInForce_gtd):
            return ST_time_in_force_not_supported
    if (tif == TimeInForce_gtd) != (t.expire_date != 0) or (t.expire_date and t.expire_date < s.firm.business_date):
        return because(s, ST_expire_date_invalid, t.expire_date, s.firm.business_date)
    if t.order_qty <= 0:
        return because(s, ST_order_qty_not_positive, t.order_qty, 0)
    if t.order_qty % i.lot:
        return because(s, ST_order_qty_off_lot, t.order_qty, i.lot)
    if t.order_qty < i.min_qty:
        return because(s, ST_order_qty_below_minimum, t.order_qty, i.min_qty)
    if i.max_qty and t.order_qty > i.max_qty:
        return because(s, ST_order_qty_above_maximum, t.order_qty, i.max_qty)
    return ST_ok


cdef uint16_t vet_price(State* s, Terms* t) noexcept nogil:
    """Price and tick; a market order gets its protected price. A collar without a reference waits for vet_desk."""
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef const AccountClassRow* c = &s.account_class[s.account[t.account].account_class]
    cdef int64_t reference = i.last if i.last else i.reference_price
    if t.ord_type == OrdType_market:
        if t.price != INT64_MIN:
            return because(s, ST_price_not_allowed, t.price, 0)
        if reference == 0:
            return ST_reference_price_missing
        t.price = reference
        if t.side == Side_buy and not protect_price(reference, c.market_order_margin_bps, &t.price):
            return because(s, ST_value_out_of_range, reference, 0)
        return ST_ok
    if t.price == INT64_MIN:
        return ST_price_missing
    if t.price <= 0:
        return because(s, ST_price_not_positive, t.price, 0)
    if t.price % i.tick:
        return because(s, ST_price_off_tick, t.price, i.tick)
    if c.collar_bps and reference and outside_collar(t.price, reference, c.collar_bps, t.side == Side_buy):
        return because(s, ST_price_outside_collar, t.price, reference)
    return ST_ok


cdef uint16_t vet_terms(State* s, Terms* t) noexcept nogil:
    """All checks of an order's terms but its cover. Sets t.price to the price to reserve at, and t.value."""
    cdef const InstrumentRow* i
    cdef const AccountClassRow* c
    cdef int exponent
    cdef uint16_t status = vet_parties(s, t)
    if status == ST_ok:
        status = vet_shape(s, t)
    if status == ST_ok:
        status = vet_price(s, t)
    if status != ST_ok:
        return status
    i = &s.instrument[t.instrument]
    c = &s.account_class[s.account[t.account].account_class]
    exponent = s.currency[i.currency].exponent
    if not value_of(t.price, t.order_qty, i.value_numerator, i.value_denominator, 1, &t.value):
        return because(s, ST_value_out_of_range, t.order_qty, t.price)
    if c.min_order_value and t.value < scale_e4(c.min_order_value, exponent):
        return because(s, ST_value_below_minimum, t.value, scale_e4(c.min_order_value, exponent))
    if c.max_order_value and t.value > scale_e4(c.max_order_value, exponent):
        return because(s, ST_value_above_maximum, t.value, scale_e4(c.max_order_value, exponent))
    return ST_ok


cdef uint32_t vet_desk(State* s, const Terms* t) noexcept nogil:
    """Why a person has to look at it, as HIT bits. A check that lacks a figure asks one."""
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef const AccountClassRow* c = &s.account_class[s.account[t.account].account_class]
    cdef int64_t limit = scale_e4(c.auth_above_value, s.currency[i.currency].exponent)
    cdef uint32_t hits = 0
    if c.collar_bps and i.last == 0 and i.reference_price == 0:
        hits |= HIT_reference
    if c.auth_above_value and t.value > limit:
        hits |= HIT_value
        s.figure, s.limit = t.value, limit
    if i.authorise:
        hits |= HIT_instrument
    return hits
