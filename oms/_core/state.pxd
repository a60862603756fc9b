# The whole state of the engine: pointers to the tables' rows, their headers, the indexes, and the outputs in the
# making. Owns nothing: `tables.pyx` makes and frees what is pointed to. Rows are changed between row_open and
# row_close.
from libc.string cimport memcmp, memcpy, memset

from oms._core.arith cimport hash_bytes, mix
from oms._core.index cimport Index, index_home, index_next
from oms._core.types cimport *

cdef extern from *:
    """
    #include <stdlib.h>
    #define compiler_barrier() __asm__ __volatile__("" ::: "memory")
    #define prefetch(address) __builtin_prefetch((const void *)(address), 1, 3)

    typedef struct { uint64_t number; uint32_t slot; } Numbered;

    static inline int by_number(const void *a, const void *b) {
        const Numbered *first = a, *second = b;
        if (first->number != second->number)
            return first->number < second->number ? -1 : 1;
        return first->slot < second->slot ? -1 : first->slot > second->slot;
    }

    #define sort_numbered(rows, count) qsort(rows, count, sizeof(Numbered), by_number)
    """
    ctypedef struct Numbered:  # a row and the number that tells its place; of one record, the rows' own order
        uint64_t number
        uint32_t slot

    void sort_numbered(Numbered* rows, size_t count) nogil
    void compiler_barrier() nogil
    void prefetch(const void* address) nogil

ctypedef struct TableHeader:
    uint64_t magic
    uint32_t row_size
    uint32_t capacity     # rows, row 0 included
    uint32_t used         # high-water mark: rows from here on were never written
    uint32_t free         # first of the freed rows; a freed row keeps the next one at byte 8
    uint32_t live
    uint32_t schema_version
    uint64_t generation   # the same in all tables of one process, and in no others
    uint64_t sequence     # journal sequence that the rows stand at
    uint64_t safe         # highest sequence that may be seen outside
    uint64_t heartbeat_ns
    char name[32]

cdef enum:  # of firm.watched: what is kept only where a setting asks for it
    WATCH_own = 1      # by_owner
    WATCH_content = 2  # by_content
    WATCH_limits = 4   # the counters of limits

cdef struct Marks:  # of a table, in rows in use: where what was told of its filling changes
    uint32_t rise
    uint32_t fall

cdef struct State:
    TableHeader* header[TABLE_COUNT]
    Marks marked[TABLE_COUNT]
    uint64_t at_reserve      # bit per table: only its reserve is left, or less
    bint crossed             # a mark was crossed by the record that is being applied
    FirmRow* firm  # the one row
    CurrencyRow* currency
    CalendarRow* calendar
    ExchangeRow* exchange
    FeedRow* feed
    AccountClassRow* account_class
    FeeRow* fee
    FeeRuleRow* fee_rule
    UserRow* user
    EntitlementRow* entitlement
    AccountRow* account
    InstrumentRow* instrument
    CashRow* cash
    HoldingRow* holding
    CostEventRow* cost_event
    LadderRow* ladder
    OrderRow* order
    RequestRow* request
    ExecutionRow* execution
    MovementRow* movement
    LoadRow* load
    StageRow* stage
    SettlementRow* settlement
    ParkedRow* parked
    ExposureRow* exposure
    ShortSaleRow* short_sale
    DayRow* day
    ProgressRow* progress
    ControlRow* control
    CapacityRow* capacity
    WithdrawalRow* withdrawal
    LimitRow* limits
    TallyRow* tally
    OpenValueRow* open_value  # row = the order's
    RequestListRow* request_list
    CorporateActionRow* corporate_action
    PositionRow* position
    ScaledRow* scaled
    OwnerRow* owner
    RenamedRow* renamed
    BalanceRow* balance
    LiveOrderRow* live_order  # row = the order's
    ToldTermsRow* told_terms  # row = the order's
    RestatementRow* restatement
    EndpointRow* endpoint
    EventRow* event
    CounterRow* counter
    LatencyRow* latency
    uint8_t* text
    Index by_code         # accounts
    Index by_symbol       # instruments
    Index by_holder       # holdings
    Index by_cl_ord_id    # requests
    Index by_order_id     # orders, by the exchange's name
    Index by_exec_id      # executions, by their key
    Index by_reference    # movements
    Index by_report       # reports of banks and registries, by feed and id
    Index by_withdrawal   # withdrawals that clients asked for
    Index by_load         # start-of-day files, by digest
    Index by_batch        # settlement batches
    Index by_restatement  # reports that changed terms, by order and exec_id
    Index by_owner        # live orders, by account and instrument; where a class asks for it
    Index by_content      # accepted New requests, by what they say; where a class asks for it
    const Frame* record   # the one that is being applied; NULL = none
    uint64_t sequence     # its own
    uint64_t time_ns
    uint16_t source
    uint64_t events       # position of the next event
    int64_t figure        # what the record asked for, where a rule refused it
    int64_t limit         # what the rule allows
    uint8_t* out          # outputs since the consumer last took them
    uint64_t out_used
    const char* short_table  # the first table that is smaller than the journal says; NULL = none
    uint32_t short_rows      # what it says
    uint64_t plain[TABLE_COUNT]  # of a row's first word, what counts for the digest; 0 = nothing of the table does
    uint64_t agreed       # sequence of the last StateMark that said what was found here; 0 = none
    uint64_t differs      # of the first one that did not
    uint64_t digest_told  # what that one said, and
    uint64_t digest_found
    bint replaying        # nobody waits for outputs: each record's are forgotten at once
    uint64_t out_size
    uint32_t* slots       # room for as many slots as there are executions
    uint32_t* changes     # and for as many as there are cost events
    uint32_t* marks       # a number per execution; all zero between records
    Numbered* waiting     # and for as many requests
    int64_t* sums         # room for a figure per cash or holding row; all zero between records

