"""The journal, mapped for reading: a batch is checked as a whole, then its records are handed out in place.

Owns: what counts as whole, as damaged, and as a torn tail. Never: writes, skips a record, or trusts one beyond the mark
of a live journal. Why each rule holds is in docs/reference/journal-format.md.
"""

import os
import re

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.errno cimport EFAULT, EINVAL, EIO, ENOENT, errno
from libc.string cimport memcmp, memcpy, memset, strlen

from oms._core.journal_file cimport (
    DURABILITY_BATCH, FAULT_BATCH, FAULT_CHAIN, FAULT_CRC, FAULT_FOREIGN, FAULT_FORMAT, FAULT_HEADER, FAULT_LENGTH,
    FAULT_LINK, FAULT_MARK, FAULT_MARKS, FAULT_NONE, FAULT_NOT_ZERO, FAULT_NUMBER, FAULT_READ,
    FAULT_SEGMENT_MISSING, FAULT_SEGMENT_SIZE, FAULT_SEQUENCE, FAULT_SHORT, FAULT_TIME, JOURNAL_FLUSH_BYTES,
    JOURNAL_FORMAT, JOURNAL_HEADER_BYTES, JOURNAL_MARK_OFFSET, JOURNAL_MIN_SEGMENT, JOURNAL_SECTOR,
    MARK_CLOSED, MARK_OPEN, MARK_ROLLED, frame_crc,
    frame_length_is_valid, header_is_whole, is_zero, mark_is_unfinished, mark_is_whole, segment_name,
    sha256_chain,
)
from oms._core.journal_file import FaultCode, boot_id
from oms._core.storage cimport O_CLOEXEC, O_RDONLY, close_file, storage_open, storage_populate, storage_read
from oms._core.types cimport MAX_RECORD_LENGTH, SCHEMA_VERSION, JournalCommit, T_JournalCommit


cdef extern from "<sys/mman.h>" nogil:
    enum:
        PROT_READ
        MAP_SHARED
    void* MAP_FAILED
    void* mmap(void* address, size_t size, int protection, int flags, int file, long offset)
    int munmap(void* address, size_t size)

cdef extern from "<sys/stat.h>" nogil:
    cdef struct file_stat "stat":
        long st_size
    int fstat(int file, file_stat* found)

SEGMENT = re.compile(r"(\d{8,})\.journal$")

cdef const char* ARCHIVE = b"archive/"

cdef enum:
    WINDOW = 2097152            # bytes made present at a time: more than a batch
    SIZE_EVERY = 65536          # bytes read between two looks at the file's size; a live reader looks each time


cdef bint damaged(ReaderState* reader, int code, uint64_t segment, uint64_t offset, int error=0) noexcept nogil:
    """Always False, so that it can be returned."""
    reader.status = READER_DAMAGED
    reader.fault.code = code
    reader.fault.error = error
    reader.fault.segment = segment
    reader.fault.offset = offset
    reader.fault.sequence = reader.sequence + 1
    return False


cdef bint suspected(ReaderState* reader, int code, uint64_t offset, uint64_t sequence) noexcept nogil:
    """Notes why there is no further batch; always False. Whether it is damage, segment_end decides."""
    reader.suspect.code = code
    reader.suspect.offset = offset
    reader.suspect.sequence = sequence
    return False


cdef bint populate(ReaderState* reader, uint64_t end) noexcept nogil:
    """Makes the map present up to `end` at least: a read error is told here instead of killing the process later."""
    cdef uint64_t start = reader.populated
    if start >= end or start >= reader.mapped:
        return True
    end = min((end + WINDOW - 1) / WINDOW * WINDOW, reader.mapped)
    if storage_populate(<void*> (reader.map + start), end - start) < 0 and errno != EINVAL:
        return damaged(reader, FAULT_READ, reader.header.segment, start, EIO if errno == EFAULT else errno)
    reader.populated = end
    return True


