# Open-addressing indexes from a hash to a slot. An entry is hash's high half << 32 | slot; the caller compares the
# rows. The home position comes from the high half, too, so that an entry can be moved without its row.
from libc.stdint cimport uint32_t, uint64_t

cdef struct Index:
    uint64_t* entries
    uint64_t mask  # entries - 1; a power of two, at least twice the rows it can hold


cdef inline uint64_t index_home(const Index* index, uint64_t hash) noexcept nogil:
    return (hash >> 32) & index.mask


cdef inline uint32_t index_next(const Index* index, uint64_t hash, uint64_t* position) noexcept nogil:
    """The next candidate slot from *position (start at index_home); 0 when there is none."""
    cdef uint64_t entry
    while True:
        entry = index.entries[position[0]]
        if entry == 0:
            return 0
        position[0] = (position[0] + 1) & index.mask
        if (entry ^ hash) >> 32 == 0:
            return <uint32_t>entry


cdef inline void index_put(Index* index, uint64_t hash, uint32_t slot) noexcept nogil:
    cdef uint64_t position = index_home(index, hash)
    while index.entries[position]:
        position = (position + 1) & index.mask
    index.entries[position] = (hash >> 32) << 32 | slot


cdef inline void index_remove(Index* index, uint64_t hash, uint32_t slot) noexcept nogil:
    """Takes the entry out and moves back those behind it that it kept from their home."""
    cdef uint64_t hole = index_home(index, hash), position, home
    while index.entries[hole] and index.entries[hole] != ((hash >> 32) << 32 | slot):
        hole = (hole + 1) & index.mask
    if index.entries[hole] == 0:
        return
    position = hole
    while True:
        position = (position + 1) & index.mask
        if index.entries[position] == 0:
            break
        home = index_home(index, index.entries[position])
        if ((position - home) & index.mask) >= ((position - hole) & index.mask):
            index.entries[hole] = index.entries[position]
            hole = position
    index.entries[hole] = 0
