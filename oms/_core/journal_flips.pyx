"""Flips every bit of a segment's records and judges each, fast enough to leave none out: for tests only."""

from libc.stdint cimport uint8_t, uint64_t

from oms._core.journal_reader cimport READER_DAMAGED, READER_READING, ReaderCore, ReaderState, reader_load
from oms._core.journal_reader import ReaderStatus


cdef int judged(ReaderState* state) noexcept nogil:
    """Reads on to the end; how that was found."""
    while reader_load(state):
        state.cursor = state.batch_end
    return state.status


def judge_flips(ReaderCore reader not None, uint8_t[::1] data not None):
    """data: the same file as the reader has mapped, writable; one segment. Each bit behind the header is flipped, read
    from the batch that it is in, and flipped back. Returns how many, and those that were not found to be damage:
    (offset, bit, status, last sequence)."""
    cdef ReaderState before, state
    cdef uint64_t offset, end, flips = 0
    cdef int bit, status
    found = []
    while True:
        before = reader.state
        if before.status == READER_READING and reader_load(&reader.state):
            reader.state.cursor = reader.state.batch_end
        end = reader.state.position if reader.state.position > before.position else <uint64_t> data.shape[0]
        for offset in range(before.position, end):
            for bit in range(8):
                data[offset] ^= 1 << bit
                state = before
                status = judged(&state)
                data[offset] ^= 1 << bit
                flips += 1
                if status != READER_DAMAGED:
                    found.append((offset, bit, ReaderStatus(status), state.sequence))
        if end == <uint64_t> data.shape[0]:
            return flips, found
