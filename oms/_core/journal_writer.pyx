"""The journal's writing half: batches go to the segment with their commit, marks follow, segments roll.

Owns: everything that touches the files, and the two threads: the journal thread (flushes, marks) and the preparing
thread (zeros the next segment). Never: takes the GIL, retries a failed write, or advances `safe` before its words hold.
Whoever holds the baton is the writer: the journal thread, or the appending thread itself.
"""

from libc.errno cimport EINTR, ENOENT, errno
from libc.string cimport memcpy, memset

from oms._core.journal_file cimport (
    DURABILITY_BATCH, DURABILITY_INTERVAL, DURABILITY_NONE, FAULT_DEPOSED, FAULT_READ, FAULT_ROLL, FAULT_WRITE,
    JOURNAL_FLUSH_BYTES, JOURNAL_HEADER_BYTES, MARK_CLOSED, MARK_OPEN, MARK_ROLLED, PREPARED, frame_crc, head_map,
    mark_is_whole, mark_offset, mark_seal, mark_store, mark_write, segment_install, segment_name, segment_zeroed,
    sha256_chain, write_parts, write_zeros,
)
from oms._core.ring cimport doorbell_ring, doorbell_wait, load_u32, load_u64, monotonic_ns, store_u32, store_u64
from oms._core.storage cimport (
    O_CLOEXEC, O_RDWR, close_file, dup, iovec, storage_flush, storage_open, storage_read, storage_stored,
    storage_unlink,
)
from oms._core.types cimport (
    SCHEMA_VERSION, Frame, JournalCommit, StorageState_enough, StorageState_full, StorageState_low, T_JournalCommit,
)


cdef extern from *:
    """
    #include <fcntl.h>
    #include <pthread.h>
    #include <signal.h>
    #include <sys/statvfs.h>

    #define another(file) fcntl(file, F_DUPFD_CLOEXEC, 0)

    /* That this user may still write; as good as endless where the system does not tell. */
    static uint64_t free_bytes(int directory) {
        struct statvfs found;
        return fstatvfs(directory, &found) ? UINT64_MAX : (uint64_t) found.f_bavail * found.f_frsize;
    }

    /* A thread that gets no signals: they are the main thread's. */
    static int quiet_thread(pthread_t *thread, void *(*run)(void *), void *argument) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int error = pthread_create(thread, NULL, run, argument);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return error;
    }
    """
    int another(int file) nogil
    uint64_t free_bytes(int directory) nogil
    int quiet_thread(pthread_t* thread, void* (*run)(void*) noexcept nogil, void* argument) nogil
    int pthread_join(pthread_t thread, void** result) nogil

cdef enum:
    MARK_SYNC_NS = 50000000         # a mark survives the machine after twice this at the latest
    PREPARE_AT = 4                  # the next segment is made when a quarter of this one is used


cdef bint journal_fail(JournalState* journal, int code, int error) noexcept nogil:
    """The first failure is kept; nothing is written after. Always False."""
    if not load_u32(&journal.failed):
        journal.fault.code = code
        journal.fault.error = error
        journal.fault.segment = journal.header.segment + (1 if code == FAULT_ROLL else 0)
        journal.fault.offset = 0 if code == FAULT_ROLL else journal.position
        journal.fault.sequence = journal.mark.sequence + 1
        store_u32(&journal.failed, 1)
    doorbell_ring(&journal.progress)
    if journal.bell:
        journal.bell(journal.bell_argument)
    return False


cdef bint mark_put(JournalState* journal, bint durable) noexcept nogil:
    """Writes the mark as it now stands; durable: with a flush of its own, else without a system call."""
    cdef int error
    if load_u32(&journal.failed):
        return False
    if is_deposed(journal):
        return journal_fail(journal, FAULT_DEPOSED, 0)
    if not durable:
        journal.mark.number += 1
        mark_seal(&journal.mark)
        mark_store(journal.head + mark_offset(journal.mark.number), &journal.mark)
        storage_stored(journal.file, &journal.mark, mark_offset(journal.mark.number))
        journal.mark_is_dirty = True
        return True
    error = mark_write(journal.file, &journal.mark)
    if error:
        return journal_fail(journal, FAULT_WRITE, error)
    journal.mark_is_dirty = False
    journal.mark_synced_ns = monotonic_ns()
    return True


