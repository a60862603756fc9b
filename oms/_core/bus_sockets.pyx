"""The bus of the process: a listening endpoint for each configured peer.

Owns: sockets, the threads beside the core, and the time: who is silent, when a socket is closed and opened again.
Never looks into a record, never lets a socket live longer than one session.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
from posix.stdlib cimport posix_memalign

import logging
import threading
import time

import pynng

from oms import records, schema
from oms.bus_config import BusConfig, SessionReason, listen_address, listen_error

from oms._core.bus cimport BusState, bus_wake
from oms._core.bus_endpoint cimport *
from oms._core.bus_envelope cimport *
from oms._core.bus_nng cimport nng
from oms._core.bus_sender cimport sender_run
from oms._core.ring cimport (
    Doorbell, doorbell_ring, doorbell_wait, load_u32, load_u64, monotonic_ns, ring_used, store_u32,
    store_u64,
)

cdef extern from "<sys/mman.h>" nogil:
    int madvise(void* start, size_t length, int advice)
    int MADV_POPULATE_WRITE

cdef enum:
    NS_PER_MS = 1_000_000
    PAGE = 1 << 12

log = logging.getLogger("oms.bus")

SEND_BUFFER = 32        # envelopes that nng holds for a peer beside our own queue
RECEIVE_BUFFER = 16
# Room above the largest envelope: what is a little too large is counted as that, what is larger nng itself cuts off.
RECEIVE_MAX_BYTES = 16 * ENVELOPE_MAX_BYTES
KEEPER_MS = 20
REOPEN_MS = 1000        # after an address could not be listened on
PEER_RECORDS = ("SessionOpen", "SessionClosed", "Heartbeat")


cdef void set_limits(TemplateLimit* limits, names) except *:
    cdef TemplateLimit* limit
    for name in (*PEER_RECORDS, *sorted(names)):
        record = records.BY_NAME[name]
        placed, end = records.layout(records.record_fields(record), schema.FRAME_SIZE)
        offsets = {field: offset for field, offset, *_ in placed}
        limit = &limits[record.template_id]
        limit.fixed_length = end
        limit.texts = len(record.texts)
        limit.first_text = offsets[f"{record.texts[0].name}_length"] if record.texts else 0


cdef int set_text(char* place, str text) except -1:
    raw = text.encode()
    memcpy(place, <const char*> raw, len(raw))
    return len(raw)


cdef uint8_t* ring_memory(uint64_t size) except NULL:
    """Memory of which every page is there: none is faulted in by a message."""
    cdef void* memory = NULL
    if posix_memalign(&memory, PAGE, size) != 0:
        raise MemoryError(f"no memory for a queue of {size} bytes")
    if madvise(memory, size, MADV_POPULATE_WRITE) != 0:     # a kernel before 5.14
        memset(memory, 0, size)
    return <uint8_t*> memory


cdef class Bus:
    """Listens on an endpoint for each peer of `config`: `start`, the core's calls, the core's end, `stop`."""

    def __cinit__(self, config: BusConfig) -> None:
        count = len(config.endpoints)
        self.config = config
        self.last_epoch = <uint64_t> config.epoch << 32 or time.time_ns()
        self.sockets = [None] * count
        self.deadlines = [0] * count
        self.threads = []
        self.state.heartbeat_ns = config.heartbeat_ms * NS_PER_MS
        self.state.lease_ms = config.silence_ms
        self.state.sender_spin_ns = config.sender_spin_us * 1000
        self.state.endpoints = <Endpoint*> calloc(count, sizeof(Endpoint))
        self.state.counters = <BusCounters*> calloc(count, sizeof(BusCounters))
        if self.state.endpoints == NULL or self.state.counters == NULL:
            raise MemoryError("no memory for the endpoints of the bus")
        self.state.count = count
        for index in range(count):
            self.configure(index, config.endpoints[index])

    def __dealloc__(self) -> None:
        cdef uint32_t i
        for i in range(self.state.count):
            free(self.state.endpoints[i].inbound.bytes)
            free(self.state.endpoints[i].outbound.bytes)
            free(self.state.endpoints[i].backlog.bytes)
        free(self.state.endpoints)
        free(self.state.counters)

    cdef void configure(self, int index, settings) except *:
        cdef Endpoint* endpoint = &self.state.endpoints[index]
        endpoint.index = index
        endpoint.source = settings.source
        endpoint.role = settings.role
        endpoint.name_length = set_text(endpoint.name, settings.name)
        endpoint.environment_length = set_text(endpoint.environment, self.config.environment)
        endpoint.credential_length = set_text(endpoint.credential, settings.credential)
        endpoint.counters = &self.state.counters[index]
        endpoint.rate = settings.rate
        endpoint.core_bell = &self.state.core_bell
        endpoint.sender_bell = &self.state.sender_bell
        endpoint.keeper_bell = &self.state.keeper_bell
        endpoint.inbound.size = settings.inbound_bytes
        endpoint.inbound.bytes = ring_memory(settings.inbound_bytes)
        endpoint.outbound.size = settings.outbound_bytes
        endpoint.outbound.bytes = ring_memory(settings.outbound_bytes)
        set_limits(endpoint.limits, settings.records)

    def start(self) -> None:
        """Listen on every endpoint and start the threads. Raises BusError, with nothing open, when one cannot be."""
        cdef uint32_t i
        try:
            for i in range(self.state.count):
                if nng.aio_alloc(&self.state.endpoints[i].aio, on_receive, &self.state.endpoints[i]) != 0:
                    raise MemoryError("no memory for nng")
                self.open(i)
        except BaseException:
            self.free_aios()
            raise
        self.threads = [
            threading.Thread(target=self.send, name="oms-bus-sender"),
            threading.Thread(target=self.keep, name="oms-bus-keeper"),
        ]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Tell every peer that the OMS stops, close all sockets, end the threads. The core has ended before."""
        if not self.threads:
            return
        self.stopping = True
        doorbell_ring(&self.state.keeper_bell)
        self.threads[1].join()
        store_u32(&self.state.sender_stop, 1)
        doorbell_ring(&self.state.sender_bell)
        self.threads[0].join()
        self.threads = []
        self.free_aios()

    cdef void free_aios(self):
        """Closes what is open. Before the process's exit handlers: nng ends there."""
        cdef uint32_t i
        for i in range(self.state.count):
            self.close(i)
            if self.state.endpoints[i].aio != NULL:
                nng.aio_free(self.state.endpoints[i].aio)
            self.state.endpoints[i].aio = NULL

    def __enter__(self) -> Bus:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def send(self) -> None:
        """The sender's thread."""
        cdef BusState* bus = &self.state
        with nogil:
            sender_run(bus)

    def keep(self) -> None:
        """The keeper's thread: looks at every endpoint a few dozen times a second, or when something ends."""
        cdef uint64_t wait_ns = KEEPER_MS * NS_PER_MS
        cdef Doorbell* bell = &self.state.keeper_bell
        while True:
            for index in range(self.state.count):
                self.tend(index)
            if self.stopping and all(socket is None for socket in self.sockets):
                return
            with nogil:
                doorbell_wait(bell, 0, wait_ns)

    cdef void open(self, int index) except *:
        """Begins the endpoint's next session on a new socket: the old one's queues die with it."""
        cdef Endpoint* endpoint = &self.state.endpoints[index]
        settings = self.config.endpoints[index]
        address = listen_address(settings.url, self.config.allow_remote)
        socket = pynng.Pair0(
            recv_max_size=RECEIVE_MAX_BYTES,
            send_buffer_size=SEND_BUFFER,
            recv_buffer_size=RECEIVE_BUFFER,
            tls_config=settings.tls,
        )
        self.last_epoch += 1
        nng.aio_wait(endpoint.aio)      # the core may have listened on when the last socket was closed
        endpoint_reset(endpoint, pynng.lib.nng_socket_id(socket.socket), self.last_epoch)
        endpoint_listen(endpoint)
        self.sockets[index] = socket
        try:
            socket.listen(address)
        except pynng.NNGException as error:
            self.close(index)
            raise listen_error(settings, error) from None
        store_u32(&endpoint.phase, Phase_listening)

    cdef void close(self, int index) except *:
        """Closes the socket; when this returns no callback of it runs any more."""
        cdef Endpoint* endpoint = &self.state.endpoints[index]
        socket, self.sockets[index] = self.sockets[index], None
        if socket is None:
            return
        socket.close()
        with nogil:
            nng.aio_wait(endpoint.aio)
        store_u32(&endpoint.stopped, 1)
        store_u32(&endpoint.phase, Phase_closed)
        doorbell_ring(&self.state.core_bell)

    cdef void tend(self, int index) except *:
        """One look at one endpoint: what its phase asks for now."""
        cdef Endpoint* endpoint = &self.state.endpoints[index]
        cdef uint64_t now_ns = monotonic_ns()
        cdef uint64_t sent = load_u64(&endpoint.backlog.start), kept = load_u64(&endpoint.backlog.end)
        store_u64(&endpoint.counters.inbound_bytes, ring_used(&endpoint.inbound))
        store_u64(&endpoint.counters.outbound_bytes, ring_used(&endpoint.outbound) + max(kept, sent) - sent)
        endpoint.counters.inbound_peak = max(endpoint.counters.inbound_peak, endpoint.counters.inbound_bytes)
        endpoint.counters.outbound_peak = max(endpoint.counters.outbound_peak, endpoint.counters.outbound_bytes)
        if endpoint.phase == Phase_listening:
            if self.stopping:
                endpoint_end(endpoint, SessionReason_stopped, NULL)
            self.watch(endpoint)
            if load_u32(&endpoint.reason):
                self.deadlines[index] = now_ns + self.config.linger_ms * NS_PER_MS
                store_u32(&endpoint.phase, Phase_closing)
        if endpoint.phase == Phase_closing:
            if load_u32(&endpoint.gone) or not load_u32(&endpoint.taken) or now_ns >= self.deadlines[index]:
                self.report(index)
                self.close(index)
        elif endpoint.phase == Phase_closed and endpoint.epoch == load_u64(&endpoint.core_done):
            store_u32(&endpoint.phase, Phase_draining)
            doorbell_ring(&self.state.sender_bell)
        elif endpoint.phase == Phase_draining and endpoint.epoch == load_u64(&endpoint.sender_done):
            store_u32(&endpoint.phase, Phase_idle)
        if endpoint.phase == Phase_idle and not self.stopping and now_ns >= self.deadlines[index]:
            self.reopen(index)

    cdef void watch(self, Endpoint* endpoint) noexcept:
        """Ends a session whose peer says nothing; one that this side does not listen to is not silent."""
        cdef uint64_t now_ns = monotonic_ns()
        cdef uint64_t since_ns = now_ns
        if load_u32(&endpoint.opened):
            if not load_u32(&endpoint.parked):
                since_ns = load_u64(&endpoint.heard_ns)
            if now_ns > since_ns + <uint64_t> (self.config.silence_ms * NS_PER_MS):
                endpoint_end(endpoint, SessionReason_silent, NULL)
        elif load_u32(&endpoint.pipe) and not load_u32(&endpoint.greeted):
            if now_ns > load_u64(&endpoint.connected_ns) + <uint64_t> (self.config.open_ms * NS_PER_MS):
                endpoint_end(endpoint, SessionReason_open_late, NULL)

    cdef void reopen(self, int index) except *:
        try:
            self.open(index)
        except Exception as error:
            log.error("%s", error)
            self.deadlines[index] = monotonic_ns() + REOPEN_MS * NS_PER_MS

    cdef void report(self, int index) except *:
        cdef Endpoint* endpoint = &self.state.endpoints[index]
        reason = SessionReason(endpoint.reason)
        text = endpoint.reason_text.decode("utf-8", "replace")
        level = logging.INFO if reason in (SessionReason.left, SessionReason.stopped) else logging.WARNING
        log.log(level, "session of %s ended: %s (%s)", self.config.endpoints[index].name, reason.name, text)

    def wake(self) -> None:
        """Wake the core from `bus_wait`, so that it looks at its stop flag."""
        bus_wake(&self.state)

    def states(self) -> dict[str, str]:
        """Where each endpoint stands: `waiting` for its peer, `connecting`, `open`, `closing`, or `closed`."""
        return {settings.name: self.state_of(index) for index, settings in enumerate(self.config.endpoints)}

    def state_of(self, index: int) -> str:
        cdef Endpoint* endpoint = &self.state.endpoints[index]
        if load_u32(&endpoint.phase) != Phase_listening:
            return "closing" if load_u32(&endpoint.phase) == Phase_closing else "closed"
        if load_u32(&endpoint.reason):
            return "closing"
        if load_u32(&endpoint.opened):
            return "open"
        return "connecting" if load_u32(&endpoint.taken) else "waiting"

    def counters(self) -> dict[str, dict[str, int]]:
        """What each endpoint has counted since the start; sessions that ended by reason in `ended_...`."""
        return {settings.name: self.counted(index) for index, settings in enumerate(self.config.endpoints)}

    def counted(self, index: int) -> dict[str, int]:
        cdef BusCounters copy
        cdef uint32_t i
        for i in range(sizeof(BusCounters) // sizeof(uint64_t)):
            (<uint64_t*> &copy)[i] = load_u64(<uint64_t*> self.state.endpoints[index].counters + i)
        counted = <dict> copy
        ended = counted.pop("ended")
        return counted | {f"ended_{reason.name}": ended[reason] for reason in SessionReason if reason}
