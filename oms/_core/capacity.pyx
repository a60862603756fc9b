"""How large tables may become, by the journal's word: a request that found a table full finds it full on replay, too.
And how full they are: what is told when one fills up, and what new orders leave to facts, cancels and kills.

Owns the capacity table, the marks of `State`, and the mask of the tables of which only the reserve is left. A mark that
a record crosses is looked at when the record is through: the hot path compares one figure for each row that it takes.
"""

from libc.stdint cimport UINT32_MAX

from oms._core.outputs cimport alert

cdef enum:
    FILL_TOLD = 5  # figures of Fill


cdef uint32_t reserve_of(const State* s, int table) noexcept nogil:
    """Rows that new orders leave; never more than half of the table."""
    cdef uint32_t limit = limit_of(s, table)
    return max(limit // RESERVE_PART[table], min(RESERVE_ROWS[table], limit // 2)) if RESERVE_PART[table] else 0


cdef uint32_t mark_of(const State* s, int table, int fill) noexcept nogil:
    """From how many rows in use on it is that full."""
    cdef uint64_t rows = limit_of(s, table) - 1
    if fill == Fill_full:
        return <uint32_t>rows
    if fill == Fill_reserve:
        return <uint32_t>(rows - min(rows, <uint64_t>reserve_of(s, table))) if RESERVE_PART[table] else UINT32_MAX
    return <uint32_t>(rows * (9 if fill == Fill_nearly_full else 8) // 10) if fill else 0


cdef int fill_of(const State* s, int table, uint32_t rows) noexcept nogil:
    """How full so many rows make it."""
    cdef int fill = Fill_full
    while fill and rows < mark_of(s, table, fill):
        fill -= 1
    return fill


cdef inline bint watched(int table) noexcept nogil:
    """Control rows make room for new ones by themselves; the firm's is one."""
    return table != TABLE_control and table != TABLE_firm


cdef void set_marks(State* s, int table) noexcept nogil:
    """Where what was told changes next. Downwards a sixteenth of the table later, so that it does not come and go."""
    cdef int fill = s.capacity[table + 1].fill, higher
    cdef uint32_t mark = mark_of(s, table, fill), slack = limit_of(s, table) // 16
    s.marked[table].fall = mark - slack if fill and mark > slack else 0
    s.marked[table].rise = UINT32_MAX
    if watched(table):
        for higher in range(fill + 1, FILL_TOLD):
            s.marked[table].rise = min(s.marked[table].rise, mark_of(s, table, higher))
    if fill >= Fill_reserve and RESERVE_PART[table]:
        s.at_reserve |= <uint64_t>1 << table
    else:
        s.at_reserve &= ~(<uint64_t>1 << table)


cdef void look_at(State* s, int table) noexcept nogil:
    cdef CapacityRow* row = &s.capacity[table + 1]
    cdef uint32_t live = s.header[table].live
    cdef int fill = fill_of(s, table, live)
    if fill < row.fill:  # it falls by what it would be with the slack
        fill = min(fill_of(s, table, live + limit_of(s, table) // 16), <int>row.fill)
    if fill == row.fill or not watched(table):
        return
    s.figure, s.limit = live, limit_of(s, table) - 1
    alert(s, EventKind_table, table + 1, ST_table_has_room if fill < row.fill else ST_table_filling + fill - 1)
    row_open(&row.version)
    row.fill = <uint8_t>fill
    row_close(&row.version)


cdef void follow_marks(State* s) noexcept nogil:
    """A mark was crossed: what is told of the tables follows. Rare."""
    cdef int table
    s.crossed = False
    for table in range(TABLE_COUNT):
        if s.header[table].live >= s.marked[table].rise or s.header[table].live < s.marked[table].fall:
            look_at(s, table)
            set_marks(s, table)


cdef void mark_tables(State* s) noexcept nogil:
    """Sets all marks anew: of tables that have just been made, restored, or have another limit."""
    cdef int table
    for table in range(TABLE_COUNT):
        set_marks(s, table)
    s.crossed = True


cdef bint tell(State* s, int table, uint32_t rows) noexcept nogil:
    """Notes a table's limit; False: it is under what is used, or over what this process has."""
    cdef CapacityRow* row = &s.capacity[table + 1]
    if rows < s.header[table].used:
        return False
    if rows > s.header[table].capacity:
        if s.short_table == NULL:
            s.short_table = s.header[table].name
            s.short_rows = rows
        return False
    row_open(&row.version)
    row.rows = rows
    row_close(&row.version)
    return True


cdef uint16_t apply_capacities(State* s, const Capacities* r) noexcept nogil:
    """Only the process itself tells."""
    cdef int table
    cdef bint told = True
    if s.source:
        return ST_permission_denied
    if s.header[TABLE_capacity].capacity <= TABLE_COUNT:
        return ST_reference_invalid
    for table in range(TABLE_event):
        if r.rows[table]:
            told = tell(s, table, r.rows[table]) and told
    if r.text:
        told = tell(s, TABLE_text, r.text) and told
    mark_tables(s)
    return ST_ok if told else ST_reference_invalid


cdef void find_short_table(State* s) noexcept nogil:
    """Of a state that came from a snapshot: is a table smaller than its journal says?"""
    cdef int table
    for table in range(TABLE_COUNT):
        if s.capacity[table + 1].rows > s.header[table].capacity and s.short_table == NULL:
            s.short_table = s.header[table].name
            s.short_rows = s.capacity[table + 1].rows
