"""Reference data: currencies, exchanges, calendars, feeds, classes, fees, users, accounts, instruments.

Owns those rows. A definition with a known code changes its row, another one makes a row; rows are never taken away,
so that a number stands for the same thing for ever. Codes are padded with zeros in records and rows alike.
"""

from libc.string cimport memcmp

from oms._core.arith cimport value_fraction
from oms._core.index cimport index_put
from oms._core.ledger cimport cash_row
from oms._core.limits cimport add_tallies
from oms._core.outputs cimport emit_event
from oms._core.sessions cimport GRACE_MAX_S
from oms._core.vetting cimport allowed, of_owner, owns
from oms._core.watch cimport start_watching

cdef extern from "<string.h>" nogil:
    size_t strnlen(const char* text, size_t most)

cdef enum:
    FIRST_CALENDAR_DAY = 18262  # 2020-01-01; 8 128 days reach to 2042
    CALENDAR_DAYS = 8128


cdef uint32_t find_small(const State* s, int table, uint32_t offset, const char* code, uint32_t size) noexcept nogil:
    """A row of a small table by the code at `offset`."""
    cdef const TableHeader* h = s.header[table]
    cdef const uint8_t* rows = <const uint8_t*>h + 4096
    cdef uint32_t slot
    for slot in range(1, h.used):
        if memcmp(rows + <uint64_t>slot * h.row_size + offset, code, size) == 0:
            return slot
    return 0


cdef uint32_t find_account(const State* s, uint16_t owner, const char* code) noexcept nogil:
    cdef uint64_t hash = hash_bytes(<const uint8_t*>code, 32, owner), at = index_home(&s.by_code, hash)
    cdef uint32_t slot = index_next(&s.by_code, hash, &at)
    while slot and not (s.account[slot].owner == owner and memcmp(s.account[slot].code, code, 32) == 0):
        slot = index_next(&s.by_code, hash, &at)
    return slot


cdef uint32_t find_instrument(const State* s, uint16_t exchange, const char* symbol) noexcept nogil:
    cdef uint64_t hash = hash_bytes(<const uint8_t*>symbol, 24, exchange), at = index_home(&s.by_symbol, hash)
    cdef uint32_t slot = index_next(&s.by_symbol, hash, &at)
    while slot and not (s.instrument[slot].exchange == exchange and memcmp(s.instrument[slot].symbol, symbol, 24) == 0):
        slot = index_next(&s.by_symbol, hash, &at)
    return slot


cdef uint32_t find_listing(const State* s, const uint8_t* text, uint32_t length) noexcept nogil:
    """An instrument by SYMBOL or SYMBOL.MIC; 0 = unknown, or not unique."""
    cdef uint32_t slot, found = 0, size
    for slot in range(1, s.header[TABLE_instrument].used):
        size = <uint32_t>strnlen(s.instrument[slot].symbol, 24)
        if size > length or memcmp(s.instrument[slot].symbol, text, size) != 0:
            continue
        if size < length:
            if text[size] != 46 or length - size - 1 != strnlen(s.exchange[s.instrument[slot].exchange].mic, 8):
                continue
            if memcmp(s.exchange[s.instrument[slot].exchange].mic, text + size + 1, length - size - 1) != 0:
                continue
        if found:
            return 0
        found = slot
    return found


cdef uint64_t find_code(const State* s, const Lookup* asked) noexcept nogil:
    """The number of a code, as peers ask for it: an instrument as SYMBOL or SYMBOL.MIC. 0 = unknown, or not unique."""
    cdef const uint8_t* text = Lookup_texts(asked)
    cdef uint32_t length = asked.code_length
    cdef char[32] code
    if asked.of == LookupOf_request:
        return request_handle(s, find_request(s, asked.account, text, length, hash_bytes(text, length, asked.account)))
    if asked.of != LookupOf_instrument:
        if length > 32:
            return 0
        memset(code, 0, 32)
        memcpy(code, text, length)
        if asked.of == LookupOf_account:
            return find_account(s, asked.owner, code)
        if asked.of == LookupOf_exchange:
            return find_small(s, TABLE_exchange, 4, code, 8)
        if asked.of == LookupOf_currency:
            return find_small(s, TABLE_currency, 4, code, 8)
        if asked.of == LookupOf_feed:
            return find_small(s, TABLE_feed, 4, code, 32)
        return find_small(s, TABLE_user, 4, code, 32) if asked.of == LookupOf_user else 0
    return find_listing(s, text, length)


cdef inline uint32_t or_take(State* s, int table, uint32_t slot) noexcept nogil:
    return slot if slot else take(s, table)


