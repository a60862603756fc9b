"""engine.apply: the one function that changes state, and `Core`, which lends it to Python.

    record -> apply -> changed rows + outputs + events

`apply` is deterministic: no clock, no randomness, no I/O, no Python object, no allocation, no lock. Time and sequence
come with the record. Business failures are status codes; a broken invariant ends the process.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

import numpy as np

from oms.errors import OmsError
from oms.records import RecordError, row_dtype

from oms._core.balances cimport apply_balance
from oms._core.batches cimport apply_settle, apply_settle_expected, apply_settle_item
from oms._core.booked_again cimport apply_parked, parked_slot
from oms._core.capacity cimport apply_capacities, find_short_table, follow_marks, mark_tables
from oms._core.control cimport apply_control
from oms._core.corporate cimport apply_corporate_action
from oms._core.corporate_undo cimport apply_undo
from oms._core.day cimport apply_business_date, apply_reconciled, apply_session
from oms._core.digest cimport apply_state_mark, digest_record
from oms._core.external cimport apply_open_order, apply_open_orders_end
from oms._core.feeds cimport apply_feed_lost, apply_feed_opened, apply_gap_closed, \
    apply_market, feeds_due
from oms._core.journal cimport REFUSED_FAILED, REFUSED_FULL, JournalCore, journal_append, journal_commit, \
    journal_commit_idle
from oms._core.journal_reader cimport ReaderCore, ReaderState, reader_load
from oms._core.ledger cimport cash_available, holding_available
from oms._core.limits cimport apply_set_limit
from oms._core.lists cimport apply_list_begin
from oms._core.loads cimport apply_load_begin, apply_load_cash, apply_load_commit, apply_load_holding
from oms._core.mass_cancel cimport apply_mass_cancel
from oms._core.movements cimport apply_margin, apply_movement, apply_transfer
from oms._core.moves cimport apply_assign, apply_move
from oms._core.names cimport apply_owner, apply_rename
from oms._core.orders cimport find_order
from oms._core.outputs cimport emit_answer
from oms._core.reference cimport apply_reference, find_account, find_instrument
from oms._core.reports cimport apply_cancel_reject, apply_long_report, apply_report
from oms._core.requests cimport apply_cancel, apply_new, apply_replace
from oms._core.sessions cimport apply_busy_changed, apply_leading, apply_peer_cut_off, apply_storage_changed, \
    apply_user_back, apply_user_lost, cancel_overdue
from oms._core.resolve cimport apply_resolve
from oms._core.tables cimport Mapping
from oms._core.waiting cimport apply_decision, expire_waiting
from oms._core.withdrawals cimport answer_movement

cdef extern from "broken.h" nogil:
    void catch_crashes()
    void crash_at(const Frame** record, const bint* replaying)


cdef uint16_t apply_day(State* s, const Frame* record) noexcept nogil:
    """What the firm's operators and loaders do."""
    cdef uint16_t kind = record.template_id
    if kind == T_LoadCash:
        return apply_load_cash(s, <const LoadCash*>record)
    if kind == T_LoadHolding:
        return apply_load_holding(s, <const LoadHolding*>record)
    if kind == T_LoadBegin:
        return apply_load_begin(s, <const LoadBegin*>record)
    if kind == T_LoadCommit:
        return apply_load_commit(s, <const LoadCommit*>record)
    if kind == T_AccountReconciled:
        return apply_reconciled(s, <const AccountReconciled*>record)
    if kind == T_BusinessDate:
        return apply_business_date(s, <const BusinessDate*>record)
    if kind == T_Settle:
        return apply_settle(s, <const Settle*>record)
    if kind == T_SettleItem:
        return apply_settle_item(s, <const SettleItem*>record)
    if kind == T_SettleExpected:
        return apply_settle_expected(s, <const SettleExpected*>record)
    if kind == T_Movement:
        return apply_movement(s, <const Movement*>record)
    if kind == T_Transfer:
        return apply_transfer(s, <const Transfer*>record)
    if kind == T_SetMargin:
        return apply_margin(s, <const SetMargin*>record)
    if kind == T_SetLimit:
        return apply_set_limit(s, <const SetLimit*>record)
    if kind == T_Control:
        return apply_control(s, <const Control*>record)
    if kind == T_CorporateAction:
        return apply_corporate_action(s, <const CorporateAction*>record)
    if kind == T_CorporateActionUndo:
        return apply_undo(s, <const CorporateActionUndo*>record)
    if kind == T_Rename:
        return apply_rename(s, <const Rename*>record)
    if kind == T_DefineOwner:
        return apply_owner(s, <const DefineOwner*>record)
    return ST_record_malformed


