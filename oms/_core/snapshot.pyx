"""What Python would be too slow for when a state is built from a snapshot: the indexes made again from the rows.

Owns nothing. The hashes are those under which orders, executions, ledger, reference, day, loads and settlement put the
rows into the indexes.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from oms._core.capacity cimport mark_tables
from oms._core.engine cimport Core
from oms._core.index cimport Index, index_home, index_put
from oms._core.state cimport *
from oms._core.watch cimport watch_rows

cdef enum:
    AHEAD = 16  # entries whose memory is fetched before they are written


cdef struct Filling:
    Index* index
    uint64_t hash[AHEAD]
    uint32_t slot[AHEAD]
    uint64_t count


cdef inline void put(Filling* f, uint64_t hash, uint32_t slot) noexcept nogil:
    """Puts a row into the index, AHEAD rows later."""
    cdef uint64_t place = f.count % AHEAD
    if f.count >= AHEAD:
        index_put(f.index, f.hash[place], f.slot[place])
    prefetch(&f.index.entries[index_home(f.index, hash)])
    f.hash[place] = hash
    f.slot[place] = slot
    f.count += 1


cdef inline void finish(Filling* f) noexcept nogil:
    cdef uint64_t at = f.count - min(f.count, <uint64_t>AHEAD)
    while at < f.count:
        index_put(f.index, f.hash[at % AHEAD], f.slot[at % AHEAD])
        at += 1


cdef inline Filling filling(Index* index) noexcept nogil:
    cdef Filling f
    f.index = index
    f.count = 0
    return f


cdef void index_codes(State* s) noexcept nogil:
    cdef Filling f = filling(&s.by_code)
    cdef uint32_t slot
    for slot in range(1, s.header[TABLE_account].used):
        put(&f, hash_bytes(<const uint8_t*>s.account[slot].code, 32, s.account[slot].owner), slot)
    finish(&f)
    f = filling(&s.by_symbol)
    for slot in range(1, s.header[TABLE_instrument].used):
        put(&f, hash_bytes(<const uint8_t*>s.instrument[slot].symbol, 24, s.instrument[slot].exchange), slot)
    finish(&f)
    f = filling(&s.by_holder)
    for slot in range(1, s.header[TABLE_holding].used):
        put(&f, mix(s.holding[slot].account, s.holding[slot].instrument), slot)
    finish(&f)


cdef void index_orders(State* s) noexcept nogil:
    """Requests and orders have freed rows among them; these have no name."""
    cdef Filling f = filling(&s.by_cl_ord_id)
    cdef uint32_t slot
    cdef const uint8_t* name
    for slot in range(1, s.header[TABLE_request].used):
        if s.request[slot].cl_ord_id:
            put(&f, <uint64_t>s.request[slot].cl_ord_id_hash << 32, slot)
    finish(&f)
    f = filling(&s.by_order_id)
    for slot in range(1, s.header[TABLE_order].used):
        if s.order[slot].order_id:
            name = text_of(s, s.order[slot].order_id)
            put(&f, hash_bytes(name + 1, name[0], s.instrument[s.order[slot].instrument].exchange), slot)
    finish(&f)
    f = filling(&s.by_exec_id)
    for slot in range(1, s.header[TABLE_execution].used):
        if s.execution[slot].key_hash:
            put(&f, s.execution[slot].key_hash, slot)
    finish(&f)


cdef void index_day(State* s) noexcept nogil:
    cdef Filling f = filling(&s.by_reference)
    cdef uint32_t slot
    cdef const uint8_t* name
    for slot in range(1, s.header[TABLE_movement].used):
        if s.movement[slot].reference_hash:
            put(&f, s.movement[slot].reference_hash, slot)
    finish(&f)
    f = filling(&s.by_withdrawal)
    for slot in range(1, s.header[TABLE_withdrawal].used):
        put(&f, s.withdrawal[slot].reference_hash, slot)
    finish(&f)
    f = filling(&s.by_restatement)
    for slot in range(1, s.header[TABLE_restatement].used):
        if s.restatement[slot].hash:  # others are freed
            put(&f, s.restatement[slot].hash, slot)
    finish(&f)
    f = filling(&s.by_report)
    for slot in range(1, s.header[TABLE_balance].used):
        put(&f, s.balance[slot].hash, slot)
    finish(&f)
    f = filling(&s.by_load)
    for slot in range(1, s.header[TABLE_load].used):
        put(&f, hash_bytes(s.load[slot].digest, 32, 0), slot)
    finish(&f)
    f = filling(&s.by_batch)
    for slot in range(1, s.header[TABLE_settlement].used):
        name = text_of(s, s.settlement[slot].batch_id)
        put(&f, hash_bytes(name + 1, name[0], 0), slot)
    finish(&f)


def rows_restored(Core core not None, uint64_t events):
    """Call once, when rows and table headers of an empty engine have been filled: the indexes follow, and the event log
    goes on at position `events`."""
    cdef State* s = core.state
    with nogil:
        index_codes(s)
        index_orders(s)
        index_day(s)
        watch_rows(s, s.firm.watched)
        s.events = events
        s.header[TABLE_event].sequence = events
        mark_tables(s)
    core.check_tables()