cdef bint marks_put(JournalState* journal, int state) noexcept nogil:
    """Both slots say the same, durably: from here on a single unreadable slot loses nothing."""
    journal.mark.state = state
    journal.mark.synced_sequence = journal.mark.sequence
    return mark_put(journal, True) and mark_put(journal, True)


# Segments

cdef void next_segment_wanted(JournalState* journal) noexcept nogil:
    if load_u32(<uint32_t*> &journal.prepared) == <uint32_t> -1 and not load_u32(&journal.wanted):
        store_u32(&journal.wanted, 1)
        doorbell_ring(&journal.prepare)


cdef bint look_for_room(JournalState* journal) noexcept nogil:
    """Tells before it is too late: the next segment is there, and the disk has room for one more; low: it has not;
    full: the next one could not be made. True: it can be tried again, for nothing of the journal is in it."""
    cdef bint ready = load_u32(<uint32_t*> &journal.prepared) != <uint32_t> -1
    cdef uint64_t free = free_bytes(journal.directory)
    if not ready and journal.prepare_error:
        store_u32(&journal.room, StorageState_full)
        return free >= journal.segment_bytes
    elif free < journal.segment_bytes * (1 if ready else 2):
        store_u32(&journal.room, StorageState_low)
    else:
        store_u32(&journal.room, StorageState_enough)
    return False


cdef void* prepare_segments(void* argument) noexcept nogil:
    """The preparing thread. It keeps one descriptor for the next file: peers who take all others do not stop the
    journal."""
    cdef JournalState* journal = <JournalState*> argument
    cdef int file = -1, kept = -1
    cdef bint again = False
    while not load_u32(&journal.stop):
        if again or load_u32(&journal.wanted):
            close_file(kept)
            kept = -1
            journal.prepare_error = segment_zeroed(
                journal.directory, journal.segment_bytes, journal.durability == DURABILITY_BATCH, &journal.stop, &file
            )
            if not journal.prepare_error:
                store_u32(<uint32_t*> &journal.prepared, <uint32_t> file)
            store_u32(&journal.wanted, 0)
            doorbell_ring(&journal.ready)
        again = look_for_room(journal)
        if kept < 0:
            kept = another(journal.directory)
        doorbell_wait(&journal.prepare, 0, 1000000000)
    close_file(kept)
    return NULL


cdef bint segment_start(JournalState* journal, int file) noexcept nogil:
    """Makes the prepared file the segment after the present one; its chain goes on from the mark."""
    cdef int error
    journal.header.segment += 1
    journal.header.segment_bytes = journal.segment_bytes
    journal.header.first_sequence = journal.mark.sequence + 1
    memcpy(journal.header.previous_chain, journal.mark.chain, 32)
    journal.mark.segment = journal.header.segment
    journal.mark.state = MARK_OPEN
    journal.mark.number = 0
    error = segment_install(journal.directory, file, &journal.header, &journal.mark)
    if not error:
        error = head_map(file, &journal.head)
    if error:
        journal.header.segment -= 1
        return journal_fail(journal, FAULT_ROLL, error)
    journal.file = file
    journal.position = JOURNAL_HEADER_BYTES
    return True


cdef bint segment_roll(JournalState* journal) noexcept nogil:
    """The present segment is full: its end is made durable, the next one started, then this one marked as rolled."""
    cdef JournalMark mark
    cdef int file = journal.file
    cdef int error
    next_segment_wanted(journal)
    while load_u32(&journal.wanted) and not load_u32(&journal.stop):
        doorbell_wait(&journal.ready, 0, 100000000)
    if journal.prepared < 0:
        return journal_fail(journal, FAULT_ROLL, journal.prepare_error or EINTR)
    if journal.durability == DURABILITY_INTERVAL:
        if storage_flush(file) < 0:
            return journal_fail(journal, FAULT_WRITE, errno)
        journal.mark.synced_sequence = journal.mark.sequence
    mark = journal.mark
    if not segment_start(journal, journal.prepared):
        return False
    store_u32(<uint32_t*> &journal.prepared, <uint32_t> -1)
    mark.state = MARK_ROLLED
    error = mark_write(file, &mark)
    if not error:
        error = mark_write(file, &mark)
    close_file(file)
    return journal_fail(journal, FAULT_WRITE, error) if error else True


# Slow writes

cdef inline uint64_t begin_write(JournalState* journal) noexcept nogil:
    """The appending thread sees how long it takes while it does."""
    cdef uint64_t now_ns = monotonic_ns()
    store_u64(&journal.write_began, now_ns)
    return now_ns