cdef uint16_t define_currency(State* s, const DefineCurrency* r) noexcept nogil:
    cdef uint32_t slot = find_small(s, TABLE_currency, 4, r.code, 8)
    cdef CurrencyRow* c
    if r.code[0] == 0 or r.exponent > 8 or (slot and s.currency[slot].exponent != r.exponent):
        return ST_reference_invalid
    if slot == 0 and not (has_room(s, TABLE_currency, 1) and has_room(s, TABLE_calendar, 1)):
        return ST_capacity_reached
    if slot == 0 and not add_tallies(s, <uint16_t>s.header[TABLE_currency].used):
        return ST_capacity_reached
    c = &s.currency[or_take(s, TABLE_currency, slot)]
    row_open(&c.version)
    memcpy(c.code, r.code, 8)
    c.exponent = r.exponent
    if slot == 0:
        c.calendar = <uint16_t>make_calendar(s)
    row_close(&c.version)
    return ST_ok


cdef uint32_t make_calendar(State* s) noexcept nogil:
    cdef uint32_t slot = take(s, TABLE_calendar)
    s.calendar[slot].first_day = FIRST_CALENDAR_DAY
    return slot


cdef uint16_t define_exchange(State* s, const DefineExchange* r) noexcept nogil:
    cdef uint32_t slot = find_small(s, TABLE_exchange, 4, r.mic, 8)
    cdef ExchangeRow* e
    if r.mic[0] == 0:
        return ST_reference_invalid
    if slot == 0 and not (has_room(s, TABLE_exchange, 1) and has_room(s, TABLE_calendar, 1)):
        return ST_capacity_reached
    e = &s.exchange[or_take(s, TABLE_exchange, slot)]
    row_open(&e.version)
    memcpy(e.mic, r.mic, 8)
    e.settlement_days = r.settlement_days
    e.compare = r.compare != 0
    if slot == 0:
        e.calendar = <uint16_t>make_calendar(s)
        e.trade_date = s.firm.business_date
    row_close(&e.version)
    return ST_ok


cdef uint16_t define_holiday(State* s, const DefineHoliday* r) noexcept nogil:
    cdef uint32_t calendar = 0, slot
    cdef int64_t bit = <int64_t>r.date - FIRST_CALENDAR_DAY
    if r.of == CalendarOf_exchange and 0 < r.number < s.header[TABLE_exchange].used:
        calendar = s.exchange[r.number].calendar
    elif r.of == CalendarOf_currency and 0 < r.number < s.header[TABLE_currency].used:
        calendar = s.currency[r.number].calendar
    if calendar == 0 or bit < 0 or bit >= CALENDAR_DAYS:
        return ST_reference_invalid
    row_open(&s.calendar[calendar].version)
    if r.open:
        s.calendar[calendar].closed[bit >> 3] &= <uint8_t>~(1 << (bit & 7))
    else:
        s.calendar[calendar].closed[bit >> 3] |= <uint8_t>(1 << (bit & 7))
    row_close(&s.calendar[calendar].version)
    for slot in range(1, s.header[TABLE_instrument].used):  # settlement dates are worked out anew
        row_open(&s.instrument[slot].version)
        s.instrument[slot].settle_of = 0
        row_close(&s.instrument[slot].version)
    return ST_ok


cdef uint16_t define_feed(State* s, const DefineFeed* r) noexcept nogil:
    """A feed of an exchange, in the order of preference; one of exchange 0 is a bank's or a registry's."""
    cdef uint32_t slot = find_small(s, TABLE_feed, 4, r.name, 32)
    cdef uint16_t* link
    if r.name[0] == 0 or r.exchange >= s.header[TABLE_exchange].used:
        return ST_reference_invalid
    if slot:
        return ST_ok if s.feed[slot].exchange == r.exchange else ST_reference_invalid
    if not has_room(s, TABLE_feed, 1):
        return ST_capacity_reached
    slot = take(s, TABLE_feed)
    row_open(&s.feed[slot].version)
    memcpy(s.feed[slot].name, r.name, 32)
    s.feed[slot].exchange = r.exchange
    row_close(&s.feed[slot].version)
    if r.exchange == 0:
        return ST_ok
    link = &s.exchange[r.exchange].first_feed
    while link[0]:
        link = &s.feed[link[0]].next_feed
    link[0] = <uint16_t>slot
    return ST_ok


