"""The journal's system calls in one place, so that tests can stand between the journal and its disk.

Owns nothing but what `watch` asked for: to keep a list of the calls in order, or to have the n-th of them fail, come
short, come late, or be the process's last. Nobody calls `watch` in a live process; until then each call costs one look
at a flag.
"""

from collections import namedtuple

from libc.errno cimport errno
from libc.stdint cimport uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset, strlen

from oms._core.ring cimport load_u32, store_u32


cdef extern from "<fcntl.h>" nogil:
    int openat(int directory, const char* name, int flags, ...)
    int posix_fallocate(int file, long offset, long size)

cdef extern from "<unistd.h>" nogil:
    int fdatasync(int file)
    int fsync(int file)
    ssize_t pread(int file, void* data, size_t size, long offset)
    int unlinkat(int directory, const char* name, int flags)
    int getpid()
    int usleep(unsigned int us)

cdef extern from "<stdio.h>" nogil:
    int renameat(int old_directory, const char* old_name, int new_directory, const char* new_name)

cdef extern from "<sys/uio.h>" nogil:
    enum:
        RWF_DSYNC
    ssize_t pwritev2(int file, const iovec* parts, int count, long offset, int flags)

cdef extern from "<sys/mman.h>" nogil:
    int madvise(void* address, size_t size, int advice)

cdef extern from "<sys/stat.h>" nogil:
    cdef struct file_stat "stat":
        unsigned long st_ino
    int fstat(int file, file_stat* found)

cdef extern from "<signal.h>" nogil:
    enum:
        SIGKILL
    int kill(int process, int signal)

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_mutex_t:
        pass
    pthread_mutex_t PTHREAD_MUTEX_INITIALIZER
    int pthread_mutex_init(pthread_mutex_t* mutex, void* attributes)
    int pthread_mutex_lock(pthread_mutex_t* mutex)
    int pthread_mutex_unlock(pthread_mutex_t* mutex)

StorageEvent = namedtuple("StorageEvent", "kind file offset size durable name new_name data")

KINDS = ("open", "allocate", "write", "read", "populate", "flush", "flush_directory", "rename", "unlink", "stored",
         "told")
ACTIONS = ("", "fail", "short", "delay", "kill")

cdef enum Kind:
    OPEN
    ALLOCATE
    WRITE
    READ
    POPULATE
    FLUSH
    FLUSH_DIRECTORY
    RENAME
    UNLINK
    STORED
    TOLD

cdef enum Action:
    NOTHING
    FAIL
    SHORT
    DELAY
    KILL

cdef enum:
    NAMES = 64                      # bytes of both names of an event, each with its zero

cdef struct Event:
    uint64_t kind
    uint64_t file                   # its inode; of a directory operation the file's
    uint64_t offset
    uint64_t size
    uint64_t durable
    uint64_t bytes                  # of data behind the event
    char[2 * NAMES] names

cdef struct Watch:
    uint32_t on
    bint keeps
    uint64_t kinds                  # bit n: kind n counts for `at`
    uint64_t calls
    uint64_t at                     # which call; 0: none
    int action
    int error
    uint32_t delay_us
    uint8_t* kept
    uint64_t used
    uint64_t room

cdef Watch watched
cdef pthread_mutex_t mutex
memset(&watched, 0, sizeof(watched))
pthread_mutex_init(&mutex, NULL)


cdef uint64_t inode(int file) noexcept nogil:
    cdef file_stat found
    return found.st_ino if file >= 0 and fstat(file, &found) == 0 else 0


cdef bint goes_wrong(int kind) noexcept nogil:
    """Counts a call; True: it must fail (`error`) or come short. A process that has to end does not come back."""
    cdef bint hit
    if not load_u32(&watched.on):
        return False
    pthread_mutex_lock(&mutex)
    hit = False
    if watched.kinds >> kind & 1:
        watched.calls += 1
        hit = watched.calls == watched.at
    pthread_mutex_unlock(&mutex)
    if not hit:
        return False
    if watched.action == KILL:
        kill(getpid(), SIGKILL)
    if watched.action == DELAY:
        usleep(watched.delay_us)
        return False
    return True


cdef bint fails(int kind) noexcept nogil:
    """The same for a call that cannot come short."""
    if goes_wrong(kind) and watched.action == FAIL:
        (&errno)[0] = watched.error
        return True
    return False


cdef Event* keep(int kind, int file, uint64_t offset, uint64_t size, bint durable, uint64_t bytes) noexcept nogil:
    """A place for an event and its data; NULL: nobody keeps them. The mutex is held until `kept`."""
    cdef Event* event
    cdef uint8_t* more
    cdef uint64_t need = sizeof(Event) + (bytes + 7) // 8 * 8
    if not load_u32(&watched.on) or not watched.keeps:
        return NULL
    pthread_mutex_lock(&mutex)
    if watched.used + need > watched.room:
        more = <uint8_t*> realloc(watched.kept, 2 * watched.room + need)
        if more == NULL:
            pthread_mutex_unlock(&mutex)
            return NULL
        watched.kept = more
        watched.room = 2 * watched.room + need
    event = <Event*> (watched.kept + watched.used)
    memset(event, 0, need)
    event.kind = kind
    event.file = inode(file)
    event.offset = offset
    event.size = size
    event.durable = durable
    event.bytes = bytes
    watched.used += need
    return event


cdef void kept(Event* event) noexcept nogil:
    if event:
        pthread_mutex_unlock(&mutex)


