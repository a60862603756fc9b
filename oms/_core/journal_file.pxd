# Segment files on disk: layout, names, writing. Shared by the journal's writer and reader.

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from oms._core.storage cimport iovec
from oms._core.types cimport Frame


cdef extern from "journal_format.h" nogil:
    enum:
        JOURNAL_FORMAT
        JOURNAL_SECTOR
        JOURNAL_HEADER_BYTES
        JOURNAL_MARK_OFFSET
        JOURNAL_MIN_SEGMENT
        JOURNAL_FLUSH_BYTES         # most bytes of records in one batch
        MARK_OPEN
        MARK_ROLLED
        MARK_CLOSED
        DURABILITY_BATCH
        DURABILITY_INTERVAL
        DURABILITY_NONE

    ctypedef struct SegmentHeader:
        uint16_t format
        uint16_t schema_version
        uint64_t segment_bytes
        uint64_t segment
        uint64_t first_sequence
        uint8_t* store_id           # [16]
        uint8_t* previous_chain     # [32]

    ctypedef struct JournalMark:
        uint32_t state
        uint64_t number
        uint64_t segment
        uint64_t sequence
        uint64_t synced_sequence
        uint32_t durability
        uint8_t* chain              # [32]
        uint8_t* boot_id            # [16]

    void header_seal(SegmentHeader* header)
    bint header_is_whole(const SegmentHeader* header)
    void mark_seal(JournalMark* mark)
    bint mark_is_whole(const JournalMark* mark)
    bint mark_is_unfinished(const JournalMark* mark)
    void mark_store(uint8_t* slot, const JournalMark* mark)
    uint64_t mark_offset(uint64_t number)
    uint32_t frame_crc(const Frame* frame)
    bint frame_length_is_valid(uint32_t length)
    bint is_zero(const uint8_t* data, uint64_t size)
    void sha256_chain(uint8_t* chain, const void* data, size_t size)


# What is wrong with a journal, or what went wrong in writing it. The shell has a sentence for each.
cpdef enum FaultCode:
    FAULT_NONE
    FAULT_READ                      # the system could not read
    FAULT_SEGMENT_MISSING
    FAULT_SEGMENT_SIZE
    FAULT_HEADER                    # unreadable, or its checksum fails
    FAULT_FORMAT                    # written by a newer version
    FAULT_FOREIGN                   # of another journal
    FAULT_NUMBER                    # holds another segment than its name says
    FAULT_LINK                      # does not continue the segment before
    FAULT_MARKS                     # both mark slots unreadable
    FAULT_MARK                      # a mark contradicts the records
    FAULT_NOT_ZERO                  # bytes that must be zero are not
    FAULT_LENGTH                    # a record's length is impossible
    FAULT_CRC                       # a record's checksum fails
    FAULT_SEQUENCE                  # a record has another sequence number than its place
    FAULT_TIME                      # time runs backwards
    FAULT_BATCH                     # a commit does not describe its batch
    FAULT_CHAIN                     # the chain hash differs
    FAULT_SHORT                     # ends before what was committed
    FAULT_WRITE                     # a write or flush failed
    FAULT_ROLL                      # the next segment could not be made
    FAULT_DEPOSED                   # another process has taken the journal over


cdef struct Fault:
    int code                        # FaultCode
    int error                       # errno, 0 if it was not the system
    uint64_t segment                # 0: none in particular
    uint64_t offset                 # bytes into the segment
    uint64_t sequence               # of the record concerned


cdef const char* PREPARED           # the name of the segment that is made ahead

cdef void segment_name(uint64_t segment, char* name) noexcept nogil                 # name: 32 bytes
# All of these return 0 or an errno.
cdef int segment_zeroed(
    int directory, uint64_t segment_bytes, bint on_disk, const uint32_t* stop, int* file
) noexcept nogil
cdef int segment_install(int directory, int file, SegmentHeader* header, JournalMark* mark) noexcept nogil
cdef int mark_write(int file, JournalMark* mark) noexcept nogil                     # durable
cdef int head_map(int file, uint8_t** head) noexcept nogil                          # NULL before: nothing to unmap
cdef int write_parts(int file, iovec* parts, int count, uint64_t offset, bint durable) noexcept nogil
cdef int write_zeros(int file, uint64_t offset, uint64_t size) noexcept nogil