cdef uint16_t define_class(State* s, const DefineClass* r) noexcept nogil:
    cdef uint32_t slot = find_small(s, TABLE_account_class, 4, r.name, 24)
    cdef AccountClassRow* c
    if r.name[0] == 0 or r.min_order_value < 0 or r.max_order_value < 0 or r.auth_above_value < 0:
        return ST_reference_invalid
    if r.cross_own > CrossOwn_desk or r.chained_replaces > ChainedReplaces_refuse:
        return ST_reference_invalid
    if slot == 0 and not has_room(s, TABLE_account_class, 1):
        return ST_capacity_reached
    c = &s.account_class[or_take(s, TABLE_account_class, slot)]
    row_open(&c.version)
    memcpy(c.name, r.name, 24)
    c.sell_unsettled, c.four_eyes, c.contractual = r.sell_unsettled, r.four_eyes, r.contractual
    c.receivable_days = r.receivable_days
    c.market_order_margin_bps = r.market_order_margin_bps
    c.collar_bps = r.collar_bps
    c.buffer_timeout_s = r.buffer_timeout_s
    c.min_order_value, c.max_order_value = r.min_order_value, r.max_order_value
    c.auth_above_value = r.auth_above_value
    c.break_tolerance = r.break_tolerance
    c.cross_own, c.chained_replaces, c.duplicate_window_s = r.cross_own, r.chained_replaces, r.duplicate_window_s
    row_close(&c.version)
    if c.cross_own:
        start_watching(s, WATCH_own)
    if c.duplicate_window_s:
        start_watching(s, WATCH_content)
    return ST_ok


cdef uint16_t define_fee(State* s, const DefineFee* r) noexcept nogil:
    """A schedule is never changed: what orders were charged must stay explicable. A new one takes its place by
    AssignFee."""
    cdef uint32_t slot = find_small(s, TABLE_fee, 4, r.name, 24)
    cdef FeeRow* f
    cdef int index
    cdef int64_t highest = <int64_t>1 << 50
    if r.name[0] == 0 or r.count > FEE_COMPONENTS:
        return ST_reference_invalid
    for index in range(r.count):
        if not FeeBasis_value <= r.basis[index] <= FeeBasis_flat or not (r.side[index] == 0 or is_side(r.side[index])):
            return ST_reference_invalid
        if not (0 <= r.rate_e8[index] <= 100000000 and 0 <= r.amount[index] <= highest):
            return ST_reference_invalid
        if not (0 <= r.minimum[index] <= highest and 0 <= r.maximum[index] <= highest):
            return ST_reference_invalid
    if slot:
        f = &s.fee[slot]
        return ST_ok if memcmp(f.rate_e8, r.rate_e8, 4 * 48) == 0 and f.count == r.count else ST_reference_invalid
    if not has_room(s, TABLE_fee, 1):
        return ST_capacity_reached
    f = &s.fee[take(s, TABLE_fee)]
    row_open(&f.version)
    memcpy(f.name, r.name, 24)
    f.count = r.count
    memcpy(f.side, r.side, 6)
    memcpy(f.basis, r.basis, 6)
    memcpy(f.rate_e8, r.rate_e8, 48)
    memcpy(f.amount, r.amount, 48)
    memcpy(f.minimum, r.minimum, 48)
    memcpy(f.maximum, r.maximum, 48)
    row_close(&f.version)
    return ST_ok


cdef uint16_t assign_fee(State* s, const AssignFee* r) noexcept nogil:
    cdef uint32_t row = <uint32_t>r.account_class * 64 + r.exchange
    if r.account_class == 0 or r.account_class >= s.header[TABLE_account_class].used or r.schedule == 0:
        return ST_reference_invalid
    if r.exchange >= s.header[TABLE_exchange].used or r.schedule >= s.header[TABLE_fee].used:
        return ST_reference_invalid
    if row >= limit_of(s, TABLE_fee_rule):
        return ST_capacity_reached
    row_open(&s.fee_rule[row].version)
    s.fee_rule[row].schedule = r.schedule
    row_close(&s.fee_rule[row].version)
    s.header[TABLE_fee_rule].used = max(s.header[TABLE_fee_rule].used, row + 1)
    return ST_ok


