# What an execution counts after corporate actions. Its own row keeps the quantity of the trade, which trade feeds and
# reports name; a chain of `scaled` rows, newest first, holds what each action has made of it.
from oms._core.state cimport *


cdef inline int64_t effective_qty(const State* s, const ExecutionRow* x) noexcept nogil:
    """The stock that an execution moves, in units of today."""
    return s.scaled[x.scaled].quantity if x.scaled else x.last_qty


cdef inline int way_of(const ExecutionRow* x) noexcept nogil:
    """+ 1 where stock comes, - 1 where it goes; a bust is its trade the other way round."""
    return 1 if is_buy(x.side) != (x.kind == TradeKind_bust) else -1


cdef inline bint affects(const CorporateActionRow* a, const ExecutionRow* x, uint32_t slot) noexcept nogil:
    """Was it traded in the stock of before? On the ex-date itself the order of booking tells."""
    return x.trade_date < a.ex_date or (x.trade_date == a.ex_date and slot < a.executions)


cdef int64_t counted_qty(const State* s, uint32_t order, const ExecutionRow* x, uint32_t slot) noexcept nogil
cdef uint32_t action_after(const State* s, uint32_t instrument, uint32_t before) noexcept nogil
cdef int64_t through(const State* s, uint32_t action, int64_t quantity) noexcept nogil
cdef bint in_new_stock(const State* s, const OrderRow* o, const ExecutionReport* r) noexcept nogil
cdef void restate(State* s, uint32_t order, int64_t cum_qty, bint anew) noexcept nogil
cdef void add_scaled(State* s, ExecutionRow* x, uint32_t action, int64_t quantity) noexcept nogil
cdef void bring_forward(State* s, ExecutionRow* x, uint32_t slot) noexcept nogil
cdef int64_t placed_qty(const State* s, const ExecutionRow* x, uint32_t root) noexcept nogil
cdef void weigh(State* s, uint32_t holding, const ExecutionRow* x, uint32_t root, int sign) noexcept nogil
cdef bint room_to_scale(const State* s, uint32_t instrument, uint32_t executions) noexcept nogil
