"""Lists of requests: the members of one that is all or nothing are vetted and hold their cover as they come, and leave
when the last one is in; one that fails takes all with it.

Owns the request_list rows. A member that is held back has the status `received`, which no other request keeps. A user
has one list at a time.
"""

from oms._core.orders cimport rehold
from oms._core.outputs cimport emit_answer
from oms._core.vetting cimport Terms, allowed, first_hit
from oms._core.waiting cimport drop, send_or_queue, vet_again


cdef uint32_t open_list(const State* s) noexcept nogil:
    """The sender's list; 0 when it has none."""
    cdef uint32_t slot
    for slot in range(1, s.header[TABLE_request_list].used):
        if s.request_list[slot].state and s.request_list[slot].user == s.source:
            return slot
    return 0


cdef bint holds_back(const State* s) noexcept nogil:
    """Do members of the sender's list wait for the last one?"""
    return s.request_list[open_list(s)].all_or_nothing != 0


cdef uint32_t gather_held(State* s, uint16_t user) noexcept nogil:
    """Lists in State.waiting the members that a user's list holds back, in the order in which they came."""
    cdef uint32_t slot, count = 0
    for slot in range(1, s.header[TABLE_request].used):
        if s.request[slot].status == RequestStatus_received and s.request[slot].user == user:
            s.waiting[count].number = s.request[slot].feed_sequence
            s.waiting[count].slot = slot
            count += 1
    sort_numbered(s.waiting, count)
    return count


cdef void fail_held(State* s, uint16_t user) noexcept nogil:
    cdef uint32_t count = gather_held(s, user), index, slot
    for index in range(count):
        slot = s.waiting[index].slot
        if s.request[slot].status == RequestStatus_received:  # a replace may have ended with its order
            drop(s, slot, RequestStatus_rejected, ST_list_rejected)
            emit_answer(s, user, ST_list_rejected, 0, s.request[slot].account, slot, False)


cdef bint still_good(State* s, uint32_t count) noexcept nogil:
    """What has happened since they came may stop them: a halt, a session's end. The desk's own checks are noted."""
    cdef Terms t
    cdef uint32_t index
    for index in range(count):
        vet_again(s, s.waiting[index].slot, &t)
        if t.hits:
            return False
    return True


cdef void release_held(State* s, uint16_t user) noexcept nogil:
    """The list is whole: each goes on its way, or to the desk with what was found when it came."""
    cdef uint32_t count = gather_held(s, user), index, slot
    cdef RequestRow* r
    cdef Terms t
    if not still_good(s, count):
        fail_held(s, user)
        return
    for index in range(count):
        slot = s.waiting[index].slot
        r = &s.request[slot]
        t.hits = r.seen
        send_or_queue(s, slot, &t)
        rehold(s, r.order)
        emit_answer(s, user, first_hit(&t), 0, r.account, slot, False)


cdef void close_list(State* s, uint32_t slot) noexcept nogil:
    give_back(s, TABLE_request_list, slot)


cdef uint16_t apply_list_begin(State* s, const ListBegin* r) noexcept nogil:
    """The sender's next requests that say so are members, as many as are announced. A list that is still open ends."""
    cdef uint32_t slot = open_list(s)
    cdef RequestListRow* row
    cdef uint16_t status = ST_ok
    if not allowed(s, PERMISSION_trade | PERMISSION_trade_any):
        status = ST_permission_denied
    elif r.count == 0:
        status = ST_list_rejected
    elif slot == 0 and not has_room(s, TABLE_request_list, 1):
        status = ST_capacity_reached
    if status == ST_ok:
        if slot:
            fail_held(s, s.source)
            close_list(s, slot)
        slot = take(s, TABLE_request_list)
        row = &s.request_list[slot]
        row_open(&row.version)
        row.user, row.state, row.all_or_nothing, row.count = s.source, LIST_open, r.all_or_nothing != 0, r.count
        row_close(&row.version)
    emit_answer(s, s.source, status, r.tag, 0, 0, False)
    return status


cdef void member_came(State* s, uint16_t status) noexcept nogil:
    """A member has been vetted, with that outcome."""
    cdef uint32_t slot = open_list(s)
    cdef RequestListRow* row = &s.request_list[slot]
    if slot == 0:
        return
    row_open(&row.version)
    row.come += 1
    row_close(&row.version)
    if status != ST_ok and row.all_or_nothing and row.state == LIST_open:
        row.state = LIST_failed
        fail_held(s, s.source)
    if row.come < row.count:
        return
    if row.all_or_nothing and row.state == LIST_open:
        release_held(s, s.source)
    close_list(s, slot)


cdef void spoil_list(State* s, uint16_t user) noexcept nogil:
    """A member of the user's list has been taken out: it can no longer become whole."""
    cdef uint32_t slot
    for slot in range(1, s.header[TABLE_request_list].used):
        if s.request_list[slot].state == LIST_open and s.request_list[slot].user == user:
            row_open(&s.request_list[slot].version)
            s.request_list[slot].state = LIST_failed
            row_close(&s.request_list[slot].version)


cdef void end_spoilt(State* s) noexcept nogil:
    """What lists that were spoilt still hold back ends with them."""
    cdef uint32_t slot
    for slot in range(1, s.header[TABLE_request_list].used):
        if s.request_list[slot].state == LIST_failed:
            fail_held(s, s.request_list[slot].user)


cdef void end_lists(State* s, uint32_t exchange) noexcept nogil:
    """A session has ended: a list that holds a request for it can no longer become whole."""
    cdef uint32_t slot, request
    cdef const RequestRow* r
    for slot in range(1, s.header[TABLE_request_list].used):
        if s.request_list[slot].state != LIST_open:
            continue
        for request in range(1, s.header[TABLE_request].used):
            r = &s.request[request]
            if r.status == RequestStatus_received and r.user == s.request_list[slot].user:
                if s.instrument[s.order[r.order].instrument].exchange == exchange:
                    s.request_list[slot].state = LIST_failed
                    fail_held(s, s.request_list[slot].user)
                    break