cdef bint has_size(ReaderState* reader) noexcept nogil:
    """Whether the file is still as long as it was mapped: touching what is cut off would kill the process."""
    cdef file_stat found
    if reader.position < reader.size_due and not reader.live:
        return True
    reader.size_due = reader.position + SIZE_EVERY
    if fstat(reader.file, &found) < 0:
        return damaged(reader, FAULT_READ, reader.header.segment, 0, errno)
    if <uint64_t> found.st_size != reader.mapped:
        return damaged(reader, FAULT_SEGMENT_SIZE, reader.header.segment, found.st_size)
    return True


cdef void marks_read(ReaderState* reader) noexcept nogil:
    """The mark slots as they are now. `mark` stays as it was if neither is newer: the writer may be at one of them."""
    cdef JournalMark* mark
    cdef int i
    for i in range(2):
        mark = &reader.marks[i]
        memcpy(mark, reader.map + JOURNAL_MARK_OFFSET + i * JOURNAL_SECTOR, sizeof(JournalMark))
        if not mark_is_whole(mark) or mark.segment != reader.header.segment or mark.number % 2 != <uint64_t> i:
            mark.segment = 0
        elif mark.number > reader.mark.number:
            reader.mark = mark[0]


cdef bint marks_open(ReaderState* reader) noexcept nogil:
    """The marks of a segment just mapped: at least one is whole, and those at its very beginning agree with it."""
    cdef uint64_t segment = reader.header.segment
    cdef uint64_t offset
    cdef int i
    memset(&reader.mark, 0, sizeof(JournalMark))
    marks_read(reader)
    if not reader.mark.segment:
        return damaged(reader, FAULT_MARKS, segment, JOURNAL_MARK_OFFSET)
    reader.machine_restarted = memcmp(reader.mark.boot_id, reader.boot_id, 16) != 0
    for i in range(2):
        offset = JOURNAL_MARK_OFFSET + i * JOURNAL_SECTOR
        if not reader.marks[i].segment:
            if not reader.live and not (reader.mark.state == MARK_OPEN and mark_is_unfinished(&reader.marks[i])):
                reader.bad_marks += 1
                reader.bad_mark_segment = segment
                reader.bad_mark_offset = offset
        elif not mark_agrees(reader, &reader.marks[i], reader.sequence, reader.sequence):
            return damaged(reader, FAULT_MARK, segment, offset)
    return True


cdef bint mark_agrees(ReaderState* reader, JournalMark* mark, uint64_t first, uint64_t last) noexcept nogil:
    """Whether a mark may stand beside a batch (first, last] that brings the chain to what it is."""
    if mark.sequence == last:
        return memcmp(mark.chain, reader.chain, 32) == 0
    return mark.sequence > last or (mark.sequence <= first and first != last)


cdef int segment_file(int directory, uint64_t segment) noexcept nogil:
    """Opens a segment, in the journal's directory or in its archive; -1: errno says why not."""
    cdef char[40] name
    cdef char* alone = name + strlen(ARCHIVE)
    cdef int file
    memcpy(name, ARCHIVE, strlen(ARCHIVE))
    segment_name(segment, alone)
    file = storage_open(directory, alone, O_RDONLY | O_CLOEXEC)
    if file < 0 and errno == ENOENT:
        file = storage_open(directory, name, O_RDONLY | O_CLOEXEC)
    return file


cdef int header_read(int directory, uint64_t segment, SegmentHeader* header, int* error) noexcept nogil:
    """A segment's header, checked by itself: a FaultCode."""
    cdef ssize_t size
    cdef int file = segment_file(directory, segment)
    if file < 0:
        error[0] = errno
        return FAULT_SEGMENT_MISSING if errno == ENOENT else FAULT_READ
    size = storage_read(file, header, sizeof(SegmentHeader), 0)
    error[0] = errno if size < 0 else 0
    close_file(file)
    if size < 0:
        return FAULT_READ
    if size < <ssize_t> sizeof(SegmentHeader):
        return FAULT_SEGMENT_SIZE
    if not header_is_whole(header):
        return FAULT_HEADER
    if header.format > JOURNAL_FORMAT or header.schema_version > SCHEMA_VERSION:
        return FAULT_FORMAT
    if header.segment_bytes < JOURNAL_MIN_SEGMENT or header.segment_bytes % JOURNAL_HEADER_BYTES:
        return FAULT_HEADER
    return FAULT_NONE