cdef inline uint64_t end_write(JournalState* journal, uint64_t began) noexcept nogil:
    """How long it took."""
    cdef uint64_t took = monotonic_ns() - began
    store_u64(&journal.write_began, 0)
    store_u32(&journal.slow, journal.slow_ns != 0 and took > journal.slow_ns)
    return took


# Batches

cdef struct Batch:
    const uint8_t* records
    uint64_t bytes
    uint64_t count
    uint64_t time_ns                # of its last record


cdef bint batch_take(JournalState* journal, Batch* batch) noexcept nogil:
    """The committed records that go into one batch, as many as the segment has room for. False: not even one."""
    cdef uint64_t start = journal.flushed
    cdef uint64_t end = load_u64(&journal.committed)
    cdef uint64_t used = journal.position + sizeof(JournalCommit)
    cdef uint64_t room = 0
    cdef const Frame* frame
    if used < journal.header.segment_bytes:
        room = min(<uint64_t> JOURNAL_FLUSH_BYTES, journal.header.segment_bytes - used)
    batch.records = journal.ring + (start & (journal.ring_bytes - 1))
    batch.bytes = batch.count = batch.time_ns = 0
    while start + batch.bytes < end:
        frame = <const Frame*> (batch.records + batch.bytes)
        if batch.bytes + frame.length > room:
            break
        batch.bytes += frame.length
        batch.count += 1
        batch.time_ns = frame.time_ns
    return batch.count != 0


cdef bint batch_write(JournalState* journal, const Batch* batch) noexcept nogil:
    """One write: the records and their commit. Then the mark says so."""
    cdef JournalCommit commit
    cdef iovec[2] parts
    cdef bint durable = journal.durability == DURABILITY_BATCH
    cdef int error
    memset(&commit, 0, sizeof(commit))
    memcpy(commit.chain, journal.mark.chain, 32)
    sha256_chain(commit.chain, batch.records, batch.bytes)
    commit.frame.length = sizeof(JournalCommit)
    commit.frame.template_id = T_JournalCommit
    commit.frame.schema_version = SCHEMA_VERSION
    commit.frame.sequence = journal.mark.sequence + batch.count
    commit.frame.time_ns = batch.time_ns
    commit.count = <uint32_t> batch.count
    commit.batch_bytes = <uint32_t> batch.bytes
    commit.first_sequence = journal.mark.sequence + 1
    commit.frame.crc32c = frame_crc(&commit.frame)
    parts[0].iov_base = <void*> batch.records
    parts[0].iov_len = batch.bytes
    parts[1].iov_base = &commit
    parts[1].iov_len = sizeof(commit)
    error = write_parts(journal.file, parts, 2, journal.position, durable)
    if error:
        return journal_fail(journal, FAULT_WRITE, error)
    journal.position += batch.bytes + sizeof(commit)
    journal.mark.sequence = commit.frame.sequence
    memcpy(journal.mark.chain, commit.chain, 32)
    if durable:
        journal.mark.synced_sequence = journal.mark.sequence
    return mark_put(journal, False)


cdef bint batch_pass(JournalState* journal) noexcept nogil:
    """Writes one batch of what is committed, and says that it is safe. False: there is none, or it failed."""
    cdef Batch batch
    cdef uint64_t began, took
    if load_u32(&journal.failed) or load_u64(&journal.committed) == journal.flushed:
        return False
    if is_deposed(journal):
        return journal_fail(journal, FAULT_DEPOSED, 0)
    began = begin_write(journal)
    if not batch_take(journal, &batch) and not (segment_roll(journal) and batch_take(journal, &batch)):
        return False
    if not batch_write(journal, &batch):
        return False
    took = end_write(journal, began)
    journal.batches += 1
    journal.bytes += batch.bytes
    journal.write_ns += took
    journal.write_ns_max = max(journal.write_ns_max, took)
    store_u64(&journal.flushed, journal.flushed + batch.bytes)
    store_u64(&journal.safe, journal.mark.sequence)         # after the mark: what was seen outside is marked
    doorbell_ring(&journal.progress)
    if journal.bell:
        journal.bell(journal.bell_argument)
    if journal.position > journal.header.segment_bytes / PREPARE_AT and not journal.prepare_error:
        next_segment_wanted(journal)
    return True