cdef uint16_t apply_fact(State* s, const Frame* record) noexcept nogil:
    """What exchanges and their adapters tell."""
    cdef uint16_t kind = record.template_id
    if parked_slot(record):
        return apply_parked(s, record)
    if kind == T_ExecutionReport:
        return apply_report(s, <const ExecutionReport*>record)
    if kind == T_OrderCancelReject:
        return apply_cancel_reject(s, <const OrderCancelReject*>record)
    if kind == T_MarketData:
        return apply_market(s, <const MarketData*>record)
    if kind == T_FeedOpened:
        return apply_feed_opened(s, <const FeedOpened*>record)
    if kind == T_FeedLost:
        return apply_feed_lost(s, <const FeedLost*>record)
    if kind == T_FeedGapClosed:
        return apply_gap_closed(s, <const FeedGapClosed*>record)
    if kind == T_TradingSession:
        return apply_session(s, <const TradingSession*>record)
    if kind == T_OpenOrder:
        return apply_open_order(s, <const OpenOrder*>record)
    if kind == T_BalanceReport:
        return apply_balance(s, <const BalanceReport*>record)
    if kind == T_OpenOrdersEnd:
        return apply_open_orders_end(s, <const OpenOrdersEnd*>record)
    if kind == T_LongReport:
        return apply_long_report(s, <const LongReport*>record)
    return ST_record_malformed


cdef uint16_t apply_own(State* s, const Frame* record) noexcept nogil:
    """What the process tells of itself; nobody waits for an answer."""
    cdef uint16_t kind = record.template_id
    if kind == T_Capacities:
        return apply_capacities(s, <const Capacities*>record)
    if kind == T_StorageChanged:
        return apply_storage_changed(s, <const StorageChanged*>record)
    if kind == T_BusyChanged:
        return apply_busy_changed(s, <const BusyChanged*>record)
    if kind == T_PeerCutOff:
        return apply_peer_cut_off(s, <const PeerCutOff*>record)
    if kind == T_Leading:
        return apply_leading(s, <const Leading*>record)
    if kind == T_StateMark:
        return apply_state_mark(s, <const StateMark*>record)
    if kind == T_UserLost:
        return apply_user_lost(s, <const UserLost*>record)
    if kind == T_UserBack:
        return apply_user_back(s, <const UserBack*>record)
    return ST_ok  # a Tick


cdef uint16_t apply_request(State* s, const Frame* record) noexcept nogil:
    """What clients and DTRs ask; each of these answers by itself."""
    cdef uint16_t kind = record.template_id
    if kind == T_NewOrderSingle:
        return apply_new(s, <const NewOrderSingle*>record)
    if kind == T_OrderCancelReplaceRequest:
        return apply_replace(s, <const OrderCancelReplaceRequest*>record)
    if kind == T_OrderCancelRequest:
        return apply_cancel(s, <const OrderCancelRequest*>record)
    if kind == T_ListBegin:
        return apply_list_begin(s, <const ListBegin*>record)
    if kind == T_MoveOrder:
        return apply_move(s, <const MoveOrder*>record)
    if kind == T_AssignOrder:
        return apply_assign(s, <const AssignOrder*>record)
    if kind == T_OrderMassCancelRequest:
        return apply_mass_cancel(s, <const OrderMassCancelRequest*>record)
    return apply_decision(s, <const AuthDecision*>record)


cdef inline uint64_t tag_of(const Frame* record) noexcept nogil:
    """The sender's number, of what clients may ask, too."""
    return (<const Transfer*>record).tag if record.template_id == T_Transfer else 0


