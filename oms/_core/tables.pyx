"""The tables: sparse files in shared memory, or private memory, mapped once and sized by configuration.

Owns all memory that `State` points into. Address space is reserved generously; a page costs nothing until it is
written. Never reads what an earlier process left in a file: the tables are rebuilt from snapshot and journal.
"""

from cpython.buffer cimport PyBuffer_FillInfo
from libc.errno cimport EINVAL, errno
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, strerror

import secrets
from pathlib import Path

from oms import schema
from oms.errors import OmsError
from oms.records import row_dtype

from oms._core.index cimport Index
from oms._core.state cimport *

cdef extern from "<sys/mman.h>" nogil:
    void* mmap(void* address, size_t length, int prot, int flags, int fd, long offset)
    int munmap(void* address, size_t length)
    int madvise(void* address, size_t length, int advice)
    int MADV_HUGEPAGE
    int PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE
    void* MAP_FAILED

cdef extern from "<fcntl.h>" nogil:
    int c_open "open"(const char* path, int flags, int mode)
    int O_RDWR, O_RDONLY, O_CREAT, O_EXCL, O_CLOEXEC, O_NOFOLLOW

cdef extern from "<unistd.h>" nogil:
    int c_close "close"(int fd)
    int ftruncate(int fd, long length)

cdef enum:
    HEADER_BYTES = 4096
    MADV_POPULATE_WRITE = 23  # Linux 5.14; older C libraries do not name it

MAGIC = 0x454C4241544D4F  # "OMTABLE": what a table begins with once its header is written
OUTPUT_BYTES = 1 << 32


