/* The envelope: the 64 bytes before a batch of records on the bus. Little-endian, as everything. */
#ifndef OMS_BUS_ENVELOPE_H
#define OMS_BUS_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#define ENVELOPE_MAGIC 0x42534D4Fu           /* "OMSB" */
#define ENVELOPE_SIZE 64
#define ENVELOPE_BLOCK_LENGTH 52             /* what follows the magic and the SBE message header */
#define ENVELOPE_TEMPLATE 6
#define ENVELOPE_MAX_BYTES 65536             /* header and records together */
#define TEMPLATE_LIMITS 256                  /* template ids are below */
#define TEMPLATE_FIRST 10                    /* those below belong to the session */

typedef struct Envelope {
    uint32_t magic;
    uint16_t block_length;                   /* SBE message header: four words */
    uint16_t template_id;
    uint16_t schema_id;
    uint16_t version;
    uint32_t flags;                          /* 0 */
    uint64_t epoch;                          /* of the session; 0 in SessionOpen's envelope */
    uint64_t number;                         /* of the envelope in its direction, from 1 in each session */
    uint64_t acknowledged;                   /* highest number that the sender has received */
    uint32_t count;                          /* records, at least 1 */
    uint32_t bytes;                          /* of the records */
    uint8_t reserved[16];                    /* 0 */
} Envelope;

_Static_assert(sizeof(Envelope) == ENVELOPE_SIZE, "Envelope");
_Static_assert(offsetof(Envelope, epoch) == 16, "Envelope.epoch");
_Static_assert(offsetof(Envelope, count) == 40, "Envelope.count");

/* What a peer may send under one template id, and how long such a record is. */
typedef struct TemplateLimit {
    uint16_t fixed_length;                   /* Frame and fixed block; 0 = this peer may not send it */
    uint16_t first_text;                     /* offset of the first text's length byte */
    uint16_t texts;                          /* how many texts follow the fixed block */
} TemplateLimit;

/* Why a session ended. Up to `credential` it is the peer's fault. */
enum SessionReason {
    SessionReason_none = 0,                  /* no reason yet */
    SessionReason_truncated = 1,             /* shorter than its header, or than the header says */
    SessionReason_oversize = 2,
    SessionReason_magic = 3,
    SessionReason_header = 4,                /* block length, template, schema, flags or reserved bytes */
    SessionReason_version = 5,               /* of the envelope, a record or the peer */
    SessionReason_record = 6,                /* or the records do not add up */
    SessionReason_template = 7,
    SessionReason_epoch = 8,
    SessionReason_number = 9,                /* a gap or a repetition */
    SessionReason_acknowledged = 10,
    SessionReason_not_opened = 11,
    SessionReason_environment = 12,
    SessionReason_endpoint_name = 13,
    SessionReason_role = 14,
    SessionReason_credential = 15,
    SessionReason_open_late = 16,
    SessionReason_silent = 17,
    SessionReason_slow = 18,
    SessionReason_disconnected = 19,
    SessionReason_left = 20,                 /* it said SessionClosed */
    SessionReason_refused = 21,              /* by the core */
    SessionReason_stopped = 22,
    SESSION_REASONS
};

static const char *const SESSION_REASON_TEXTS[SESSION_REASONS] = {
    [SessionReason_none] = "",
    [SessionReason_truncated] = "envelope is truncated",
    [SessionReason_oversize] = "envelope is too large",
    [SessionReason_magic] = "not an envelope: wrong magic",
    [SessionReason_header] = "envelope header is not of this schema",
    [SessionReason_version] = "other schema version",
    [SessionReason_record] = "a record's length is wrong",
    [SessionReason_template] = "this peer may not send such a record",
    [SessionReason_epoch] = "envelope of another session",
    [SessionReason_number] = "envelope number is not the next one",
    [SessionReason_acknowledged] = "acknowledges what was never sent",
    [SessionReason_not_opened] = "a session begins with SessionOpen, once",
    [SessionReason_environment] = "other environment",
    [SessionReason_endpoint_name] = "other endpoint name",
    [SessionReason_role] = "other role",
    [SessionReason_credential] = "wrong credential",
    [SessionReason_open_late] = "no SessionOpen in time",
    [SessionReason_silent] = "silent for too long",
    [SessionReason_slow] = "outbound queue is full",
    [SessionReason_disconnected] = "disconnected",
    [SessionReason_left] = "left",
    [SessionReason_refused] = "refused",
    [SessionReason_stopped] = "this OMS is stopping",
};

#endif
