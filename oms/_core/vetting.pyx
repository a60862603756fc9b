"""The always-on checks of a request, in the order of their status codes.

Owns nothing and changes nothing but `Terms.hits`, and `State.figure` and `State.limit`: what was asked for, and what
the rule allows. Cover (funds or stock) is checked where it is reserved, in orders.pyx, because the two are one step.
"""

from libc.stdint cimport INT64_MIN

from oms._core.arith cimport outside_collar, protect_price, scale_e4, value_of
from oms._core.control cimport vet_control
from oms._core.watch cimport vet_alike, vet_crossing


cdef bint allowed(const State* s, uint32_t permissions) noexcept nogil:
    """May the record's sender do any of these? Sender 0 is the process itself."""
    cdef const UserRow* user = &s.user[s.source]
    return s.source == 0 or (user.active and user.permissions & permissions)


cdef bint may_take_rows(const State* s) noexcept nogil:
    return s.at_reserve == 0 or allowed(s, PERMISSION_operate)


cdef bint of_owner(const State* s, uint32_t account) noexcept nogil:
    """Is the account within the sender's reach? Only sender 0 and users without an owner reach all, which 0 stands
    for."""
    cdef uint16_t owner = s.user[s.source].owner
    return owner == 0 or owner == s.account[account].owner


cdef bint owns(const State* s, uint32_t account, uint16_t user) noexcept nogil:
    cdef uint32_t slot = s.account[account].entitlement
    while slot and s.entitlement[slot].user != user:
        slot = s.entitlement[slot].next
    return slot != 0


cdef uint16_t vet_account(State* s, uint32_t account) noexcept nogil:
    """Does the account exist, and may the sender ask anything for it?"""
    cdef const UserRow* user = &s.user[s.source]
    if account == 0 or account >= s.header[TABLE_account].used:
        s.figure = account
        return ST_account_unknown
    if s.source == 0:
        return ST_ok
    if user.active and of_owner(s, account):
        if user.permissions & PERMISSION_trade_any:
            return ST_ok
        if user.permissions & PERMISSION_trade and owns(s, account, s.source):
            return ST_ok
    return ST_permission_denied


cdef uint16_t vet_operated(const State* s, uint32_t account) noexcept nogil:
    """Is the sender an operator, and the account one that there is and that is within the sender's reach?"""
    if not allowed(s, PERMISSION_operate):
        return ST_permission_denied
    if account == 0 or account >= s.header[TABLE_account].used:
        return ST_account_unknown
    return ST_ok if of_owner(s, account) else ST_permission_denied


cdef void vet_parties(State* s, Terms* t) noexcept nogil:
    """Account and instrument active, the session open."""
    cdef const AccountRow* a = &s.account[t.account]
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef const ExchangeRow* e = &s.exchange[i.exchange]
    if a.status == AccountStatus_suspended:
        hit(s, t, ST_account_suspended, 0, 0)
    if a.status == AccountStatus_closed:
        hit(s, t, ST_account_closed, 0, 0)
    if a.unreconciled:
        hit(s, t, ST_account_not_reconciled, 0, 0)
    if t.instrument == 0:
        hit(s, t, ST_instrument_unknown, 0, 0)
    if i.restricted:
        hit(s, t, ST_instrument_restricted, 0, 0)
    if i.status == InstrumentStatus_halted:
        hit(s, t, ST_instrument_halted, 0, 0)
    if i.status == InstrumentStatus_delisted:
        hit(s, t, ST_instrument_delisted, 0, 0)
    if is_short(t.side) and not (a.short_allowed and i.short_allowed):
        hit(s, t, ST_short_not_allowed, 0, 0)
    if is_short(t.side) and t.locate_length == 0:
        hit(s, t, ST_locate_missing, 0, 0)
    if e.session_state != SessionState_open:
        hit(s, t, ST_session_not_open, 0, 0)


cdef inline bint takes_protection(uint8_t ord_type) noexcept nogil:
    """Types that trade at the market's price, now or later: without a limit they are held at a protected price."""
    return (ord_type == OrdType_market or ord_type == OrdType_stop or ord_type == OrdType_market_to_limit
            or ord_type == OrdType_pegged)


cdef void vet_shape(State* s, Terms* t) noexcept nogil:
    """Side, order type, time in force, expiry and quantity."""
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef uint8_t tif = t.time_in_force
    if not is_side(t.side):
        hit(s, t, ST_side_not_supported, 0, 0)
    if not (takes_price(t.ord_type) or takes_protection(t.ord_type)):
        hit(s, t, ST_ord_type_not_supported, 0, 0)
    if not (TimeInForce_day <= tif <= TimeInForce_fok or tif == TimeInForce_gtd or tif == TimeInForce_at_close):
        hit(s, t, ST_time_in_force_not_supported, 0, 0)
    if t.ord_type == OrdType_market and (tif == TimeInForce_gtc or tif == TimeInForce_gtd):
        hit(s, t, ST_time_in_force_not_supported, 0, 0)
    if (tif == TimeInForce_gtd) != (t.expire_date != 0) or (t.expire_date and t.expire_date < s.firm.business_date):
        hit(s, t, ST_expire_date_invalid, t.expire_date, s.firm.business_date)
    if t.order_qty <= 0:
        hit(s, t, ST_order_qty_not_positive, t.order_qty, 0)
    if t.order_qty % i.lot:
        hit(s, t, ST_order_qty_off_lot, t.order_qty, i.lot)
    if t.order_qty < i.min_qty:
        hit(s, t, ST_order_qty_below_minimum, t.order_qty, i.min_qty)
    if i.max_qty and t.order_qty > i.max_qty:
        hit(s, t, ST_order_qty_above_maximum, t.order_qty, i.max_qty)
    if t.display_qty != INT64_MIN:
        if t.display_qty <= 0 or t.display_qty > t.order_qty or t.display_qty % i.lot:
            hit(s, t, ST_display_qty_invalid, t.display_qty, t.order_qty)
    if t.min_qty != INT64_MIN and (t.min_qty <= 0 or t.min_qty > t.order_qty):
        hit(s, t, ST_min_qty_invalid, t.min_qty, t.order_qty)


