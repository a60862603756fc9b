"""Feeds: one adapter's connection to one exchange, its sequence both ways, and the market data that comes over it.

Owns the feed rows. A request goes out once: after a feed opens, only what its adapter never received is sent again,
under the same number.
"""

from oms._core.doubt cimport ask_exchange, ask_over, cast_doubt, hand_back, send_again
from oms._core.outputs cimport alert, emit_event
from oms._core.vetting cimport allowed
from oms._core.waiting cimport release_buffered

cdef enum:
    LAPSES_FREE = 4  # losses in a row, each within a minute of the opening, that cost nothing
    SECOND_NS = 1000000000

cdef uint64_t LAPSE_NS = 60 * <uint64_t>SECOND_NS


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


cdef inline uint64_t pause_of(uint32_t lapses) noexcept nogil:
    """How long a feed that comes and goes has to stay before it gets new orders: none at first, then twice as long each
    time, up to a minute and four seconds."""
    return 0 if lapses < LAPSES_FREE else <uint64_t>SECOND_NS << min(lapses - LAPSES_FREE, 6)


cdef uint16_t apply_feed_opened(State* s, const FeedOpened* r) noexcept nogil:
    """The adapter owns the feed from here on, under a lease with a higher epoch than any before it. A new exchange
    session starts the sequence of reports again. What an adapter with another memory says that it holds tells nothing
    of what the one before it has sent, now or when it opens again. Where the exchange's open orders are to be compared
    first, what is new waits for that; what was sent before does not."""
    cdef FeedRow* f = &s.feed[r.feed]
    cdef bint same = f.instance == r.instance
    if not allowed(s, PERMISSION_report):
        return ST_permission_denied
    if r.feed == 0 or r.feed >= s.header[TABLE_feed].used:
        return ST_feed_unknown
    if r.epoch and r.epoch <= f.epoch:
        return ST_feed_deposed
    row_open(&f.version)
    if f.session_id != r.session_id:
        f.session_id = r.session_id
        f.last_in = 0
    f.gap = 0
    f.gap_to = 0
    f.uncompared = s.exchange[f.exchange].compare
    f.list[0] = f.list[1] = 0
    f.epoch = r.epoch if r.epoch else f.epoch + 1
    f.instance = r.instance
    if not same:
        f.last_to_others = f.last_out
    f.state = FeedState_online
    f.opened_ns = s.time_ns
    f.steady_ns = s.time_ns + pause_of(f.lapses) if f.lapses >= LAPSES_FREE else 0
    f.ask_ns = 0
    row_close(&f.version)
    emit_event(s, EventKind_feed, r.feed, FeedState_online, ST_ok)
    if not same:
        cast_doubt(s, r.feed)
    elif r.last_received < f.last_out:
        send_again(s, r.feed, max(r.last_received, f.last_to_others))
    if f.steady_ns:
        remind(s, f.steady_ns)
    release_buffered(s, f.exchange)
    return ST_ok


cdef uint16_t apply_feed_lost(State* s, const FeedLost* r) noexcept nogil:
    """What may have reached its adapter and is not answered is in doubt; what has not goes another way. Others are
    asked for what is in doubt as soon as the adapter can send nothing on any more."""
    cdef FeedRow* f = &s.feed[r.feed]
    if not allowed(s, PERMISSION_report):
        return ST_permission_denied
    if r.feed == 0 or r.feed >= s.header[TABLE_feed].used:
        return ST_feed_unknown
    row_open(&f.version)
    if f.state == FeedState_online:
        f.lapses = min(f.lapses + 1, 1000) if s.time_ns < f.opened_ns + LAPSE_NS else 0
    f.state = FeedState_offline
    f.steady_ns = 0
    f.ask_ns = s.time_ns + r.ask_after_ms * <uint64_t>1000000 if r.ask_after_ms else 0
    row_close(&f.version)
    emit_event(s, EventKind_feed, r.feed, FeedState_offline, ST_ok)
    hand_back(s, r.feed, r.last_sent)
    cast_doubt(s, r.feed)
    if f.ask_ns:
        remind(s, f.ask_ns)
    else:
        ask_exchange(s, f.exchange)
    return ST_ok


cdef void feeds_due(State* s) noexcept nogil:
    """Feeds that have stayed long enough get new orders; the leases of lost ones end. When to look again is kept."""
    cdef uint32_t feed
    cdef FeedRow* f
    for feed in range(1, s.header[TABLE_feed].used):
        f = &s.feed[feed]
        if f.state == FeedState_online and f.steady_ns:
            if f.steady_ns > s.time_ns:
                remind(s, f.steady_ns)
                continue
            row_open(&f.version)
            f.steady_ns = 0
            row_close(&f.version)
            ask_over(s, feed)
            release_buffered(s, f.exchange)
        elif f.state == FeedState_offline and f.ask_ns:
            if f.ask_ns > s.time_ns:
                remind(s, f.ask_ns)
                continue
            row_open(&f.version)
            f.ask_ns = 0
            row_close(&f.version)
            ask_exchange(s, f.exchange)


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
