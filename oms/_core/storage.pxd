# The journal's system calls. Each behaves like the call of its name; a test may watch them, and have one go wrong.

from libc.stdint cimport uint8_t, uint64_t


cdef extern from "<sys/uio.h>" nogil:
    cdef struct iovec:
        void* iov_base
        size_t iov_len

cdef extern from "<fcntl.h>" nogil:
    enum:
        O_RDONLY
        O_RDWR
        O_CREAT
        O_TRUNC
        O_CLOEXEC

cdef extern from "<unistd.h>" nogil:
    int close_file "close"(int file)
    int dup(int file)

cdef extern from "journal_format.h" nogil:
    enum:
        MADV_POPULATE_READ


cdef int storage_open(int directory, const char* name, int flags) noexcept nogil     # a file that is made: for us alone
cdef int storage_allocate(int file, uint64_t size) noexcept nogil                     # 0 or an errno
cdef ssize_t storage_write(int file, const iovec* parts, int count, uint64_t offset, bint durable) noexcept nogil
cdef ssize_t storage_read(int file, void* data, size_t size, uint64_t offset) noexcept nogil
cdef int storage_populate(void* start, size_t size) noexcept nogil                   # of a mapped file, for reading
cdef int storage_flush(int file) noexcept nogil
cdef int storage_flush_directory(int directory) noexcept nogil
cdef int storage_rename(int directory, const char* name, const char* new_name) noexcept nogil
cdef int storage_unlink(int directory, const char* name) noexcept nogil
# 512 bytes were stored through a mapping: no call, but what a disk may have or not have after a crash.
cdef void storage_stored(int file, const void* sector, uint64_t offset) noexcept nogil
