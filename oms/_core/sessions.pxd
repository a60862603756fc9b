# Users on the bus: how much they may send, and what becomes of their orders when they are gone.
from oms._core.state cimport *

cdef enum:
    GRACE_MAX_S = 60  # the longest that orders are kept for a session that has ended

cdef bint within_rate(State* s, bint counts) noexcept nogil
cdef uint16_t apply_leading(State* s, const Leading* r) noexcept nogil
cdef uint16_t apply_busy_changed(State* s, const BusyChanged* r) noexcept nogil
cdef uint16_t apply_peer_cut_off(State* s, const PeerCutOff* r) noexcept nogil
cdef uint16_t apply_storage_changed(State* s, const StorageChanged* r) noexcept nogil
cdef uint16_t apply_user_lost(State* s, const UserLost* r) noexcept nogil
cdef uint16_t apply_user_back(State* s, const UserBack* r) noexcept nogil
cdef void cancel_overdue(State* s) noexcept nogil