cdef int header_fits(ReaderState* reader, SegmentHeader* header, uint64_t segment) noexcept nogil:
    """Whether this header is the one that must follow: a FaultCode."""
    cdef uint8_t[32] chain
    cdef bint first = not reader.header.segment
    if not first and memcmp(header.store_id, reader.header.store_id, 16):
        return FAULT_FOREIGN
    if header.segment != segment:
        return FAULT_NUMBER
    if first:
        reader.sequence = header.first_sequence - 1
        memcpy(reader.chain, header.previous_chain, 32)
    if header.first_sequence != reader.sequence + 1 or memcmp(header.previous_chain, reader.chain, 32):
        return FAULT_LINK
    if segment == 1:
        memset(chain, 0, 32)
        sha256_chain(chain, header.store_id, 16)
        if header.first_sequence != 1 or memcmp(header.previous_chain, chain, 32):
            return FAULT_LINK
    return FAULT_NONE


cdef bint segment_map(ReaderState* reader, uint64_t segment, uint64_t size) noexcept nogil:
    """Maps the segment in place of the last; its file must have the size."""
    cdef file_stat found
    cdef void* map
    cdef int file = segment_file(reader.directory, segment)
    if file < 0:
        return damaged(reader, FAULT_READ, segment, 0, errno)
    if fstat(file, &found) == 0 and <uint64_t> found.st_size != size:
        close_file(file)
        return damaged(reader, FAULT_SEGMENT_SIZE, segment, found.st_size)
    map = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0)
    if map == MAP_FAILED:
        close_file(file)
        return damaged(reader, FAULT_READ, segment, 0, errno)
    segment_unmap(reader)
    reader.file = file
    reader.map = <const uint8_t*> map
    reader.mapped = size
    reader.populated = 0
    reader.size_due = SIZE_EVERY
    return True


cdef void segment_unmap(ReaderState* reader) noexcept nogil:
    if reader.map:
        munmap(<void*> reader.map, reader.mapped)
        close_file(reader.file)
        reader.map = NULL


cdef bint segment_open(ReaderState* reader, uint64_t segment) noexcept nogil:
    cdef SegmentHeader header
    cdef uint64_t after_marks = JOURNAL_MARK_OFFSET + 2 * JOURNAL_SECTOR
    cdef int error = 0
    cdef int code = header_read(reader.directory, segment, &header, &error)
    if not code:
        code = header_fits(reader, &header, segment)
    if code:
        return damaged(reader, code, segment, 0, error)
    if not segment_map(reader, segment, header.segment_bytes):
        return False
    reader.header = header
    reader.position = JOURNAL_HEADER_BYTES
    reader.segments += 1
    if not populate(reader, JOURNAL_HEADER_BYTES):
        return False
    if not is_zero(reader.map + after_marks, JOURNAL_HEADER_BYTES - after_marks):
        return damaged(reader, FAULT_NOT_ZERO, segment, after_marks)
    return marks_open(reader)


cdef bint batch_load(ReaderState* reader) noexcept nogil:
    """Verifies the next batch. False: there is none that is whole, and `suspect` says why (or it is damage already)."""
    cdef uint64_t start = reader.position
    cdef uint64_t offset = start
    cdef uint64_t sequence = reader.sequence
    cdef uint64_t time_ns = reader.time_ns
    cdef const Frame* frame
    while True:
        if not populate(reader, min(offset + MAX_RECORD_LENGTH, reader.mapped)):
            return False
        frame = <const Frame*> (reader.map + offset)
        if offset + sizeof(Frame) > reader.mapped or not frame_length_is_valid(frame.length) \
                or offset + frame.length > reader.mapped:
            return suspected(reader, FAULT_LENGTH, offset, sequence + 1)
        if frame_crc(frame) != frame.crc32c:
            return suspected(reader, FAULT_CRC, offset, sequence + 1)
        if frame.time_ns < time_ns:
            return suspected(reader, FAULT_TIME, offset, sequence + 1)
        time_ns = frame.time_ns
        if frame.template_id == T_JournalCommit:
            break
        sequence += 1
        if frame.sequence != sequence:
            return suspected(reader, FAULT_SEQUENCE, offset, sequence)
        offset += frame.length
        if offset - start > JOURNAL_FLUSH_BYTES:
            return suspected(reader, FAULT_BATCH, start, reader.sequence + 1)
    if not commit_describes(reader, <const JournalCommit*> frame, offset - start, sequence):
        return suspected(reader, FAULT_BATCH, offset, sequence)
    return batch_accept(reader, <const JournalCommit*> frame, offset, sequence)


