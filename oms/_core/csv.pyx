# Owns: CSV rows from bytes to typed columns, with every bad field on record. Never opens a file.
#
# Rows go through in blocks: split, then column by column, so that the memory behind codes is fetched ahead.

from libc.stdint cimport INT64_MAX, INT64_MIN, UINT32_MAX, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcpy, memset

import numpy as np

cimport numpy as cnp

from oms._core.csv_index cimport CodeIndex, CodeTable, find_code, hash_code
from oms._core.csv_lines cimport split
from oms._core.csv_types cimport *
from oms._core.csv_values cimport parse_date, parse_decimal, parse_integer

cnp.import_array()

REASONS = {
    COLUMN_COUNT: "the row has not as many columns as the header",
    LINE_TOO_LONG: f"the line is longer than {MAX_LINE} bytes",
    LINE_END_MIXED: "the line ends otherwise than the first one (LF or CRLF, not both)",
    CONTROL_CHARACTER: "a control character",
    NOT_UTF8: "not UTF-8",
    QUOTE_IN_FIELD: "a quote inside a field that does not begin with one",
    QUOTE_NOT_CLOSED: "the quote is not closed on its line",
    TEXT_AFTER_QUOTE: "text after the closing quote",
    EMPTY: "empty",
    TEXT_TOO_LONG: "the text is too long",
    BLANK_AT_EDGE: "a blank at the start or end",
    NOT_A_DECIMAL: "not a plain decimal number, such as -1234.50",
    TOO_MANY_DECIMALS: "more decimals than there are here",
    NOT_AN_INTEGER: "not a whole number",
    OUT_OF_RANGE: "outside the allowed range",
    NOT_A_DATE: "not a date such as 2026-11-20",
    UNKNOWN_CODE: "unknown",
    MEMORY: "out of memory",
}
KINDS = {
    "text": (TEXT, None), "long_text": (LONG_TEXT, np.uint64), "decimal": (DECIMAL, np.int64),
    "integer": (INTEGER, np.int64), "date": (DATE, np.int32), "code": (CODE, np.uint32),
}


cdef Reason keep_long_text(State* s, const Span* span, int64_t* value) noexcept nogil:
    cdef uint8_t* larger
    if s.arena_used + span.length > s.arena_size:
        larger = <uint8_t*> realloc(s.arena, 2 * s.arena_size + MAX_LINE)
        if larger == NULL:
            return MEMORY
        s.arena = larger
        s.arena_size = 2 * s.arena_size + MAX_LINE
    memcpy(s.arena + s.arena_used, span.start, span.length)
    value[0] = <int64_t> (s.arena_used << 16 | span.length)
    s.arena_used += span.length
    return NONE


# ---- a block of lines, column by column

cdef inline Span* span_of(State* s, const ColumnState* column, uint32_t row) noexcept nogil:
    return &s.spans[row * s.in_line + column.position]


cdef void fault(State* s, const ColumnState* column, uint32_t row, Reason reason) noexcept nogil:
    cdef Span* span = span_of(s, column, row)
    note(&s.faults, s.first_line + s.block_row + row, column.position + 1, reason, span.start, span.length)


cdef void find_codes(State* s, ColumnState* column) noexcept nogil:
    """The numbers of a block's codes, in three passes, so that the memory misses of its rows overlap."""
    cdef const CodeTable* codes = column.codes
    cdef uint64_t entry, found
    cdef uint32_t row
    cdef Span* span
    for row in range(s.block_rows):
        if s.good[row]:
            span = span_of(s, column, row)
            span.number = UINT32_MAX    # none: what hangs on it is not worked out
            span.hash = hash_code(span.start, span.length)
            csv_prefetch(&codes.entries[span.hash & codes.mask])
    for row in range(s.block_rows):
        if s.good[row]:
            entry = codes.entries[span_of(s, column, row).hash & codes.mask]
            if entry:
                csv_prefetch(codes.codes + ((entry & UINT32_MAX) - 1) * codes.width)
    for row in range(s.block_rows):
        if not s.good[row]:
            continue
        span = span_of(s, column, row)
        found = find_code(codes, span.start, span.length, span.hash)
        if found:
            span.number = codes.numbers[found - 1]
        elif span.length == 0 and column.nullable:
            span.number = <uint32_t> column.empty
        elif column.may_be_unknown and span.length:
            note(&s.unknown, s.first_line + s.block_row + row, column.position + 1, UNKNOWN_CODE, span.start,
                 span.length)
        else:
            fault(s, column, row, UNKNOWN_CODE if span.length else EMPTY)
        if s.block_row + row < s.capacity:
            (<uint32_t*> column.out)[s.block_row + row] = span.number if span.number != UINT32_MAX else 0


