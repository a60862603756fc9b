"""Which of an exchange's reports about an order's terms is the newer one. Owns the told_terms and restatement rows.

The same report comes over redundant feeds, again in a replay, and late over a feed that lags. Over one feed its
sequence tells what is older, between feeds the exchange's own time. What the exchange changed without being asked
counts once, by its exec_id.
"""

from oms._core.index cimport index_put, index_remove


cdef inline uint64_t name_of(const ExecutionReport* r, uint32_t order) noexcept nogil:
    return hash_bytes(ExecutionReport_texts(r), r.exec_id_length, order)


cdef bint is_old(const State* s, uint32_t order, const ExecutionReport* r) noexcept nogil:
    """Was it said before what the terms in force are from?"""
    cdef const ToldTermsRow* told = &s.told_terms[order]
    if r.feed == told.feed and r.feed_sequence and s.feed[r.feed].session_id == told.session_id:
        return r.feed_sequence < told.feed_sequence
    return r.transact_time_ns != 0 and r.transact_time_ns < told.time_ns


cdef bint is_filled_there(const State* s, uint32_t order, const ExecutionReport* r) noexcept nogil:
    """Is an order that is open here filled at the exchange by just what we have booked? Its quantity was cut there to
    what it counted then, while we counted more. Told over the feed that our terms are from, so that it is no older."""
    cdef const OrderRow* o = &s.order[order]
    return (r.ord_status_req_id != 0 and r.ord_status == OrdStatus_filled and not o.closed and o.pending == 0
            and r.order_qty == r.cum_qty == o.cum_qty and s.told_terms[order].feed in (0, r.feed))


cdef bint told_before(const State* s, uint32_t order, const ExecutionReport* r) noexcept nogil:
    cdef uint64_t hash = name_of(r, order), at = index_home(&s.by_restatement, hash)
    cdef uint32_t slot = index_next(&s.by_restatement, hash, &at) if r.exec_id_length else 0
    while slot:
        if s.restatement[slot].order == order:
            if text_is(s, s.restatement[slot].exec_id, ExecutionReport_texts(r), r.exec_id_length):
                return True
        slot = index_next(&s.by_restatement, hash, &at)
    return False


cdef void note_terms(State* s, uint32_t order, const ExecutionReport* r, bint asked) noexcept nogil:
    """The terms in force are from this report. The caller has seen to it that there is room."""
    cdef ToldTermsRow* told = &s.told_terms[order]
    cdef uint32_t slot
    row_open(&told.version)
    told.feed, told.feed_sequence = r.feed, r.feed_sequence
    told.session_id = s.feed[r.feed].session_id
    told.time_ns = max(told.time_ns, r.transact_time_ns)
    told.order_qty = told.price = 0
    row_close(&told.version)
    s.header[TABLE_told_terms].used = max(s.header[TABLE_told_terms].used, order + 1)
    if asked or r.exec_id_length == 0:
        return
    slot = take(s, TABLE_restatement)
    row_open(&s.restatement[slot].version)
    s.restatement[slot].order, s.restatement[slot].sequence = order, s.sequence
    s.restatement[slot].exec_id = text_put(s, ExecutionReport_texts(r), r.exec_id_length)
    s.restatement[slot].hash = name_of(r, order)
    row_close(&s.restatement[slot].version)
    index_put(&s.by_restatement, s.restatement[slot].hash, slot)


cdef void forget_terms(State* s, uint32_t order) noexcept nogil:
    """The order's row is given back."""
    cdef ToldTermsRow* told = &s.told_terms[order]
    if order < s.header[TABLE_told_terms].used:
        row_open(&told.version)
        told.feed = 0
        told.action = 0
        told.time_ns = told.feed_sequence = told.session_id = told.order_qty = told.price = 0
        row_close(&told.version)


cdef void forget_restatements(State* s, int32_t before) noexcept nogil:
    """Those of orders that were closed on earlier dates, or whose rows were given back."""
    cdef uint32_t slot
    cdef const OrderRow* o
    for slot in range(1, s.header[TABLE_restatement].used):
        o = &s.order[s.restatement[slot].order]
        if s.restatement[slot].hash and (o.request == 0 or (o.closed and o.closed_date < before)):
            index_remove(&s.by_restatement, s.restatement[slot].hash, slot)
            give_back(s, TABLE_restatement, slot)
