"""How large tables may become, by the journal's word: a request that found a table full finds it full on replay, too.

Owns the capacity table.
"""

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
    s.header[TABLE_capacity].used = TABLE_COUNT + 1
    for table in range(TABLE_event):
        if r.rows[table]:
            told = tell(s, table, r.rows[table]) and told
    if r.text:
        told = tell(s, TABLE_text, r.text) and told
    return ST_ok if told else ST_reference_invalid


cdef void find_short_table(State* s) noexcept nogil:
    """Of a state that came from a snapshot: is a table smaller than its journal says?"""
    cdef int table
    for table in range(TABLE_COUNT):
        if s.capacity[table + 1].rows > s.header[table].capacity and s.short_table == NULL:
            s.short_table = s.header[table].name
            s.short_rows = s.capacity[table + 1].rows
