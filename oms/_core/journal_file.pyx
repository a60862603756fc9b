"""Segment files of the journal: made of zeros, given header and name, written.

Owns: how bytes reach a segment and when they survive the machine. Never: knows what is in a record.
"""

from functools import cache

from libc.errno cimport EINTR, EIO, errno
from libc.stdio cimport snprintf
from libc.string cimport memcpy, memset

from oms._core.storage cimport (
    MADV_POPULATE_READ, O_CLOEXEC, O_CREAT, O_RDWR, O_TRUNC, close_file, storage_allocate, storage_flush,
    storage_flush_directory, storage_open, storage_rename, storage_unlink, storage_write,
)


cdef extern from "<sys/mman.h>" nogil:
    enum:
        PROT_READ
        PROT_WRITE
        MAP_SHARED
    void* MAP_FAILED
    void* mmap(void* address, size_t size, int protection, int flags, int file, long offset)
    int munmap(void* address, size_t size)
    int madvise(void* address, size_t size, int advice)

cdef enum:
    ZEROS = 262144              # written at a time, each with its flush: one large flush would hold up the journal's

cdef uint8_t[ZEROS] zeros
PREPARED = b"next.prepared"


cdef void segment_name(uint64_t segment, char* name) noexcept nogil:
    snprintf(name, 32, b"%08llu.journal", <unsigned long long> segment)


cdef int write_parts(int file, iovec* parts, int count, uint64_t offset, bint durable) noexcept nogil:
    """All of the parts, which it uses up; durable: they survive the machine when it returns."""
    cdef ssize_t wrote
    while count:
        wrote = storage_write(file, parts, count, offset, durable)
        if wrote < 0 and errno == EINTR:
            continue
        if wrote <= 0:
            return errno if wrote < 0 else EIO
        offset += wrote
        while count and wrote >= <ssize_t> parts.iov_len:
            wrote -= parts.iov_len
            parts += 1
            count -= 1
        if count:
            parts.iov_base = <uint8_t*> parts.iov_base + wrote
            parts.iov_len -= wrote
    return 0


cdef int write_block(int file, const void* data, uint64_t size, uint64_t offset, bint durable) noexcept nogil:
    cdef iovec part
    part.iov_base = <void*> data
    part.iov_len = size
    return write_parts(file, &part, 1, offset, durable)


cdef int write_zeros(int file, uint64_t offset, uint64_t size) noexcept nogil:
    cdef uint64_t done = 0
    cdef int error
    while done < size:
        error = write_block(file, zeros, min(<uint64_t> ZEROS, size - done), offset + done, True)
        if error:
            return error
        done += ZEROS
    return 0


cdef int zeros_ahead(int file, uint64_t size, const uint32_t* stop) noexcept nogil:
    """Zeros on disk, so that later flushes change no metadata."""
    cdef uint64_t offset = 0
    cdef int error = 0
    while not error and offset < size:
        if (<const volatile uint32_t*> stop)[0]:
            return EINTR
        error = write_block(file, zeros, min(<uint64_t> ZEROS, size - offset), offset, True)
        offset += ZEROS
    return error


cdef void pages_ahead(int file, uint64_t size) noexcept nogil:
    """Pages in memory, so that later writes need not make them. Nothing is lost where the system cannot."""
    cdef void* place = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0)
    if place != MAP_FAILED:
        madvise(place, size, MADV_POPULATE_READ)
        munmap(place, size)


cdef int segment_zeroed(
    int directory, uint64_t segment_bytes, bint on_disk, const uint32_t* stop, int* file
) noexcept nogil:
    """A new file PREPARED of zeros with its room on disk reserved. Given up when *stop."""
    cdef int error
    cdef int made = storage_open(directory, PREPARED, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC)
    if made < 0:
        return errno
    error = storage_allocate(made, segment_bytes)
    if not error and on_disk:
        error = zeros_ahead(made, segment_bytes, stop)
    elif not error:
        pages_ahead(made, segment_bytes)
    if not error and storage_flush(made) < 0:
        error = errno
    if error:
        close_file(made)
        storage_unlink(directory, PREPARED)
        return error
    file[0] = made
    return 0


cdef int segment_install(int directory, int file, SegmentHeader* header, JournalMark* mark) noexcept nogil:
    """Gives PREPARED its header, both marks and its name; all of it is durable when it returns."""
    cdef uint8_t[JOURNAL_HEADER_BYTES] block
    cdef char[32] name
    cdef int error
    memset(block, 0, sizeof(block))
    header_seal(header)
    memcpy(block, header, sizeof(SegmentHeader))
    for _ in range(2):
        mark.number += 1
        mark_seal(mark)
        memcpy(block + mark_offset(mark.number), mark, sizeof(JournalMark))
    error = write_block(file, block, sizeof(block), 0, True)
    if error:
        return error
    segment_name(header.segment, name)
    if storage_rename(directory, PREPARED, name) < 0 or storage_flush_directory(directory) < 0:
        return errno
    return 0


cdef int mark_write(int file, JournalMark* mark) noexcept nogil:
    """The next mark, into the slot that the last one is not in; durable when it returns."""
    mark.number += 1
    mark_seal(mark)
    return write_block(file, mark, sizeof(JournalMark), mark_offset(mark.number), True)


cdef int head_map(int file, uint8_t** head) noexcept nogil:
    """Maps header and marks of a segment in place of those at *head, or of none; file -1: only unmaps."""
    cdef void* place
    if head[0]:
        munmap(head[0], JOURNAL_HEADER_BYTES)
        head[0] = NULL
    if file < 0:
        return 0
    place = mmap(NULL, JOURNAL_HEADER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
    if place == MAP_FAILED:
        return errno
    head[0] = <uint8_t*> place
    return 0


@cache
def boot_id():
    """Which run of the machine this is: 16 bytes, zeros where the system does not tell."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return bytes.fromhex(file.read().strip().replace("-", ""))
    except OSError:
        return bytes(16)