cdef void vet_stop(State* s, Terms* t) noexcept nogil:
    """A stop order needs a stop price, no other takes one."""
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    if not takes_stop(t.ord_type):
        if t.stop_px != INT64_MIN:
            hit(s, t, ST_price_not_allowed, t.stop_px, 0)
    elif t.stop_px == INT64_MIN:
        hit(s, t, ST_price_missing, 0, 0)
    elif t.stop_px <= 0 and not i.price_may_be_negative:
        hit(s, t, ST_price_not_positive, t.stop_px, 0)
    elif t.stop_px % i.tick:
        hit(s, t, ST_price_off_tick, t.stop_px, i.tick)


cdef void protect(State* s, Terms* t) noexcept nogil:
    """The price to hold an order at that states none: the last price, else the reference price, and for what takes
    money, a buy or a short sale, a margin on it. A stop order counts from its stop price: a buy where that is higher,
    a sell always."""
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef const AccountClassRow* c = &s.account_class[s.account[t.account].account_class]
    cdef int64_t base = i.last if i.last else i.reference_price
    if base == 0:
        hit(s, t, ST_reference_price_missing, 0, 0)
        return
    if t.ord_type == OrdType_stop and t.stop_px != INT64_MIN and (t.side != Side_buy or t.stop_px > base):
        base = t.stop_px
    t.flags |= REQUEST_protected
    t.price = base
    if t.side != Side_sell and not protect_price(base, c.market_order_margin_bps, &t.price):
        hit(s, t, ST_value_out_of_range, base, 0)


cdef void vet_price(State* s, Terms* t) noexcept nogil:
    """Price and tick; what states no price gets its protected one. A collar without a reference waits for vet_desk."""
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef const AccountClassRow* c = &s.account_class[s.account[t.account].account_class]
    cdef int64_t reference = i.last if i.last else i.reference_price
    vet_stop(s, t)
    if t.price != INT64_MIN and not takes_price(t.ord_type):
        hit(s, t, ST_price_not_allowed, t.price, 0)
    if takes_protection(t.ord_type) and (t.price == INT64_MIN or not takes_price(t.ord_type)):
        protect(s, t)
        return
    if t.price == INT64_MIN:
        hit(s, t, ST_price_missing, 0, 0)
        return
    if t.price <= 0 and not i.price_may_be_negative:
        hit(s, t, ST_price_not_positive, t.price, 0)
    if t.price % i.tick:
        hit(s, t, ST_price_off_tick, t.price, i.tick)
    if c.collar_bps and reference and outside_collar(t.price, reference, c.collar_bps, t.side == Side_buy):
        hit(s, t, ST_price_outside_collar, t.price, reference)


cdef void vet_value(State* s, Terms* t) noexcept nogil:
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef const AccountClassRow* c = &s.account_class[s.account[t.account].account_class]
    cdef int exponent = s.currency[i.currency].exponent
    if not value_of(t.price, t.order_qty, i.value_numerator, i.value_denominator, 1, &t.value):
        hit(s, t, ST_value_out_of_range, t.order_qty, t.price)
        return
    t.value = max(t.value, -t.value)
    if c.min_order_value and t.value < scale_e4(c.min_order_value, exponent):
        hit(s, t, ST_value_below_minimum, t.value, scale_e4(c.min_order_value, exponent))
    if c.max_order_value and t.value > scale_e4(c.max_order_value, exponent):
        hit(s, t, ST_value_above_maximum, t.value, scale_e4(c.max_order_value, exponent))


cdef void vet_terms(State* s, Terms* t) noexcept nogil:
    """All checks of an order's terms but its cover. Sets t.price to the price to reserve at, and t.value."""
    t.hits = 0
    t.flags = 0
    if t.instrument >= s.header[TABLE_instrument].used:
        t.instrument = 0
    vet_parties(s, t)
    if t.instrument == 0:
        return
    vet_shape(s, t)
    vet_price(s, t)
    if t.price != INT64_MIN:
        vet_value(s, t)
    vet_control(s, t)


cdef void vet_desk(State* s, Terms* t) noexcept nogil:
    """Does a person have to look at it? A check that lacks a figure asks one."""
    cdef const InstrumentRow* i = &s.instrument[t.instrument]
    cdef const AccountClassRow* c = &s.account_class[s.account[t.account].account_class]
    cdef int64_t limit = scale_e4(c.auth_above_value, s.currency[i.currency].exponent)
    if c.collar_bps and i.last == 0 and i.reference_price == 0:
        hit(s, t, ST_reference_price_missing, 0, 0)
    if c.auth_above_value and t.value > limit:
        hit(s, t, ST_value_needs_authorisation, t.value, limit)
    if c.duplicate_window_s and t.order == 0:
        vet_alike(s, t, c.duplicate_window_s * <uint64_t>1000000000)
    if c.cross_own:
        vet_crossing(s, t)
    if i.authorise:
        hit(s, t, ST_instrument_needs_authorisation, 0, 0)