cdef uint16_t define_user(State* s, const DefineUser* r) noexcept nogil:
    cdef uint32_t slot = find_small(s, TABLE_user, 4, r.name, 32)
    cdef UserRow* u
    if r.name[0] == 0 or r.max_value < 0 or r.cancel_on_disconnect > GRACE_MAX_S:
        return ST_reference_invalid
    if r.permissions & ~s.user[slot].permissions & PERMISSION_lift and not allowed(s, PERMISSION_lift):
        return ST_permission_denied  # who may not lift cannot make somebody who may
    if slot == 0 and not has_room(s, TABLE_user, 1):
        return ST_capacity_reached
    u = &s.user[or_take(s, TABLE_user, slot)]
    row_open(&u.version)
    memcpy(u.name, r.name, 32)
    u.permissions, u.owner, u.active, u.max_value = r.permissions, r.owner, r.active, r.max_value
    u.max_rate, u.cancel_on_disconnect = r.max_rate, r.cancel_on_disconnect
    if r.cancel_on_disconnect == 0:
        u.cancel_at_ns = 0
    row_close(&u.version)
    return ST_ok


cdef uint16_t define_account(State* s, const DefineAccount* r) noexcept nogil:
    cdef uint32_t slot = find_account(s, r.owner, r.code)
    cdef AccountRow* a
    cdef const uint8_t* texts = DefineAccount_texts(r)
    if r.code[0] == 0 or r.status > AccountStatus_closed:
        return ST_reference_invalid
    if r.account_class == 0 or r.account_class >= s.header[TABLE_account_class].used:
        return ST_reference_invalid
    if r.currency == 0 or r.currency >= s.header[TABLE_currency].used:
        return ST_reference_invalid
    if not has_room(s, TABLE_text, 128):
        return ST_capacity_reached
    if slot == 0 and not (has_room(s, TABLE_account, 1) and has_room(s, TABLE_cash, 1)):
        return ST_capacity_reached
    if slot == 0:
        slot = take(s, TABLE_account)
        index_put(&s.by_code, hash_bytes(<const uint8_t*>r.code, 32, r.owner), slot)
    a = &s.account[slot]
    row_open(&a.version)
    memcpy(a.code, r.code, 32)
    a.owner, a.account_class, a.currency, a.status = r.owner, r.account_class, r.currency, r.status
    a.short_allowed = r.short_allowed
    if not text_is(s, a.name, texts, r.name_length):
        a.name = text_put(s, texts, r.name_length)
    if not text_is(s, a.attributes, texts + r.name_length, r.attributes_length):
        a.attributes = text_put(s, texts + r.name_length, r.attributes_length)
    row_close(&a.version)
    cash_row(s, slot, r.currency)
    return ST_ok


cdef uint32_t suspense_account(State* s, uint16_t currency) noexcept nogil:
    """Holds what exchanges report for accounts that nobody knows. It is made on first need, in the first class, and
    takes no requests; 0 when it cannot be made."""
    cdef char code[32]
    cdef uint32_t slot
    cdef AccountRow* a
    memset(code, 0, sizeof(code))
    memcpy(code, b"SUSPENSE", 8)
    slot = find_account(s, 0, code)
    if slot or s.header[TABLE_account_class].used == 1 or not has_room(s, TABLE_account, 1):
        return slot
    slot = take(s, TABLE_account)
    a = &s.account[slot]
    row_open(&a.version)
    memcpy(a.code, code, 32)
    a.account_class, a.currency, a.status = 1, currency, AccountStatus_suspended
    row_close(&a.version)
    index_put(&s.by_code, hash_bytes(<const uint8_t*>code, 32, 0), slot)
    emit_event(s, EventKind_reference, T_DefineAccount, 0, ST_ok)
    return slot


cdef uint16_t entitle(State* s, const Entitle* r) noexcept nogil:
    cdef uint32_t slot
    if r.account == 0 or r.account >= s.header[TABLE_account].used:
        return ST_account_unknown
    if r.user == 0 or r.user >= s.header[TABLE_user].used:
        return ST_reference_invalid
    if owns(s, r.account, r.user):
        return ST_ok
    if not has_room(s, TABLE_entitlement, 1):
        return ST_capacity_reached
    slot = take(s, TABLE_entitlement)
    row_open(&s.entitlement[slot].version)
    s.entitlement[slot].account = r.account
    s.entitlement[slot].user = r.user
    s.entitlement[slot].next = s.account[r.account].entitlement
    row_close(&s.entitlement[slot].version)
    row_open(&s.account[r.account].version)
    s.account[r.account].entitlement = slot
    row_close(&s.account[r.account].version)
    return ST_ok


