# The always-on checks. Each returns the status with the lowest number that applies, and leaves its figures in the
# state.
from oms._core.state cimport *

cdef enum:  # why a request goes to the desk: bits of request.hits
    HIT_reference = 1
    HIT_value = 2
    HIT_instrument = 4

cdef struct Terms:  # what an order asks for, whoever states it
    uint32_t account
    uint32_t instrument
    uint8_t side
    uint8_t ord_type
    uint8_t time_in_force
    int32_t expire_date
    int64_t order_qty
    int64_t price        # as given: null for a market order; made the protected price by vet_terms
    int64_t stop_px
    int64_t display_qty
    int64_t min_qty
    int64_t value        # of the whole order at that price, rounded up; set by vet_terms

cdef bint allowed(const State* s, uint32_t permissions) noexcept nogil
cdef bint allowed_for(const State* s, uint32_t permissions, uint32_t account) noexcept nogil
cdef bint owns(const State* s, uint32_t account, uint16_t user) noexcept nogil
cdef uint16_t vet_account(State* s, uint32_t account) noexcept nogil
cdef uint16_t vet_terms(State* s, Terms* t) noexcept nogil
cdef uint32_t vet_desk(State* s, const Terms* t) noexcept nogil


cdef inline uint16_t reason_of(uint32_t hits) noexcept nogil:
    """The first of several reasons for the desk."""
    if hits & HIT_reference:
        return ST_reference_price_missing
    return ST_value_needs_authorisation if hits & HIT_value else ST_instrument_needs_authorisation
