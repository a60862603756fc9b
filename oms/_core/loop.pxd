# The core's loop: bus -> journal -> apply -> outputs, in one thread without the GIL.
from oms._core.bus cimport BusEvent, BusState
from oms._core.bus_sockets cimport Bus
from oms._core.engine cimport Core
from oms._core.journal cimport JournalCore
from oms._core.journal_writer cimport JournalState
from oms._core.state cimport *

cdef enum:
    ENDPOINTS = 256

cdef enum:  # rows of the counter table
    Count_records = 1
    Count_refused_records
    Count_envelopes
    Count_outputs
    Count_outputs_dropped
    Count_loops
    Count_waits
    Count_refused_busy
    COUNTS

cdef enum:  # rows of the latency table
    Took_apply = 1
    Took_answer
    Took_order_request
    TOOKS


cdef class Loop:
    cdef readonly Bus bus
    cdef readonly Core core
    cdef readonly JournalCore journal
    cdef State* s
    cdef BusState* b
    cdef JournalState* j
    cdef uint16_t[ENDPOINTS] feeds            # of an endpoint; 0 = it is no adapter
    cdef uint16_t[ENDPOINTS] endpoint_of_feed  # + 1; 0 = nobody
    cdef uint16_t[65536] endpoint_of_user     # + 1; 0 = nobody
    cdef uint64_t[256] handed                 # by feed: highest of our sequences that its adapter may have
    cdef uint64_t marked                      # sequence of the last StateMark
    cdef uint64_t given                       # bytes of the outputs that have left
    cdef uint64_t now_ns                      # UTC, never decreasing
    cdef uint64_t spin_ns
    cdef uint32_t stopping
    cdef bint damaged                         # the journal has failed: end the process
    cdef readonly bint stuck                  # a report might find no row to be parked in: end the process, too

    cdef void take_in(self, const BusEvent* event) noexcept nogil
    cdef void take_records(self, const BusEvent* event) noexcept nogil
    cdef void inject(self, const Frame* record, uint16_t source) noexcept nogil
    cdef const Frame* append(self, const Frame* record, uint16_t source) noexcept nogil
    cdef void apply_taken(self, const Frame* first, const Frame* last) noexcept nogil
    cdef void open_peer(self, const BusEvent* event) noexcept nogil
    cdef void close_peer(self, const BusEvent* event) noexcept nogil
    cdef void tell_of_user(self, uint16_t what, uint16_t user) noexcept nogil
    cdef void address(self, const BusEvent* event, const Frame* record) noexcept nogil
    cdef void look_up(self, const BusEvent* event, const Frame* record) noexcept nogil
    cdef bint may_ask(self, uint16_t user, const Lookup* asked) noexcept nogil
    cdef void give_out(self) noexcept nogil
    cdef uint16_t destination(self, const Frame* output) noexcept nogil
    cdef void tell_of_storage(self) noexcept nogil
    cdef void tell_of_state(self) noexcept nogil
    cdef uint8_t behind(self, BusyChanged* told) noexcept nogil
    cdef void watch_queues(self) noexcept nogil
    cdef bint refuses(self, const BusEvent* event, const Frame* record) noexcept nogil
    cdef void answer_busy(self, const BusEvent* event, uint64_t tag, uint32_t account, const uint8_t* name,
                          uint8_t length) noexcept nogil
    cdef void tick(self) noexcept nogil
    cdef void publish(self) noexcept nogil
    cdef void read_clock(self) noexcept nogil
