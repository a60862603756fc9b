/* Rings and doorbells: how one thread hands bytes to another without a lock.

   Owns: a single-producer single-consumer ring of byte entries, and the futex word that a thread sleeps on.
   Never: allocates, blocks a producer, or knows what the bytes mean.

   An entry is {length, tag} and its payload, contiguous and aligned to 8 bytes; one that would cross the end of the
   ring is preceded by a filler. Positions only grow; a position modulo the size is the place in the ring. */
#ifndef OMS_RING_H
#define OMS_RING_H

#include <linux/futex.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RING_FILLER UINT32_MAX

static inline uint32_t load_u32(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline uint64_t load_u64(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void store_u32(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline void store_u64(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline uint32_t exchange_u32(uint32_t *word, uint32_t value) {
    return __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
}
/* A counter of several writers, or one that others read while it is written. */
static inline void count_u64(uint64_t *counter, uint64_t more) { __atomic_fetch_add(counter, more, __ATOMIC_RELAXED); }

static inline uint64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

typedef struct Ring {
    uint8_t *bytes;
    uint64_t size;                           /* a power of two */
    uint8_t pad0[48];
    uint64_t written;                        /* producer: entries up to here are published */
    uint64_t claimed;                        /* producer: end of the entry that is being filled */
    uint64_t read_seen;                      /* producer: what it last saw of `read` */
    uint8_t pad1[40];
    uint64_t read;                           /* consumer: everything before may be overwritten */
    uint64_t written_seen;                   /* consumer: what it last saw of `written` */
    uint8_t pad2[48];
} Ring;

typedef struct RingEntry {
    uint32_t length;
    uint32_t tag;
} RingEntry;

static inline void ring_init(Ring *ring, uint8_t *bytes, uint64_t size) {
    memset(ring, 0, sizeof *ring);
    ring->bytes = bytes;
    ring->size = size;
}

static inline uint64_t ring_entry_size(uint32_t length) { return sizeof(RingEntry) + (((uint64_t)length + 7) & ~7ull); }

/* Bytes in use, as far as the caller can see. */
static inline uint64_t ring_used(const Ring *ring) { return load_u64(&ring->written) - load_u64(&ring->read); }

/* Producer: whether an entry of this length has room wherever the end of the ring falls. */
static inline int ring_has_room(Ring *ring, uint32_t length) {
    return ring->size - (ring->written - load_u64(&ring->read)) >= 2 * ring_entry_size(length);
}

/* Producer: room for one entry, NULL if the ring is full. It is seen only after ring_publish. */
static inline uint8_t *ring_claim(Ring *ring, uint32_t length, uint32_t tag) {
    uint64_t need = ring_entry_size(length);
    uint64_t place = ring->written & (ring->size - 1);
    uint64_t filler = ring->size - place < need ? ring->size - place : 0;
    uint64_t end = ring->written + filler + need;
    if (end - ring->read_seen > ring->size) {
        ring->read_seen = load_u64(&ring->read);
        if (end - ring->read_seen > ring->size) return NULL;
    }
    if (filler) {
        RingEntry *skip = (RingEntry *)(ring->bytes + place);
        skip->length = (uint32_t)(filler - sizeof(RingEntry));
        skip->tag = RING_FILLER;
        place = 0;
    }
    RingEntry *entry = (RingEntry *)(ring->bytes + place);
    entry->length = length;
    entry->tag = tag;
    ring->claimed = end;
    return (uint8_t *)(entry + 1);
}

static inline void ring_publish(Ring *ring) { store_u64(&ring->written, ring->claimed); }

/* Consumer: the entry at *cursor, which moves behind it; NULL if there is none yet. Start at ring->read. */
static inline uint8_t *ring_next(Ring *ring, uint64_t *cursor, uint32_t *length, uint32_t *tag) {
    for (;;) {
        if (*cursor == ring->written_seen) {
            ring->written_seen = load_u64(&ring->written);
            if (*cursor == ring->written_seen) return NULL;
        }
        RingEntry *entry = (RingEntry *)(ring->bytes + (*cursor & (ring->size - 1)));
        *cursor += ring_entry_size(entry->length);
        if (entry->tag != RING_FILLER) {
            *length = entry->length;
            *tag = entry->tag;
            return (uint8_t *)(entry + 1);
        }
    }
}

/* Consumer: gives everything before the cursor back to the producer. */
static inline void ring_release(Ring *ring, uint64_t cursor) { store_u64(&ring->read, cursor); }

/* One thread waits, any thread rings. A ring between two waits is never lost: the second returns at once. */
typedef struct Doorbell {
    uint32_t rung;                           /* how often, modulo 2^32: the futex word */
    uint32_t asleep;                         /* 1 while the waiter may be in the kernel */
    uint32_t seen;                           /* the waiter's: `rung` at its last return */
    uint8_t pad[52];
} Doorbell;

static inline void doorbell_ring(Doorbell *bell) {
    __atomic_fetch_add(&bell->rung, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&bell->asleep, __ATOMIC_SEQ_CST))
        syscall(SYS_futex, &bell->rung, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static inline void cpu_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Spins, then sleeps, until the bell is rung or the time is over. Returns 1 if it was rung since the last return. */
static inline int doorbell_wait(Doorbell *bell, uint64_t spin_ns, uint64_t timeout_ns) {
    uint32_t rung = load_u32(&bell->rung);
    if (rung == bell->seen && spin_ns) {
        uint64_t until = monotonic_ns() + spin_ns;
        do {
            for (int i = 0; i < 32 && (rung = load_u32(&bell->rung)) == bell->seen; i++) cpu_relax();
        } while (rung == bell->seen && monotonic_ns() < until);
    }
    if (rung == bell->seen && timeout_ns) {
        struct timespec timeout = {(time_t)(timeout_ns / 1000000000u), (long)(timeout_ns % 1000000000u)};
        __atomic_store_n(&bell->asleep, 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&bell->rung, __ATOMIC_SEQ_CST) == bell->seen)
            syscall(SYS_futex, &bell->rung, FUTEX_WAIT_PRIVATE, bell->seen, &timeout, NULL, 0);
        store_u32(&bell->asleep, 0);
        rung = load_u32(&bell->rung);
    }
    int was_rung = rung != bell->seen;
    bell->seen = rung;
    return was_rung;
}

#endif
