# Many orders cancelled by one record: whoever asks, for whatever reason.
from oms._core.state cimport *

cdef struct Scope:  # what is to be cancelled; 0 = whatever it is
    uint32_t account
    uint32_t instrument
    uint16_t exchange
    uint16_t user       # who entered it
    uint16_t owner      # of the account
    uint8_t side

cdef struct Taken:  # how much of it there is; which, stands in State.waiting
    uint32_t unsent     # requests that nobody has sent yet
    uint32_t cancels    # orders that a cancel goes out for
    uint32_t left       # orders that there is no room for

cdef void gather(State* s, const Scope* scope, Taken* taken) noexcept nogil
cdef bint may_trade(const State* s, const OrderRow* o) noexcept nogil
cdef void cancel_here(State* s, uint32_t order) noexcept nogil
cdef void withdraw(State* s, uint32_t request, uint8_t status, uint16_t reason) noexcept nogil
cdef void act(State* s, const Taken* taken, uint16_t reason) noexcept nogil
cdef uint16_t apply_mass_cancel(State* s, const OrderMassCancelRequest* r) noexcept nogil