cdef extern from "broken.h" nogil:
    void broken(const State* s, const char* what)


cdef inline bint is_buy(uint8_t side) noexcept nogil:
    return side == Side_buy


cdef inline bint is_short(uint8_t side) noexcept nogil:
    """Stock is sold that is not there."""
    return side == Side_sell_short or side == Side_sell_short_exempt


cdef inline bint is_side(uint8_t side) noexcept nogil:
    return side == Side_buy or side == Side_sell or is_short(side)


cdef inline void row_open(uint32_t* version) noexcept nogil:
    version[0] += 1
    compiler_barrier()


cdef inline void row_close(uint32_t* version) noexcept nogil:
    compiler_barrier()
    version[0] += 1


cdef inline void remind(State* s, uint64_t time_ns) noexcept nogil:
    """Something is due then: the process makes a record when no other one comes."""
    if s.firm.next_expiry_ns == 0 or time_ns < s.firm.next_expiry_ns:
        s.firm.next_expiry_ns = time_ns


cdef inline uint32_t limit_of(const State* s, int table) noexcept nogil:
    """The most rows that the table may have, row 0 included: by the journal's word, so that a replay with larger tables
    accepts and refuses the same."""
    cdef uint32_t told = s.capacity[table + 1].rows
    return told if told else s.header[table].capacity


cdef inline uint32_t free_rows(const State* s, int table) noexcept nogil:
    """Rows never used, and those given back."""
    return limit_of(s, table) - 1 - s.header[table].live


cdef inline bint has_room(const State* s, int table, uint32_t rows) noexcept nogil:
    return free_rows(s, table) >= rows


cdef inline bint is_fact(const Frame* record) noexcept nogil:
    """May it be parked? It is never refused, so that it has to find a row."""
    return T_ExecutionReport <= record.template_id <= T_BalanceReport or record.template_id == T_LongReport


cdef inline void count_live(State* s, int table, uint32_t rows) noexcept nogil:
    """Rows were taken; that a mark was crossed is looked at when the record is through."""
    s.header[table].live += rows
    if s.header[table].live >= s.marked[table].rise:
        s.crossed = True


cdef inline uint32_t take(State* s, int table) noexcept nogil:
    """A zeroed row; the caller has seen to it that there is room."""
    cdef TableHeader* h = s.header[table]
    cdef uint32_t slot = h.free
    cdef uint8_t* row
    if slot:
        row = <uint8_t*>h + 4096 + <uint64_t>slot * h.row_size
        h.free = (<uint32_t*>(row + 8))[0]
        (<uint32_t*>(row + 8))[0] = 0
    else:
        slot = h.used
        if slot >= h.capacity:
            broken(s, "a row was taken from a full table")
        h.used = slot + 1
    count_live(s, table, 1)
    return slot


