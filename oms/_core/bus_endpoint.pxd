# One peer's end of the bus: its rings, its session, and what nng's threads do with it.
#
# Four kinds of thread meet here; each field has one writer, named below, unless it is marked "atomic".
#   receiver    nng's callback: checks an envelope, puts it on the inbound ring, listens on
#   core        takes from the inbound ring, puts records on the outbound ring (bus.pyx)
#   sender      takes from the outbound ring, sends envelopes and heartbeats (bus_sender.pyx)
#   keeper      opens and closes sockets, watches the time (bus.pyx, a Python thread)

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from oms._core.bus_envelope cimport SESSION_REASONS, TEMPLATE_LIMITS, TemplateLimit
from oms._core.bus_nng cimport nng_aio, nng_msg
from oms._core.ring cimport Doorbell, Ring


cdef enum:
    NAME_SIZE = 128
    TEXT_SIZE = 256


cdef enum Phase:                # written by the keeper
    Phase_idle = 0              # no socket
    Phase_listening = 1         # a socket, with or without a peer
    Phase_closing = 2           # the session is over; its last words may still go out
    Phase_closed = 3            # no socket; the core has yet to take the last envelopes
    Phase_draining = 4          # the core is through; the sender has yet to drop what is queued


cdef enum Tag:                  # of an outbound entry
    Tag_records = 0
    Tag_session = 1             # travels alone in its envelope


cdef struct BusCounters:        # since start; mapped by readers
    uint64_t sessions                       # opened by the core
    uint64_t received_messages              # sound envelopes, heartbeats included
    uint64_t received_records               # handed to the core
    uint64_t received_bytes
    uint64_t sent_messages
    uint64_t sent_records
    uint64_t sent_bytes
    uint64_t parked                         # times that the inbound ring was full
    uint64_t retries                        # sends that nng had no room for
    uint64_t rejected_connections           # a second peer came while one was connected
    uint64_t throttled                      # times that the peer had to wait because it did not read
    uint64_t held                           # times that the peer had to wait because it sent more than it may
    uint64_t inbound_bytes                  # queued for the core, a moment ago
    uint64_t inbound_peak
    uint64_t outbound_bytes                 # queued for the peer, a moment ago
    uint64_t outbound_peak
    uint64_t ended[SESSION_REASONS]         # sessions and connections by why they ended; faults of the peer among them


cdef struct Backlog:            # of one cause what is more than the outbound ring takes, and what came after it
    uint8_t* bytes
    uint64_t size
    uint64_t start
    uint64_t end
    uint64_t later                          # bytes that other causes have added


cdef struct Endpoint:
    # configuration
    uint16_t index
    uint16_t source                         # stamped on each record that comes in
    uint8_t role
    uint8_t name_length
    uint8_t environment_length
    uint8_t credential_length
    char name[NAME_SIZE]
    char environment[NAME_SIZE]
    char credential[TEXT_SIZE]
    TemplateLimit limits[TEMPLATE_LIMITS]
    uint64_t rate                           # records a second that the core takes from it; 0 = all that come
    BusCounters* counters
    Doorbell* core_bell
    Doorbell* sender_bell
    Doorbell* keeper_bell
    Ring inbound                            # receiver → core: envelopes' records; tag = count, 0 = SessionOpen
    Ring outbound                           # core → sender: runs of records; Tag
    # keeper
    uint32_t phase
    uint32_t socket
    uint32_t stopped                        # no receiver runs any more: what the ring holds is the rest
    nng_aio* aio
    uint64_t epoch                          # of the session
    uint64_t opened_ns                      # when the socket was opened
    # why the session ends: the first who says so
    uint32_t ending                         # atomic: claimed
    uint32_t reason                         # atomic: SessionReason; the text is complete
    char reason_text[TEXT_SIZE]
    # nng's pipe events
    uint32_t taken                          # atomic: a peer is connected or was
    uint32_t pipe
    uint32_t gone
    uint64_t connected_ns
    # receiver
    uint32_t greeted                        # SessionOpen was sound
    uint64_t received                       # highest number, atomic
    uint64_t heard_ns                       # monotonic
    uint32_t parked                         # atomic: the receiver waits until the core has made room
    # core
    uint32_t known                          # it has been told of SessionOpen
    uint32_t opened                         # it has answered
    uint32_t throttled                      # atomic: it takes nothing in until the outbound queue is shorter
    uint64_t cursor
    int64_t tokens                          # records that it may still send, of its rate
    uint64_t filled_ns                      # when they were counted last
    uint32_t held                           # it has sent more
    uint64_t cause                          # sequence of the record that caused what was sent last; 0 = none
    Backlog backlog
    uint64_t core_done                      # epoch whose end it has seen
    # sender
    nng_msg* pending                        # an envelope that nng had no room for
    uint32_t pending_count
    uint32_t pending_bytes
    uint32_t farewell                       # SessionClosed is sent or given up
    uint64_t sent                           # highest number, atomic
    uint64_t sent_ns
    uint64_t sender_done                    # epoch whose queue it has dropped


# Begins a session on a listening socket: resets all that the last one left. Keeper only.
cdef void endpoint_reset(Endpoint* endpoint, uint32_t socket, uint64_t epoch) noexcept nogil
cdef void endpoint_listen(Endpoint* endpoint) noexcept nogil
# Ends the session, from any thread; the first reason stands. A NULL text is the reason's own.
cdef void endpoint_end(Endpoint* endpoint, int reason, const char* text) noexcept nogil
# Listens on after the ring was full. Core only.
cdef void endpoint_unpark(Endpoint* endpoint) noexcept nogil
# nng's callback for the endpoint's aio; its argument is the Endpoint.
cdef void on_receive(void* endpoint) noexcept nogil
