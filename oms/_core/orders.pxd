# Orders: what they hold, how they end, and the way out to a feed. An order's hold is a function of its own state.
from oms._core.state cimport *
from oms._core.vetting cimport Terms

cdef enum:
    FLAG_external = 1
    FLAG_overfilled = 2
    FLAG_filled_after_close = 4
    FLAG_cum_differs = 8
    FLAG_expired_here = 16
    FLAG_restate = 32  # a corporate action leaves it to the exchange to restate it
    FLAG_restated = 64  # the exchange has: its executions count scaled
    FLAG_expired = 128  # it ended as Expired, also while late executions make it Filled

cdef enum:
    CLOSED_dead = 1
    CLOSED_filled = 2  # a replace in flight may reopen it

cdef struct Cover:
    int64_t cash
    int64_t stock

cdef uint32_t schedule_of(const State* s, uint32_t account, uint32_t instrument) noexcept nogil
cdef void draft_of(const State* s, const Terms* t, OrderRow* draft) noexcept nogil
cdef bint cover_of(const State* s, const OrderRow* o, int64_t price, int64_t order_qty, Cover* cover) noexcept nogil
cdef bint hold_of(const State* s, const OrderRow* o, uint32_t without, Cover* cover) noexcept nogil
cdef void vet_cover(State* s, const OrderRow* o, const Cover* before, const Cover* after, Terms* t) noexcept nogil
cdef void rehold(State* s, uint32_t order) noexcept nogil
cdef uint32_t make_order(State* s, uint32_t request, const Terms* t, const OrderRow* draft) noexcept nogil
cdef uint32_t make_request(State* s, uint8_t type, const Terms* t, const uint8_t* cl_ord_id, uint32_t length,
                           uint64_t hash, uint64_t content) noexcept nogil
cdef void terms_of(const State* s, const OrderRow* o, uint32_t request, Terms* t) noexcept nogil
cdef void set_status(State* s, uint32_t request, uint8_t status, uint16_t reason) noexcept nogil
cdef void link_pending(State* s, uint32_t order, uint32_t request) noexcept nogil
cdef void link_first(State* s, uint32_t order, uint32_t request) noexcept nogil
cdef void unlink_pending(State* s, uint32_t request) noexcept nogil
cdef uint32_t feed_for(const State* s, uint32_t request) noexcept nogil
cdef void route(State* s, uint32_t request) noexcept nogil
cdef void shut(State* s, uint32_t order, uint8_t ord_status, uint8_t how) noexcept nogil
cdef void close_order(State* s, uint32_t order, uint8_t ord_status, uint8_t how, uint16_t reason) noexcept nogil
cdef void name_order(State* s, uint32_t order, const uint8_t* name, uint32_t length) noexcept nogil
cdef uint32_t find_order(const State* s, uint32_t exchange, const uint8_t* name, uint32_t length) noexcept nogil


cdef inline bint is_live(uint8_t status) noexcept nogil:
    """A request that may still lead to something at the exchange; `received` is one that its list holds back."""
    return RequestStatus_received <= status <= RequestStatus_in_doubt


cdef inline bint awaits(uint8_t status) noexcept nogil:
    """Sent, and not answered."""
    return status == RequestStatus_submitted or status == RequestStatus_in_doubt
