# Cash and holdings: buckets, dated ladders, average cost, settlement dates. Nothing here knows of orders.
from oms._core.state cimport *

cdef uint32_t cash_row(State* s, uint32_t account, uint32_t currency) noexcept nogil
cdef uint32_t holding_row(State* s, uint32_t account, uint32_t instrument) noexcept nogil
cdef int64_t cash_available(const State* s, uint32_t cash) noexcept nogil
cdef int64_t cash_withdrawable(const State* s, uint32_t cash) noexcept nogil
cdef int64_t further_due(const State* s, uint32_t first, int32_t today, int32_t last) noexcept nogil
cdef void further_ladder(State* s, uint32_t* first, int32_t date, int64_t owed, int64_t due) noexcept nogil
cdef int64_t holding_available(const State* s, uint32_t holding) noexcept nogil
cdef void cash_ladder(State* s, uint32_t cash, int32_t date, int64_t payable, int64_t receivable) noexcept nogil
cdef void holding_ladder(State* s, uint32_t holding, int32_t date, int64_t outgoing, int64_t incoming) noexcept nogil
cdef void holding_settle(State* s, uint32_t holding, int64_t quantity) noexcept nogil
cdef void cash_reserve(State* s, uint32_t cash, int64_t change) noexcept nogil
cdef void holding_reserve(State* s, uint32_t holding, int64_t change) noexcept nogil
cdef void holding_cost(State* s, uint32_t holding, uint8_t side, int64_t quantity, int64_t price,
                       int64_t traded) noexcept nogil
cdef void add_cost_event(State* s, uint32_t holding, int64_t quantity, int64_t told) noexcept nogil
cdef uint32_t event_of(const State* s, uint32_t holding, uint32_t action) noexcept nogil
cdef void add_event_before(State* s, uint32_t later, int64_t quantity, int64_t told) noexcept nogil
cdef void carry_cost(State* s, uint32_t holding, int64_t quantity, int64_t average_e8) noexcept nogil
cdef int64_t average_e8(const State* s, uint32_t holding) noexcept nogil
cdef void recost(State* s, uint32_t holding) noexcept nogil
cdef void cost_through(State* s, HoldingRow* h, const CorporateActionRow* action, const CostEventRow* last,
                       uint32_t without) noexcept nogil
cdef int32_t counted_to(const State* s, const CashRow* cash) noexcept nogil
cdef uint32_t first_here(const State* s, uint32_t execution) noexcept nogil
cdef uint32_t newest_version(const State* s, uint32_t root) noexcept nogil
cdef bint business_day(const State* s, uint32_t calendar, int32_t date) noexcept nogil
cdef int32_t settle_date(State* s, uint32_t instrument, int32_t trade_date) noexcept nogil
cdef int64_t fee_of(const State* s, uint32_t schedule, int exponent, uint8_t side, int64_t value,
                    int64_t* tax) noexcept nogil


cdef inline int64_t holding_total(const HoldingRow* h) noexcept nogil:
    return h.settled + h.incoming - h.outgoing
