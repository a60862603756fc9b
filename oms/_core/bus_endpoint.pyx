# Owns: what nng's threads do with a peer: take its envelopes in, notice that it comes and goes, end its session.
# Never blocks, never touches Python, never lets a byte of an unsound envelope through to the core.

from libc.stddef cimport size_t
from libc.stdio cimport snprintf
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from oms._core.bus_envelope cimport *
from oms._core.bus_nng cimport nng, nng_msg, nng_pipe, nng_socket
from oms._core.ring cimport (
    count_u64, doorbell_ring, exchange_u32, load_u32, load_u64, monotonic_ns, ring_claim, ring_has_room, ring_init,
    ring_publish, store_u32, store_u64,
)
from oms._core.types cimport (
    Frame, SCHEMA_VERSION, SessionOpen, SessionOpen_texts, T_SessionClosed, T_SessionOpen,
)

cdef const char* VERSION_TEXT = b"schema version here is %d, the peer's is %d"

cdef enum:
    PIPE_EVENT_ADD_PRE = 0
    PIPE_EVENT_REMOVED = 2


cdef void endpoint_reset(Endpoint* endpoint, uint32_t socket, uint64_t epoch) noexcept nogil:
    ring_init(&endpoint.inbound, endpoint.inbound.bytes, endpoint.inbound.size)
    ring_init(&endpoint.outbound, endpoint.outbound.bytes, endpoint.outbound.size)
    endpoint.socket = socket
    endpoint.opened_ns = endpoint.connected_ns = endpoint.heard_ns = monotonic_ns()
    endpoint.stopped = endpoint.taken = endpoint.pipe = endpoint.gone = endpoint.greeted = endpoint.parked = 0
    endpoint.known = endpoint.opened = endpoint.throttled = endpoint.farewell = 0
    endpoint.received = endpoint.sent = endpoint.sent_ns = endpoint.cursor = 0
    endpoint.held = 0                       # what it has used of its rate stays: a new session gives no more
    store_u32(&endpoint.reason, SessionReason_none)
    store_u32(&endpoint.ending, 0)
    store_u64(&endpoint.epoch, epoch)       # the core looks at nothing before it sees this


cdef void endpoint_listen(Endpoint* endpoint) noexcept nogil:
    cdef nng_socket socket
    socket.id = endpoint.socket
    nng.pipe_notify(socket, PIPE_EVENT_ADD_PRE, on_connect, endpoint)
    nng.pipe_notify(socket, PIPE_EVENT_ADD_PRE + 1, NULL, NULL)     # in place of pynng's, which take the GIL
    nng.pipe_notify(socket, PIPE_EVENT_REMOVED, on_disconnect, endpoint)
    nng.recv_aio(socket, endpoint.aio)


cdef void endpoint_end(Endpoint* endpoint, int reason, const char* text) noexcept nogil:
    if exchange_u32(&endpoint.ending, 1):
        return
    snprintf(endpoint.reason_text, TEXT_SIZE, b"%s", SESSION_REASON_TEXTS[reason] if text == NULL else text)
    count_u64(&endpoint.counters.ended[reason], 1)
    store_u32(&endpoint.reason, reason)
    doorbell_ring(endpoint.core_bell)
    doorbell_ring(endpoint.sender_bell)
    doorbell_ring(endpoint.keeper_bell)


cdef void on_connect(nng_pipe pipe, int event, void* arg) noexcept nogil:
    """A socket serves one peer in its life, so that what was queued for one never reaches the next."""
    cdef Endpoint* endpoint = <Endpoint*> arg
    if exchange_u32(&endpoint.taken, 1):
        count_u64(&endpoint.counters.rejected_connections, 1)
        nng.pipe_close(pipe)
        return
    store_u64(&endpoint.connected_ns, monotonic_ns())
    store_u32(&endpoint.pipe, pipe.id)


cdef void on_disconnect(nng_pipe pipe, int event, void* arg) noexcept nogil:
    cdef Endpoint* endpoint = <Endpoint*> arg
    if pipe.id != load_u32(&endpoint.pipe):
        return
    store_u32(&endpoint.gone, 1)
    endpoint_end(endpoint, SessionReason_disconnected, NULL)
    doorbell_ring(endpoint.keeper_bell)


cdef inline bint same_text(const uint8_t* text, uint8_t length, const char* wanted,
                           uint8_t wanted_length) noexcept nogil:
    """In a time that does not tell how much of it was right."""
    cdef uint8_t difference = length ^ wanted_length
    cdef uint8_t i
    for i in range(wanted_length):
        difference |= text[i] ^ <uint8_t> wanted[i] if i < length else 1
    return difference == 0


cdef int refuse(Endpoint* endpoint, int reason, const char* format, const char* ours, int theirs) noexcept nogil:
    """Ends the session with a text that names what this side expected."""
    cdef char[TEXT_SIZE] text
    if reason == SessionReason_version:
        snprintf(text, TEXT_SIZE, format, <int> SCHEMA_VERSION, theirs)
    else:
        snprintf(text, TEXT_SIZE, format, ours)
    endpoint_end(endpoint, reason, text)
    return reason


