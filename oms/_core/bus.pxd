# The bus as the core sees it: envelopes in, records out, all without the GIL and without waiting.
#
#   while not stopping:
#       while bus_poll(bus, &event):            # one envelope of one peer, peers in turn
#           ... event.records ...
#           bus_release(bus, &event)
#       ... bus_send(bus, endpoint, records, length) ...
#       bus_wait(bus, spin_ns, timeout_ns)      # flushes, then sleeps until something comes
#
# One thread calls these, the core. `endpoint` is the peer's place in the configured list.

from libc.stdint cimport uint16_t, uint32_t, uint64_t

from oms._core.bus_endpoint cimport BusCounters, Endpoint
from oms._core.ring cimport Doorbell
from oms._core.types cimport Frame


cdef enum BusEventKind:
    BusEvent_opened = 1         # records: its SessionOpen. Answer with bus_accept, or bus_end(SessionReason_refused).
    BusEvent_records = 2
    BusEvent_closed = 3         # reason says why; comes once for each BusEvent_opened, after the last records


cdef struct BusEvent:
    int kind
    uint16_t endpoint
    uint16_t source             # as stamped on the records
    uint16_t reason             # SessionReason
    uint32_t count              # records
    uint32_t length             # bytes of all records
    uint64_t epoch              # of the session
    const Frame* records        # one behind the other; in the ring until bus_release


cdef struct BusState:
    Endpoint* endpoints
    BusCounters* counters       # one per endpoint
    uint32_t count
    uint32_t next               # whose turn it is
    uint32_t unflushed
    uint32_t sender_stop
    uint32_t lease_ms           # a silent peer is gone after it
    uint64_t heartbeat_ns
    uint64_t sender_spin_ns
    Doorbell core_bell
    Doorbell sender_bell
    Doorbell keeper_bell


# The next event, False if there is none now. Flushes.
cdef bint bus_poll(BusState* bus, BusEvent* event) noexcept nogil
# Gives back the bytes of all events taken from that peer so far.
cdef void bus_release(BusState* bus, const BusEvent* event) noexcept nogil
# Opens the session of a BusEvent_opened: the peer is told the highest of its sequences that is applied and safe.
cdef bint bus_accept(BusState* bus, const BusEvent* event, uint64_t last_applied) noexcept nogil
# Queues a run of records, at most 65472 bytes. False: no session, or its queue was full and the peer is cut off. What
# one record has caused, told by the Frame's sequence, is queued whole, however much it is.
cdef bint bus_send(BusState* bus, uint16_t endpoint, const Frame* records, uint32_t length) noexcept nogil
# Wakes the sender if anything was queued since the last call; bus_poll and bus_wait do so, too.
cdef void bus_flush(BusState* bus) noexcept nogil
# Ends a session; what is queued still goes out, then the reason. A NULL text is the reason's own.
cdef void bus_end(BusState* bus, uint16_t endpoint, int reason, const char* text) noexcept nogil
# Flushes, then spins and sleeps until an event may be there, bus_wake was called or the time is over.
cdef bint bus_wait(BusState* bus, uint64_t spin_ns, uint64_t timeout_ns) noexcept nogil
# Wakes the core, from any thread.
cdef void bus_wake(BusState* bus) noexcept nogil