cdef void keep_texts(State* s, ColumnState* column) noexcept nogil:
    cdef uint32_t row
    cdef Span* span
    cdef uint8_t* out
    for row in range(s.block_rows):
        if not s.good[row]:
            continue
        span = span_of(s, column, row)
        if span.length == 0 and not column.nullable:
            fault(s, column, row, EMPTY)
        elif span.length > column.width:
            fault(s, column, row, TEXT_TOO_LONG)
        elif span.length and (span.start[0] <= 32 or span.start[span.length - 1] <= 32):
            fault(s, column, row, BLANK_AT_EDGE)
        elif s.block_row + row < s.capacity:
            out = column.out + (s.block_row + row) * column.width
            memcpy(out, span.start, span.length)
            memset(out + span.length, 0, column.width - span.length)


cdef inline int32_t exponent_at(State* s, const ColumnState* column, uint32_t row) noexcept nogil:
    """The exponent of a row's decimal; -1 where what it hangs on is faulty itself."""
    cdef uint32_t number
    if column.exponent_of < 0:
        return column.exponent
    number = span_of(s, &s.columns[column.exponent_of], row).number
    if number == UINT32_MAX:
        return -1
    return column.exponents[number] if column.exponents != NULL else <int32_t> number


cdef Reason parse(State* s, ColumnState* column, Span* span, int32_t exponent, int64_t* value) noexcept nogil:
    if column.kind == DECIMAL:
        return parse_decimal(span, <uint32_t> exponent, value)
    if column.kind == INTEGER:
        return parse_integer(span, value)
    if column.kind == DATE:
        return parse_date(span, value)
    return TEXT_TOO_LONG if span.length > column.width else keep_long_text(s, span, value)


cdef void keep_values(State* s, ColumnState* column) noexcept nogil:
    """Decimals, integers, dates and long texts of a block."""
    cdef uint32_t row
    cdef int32_t exponent
    cdef int64_t value
    cdef Span* span
    cdef Reason reason
    for row in range(s.block_rows):
        if not s.good[row]:
            continue
        span = span_of(s, column, row)
        exponent = exponent_at(s, column, row)
        span.number = UINT32_MAX
        value = column.empty
        if exponent < 0:
            continue
        if span.length or not column.nullable:
            reason = parse(s, column, span, exponent, &value) if span.length else EMPTY
            if reason == NONE and not column.minimum <= value <= column.maximum:
                reason = OUT_OF_RANGE
            if reason != NONE:
                fault(s, column, row, reason)
                continue
            if column.totalled:
                csv_add(&s.sums[exponent], value)
        span.number = <uint32_t> value if 0 <= value <= MAX_EXPONENT else UINT32_MAX
        if s.block_row + row < s.capacity:
            if column.kind == DATE:
                (<int32_t*> column.out)[s.block_row + row] = <int32_t> value
            else:
                (<int64_t*> column.out)[s.block_row + row] = value


cdef const uint8_t* read_block(State* s, const uint8_t* p) noexcept nogil:
    cdef const uint8_t* line
    cdef uint32_t column, length
    s.block_row = s.rows
    s.block_rows = 0
    while p < s.end and s.block_rows < BLOCK:
        line = p
        p = split(s, p, &s.spans[s.block_rows * s.in_line])
        s.good[s.block_rows] = s.split_reason == NONE
        if s.split_reason != NONE:
            length = <uint32_t> (p - line - 1)
            note(&s.faults, s.first_line + s.rows + s.block_rows, s.split_column, s.split_reason, line, length)
        s.block_rows += 1
    for column in range(s.declared):
        if s.columns[column].kind == CODE:
            find_codes(s, &s.columns[column])
        elif s.columns[column].kind == TEXT:
            keep_texts(s, &s.columns[column])
        else:
            keep_values(s, &s.columns[column])
    s.rows += s.block_rows
    return p


cdef void read_lines(State* s, const uint8_t* p) noexcept nogil:
    while p < s.end:
        p = read_block(s, p)


cdef list fault_list(const Faults* faults):
    found = []
    for at in range(faults.kept):
        row = &faults.rows[at]
        text = row.text[:row.length].decode("utf-8", "replace")
        found.append((row.line, row.column, REASONS[row.reason], text))
    return sorted(found)


