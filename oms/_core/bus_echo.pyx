"""Stand-ins for the core's loop, for the tests and the benchmark of the bus. Nothing of the product uses them.

Owns: a loop that sends each record back, or on to another peer; a ring between two threads; a bare nng forwarder.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from oms._core.bus cimport (
    BusEvent, BusEvent_opened, BusEvent_records, BusState, bus_accept, bus_poll, bus_release, bus_send, bus_wait,
    bus_wake,
)
from oms._core.bus_envelope cimport TEMPLATE_LIMITS, TemplateLimit, envelope_check
from oms._core.bus_nng cimport nng, nng_msg, nng_socket
from oms._core.bus_sockets cimport Bus, set_limits
from oms._core.ring cimport (
    Doorbell, Ring, doorbell_ring, doorbell_wait, load_u32, ring_claim, ring_init, ring_next, ring_publish,
    ring_release, store_u32,
)
from oms._core.types cimport Frame


cdef enum:
    PEERS = 64
    EVENTS = 4096


cdef struct EchoState:
    int[PEERS] routes
    uint32_t stopping
    uint64_t waits                          # bus_wait that ended by a bell
    uint64_t timeouts
    uint64_t[PEERS] highest                 # sequence taken from each endpoint
    uint64_t disordered                     # records that were not the next of their endpoint
    BusEvent[EVENTS] events                 # what the core was told of sessions
    uint32_t events_count


cdef void handle(EchoState* echo, BusState* bus, const BusEvent* event) noexcept nogil:
    cdef const Frame* frame
    cdef uint32_t place = 0
    if event.kind != BusEvent_records:
        if event.kind == BusEvent_opened:
            bus_accept(bus, event, echo.highest[event.endpoint])
        echo.events[echo.events_count] = event[0]
        store_u32(&echo.events_count, min(echo.events_count + 1, EVENTS - 1))
        return
    while place < event.length:
        frame = <const Frame*> (<const char*> event.records + place)
        echo.disordered += frame.sequence != echo.highest[event.endpoint] + 1
        echo.highest[event.endpoint] = frame.sequence
        place += frame.length
    if echo.routes[event.endpoint] >= 0:
        bus_send(bus, <uint16_t> echo.routes[event.endpoint], event.records, event.length)


cdef void echo_run(EchoState* echo, BusState* bus, uint64_t spin_ns, uint64_t timeout_ns) noexcept nogil:
    cdef BusEvent event
    while not load_u32(&echo.stopping):
        while bus_poll(bus, &event):
            handle(echo, bus, &event)
            bus_release(bus, &event)
        if bus_wait(bus, spin_ns, timeout_ns):
            echo.waits += 1
        else:
            echo.timeouts += 1


cdef class Echo:
    """Runs the core's loop. `routes[i]` is the endpoint that gets what endpoint i sends; -1 drops it."""
    cdef Bus bus
    cdef EchoState state

    def __cinit__(self, Bus bus, routes: list) -> None:
        self.bus = bus
        for index, route in enumerate(routes):
            self.state.routes[index] = route

    def run(self, spin_us: int = 0, timeout_ms: int = 1000) -> None:
        cdef EchoState* echo = &self.state
        cdef BusState* bus = &self.bus.state
        cdef uint64_t spin_ns = spin_us * 1000
        cdef uint64_t timeout_ns = timeout_ms * 1_000_000
        with nogil:
            echo_run(echo, bus, spin_ns, timeout_ns)

    def stop(self) -> None:
        store_u32(&self.state.stopping, 1)
        bus_wake(&self.bus.state)

    def counts(self) -> dict[str, int]:
        """`waits` that a bell ended, `timeouts`, `disordered`: records that were not the next of their endpoint."""
        return {
            "waits": self.state.waits, "timeouts": self.state.timeouts, "disordered": self.state.disordered,
        }

    def highest(self, index: int) -> int:
        """The highest sequence taken from an endpoint."""
        return self.state.highest[index]

    def events(self) -> list[tuple[int, int, int]]:
        """(kind, endpoint, reason) of the sessions that the core was told of."""
        return [
            (self.state.events[i].kind, self.state.events[i].endpoint, self.state.events[i].reason)
            for i in range(load_u32(&self.state.events_count))
        ]


def check_envelope(message: bytes, names: frozenset) -> int:
    """The SessionReason for which a peer that may send these records would be cut off; 0 = it is sound."""
    cdef TemplateLimit[TEMPLATE_LIMITS] limits
    memset(limits, 0, sizeof(limits))
    set_limits(limits, names)
    return envelope_check(<const uint8_t*> <const char*> message, len(message), limits)


def forward(socket_id: int, count: int) -> None:
    """Receives messages on a socket and sends each back as it is, `count` times: the least that nng can cost."""
    cdef nng_socket socket
    cdef nng_msg* message
    cdef uint64_t left = count
    socket.id = socket_id
    with nogil:
        while left:
            if nng.recvmsg(socket, &message, 0) != 0 or nng.sendmsg(socket, message, 0) != 0:
                break
            left -= 1


cdef class RingPair:
    """A ring and a doorbell each way between a producing and a consuming thread, with entries of every length."""
    cdef Ring ring
    cdef Doorbell filled
    cdef Doorbell emptied

    def __cinit__(self, size: int) -> None:
        cdef uint8_t* memory = <uint8_t*> calloc(1, size)
        if memory == NULL:
            raise MemoryError
        ring_init(&self.ring, memory, size)

    def __dealloc__(self) -> None:
        free(self.ring.bytes)

    def produce(self, count: int, longest: int) -> int:
        """Writes entry n with tag n, (n * 7919) % longest bytes of the value n % 256. Returns how often it was full."""
        cdef uint32_t n, length
        cdef uint32_t entries = count
        cdef uint32_t most = longest
        cdef uint64_t full = 0
        cdef uint8_t* place
        cdef Ring* ring = &self.ring
        cdef Doorbell* filled = &self.filled
        cdef Doorbell* emptied = &self.emptied
        with nogil:
            for n in range(entries):
                length = n * 7919 % most
                place = ring_claim(ring, length, n)
                while place == NULL:
                    full += 1
                    doorbell_wait(emptied, 0, 1_000_000_000)
                    place = ring_claim(ring, length, n)
                memset(place, n % 256, length)
                ring_publish(ring)
                doorbell_ring(filled)
        return full

    def consume(self, count: int, longest: int) -> int:
        """Reads what `produce` writes. Returns how many entries were not as they should be."""
        cdef uint32_t n, i, length, tag
        cdef uint32_t entries = count
        cdef uint32_t most = longest
        cdef uint64_t wrong = 0
        cdef uint64_t cursor = self.ring.read
        cdef uint8_t* place
        cdef Ring* ring = &self.ring
        cdef Doorbell* filled = &self.filled
        cdef Doorbell* emptied = &self.emptied
        with nogil:
            for n in range(entries):
                place = ring_next(ring, &cursor, &length, &tag)
                while place == NULL:
                    doorbell_wait(filled, 1000, 1_000_000_000)
                    place = ring_next(ring, &cursor, &length, &tag)
                wrong += tag != n or length != n * 7919 % most
                for i in range(length):
                    wrong += place[i] != n % 256
                ring_release(ring, cursor)
                doorbell_ring(emptied)
        return wrong
