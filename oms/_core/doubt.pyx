"""Requests in doubt: their feed went, or the exchange's list lacks them, and nobody knows what became of them.

They are never sent again but over the feed that took them, to the same adapter, which says that it never received
them. The exchange is asked (FIX's OrderStatusRequest), over their own feed when it is back, or over another one of the
exchange as soon as the lease of the adapter that had them is over: until then it might still send one on. A feed that
has just been opened tells what was missed and lists its open orders first; what is in doubt after that is asked for.
"""

from oms._core.mass_cancel cimport withdraw
from oms._core.orders cimport awaits, route, set_status
from oms._core.outputs cimport emit_order_request, emit_question


cdef uint32_t gather(State* s, uint32_t feed, uint64_t after) noexcept nogil:
    """Lists in State.waiting what a feed was given with a higher number and nobody has answered, in their order."""
    cdef uint32_t slot = s.header[TABLE_request].used, left = s.feed[feed].unanswered, count = 0
    cdef const RequestRow* r
    while left:
        slot -= 1
        r = &s.request[slot]
        if r.feed != feed or not awaits(r.status):
            continue
        left -= 1
        if r.feed_sequence > after:
            s.waiting[count].number = r.feed_sequence
            s.waiting[count].slot = slot
            count += 1
    sort_numbered(s.waiting, count)
    return count


cdef void cast_doubt(State* s, uint32_t feed) noexcept nogil:
    """What was sent over a feed and not answered is in doubt: neither rejected nor sent again."""
    cdef uint32_t count = gather(s, feed, 0), index, slot
    for index in range(count):
        slot = s.waiting[index].slot
        if s.request[slot].status == RequestStatus_submitted:
            set_status(s, slot, RequestStatus_in_doubt, ST_ok)


cdef bint is_killed(const State* s, uint32_t request) noexcept nogil:
    """Has a kill ended what it asks for? Cancels always pass."""
    cdef const RequestRow* r = &s.request[request]
    cdef const InstrumentRow* i = &s.instrument[s.order[r.order].instrument]
    cdef uint8_t state = max(max(s.firm.control_state, s.exchange[i.exchange].control_state), i.control_state)
    state = max(state, max(s.account[r.account].control_state, s.user[r.user].control_state))
    return state == ControlState_killed and r.type != RequestType_cancel


cdef void hand_back(State* s, uint32_t feed, uint64_t last_sent) noexcept nogil:
    """What never left for the adapter that is gone was never sent: it goes another way, or waits here for one, unless
    a kill has come since."""
    cdef uint32_t count = gather(s, feed, last_sent), index, slot, kept = 0
    for index in range(count):
        slot = s.waiting[index].slot
        if s.request[slot].status == RequestStatus_submitted:
            s.waiting[kept] = s.waiting[index]
            kept += 1
    for index in range(kept):  # all of them first: one may be the terms that another one changes
        slot = s.waiting[index].slot
        set_status(s, slot, RequestStatus_buffered, ST_ok)
        s.request[slot].feed = 0
    for index in range(kept):  # a cancel of what never left is done with here
        slot = s.order[s.request[s.waiting[index].slot].order].request
        if s.request[s.waiting[index].slot].type != RequestType_cancel or is_killed(s, slot):
            continue
        if s.request[slot].status == RequestStatus_buffered:
            withdraw(s, slot, RequestStatus_cancelled, ST_cancelled_by_client)
    for index in range(kept):
        slot = s.waiting[index].slot
        if s.request[slot].status != RequestStatus_buffered:
            continue  # it has ended with another one
        if is_killed(s, slot):
            withdraw(s, slot, RequestStatus_rejected, ST_withdrawn_by_kill)
        else:
            route(s, slot)


cdef void send_again(State* s, uint32_t feed, uint64_t last_received) noexcept nogil:
    """What the adapter never received and nobody has answered goes out again, under the same numbers, in their order.
    What others say of it from questions of before counts no more."""
    cdef uint32_t count = gather(s, feed, last_received), index, slot
    if count:
        row_open(&s.feed[feed].version)
        s.feed[feed].asked_before = s.exchange[s.feed[feed].exchange].questions
        row_close(&s.feed[feed].version)
    for index in range(count):
        slot = s.waiting[index].slot
        if s.request[slot].status == RequestStatus_in_doubt:
            set_status(s, slot, RequestStatus_submitted, ST_ok)
        emit_order_request(s, slot)


cdef inline bint takes_questions(const State* s, uint32_t feed) noexcept nogil:
    return s.feed[feed].state == FeedState_online and s.time_ns >= s.feed[feed].steady_ns


cdef uint32_t feed_to_ask(const State* s, uint32_t request) noexcept nogil:
    """Its own feed when that is back; another one when nobody can send the request on any more; 0 = nobody, now."""
    cdef uint32_t own = s.request[request].feed, feed
    if own and s.feed[own].state == FeedState_online:
        return own if takes_questions(s, own) else 0
    if own and s.feed[own].ask_ns > s.time_ns:
        return 0
    feed = s.exchange[s.instrument[s.order[s.request[request].order].instrument].exchange].first_feed
    while feed and not takes_questions(s, feed):
        feed = s.feed[feed].next_feed
    return feed


cdef void ask(State* s, uint32_t request, uint32_t feed) noexcept nogil:
    cdef ExchangeRow* e = &s.exchange[s.feed[feed].exchange]
    row_open(&e.version)
    e.questions += 1
    row_close(&e.version)
    emit_question(s, request, feed, e.questions)


cdef void ask_over(State* s, uint32_t feed) noexcept nogil:
    """A feed can be asked: for all that is in doubt at its exchange and that it can tell of, oldest first."""
    cdef uint32_t slot = s.header[TABLE_request].used, left = s.firm.in_doubt, count = 0, index
    while left:
        slot -= 1
        if s.request[slot].status != RequestStatus_in_doubt:
            continue
        left -= 1
        if s.instrument[s.order[s.request[slot].order].instrument].exchange != s.feed[feed].exchange:
            continue
        if feed_to_ask(s, slot) == feed:
            s.waiting[count].number = s.waiting[count].slot = slot
            count += 1
    sort_numbered(s.waiting, count)
    for index in range(count):
        ask(s, s.waiting[index].slot, feed)


cdef void ask_exchange(State* s, uint32_t exchange) noexcept nogil:
    """Asks for all that is in doubt there, each over the feed that can tell."""
    cdef uint32_t feed = s.exchange[exchange].first_feed
    while feed:
        if takes_questions(s, feed):
            ask_over(s, feed)
        feed = s.feed[feed].next_feed


cdef bint answer_is_late(const State* s, uint32_t request, uint32_t question) noexcept nogil:
    """Was the question asked before its request was sent again, or was the request answered since? Then that the
    exchange did not know it says nothing."""
    cdef const RequestRow* q = &s.request[request]
    if question == 0 or request == 0:
        return False
    return q.status != RequestStatus_in_doubt or (q.feed != 0 and question <= s.feed[q.feed].asked_before)