cdef class Reader:
    """Turns the lines of one file into arrays, one per column.

    columns: those to convert, each with the attributes of `oms.start_of_day.layouts.Column`, one that others hang on
    before them. header: the names in the file's order, all of them in `columns`. capacity: rows to keep; further ones
    are only checked. first_line: number of the first line that is fed.
    """

    cdef State s
    cdef readonly dict arrays           # name -> NumPy array of `capacity`
    cdef list held                      # what the pointers above point into

    def __cinit__(self, columns, header, capacity, *, bint crlf, first_line, fault_limit=1000):
        if not 0 < len(header) <= MAX_COLUMNS or len(columns) != len(header):
            raise ValueError(f"1 to {MAX_COLUMNS} columns, each in the header")
        self.s.in_line = self.s.declared = len(header)
        self.s.capacity, self.s.crlf, self.s.first_line = capacity, crlf, first_line
        self.arrays, self.held = {}, []
        self.s.faults.limit = self.s.unknown.limit = fault_limit
        self.s.faults.rows = <Fault*> malloc(fault_limit * sizeof(Fault))
        self.s.unknown.rows = <Fault*> malloc(fault_limit * sizeof(Fault))
        if self.s.faults.rows == NULL or self.s.unknown.rows == NULL:
            raise MemoryError
        names = [column.name for column in columns]
        for at, column in enumerate(columns):
            self.add(&self.s.columns[at], column, header.index(column.name), names[:at])

    cdef void add(self, ColumnState* state, column, position, earlier) except *:
        kind, dtype = KINDS[column.kind]
        state.kind, state.position, state.width = kind, position, column.width
        state.nullable = column.empty is not None
        state.empty = column.empty if state.nullable and kind != TEXT and kind != LONG_TEXT else 0
        state.minimum = INT64_MIN if column.minimum is None else column.minimum
        state.maximum = INT64_MAX if column.maximum is None else column.maximum
        state.may_be_unknown, state.totalled = column.may_be_unknown, column.totalled
        state.exponent_of = -1
        if isinstance(column.exponent, str):
            state.exponent_of = earlier.index(column.exponent)
        else:
            state.exponent = column.exponent
        if column.exponents is not None:
            exponents = np.ascontiguousarray(column.exponents, dtype=np.uint8)
            self.held.append(exponents)
            state.exponents = <const uint8_t*> cnp.PyArray_DATA(exponents)
        if kind == CODE:
            self.held.append(column.index)
            state.codes = &(<CodeIndex?> column.index).table
        array = np.empty(self.s.capacity, dtype or f"S{column.width}")
        self.arrays[column.name] = array
        state.out = <uint8_t*> cnp.PyArray_DATA(array)

    def __dealloc__(self):
        free(self.s.faults.rows)
        free(self.s.unknown.rows)
        free(self.s.arena)

    def feed(self, bytearray buffer not None, uint64_t start, uint64_t end):
        """Read the whole lines of buffer[start:end]; returns where the first one begins that is not whole.

        The buffer has at least 8 bytes behind `end`, and may be changed (doubled quotes).
        """
        cdef const uint8_t* base = <const uint8_t*> <char*> buffer
        cdef const uint8_t* p = base + start
        cdef const uint8_t* last = base + end
        if start > end or end + 8 > <uint64_t> len(buffer):
            raise ValueError("the buffer needs 8 bytes behind its last line")
        with nogil:
            if self.s.skipping:
                p = <const uint8_t*> memchr(p, NEWLINE, last - p)
                self.s.skipping = p == NULL
                p = last if p == NULL else p + 1
            while last > p and (last - 1)[0] != NEWLINE:
                last -= 1
            self.s.end = last
            read_lines(&self.s, p)
            if not self.s.skipping and base + end - last > MAX_LINE:
                note(&self.s.faults, self.s.first_line + self.s.rows, 0, LINE_TOO_LONG, last, EXCERPT)
                self.s.rows = self.s.rows + 1  # += would take the GIL in a debug build
                self.s.skipping = True
                last = base + end
        return end if self.s.skipping else last - base

    @property
    def arena(self):
        """The bytes that the values of `long_text` columns point into: offset << 16 | length."""
        return self.s.arena[:self.s.arena_used] if self.s.arena_used else b""

    @property
    def rows(self):
        """Lines read, the bad ones included."""
        return self.s.rows

    @property
    def fault_count(self):
        return self.s.faults.count

    @property
    def faults(self):
        """What is kept of the bad fields: line, column (from 1; 0 = the line), reason, the field's first bytes."""
        return fault_list(&self.s.faults)

    @property
    def unknown_count(self):
        return self.s.unknown.count

    @property
    def unknown(self):
        """What is kept of the unknown codes where that is no fault; as `faults`."""
        return fault_list(&self.s.unknown)

    @property
    def total(self):
        """Sum of the good values of the totalled columns, in units of 10 ** -18."""
        total = 0
        for exponent in range(MAX_EXPONENT + 1):
            units = (<object> self.s.sums[exponent].high << 64) + self.s.sums[exponent].low
            total += units * 10 ** (MAX_EXPONENT - exponent)
        return total