cdef int greet(Endpoint* endpoint, const uint8_t* record) noexcept nogil:
    """Whether SessionOpen comes from the peer that this endpoint is for."""
    cdef const SessionOpen* opening = <const SessionOpen*> record
    cdef const uint8_t* environment = SessionOpen_texts(record)
    cdef const uint8_t* name = environment + opening.environment_length
    cdef const uint8_t* credential = name + opening.name_length
    if opening.peer_version != SCHEMA_VERSION:
        return refuse(endpoint, SessionReason_version, VERSION_TEXT, NULL, opening.peer_version)
    if not same_text(environment, opening.environment_length, endpoint.environment, endpoint.environment_length):
        return refuse(endpoint, SessionReason_environment, b"the environment here is '%s'", endpoint.environment, 0)
    if not same_text(name, opening.name_length, endpoint.name, endpoint.name_length):
        return refuse(endpoint, SessionReason_endpoint_name, b"this endpoint is for '%s'", endpoint.name, 0)
    if opening.role != endpoint.role:
        return SessionReason_role
    if not same_text(credential, opening.credential_length, endpoint.credential, endpoint.credential_length):
        return SessionReason_credential
    return SessionReason_none


cdef int session_check(Endpoint* endpoint, const Envelope* envelope) noexcept nogil:
    """The session's numbers, and that it begins with SessionOpen."""
    cdef const uint8_t* record = <const uint8_t*> envelope + ENVELOPE_SIZE
    cdef bint opening = (<const Frame*> record).template_id == T_SessionOpen
    if opening == (endpoint.greeted != 0):
        return SessionReason_not_opened
    if envelope.epoch != (0 if opening else endpoint.epoch):
        return SessionReason_epoch
    if envelope.number != endpoint.received + 1:
        return SessionReason_number
    if envelope.acknowledged > load_u64(&endpoint.sent):
        return SessionReason_acknowledged
    return greet(endpoint, record) if opening else SessionReason_none


cdef void hand_over(Endpoint* endpoint, const Envelope* envelope, uint32_t tag) noexcept nogil:
    """Puts the records on the inbound ring. There is room: the receiver listens only when there is."""
    cdef uint8_t* records = ring_claim(&endpoint.inbound, envelope.bytes, tag)
    cdef uint32_t place = 0
    cdef Frame* frame
    memcpy(records, <const uint8_t*> envelope + ENVELOPE_SIZE, envelope.bytes)
    while place < envelope.bytes:
        frame = <Frame*> (records + place)
        frame.source = endpoint.source      # who it is follows from where it came in, never from what it says
        frame.crc32c = 0
        frame.flags = 0
        place += frame.length
    ring_publish(&endpoint.inbound)


cdef int accept(Endpoint* endpoint, const uint8_t* message, size_t length) noexcept nogil:
    cdef const Envelope* envelope = <const Envelope*> message
    cdef int fault = envelope_check(message, length, endpoint.limits)
    cdef uint16_t template_id
    if fault == SessionReason_version and envelope.version != SCHEMA_VERSION:
        return refuse(endpoint, fault, VERSION_TEXT, NULL, envelope.version)
    if fault == SessionReason_none:
        fault = session_check(endpoint, envelope)
    if fault != SessionReason_none:
        return fault
    template_id = (<const Frame*> (message + ENVELOPE_SIZE)).template_id
    store_u64(&endpoint.received, envelope.number)
    store_u64(&endpoint.heard_ns, monotonic_ns())
    count_u64(&endpoint.counters.received_messages, 1)
    count_u64(&endpoint.counters.received_bytes, length)
    if template_id == T_SessionClosed:
        return SessionReason_left
    if template_id == T_SessionOpen:
        hand_over(endpoint, envelope, 0)
        store_u32(&endpoint.greeted, 1)
    elif template_id >= TEMPLATE_FIRST:
        hand_over(endpoint, envelope, envelope.count)
        count_u64(&endpoint.counters.received_records, envelope.count)
    return SessionReason_none


cdef void on_receive(void* arg) noexcept nogil:
    """A message came, or the socket was closed. Listening on is the last act: the next call may begin at once."""
    cdef Endpoint* endpoint = <Endpoint*> arg
    cdef nng_socket socket
    cdef nng_msg* message
    cdef int fault
    if nng.aio_result(endpoint.aio) != 0:
        return
    message = nng.aio_get_msg(endpoint.aio)
    if load_u32(&endpoint.ending):
        nng.msg_free(message)
        return
    fault = accept(endpoint, <const uint8_t*> nng.msg_body(message), nng.msg_len(message))
    nng.msg_free(message)
    if fault != SessionReason_none:
        endpoint_end(endpoint, fault, NULL)
        return
    if not ring_has_room(&endpoint.inbound, ENVELOPE_MAX_BYTES):
        count_u64(&endpoint.counters.parked, 1)
        store_u32(&endpoint.parked, 1)
        doorbell_ring(endpoint.core_bell)
        return
    doorbell_ring(endpoint.core_bell)
    socket.id = endpoint.socket
    nng.recv_aio(socket, endpoint.aio)


cdef void endpoint_unpark(Endpoint* endpoint) noexcept nogil:
    cdef nng_socket socket
    if not load_u32(&endpoint.parked) or not ring_has_room(&endpoint.inbound, ENVELOPE_MAX_BYTES):
        return
    store_u64(&endpoint.heard_ns, monotonic_ns())
    store_u32(&endpoint.parked, 0)
    socket.id = endpoint.socket
    nng.recv_aio(socket, endpoint.aio)
