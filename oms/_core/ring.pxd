# Rings and doorbells: how one thread hands bytes to another without a lock. The how is in ring.h.

from libc.stdint cimport uint8_t, uint32_t, uint64_t


cdef extern from "ring.h" nogil:
    uint32_t load_u32(const uint32_t* word)
    uint64_t load_u64(const uint64_t* word)
    void store_u32(uint32_t* word, uint32_t value)
    void store_u64(uint64_t* word, uint64_t value)
    uint32_t exchange_u32(uint32_t* word, uint32_t value)
    void count_u64(uint64_t* counter, uint64_t more)
    uint64_t monotonic_ns()

    ctypedef struct Ring:
        uint8_t* bytes
        uint64_t size               # bytes, a power of two
        uint64_t written            # producer's position
        uint64_t read               # consumer's position

    void ring_init(Ring* ring, uint8_t* bytes, uint64_t size)
    uint64_t ring_used(const Ring* ring)                        # bytes
    # Producer: claim, fill, publish. NULL = full.
    bint ring_has_room(Ring* ring, uint32_t length)
    uint8_t* ring_claim(Ring* ring, uint32_t length, uint32_t tag)
    void ring_publish(Ring* ring)
    # Consumer: read on from a cursor that starts at ring.read, then release up to it.
    uint8_t* ring_next(Ring* ring, uint64_t* cursor, uint32_t* length, uint32_t* tag)
    void ring_release(Ring* ring, uint64_t cursor)

    ctypedef struct Doorbell:
        pass

    void doorbell_ring(Doorbell* bell)
    bint doorbell_wait(Doorbell* bell, uint64_t spin_ns, uint64_t timeout_ns)   # True: it was rung
