# Owns: the checks of an envelope's bytes and the filling of its header. Never looks at a session or a record's meaning.

from libc.string cimport memset

from oms._core.types cimport Frame, MAX_RECORD_LENGTH, SCHEMA_VERSION

cdef enum:
    SCHEMA_ID = 0x4F4D      # oms.schema.SCHEMA_ID


cdef inline int header_check(const Envelope* envelope, size_t length) noexcept nogil:
    cdef int i
    if envelope.magic != ENVELOPE_MAGIC:
        return SessionReason_magic
    if envelope.schema_id == SCHEMA_ID and envelope.version != SCHEMA_VERSION:
        return SessionReason_version
    if (envelope.block_length != ENVELOPE_BLOCK_LENGTH or envelope.template_id != ENVELOPE_TEMPLATE
            or envelope.schema_id != SCHEMA_ID or envelope.flags != 0):
        return SessionReason_header
    for i in range(16):
        if envelope.reserved[i] != 0:
            return SessionReason_header
    if length < ENVELOPE_SIZE + <size_t> envelope.bytes:
        return SessionReason_truncated
    if length > ENVELOPE_SIZE + <size_t> envelope.bytes or envelope.count == 0:
        return SessionReason_record
    return SessionReason_none


cdef inline int record_check(const uint8_t* record, size_t room, const TemplateLimit* limits) noexcept nogil:
    """The room is what is left of the envelope: a Frame may be cut short by it."""
    cdef const Frame* frame = <const Frame*> record
    cdef const TemplateLimit* limit
    cdef uint32_t end
    cdef uint16_t i
    if room < sizeof(Frame) or frame.length > room or frame.length > MAX_RECORD_LENGTH:
        return SessionReason_record
    if frame.schema_version != SCHEMA_VERSION:
        return SessionReason_version
    if frame.template_id >= TEMPLATE_LIMITS or limits[frame.template_id].fixed_length == 0:
        return SessionReason_template
    limit = &limits[frame.template_id]
    if frame.length < limit.fixed_length:
        return SessionReason_record
    end = limit.fixed_length
    for i in range(limit.texts):
        end += record[limit.first_text + i]
    if frame.length != ((end + 7) & ~<uint32_t> 7):
        return SessionReason_record
    return SessionReason_none


cdef int envelope_check(const uint8_t* message, size_t length, const TemplateLimit* limits) noexcept nogil:
    cdef const Envelope* envelope = <const Envelope*> message
    cdef size_t place = ENVELOPE_SIZE
    cdef uint32_t _record
    cdef int fault
    cdef uint16_t template_id
    if length < ENVELOPE_SIZE:
        return SessionReason_truncated
    if length > ENVELOPE_MAX_BYTES:
        return SessionReason_oversize
    fault = header_check(envelope, length)
    if fault:
        return fault
    for _record in range(envelope.count):
        fault = record_check(message + place, length - place, limits)
        if fault:
            return fault
        template_id = (<const Frame*> (message + place)).template_id
        if template_id < TEMPLATE_FIRST and envelope.count != 1:
            return SessionReason_template       # a session record travels alone
        place += (<const Frame*> (message + place)).length
    return SessionReason_none if place == length else SessionReason_record


cdef void envelope_fill(uint8_t* message, uint64_t epoch, uint64_t number, uint64_t acknowledged,
                        uint32_t count, uint32_t bytes) noexcept nogil:
    cdef Envelope* envelope = <Envelope*> message
    memset(envelope, 0, sizeof(Envelope))
    envelope.magic = ENVELOPE_MAGIC
    envelope.block_length = ENVELOPE_BLOCK_LENGTH
    envelope.template_id = ENVELOPE_TEMPLATE
    envelope.schema_id = SCHEMA_ID
    envelope.version = SCHEMA_VERSION
    envelope.epoch = epoch
    envelope.number = number
    envelope.acknowledged = acknowledged
    envelope.count = count
    envelope.bytes = bytes
