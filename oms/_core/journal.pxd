# The journal as the core uses it: append, commit, and how far what was appended may be seen outside.
#
# One thread appends and commits. Give records a place with journal_append, apply the copy that it returns, end the
# batch with journal_commit, and let outputs leave when journal_safe has reached the sequence that caused them.

from libc.stdint cimport uint16_t, uint64_t

from oms._core.journal_writer cimport JournalBell, JournalState
from oms._core.ring cimport load_u32, load_u64
from oms._core.types cimport Frame


cpdef enum JournalRefusal:
    REFUSED_NOT                     # nothing was refused
    REFUSED_FULL                    # no room until journal_commit; at least half the buffer is free after one
    REFUSED_FAILED                  # a write failed: end the process
    REFUSED_RECORD                  # not a record: an impossible length, or the journal's own template


# Copies the record, gives it sequence, time (never less than the last), source and checksum. NULL: `refusal` says why.
cdef Frame* journal_append(
    JournalState* journal, const Frame* record, uint64_t time_ns, uint16_t source
) noexcept nogil

# Ends the batch. Waits only while more than half the buffer is in use. 0, or 1 when the journal has failed.
cdef int journal_commit(JournalState* journal) noexcept nogil

# The same for a caller that has nothing else to do: writes here and now if nobody is writing, which spares a wake-up;
# after a write that was slow it leaves the next to the journal thread, until one is not.
cdef int journal_commit_idle(JournalState* journal) noexcept nogil

# The highest sequence that may become visible outside: durable for `batch`, written for `interval` and `none`.
cdef inline uint64_t journal_safe(const JournalState* journal) noexcept nogil:
    return load_u64(&journal.safe)

# How long the write in hand, or the last one, keeps answers waiting beyond slow_ns; 0 = it does not.
cdef inline uint64_t journal_behind(const JournalState* journal, uint64_t now_ns) noexcept nogil:
    cdef uint64_t began = load_u64(&journal.write_began)
    if began and journal.slow_ns and now_ns > began + journal.slow_ns:
        return now_ns - began
    return journal.slow_ns + 1 if load_u32(&journal.slow) else 0

# 1 when a write or flush has failed: nothing more is written or becomes safe, and the owner ends the process.
cdef inline bint journal_failed(const JournalState* journal) noexcept nogil:
    return load_u32(&journal.failed) != 0

# Whether another process has taken the journal over; then it has failed, and nothing may leave any more.
cdef bint journal_deposed(JournalState* journal) noexcept nogil

# Ends the batch and waits until the record is safe. 0, or 1 when the journal has failed.
cdef int wait_until_safe(JournalState* journal, uint64_t sequence) noexcept nogil

# Bytes that can be appended now.
cdef inline uint64_t journal_room(const JournalState* journal) noexcept nogil:
    return journal.ring_bytes - (journal.appended - load_u64(&journal.flushed))


cdef class JournalCore:
    cdef JournalState* state        # valid as long as this object
    cdef public int lock            # file descriptor that is closed with the journal; -1: none
    cdef open_ring(self, uint64_t size)
    cdef release(self)
    cdef check(self)