cdef void named(Event* event, const char* name, const char* new_name) noexcept nogil:
    if event:
        memcpy(event.names, name, min(strlen(name), <size_t> (NAMES - 1)))
        memcpy(event.names + NAMES, new_name, min(strlen(new_name), <size_t> (NAMES - 1)))
    kept(event)


cdef int storage_open(int directory, const char* name, int flags) noexcept nogil:
    cdef int file
    if fails(OPEN):
        return -1
    file = openat(directory, name, flags, 0o600)
    if file >= 0 and flags & O_CREAT:
        named(keep(OPEN, file, 0, 0, False, 0), name, b"")
    return file


cdef int storage_allocate(int file, uint64_t size) noexcept nogil:
    cdef int error
    if fails(ALLOCATE):
        return errno
    error = posix_fallocate(file, 0, size)
    if not error:
        kept(keep(ALLOCATE, file, 0, size, False, 0))
    return error


cdef ssize_t storage_write(int file, const iovec* parts, int count, uint64_t offset, bint durable) noexcept nogil:
    cdef bint short = goes_wrong(WRITE)
    cdef iovec first
    cdef ssize_t wrote
    cdef uint64_t size = 0, part
    cdef Event* event
    cdef int i
    if short and watched.action == FAIL:
        (&errno)[0] = watched.error
        return -1
    if short:
        first.iov_base = parts[0].iov_base
        first.iov_len = (parts[0].iov_len + 1) // 2
        parts = &first
        count = 1
    wrote = pwritev2(file, parts, count, offset, RWF_DSYNC if durable else 0)
    if wrote <= 0:
        return wrote
    event = keep(WRITE, file, offset, wrote, durable, wrote)
    if event:
        for i in range(count):
            part = min(<uint64_t> parts[i].iov_len, wrote - size)
            memcpy(<uint8_t*> event + sizeof(Event) + size, parts[i].iov_base, part)
            size += part
    kept(event)
    return wrote


cdef ssize_t storage_read(int file, void* data, size_t size, uint64_t offset) noexcept nogil:
    return -1 if fails(READ) else pread(file, data, size, offset)


cdef int storage_populate(void* start, size_t size) noexcept nogil:
    return -1 if fails(POPULATE) else madvise(start, size, MADV_POPULATE_READ)


cdef int storage_flush(int file) noexcept nogil:
    if fails(FLUSH) or fdatasync(file) < 0:
        return -1
    kept(keep(FLUSH, file, 0, 0, True, 0))
    return 0


cdef int storage_flush_directory(int directory) noexcept nogil:
    if fails(FLUSH_DIRECTORY) or fsync(directory) < 0:
        return -1
    kept(keep(FLUSH_DIRECTORY, directory, 0, 0, True, 0))
    return 0


cdef int storage_rename(int directory, const char* name, const char* new_name) noexcept nogil:
    if fails(RENAME) or renameat(directory, name, directory, new_name) < 0:
        return -1
    named(keep(RENAME, -1, 0, 0, False, 0), name, new_name)
    return 0


cdef int storage_unlink(int directory, const char* name) noexcept nogil:
    if fails(UNLINK) or unlinkat(directory, name, 0) < 0:
        return -1
    named(keep(UNLINK, -1, 0, 0, False, 0), name, b"")
    return 0


cdef void storage_stored(int file, const void* sector, uint64_t offset) noexcept nogil:
    cdef Event* event = keep(STORED, file, offset, 512, False, 512)
    if event:
        memcpy(<uint8_t*> event + sizeof(Event), sector, 512)
    kept(event)


def watch(uint64_t at=0, str action="", int error=0, uint32_t delay_ms=0, tuple of=(), bint keep=False):
    """From here on: counts the calls of the kinds in `of` (all of them when empty), and has the `at`-th one `fail` with
    an errno, come `short`, come `delay_ms` late, or `kill` the process before it is made. keep: for `unwatch`."""
    store_u32(&watched.on, 0)
    free(watched.kept)
    memset(&watched, 0, sizeof(watched))
    watched.keeps = keep
    watched.at = at
    watched.action = ACTIONS.index(action)
    watched.error = error
    watched.delay_us = delay_ms * 1000
    for kind in of or KINDS:
        watched.kinds |= <uint64_t> 1 << <int> KINDS.index(kind)
    store_u32(&watched.on, 1)


def told(uint64_t sequence):
    """Notes between the calls that somebody was told: the journal is safe up to here (the event's `offset`)."""
    kept(keep(TOLD, -1, sequence, 0, False, 0))


def calls():
    """How many calls were counted since `watch`."""
    return watched.calls


def unwatch():
    """Ends it; the calls that succeeded, in order, if they were kept."""
    cdef Event* event
    cdef uint64_t at = 0
    cdef bytes data
    found = []
    store_u32(&watched.on, 0)
    pthread_mutex_lock(&mutex)
    while at < watched.used:
        event = <Event*> (watched.kept + at)
        data = (<char*> event + sizeof(Event))[:event.bytes]
        names = bytes((<char*> event.names)[:2 * NAMES])
        found.append(StorageEvent(
            KINDS[event.kind], event.file, event.offset, event.size, bool(event.durable),
            names[:NAMES].rstrip(b"\0").decode(), names[NAMES:].rstrip(b"\0").decode(), data,
        ))
        at += sizeof(Event) + (event.bytes + 7) // 8 * 8
    free(watched.kept)
    memset(&watched, 0, sizeof(watched))
    pthread_mutex_unlock(&mutex)
    return found
