"""The core's loop: one thread that takes envelopes in, journals and applies their records, and lets out what they
caused.

    bus_poll -> stamp -> journal_append -> apply -> journal_commit -> (safe) -> bus_send

Owns the order of these steps, and the counters and histograms of the process. It decides nothing about orders: who
may do what is the engine's, by the number that the endpoint stamps on each record. Nothing leaves before its cause is
safe.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memmove, memset

from oms._core.bus cimport BusEvent_closed, BusEvent_opened, bus_accept, bus_end, bus_poll, bus_release, bus_send, \
    bus_wait, bus_wake
from oms._core.bus_endpoint cimport BusCounters
from oms._core.bus_envelope cimport ENVELOPE_MAX_BYTES, ENVELOPE_SIZE, SessionReason_left, SessionReason_record, \
    SessionReason_refused, SessionReason_slow
from oms._core.engine cimport apply_run
from oms._core.journal cimport REFUSED_FULL, REFUSED_RECORD, journal_append, journal_behind, journal_commit, \
    journal_commit_idle, journal_deposed, journal_failed, journal_room, journal_safe, wait_until_safe
from oms._core.reference cimport find_code
from oms._core.ring cimport load_u32, monotonic_ns, store_u32

cdef extern from "<time.h>" nogil:
    struct timespec:
        long tv_sec
        long tv_nsec
    int clock_gettime(int clock, timespec* now)
    int CLOCK_REALTIME

cdef extern from *:
    int highest_bit "63 ^ __builtin_clzll"(unsigned long long figure) nogil

cdef enum:
    EVENTS_AT_ONCE = 32            # envelopes taken in before outputs are looked at again
    OUTPUTS_KEPT = 1 << 20         # bytes that have left before the rest is moved to the front
    MARK_EVERY = 4096              # records between two StateMarks
    OUTPUTS_MOST = 1 << 26         # bytes that wait for their cause to be safe: from here on the process is busy
    RUN_BYTES = ENVELOPE_MAX_BYTES - ENVELOPE_SIZE
    WAIT_NS = 100_000_000
    OPTIONS_GO_ON = 1 | 4          # of a request: it was sent before, it is of a list

cdef uint64_t NOTHING_MISSING = 0xffffffffffffffff  # an adapter that holds all our requests, whatever their numbers

COUNTER_NAMES = ["", "records", "refused_records", "envelopes", "outputs", "outputs_dropped", "loops", "waits",
                 "refused_busy"]
LATENCY_NAMES = ["", "apply_record", "request_to_answer", "request_to_exchange"]


cdef inline void counted(State* s, int what, uint64_t more) noexcept nogil:
    s.counter[what].value += more  # of self.s, += would take the GIL in a debug build


cdef inline void took(State* s, int what, uint64_t ns, uint64_t count) noexcept nogil:
    """Counts a duration into its histogram: eight buckets for each power of two."""
    cdef LatencyRow* row = &s.latency[what]
    cdef int high = highest_bit(ns | 8)
    row.count += count
    row.sum_ns += ns * count
    row.max_ns = max(row.max_ns, ns)
    row.buckets[8 * high + ((ns >> (high - 3)) & 7)] += count


cdef inline void begin(Frame* record, uint16_t template_id, uint32_t length) noexcept nogil:
    """A record of the loop's own, empty but for its Frame."""
    memset(record, 0, length)
    record.length = length
    record.template_id = template_id
    record.schema_version = SCHEMA_VERSION


cdef void on_safe(void* bus) noexcept nogil:
    bus_wake(<BusState*>bus)


