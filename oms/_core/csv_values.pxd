# A field to its value; anything but NONE is a fault.

from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint32_t, uint64_t

from oms._core.csv_types cimport *


cdef inline const uint8_t* digits(const uint8_t* p, const uint8_t* end, uint64_t* total) noexcept nogil:
    """Behind the digits at p, which are appended to total; a total over INT64_MAX stays over it."""
    while p < end and c"0" <= p[0] <= c"9":
        total[0] = total[0] * 10 + (p[0] - c"0") if total[0] <= <uint64_t> INT64_MAX // 10 else 1ULL << 63
        p += 1
    return p


cdef inline Reason parse_integer(const Span* span, int64_t* value) noexcept nogil:
    """Optional minus, digits."""
    cdef const uint8_t* end = span.start + span.length
    cdef bint negative = span.length > 0 and span.start[0] == c"-"
    cdef const uint8_t* first = span.start + negative
    cdef uint64_t total = 0
    if digits(first, end, &total) != end or first == end:
        return NOT_AN_INTEGER
    if total > <uint64_t> INT64_MAX:
        return OUT_OF_RANGE
    value[0] = -<int64_t> total if negative else <int64_t> total
    return NONE


cdef inline Reason parse_decimal(const Span* span, uint32_t exponent, int64_t* value) noexcept nogil:
    """Optional minus, digits, and optionally a point and digits, scaled by 10 ** exponent."""
    cdef const uint8_t* end = span.start + span.length
    cdef bint negative = span.length > 0 and span.start[0] == c"-"
    cdef const uint8_t* first = span.start + negative
    cdef uint64_t total = 0
    cdef const uint8_t* p = digits(first, end, &total)
    cdef uint32_t decimals = 0
    if p == first:
        return NOT_A_DECIMAL
    if p < end:
        if p[0] != c"." or p + 1 == end:
            return NOT_A_DECIMAL
        first = p + 1
        p = digits(first, end, &total)
        if p != end:
            return NOT_A_DECIMAL
        if end - first > exponent:
            return TOO_MANY_DECIMALS
        decimals = <uint32_t> (end - first)
    while decimals < exponent and total:
        total = total * 10 if total <= <uint64_t> INT64_MAX // 10 else 1ULL << 63
        decimals += 1
    if total > <uint64_t> INT64_MAX:
        return OUT_OF_RANGE
    value[0] = -<int64_t> total if negative else <int64_t> total
    return NONE


cdef inline bint two_digits(const uint8_t* p, uint32_t* value) noexcept nogil:
    value[0] = (p[0] - c"0") * 10 + (p[1] - c"0")
    return c"0" <= p[0] <= c"9" and c"0" <= p[1] <= c"9"


cdef inline Reason parse_date(const Span* span, int64_t* value) noexcept nogil:
    """YYYY-MM-DD from 1970-01-02 to 2199-12-31, as days since 1970-01-01."""
    cdef const uint8_t* p = span.start
    cdef uint32_t century, year, month, day, length
    cdef bint leap
    if span.length != 10 or p[4] != c"-" or p[7] != c"-":
        return NOT_A_DATE
    if not (two_digits(p, &century) and two_digits(p + 2, &year) and two_digits(p + 5, &month)
            and two_digits(p + 8, &day)):
        return NOT_A_DATE
    year += 100 * century
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    length = 28 + leap if month == 2 else 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31
    if not (1 <= month <= 12 and 1 <= day <= length):
        return NOT_A_DATE
    # days of the years before, then of the months before (March first, as in the usual civil calendar)
    if month <= 2:
        year -= 1
        month += 12
    value[0] = (365 * <int64_t> year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5
                + day - 1 - 719468)
    return NONE if 0 < value[0] < 84006 else OUT_OF_RANGE
