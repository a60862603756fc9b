"""The live orders of each exchange as a chain, so that the end of a session or list looks at no others.

Owns the live_order rows and the ends of the chains. An order joins when it is made or opened again, and leaves when it
is closed.
"""


cdef void enlist(State* s, uint32_t order) noexcept nogil:
    cdef ExchangeRow* e = &s.exchange[s.instrument[s.order[order].instrument].exchange]
    cdef LiveOrderRow* row = &s.live_order[order]
    row_open(&row.version)
    row.prev, row.next = e.newest_live, 0
    row_close(&row.version)
    if row.prev:
        s.live_order[row.prev].next = order
    row_open(&e.version)
    e.newest_live = order
    if row.prev == 0:
        e.oldest_live = order
    row_close(&e.version)
    s.header[TABLE_live_order].used = max(s.header[TABLE_live_order].used, order + 1)
    s.firm.live_orders += 1


cdef void delist(State* s, uint32_t order) noexcept nogil:
    cdef ExchangeRow* e
    cdef LiveOrderRow* row = &s.live_order[order]
    if row.prev and row.next:
        s.live_order[row.prev].next = row.next
        s.live_order[row.next].prev = row.prev
    else:
        e = &s.exchange[s.instrument[s.order[order].instrument].exchange]
        row_open(&e.version)
        if row.prev:
            s.live_order[row.prev].next = row.next
        else:
            e.oldest_live = row.next
        if row.next:
            s.live_order[row.next].prev = row.prev
        else:
            e.newest_live = row.prev
        row_close(&e.version)
    s.firm.live_orders -= 1
    row_open(&row.version)
    row.prev = row.next = 0
    row_close(&row.version)
