"""The journal: one thread appends records and commits batches; what is safe may be seen outside.

Owns: sequence numbers, the buffer between the appending thread and the file, the epoch under which it is written, and
the journal's life from start to close. Never: touches a segment itself (journal_writer does), or looks into a record
beyond its Frame.
"""

import fcntl
import os

from libc.errno cimport errno
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from oms._core.journal_file cimport (
    DURABILITY_BATCH, DURABILITY_INTERVAL, DURABILITY_NONE, FAULT_DEPOSED, JOURNAL_HEADER_BYTES, JOURNAL_MIN_SEGMENT,
    frame_crc, frame_length_is_valid, head_map,
)
from oms._core.journal_file import FaultCode, boot_id
from oms._core.journal_reader cimport READER_END, READER_TORN, ReaderCore
from oms._core.journal_writer cimport (
    is_deposed, journal_begin, journal_end, journal_fail, journal_stop, journal_write, pthread_mutex_init,
    pthread_mutex_lock, pthread_mutex_trylock, pthread_mutex_unlock, writes_inline,
)
from oms._core.ring cimport doorbell_ring, doorbell_wait, load_u32, store_u64
from oms._core.storage cimport close_file
from oms._core.types cimport MAX_RECORD_LENGTH, T_JournalCommit


cdef extern from *:
    """
    #include <sys/mman.h>
    """
    enum:
        PROT_NONE
        PROT_READ
        PROT_WRITE
        MAP_ANONYMOUS
        MAP_FIXED
        MAP_POPULATE
        MAP_PRIVATE
        MAP_SHARED
        MFD_CLOEXEC
    void* MAP_FAILED
    int memfd_create(const char* name, unsigned int flags) nogil
    void* mmap(void* address, size_t size, int protection, int flags, int file, long offset) nogil
    int munmap(void* address, size_t size) nogil

cdef enum:
    EPOCH_AT = 64                   # bytes into the lock file; before it, who holds the lock, for people
    LOCK_BYTES = 4096
    WAIT_NS = 100000000             # a waiter looks again after this, should a ring be lost with a failing thread

DURABILITY = {"batch": DURABILITY_BATCH, "interval": DURABILITY_INTERVAL, "none": DURABILITY_NONE}


cdef Frame* journal_append(
    JournalState* journal, const Frame* record, uint64_t time_ns, uint16_t source
) noexcept nogil:
    cdef uint32_t length = record.length
    cdef Frame* frame
    if not frame_length_is_valid(length) or record.template_id <= T_JournalCommit:
        journal.refusal = REFUSED_RECORD
        return NULL
    if journal_failed(journal):
        journal.refusal = REFUSED_FAILED
        return NULL
    if journal.appended + length - journal.flushed_seen > journal.ring_bytes:
        journal.flushed_seen = load_u64(&journal.flushed)
        if journal.appended + length - journal.flushed_seen > journal.ring_bytes:
            journal.refusal = REFUSED_FULL
            return NULL
    frame = <Frame*> (journal.ring + (journal.appended & (journal.ring_bytes - 1)))
    memcpy(frame, record, length)
    journal.sequence += 1
    journal.time_ns = max(journal.time_ns, time_ns)
    frame.sequence = journal.sequence
    frame.time_ns = journal.time_ns
    frame.source = source
    frame.crc32c = frame_crc(frame)
    journal.appended += length
    return frame


cdef int wait_for_room(JournalState* journal) noexcept nogil:
    while journal_room(journal) < journal.ring_bytes / 2 and not journal_failed(journal):
        doorbell_wait(&journal.progress, 0, WAIT_NS)
    return journal_failed(journal)


cdef int journal_commit(JournalState* journal) noexcept nogil:
    if journal.committed != journal.appended:
        store_u64(&journal.committed, journal.appended)
        if writes_inline(journal):
            pthread_mutex_lock(&journal.baton)
            journal_write(journal)
            pthread_mutex_unlock(&journal.baton)
        else:
            doorbell_ring(&journal.work)
    return wait_for_room(journal)


cdef int journal_commit_idle(JournalState* journal) noexcept nogil:
    if writes_inline(journal) or load_u32(&journal.slow) or pthread_mutex_trylock(&journal.baton) != 0:
        return journal_commit(journal)
    store_u64(&journal.committed, journal.appended)
    journal_write(journal)
    pthread_mutex_unlock(&journal.baton)
    return journal_failed(journal)


