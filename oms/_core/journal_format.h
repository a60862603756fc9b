/* The journal's files: the segment's header and its two mark slots, as bytes on disk.
   docs/reference/journal-format.md describes them.

   Owns: their layout, checksums and limits. Never: opens, reads or writes a file. */
#ifndef OMS_JOURNAL_FORMAT_H
#define OMS_JOURNAL_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "catalogue.h"
#include "crc32c.h"
#include "sha256.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14; older kernels say EINVAL */
#endif

#define JOURNAL_FORMAT 1
#define JOURNAL_SECTOR 512           /* what a disk writes as a whole or not at all */
#define JOURNAL_HEADER_BYTES 4096    /* header, two marks, zeros; the records follow */
#define JOURNAL_MARK_OFFSET 512      /* the first mark slot; the second follows */
#define JOURNAL_MIN_SEGMENT 12288    /* header, the longest record, its commit; whole pages */
#define JOURNAL_FLUSH_BYTES 1048576  /* records of one batch: one commit, one write, one flush */

static const char JOURNAL_HEADER_MAGIC[8] = "OMSJRNL";
static const char JOURNAL_MARK_MAGIC[8] = "OMSMARK";

enum { MARK_OPEN = 1, MARK_ROLLED = 2, MARK_CLOSED = 3 };
enum { DURABILITY_BATCH = 1, DURABILITY_INTERVAL = 2, DURABILITY_NONE = 3 };

/* Written once, durable before the segment has its name. */
typedef struct {
    char magic[8];
    uint32_t crc32c;                 /* of all after this field */
    uint16_t format;
    uint16_t schema_version;         /* the highest of any record in the segment */
    uint64_t segment_bytes;          /* the size of the file */
    uint64_t segment;                /* its number, from 1: the name of the file */
    uint64_t first_sequence;
    uint8_t store_id[16];            /* random, made with segment 1; the same in all segments */
    uint8_t previous_chain[32];      /* the chain before the first batch; in segment 1 SHA-256(zeros, store_id) */
    uint8_t zero[424];
} SegmentHeader;
_Static_assert(sizeof(SegmentHeader) == JOURNAL_SECTOR, "SegmentHeader");
_Static_assert(offsetof(SegmentHeader, previous_chain) == 56, "SegmentHeader.previous_chain");

/* How far the journal is committed. Mark n is written to slot n % 2, so that one of the two is always whole. */
typedef struct {
    char magic[8];
    uint32_t crc32c;                 /* of all after this field */
    uint32_t state;                  /* MARK_OPEN, MARK_ROLLED: the next segment exists, MARK_CLOSED: cleanly */
    uint64_t number;                 /* of the mark; the higher one counts */
    uint64_t segment;
    uint64_t sequence;               /* committed up to here: may have been seen outside */
    uint64_t synced_sequence;        /* and up to here it survives the machine */
    uint32_t durability;             /* word in force when the mark was written */
    uint32_t zero0;
    uint8_t chain[32];               /* at `sequence` */
    uint8_t boot_id[16];             /* which run of the machine wrote it */
    uint8_t zero[408];
} JournalMark;
_Static_assert(sizeof(JournalMark) == JOURNAL_SECTOR, "JournalMark");
_Static_assert(offsetof(JournalMark, chain) == 56, "JournalMark.chain");

/* Whether all bytes are zero; the data is aligned to 8. */
static inline int is_zero(const uint8_t *data, uint64_t size) {
    uint64_t some = 0;
    for (; size >= 64 && !some; size -= 64, data += 64)
        for (int i = 0; i < 8; i++) some |= ((const uint64_t *)data)[i];
    while (size--) some |= *data++;
    return !some;
}

static inline uint32_t sector_crc(const void *sector) {
    return crc32c(0, (const uint8_t *)sector + 12, JOURNAL_SECTOR - 12);
}

static inline void header_seal(SegmentHeader *header) {
    memcpy(header->magic, JOURNAL_HEADER_MAGIC, sizeof header->magic);
    header->format = JOURNAL_FORMAT;
    header->schema_version = SCHEMA_VERSION;
    header->crc32c = sector_crc(header);
}

static inline int header_is_whole(const SegmentHeader *header) {
    return !memcmp(header->magic, JOURNAL_HEADER_MAGIC, sizeof header->magic) && header->crc32c == sector_crc(header);
}

static inline void mark_seal(JournalMark *mark) {
    memcpy(mark->magic, JOURNAL_MARK_MAGIC, sizeof mark->magic);
    mark->crc32c = sector_crc(mark);
}

static inline int mark_is_whole(const JournalMark *mark) {
    return !memcmp(mark->magic, JOURNAL_MARK_MAGIC, sizeof mark->magic) && mark->crc32c == sector_crc(mark);
}

/* A slot without its magic is being written: no bit flip makes it so. */
static inline int mark_is_unfinished(const JournalMark *mark) { return is_zero((const uint8_t *)mark->magic, 8); }

/* Into a mapped slot: seen as a whole or, by whoever is interrupted or comes too early, as unfinished. */
static inline void mark_store(uint8_t *slot, const JournalMark *mark) {
    uint64_t magic;
    memcpy(&magic, mark->magic, sizeof magic);
    __atomic_store_n((uint64_t *)slot, 0, __ATOMIC_SEQ_CST);
    memcpy(slot + sizeof magic, (const uint8_t *)mark + sizeof magic, sizeof *mark - sizeof magic);
    __atomic_store_n((uint64_t *)slot, magic, __ATOMIC_SEQ_CST);
}

static inline uint64_t mark_offset(uint64_t number) { return JOURNAL_MARK_OFFSET + number % 2 * JOURNAL_SECTOR; }

static inline uint32_t frame_crc(const Frame *frame) {
    return crc32c(0, (const uint8_t *)frame + 8, frame->length - 8);
}

static inline int frame_length_is_valid(uint32_t length) {
    return length >= sizeof(Frame) && length <= MAX_RECORD_LENGTH && length % 8 == 0;
}

#endif
