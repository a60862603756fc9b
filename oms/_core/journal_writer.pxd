# The journal's state, and its half that writes: batches to the segment, marks, rolls, threads.

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from oms._core.journal_file cimport Fault, JournalMark, SegmentHeader
from oms._core.journal_reader cimport ReaderState
from oms._core.ring cimport Doorbell, load_u64


cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass
    ctypedef struct pthread_t:
        pass
    int pthread_mutex_init(pthread_mutex_t* mutex, void* attributes)
    int pthread_mutex_lock(pthread_mutex_t* mutex)
    int pthread_mutex_trylock(pthread_mutex_t* mutex)
    int pthread_mutex_unlock(pthread_mutex_t* mutex)


# Called when `safe` has advanced or the journal has failed, by whichever thread wrote; must not block.
ctypedef void (*JournalBell)(void* argument) noexcept nogil


cdef struct JournalState:
    # Set before the first record.
    int directory
    int durability                  # DURABILITY_BATCH, ...
    uint64_t segment_bytes          # of segments to come
    uint64_t slow_ns                # a write that takes longer is a slow one; 0 = none is
    uint64_t interval_ns            # between flushes, for DURABILITY_INTERVAL
    uint8_t* ring                   # records on their way to the file; mapped twice, so that none is ever split
    uint64_t ring_bytes             # a power of two
    JournalBell bell                # or NULL
    void* bell_argument
    uint8_t[16] boot_id
    const uint64_t* epoch_now       # in the lock file: of whoever took the journal last; NULL: it is not locked
    uint64_t epoch                  # this process's; no longer the same: deposed
    uint8_t[64] pad0

    # The appending thread's.
    uint64_t appended               # ring position behind the last record
    uint64_t sequence               # of the last record appended
    uint64_t time_ns                # of the same
    uint64_t flushed_seen           # what it last saw of `flushed`
    int refusal                     # JournalRefusal: why the last journal_append returned NULL
    uint8_t[64] pad1

    # Between the threads. Ring positions only grow.
    uint64_t committed              # up to here the ring may be written
    uint64_t flushed                # up to here it is in the file
    uint64_t safe                   # highest sequence that may be seen outside
    uint32_t failed                 # 1: `fault` says why; nothing is written any more
    uint32_t stop
    uint32_t slow                   # the last write took longer than slow_ns
    uint64_t write_began            # monotonic: of the write that is in hand; 0 = there is none
    Doorbell work                   # for the journal thread
    Doorbell progress               # for the appending thread
    Fault fault
    uint8_t[64] pad2

    # The writer's: of whoever holds the baton.
    pthread_mutex_t baton
    int file
    uint8_t* head                   # the segment's header and mark slots, mapped
    SegmentHeader header            # of the segment being written
    uint64_t position               # bytes into the segment
    uint64_t begun_in               # the segment that was the present one at the start
    JournalMark mark                # the last one written; its sequence and chain are the journal's
    bint mark_is_dirty              # it would not survive the machine yet
    uint64_t mark_synced_ns         # monotonic
    uint64_t batches
    uint64_t bytes
    uint64_t write_ns               # of all batches
    uint64_t write_ns_max

    # Segments made ahead.
    int32_t prepared                # file descriptor, -1: none
    uint32_t wanted                 # 1: one is asked for
    int32_t prepare_error           # errno of the last attempt
    uint32_t room                   # StorageState: for the segments to come
    Doorbell prepare                # for the preparing thread
    Doorbell ready                  # for the writer
    pthread_t writer_thread
    pthread_t preparing_thread
    uint32_t threads                # how many are running


cdef inline bint writes_inline(const JournalState* journal) noexcept nogil:
    return journal.durability != 1      # DURABILITY_BATCH: written by the journal thread

cdef inline bint is_deposed(const JournalState* journal) noexcept nogil:
    return journal.epoch_now != NULL and load_u64(journal.epoch_now) != journal.epoch

cdef bint journal_begin(JournalState* journal, ReaderState* reader, const uint8_t* store_id) noexcept nogil
cdef void journal_write(JournalState* journal) noexcept nogil         # all that is committed; the caller has the baton
cdef void journal_stop(JournalState* journal) noexcept nogil          # the threads
cdef bint journal_end(JournalState* journal) noexcept nogil           # marks a clean end; after journal_stop
cdef bint journal_fail(JournalState* journal, int code, int error) noexcept nogil
