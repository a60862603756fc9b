"""What was parked and is booked after the repair: an operator sends it once more, outside of its feed's sequence, with
what is known by now. Owns nothing; the row is closed when it could be booked.
"""

from oms._core.balances cimport take_balance
from oms._core.external cimport take_row
from oms._core.outputs cimport emit_answer
from oms._core.parked cimport close_parked, says, still_parked
from oms._core.reports cimport book, take_reject
from oms._core.vetting cimport allowed, of_owner


cdef uint32_t parked_slot(const Frame* record) noexcept nogil:
    """0 = it comes from its feed."""
    if record.template_id == T_ExecutionReport:
        return (<const ExecutionReport*>record).parked
    if record.template_id == T_OrderCancelReject:
        return (<const OrderCancelReject*>record).parked
    if record.template_id == T_OpenOrder:
        return (<const OpenOrder*>record).parked
    if record.template_id == T_BalanceReport:
        return (<const BalanceReport*>record).parked
    return 0


cdef inline bint feed_known(const State* s, uint16_t feed, bint of_exchange) noexcept nogil:
    return 0 < feed < s.header[TABLE_feed].used and (s.feed[feed].exchange != 0) == of_exchange


cdef uint16_t book_report(State* s, const ExecutionReport* r) noexcept nogil:
    if not still_parked(s, r.parked, <const Frame*>r, ExecutionReport_texts(r), r.exec_id_length):
        return ST_nothing_to_resolve
    if s.parked[r.parked].record != T_LongReport and not says(s, &s.parked[r.parked], r):
        return ST_nothing_to_resolve
    return book(s, r) if feed_known(s, r.feed, True) else ST_feed_unknown


cdef uint16_t book_reject(State* s, const OrderCancelReject* r) noexcept nogil:
    if not still_parked(s, r.parked, <const Frame*>r, NULL, 0):
        return ST_nothing_to_resolve
    return take_reject(s, r) if feed_known(s, r.feed, True) else ST_feed_unknown


cdef uint16_t book_row(State* s, const OpenOrder* r) noexcept nogil:
    if not still_parked(s, r.parked, <const Frame*>r, OpenOrder_texts(r), r.order_id_length):
        return ST_nothing_to_resolve
    return take_row(s, r, 0) if 0 < r.exchange < s.header[TABLE_exchange].used else ST_reference_invalid


cdef uint16_t book_balance(State* s, const BalanceReport* r) noexcept nogil:
    if not still_parked(s, r.parked, <const Frame*>r, BalanceReport_texts(r), r.id_length):
        return ST_nothing_to_resolve
    return take_balance(s, r) if feed_known(s, r.feed, False) else ST_feed_unknown


cdef inline bint stays_parked(uint16_t status) noexcept nogil:
    return status in (ST_capacity_reached, ST_instrument_unknown, ST_account_unknown, ST_report_unmatched,
                      ST_execution_unknown, ST_execution_conflict, ST_movement_conflict, ST_report_out_of_range,
                      ST_feed_unknown, ST_reference_invalid, ST_nothing_to_resolve)


cdef uint16_t apply_parked(State* s, const Frame* record) noexcept nogil:
    cdef uint16_t status = ST_permission_denied
    if allowed(s, PERMISSION_operate) and of_owner(s, 0):
        if record.template_id == T_ExecutionReport:
            status = book_report(s, <const ExecutionReport*>record)
        elif record.template_id == T_OrderCancelReject:
            status = book_reject(s, <const OrderCancelReject*>record)
        elif record.template_id == T_OpenOrder:
            status = book_row(s, <const OpenOrder*>record)
        else:
            status = book_balance(s, <const BalanceReport*>record)
        if not stays_parked(status):
            close_parked(s, parked_slot(record), Resolution_apply)
    emit_answer(s, s.source, status, 0, 0, 0, False)
    return status
