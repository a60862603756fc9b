"""Feeds: one adapter's connection to one exchange, its sequence both ways, and the market data that comes over it.

Owns the feed rows. A request goes out once: after a feed opens, only what its adapter never received is sent again,
under the same number.
"""

from oms._core.orders cimport awaits, set_status
from oms._core.outputs cimport alert, emit_event, emit_order_request
from oms._core.vetting cimport allowed
from oms._core.waiting cimport release_buffered


cdef bint count_in(State* s, uint32_t feed, uint64_t sequence) noexcept nogil:
    """Takes note of a report's sequence. False: it was applied before. A jump leaves last_in where the replay has to
    begin, holds new orders on the route, and ends when the sequence has caught up; 0 is a report outside the
    sequence."""
    cdef FeedRow* f = &s.feed[feed]
    if sequence == 0:
        return True
    if sequence <= f.last_in:
        return False
    row_open(&f.version)
    if sequence == f.last_in + 1:
        f.last_in = sequence
        if f.gap and sequence >= f.gap_to:
            f.gap = 0
            f.gap_to = 0
            row_close(&f.version)
            release_buffered(s, f.exchange)
            return True
    else:
        f.gap_to = max(f.gap_to, sequence)
        if not f.gap:
            f.gap = 1
            alert(s, EventKind_feed, feed, ST_feed_sequence_gap)
    row_close(&f.version)
    return True


cdef uint16_t apply_feed_opened(State* s, const FeedOpened* r) noexcept nogil:
    """The adapter owns the feed from here on. A new exchange session starts the sequence of reports again. Where the
    exchange's open orders are to be compared first, what is new waits for that; what was sent before does not."""
    cdef FeedRow* f = &s.feed[r.feed]
    if not allowed(s, PERMISSION_report):
        return ST_permission_denied
    if r.feed == 0 or r.feed >= s.header[TABLE_feed].used:
        return ST_feed_unknown
    row_open(&f.version)
    if f.session_id != r.session_id:
        f.session_id = r.session_id
        f.last_in = 0
    f.gap = 0
    f.gap_to = 0
    f.uncompared = s.exchange[f.exchange].compare
    f.epoch += 1
    f.state = FeedState_online
    row_close(&f.version)
    emit_event(s, EventKind_feed, r.feed, FeedState_online, ST_ok)
    if r.last_received < f.last_out:
        send_again(s, r.feed, r.last_received)
    release_buffered(s, f.exchange)
    return ST_ok


cdef void send_again(State* s, uint16_t feed, uint64_t last_received) noexcept nogil:
    """What the adapter never received and nobody has answered goes out again, under the same numbers, in their
    order."""
    cdef uint32_t slot = s.header[TABLE_request].used, left = s.feed[feed].unanswered, count = 0, index
    cdef const RequestRow* r
    while left:
        slot -= 1
        r = &s.request[slot]
        if r.feed != feed or not awaits(r.status):
            continue
        left -= 1
        if r.feed_sequence > last_received:
            s.waiting[count].number = r.feed_sequence
            s.waiting[count].slot = slot
            count += 1
    sort_numbered(s.waiting, count)
    for index in range(count):
        slot = s.waiting[index].slot
        if s.request[slot].status == RequestStatus_in_doubt:
            set_status(s, slot, RequestStatus_submitted, ST_ok)
        emit_order_request(s, slot)


cdef uint16_t apply_feed_lost(State* s, const FeedLost* r) noexcept nogil:
    """What was sent over it and not answered is in doubt: neither rejected nor sent again."""
    cdef FeedRow* f = &s.feed[r.feed]
    cdef uint32_t slot = s.header[TABLE_request].used, left
    if not allowed(s, PERMISSION_report):
        return ST_permission_denied
    if r.feed == 0 or r.feed >= s.header[TABLE_feed].used:
        return ST_feed_unknown
    left = f.unanswered
    row_open(&f.version)
    f.state = FeedState_offline
    row_close(&f.version)
    emit_event(s, EventKind_feed, r.feed, FeedState_offline, ST_ok)
    while left:
        slot -= 1
        if s.request[slot].feed != r.feed or not awaits(s.request[slot].status):
            continue
        left -= 1
        if s.request[slot].status == RequestStatus_submitted:
            set_status(s, slot, RequestStatus_in_doubt, ST_ok)
    return ST_ok


cdef uint16_t apply_gap_closed(State* s, const FeedGapClosed* r) noexcept nogil:
    """The replay is complete, or a named operator says that nothing is missing."""
    cdef FeedRow* f = &s.feed[r.feed]
    if not allowed(s, PERMISSION_report | PERMISSION_operate):
        return ST_permission_denied
    if r.feed == 0 or r.feed >= s.header[TABLE_feed].used:
        return ST_feed_unknown
    row_open(&f.version)
    f.last_in = max(f.last_in, f.gap_to)
    f.gap = 0
    f.gap_to = 0
    row_close(&f.version)
    release_buffered(s, f.exchange)
    return ST_ok


cdef uint16_t apply_market(State* s, const MarketData* r) noexcept nogil:
    cdef InstrumentRow* i = &s.instrument[r.instrument]
    if not allowed(s, PERMISSION_report | PERMISSION_operate):
        return ST_permission_denied
    if r.instrument == 0 or r.instrument >= s.header[TABLE_instrument].used:
        return ST_instrument_unknown
    if r.feed >= s.header[TABLE_feed].used or (r.feed and s.feed[r.feed].exchange != i.exchange):
        return ST_instrument_unknown
    row_open(&i.version)
    i.last, i.bid, i.ask = r.last, r.bid, r.ask
    i.market_time_ns = s.time_ns
    row_close(&i.version)
    return ST_ok