cdef uint16_t define_instrument(State* s, const DefineInstrument* r) noexcept nogil:
    cdef uint32_t slot = find_instrument(s, r.exchange, r.symbol)
    cdef InstrumentRow* i
    cdef int64_t numerator = 1, denominator = 1
    if r.symbol[0] == 0 or r.exchange == 0 or r.exchange >= s.header[TABLE_exchange].used:
        return ST_reference_invalid
    if r.currency == 0 or r.currency >= s.header[TABLE_currency].used or r.status > InstrumentStatus_delisted:
        return ST_reference_invalid
    if r.price_exponent > 8 or r.quantity_exponent > 8 or r.tick <= 0 or r.lot <= 0 or r.min_qty < 0 or r.max_qty < 0:
        return ST_reference_invalid
    if r.max_qty and r.max_qty < r.min_qty:
        return ST_reference_invalid
    if not value_fraction(r.multiplier, r.price_factor_numerator, r.price_factor_denominator, r.price_exponent,
                          r.quantity_exponent, s.currency[r.currency].exponent, &numerator, &denominator):
        return ST_reference_invalid
    if slot and not same_units(&s.instrument[slot], r, numerator, denominator):
        return ST_reference_invalid
    if slot == 0 and not has_room(s, TABLE_instrument, 1):
        return ST_capacity_reached
    if slot == 0:
        slot = take(s, TABLE_instrument)
        index_put(&s.by_symbol, hash_bytes(<const uint8_t*>r.symbol, 24, r.exchange), slot)
    i = &s.instrument[slot]
    row_open(&i.version)
    memcpy(i.symbol, r.symbol, 24)
    memcpy(i.isin, r.isin, 16)
    memcpy(i.cfi, r.cfi, 8)
    i.exchange, i.currency = r.exchange, r.currency
    i.price_exponent, i.quantity_exponent, i.status = r.price_exponent, r.quantity_exponent, r.status
    i.settlement_days = s.exchange[r.exchange].settlement_days if r.settlement_days == 255 else r.settlement_days
    i.tick, i.lot, i.min_qty, i.max_qty = r.tick, r.lot, r.min_qty, r.max_qty
    i.value_numerator, i.value_denominator, i.multiplier = numerator, denominator, r.multiplier
    i.reference_price, i.authorise, i.restricted = r.reference_price, r.authorise, r.restricted
    i.price_may_be_negative = r.price_may_be_negative
    i.short_allowed, i.short_margin_bps = r.short_allowed, r.short_margin_bps
    i.settle_of = 0
    row_close(&i.version)
    return ST_ok


cdef bint same_units(const InstrumentRow* i, const DefineInstrument* r, int64_t numerator,
                     int64_t denominator) noexcept nogil:
    """What figures mean never changes under the rows that hold them."""
    return (i.currency == r.currency and i.price_exponent == r.price_exponent
            and i.quantity_exponent == r.quantity_exponent and i.value_numerator == numerator
            and i.value_denominator == denominator)


cdef bint reaches(const State* s, const Frame* record) noexcept nogil:
    """An operator of one owner defines that owner's accounts, and nothing else."""
    cdef uint16_t owner = s.user[s.source].owner
    if record.template_id == T_DefineAccount:
        return owner == 0 or owner == (<const DefineAccount*>record).owner
    if record.template_id == T_Entitle and (<const Entitle*>record).account < s.header[TABLE_account].used:
        return of_owner(s, (<const Entitle*>record).account)
    return owner == 0


cdef uint16_t apply_reference(State* s, const Frame* record) noexcept nogil:
    cdef uint16_t status = ST_record_malformed, kind = record.template_id
    if not allowed(s, PERMISSION_operate) or not reaches(s, record):
        return ST_permission_denied
    if kind == T_DefineAccount:
        status = define_account(s, <const DefineAccount*>record)
    elif kind == T_DefineInstrument:
        status = define_instrument(s, <const DefineInstrument*>record)
    elif kind == T_DefineCurrency:
        status = define_currency(s, <const DefineCurrency*>record)
    elif kind == T_DefineExchange:
        status = define_exchange(s, <const DefineExchange*>record)
    elif kind == T_DefineHoliday:
        status = define_holiday(s, <const DefineHoliday*>record)
    elif kind == T_DefineFeed:
        status = define_feed(s, <const DefineFeed*>record)
    elif kind == T_DefineClass:
        status = define_class(s, <const DefineClass*>record)
    elif kind == T_DefineFee:
        status = define_fee(s, <const DefineFee*>record)
    elif kind == T_AssignFee:
        status = assign_fee(s, <const AssignFee*>record)
    elif kind == T_DefineUser:
        status = define_user(s, <const DefineUser*>record)
    elif kind == T_Entitle:
        status = entitle(s, <const Entitle*>record)
    elif kind == T_Configured:
        memcpy(s.firm.config_digest, (<const Configured*>record).digest, 32)
        status = ST_ok
    emit_event(s, EventKind_reference, kind, 0, status)
    return status
