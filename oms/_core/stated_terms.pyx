"""Terms of an order as the exchange states them: they win, and the hold follows.

Quantity and price stand in the order, the rest in the request whose terms are in force.
"""

from oms._core.orders cimport Cover, cover_of
from oms._core.vetting cimport REQUEST_protected, REQUEST_stated, takes_price


cdef void state_terms(State* s, OrderRow* o, const ExecutionReport* r) noexcept nogil:
    """What the exchange tells of the order's terms, quantity and price apart, is so from now on."""
    cdef RequestRow* t = &s.request[o.terms]
    row_open(&t.version)
    if r.ord_type:
        t.ord_type = r.ord_type
    elif t.ord_type == OrdType_market_to_limit and tells_price(s, o, r):
        t.ord_type = OrdType_limit
    if r.time_in_force:
        t.time_in_force = r.time_in_force
    if r.expire_date or t.time_in_force != TimeInForce_gtd:
        t.expire_date = r.expire_date
    if r.stop_px > 0:
        t.stop_px = r.stop_px
    if r.display_qty > 0:
        t.display_qty = r.display_qty
    if r.min_qty > 0:
        t.min_qty = r.min_qty
    row_close(&t.version)
    if tells_price(s, o, r):
        price_stated(s, o)


cdef void price_stated(State* s, const OrderRow* o) noexcept nogil:
    """Where none was given, there is one now: the order's."""
    cdef RequestRow* t = &s.request[o.terms]
    row_open(&t.version)
    t.flags |= REQUEST_stated
    row_close(&t.version)


cdef void follow_price(State* s, uint32_t order, const ExecutionReport* r) noexcept nogil:
    """An order that is held at a protected price is held at that of the exchange once it states one. What has become a
    limit order by that keeps its limit."""
    cdef OrderRow* o = &s.order[order]
    cdef const RequestRow* t = &s.request[o.terms]
    cdef Cover cover
    if not t.flags & REQUEST_protected or (t.flags & REQUEST_stated and takes_price(t.ord_type)):
        return
    if not tells_price(s, o, r):
        return
    if cover_of(s, o, r.price, o.order_qty, &cover):
        state_terms(s, o, r)
        row_open(&o.version)
        o.price = r.price
        row_close(&o.version)
