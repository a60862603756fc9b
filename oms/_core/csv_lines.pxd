# A line to its fields. A line is a row: RFC 4180 quotes, but no line break inside them, so that a bad line never
# swallows the next one. The buffer ends with a line end, which bounds every loop here.

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memchr

from oms._core.csv_types cimport *


cdef inline const uint8_t* quoted(State* s, const uint8_t* p, Span* span) noexcept nogil:
    """A field that begins with a quote: to behind its closing quote. Doubled quotes are halved in place."""
    cdef uint8_t* out
    cdef uint32_t size
    p += 1
    span.start = p
    out = <uint8_t*> p
    while True:
        if p[0] == QUOTE:
            if p[1] != QUOTE:
                break
            out[0] = QUOTE
            p += 2
            out += 1
        elif p[0] >= 128:
            size = csv_utf8(p)
            if size == 0:
                s.split_reason = NOT_UTF8
                return p
            while size:
                out[0] = p[0]
                p += 1
                out += 1
                size -= 1
        elif p[0] == NEWLINE or p[0] == RETURN:
            s.split_reason = QUOTE_NOT_CLOSED
            return p
        elif csv_class[p[0]] != CSV_PLAIN and p[0] != COMMA:
            s.split_reason = CONTROL_CHARACTER
            return p
        else:
            out[0] = p[0]
            p += 1
            out += 1
    span.length = <uint32_t> (out - span.start)
    p += 1
    if p[0] != COMMA and p[0] != NEWLINE and p[0] != RETURN:
        s.split_reason = TEXT_AFTER_QUOTE
    return p


cdef inline const uint8_t* plain(State* s, const uint8_t* p, Span* span) noexcept nogil:
    """A field without quotes: to its comma or line end."""
    cdef uint32_t size
    span.start = p
    while True:
        while csv_class[p[0]] == CSV_PLAIN:
            p += 1
        if p[0] < 128:
            break
        size = csv_utf8(p)
        if size == 0:
            s.split_reason = NOT_UTF8
            return p
        p += size
    span.length = <uint32_t> (p - span.start)
    if p[0] != COMMA and p[0] != NEWLINE and p[0] != RETURN:
        s.split_reason = QUOTE_IN_FIELD if p[0] == QUOTE else CONTROL_CHARACTER
    return p


cdef inline const uint8_t* line_end(State* s, const uint8_t* p) noexcept nogil:
    """Behind the line end at p, which has to be the file's kind."""
    if p[0] == RETURN and p[1] != NEWLINE:
        s.split_reason = CONTROL_CHARACTER
        return p
    if (p[0] == RETURN) != s.crlf:
        s.split_reason = LINE_END_MIXED
    return p + (2 if p[0] == RETURN else 1)


cdef inline const uint8_t* split(State* s, const uint8_t* p, Span* spans) noexcept nogil:
    """One line into its fields; returns the next line. A fault stands in s.split_reason and s.split_column."""
    cdef const uint8_t* start = p
    cdef uint32_t column = 0
    s.split_reason = NONE
    while True:
        p = quoted(s, p, &spans[column]) if p[0] == QUOTE else plain(s, p, &spans[column])
        column += 1
        if s.split_reason != NONE:
            break
        if p[0] != COMMA:
            p = line_end(s, p)
            break
        if column == s.in_line:
            s.split_reason = COLUMN_COUNT
            break
        p += 1
    s.split_column = column
    if s.split_reason == NONE and column != s.in_line:
        s.split_reason = COLUMN_COUNT
    elif s.split_reason != NONE and s.split_reason != LINE_END_MIXED:
        p = <const uint8_t*> memchr(p, NEWLINE, s.end - p) + 1
    if p - start > MAX_LINE:
        s.split_reason = LINE_TOO_LONG
    if s.split_reason == COLUMN_COUNT or s.split_reason == LINE_TOO_LONG or s.split_reason == LINE_END_MIXED:
        s.split_column = 0
    return p