cdef void journal_write(JournalState* journal) noexcept nogil:
    while batch_pass(journal):
        pass


# The journal thread

cdef void mark_sync(JournalState* journal) noexcept nogil:
    """The mark survives the machine before long; after `safe`, so that no record waits for a second flush."""
    cdef uint64_t began
    if journal.mark_is_dirty and monotonic_ns() - journal.mark_synced_ns >= MARK_SYNC_NS:
        began = begin_write(journal)
        mark_put(journal, True)
        end_write(journal, began)


cdef void* write_batches(void* argument) noexcept nogil:
    """DURABILITY_BATCH: writes what is committed while the next batch fills; everything before it stops."""
    cdef JournalState* journal = <JournalState*> argument
    while not load_u32(&journal.failed):
        if load_u64(&journal.committed) != load_u64(&journal.flushed):
            pthread_mutex_lock(&journal.baton)
            batch_pass(journal)
            mark_sync(journal)
            pthread_mutex_unlock(&journal.baton)
        elif load_u32(&journal.stop):
            break
        elif not doorbell_wait(&journal.work, 0, MARK_SYNC_NS):
            pthread_mutex_lock(&journal.baton)
            mark_sync(journal)
            pthread_mutex_unlock(&journal.baton)
    return NULL


cdef void interval_flush(JournalState* journal) noexcept nogil:
    """Flushes without the baton, so that the appending thread can go on writing."""
    cdef uint64_t sequence
    cdef uint64_t number
    cdef int file = -1
    cdef int error = 0
    pthread_mutex_lock(&journal.baton)
    sequence = journal.mark.sequence
    number = journal.mark.number
    if sequence > journal.mark.synced_sequence or journal.mark_is_dirty:
        file = dup(journal.file)
        error = errno if file < 0 else 0
    pthread_mutex_unlock(&journal.baton)
    if file >= 0:
        error = errno if storage_flush(file) < 0 else 0
        close_file(file)
    elif not error:
        return
    pthread_mutex_lock(&journal.baton)
    if error:
        journal_fail(journal, FAULT_WRITE, error)
    elif sequence > journal.mark.synced_sequence:
        journal.mark.synced_sequence = sequence
        mark_put(journal, False)
    elif number == journal.mark.number:
        journal.mark_is_dirty = False
    pthread_mutex_unlock(&journal.baton)


cdef void* flush_intervals(void* argument) noexcept nogil:
    """DURABILITY_INTERVAL: flushes what the appending thread has written, every interval."""
    cdef JournalState* journal = <JournalState*> argument
    while not load_u32(&journal.stop) and not load_u32(&journal.failed):
        doorbell_wait(&journal.work, 0, journal.interval_ns)
        interval_flush(journal)
    return NULL


# Beginning and end

cdef bint threads_start(JournalState* journal) noexcept nogil:
    cdef int error = quiet_thread(&journal.preparing_thread, prepare_segments, journal)
    if not error:
        journal.threads = 1
        if journal.durability == DURABILITY_BATCH:
            error = quiet_thread(&journal.writer_thread, write_batches, journal)
        elif journal.durability == DURABILITY_INTERVAL:
            error = quiet_thread(&journal.writer_thread, flush_intervals, journal)
        else:
            return True
    if error:
        return journal_fail(journal, FAULT_ROLL, error)
    journal.threads = 2
    return True


cdef bint segments_synced(JournalState* journal, uint64_t first) noexcept nogil:
    """Makes durable what DURABILITY_NONE left in memory, from segment `first` to the one before the present."""
    cdef char[32] name
    cdef int error = 0
    cdef int file
    while first < journal.header.segment and not error:
        segment_name(first, name)
        file = storage_open(journal.directory, name, O_RDWR | O_CLOEXEC)
        if file >= 0:
            error = errno if storage_flush(file) < 0 else 0
            close_file(file)
        elif errno != ENOENT:               # moved to an archive
            error = errno
        first += 1
    return journal_fail(journal, FAULT_WRITE, error) if error else True