cdef class Loop:
    """Joins a bus, a journal and a core. routes: one (feed, user) per endpoint, in the bus's order; feed 0 = no
    adapter.

    spin_us: how long the thread spins before it sleeps when there is nothing to do. busy_after_ms: a write to the
    journal that takes longer makes the process busy; 0 = none does.
    """

    def __init__(self, Bus bus, JournalCore journal, Core core, list routes, int spin_us=5, int busy_after_ms=300):
        self.bus = bus
        self.journal = journal
        self.core = core
        self.s = core.state
        self.b = &bus.state
        self.j = journal.state
        self.spin_ns = spin_us * 1000
        self.j.slow_ns = <uint64_t>busy_after_ms * 1_000_000
        if len(routes) > ENDPOINTS:
            raise ValueError(f"{len(routes)} endpoints: {ENDPOINTS} at most")
        memset(self.feeds, 0, sizeof(self.feeds))
        memset(self.endpoint_of_feed, 0, sizeof(self.endpoint_of_feed))
        memset(self.endpoint_of_user, 0, sizeof(self.endpoint_of_user))
        for index, (feed, user) in enumerate(routes):
            self.feeds[index] = feed
            self.endpoint_of_feed[feed] = index + 1 if feed else 0
            self.endpoint_of_user[user] = index + 1
        for feed in range(256):  # of what the process before this one has sent nothing is known
            self.handed[feed] = self.s.feed[feed].last_out if feed < self.s.header[TABLE_feed].used else 0
        self.now_ns = self.s.firm.last_time_ns
        self.marked = self.s.firm.last_sequence
        self.j.bell_argument = self.b
        self.j.bell = on_safe
        self.label()
        self.count_in_tables()
        self.publish()

    def label(self):
        """Names the rows of the counters and histograms."""
        cdef bytes raw
        for index, name in enumerate(COUNTER_NAMES):
            raw = name.encode()
            memcpy(self.s.counter[index].name, <const char*>raw, len(raw))
        for index, name in enumerate(LATENCY_NAMES):
            raw = name.encode()
            memcpy(self.s.latency[index].name, <const char*>raw, len(raw))
        self.s.header[TABLE_counter].used = COUNTS
        self.s.header[TABLE_latency].used = TOOKS

    def count_in_tables(self):
        """Has the bus, which has not started yet, count where readers in other processes see it."""
        cdef uint32_t index
        if sizeof(EndpointRow) - 48 != sizeof(BusCounters):
            raise ValueError("the endpoint table is not what the bus counts")
        for index in range(self.b.count):
            memcpy(self.s.endpoint[index + 1].name, self.b.endpoints[index].name, 40)
            self.b.endpoints[index].counters = <BusCounters*>&self.s.endpoint[index + 1].sessions
        self.s.header[TABLE_endpoint].used = self.b.count + 1

    def run(self):
        """Serves until `stop`. Returns True when it was stopped, False when the journal has failed."""
        cdef BusEvent event
        cdef int taken
        with nogil:
            while not load_u32(&self.stopping) and not self.damaged:
                taken = 0
                while taken < EVENTS_AT_ONCE and bus_poll(self.b, &event):
                    self.take_in(&event)
                    bus_release(self.b, &event)
                    taken += 1
                self.tell_of_storage()
                self.tell_of_state()
                if taken == 0:
                    self.read_clock()
                    self.tick()
                    journal_commit_idle(self.j)
                elif taken < EVENTS_AT_ONCE:
                    journal_commit_idle(self.j)
                else:
                    journal_commit(self.j)
                self.damaged = self.damaged or journal_failed(self.j) or journal_deposed(self.j)
                self.give_out()
                self.watch_queues()
                self.publish()
                counted(self.s, Count_loops, 1)
                if taken == 0:
                    counted(self.s, Count_waits, 1)
                    bus_wait(self.b, self.spin_ns, WAIT_NS)
            self.s.header[TABLE_firm].heartbeat_ns = 0
        return not self.damaged

    def stop(self):
        """Ends `run`, from any thread. What is in hand is journaled and applied."""
        store_u32(&self.stopping, 1)
        bus_wake(self.b)

    cdef void read_clock(self) noexcept nogil:
        """UTC; a clock that goes back stands still here."""
        cdef timespec now
        clock_gettime(CLOCK_REALTIME, &now)
        self.now_ns = max(self.now_ns, <uint64_t>now.tv_sec * 1_000_000_000 + now.tv_nsec)

    cdef void take_in(self, const BusEvent* event) noexcept nogil:
        self.read_clock()
        if event.kind == BusEvent_opened:
            self.open_peer(event)
        elif event.kind == BusEvent_closed:
            self.close_peer(event)
        else:
            counted(self.s, Count_envelopes, 1)
            self.take_records(event)

    cdef const Frame* append(self, const Frame* record, uint16_t source) noexcept nogil:
        """The record's copy in the journal, stamped. NULL: it is none, or the journal has failed."""
        cdef Frame* kept = journal_append(self.j, record, self.now_ns, source)
        if kept == NULL and self.j.refusal == REFUSED_FULL:
            journal_commit(self.j)
            kept = journal_append(self.j, record, self.now_ns, source)
        if kept == NULL and self.j.refusal != REFUSED_RECORD:
            self.damaged = True
        return kept

    cdef void apply_taken(self, const Frame* first, const Frame* last) noexcept nogil:
        """Applies the records of an envelope, which stand one behind the other in the journal's memory."""
        cdef const uint8_t* end = <const uint8_t*>last + last.length
        cdef uint64_t count = last.sequence - first.sequence + 1, began = self.now_ns
        apply_run(self.s, <const uint8_t*>first, end)
        self.read_clock()
        took(self.s, Took_apply, (self.now_ns - began) // count, count)
        counted(self.s, Count_records, count)

    cdef void take_records(self, const BusEvent* event) noexcept nogil:
        """Journals a whole envelope, then applies it in one run, so that rows are fetched ahead."""
        cdef const uint8_t* at = <const uint8_t*>event.records
        cdef const uint8_t* end = at + event.length
        cdef const Frame* record
        cdef const Frame* kept
        cdef const Frame* first = NULL
        cdef const Frame* last = NULL
        if is_fact(<const Frame*>at) and free_rows(self.s, TABLE_parked) < event.count:
            self.stuck = True  # before anything of it is journaled or acknowledged: its sender tells it again
            self.damaged = True
        while at < end and not self.damaged:
            record = <const Frame*>at
            at += record.length
            if record.template_id == T_Lookup:
                self.look_up(event, record)
                continue
            if self.s.firm.busy and self.refuses(event, record):
                continue
            self.address(event, record)
            kept = journal_append(self.j, record, self.now_ns, event.source)
            if kept == NULL and self.j.refusal == REFUSED_FULL:
                if first != NULL:  # what stands in the journal is applied before its memory is used again
                    self.apply_taken(first, last)
                    first = NULL
                kept = self.append(record, event.source)
            if kept == NULL:
                counted(self.s, Count_refused_records, 1)
                if not self.damaged and self.j.refusal != REFUSED_RECORD:
                    self.damaged = True
                bus_end(self.b, event.endpoint, SessionReason_record, NULL)
                break
            if first != NULL and <const uint8_t*>kept != <const uint8_t*>last + last.length:
                self.apply_taken(first, last)
                first = NULL
            if first == NULL:
                first = kept
            last = kept
        if first != NULL:
            self.apply_taken(first, last)

    cdef void address(self, const BusEvent* event, const Frame* record) noexcept nogil:
        """An adapter speaks for its own feed and exchange, whatever it writes."""
        cdef uint16_t feed = self.feeds[event.endpoint], kind = record.template_id
        if feed == 0:
            return
        if kind == T_ExecutionReport:
            (<ExecutionReport*>record).feed = feed
        elif kind == T_OrderCancelReject:
            (<OrderCancelReject*>record).feed = feed
        elif kind == T_MarketData:
            (<MarketData*>record).feed = feed
        elif kind == T_BalanceReport:
            (<BalanceReport*>record).feed = feed
        elif kind == T_LongReport:
            (<LongReport*>record).feed = feed
            if (<LongReport*>record).exchange:
                (<LongReport*>record).exchange = self.s.feed[feed].exchange
        elif kind == T_FeedGapClosed:
            (<FeedGapClosed*>record).feed = feed
        elif kind == T_TradingSession:
            (<TradingSession*>record).exchange = self.s.feed[feed].exchange
        elif kind == T_OpenOrder:
            (<OpenOrder*>record).exchange = self.s.feed[feed].exchange
            (<OpenOrder*>record).feed = feed
        elif kind == T_OpenOrdersEnd:
            (<OpenOrdersEnd*>record).exchange = self.s.feed[feed].exchange
            (<OpenOrdersEnd*>record).feed = feed

    cdef void inject(self, const Frame* record, uint16_t source) noexcept nogil:
        """Journals and applies a record of the loop's own."""
        cdef const Frame* kept = self.append(record, source)
        if kept != NULL:
            self.apply_taken(kept, kept)

    cdef void open_peer(self, const BusEvent* event) noexcept nogil:
        """A peer has come. An adapter's feed is open from here on: it is told where its reports have to begin."""
        cdef const SessionOpen* greeting = <const SessionOpen*>event.records
        cdef FeedOpened opened
        cdef uint16_t feed = self.feeds[event.endpoint]
        cdef uint64_t last_applied = 0
        if feed == 0:
            if bus_accept(self.b, event, 0) and self.s.user[event.source].cancel_on_disconnect:
                self.tell_of_user(T_UserBack, event.source)
            return
        if self.s.feed[feed].last_out < greeting.last_received < NOTHING_MISSING:
            bus_end(self.b, event.endpoint, SessionReason_refused,
                    b"it holds requests that the journal does not: an older copy of the journal was put back")
            return
        if self.s.feed[feed].session_id == greeting.session_id:
            if wait_until_safe(self.j, self.j.sequence):  # what it is told to have been applied, it may forget
                self.damaged = True
                return
            last_applied = self.s.feed[feed].last_in
        if not bus_accept(self.b, event, last_applied):
            return
        begin(&opened.frame, T_FeedOpened, sizeof(opened))
        opened.session_id = greeting.session_id
        opened.last_received = greeting.last_received
        opened.instance = greeting.instance
        opened.epoch = event.epoch
        opened.feed = feed
        self.inject(&opened.frame, event.source)

    cdef void close_peer(self, const BusEvent* event) noexcept nogil:
        """A peer has gone: what an adapter has not answered is in doubt; a user's orders may be cancelled."""
        cdef FeedLost lost
        cdef uint16_t feed = self.feeds[event.endpoint]
        if feed == 0 and (self.s.user[event.source].online or self.s.user[event.source].cancel_on_disconnect):
            self.tell_of_user(T_UserLost, event.source)
        if event.reason == SessionReason_slow:  # what is malformed is only counted: a storm may not fill the journal
            self.tell_of_user(T_PeerCutOff, event.source)
        if feed == 0 or self.s.feed[feed].state == FeedState_offline:
            return
        begin(&lost.frame, T_FeedLost, sizeof(lost))
        lost.feed = feed
        lost.last_sent = self.handed[feed]
        lost.ask_after_ms = 0 if event.reason == SessionReason_left else self.b.lease_ms
        self.inject(&lost.frame, event.source)

    cdef void tell_of_user(self, uint16_t what, uint16_t user) noexcept nogil:
        """Has the journal say that a user whose orders depend on it has come or gone, or that it did not read and was
        cut off: the three records are alike."""
        cdef UserLost record
        begin(&record.frame, what, sizeof(record))
        record.user = user
        self.inject(&record.frame, 0)

    cdef void look_up(self, const BusEvent* event, const Frame* record) noexcept nogil:
        """Answers with the number of a code; nothing of it is journaled."""
        cdef const Lookup* asked = <const Lookup*>record
        cdef Found found
        begin(&found.frame, T_Found, sizeof(found))
        found.tag = asked.tag
        if wait_until_safe(self.j, self.j.sequence):  # a number is as good as an answer
            self.damaged = True
            return
        if self.may_ask(event.source, asked):
            found.number = find_code(self.s, asked)
        if asked.of == LookupOf_instrument and found.number:
            found.price_exponent = self.s.instrument[found.number].price_exponent
            found.quantity_exponent = self.s.instrument[found.number].quantity_exponent
        if asked.of == LookupOf_currency and found.number:
            found.price_exponent = self.s.currency[found.number].exponent
        bus_send(self.b, event.endpoint, &found.frame, sizeof(found))

    cdef bint may_ask(self, uint16_t user, const Lookup* asked) noexcept nogil:
        """A tenant's user learns of the tenant's own accounts only, not even whether others exist."""
        cdef uint16_t owner = self.s.user[user].owner
        if owner == 0:
            return True
        if asked.of == LookupOf_account:
            return asked.owner == owner
        if asked.of == LookupOf_request:
            return asked.account < self.s.header[TABLE_account].used and self.s.account[asked.account].owner == owner
        return True

    cdef uint16_t destination(self, const Frame* output) noexcept nogil:
        """The endpoint that an output goes to, + 1; 0 = nobody. A request goes out under the lease that it was made
        for, or not at all: by then it may have been given to another feed."""
        cdef const OrderRequest* request = <const OrderRequest*>output
        cdef const FeedRow* feed
        if output.template_id == T_OrderRequest:
            feed = &self.s.feed[request.feed]
            if feed.state != FeedState_online or feed.epoch != request.epoch:
                return 0
            return self.endpoint_of_feed[request.feed]
        return self.endpoint_of_user[(<const Answer*>output).to]

    cdef void give_out(self) noexcept nogil:
        """Sends what is safe, neighbours to the same peer in one run, and makes room behind it."""
        cdef uint64_t safe = journal_safe(self.j), run
        cdef const Frame* output
        cdef const OrderRequest* last_request
        cdef uint8_t* start
        cdef uint16_t to
        if self.given < self.s.out_used:
            self.read_clock()
        while self.given < self.s.out_used:
            start = self.s.out + self.given
            output = <const Frame*>start
            if output.sequence > safe:
                break
            if journal_deposed(self.j):  # a process that was stopped may wake up here: who leads now will send it
                self.damaged = True
                break
            to = self.destination(output)
            run = 0
            last_request = NULL
            while True:
                run += output.length
                if output.template_id == T_OrderRequest and (<const OrderRequest*>output).feed_sequence:
                    last_request = <const OrderRequest*>output
                took(self.s, Took_order_request if output.template_id == T_OrderRequest else Took_answer,
                     self.now_ns - output.time_ns, 1)
                counted(self.s, Count_outputs, 1)
                output = <const Frame*>(start + run)
                if self.given + run >= self.s.out_used or output.sequence > safe:
                    break
                if run + output.length > RUN_BYTES or self.destination(output) != to:
                    break
            if to == 0 or not bus_send(self.b, to - 1, <const Frame*>start, <uint32_t>run):
                counted(self.s, Count_outputs_dropped, 1)
            elif last_request != NULL:
                self.handed[last_request.feed] = max(self.handed[last_request.feed], last_request.feed_sequence)
            self.given = self.given + run
        if self.given == self.s.out_used:
            self.given = self.s.out_used = 0
        elif self.given > OUTPUTS_KEPT:
            self.s.out_used = self.s.out_used - self.given
            memmove(self.s.out, self.s.out + self.given, self.s.out_used)
            self.given = 0

    cdef void tell_of_storage(self) noexcept nogil:
        """Has the journal say that the disk has less room for it, or has it again."""
        cdef uint32_t room = load_u32(&self.j.room)
        cdef StorageChanged record
        if room == self.s.firm.storage:
            return
        begin(&record.frame, T_StorageChanged, sizeof(record))
        record.state = <uint8_t>room
        self.inject(&record.frame, 0)

    cdef void tell_of_state(self) noexcept nogil:
        """Has the journal say, now and then, what the state has come to here: who follows compares."""
        cdef StateMark record
        if self.s.firm.last_sequence - self.marked < MARK_EVERY:
            return
        begin(&record.frame, T_StateMark, sizeof(record))
        record.digest = self.s.firm.digest
        self.inject(&record.frame, 0)
        self.marked = self.s.firm.last_sequence

    cdef uint8_t behind(self, BusyChanged* told) noexcept nogil:
        """Busy, and by how much: a write takes too long, or what waits for the journal's writer or to leave is too
        much. It ends when a write was quick, and half of that has gone."""
        cdef uint8_t now = self.s.firm.busy
        told.figure = journal_behind(self.j, monotonic_ns())
        told.limit = self.j.slow_ns
        if told.figure:
            return Busy_slow_flush
        told.figure = self.j.ring_bytes - journal_room(self.j)
        told.limit = self.j.ring_bytes // 4
        if told.figure > (told.limit // 2 if now == Busy_journal_backlog else told.limit):
            return Busy_journal_backlog
        told.figure = self.s.out_used - self.given
        told.limit = OUTPUTS_MOST
        if told.figure > (told.limit // 2 if now == Busy_output_backlog else told.limit):
            return Busy_output_backlog
        told.figure = told.limit = 0
        return Busy_no

    cdef void watch_queues(self) noexcept nogil:
        """Has the journal say when the process is behind, and when it has caught up. While the last write was slow and
        none is in hand, a Tick is written to see whether the disk has recovered."""
        cdef BusyChanged told
        cdef Tick probe
        begin(&told.frame, T_BusyChanged, sizeof(told))
        told.busy = self.behind(&told)
        if told.busy != self.s.firm.busy:
            self.inject(&told.frame, 0)
        elif told.busy == Busy_slow_flush and journal_room(self.j) == self.j.ring_bytes:
            begin(&probe.frame, T_Tick, sizeof(probe))
            self.inject(&probe.frame, 0)
        else:
            return
        journal_commit_idle(self.j)

    cdef bint refuses(self, const BusEvent* event, const Frame* record) noexcept nogil:
        """While the process is behind, what would be new is answered `busy` at once, and leaves no trace: reports,
        cancels, decisions and kills go on, and so do members of a list that has begun and what is sent again."""
        cdef const NewOrderSingle* new = <const NewOrderSingle*>record
        cdef const OrderCancelReplaceRequest* change = <const OrderCancelReplaceRequest*>record
        cdef const ListBegin* list = <const ListBegin*>record
        if not record_fits(record):
            return False
        if record.template_id == T_NewOrderSingle:
            if new.options & OPTIONS_GO_ON:
                return False
            self.answer_busy(event, new.tag, new.account, NewOrderSingle_texts(new), new.cl_ord_id_length)
        elif record.template_id == T_OrderCancelReplaceRequest:
            if change.options & OPTIONS_GO_ON:
                return False
            self.answer_busy(event, change.tag, change.account, OrderCancelReplaceRequest_texts(change),
                             change.cl_ord_id_length)
        elif record.template_id == T_ListBegin:
            self.answer_busy(event, list.tag, 0, NULL, 0)
        else:
            return False
        return True

    cdef void answer_busy(self, const BusEvent* event, uint64_t tag, uint32_t account, const uint8_t* name,
                          uint8_t length) noexcept nogil:
        """It waits for nothing: nothing has happened."""
        cdef uint64_t[64] room  # for the record and the longest name
        cdef Answer* answer = <Answer*>room
        begin(&answer.frame, T_Answer, (sizeof(Answer) + length + 7) & ~7u)
        answer.frame.time_ns = self.now_ns
        answer.tag, answer.account, answer.to, answer.status = tag, account, event.source, ST_busy
        answer.cl_ord_id_length = length
        if length:
            memcpy(<uint8_t*>room + sizeof(Answer), name, length)
        bus_send(self.b, event.endpoint, &answer.frame, answer.frame.length)
        counted(self.s, Count_refused_busy, 1)

    cdef void tick(self) noexcept nogil:
        """Time is a record, too: one is made when something is due."""
        cdef Tick record
        if self.s.firm.next_expiry_ns == 0 or self.now_ns < self.s.firm.next_expiry_ns:
            return
        begin(&record.frame, T_Tick, sizeof(record))
        self.inject(&record.frame, 0)

    cdef void publish(self) noexcept nogil:
        """Tells readers in other processes how far the rows stand, and how much of it is safe."""
        cdef uint64_t safe = journal_safe(self.j)
        self.s.header[TABLE_firm].sequence = self.s.sequence
        self.s.header[TABLE_firm].safe = safe
        self.s.header[TABLE_execution].safe = safe
        self.s.header[TABLE_firm].heartbeat_ns = self.now_ns