cdef uint16_t apply(State* s, const Frame* record) noexcept nogil:
    """Applies one record that stands in the journal, and returns what became of it."""
    cdef uint16_t status, kind = record.template_id
    cdef uint64_t before = s.out_used
    s.record = record
    s.sequence = record.sequence
    s.time_ns = record.time_ns
    s.source = record.source if record.source < s.header[TABLE_user].used else 65535
    s.figure = 0
    s.limit = 0
    row_open(&s.firm.version)
    s.firm.last_sequence = record.sequence
    s.firm.last_time_ns = record.time_ns
    if not record_fits(record) or s.source == 65535:
        status = ST_record_malformed
    elif T_NewOrderSingle <= kind <= T_OrderMassCancelRequest:
        status = apply_request(s, record)
    elif is_fact(record):
        status = apply_fact(s, record)
    elif kind in (T_Tick, T_Capacities, T_UserLost, T_UserBack, T_Leading, T_StorageChanged, T_BusyChanged,
                  T_PeerCutOff, T_StateMark):
        status = apply_own(s, record)
    elif kind == T_Resolve:
        status = apply_resolve(s, <const Resolve*>record)
    elif kind >= T_LoadBegin:
        status = apply_day(s, record)
        if kind == T_Movement:
            answer_movement(s, <const Movement*>record, status)
        elif kind not in (T_LoadCash, T_LoadHolding, T_SettleItem, T_SettleExpected, T_Control):
            emit_answer(s, s.source, status, tag_of(record), 0, 0, False)
    else:
        status = apply_reference(s, record)
        if s.source:
            emit_answer(s, s.source, status, 0, 0, 0, False)
    if s.firm.next_expiry_ns and s.time_ns >= s.firm.next_expiry_ns:
        expire_waiting(s)
        cancel_overdue(s)
        feeds_due(s)
    if s.crossed:
        follow_marks(s)
    digest_record(s, status, s.out_used - before)
    row_close(&s.firm.version)
    return status


# Rows that a record will need are fetched in three steps, each a few records ahead of `apply`, so that the memory's
# latency of one overlaps with the work on others. None of them changes anything or trusts anything: a wrong guess
# costs nothing.


cdef void prefetch_first(const State* s, const Frame* record) noexcept nogil:
    cdef const NewOrderSingle* new
    cdef const ExecutionReport* report
    cdef const OrderCancelRequest* cancel
    cdef uint64_t hash
    if not record_fits(record):  # its lengths are not to be trusted
        return
    if record.template_id == T_NewOrderSingle:
        new = <const NewOrderSingle*>record
        if new.account < s.header[TABLE_account].used:
            prefetch(&s.account[new.account])
            hash = hash_bytes(NewOrderSingle_texts(new), new.cl_ord_id_length, new.account)
            prefetch(&s.by_cl_ord_id.entries[index_home(&s.by_cl_ord_id, hash)])
            hash = mix(new.account, new.instrument)
            prefetch(&s.by_holder.entries[index_home(&s.by_holder, hash)])
    elif record.template_id == T_ExecutionReport:
        report = <const ExecutionReport*>record
        if <uint32_t>report.request < s.header[TABLE_request].used:
            prefetch(&s.request[<uint32_t>report.request])
            prefetch(<const char*>&s.request[<uint32_t>report.request] + 64)
    elif record.template_id == T_OrderCancelRequest:
        cancel = <const OrderCancelRequest*>record
        if cancel.account < s.header[TABLE_account].used:
            prefetch(&s.account[cancel.account])
            hash = hash_bytes(OrderCancelRequest_texts(cancel), cancel.cl_ord_id_length, cancel.account)
            prefetch(&s.by_cl_ord_id.entries[index_home(&s.by_cl_ord_id, hash)])
            prefetch(&s.by_cl_ord_id.entries[index_home(&s.by_cl_ord_id, hash_of_orig(cancel))])


cdef inline uint64_t hash_of_orig(const OrderCancelRequest* cancel) noexcept nogil:
    cdef const uint8_t* text = OrderCancelRequest_texts(cancel) + cancel.cl_ord_id_length
    return hash_bytes(text, cancel.orig_cl_ord_id_length, cancel.account)


cdef inline uint32_t likely_request(const State* s, const OrderCancelRequest* cancel) noexcept nogil:
    """The likely row of the request that a cancel names, without looking at it."""
    cdef uint64_t hash = hash_of_orig(cancel), at = index_home(&s.by_cl_ord_id, hash)
    return index_next(&s.by_cl_ord_id, hash, &at)


