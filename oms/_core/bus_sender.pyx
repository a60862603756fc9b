# Owns: outbound envelopes: batching, numbering, heartbeats, the last word of a session. Never waits for a peer.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset, strlen

from oms._core.bus_endpoint cimport (
    Endpoint, Phase_closing, Phase_draining, Phase_listening, Tag_session,
)
from oms._core.bus_envelope cimport *
from oms._core.bus_nng cimport NNG_EAGAIN, NNG_FLAG_NONBLOCK, nng, nng_msg, nng_socket
from oms._core.ring cimport (
    count_u64, doorbell_ring, doorbell_wait, exchange_u32, load_u32, load_u64, monotonic_ns, ring_next, ring_release,
    store_u64,
)
from oms._core.types cimport Frame, Heartbeat, SCHEMA_VERSION, SessionClosed, T_Heartbeat, T_SessionClosed

cdef enum:
    BATCH_BYTES = ENVELOPE_MAX_BYTES - ENVELOPE_SIZE
    TURN_ENVELOPES = 16         # to one peer before the next has its turn
    RETRY_NS = 500_000          # how soon a peer that nng had no room for is tried again


cdef void stamp(Endpoint* endpoint, nng_msg* message, uint32_t count, uint32_t bytes) noexcept nogil:
    """Makes it the next envelope. The number is published before it leaves: the peer may acknowledge it at once."""
    store_u64(&endpoint.sent, endpoint.sent + 1)
    envelope_fill(<uint8_t*> nng.msg_body(message), endpoint.epoch, endpoint.sent, load_u64(&endpoint.received),
                  count, bytes)
    endpoint.pending = message
    endpoint.pending_count = count
    endpoint.pending_bytes = ENVELOPE_SIZE + bytes


cdef uint32_t batch(Endpoint* endpoint, uint64_t* end) noexcept nogil:
    """How many bytes of queued records make the next envelope, and where in the ring it ends."""
    cdef uint64_t cursor = endpoint.outbound.read
    cdef uint32_t length, tag
    cdef uint32_t total = 0
    end[0] = cursor
    while ring_next(&endpoint.outbound, &cursor, &length, &tag) != NULL:
        if total and (tag == Tag_session or total + length > BATCH_BYTES):
            break
        total += length
        end[0] = cursor
        if tag == Tag_session:
            break
    return total


cdef bint take_records(Endpoint* endpoint) noexcept nogil:
    """Makes an envelope of what is queued. False: there is nothing, or no memory right now."""
    cdef uint64_t end
    cdef uint64_t cursor = endpoint.outbound.read
    cdef uint32_t total = batch(endpoint, &end)
    cdef uint32_t length, tag, place
    cdef uint32_t filled = 0
    cdef uint32_t count = 0
    cdef nng_msg* message
    cdef uint8_t* body
    cdef uint8_t* records
    if total == 0 or nng.msg_alloc(&message, ENVELOPE_SIZE + total) != 0:
        return False
    body = <uint8_t*> nng.msg_body(message) + ENVELOPE_SIZE
    while cursor != end:
        records = ring_next(&endpoint.outbound, &cursor, &length, &tag)
        if records == NULL:
            break
        memcpy(body + filled, records, length)
        filled += length
    place = 0
    while place < total:
        place += (<Frame*> (body + place)).length
        count += 1
    ring_release(&endpoint.outbound, end)
    stamp(endpoint, message, count, total)
    return True


cdef bint take_one(Endpoint* endpoint, uint16_t template_id, uint32_t length, nng_msg** message) noexcept nogil:
    """An envelope for one record of the session itself, with its Frame filled."""
    cdef Frame* frame
    if nng.msg_alloc(message, ENVELOPE_SIZE + length) != 0:
        return False
    frame = <Frame*> (<uint8_t*> nng.msg_body(message[0]) + ENVELOPE_SIZE)
    memset(frame, 0, length)
    frame.length = length
    frame.template_id = template_id
    frame.schema_version = SCHEMA_VERSION
    return True


cdef void take_heartbeat(Endpoint* endpoint, uint64_t now_ns) noexcept nogil:
    cdef nng_msg* message
    if take_one(endpoint, T_Heartbeat, sizeof(Heartbeat), &message):
        (<Heartbeat*> (<uint8_t*> nng.msg_body(message) + ENVELOPE_SIZE)).sent_ns = now_ns
        stamp(endpoint, message, 1, sizeof(Heartbeat))


