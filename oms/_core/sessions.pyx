"""Who leads, and users on the bus: how much they may send in a second, and what becomes of their orders when their
session has ended.

Owns the firm's epoch and those fields of the user rows. Time is the record's: a replay counts and cancels as the live
process did.
"""

from oms._core.mass_cancel cimport Scope, Taken, act, gather
from oms._core.outputs cimport alert


cdef bint within_rate(State* s, bint counts) noexcept nogil:
    """May the sender ask once more? False: it has had all of this second. A second begins with the first request after
    the last one ended; what is only checked is not counted."""
    cdef UserRow* u = &s.user[s.source]
    cdef bint begun = s.time_ns < u.rate_until_ns
    if u.max_rate == 0:
        return True
    if begun and u.rate_count >= u.max_rate:
        s.figure, s.limit = u.rate_count + 1, u.max_rate
        return False
    if counts:
        row_open(&u.version)
        if not begun:
            u.rate_until_ns = s.time_ns + 1000000000
            u.rate_count = 0
        u.rate_count += 1
        row_close(&u.version)
    return True


cdef uint16_t apply_leading(State* s, const Leading* r) noexcept nogil:
    """A process has taken the journal over; only it tells."""
    if s.source:
        return ST_permission_denied
    if r.epoch <= s.firm.epoch:
        return ST_epoch_passed
    s.firm.epoch = r.epoch
    return ST_ok


cdef uint16_t apply_storage_changed(State* s, const StorageChanged* r) noexcept nogil:
    """The disk has less room for the journal, or has it again; only the process itself tells."""
    if s.source:
        return ST_permission_denied
    if r.state > StorageState_full:
        return ST_reference_invalid
    s.firm.storage = r.state
    if r.state != StorageState_enough:
        alert(s, EventKind_firm, 1, ST_storage_full if r.state == StorageState_full else ST_storage_low)
    return ST_ok


cdef uint16_t apply_busy_changed(State* s, const BusyChanged* r) noexcept nogil:
    """The process is behind, or has caught up; only it tells. It refuses new orders itself, before the journal."""
    if s.source:
        return ST_permission_denied
    if r.busy > Busy_output_backlog:
        return ST_reference_invalid
    s.firm.busy = r.busy
    s.figure, s.limit = <int64_t>r.figure, <int64_t>r.limit
    alert(s, EventKind_firm, 1, ST_busy if r.busy else ST_at_ease)
    return ST_ok


cdef uint16_t apply_peer_cut_off(State* s, const PeerCutOff* r) noexcept nogil:
    """The bus has ended the session of a peer that did not read; only the process itself tells."""
    if s.source:
        return ST_permission_denied
    if r.user == 0 or r.user >= s.header[TABLE_user].used:
        return ST_reference_invalid
    alert(s, EventKind_user, r.user, ST_consumer_slow)
    return ST_ok


cdef uint16_t apply_user_lost(State* s, const UserLost* r) noexcept nogil:
    """From now on its orders wait for it, as long as it has asked for. Lost twice is lost once."""
    cdef UserRow* u
    if s.source:
        return ST_permission_denied
    if r.user == 0 or r.user >= s.header[TABLE_user].used:
        return ST_reference_invalid
    u = &s.user[r.user]
    row_open(&u.version)
    if u.cancel_on_disconnect and u.cancel_at_ns == 0:
        u.cancel_at_ns = s.time_ns + u.cancel_on_disconnect * <uint64_t>1000000000
        remind(s, u.cancel_at_ns)
    u.online = 0
    row_close(&u.version)
    return ST_ok


cdef uint16_t apply_user_back(State* s, const UserBack* r) noexcept nogil:
    """In time: its orders stay. Too late: they are cancelled first, though no record has come since."""
    cdef UserRow* u
    if s.source:
        return ST_permission_denied
    if r.user == 0 or r.user >= s.header[TABLE_user].used:
        return ST_reference_invalid
    u = &s.user[r.user]
    if u.cancel_at_ns and s.time_ns >= u.cancel_at_ns:
        cancel_of(s, r.user)
    row_open(&u.version)
    u.online = 1
    u.cancel_at_ns = 0
    row_close(&u.version)
    return ST_ok


cdef void cancel_of(State* s, uint16_t user) noexcept nogil:
    """Every live order of a user who did not come back."""
    cdef uint16_t sender = s.source
    cdef Scope scope
    cdef Taken taken
    memset(&scope, 0, sizeof(scope))
    scope.user = user
    s.source = user  # whose cancels they are
    row_open(&s.user[user].version)
    s.user[user].cancel_at_ns = 0
    row_close(&s.user[user].version)
    gather(s, &scope, &taken)
    s.figure, s.limit = taken.cancels, taken.unsent
    if taken.cancels or taken.unsent or taken.left:
        alert(s, EventKind_firm, user, ST_cancelled_on_disconnect)
    act(s, &taken, ST_cancelled_on_disconnect)
    s.source = sender


cdef void cancel_overdue(State* s) noexcept nogil:
    """Whose grace has ended loses its orders; the next one's end is kept as the time to look again."""
    cdef uint32_t slot
    cdef uint64_t at
    for slot in range(1, s.header[TABLE_user].used):
        at = s.user[slot].cancel_at_ns
        if at and at <= s.time_ns:
            cancel_of(s, <uint16_t>slot)
        elif at:
            remind(s, at)