cdef class Mapping:
    """Mapped bytes with the buffer protocol; unmapped when nobody uses them any more."""

    def __cinit__(self, Py_ssize_t size, path=None, bint create=False):
        cdef int fd = -1, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        cdef void* data
        self.writable = create or path is None
        if create and path is not None:
            Path(path).unlink(missing_ok=True)  # who still reads the last process's rows keeps them as they were
        if path is not None:
            how = O_RDWR | O_CREAT | O_EXCL if create else O_RDONLY
            fd = c_open(str(path).encode(), how | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if fd < 0:
                raise OmsError(f"cannot open a table: {strerror(errno).decode()}", where=str(path))
            if create and ftruncate(fd, size) != 0:
                c_close(fd)
                raise OmsError(f"cannot size a table: {strerror(errno).decode()}", where=str(path),
                               remedy="give it a directory in shared memory (tmpfs) with room for sparse files")
            flags = MAP_SHARED | MAP_NORESERVE
        data = mmap(NULL, size, PROT_READ | PROT_WRITE if self.writable else PROT_READ, flags, fd, 0)
        if fd >= 0:
            c_close(fd)
        if data == MAP_FAILED:
            raise OmsError(f"cannot map {size} bytes: {strerror(errno).decode()}", where=str(path or "private memory"),
                           remedy="lower the capacities in the configuration")
        self.data = <char*>data
        self.size = size

    def __dealloc__(self):
        if self.data != NULL:
            munmap(self.data, self.size)

    def populate(self, Py_ssize_t size):
        """Has the system give the first `size` bytes now, so that the first write does not wait for a page.

        Raises OmsError when there is not enough memory, which would otherwise end the process later.
        """
        cdef int failed
        size = min(size, self.size)
        with nogil:
            madvise(self.data, size, MADV_HUGEPAGE)  # a wish: where huge pages are not to be had, small ones do
            failed = madvise(self.data, size, MADV_POPULATE_WRITE)
        if failed and errno != EINVAL:  # a kernel that does not know it gives pages one by one
            raise OmsError(f"cannot have {size} bytes of memory: {strerror(errno).decode()}",
                           remedy="lower the working set in the configuration, or give shared memory more room")

    def __getbuffer__(self, Py_buffer* buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.data, self.size, not self.writable, flags)

    def __len__(self):
        return self.size


def table_bytes(name, capacity):
    """Size of a table's file: a page of header and its rows."""
    return HEADER_BYTES + capacity * row_dtype(name).itemsize


cdef class Tables:
    """All tables of one engine, empty. `capacities` gives rows by table name, row 0 included; others have the default.
    `working_set` gives rows that are to have memory from the start, with their indexes.

    Raises OmsError for an unknown table or a capacity that cannot be.
    """

    def __init__(self, capacities=None, directory=None, working_set=None):
        given = dict(capacities or {})
        self.working_set = dict(working_set or {})
        self.generation = secrets.randbits(64)
        self.mappings = {}
        self.capacities = {}
        self.scratch = []
        for number, table in enumerate(schema.TABLES):
            rows = given.pop(table.name, self.capacities.get(schema.ROWS_OF.get(table.name), table.capacity))
            if not 2 <= rows < 1 << 32:
                raise OmsError(f"the capacity of {table.name} is {rows}: from 2 to 4294967295", where="capacities")
            self.make(number, table, rows, directory)
        if given:
            raise OmsError(f"no table is called {', '.join(given)}", where="capacities",
                           remedy="docs/reference/tables.md lists them")
        self.point()
        self.work()

    cdef make(self, int number, table, uint32_t rows, directory):
        cdef Mapping mapping
        cdef TableHeader* header
        path = None if directory is None else directory / f"{table.name}.table"
        mapping = Mapping(table_bytes(table.name, rows), path, True)
        header = <TableHeader*>mapping.data
        name = table.name.encode()
        memcpy(header.name, <const char*>name, len(name))
        header.row_size = row_dtype(table.name).itemsize
        header.capacity = rows
        header.used = 1
        header.schema_version = schema.SCHEMA_VERSION
        header.generation = self.generation
        header.magic = MAGIC  # last: a reader takes no table that has none
        self.state.header[number] = header
        if table.name not in schema.UNHASHED:
            versioned = "version" in row_dtype(table.name).names
            self.state.plain[number] = 0xFFFFFFFF00000000 if versioned else 0xFFFFFFFFFFFFFFFF
        self.mappings[table.name] = mapping
        self.capacities[table.name] = rows
        if table.name in self.working_set:
            mapping.populate(table_bytes(table.name, min(rows, self.working_set[table.name])))

    cdef point(self):
        """The typed pointers of State, one per table."""
        cdef State* s = &self.state
        s.firm = &(<FirmRow*>self.rows(TABLE_firm))[1]
        s.header[TABLE_firm].used = 2
        if s.header[TABLE_capacity].capacity <= TABLE_COUNT:
            raise OmsError(f"the capacity table needs {TABLE_COUNT + 1} rows", where="capacities")
        s.header[TABLE_capacity].used = TABLE_COUNT + 1
        s.currency = <CurrencyRow*>self.rows(TABLE_currency)
        s.calendar = <CalendarRow*>self.rows(TABLE_calendar)
        s.exchange = <ExchangeRow*>self.rows(TABLE_exchange)
        s.feed = <FeedRow*>self.rows(TABLE_feed)
        s.account_class = <AccountClassRow*>self.rows(TABLE_account_class)
        s.fee = <FeeRow*>self.rows(TABLE_fee)
        s.fee_rule = <FeeRuleRow*>self.rows(TABLE_fee_rule)
        s.user = <UserRow*>self.rows(TABLE_user)
        s.entitlement = <EntitlementRow*>self.rows(TABLE_entitlement)
        s.account = <AccountRow*>self.rows(TABLE_account)
        s.instrument = <InstrumentRow*>self.rows(TABLE_instrument)
        s.cash = <CashRow*>self.rows(TABLE_cash)
        s.holding = <HoldingRow*>self.rows(TABLE_holding)
        s.cost_event = <CostEventRow*>self.rows(TABLE_cost_event)
        s.ladder = <LadderRow*>self.rows(TABLE_ladder)
        s.order = <OrderRow*>self.rows(TABLE_order)
        s.request = <RequestRow*>self.rows(TABLE_request)
        s.execution = <ExecutionRow*>self.rows(TABLE_execution)
        s.movement = <MovementRow*>self.rows(TABLE_movement)
        s.load = <LoadRow*>self.rows(TABLE_load)
        s.stage = <StageRow*>self.rows(TABLE_stage)
        s.settlement = <SettlementRow*>self.rows(TABLE_settlement)
        s.parked = <ParkedRow*>self.rows(TABLE_parked)
        s.exposure = <ExposureRow*>self.rows(TABLE_exposure)
        s.short_sale = <ShortSaleRow*>self.rows(TABLE_short_sale)
        s.day = <DayRow*>self.rows(TABLE_day)
        s.progress = <ProgressRow*>self.rows(TABLE_progress)
        s.control = <ControlRow*>self.rows(TABLE_control)
        s.capacity = <CapacityRow*>self.rows(TABLE_capacity)
        s.withdrawal = <WithdrawalRow*>self.rows(TABLE_withdrawal)
        s.limits = <LimitRow*>self.rows(TABLE_limit)
        s.tally = <TallyRow*>self.rows(TABLE_tally)
        s.open_value = <OpenValueRow*>self.rows(TABLE_open_value)
        s.request_list = <RequestListRow*>self.rows(TABLE_request_list)
        s.corporate_action = <CorporateActionRow*>self.rows(TABLE_corporate_action)
        s.position = <PositionRow*>self.rows(TABLE_position)
        s.scaled = <ScaledRow*>self.rows(TABLE_scaled)
        s.owner = <OwnerRow*>self.rows(TABLE_owner)
        s.renamed = <RenamedRow*>self.rows(TABLE_renamed)
        s.balance = <BalanceRow*>self.rows(TABLE_balance)
        s.live_order = <LiveOrderRow*>self.rows(TABLE_live_order)
        s.told_terms = <ToldTermsRow*>self.rows(TABLE_told_terms)
        s.restatement = <RestatementRow*>self.rows(TABLE_restatement)
        s.endpoint = <EndpointRow*>self.rows(TABLE_endpoint)
        s.event = <EventRow*>self.rows(TABLE_event)
        s.counter = <CounterRow*>self.rows(TABLE_counter)
        s.latency = <LatencyRow*>self.rows(TABLE_latency)
        s.text = <uint8_t*>self.rows(TABLE_text)

    cdef void* rows(self, int table) noexcept:
        return <char*>self.state.header[table] + HEADER_BYTES

    cdef void* reserve(self, Py_ssize_t size) except NULL:
        cdef Mapping mapping = Mapping(size)
        self.scratch.append(mapping)
        return <void*>mapping.data

    cdef build_index(self, Index* index, int table):
        """Room for twice the rows of the table, in a power of two."""
        cdef uint64_t entries = 16
        cdef Mapping mapping
        while entries < 2 * <uint64_t>self.state.header[table].capacity:
            entries *= 2
        mapping = Mapping(entries * 8)
        self.scratch.append(mapping)
        if schema.TABLES[table].name in self.working_set:
            mapping.populate(entries * 8)
        index.entries = <uint64_t*>mapping.data
        index.mask = entries - 1

    cdef work(self):
        cdef State* s = &self.state
        self.build_index(&s.by_code, TABLE_account)
        self.build_index(&s.by_symbol, TABLE_instrument)
        self.build_index(&s.by_holder, TABLE_holding)
        self.build_index(&s.by_cl_ord_id, TABLE_request)
        self.build_index(&s.by_order_id, TABLE_order)
        self.build_index(&s.by_exec_id, TABLE_execution)
        self.build_index(&s.by_reference, TABLE_movement)
        self.build_index(&s.by_withdrawal, TABLE_withdrawal)
        self.build_index(&s.by_report, TABLE_balance)
        self.build_index(&s.by_load, TABLE_load)
        self.build_index(&s.by_batch, TABLE_settlement)
        self.build_index(&s.by_restatement, TABLE_restatement)
        self.build_index(&s.by_owner, TABLE_order)
        self.build_index(&s.by_content, TABLE_request)
        s.out_size = OUTPUT_BYTES
        s.out = <uint8_t*>self.reserve(OUTPUT_BYTES)
        s.slots = <uint32_t*>self.reserve(4 * <Py_ssize_t>s.header[TABLE_execution].capacity)
        s.marks = <uint32_t*>self.reserve(4 * <Py_ssize_t>s.header[TABLE_execution].capacity)
        s.changes = <uint32_t*>self.reserve(4 * <Py_ssize_t>s.header[TABLE_cost_event].capacity)
        s.waiting = <Numbered*>self.reserve(sizeof(Numbered) * <Py_ssize_t>s.header[TABLE_request].capacity)
        rows = max(s.header[TABLE_cash].capacity, s.header[TABLE_holding].capacity)
        s.sums = <int64_t*>self.reserve(8 * rows)
