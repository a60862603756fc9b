"""Appends and reads many records without the GIL, as the core does: for benchmarks and stress tests only."""

from libc.stdint cimport uint8_t, uint64_t

from oms._core.journal cimport (
    REFUSED_FULL, JournalCore, JournalState, journal_append, journal_commit, journal_commit_idle, journal_failed,
    journal_safe,
)
from oms._core.journal_reader cimport ReaderCore, reader_next
from oms._core.ring cimport doorbell_wait, monotonic_ns
from oms._core.types cimport Frame


cdef uint64_t load(JournalState* journal, const Frame* record, uint64_t count, uint64_t batch, uint64_t window) \
        noexcept nogil:
    """At most `window` records are appended and not safe; 0: no limit but the buffer."""
    cdef uint64_t started = monotonic_ns()
    cdef uint64_t first = journal.sequence
    cdef uint64_t now = started
    while journal.sequence - first < count and not journal_failed(journal):
        if not journal_append(journal, record, now, 1) and journal.refusal != REFUSED_FULL:
            break
        if journal.sequence % batch == 0 or journal.refusal == REFUSED_FULL:
            journal.refusal = 0
            journal_commit(journal)
            now += 1000
            while window and journal.sequence - journal_safe(journal) >= window and not journal_failed(journal):
                doorbell_wait(&journal.progress, 0, 1000000)
    journal_commit_idle(journal)
    return monotonic_ns() - started


def append_many(JournalCore journal not None, const uint8_t[::1] record not None, uint64_t count, uint64_t batch,
                uint64_t window=0):
    """Appends a record `count` times, with a commit after each `batch`; returns the nanoseconds that it took."""
    cdef uint64_t ns
    with nogil:
        ns = load(journal.state, <const Frame*> &record[0], count, batch, window)
    return ns


def read_many(ReaderCore reader not None):
    """Reads to the end and touches each record; returns how many there were and the nanoseconds that it took."""
    cdef uint64_t count = 0
    cdef uint64_t sequences = 0
    cdef const Frame* frame
    cdef uint64_t ns = monotonic_ns()
    with nogil:
        frame = reader_next(&reader.state)
        while frame:
            count += 1
            sequences += frame.sequence
            frame = reader_next(&reader.state)
    ns = monotonic_ns() - ns
    if sequences != count * (count + 1) // 2:
        raise ValueError("the sequences read are not 1, 2, 3, ...")
    return count, ns