cdef bint commit_describes(
    ReaderState* reader, const JournalCommit* commit, uint64_t batch_bytes, uint64_t sequence
) noexcept nogil:
    cdef const Frame* last = &commit.frame
    return (
        last.length == sizeof(JournalCommit) and last.sequence == sequence and last.source == 0 and last.flags == 0
        and sequence > reader.sequence and commit.first_sequence == reader.sequence + 1
        and commit.count == sequence - reader.sequence and commit.batch_bytes == batch_bytes
    )


cdef bint batch_accept(
    ReaderState* reader, const JournalCommit* commit, uint64_t end, uint64_t sequence
) noexcept nogil:
    """Follows the chain over the batch; then its records may be handed out."""
    cdef uint64_t start = reader.position
    cdef uint64_t before = reader.sequence
    cdef uint8_t[32] chain
    cdef int i
    memcpy(chain, reader.chain, 32)
    sha256_chain(chain, reader.map + start, end - start)
    if memcmp(chain, commit.chain, 32):
        return suspected(reader, FAULT_CHAIN, end, sequence)
    memcpy(reader.chain, chain, 32)
    for i in range(2):
        if reader.marks[i].segment and not mark_agrees(reader, &reader.marks[i], before, sequence):
            return damaged(reader, FAULT_MARK, reader.header.segment, JOURNAL_MARK_OFFSET + i * JOURNAL_SECTOR)
    reader.cursor = reader.map + start
    reader.batch_end = reader.map + end
    reader.position = end + sizeof(JournalCommit)
    reader.sequence = sequence
    reader.time_ns = commit.frame.time_ns
    reader.records += sequence - before
    reader.commits += 1
    if sequence < reader.from_sequence:
        reader.cursor = reader.batch_end
    while reader.cursor < reader.batch_end and (<const Frame*> reader.cursor).sequence < reader.from_sequence:
        reader.cursor += (<const Frame*> reader.cursor).length
    return True


cdef uint64_t last_not_zero(ReaderState* reader) noexcept nogil:
    """The offset of the last byte after `position` that is not zero; 0 if all are."""
    cdef uint64_t end = reader.mapped
    cdef uint64_t size
    while end > reader.position:
        size = min(<uint64_t> JOURNAL_SECTOR, end - reader.position)
        if not is_zero(reader.map + end - size, size):
            while not reader.map[end - 1]:
                end -= 1
            return end - 1
        end -= size
    return 0


cdef bint has_lost_sector(ReaderState* reader, uint64_t start, uint64_t end) noexcept nogil:
    """Whether a sector of [start, end) is still as it was before the batch was written: zero from `position` on."""
    cdef uint64_t sector = start / JOURNAL_SECTOR * JOURNAL_SECTOR
    cdef uint64_t first
    while sector < end:
        first = max(sector, reader.position)
        if is_zero(reader.map + first, min(sector + JOURNAL_SECTOR, reader.mapped) - first):
            return True
        sector += JOURNAL_SECTOR
    return False


cdef bint has_later_batch(ReaderState* reader, uint64_t last) noexcept nogil:
    """Whether a commit follows whose batch is not the next one: then the next one had been written as a whole."""
    cdef uint64_t offset = reader.suspect.offset
    cdef const JournalCommit* commit
    while offset <= last and offset + sizeof(JournalCommit) <= reader.mapped:
        commit = <const JournalCommit*> (reader.map + offset)
        if commit.frame.length == sizeof(JournalCommit) and commit.frame.template_id == T_JournalCommit \
                and frame_crc(&commit.frame) == commit.frame.crc32c and commit.first_sequence > reader.sequence + 1:
            return True
        offset += 8
    return False


