"""Renames: another symbol, currency code, account code, owner's name or ISIN for what is known.

Owns the owner and renamed rows. Numbers stay, so that nothing in the books moves; the indexes follow, the old name is
free, and a `renamed` row remembers whose it was.
"""

from oms._core.index cimport index_put, index_remove
from oms._core.outputs cimport emit_event
from oms._core.reference cimport find_account, find_instrument, find_small
from oms._core.vetting cimport allowed, of_owner


cdef void padded(char* code, const uint8_t* name, uint32_t length) noexcept nogil:
    memset(code, 0, 32)
    memcpy(code, name, length)


cdef uint32_t keep(State* s, uint8_t of, uint32_t number, const char* old, uint32_t size, const uint8_t* name,
                   uint32_t length) noexcept nogil:
    """Puts a rename on record; returns the old name as a text."""
    cdef uint32_t slot = take(s, TABLE_renamed), used = 0
    cdef RenamedRow* row = &s.renamed[slot]
    while used < size and old[used]:
        used += 1
    row_open(&row.version)
    row.of, row.number, row.date, row.user, row.sequence = of, number, s.firm.business_date, s.source, s.sequence
    row.old = text_put(s, <const uint8_t*>old, used)
    row.new = text_put(s, name, length)
    row_close(&row.version)
    emit_event(s, EventKind_reference, T_Rename, of, ST_ok)
    return row.old


cdef bint symbol_taken(const State* s, uint32_t instrument, const uint8_t* name, uint32_t length) noexcept nogil:
    cdef char code[32]
    padded(code, name, length)
    return find_instrument(s, s.instrument[instrument].exchange, code) != 0


cdef uint32_t rename_instrument(State* s, uint32_t instrument, const uint8_t* name, uint32_t length) noexcept nogil:
    """Gives an instrument a symbol that is free; returns the old one as a text."""
    cdef InstrumentRow* i = &s.instrument[instrument]
    cdef uint32_t old = keep(s, RenameOf_instrument, instrument, i.symbol, 24, name, length)
    cdef char code[32]
    padded(code, name, length)
    index_remove(&s.by_symbol, hash_bytes(<const uint8_t*>i.symbol, 24, i.exchange), instrument)
    row_open(&i.version)
    memcpy(i.symbol, code, 24)
    row_close(&i.version)
    index_put(&s.by_symbol, hash_bytes(<const uint8_t*>i.symbol, 24, i.exchange), instrument)
    return old


cdef void rename_account(State* s, uint32_t account, const uint8_t* name, uint32_t length) noexcept nogil:
    cdef AccountRow* a = &s.account[account]
    keep(s, RenameOf_account, account, a.code, 32, name, length)
    index_remove(&s.by_code, hash_bytes(<const uint8_t*>a.code, 32, a.owner), account)
    row_open(&a.version)
    padded(a.code, name, length)
    row_close(&a.version)
    index_put(&s.by_code, hash_bytes(<const uint8_t*>a.code, 32, a.owner), account)


cdef void rename_other(State* s, const Rename* r) noexcept nogil:
    """A currency, an owner, an ISIN: no index knows these."""
    cdef const uint8_t* name = Rename_texts(r)
    cdef char code[32]
    padded(code, name, r.name_length)
    if r.of == RenameOf_currency:
        keep(s, r.of, r.number, s.currency[r.number].code, 8, name, r.name_length)
        row_open(&s.currency[r.number].version)
        memcpy(s.currency[r.number].code, code, 8)
        row_close(&s.currency[r.number].version)
    elif r.of == RenameOf_owner:
        keep(s, r.of, r.number, s.owner[r.number].name, 32, name, r.name_length)
        row_open(&s.owner[r.number].version)
        memcpy(s.owner[r.number].name, code, 32)
        row_close(&s.owner[r.number].version)
    else:
        keep(s, r.of, r.number, s.instrument[r.number].isin, 16, name, r.name_length)
        row_open(&s.instrument[r.number].version)
        memcpy(s.instrument[r.number].isin, code, 16)
        row_close(&s.instrument[r.number].version)


cdef uint16_t vet_rename(const State* s, const Rename* r) noexcept nogil:
    """Is it there, does the name fit, and is it free? The suspense account keeps its code: it is found by it."""
    cdef const uint8_t* name = Rename_texts(r)
    cdef uint32_t number = r.number, taken = 0, most = 32
    cdef char code[32]
    if r.name_length == 0 or r.name_length > 32 or number == 0:
        return ST_reference_invalid
    padded(code, name, r.name_length)
    if r.of == RenameOf_account:
        if number >= s.header[TABLE_account].used:
            return ST_account_unknown
        if memcmp(s.account[number].code, b"SUSPENSE\0", 9) == 0:
            return ST_reference_invalid
        taken = find_account(s, s.account[number].owner, code)
    elif r.of == RenameOf_instrument or r.of == RenameOf_isin:
        if number >= s.header[TABLE_instrument].used:
            return ST_instrument_unknown
        most = 24 if r.of == RenameOf_instrument else 16
        if r.of == RenameOf_instrument:
            taken = find_instrument(s, s.instrument[number].exchange, code)
        else:
            taken = memcmp(s.instrument[number].isin, code, 16) == 0
    elif r.of == RenameOf_currency:
        if number >= s.header[TABLE_currency].used:
            return ST_reference_invalid
        most = 8
        taken = find_small(s, TABLE_currency, 4, code, 8)
    elif r.of == RenameOf_owner:
        if number >= s.header[TABLE_owner].used or s.owner[number].name[0] == 0:
            return ST_reference_invalid
        taken = find_small(s, TABLE_owner, 4, code, 32)
    else:
        return ST_reference_invalid
    if r.name_length > most:
        return ST_reference_invalid
    return ST_name_taken if taken else ST_ok


cdef uint16_t apply_rename(State* s, const Rename* r) noexcept nogil:
    cdef uint16_t status
    if not allowed(s, PERMISSION_operate):
        return ST_permission_denied
    status = vet_rename(s, r)
    if not of_owner(s, r.number if r.of == RenameOf_account and status == ST_ok else 0):
        return ST_permission_denied
    if status != ST_ok:
        return status
    if not has_room(s, TABLE_renamed, 1) or not has_room(s, TABLE_text, 64):
        return ST_capacity_reached
    # point of no return
    if r.of == RenameOf_instrument:
        rename_instrument(s, r.number, Rename_texts(r), r.name_length)
    elif r.of == RenameOf_account:
        rename_account(s, r.number, Rename_texts(r), r.name_length)
    else:
        rename_other(s, r)
    return ST_ok


cdef uint16_t apply_owner(State* s, const DefineOwner* r) noexcept nogil:
    """A number has one name; another one is given by a Rename."""
    cdef uint32_t known
    if not allowed(s, PERMISSION_operate) or not of_owner(s, 0):
        return ST_permission_denied
    if r.number == 0 or r.name[0] == 0:
        return ST_reference_invalid
    if r.number >= s.header[TABLE_owner].capacity:
        return ST_capacity_reached
    known = find_small(s, TABLE_owner, 4, r.name, 32)
    if known:
        return ST_ok if known == r.number else ST_name_taken
    if s.owner[r.number].name[0]:
        return ST_reference_invalid
    row_open(&s.owner[r.number].version)
    memcpy(s.owner[r.number].name, r.name, 32)
    row_close(&s.owner[r.number].version)
    s.header[TABLE_owner].used = max(s.header[TABLE_owner].used, <uint32_t>r.number + 1)
    emit_event(s, EventKind_reference, T_DefineOwner, 0, ST_ok)
    return ST_ok
