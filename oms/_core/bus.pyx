# Owns: the calls by which the core takes records in and sends records out. Never looks into a record, never waits
# for a peer, never takes the GIL.

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

from oms._core.bus_endpoint cimport Backlog, Endpoint, Tag_records, Tag_session, endpoint_end, endpoint_unpark
from oms._core.bus_envelope cimport (
    ENVELOPE_MAX_BYTES, ENVELOPE_SIZE, SessionReason_none, SessionReason_slow,
)
from oms._core.ring cimport (
    count_u64, doorbell_ring, doorbell_wait, exchange_u32, load_u32, load_u64, monotonic_ns, ring_claim, ring_has_room,
    ring_next, ring_publish, ring_release, ring_used, store_u32, store_u64,
)
from oms._core.types cimport SCHEMA_VERSION, SessionOpened, T_SessionOpened


cdef enum:
    NS_PER_SECOND = 1_000_000_000
    RUN_BYTES = ENVELOPE_MAX_BYTES - ENVELOPE_SIZE


cdef bint throttle(Endpoint* endpoint) noexcept nogil:
    """A peer that leaves its answers unread waits with its requests. The sender clears the mark and wakes the core."""
    cdef uint64_t limit = endpoint.outbound.size // 2
    if load_u32(&endpoint.reason) or ring_used(&endpoint.outbound) <= limit:
        return False
    if exchange_u32(&endpoint.throttled, 1) == 0:
        count_u64(&endpoint.counters.throttled, 1)
    return ring_used(&endpoint.outbound) > limit