cdef void prefetch_second(const State* s, const Frame* record) noexcept nogil:
    cdef const NewOrderSingle* new
    cdef uint32_t slot
    if not record_fits(record):
        return
    if record.template_id == T_NewOrderSingle:
        new = <const NewOrderSingle*>record
        if new.account < s.header[TABLE_account].used:
            slot = s.account[new.account].cash
            prefetch(&s.cash[slot])
            prefetch(<const char*>&s.cash[slot] + 64)
            slot = find_slot(s, new.account, new.instrument)
            prefetch(&s.holding[slot])
            prefetch(<const char*>&s.holding[slot] + 64)
    elif record.template_id == T_ExecutionReport:
        slot = <uint32_t>(<const ExecutionReport*>record).request
        if slot < s.header[TABLE_request].used:
            slot = s.request[slot].order
            prefetch(&s.order[slot])
            prefetch(<const char*>&s.order[slot] + 64)
    elif record.template_id == T_OrderCancelRequest:
        slot = likely_request(s, <const OrderCancelRequest*>record)
        prefetch(&s.request[slot])
        prefetch(<const char*>&s.request[slot] + 64)


cdef inline uint32_t find_slot(const State* s, uint32_t account, uint32_t instrument) noexcept nogil:
    """The likely row of a holding, without looking at it."""
    cdef uint64_t hash = mix(account, instrument), at = index_home(&s.by_holder, hash)
    return index_next(&s.by_holder, hash, &at)


cdef void prefetch_third(const State* s, const Frame* record) noexcept nogil:
    cdef const ExecutionReport* report
    cdef const OrderRow* o
    cdef uint32_t slot
    cdef uint64_t hash
    if not record_fits(record):
        return
    if record.template_id == T_OrderCancelRequest:
        o = &s.order[s.request[likely_request(s, <const OrderCancelRequest*>record)].order]
        prefetch(o)
        prefetch(<const char*>o + 64)
    elif record.template_id == T_ExecutionReport:
        report = <const ExecutionReport*>record
        slot = <uint32_t>report.request
        if slot < s.header[TABLE_request].used:
            o = &s.order[s.request[slot].order]
            prefetch(&s.account[o.account])
            prefetch(&s.cash[o.cash])
            prefetch(<const char*>&s.cash[o.cash] + 64)
            prefetch(&s.holding[o.holding])
            prefetch(<const char*>&s.holding[o.holding] + 64)
            hash = mix(<uint64_t>s.instrument[o.instrument].exchange << 8 | o.side,
                       report.trade_date if report.trade_date else
                       s.exchange[s.instrument[o.instrument].exchange].trade_date)
            hash = hash_bytes(ExecutionReport_texts(report), report.exec_id_length, hash)
            prefetch(&s.by_exec_id.entries[index_home(&s.by_exec_id, hash)])


cdef uint16_t apply_run(State* s, const uint8_t* data, const uint8_t* end) noexcept nogil:
    """Applies the records from data to end, which have been checked to hold together. Returns the last one's status."""
    cdef const uint8_t* first = data
    cdef const uint8_t* second = data
    cdef const uint8_t* third = data
    cdef int ahead = 0
    cdef uint16_t status = ST_ok
    crash_at(&s.record, &s.replaying)
    while data < end:
        while ahead < 12 and first < end:  # the first step runs 12 records ahead, the second 8, the third 4
            prefetch_first(s, <const Frame*>first)
            first += (<const Frame*>first).length
            ahead += 1
            if ahead > 4 or first >= end:
                prefetch_second(s, <const Frame*>second)
                second += (<const Frame*>second).length
            if ahead > 8 or first >= end:
                prefetch_third(s, <const Frame*>third)
                third += (<const Frame*>third).length
        status = apply(s, <const Frame*>data)
        if s.replaying:
            s.out_used = 0
        data += (<const Frame*>data).length
        ahead -= 1
    s.record = NULL
    return status


def tell_of_crashes():
    """Has a crash of this process say at which record it was. For a process that does nothing else."""
    catch_crashes()