cdef int wait_until_safe(JournalState* journal, uint64_t sequence) noexcept nogil:
    journal_commit_idle(journal)
    while journal_safe(journal) < sequence and not journal_failed(journal):
        doorbell_wait(&journal.progress, 0, WAIT_NS)
    return journal_failed(journal)


cdef bint journal_deposed(JournalState* journal) noexcept nogil:
    if not is_deposed(journal):
        return False
    pthread_mutex_lock(&journal.baton)
    journal_fail(journal, FAULT_DEPOSED, 0)
    pthread_mutex_unlock(&journal.baton)
    return True


cdef class JournalCore:
    """The journal of one directory. `start` it behind a reader that has read everything, then append.

    durability: "batch", "interval" or "none". segment_bytes: size of new segments, a multiple of 4096. buffer_bytes:
    a power of two. Whoever uses it locks the directory first, and may leave the lock to it. It raises ValueError,
    OSError and RuntimeError; why a journal has failed, `fault` says.
    """

    def __cinit__(self):
        self.state = <JournalState*> calloc(1, sizeof(JournalState))
        if not self.state:
            raise MemoryError
        self.state.directory = self.state.file = self.state.prepared = self.lock = -1
        pthread_mutex_init(&self.state.baton, NULL)

    def __init__(self, directory, durability, uint64_t segment_bytes, uint64_t buffer_bytes, uint64_t interval_ms):
        if self.state.directory >= 0:
            raise ValueError("a journal is opened once")
        if durability not in DURABILITY:
            raise ValueError(f"durability {durability!r} is none of {', '.join(DURABILITY)}")
        if segment_bytes < JOURNAL_MIN_SEGMENT or segment_bytes % JOURNAL_HEADER_BYTES:
            raise ValueError(f"segment_bytes {segment_bytes} is not a multiple of {JOURNAL_HEADER_BYTES} "
                             f"from {JOURNAL_MIN_SEGMENT} on")
        if buffer_bytes < 4 * MAX_RECORD_LENGTH or buffer_bytes & (buffer_bytes - 1):
            raise ValueError(f"buffer_bytes {buffer_bytes} is not a power of two from {4 * MAX_RECORD_LENGTH} on")
        if not 1 <= interval_ms <= 60000:
            raise ValueError(f"interval_ms {interval_ms} is not within 1 to 60000")
        self.state.durability = DURABILITY[durability]
        self.state.segment_bytes = segment_bytes
        self.state.interval_ns = interval_ms * 1000000
        boot = boot_id()
        memcpy(self.state.boot_id, <const uint8_t*> boot, 16)
        self.open_ring(buffer_bytes)
        self.state.directory = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    cdef open_ring(self, uint64_t size):
        """The buffer, mapped twice in a row: a record that crosses its end is still in one piece."""
        cdef void* place
        cdef uint64_t half
        cdef int memory = memfd_create(b"oms-journal", MFD_CLOEXEC)
        if memory < 0:
            raise OSError(errno, "no memory for the journal's buffer")
        try:
            os.ftruncate(memory, size)
            place = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            if place == MAP_FAILED:
                raise OSError(errno, "no memory for the journal's buffer")
            self.state.ring = <uint8_t*> place
            self.state.ring_bytes = size
            for half in (0, size):
                place = mmap(self.state.ring + half, size, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_FIXED | MAP_POPULATE, memory, 0)
                if place == MAP_FAILED:
                    raise OSError(errno, "no memory for the journal's buffer")
        finally:
            os.close(memory)

    def take(self):
        """Makes this process the only writer by the directory itself, whatever becomes of the lock file, and deposes
        whoever wrote before: an epoch above its own goes into the lock file, which every writer has mapped.

        Raises BlockingIOError when another process writes. Call once `lock` is held, before anything is read.
        """
        cdef uint64_t* epoch
        cdef void* place
        fcntl.flock(self.state.directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.posix_fallocate(self.lock, 0, LOCK_BYTES)     # a full disk is told here
        place = mmap(NULL, LOCK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, self.lock, 0)
        if place == MAP_FAILED:
            raise OSError(errno, "cannot map the journal's lock file")
        epoch = <uint64_t*> (<uint8_t*> place + EPOCH_AT)
        self.state.epoch = load_u64(epoch) + 1
        store_u64(epoch, self.state.epoch)
        self.state.epoch_now = epoch

    def lead(self, uint64_t epoch):
        """Goes on under an epoch that is above the present one: the journal knew of a higher one than its lock file."""
        if self.state.epoch_now == NULL or epoch < self.state.epoch or journal_deposed(self.state):
            raise ValueError(f"epoch {epoch} cannot follow {self.state.epoch}")
        self.state.epoch = epoch
        store_u64(<uint64_t*> self.state.epoch_now, epoch)

    def start(self, ReaderCore reader not None, bytes store_id not None):
        """Begins to write behind what `reader` has read; a torn tail that it found becomes zeros.

        store_id: 16 random bytes, used if the journal is new.
        """
        cdef const uint8_t* store = store_id
        cdef bint begun
        if len(store_id) != 16 or self.state.directory < 0 or self.state.file >= 0:
            raise ValueError("a journal is started once, with 16 bytes for its identity")
        if reader.state.status not in (READER_END, READER_TORN) or reader.state.live:
            raise ValueError("the reader has not read a sound journal to its end")
        with nogil:
            begun = journal_begin(self.state, &reader.state, store)
        if not begun:
            raise RuntimeError("the journal cannot be written")

    def append(self, const uint8_t[::1] record not None, uint64_t time_ns, uint16_t source=0):
        """Appends one record (a Frame and what follows) and returns its sequence."""
        cdef const Frame* frame = <const Frame*> &record[0] if record.shape[0] >= <Py_ssize_t> sizeof(Frame) else NULL
        cdef Frame* appended
        self.check()
        if not frame or frame.length != <uint64_t> record.shape[0]:
            raise ValueError(f"a record of {record.shape[0]} bytes does not begin with a Frame of that length")
        appended = journal_append(self.state, frame, time_ns, source)
        if not appended and self.state.refusal == REFUSED_FULL:
            self.commit()
            appended = journal_append(self.state, frame, time_ns, source)
        if not appended and self.state.refusal == REFUSED_RECORD:
            raise ValueError(f"length {frame.length} or template {frame.template_id} is not that of a record")
        if not appended:
            raise RuntimeError("the journal has failed")
        return appended.sequence

    def commit(self):
        """Ends the batch; returns at once unless more than half the buffer is in use."""
        self.check()
        with nogil:
            journal_commit(self.state)

    def flush(self):
        """Ends the batch and waits until it is safe; returns the sequence that is."""
        self.check()
        with nogil:
            wait_until_safe(self.state, self.state.sequence)
        return self.state.safe

    def close(self):
        """Writes what is left, marks a clean end and lets go of the files. A failed journal only lets go."""
        if self.state.file >= 0:
            with nogil:
                wait_until_safe(self.state, self.state.sequence)
                journal_stop(self.state)
                journal_end(self.state)
        self.release()

    cdef release(self):
        journal_stop(self.state)
        for file in (self.state.file, self.state.directory, self.lock):
            if file >= 0:
                close_file(file)
        self.state.file = self.state.directory = self.lock = -1
        head_map(-1, &self.state.head)
        if self.state.epoch_now != NULL:
            munmap(<uint8_t*> self.state.epoch_now - EPOCH_AT, LOCK_BYTES)
            self.state.epoch_now = NULL
        if self.state.ring:
            munmap(self.state.ring, 2 * self.state.ring_bytes)
            self.state.ring = NULL

    def __dealloc__(self):
        if self.state:
            self.release()          # without close(): as after a crash
            free(self.state)

    cdef check(self):
        if self.state.file < 0:
            raise ValueError("the journal is closed")

    @property
    def sequence(self):
        """Of the last record appended; 0 before the first."""
        return self.state.sequence

    @property
    def epoch(self):
        """Above that of every process that wrote before; 0: the journal was not locked."""
        return self.state.epoch

    @property
    def safe(self):
        """The highest sequence that may become visible outside."""
        return journal_safe(self.state)

    @property
    def fault(self):
        """What failed: (FaultCode, errno or 0, segment, offset in bytes, sequence), or None."""
        fault = self.state.fault
        if not journal_failed(self.state):
            return None
        return FaultCode(fault.code), fault.error, fault.segment, fault.offset, fault.sequence

    def facts(self):
        """Figures for `oms stat` and its alarms: how much was written, how long the writes took, what comes next."""
        return {
            "segment": self.state.header.segment,
            "position": self.state.position,
            "batches": self.state.batches,
            "bytes": self.state.bytes,
            "write_ns": self.state.write_ns,
            "write_ns_max": self.state.write_ns_max,
            "next_segment_ready": self.state.prepared >= 0,
            "next_segment_errno": self.state.prepare_error,
            "room": self.state.room,
        }