cdef inline void give_back(State* s, int table, uint32_t slot) noexcept nogil:
    """Frees a row: zeroed but for its version and, behind it, its generation, which goes up so that old handles
    miss."""
    cdef TableHeader* h = s.header[table]
    cdef uint32_t* row = <uint32_t*>(<uint8_t*>h + 4096 + <uint64_t>slot * h.row_size)
    row_open(row)
    memset(row + 2, 0, h.row_size - 8)
    row[1] += 1
    row[2] = h.free
    row_close(row)
    h.free = slot
    h.live -= 1
    if h.live < s.marked[table].fall:
        s.crossed = True


cdef inline const uint8_t* text_of(const State* s, uint32_t ref) noexcept nogil:
    """Length byte and bytes of a text; ref 0 is the empty one."""
    return s.text + <uint64_t>ref * 8


cdef inline uint32_t text_put(State* s, const uint8_t* data, uint32_t length) noexcept nogil:
    cdef TableHeader* h = s.header[TABLE_text]
    cdef uint32_t ref = h.used
    cdef uint8_t* at
    if length == 0:
        return 0
    if h.capacity - ref < (length + 8) >> 3:
        broken(s, "the text table is full")
    at = s.text + <uint64_t>ref * 8
    at[0] = <uint8_t>length
    memcpy(at + 1, data, length)
    h.used = ref + ((length + 8) >> 3)
    count_live(s, TABLE_text, (length + 8) >> 3)
    return ref


cdef inline bint text_is(const State* s, uint32_t ref, const uint8_t* data, uint32_t length) noexcept nogil:
    cdef const uint8_t* at = text_of(s, ref)
    return at[0] == length and memcmp(at + 1, data, length) == 0


cdef inline uint32_t find_request(const State* s, uint32_t account, const uint8_t* name, uint32_t length,
                                  uint64_t hash) noexcept nogil:
    """The account's newest request of that name."""
    cdef uint64_t at = index_home(&s.by_cl_ord_id, hash)
    cdef uint32_t slot = index_next(&s.by_cl_ord_id, hash, &at), newest = 0
    while slot:
        if s.request[slot].cl_ord_id_hash == hash >> 32 and s.request[slot].account == account:
            if text_is(s, s.request[slot].cl_ord_id, name, length):
                if newest == 0 or s.request[slot].business_date > s.request[newest].business_date:
                    newest = slot
        slot = index_next(&s.by_cl_ord_id, hash, &at)
    return newest


cdef inline uint64_t request_handle(const State* s, uint32_t slot) noexcept nogil:
    return <uint64_t>s.request[slot].generation << 32 | slot if slot else 0


cdef inline uint64_t order_handle(const State* s, uint32_t slot) noexcept nogil:
    return <uint64_t>s.order[slot].generation << 32 | slot if slot else 0


cdef inline uint32_t request_of(const State* s, uint64_t handle) noexcept nogil:
    cdef uint32_t slot = <uint32_t>handle
    if slot == 0 or slot >= s.header[TABLE_request].used or s.request[slot].generation != handle >> 32:
        return 0
    return slot if s.request[slot].status else 0


cdef inline uint32_t find_holding(const State* s, uint32_t account, uint32_t instrument) noexcept nogil:
    cdef uint64_t hash = mix(account, instrument), at = index_home(&s.by_holder, hash)
    cdef uint32_t slot = index_next(&s.by_holder, hash, &at)
    while slot:
        if s.holding[slot].account == account and s.holding[slot].instrument == instrument:
            return slot
        slot = index_next(&s.by_holder, hash, &at)
    return 0


cdef inline uint32_t find_cash(const State* s, uint32_t account, uint32_t currency) noexcept nogil:
    cdef uint32_t slot = s.account[account].cash
    while slot and s.cash[slot].currency != currency:
        slot = s.cash[slot].next
    return slot