cdef class Core:
    """One engine's tables with `apply`, for one thread. Takes whole records as bytes; see oms.engine for people."""

    def __init__(self, capacities=None, directory=None, working_set=None):
        self.tables = Tables(capacities, directory, working_set)
        self.state = &self.tables.state
        mark_tables(self.state)

    def apply(self, records, uint64_t sequence, uint64_t time_ns):
        """Applies a run of records as they would stand in the journal, numbered from `sequence` and stamped with
        `time_ns`. Returns (records applied, status of the last one).

        Raises RecordError when the lengths do not add up; then nothing is applied.
        """
        cdef bytearray work = bytearray(records)
        cdef uint8_t* data = <uint8_t*><char*>work
        cdef Py_ssize_t size = len(work), offset = 0
        cdef uint64_t count = 0
        cdef uint16_t status
        cdef Frame* frame
        while offset + FRAME_SIZE <= size:
            frame = <Frame*>(data + offset)
            if frame.length < FRAME_SIZE or frame.length > MAX_RECORD_LENGTH or frame.length & 7:
                break
            frame.sequence = sequence + count
            frame.time_ns = time_ns
            offset += frame.length
            count += 1
            if is_fact(frame):
                self.check_parked()
        if offset != size or count == 0:
            raise RecordError(f"the record at byte {offset} does not hold together", where=f"{size} bytes of records")
        with nogil:
            status = apply_run(self.state, data, data + size)
        return count, status

    def journal(self, JournalCore journal, records, uint64_t time_ns):
        """Appends a run of records to the journal, each with its Frame's source, and applies what was appended, as one
        batch. Returns (records, status of the last one); fewer records than given when the journal has failed.

        Raises RecordError when the lengths do not add up, after what came before is applied.
        """
        cdef const uint8_t[::1] view = records
        cdef const uint8_t* at = &view[0]
        cdef const uint8_t* end = at + view.shape[0]
        cdef const Frame* record
        cdef const Frame* kept = NULL
        cdef const uint8_t* first = NULL
        cdef const uint8_t* behind = NULL
        cdef uint64_t count = 0
        cdef uint32_t facts = 0
        cdef uint16_t status = 0
        cdef bint sound = True, stuck = False
        with nogil:
            while at < end and sound:
                record = <const Frame*>at
                sound = end - at >= FRAME_SIZE and record.length <= <uint64_t>(end - at) and record.length >= FRAME_SIZE
                if not sound:
                    break
                facts += is_fact(record)
                if facts > free_rows(self.state, TABLE_parked) and first == NULL:
                    stuck = True
                    break
                if facts > free_rows(self.state, TABLE_parked):  # what is not applied yet may need the rows
                    status = apply_run(self.state, first, behind)
                    first = behind = NULL
                    facts = 0
                    continue
                kept = journal_append(journal.state, record, time_ns, record.source)
                if kept == NULL or <const uint8_t*>kept != behind:  # what stands apart is applied by itself
                    if first != NULL:
                        status = apply_run(self.state, first, behind)
                    first = NULL
                if kept == NULL and journal.state.refusal == REFUSED_FULL:
                    journal_commit(journal.state)
                    continue
                if kept == NULL:
                    sound = journal.state.refusal == REFUSED_FAILED
                    break
                if first == NULL:
                    first = <const uint8_t*>kept
                behind = <const uint8_t*>kept + kept.length
                at += record.length
                count += 1
            if first != NULL:
                status = apply_run(self.state, first, behind)
            journal_commit_idle(journal.state)
        if stuck:
            self.check_parked()
        if not sound:
            raise RecordError(f"the record at byte {view.shape[0] - (end - at)} does not hold together")
        return count, status

    def replay(self, ReaderCore reader, uint64_t last=0xFFFFFFFFFFFFFFFF, uint64_t until_ns=0xFFFFFFFFFFFFFFFF):
        """Applies what a journal's reader hands out, up to the sequence `last` and no record of after `until_ns`, and
        drops the outputs. May be called again for more. Returns the number of records that the reader took in."""
        cdef uint64_t before = reader.state.records
        cdef ReaderState* state = &reader.state
        cdef const uint8_t* end
        self.state.replaying = True
        with nogil:
            while self.state.short_table == NULL and (
                    state.cursor != state.batch_end
                    or self.state.firm.last_sequence < last and reader_load(state)):
                end = state.cursor
                while end < state.batch_end and (<const Frame*>end).sequence <= last \
                        and (<const Frame*>end).time_ns <= until_ns:
                    end += (<const Frame*>end).length
                if end == state.cursor:
                    break
                apply_run(self.state, state.cursor, end)
                state.cursor = end
        self.state.replaying = False
        self.check_tables()
        return reader.state.records - before

    def check_tables(self):
        """Raises OmsError when a table is smaller than the journal says: what it accepted might find no room here."""
        find_short_table(self.state)
        if self.state.short_table != NULL:
            name, rows = self.state.short_table.decode(), self.state.short_rows
            raise OmsError(f"table {name} holds {self.tables.capacities[name]} rows, and the journal counts on {rows}",
                           remedy=f"set capacities.{name} to {rows} or more")

    @property
    def agreed(self):
        """Sequence of the last StateMark that said what was found here; 0 = none."""
        return self.state.agreed

    def difference(self):
        """(sequence, digest that was told, digest that was found) of the first StateMark that said something else since
        the last call; None when there was none."""
        cdef uint64_t sequence = self.state.differs
        self.state.differs = 0
        return (sequence, self.state.digest_told, self.state.digest_found) if sequence else None

    def check_parked(self):
        """Raises OmsError when a fact that could not be booked would find no row to be parked in. Nothing of it is
        journaled, nor acknowledged to whoever sent it."""
        if free_rows(self.state, TABLE_parked) == 0:
            rows = limit_of(self.state, TABLE_parked)
            raise OmsError(f"table parked holds {rows} rows, all in use: the next report might be lost",
                           remedy=f"set capacities.parked above {rows} and start again; then see `oms parked`")

    def drop_outputs(self):
        """Forgets the outputs since the last call."""
        self.state.out_used = 0

    def outputs(self):
        """The outputs since the last call, as bytes, and forgets them."""
        cdef bytes taken = PyBytes_FromStringAndSize(<char*>self.state.out, <Py_ssize_t>self.state.out_used)
        self.state.out_used = 0
        return taken

    @property
    def events(self):
        """Position that the next event will get."""
        return self.state.events

    def events_from(self, uint64_t position):
        """The events from a position on, as bytes. Raises RecordError when the log no longer holds them."""
        cdef uint64_t ring = self.state.header[TABLE_event].capacity
        cdef list parts = []
        if self.state.events - position > ring:
            raise RecordError(f"events before {self.state.events - ring} are gone: start from a snapshot")
        while position < self.state.events:
            parts.append(PyBytes_FromStringAndSize(<char*>&self.state.event[position % ring], 64))
            position += 1
        return b"".join(parts)

    def find(self, table, code, number=0):
        """The slot of a code: account (number = owner), instrument (exchange), request (account), order (exchange)."""
        cdef bytes raw = code.encode()
        cdef char name[32]
        cdef uint32_t owner = number
        cdef const uint8_t* data = <const uint8_t*><const char*>raw
        memset(name, 0, 32)
        memcpy(name, <const char*>raw, min(len(raw), 32))
        if table == "account":
            return find_account(self.state, owner, name) if len(raw) <= 32 else 0
        if table == "instrument":
            return find_instrument(self.state, owner, name) if len(raw) <= 24 else 0
        if table == "request":
            return find_request(self.state, owner, data, len(raw), hash_bytes(data, len(raw), owner))
        return find_order(self.state, owner, data, len(raw))

    def find_row(self, table, uint32_t first, uint32_t second):
        """The slot of a cash (account, currency) or holding (account, instrument) row; 0 when there is none."""
        return find_cash(self.state, first, second) if table == "cash" else find_holding(self.state, first, second)

    def available(self, table, uint32_t slot):
        """What is free of a cash or holding row, in its units."""
        return cash_available(self.state, slot) if table == "cash" else holding_available(self.state, slot)

    def text(self, uint32_t ref):
        """A text of the text table."""
        cdef const uint8_t* at = text_of(self.state, ref)
        return PyBytes_FromStringAndSize(<char*>at + 1, at[0]).decode("utf-8", "replace")

    def used(self, table):
        """High-water mark: rows from here on were never written."""
        cdef Mapping mapping = self.tables.mappings[table]
        return (<TableHeader*>mapping.data).used

    def rows(self, table, whole=False):
        """The table's rows as a structured array over its own memory, up to the high-water mark, row 0 unused."""
        count = self.tables.capacities[table] if whole else self.used(table)
        return np.frombuffer(self.tables.mappings[table], dtype=row_dtype(table), count=count, offset=4096)