cdef void take_farewell(Endpoint* endpoint) noexcept nogil:
    cdef uint32_t text_length = <uint32_t> strlen(endpoint.reason_text)
    cdef uint32_t length = <uint32_t> ((sizeof(SessionClosed) + text_length + 7) & ~<size_t> 7)
    cdef SessionClosed* closed
    cdef nng_msg* message
    endpoint.farewell = 1
    if take_one(endpoint, T_SessionClosed, length, &message):
        closed = <SessionClosed*> (<uint8_t*> nng.msg_body(message) + ENVELOPE_SIZE)
        closed.reason = <uint16_t> endpoint.reason
        closed.text_length = <uint8_t> text_length
        memcpy(closed + 1, endpoint.reason_text, text_length)
        stamp(endpoint, message, 1, length)


cdef int carry(Endpoint* endpoint, uint64_t now_ns) noexcept nogil:
    """Sends the pending envelope; nng's error, which is NNG_EAGAIN while it has no room."""
    cdef nng_socket socket
    cdef int error
    socket.id = endpoint.socket
    error = nng.sendmsg(socket, endpoint.pending, NNG_FLAG_NONBLOCK)
    if error == NNG_EAGAIN:
        count_u64(&endpoint.counters.retries, 1)
        return error
    if error:
        nng.msg_free(endpoint.pending)      # the socket is closed: the keeper knows
    else:
        endpoint.sent_ns = now_ns
        count_u64(&endpoint.counters.sent_messages, 1)
        count_u64(&endpoint.counters.sent_records, endpoint.pending_count)
        count_u64(&endpoint.counters.sent_bytes, endpoint.pending_bytes)
    endpoint.pending = NULL
    return error


cdef void drop(Endpoint* endpoint) noexcept nogil:
    """The session is over and the core queues no more: nothing of it may reach the next peer."""
    if endpoint.pending != NULL:
        nng.msg_free(endpoint.pending)
        endpoint.pending = NULL
    ring_release(&endpoint.outbound, load_u64(&endpoint.outbound.written))
    store_u64(&endpoint.sender_done, endpoint.epoch)
    doorbell_ring(endpoint.keeper_bell)


cdef void take(Endpoint* endpoint, uint64_t heartbeat_ns, uint64_t now_ns) noexcept nogil:
    """Makes the next envelope pending, if there is one: records, then the last word, or a heartbeat."""
    cdef uint32_t reason
    if take_records(endpoint):
        if exchange_u32(&endpoint.throttled, 0):
            doorbell_ring(endpoint.core_bell)
        return
    reason = load_u32(&endpoint.reason)
    if reason and not endpoint.farewell:
        take_farewell(endpoint)
    elif not reason and load_u32(&endpoint.opened) and now_ns - endpoint.sent_ns >= heartbeat_ns:
        take_heartbeat(endpoint, now_ns)


cdef uint64_t serve(Endpoint* endpoint, uint64_t heartbeat_ns, uint64_t now_ns) noexcept nogil:
    """Gives one peer its turn. Returns after how many nanoseconds it wants another."""
    cdef uint32_t phase = load_u32(&endpoint.phase)
    cdef int error, _envelope
    if phase == Phase_draining and endpoint.sender_done != endpoint.epoch:
        drop(endpoint)
    if phase != Phase_listening and phase != Phase_closing:
        return heartbeat_ns
    if not load_u32(&endpoint.taken) or load_u32(&endpoint.gone):
        return heartbeat_ns
    for _envelope in range(TURN_ENVELOPES):
        if endpoint.pending == NULL:
            take(endpoint, heartbeat_ns, now_ns)
        if endpoint.pending == NULL:
            return heartbeat_ns // 4
        error = carry(endpoint, now_ns)
        if error:
            return RETRY_NS if error == NNG_EAGAIN else heartbeat_ns
    return 0


cdef void sender_run(BusState* bus) noexcept nogil:
    cdef uint64_t wait_ns
    cdef uint32_t i
    while not load_u32(&bus.sender_stop):
        wait_ns = bus.heartbeat_ns
        for i in range(bus.count):
            wait_ns = min(wait_ns, serve(&bus.endpoints[i], bus.heartbeat_ns, monotonic_ns()))
        if wait_ns:
            doorbell_wait(&bus.sender_bell, bus.sender_spin_ns, wait_ns)
