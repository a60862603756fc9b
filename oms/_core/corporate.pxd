# Corporate actions: what they make of holdings, ladders, executions and orders.
from oms._core.state cimport *

cdef struct Share:  # what an action makes of one holding
    PositionRow row
    int64_t incoming        # after
    int64_t outgoing        # after
    int64_t fraction        # new stock that is paid out in cash, in denominator-ths of a unit; negative = is owed
    uint64_t cost_low       # after
    int64_t cost_high
    int64_t cost_quantity

cdef bint share_of(State* s, const CorporateActionRow* a, uint32_t holding, Share* out) noexcept nogil
cdef uint16_t read_action(const State* s, const CorporateAction* r, CorporateActionRow* a) noexcept nogil
cdef uint32_t find_action(const State* s, const uint8_t* id, uint32_t length) noexcept nogil
cdef void note_movement(State* s, const CorporateActionRow* a, uint32_t account, uint16_t currency,
                        int64_t amount) noexcept nogil
cdef void set_part(State* s, const CorporateActionRow* a, const ExecutionRow* x, int64_t stock) noexcept nogil
cdef void pay(State* s, const CorporateActionRow* a, uint32_t account, int64_t amount) noexcept nogil
cdef bint scales(uint8_t type) noexcept nogil
cdef void apply_due_actions(State* s, int32_t date) noexcept nogil
cdef uint16_t apply_corporate_action(State* s, const CorporateAction* r) noexcept nogil


cdef inline bint has_part(const CorporateActionRow* a, const Share* share, const HoldingRow* h) noexcept nogil:
    """Is there anything to do? A holding that is flat now may still see one of its old trades busted."""
    if a.type == CorporateActionType_dividend:
        return share.row.amount != 0
    return share.row.total != 0 or h.settled != 0 or h.last_execution != 0