cdef bint tail_is_torn(ReaderState* reader, uint64_t last) noexcept nogil:
    """Whether what lies behind the last batch is one write that never came to its end. `last` is not zero."""
    cdef uint64_t offset = reader.suspect.offset
    cdef uint64_t end = offset + sizeof(Frame)
    if offset + sizeof(Frame) <= reader.mapped and frame_length_is_valid((<const Frame*> (reader.map + offset)).length):
        end = offset + (<const Frame*> (reader.map + offset)).length
    if last + 1 >= end and not has_lost_sector(reader, offset, min(end, reader.mapped)):
        return False            # all of the record is there, and it is wrong
    if reader.machine_restarted and reader.mark.durability != DURABILITY_BATCH:
        return True             # these words do not promise what was written last, in whatever order it was lost
    return last < reader.position + JOURNAL_FLUSH_BYTES + sizeof(JournalCommit) and not has_later_batch(reader, last)


cdef bint segment_end(ReaderState* reader) noexcept nogil:
    """No further batch in this segment: goes on to the next (True), or settles how the journal ends (False)."""
    cdef uint64_t segment = reader.header.segment
    cdef bint has_next = segment < reader.last_segment
    cdef uint64_t promised = reader.mark.sequence
    cdef uint64_t last
    if reader.status == READER_DAMAGED or not populate(reader, reader.mapped):
        return False
    if reader.mark.state == MARK_OPEN and reader.machine_restarted and not has_next:
        promised = reader.mark.synced_sequence
    last = last_not_zero(reader)
    if last:
        if has_next or reader.mark.state != MARK_OPEN or promised > reader.sequence or not tail_is_torn(reader, last):
            return suspect_is_damage(reader, last)
        reader.torn_bytes = last + 1 - reader.position
    elif promised > reader.sequence:
        return damaged(reader, FAULT_SHORT, segment, reader.position)
    elif reader.mark.state != MARK_OPEN and reader.mark.sequence < reader.sequence:
        return damaged(reader, FAULT_MARK, segment, JOURNAL_MARK_OFFSET)
    if reader.mark.sequence > reader.sequence:
        reader.lost_sequence = reader.mark.sequence
    if has_next:
        if reader.mark.state == MARK_CLOSED:
            return damaged(reader, FAULT_MARK, segment, JOURNAL_MARK_OFFSET)
        reader.unsealed_segment = segment if reader.mark.state == MARK_OPEN else 0
        return segment_open(reader, segment + 1)
    if reader.mark.state == MARK_ROLLED:
        return damaged(reader, FAULT_SEGMENT_MISSING, segment + 1, 0)
    reader.status = READER_TORN if last else READER_END
    return False


cdef bint suspect_is_damage(ReaderState* reader, uint64_t last) noexcept nogil:
    """Always False. Where zeros stand in the place of a record, the byte that is not zero is what is wrong."""
    cdef uint64_t offset = reader.suspect.offset
    cdef int code = reader.suspect.code
    if is_zero(reader.map + offset, min(<uint64_t> sizeof(Frame), reader.mapped - offset)):
        code = FAULT_SHORT if reader.mark.sequence > reader.sequence else FAULT_NOT_ZERO
        offset = offset if code == FAULT_SHORT else last
    damaged(reader, code, reader.header.segment, offset)
    if code == reader.suspect.code:
        reader.fault.sequence = reader.suspect.sequence
    return False


cdef bint reader_load(ReaderState* reader) noexcept nogil:
    """Verifies the next batch that has records to hand out. False: `status` says why there is none."""
    if reader.status == READER_END and reader.live and reader.map:
        reader.status = READER_READING
    if reader.status == READER_READING and not has_size(reader):
        return False
    while reader.status == READER_READING:
        if reader.live:
            marks_read(reader)
            if reader.mark.sequence <= reader.sequence:
                if reader.mark.state == MARK_ROLLED:
                    segment_open(reader, reader.header.segment + 1)
                else:
                    reader.status = READER_END
                continue
        if batch_load(reader):
            if reader.cursor != reader.batch_end:
                return True
        elif not reader.live:
            segment_end(reader)
        elif reader.status == READER_READING:
            damaged(reader, reader.suspect.code, reader.header.segment, reader.suspect.offset)
    return False


