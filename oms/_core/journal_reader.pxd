# The journal, mapped for reading: every record is checked before it is handed out. The how is in journal_reader.pyx.

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from oms._core.journal_file cimport Fault, JournalMark, SegmentHeader
from oms._core.types cimport Frame


cpdef enum ReaderStatus:
    READER_READING
    READER_END                      # all is read; of a live journal, all that is committed so far
    READER_TORN                     # all is read; what follows is a torn tail that nobody was told of
    READER_DAMAGED                  # `fault` says what and where


cdef struct ReaderState:
    const uint8_t* cursor           # the next record ...
    const uint8_t* batch_end        # ... of the batch that is verified
    int status                      # ReaderStatus
    Fault fault
    uint64_t from_sequence          # records before are verified but not handed out
    # How far it is verified.
    uint64_t position               # bytes into the segment, behind a commit
    uint64_t sequence               # of the last record verified
    uint64_t time_ns                # of the same
    uint8_t[32] chain
    uint64_t records
    uint64_t commits
    uint64_t segments
    # The segment.
    int directory
    bint live
    bint machine_restarted          # since the marks of this segment were written
    uint64_t last_segment           # there is none after; 0 if live
    int file                        # of the segment, with `map`
    const uint8_t* map
    uint64_t mapped                 # bytes
    uint64_t populated              # bytes that are known to be readable
    uint64_t size_due               # the file's size is looked at again when `position` is here
    SegmentHeader header
    JournalMark[2] marks            # segment 0: the slot is unreadable
    JournalMark mark                # the newer one
    uint8_t[16] boot_id
    uint64_t unsealed_segment       # a segment before, whose roll was interrupted before it was marked; 0: none
    uint64_t bad_marks              # mark slots that are unreadable beside a good one
    uint64_t bad_mark_segment       # where the last of them is
    uint64_t bad_mark_offset
    Fault suspect                   # why the next batch is none
    uint64_t torn_bytes             # from `position` on
    uint64_t lost_sequence          # committed, but not to survive the machine, and gone with it; 0: none


# The next record, in the mapped segment, valid until the next call; NULL: `status` says why.
cdef inline const Frame* reader_next(ReaderState* reader) noexcept nogil:
    cdef const Frame* frame
    while reader.cursor == reader.batch_end:
        if not reader_load(reader):
            return NULL
    frame = <const Frame*> reader.cursor
    reader.cursor += frame.length
    return frame

cdef bint reader_load(ReaderState* reader) noexcept nogil           # verifies one more batch


cdef class ReaderCore:
    cdef ReaderState state
    cdef start(self, list numbers)
    cpdef close(self)
