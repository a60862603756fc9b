# The always-on checks. All that terms break is collected in `Terms.hits`; the lowest status among them is the answer.
from oms._core.state cimport *

cdef extern from *:
    int lowest_bit "__builtin_ctzll"(uint64_t bits) nogil

cdef enum:
    REQUEST_protected = 1  # of RequestRow.flags: no price was given, it is held at its protected price
    REQUEST_stated = 2     # while these are the terms in force, the exchange has stated a price: the order's

cdef struct Terms:  # what an order asks for, whoever states it
    uint32_t account
    uint32_t instrument
    uint32_t order       # the one that a replace changes, or that has waited; 0 = there is none yet
    uint32_t request     # what has waited and is vetted again; 0 = it is asked for now
    uint8_t side
    uint8_t ord_type
    uint8_t time_in_force
    int32_t expire_date
    int64_t order_qty
    int64_t price        # as given, null = none; made the protected price by vet_terms
    int64_t stop_px
    int64_t display_qty
    int64_t min_qty
    int64_t value        # of the whole order at that price, rounded up; set by vet_terms
    uint64_t seen        # what the desk has seen and let through: these do not hit again
    uint64_t hits        # what it breaks: bit n = ST_account_suspended + n
    const uint8_t* locate  # where a short sale's stock is borrowed
    uint8_t locate_length
    uint8_t flags        # of the request: set by vet_terms
    uint8_t uncounted    # 1: it is only checked, and not among those of its second

cdef bint allowed(const State* s, uint32_t permissions) noexcept nogil
# Whether the sender may take rows now: when a table is at its reserve, what clients wish for waits for facts.
cdef bint may_take_rows(const State* s) noexcept nogil
cdef bint of_owner(const State* s, uint32_t account) noexcept nogil
cdef bint owns(const State* s, uint32_t account, uint16_t user) noexcept nogil
cdef uint16_t vet_account(State* s, uint32_t account) noexcept nogil
cdef uint16_t vet_operated(const State* s, uint32_t account) noexcept nogil
cdef void vet_terms(State* s, Terms* t) noexcept nogil
cdef void vet_desk(State* s, Terms* t) noexcept nogil


cdef inline void hit(State* s, Terms* t, uint16_t status, int64_t figure, int64_t limit) noexcept nogil:
    """Notes what the terms break; the first figures, those of the lowest status, stay."""
    cdef uint64_t bit = <uint64_t>1 << (status - ST_account_suspended)
    if bit & t.seen:
        return
    if t.hits == 0:
        s.figure = figure
        s.limit = limit
    t.hits |= bit


cdef inline uint16_t first_hit(const Terms* t) noexcept nogil:
    return <uint16_t>(ST_account_suspended + lowest_bit(t.hits)) if t.hits else ST_ok


cdef inline bint takes_price(uint8_t ord_type) noexcept nogil:
    """May an order of this type state a limit? A pegged one may, and need not."""
    return ord_type == OrdType_limit or ord_type == OrdType_stop_limit or ord_type == OrdType_pegged


cdef inline bint takes_stop(uint8_t ord_type) noexcept nogil:
    return ord_type == OrdType_stop or ord_type == OrdType_stop_limit
