# What a CSV reader knows of its file: columns, the lines of a block, faults.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from oms._core.csv_index cimport CodeTable


cdef extern from "csv.h" nogil:
    enum:
        CSV_PLAIN
    const uint8_t csv_class[256]
    ctypedef struct CsvSum:
        uint64_t low
        int64_t high
    void csv_add(CsvSum* sum, int64_t value)
    uint32_t csv_utf8(const uint8_t* p)
    void csv_prefetch(const void* p)

cdef enum:
    BLOCK = 32                  # rows that go through together
    MAX_COLUMNS = 32
    MAX_LINE = 16384            # bytes of a line
    MAX_EXPONENT = 18
    EXCERPT = 40                # bytes of an offending field that are kept
    COMMA = 44
    QUOTE = 34
    NEWLINE = 10
    RETURN = 13

cdef enum Kind:
    TEXT                        # bytes in place, padded with zeros to the column's width
    LONG_TEXT                   # anywhere in the arena: offset << 16 | length
    DECIMAL                     # scaled integer
    INTEGER
    DATE                        # days since 1970-01-01
    CODE                        # number from a CodeIndex

cdef enum Reason:
    NONE
    COLUMN_COUNT
    LINE_TOO_LONG
    LINE_END_MIXED
    CONTROL_CHARACTER
    NOT_UTF8
    QUOTE_IN_FIELD
    QUOTE_NOT_CLOSED
    TEXT_AFTER_QUOTE
    EMPTY
    TEXT_TOO_LONG
    BLANK_AT_EDGE
    NOT_A_DECIMAL
    TOO_MANY_DECIMALS
    NOT_AN_INTEGER
    OUT_OF_RANGE
    NOT_A_DATE
    UNKNOWN_CODE
    MEMORY

cdef struct Span:
    const uint8_t* start
    uint64_t hash
    uint32_t length
    uint32_t number             # what a code or an integer turned out to be: exponents hang on it

cdef struct ColumnState:
    Kind kind
    uint32_t position           # in the line
    uint32_t width              # bytes of a text
    int32_t exponent            # of a decimal, when it hangs on no other column
    int32_t exponent_of         # column whose number selects the exponent; -1 = none
    const uint8_t* exponents    # by that number; NULL: the number is the exponent
    bint nullable
    bint may_be_unknown         # an unknown code is 0 and noted, no fault
    bint totalled
    int64_t empty               # value of an empty field
    int64_t minimum
    int64_t maximum
    CodeTable* codes
    uint8_t* out

cdef struct Fault:
    uint64_t line
    uint16_t column             # position in the line, from 1; 0 = the line
    uint16_t reason
    uint16_t length
    uint8_t text[EXCERPT]

cdef struct Faults:
    uint64_t count              # all, also those that are not kept
    uint32_t kept
    uint32_t limit
    Fault* rows

cdef struct State:
    ColumnState columns[MAX_COLUMNS]
    uint32_t declared           # columns to convert
    uint32_t in_line            # columns in the file
    bint crlf
    uint64_t rows
    uint64_t capacity           # rows beyond are checked, not kept
    uint64_t first_line
    bint skipping               # inside a line that is too long
    Faults faults
    Faults unknown              # codes that may be unknown
    CsvSum sums[MAX_EXPONENT + 1]
    uint8_t* arena
    uint64_t arena_used
    uint64_t arena_size
    const uint8_t* end          # behind the last whole line of the buffer
    Span spans[BLOCK * MAX_COLUMNS]     # line by line, in_line fields each
    bint good[BLOCK]
    uint64_t block_row          # row of the block's first line
    uint32_t block_rows
    Reason split_reason
    uint32_t split_column


cdef inline void note(Faults* faults, uint64_t line, uint32_t column, Reason reason, const uint8_t* text,
                      uint64_t length) noexcept nogil:
    faults.count += 1
    if faults.kept == faults.limit:
        return
    cdef Fault* fault = &faults.rows[faults.kept]
    faults.kept += 1
    fault.line, fault.column, fault.reason = line, <uint16_t> column, <uint16_t> reason
    fault.length = <uint16_t> (length if length < EXCERPT else EXCERPT)
    memcpy(fault.text, text, fault.length)
