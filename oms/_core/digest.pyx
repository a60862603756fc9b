"""A running word over what `apply` makes, so that two processes of one journal can compare while neither rests.

Each record adds its outcome, and the next few words of the tables, row by row and round and round: what differs is met
within one round, be it a figure that was computed otherwise or a bit of memory that has flipped. The words lie
one behind the other, so that they cost no more than a few nanoseconds.

Owns the digest of the firm's row. A StateMark tells the leader's; it is compared where it is applied.
"""

from oms._core.arith cimport mix

cdef enum:
    WORDS = 8  # of eight bytes, for each record


cdef void digest_record(State* s, uint16_t status, uint64_t outputs) noexcept nogil:
    """outputs: bytes that the record has added to them."""
    cdef FirmRow* f = s.firm
    cdef uint32_t table = f.digest_table, row = f.digest_row, word = f.digest_word, left = WORDS
    cdef const TableHeader* h = s.header[table]
    cdef const uint64_t* words = <const uint64_t*>(<const uint8_t*>h + 4096 + <uint64_t>row * h.row_size)
    cdef uint64_t value, digest = mix(f.digest ^ s.sequence, outputs << 16 | status)
    while left and row < h.used:
        value = words[word]
        if word == 0:
            value &= s.plain[table]
        digest = mix(digest, value)
        word += 1
        left -= 1
        if word * 8 == h.row_size:
            word = 0
            row += 1
            words += h.row_size >> 3
    if row >= h.used:
        row = word = 0
        table = (table + 1) % TABLE_COUNT
        while s.plain[table] == 0:
            table = (table + 1) % TABLE_COUNT
    f.digest = digest
    f.digest_table = <uint16_t>table
    f.digest_row = row
    f.digest_word = word


cdef uint16_t apply_state_mark(State* s, const StateMark* r) noexcept nogil:
    """Only the process itself tells. Who finds another state goes on: what becomes of it is decided outside."""
    if s.source:
        return ST_permission_denied
    if r.digest == s.firm.digest:
        s.agreed = s.sequence
    elif s.differs == 0:
        s.differs = s.sequence
        s.digest_told = r.digest
        s.digest_found = s.firm.digest
    return ST_ok