cdef bint hold(Endpoint* endpoint) noexcept nogil:
    """A peer that sends more than it may waits: what comes at once is a tenth or two of a second's records, and the
    rest of an envelope."""
    cdef uint64_t now_ns
    if endpoint.rate == 0 or endpoint.tokens > 0:
        return False
    now_ns = monotonic_ns()
    endpoint.tokens += <int64_t>(min(now_ns - endpoint.filled_ns, <uint64_t>NS_PER_SECOND) * endpoint.rate
                                 // NS_PER_SECOND)
    endpoint.tokens = min(endpoint.tokens, <int64_t>(endpoint.rate // 10 + 1))
    endpoint.filled_ns = now_ns
    if endpoint.tokens > 0:
        endpoint.held = 0
        return False
    if not endpoint.held and ring_used(&endpoint.inbound):
        endpoint.held = 1
        count_u64(&endpoint.counters.held, 1)
    return True


cdef bint poll_endpoint(Endpoint* endpoint, BusEvent* event) noexcept nogil:
    cdef bint last, known
    cdef uint32_t tag
    if endpoint.core_done == load_u64(&endpoint.epoch):     # no session since: the keeper may be at work in it
        return False
    last = load_u32(&endpoint.stopped)      # before the ring: what is there now is all there will be
    if endpoint.backlog.end:
        send_kept(endpoint)
    if throttle(endpoint) or hold(endpoint):
        return False
    event.endpoint = endpoint.index
    event.source = endpoint.source
    event.epoch = endpoint.epoch
    event.reason = SessionReason_none
    event.records = <const Frame*> ring_next(&endpoint.inbound, &endpoint.cursor, &event.length, &tag)
    if event.records != NULL:
        event.kind = BusEvent_records if tag else BusEvent_opened
        event.count = tag if tag else 1
        endpoint.tokens -= event.count
        endpoint.known = 1
        return True
    endpoint_unpark(endpoint)
    if not last:
        return False
    event.kind = BusEvent_closed
    event.reason = <uint16_t> endpoint.reason
    event.count = event.length = 0
    known = endpoint.known
    endpoint.opened = 0
    drop_kept(endpoint)
    store_u64(&endpoint.core_done, endpoint.epoch)          # from here on it is the keeper's
    doorbell_ring(endpoint.keeper_bell)
    return known


cdef bint bus_poll(BusState* bus, BusEvent* event) noexcept nogil:
    cdef Endpoint* endpoint
    cdef uint32_t _turn
    bus_flush(bus)      # a core that is never idle still sends
    for _turn in range(bus.count):
        endpoint = &bus.endpoints[bus.next]
        bus.next = bus.next + 1 if bus.next + 1 < bus.count else 0
        if poll_endpoint(endpoint, event):
            return True
    return False


cdef void bus_release(BusState* bus, const BusEvent* event) noexcept nogil:
    cdef Endpoint* endpoint = &bus.endpoints[event.endpoint]
    if event.kind != BusEvent_closed:
        ring_release(&endpoint.inbound, endpoint.cursor)
        endpoint_unpark(endpoint)


cdef bint keep(Backlog* kept, const void* records, uint32_t length) noexcept nogil:
    cdef uint64_t size = kept.size if kept.size else RUN_BYTES
    cdef uint8_t* larger
    while size < kept.end + length:
        size *= 2
    if size > kept.size:
        larger = <uint8_t*> realloc(kept.bytes, size)
        if larger == NULL:
            return False
        kept.bytes, kept.size = larger, size
    memcpy(kept.bytes + kept.end, records, length)
    kept.end += length
    return True


cdef void drop_kept(Endpoint* endpoint) noexcept nogil:
    free(endpoint.backlog.bytes)
    memset(&endpoint.backlog, 0, sizeof(endpoint.backlog))
    endpoint.cause = 0


cdef void send_kept(Endpoint* endpoint) noexcept nogil:
    """Moves as much of the backlog to the ring as there is room for. The mark of a peer that has to wait has the sender
    wake the core when there is more."""
    cdef Backlog* kept = &endpoint.backlog
    cdef uint32_t length, more
    while kept.start < kept.end and ring_has_room(&endpoint.outbound, RUN_BYTES):
        length = 0
        while kept.start + length < kept.end:
            more = (<const Frame*> (kept.bytes + kept.start + length)).length
            if length + more > RUN_BYTES:
                break
            length += more
        memcpy(ring_claim(&endpoint.outbound, length, Tag_records), kept.bytes + kept.start, length)
        ring_publish(&endpoint.outbound)
        kept.start += length
    doorbell_ring(endpoint.sender_bell)
    if kept.start == kept.end:
        drop_kept(endpoint)


cdef bint enqueue(BusState* bus, Endpoint* endpoint, const Frame* entry, uint32_t length, uint32_t tag) noexcept nogil:
    """A queue that is full is the end of the session, but not because of what one record has caused: an adapter that is
    back is told all that it missed at once, a kill cancels every order. The rest of that is kept behind the queue, and
    as much again of what others cause meanwhile."""
    cdef Backlog* kept = &endpoint.backlog
    cdef bint same = entry.sequence != 0 and entry.sequence == endpoint.cause
    cdef uint8_t* place = NULL
    if load_u32(&endpoint.reason):
        return False
    endpoint.cause = entry.sequence
    if length <= RUN_BYTES and kept.end == 0:
        place = ring_claim(&endpoint.outbound, length, tag)
    if place != NULL:
        memcpy(place, entry, length)
        ring_publish(&endpoint.outbound)
        bus.unflushed = 1
        return True
    if length <= RUN_BYTES and (same or kept.end and kept.later + length <= endpoint.outbound.size):
        kept.later += 0 if same else length
        if keep(kept, entry, length):
            return True
    endpoint_end(endpoint, SessionReason_slow, NULL)
    return False


cdef bint bus_accept(BusState* bus, const BusEvent* event, uint64_t last_applied) noexcept nogil:
    cdef Endpoint* peer = &bus.endpoints[event.endpoint]
    cdef SessionOpened answer
    if peer.core_done == event.epoch or peer.opened:
        return False
    memset(&answer, 0, sizeof(answer))
    answer.frame.length = sizeof(answer)
    answer.frame.template_id = T_SessionOpened
    answer.frame.schema_version = SCHEMA_VERSION
    answer.epoch = peer.epoch
    answer.last_applied = last_applied
    answer.lease_ms = bus.lease_ms
    if not enqueue(bus, peer, &answer.frame, sizeof(answer), Tag_session):
        return False
    count_u64(&peer.counters.sessions, 1)
    store_u64(&peer.heard_ns, monotonic_ns())
    store_u32(&peer.opened, 1)
    return True


cdef bint bus_send(BusState* bus, uint16_t endpoint, const Frame* records, uint32_t length) noexcept nogil:
    cdef Endpoint* peer = &bus.endpoints[endpoint]
    return peer.opened and enqueue(bus, peer, records, length, Tag_records)


cdef void bus_flush(BusState* bus) noexcept nogil:
    if bus.unflushed:
        bus.unflushed = 0
        doorbell_ring(&bus.sender_bell)


cdef void bus_end(BusState* bus, uint16_t endpoint, int reason, const char* text) noexcept nogil:
    endpoint_end(&bus.endpoints[endpoint], reason, text)


cdef bint bus_wait(BusState* bus, uint64_t spin_ns, uint64_t timeout_ns) noexcept nogil:
    bus_flush(bus)
    return doorbell_wait(&bus.core_bell, spin_ns, timeout_ns)


cdef void bus_wake(BusState* bus) noexcept nogil:
    doorbell_ring(&bus.core_bell)