cdef bint roll_is_marked(JournalState* journal, uint64_t segment) noexcept nogil:
    """Marks the segment before this one as rolled, which a crash had prevented."""
    cdef JournalMark mark = journal.mark
    cdef JournalMark found
    cdef char[32] name
    cdef int error = 0
    cdef int file
    segment_name(segment, name)
    file = storage_open(journal.directory, name, O_RDWR | O_CLOEXEC)
    if file < 0:
        return journal_fail(journal, FAULT_READ, errno)
    mark.number = 0
    for slot in range(2):
        if storage_read(file, &found, sizeof(found), mark_offset(slot)) == sizeof(found) and mark_is_whole(&found):
            mark.number = max(mark.number, found.number)
    mark.segment = segment
    mark.state = MARK_ROLLED
    mark.sequence = mark.synced_sequence = journal.header.first_sequence - 1
    memcpy(mark.chain, journal.header.previous_chain, 32)
    for _ in range(2):
        if not error:
            error = mark_write(file, &mark)
    close_file(file)
    return journal_fail(journal, FAULT_WRITE, error) if error else True


cdef bint journal_resume(JournalState* journal, ReaderState* reader) noexcept nogil:
    """Goes on behind the last record that the reader verified; a torn tail becomes zeros."""
    cdef char[32] name
    cdef int error = 0
    journal.header = reader.header
    journal.mark = reader.mark
    journal.position = reader.position
    journal.mark.sequence = reader.sequence
    journal.mark.durability = journal.durability
    memcpy(journal.mark.chain, reader.chain, 32)
    memcpy(journal.mark.boot_id, journal.boot_id, 16)
    segment_name(journal.header.segment, name)
    journal.file = storage_open(journal.directory, name, O_RDWR | O_CLOEXEC)
    if journal.file < 0:
        return journal_fail(journal, FAULT_READ, errno)
    if reader.torn_bytes:
        error = write_zeros(journal.file, journal.position, reader.torn_bytes)
    if not error and storage_flush(journal.file) < 0:
        error = errno
    if not error:
        error = head_map(journal.file, &journal.head)
    if error:
        return journal_fail(journal, FAULT_WRITE, error)
    if reader.mark.durability == DURABILITY_NONE and not segments_synced(journal, 1):
        return False
    if reader.unsealed_segment and not roll_is_marked(journal, reader.unsealed_segment):
        return False
    return marks_put(journal, MARK_OPEN)


cdef bint journal_create(JournalState* journal, const uint8_t* store_id) noexcept nogil:
    """The first segment of a new journal."""
    cdef int file = -1
    cdef int error
    memcpy(journal.header.store_id, store_id, 16)
    sha256_chain(journal.mark.chain, store_id, 16)
    journal.mark.durability = journal.durability
    memcpy(journal.mark.boot_id, journal.boot_id, 16)
    error = segment_zeroed(
        journal.directory, journal.segment_bytes, journal.durability == DURABILITY_BATCH, &journal.stop, &file
    )
    if error:
        return journal_fail(journal, FAULT_ROLL, error)
    return segment_start(journal, file)


cdef bint journal_begin(JournalState* journal, ReaderState* reader, const uint8_t* store_id) noexcept nogil:
    """Ready for the first record, behind what the reader has read to its end; store_id is for a new journal."""
    storage_unlink(journal.directory, PREPARED)
    if not (journal_resume(journal, reader) if reader.header.segment else journal_create(journal, store_id)):
        return False
    journal.sequence = journal.safe = journal.mark.sequence
    journal.time_ns = reader.time_ns
    journal.begun_in = journal.header.segment
    if not threads_start(journal):
        return False
    if journal.header.schema_version < SCHEMA_VERSION:
        return segment_roll(journal)        # so that an older program refuses what it cannot read
    return True


cdef void journal_stop(JournalState* journal) noexcept nogil:
    store_u32(&journal.stop, 1)
    doorbell_ring(&journal.work)
    doorbell_ring(&journal.prepare)
    if journal.threads > 0:
        pthread_join(journal.preparing_thread, NULL)
    if journal.threads > 1:
        pthread_join(journal.writer_thread, NULL)
    journal.threads = 0
    if journal.prepared >= 0:
        close_file(journal.prepared)
        storage_unlink(journal.directory, PREPARED)
        journal.prepared = -1


cdef bint journal_end(JournalState* journal) noexcept nogil:
    if load_u32(&journal.failed) or load_u64(&journal.committed) != journal.flushed:
        return False
    if journal.durability == DURABILITY_NONE and not segments_synced(journal, journal.begun_in):
        return False
    if storage_flush(journal.file) < 0:
        return journal_fail(journal, FAULT_WRITE, errno)
    return marks_put(journal, MARK_CLOSED)
