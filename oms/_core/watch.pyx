"""Requests that look like a slip: the same once more within seconds, or one that would meet the account's own order.

Owns the two indexes that these checks need. They are kept from the moment on at which a class asks for one of them:
until then they cost nothing. `firm.watched` says which are kept.
"""

from libc.stdint cimport INT64_MIN

from oms._core.index cimport index_put, index_remove
from oms._core.orders cimport FLAG_external
from oms._core.vetting cimport REQUEST_protected, REQUEST_stated, hit, takes_stop


cdef inline uint64_t content_key(uint32_t account, uint32_t instrument, uint8_t side, int64_t order_qty) noexcept nogil:
    return mix(mix(<uint64_t>account << 32 | instrument, side), <uint64_t>order_qty)


cdef inline int64_t price_given(const RequestRow* r) noexcept nogil:
    return INT64_MIN if r.flags & REQUEST_protected else r.price


cdef uint64_t key_of(const State* s, const RequestRow* r) noexcept nogil:
    cdef const OrderRow* o = &s.order[r.order]
    return content_key(o.account, o.instrument, o.side, r.order_qty)


cdef void watch_request(State* s, uint32_t request) noexcept nogil:
    """An accepted New may be found by what it asks for."""
    index_put(&s.by_content, key_of(s, &s.request[request]), request)


cdef void unwatch_request(State* s, uint32_t request) noexcept nogil:
    """Before the row is given back."""
    if s.request[request].type == RequestType_new and s.request[request].order:
        index_remove(&s.by_content, key_of(s, &s.request[request]), request)


cdef void watch_order(State* s, uint32_t order) noexcept nogil:
    """A live order may be found by its account and instrument, a closed one may not."""
    cdef const OrderRow* o = &s.order[order]
    cdef uint64_t key = mix(o.account, o.instrument), at = index_home(&s.by_owner, key)
    cdef uint32_t slot = index_next(&s.by_owner, key, &at)
    while slot and slot != order:
        slot = index_next(&s.by_owner, key, &at)
    if o.closed and slot:
        index_remove(&s.by_owner, key, order)
    elif not o.closed and slot == 0:
        index_put(&s.by_owner, key, order)


cdef void unwatch_order(State* s, uint32_t order) noexcept nogil:
    """Before its account changes."""
    cdef const OrderRow* o = &s.order[order]
    index_remove(&s.by_owner, mix(o.account, o.instrument), order)


cdef void watch_rows(State* s, uint8_t what) noexcept nogil:
    """Fills empty indexes from the rows that there are."""
    cdef uint32_t slot
    if what & WATCH_own:
        for slot in range(1, s.header[TABLE_order].used):
            if s.order[slot].request and not s.order[slot].closed:
                watch_order(s, slot)
    if what & WATCH_content:
        for slot in range(1, s.header[TABLE_request].used):
            if s.request[slot].type == RequestType_new and s.request[slot].order:
                watch_request(s, slot)


cdef void start_watching(State* s, uint8_t what) noexcept nogil:
    """From now on, for good: what a class no longer asks for may be asked for by another one."""
    if s.firm.watched & what == 0:
        s.firm.watched |= what
        watch_rows(s, what)


cdef void vet_alike(State* s, Terms* t, uint64_t window_ns) noexcept nogil:
    """Was the same account, instrument, side, quantity and price asked for so short a time ago, and accepted? What was
    itself held up as a repetition does not count."""
    cdef int64_t price = INT64_MIN if t.flags & REQUEST_protected else t.price
    cdef uint64_t key = content_key(t.account, t.instrument, t.side, t.order_qty), at = index_home(&s.by_content, key)
    cdef uint64_t repeated = <uint64_t>1 << (ST_duplicate_by_content - ST_account_suspended)
    cdef uint32_t slot = index_next(&s.by_content, key, &at)
    cdef const RequestRow* r
    cdef const OrderRow* o
    cdef bint alike
    while slot:
        r = &s.request[slot]
        o = &s.order[r.order]
        alike = o.account == t.account and o.instrument == t.instrument and o.side == t.side
        alike = alike and r.order_qty == t.order_qty and price_given(r) == price
        if alike and not r.seen & repeated and not o.flags & FLAG_external:
            if s.time_ns - r.time_ns <= window_ns:
                hit(s, t, ST_duplicate_by_content, <int64_t>(s.time_ns - r.time_ns), <int64_t>window_ns)
        slot = index_next(&s.by_content, key, &at)


cdef void vet_crossing(State* s, Terms* t) noexcept nogil:
    """Would it trade against a live order of the same account? A stop order does not trade yet, on either side; one
    that rests at a price that nobody has stated may be anywhere."""
    cdef uint64_t key = mix(t.account, t.instrument), at = index_home(&s.by_owner, key)
    cdef uint32_t slot = index_next(&s.by_owner, key, &at)
    cdef const OrderRow* o
    cdef const RequestRow* terms
    cdef bint meets
    if takes_stop(t.ord_type):
        return
    while slot:
        o = &s.order[slot]
        terms = &s.request[o.terms]
        meets = slot != t.order and o.account == t.account and o.instrument == t.instrument
        meets = meets and not o.closed and is_buy(o.side) != is_buy(t.side)
        meets = meets and not takes_stop(terms.ord_type)
        meets = meets and terms.flags & (REQUEST_protected | REQUEST_stated) != REQUEST_protected
        if meets and not t.flags & REQUEST_protected:
            meets = t.price >= o.price if is_buy(t.side) else t.price <= o.price
        if meets:
            hit(s, t, ST_crosses_own_order, t.price, o.price)
        slot = index_next(&s.by_owner, key, &at)