def archived(directory):
    """Names in the archive that the journal's directory links to; none while it is out of reach."""
    try:
        return os.listdir(os.path.join(directory, "archive"))
    except OSError:
        return []


cdef class ReaderCore:
    """Reads the journal in a directory: iterate for the records from `from_sequence` on, as bytes.

    live: only what is committed; at the end, iterate again for more. Otherwise nobody may be writing, and the end is
    judged. When iteration ends, `status` says why and `fault` what is wrong; it raises nothing for damage.
    """

    def __cinit__(self):
        memset(&self.state, 0, sizeof(ReaderState))
        self.state.directory = -1

    def __init__(self, directory, uint64_t from_sequence=1, bint live=False):
        cdef ReaderState* reader = &self.state
        if reader.directory >= 0:
            raise ValueError("a reader is opened once")
        reader.directory = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        reader.from_sequence = from_sequence
        reader.live = live
        boot = boot_id()
        memcpy(reader.boot_id, <const uint8_t*> boot, 16)
        names = os.listdir(reader.directory)
        if "archive" in names:
            names += archived(directory)
        numbers = sorted({int(found[1]) for name in names if (found := SEGMENT.match(name))})
        if not numbers:
            reader.status = READER_END
            return
        reader.last_segment = 0 if live else max(numbers)
        whole = [number for index, number in enumerate(numbers) if number == numbers[0] + index]
        self.start(whole)  # behind them the reading ends with the one that is missing

    cdef start(self, list numbers):
        """Opens the segment that holds `from_sequence`, or the last."""
        cdef ReaderState* reader = &self.state
        cdef SegmentHeader header
        cdef uint64_t sequence = max(reader.from_sequence, <uint64_t> 1)
        cdef uint64_t segment = numbers[0]
        cdef int error = 0
        for number in numbers[1:]:
            if header_read(reader.directory, number, &header, &error) or header.first_sequence > sequence:
                break
            segment = number
        if segment_open(reader, segment) and reader.header.first_sequence > sequence:
            reader.sequence = sequence - 1
            damaged(reader, FAULT_SEGMENT_MISSING, segment - 1, 0)

    def __dealloc__(self):
        self.close()

    cpdef close(self):
        """Unmaps the journal. What was found stays readable."""
        segment_unmap(&self.state)
        self.state.cursor = self.state.batch_end = NULL
        if self.state.directory >= 0:
            close_file(self.state.directory)
            self.state.directory = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        cdef const Frame* frame = NULL
        if self.state.map:
            frame = reader_next(&self.state)
        if not frame:
            raise StopIteration
        return PyBytes_FromStringAndSize(<const char*> frame, frame.length)

    def to_end(self):
        """Verifies everything up to the end, without handing it out."""
        if self.state.map:
            with nogil:
                while reader_load(&self.state):
                    self.state.cursor = self.state.batch_end

    @property
    def status(self):
        return ReaderStatus(self.state.status)

    @property
    def fault(self):
        """(FaultCode, errno or 0, segment, offset in bytes, sequence), or None."""
        fault = self.state.fault
        if not fault.code:
            return None
        return FaultCode(fault.code), fault.error, fault.segment, fault.offset, fault.sequence

    def facts(self):
        """What is verified so far, for the report: counts, last record, chain, torn tail, unreadable marks."""
        reader = &self.state
        return {
            "records": reader.records,
            "commits": reader.commits,
            "segments": reader.segments,
            "segment": reader.header.segment,
            "position": reader.position,
            "last": reader.sequence,
            "time_ns": reader.time_ns,
            "segment_bytes": reader.header.segment_bytes,
            "mark_sequence": reader.mark.sequence,
            "mark_synced": reader.mark.synced_sequence,
            "mark_state": reader.mark.state,
            "durability": reader.mark.durability,
            "chain": reader.chain[:32],
            "store_id": reader.header.store_id[:16],
            "torn_bytes": reader.torn_bytes,
            "lost_sequence": reader.lost_sequence,
            "bad_marks": reader.bad_marks,
            "bad_mark_segment": reader.bad_mark_segment,
            "bad_mark_offset": reader.bad_mark_offset,
        }
