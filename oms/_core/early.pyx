"""Orders that an exchange restates before the firm's own date has reached the corporate action.

It tells quantity, price and cum_qty in new stock, while our executions and holds are still in old: what it has told
waits in the told_terms rows, and takes effect with the action.
"""

from libc.stdint cimport INT64_MIN

from oms._core.corporate cimport scales
from oms._core.order_states cimport mark_overfill
from oms._core.orders cimport CLOSED_dead
from oms._core.reports cimport new_terms
from oms._core.scaled cimport restate, through


cdef bint is_early(const State* s, const OrderRow* o, const ExecutionReport* r) noexcept nogil:
    """Is the order restated as an action will have it that is announced, and not applied yet?"""
    if o.closed == CLOSED_dead or r.cum_qty == INT64_MIN or r.order_qty <= 0:
        return False
    return is_to_come(s, o, r.order_qty)


cdef bint is_to_come(const State* s, const OrderRow* o, int64_t quantity) noexcept nogil:
    """Is the action that makes `quantity` of the order's own one announced, and not applied yet?"""
    cdef uint32_t slot
    cdef const CorporateActionRow* a
    for slot in range(1, s.header[TABLE_corporate_action].used):
        a = &s.corporate_action[slot]
        if a.instrument == o.instrument and a.state == CorporateActionState_announced and scales(a.type):
            if through(s, slot, o.order_qty) == quantity:
                return True
    return False


cdef void keep_for_later(State* s, uint32_t order, int64_t quantity, int64_t price) noexcept nogil:
    """The caller has seen to it that they can be held."""
    row_open(&s.told_terms[order].version)
    s.told_terms[order].order_qty, s.told_terms[order].price = quantity, price
    row_close(&s.told_terms[order].version)


cdef void take_effect(State* s, uint32_t order) noexcept nogil:
    """Of an order that is dead since, only its cum_qty."""
    cdef OrderRow* o = &s.order[order]
    cdef int64_t quantity = s.told_terms[order].order_qty, price = s.told_terms[order].price
    keep_for_later(s, order, 0, 0)
    restate(s, order, INT64_MIN, True)
    if o.closed == CLOSED_dead:
        return
    row_open(&o.version)
    o.order_qty, o.price = max(quantity, o.cum_qty), price
    row_close(&o.version)
    mark_overfill(s, order)
    new_terms(s, order, 0)


cdef void restate_now(State* s, uint32_t instrument) noexcept nogil:
    """An action is applied, or taken back. Where it is the one that was waited for, the exchange's word holds from here
    on; another one of its instrument, as a dividend of the same date, does not end the wait."""
    cdef uint32_t slot
    cdef int64_t quantity
    for slot in range(1, s.header[TABLE_told_terms].used):
        quantity = s.told_terms[slot].order_qty
        if quantity and s.order[slot].instrument == instrument and not is_to_come(s, &s.order[slot], quantity):
            take_effect(s, slot)
