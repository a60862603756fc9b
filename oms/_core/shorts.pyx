"""Short selling: the proceeds of what is not bought back never count as available, settled or not.

Owns the exposure and short_sale rows. A holding has a short_sale row from its first short sale on; what that row
holds follows from the holding alone: what is short, at its average price. An exposure row sums it up for a cash row,
with what of the proceeds is still in the ladder. Cash and holdings without such rows cost nothing here.
"""

from oms._core.arith cimport cost_value
from oms._core.ledger cimport cost_through, counted_to, further_due, further_ladder, holding_total


cdef bint room_to_short(const State* s) noexcept nogil:
    return has_room(s, TABLE_exposure, 2) and has_room(s, TABLE_short_sale, 2)


cdef uint32_t exposure_row(State* s, uint32_t cash) noexcept nogil:
    """The cash row's exposure; made when it has none."""
    cdef uint32_t slot = s.cash[cash].exposure
    if slot:
        return slot
    slot = take(s, TABLE_exposure)
    row_open(&s.exposure[slot].version)
    s.exposure[slot].cash = cash
    row_close(&s.exposure[slot].version)
    row_open(&s.cash[cash].version)
    s.cash[cash].exposure = slot
    row_close(&s.cash[cash].version)
    return slot


cdef void open_short(State* s, uint32_t holding, uint32_t cash) noexcept nogil:
    """From the first short sale on, the holding's proceeds are kept apart."""
    cdef uint32_t slot
    if s.holding[holding].short_sale:
        return
    slot = take(s, TABLE_short_sale)
    row_open(&s.short_sale[slot].version)
    s.short_sale[slot].holding = holding
    s.short_sale[slot].exposure = exposure_row(s, cash)
    row_close(&s.short_sale[slot].version)
    row_open(&s.holding[holding].version)
    s.holding[holding].short_sale = slot
    row_close(&s.holding[holding].version)


cdef int64_t proceeds_of(const State* s, const HoldingRow* h) noexcept nogil:
    """What came in for the stock that a holding is short of. Without an average nothing is known to have come in."""
    cdef const InstrumentRow* i = &s.instrument[h.instrument]
    cdef int64_t total = holding_total(h)
    if total >= 0 or h.cost_quantity == 0:
        return 0
    return max(cost_value(h.cost_low, h.cost_high, h.cost_quantity, -total, i.value_numerator, i.value_denominator),
               0)  # below a price of zero it is the seller who pays


cdef void resize_short(State* s, uint32_t holding) noexcept nogil:
    """Call after the holding's total or average has changed."""
    cdef const HoldingRow* h = &s.holding[holding]
    cdef ShortSaleRow* short_sale = &s.short_sale[h.short_sale]
    cdef ExposureRow* e
    cdef int64_t proceeds
    if h.short_sale == 0:
        return
    proceeds = proceeds_of(s, h)
    if proceeds == short_sale.proceeds:
        return
    e = &s.exposure[short_sale.exposure]
    row_open(&e.version)
    e.short_proceeds += proceeds - short_sale.proceeds
    row_close(&e.version)
    row_open(&short_sale.version)
    short_sale.proceeds = proceeds
    row_close(&short_sale.version)


cdef void short_ladder(State* s, uint32_t cash, int32_t date, int64_t due) noexcept nogil:
    """Adds to what is receivable for short sales on a date; a part of what the cash row itself has there."""
    cdef ExposureRow* e
    if due == 0:
        return
    e = &s.exposure[exposure_row(s, cash)]
    row_open(&e.version)
    e.short_due += due
    further_ladder(s, &e.ladder, date, 0, due)
    row_close(&e.version)


cdef void late_ladder(State* s, uint32_t cash, int32_t date, int64_t due, int64_t short_due) noexcept nogil:
    """Adds to what is late of the receivables of a date; the part of it that is short_due is then kept here alone."""
    cdef ExposureRow* e = &s.exposure[exposure_row(s, cash)]
    row_open(&e.version)
    further_ladder(s, &e.late, date, 0, due)
    if short_due:
        further_ladder(s, &e.ladder, date, 0, -short_due)
    row_close(&e.version)


cdef inline int64_t still_due(const ExposureRow* e) noexcept nogil:
    """What of the open short sales' proceeds is in the ladder."""
    return min(e.short_proceeds, e.short_due)


cdef int64_t short_settled(const State* s, const CashRow* cash) noexcept nogil:
    """What of the open short sales' proceeds is in booked."""
    cdef const ExposureRow* e = &s.exposure[cash.exposure]
    return e.short_proceeds - still_due(e)


cdef inline int64_t withheld(int64_t proceeds, int64_t due, int64_t counted) noexcept nogil:
    """Of the proceeds of open short sales: what has settled, and what counts among the receivables. due: what of all
    short sales is receivable; counted: what of that the account's class counts."""
    return proceeds - min(proceeds, due) + min(proceeds, due, counted)


cdef int64_t not_spendable(const State* s, const CashRow* cash, int32_t last) noexcept nogil:
    """The part of booked, and of the receivables that fall due up to `last`, that does not count: the proceeds of open
    short sales, and late receivables that have a date to come."""
    cdef const ExposureRow* e = &s.exposure[cash.exposure]
    cdef int64_t counted = further_due(s, e.ladder, s.firm.business_date, last) if e.short_due else 0
    return withheld(e.short_proceeds, e.short_due, counted) + further_due(s, e.late, s.firm.business_date, last)


cdef int64_t withheld_more(State* s, const OrderRow* o, uint32_t order, int64_t stock, int64_t due,
                           int64_t counted) noexcept nogil:
    """How much more is withheld at the order's account when its executions leave it: `stock` in all, `due` of them
    receivable for short sales, `counted` of that among what the account's class counts."""
    cdef const ExposureRow* e = &s.exposure[s.cash[o.cash].exposure]
    cdef HoldingRow left = s.holding[o.holding]
    cdef int32_t last = counted_to(s, &s.cash[o.cash])
    cdef int64_t before = s.short_sale[left.short_sale].proceeds, all_counted
    if left.short_sale == 0:
        return 0
    all_counted = further_due(s, e.ladder, s.firm.business_date, last) if last else 0
    left.settled -= stock
    cost_through(s, &left, NULL, NULL, order)
    return (withheld(e.short_proceeds - before + proceeds_of(s, &left), e.short_due - due, all_counted - counted)
            - withheld(e.short_proceeds, e.short_due, all_counted))
