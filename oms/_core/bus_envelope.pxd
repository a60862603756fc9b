# The envelope of the bus: what it looks like, and whether one that came in is sound. Pure: bytes in, reason out.

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "bus_envelope.h" nogil:
    enum:
        ENVELOPE_MAGIC
        ENVELOPE_SIZE
        ENVELOPE_BLOCK_LENGTH
        ENVELOPE_TEMPLATE
        ENVELOPE_MAX_BYTES
        TEMPLATE_LIMITS
        TEMPLATE_FIRST

    ctypedef struct Envelope:
        uint32_t magic
        uint16_t block_length
        uint16_t template_id
        uint16_t schema_id
        uint16_t version
        uint32_t flags
        uint64_t epoch
        uint64_t number
        uint64_t acknowledged
        uint32_t count
        uint32_t bytes
        uint8_t reserved[16]

    ctypedef struct TemplateLimit:
        uint16_t fixed_length
        uint16_t first_text
        uint16_t texts

    enum:
        # Why a session ended; each is explained in bus_envelope.h.
        SessionReason_none
        SessionReason_truncated
        SessionReason_oversize
        SessionReason_magic
        SessionReason_header
        SessionReason_version
        SessionReason_record
        SessionReason_template
        SessionReason_epoch
        SessionReason_number
        SessionReason_acknowledged
        SessionReason_not_opened
        SessionReason_environment
        SessionReason_endpoint_name
        SessionReason_role
        SessionReason_credential
        SessionReason_open_late
        SessionReason_silent
        SessionReason_slow
        SessionReason_disconnected
        SessionReason_left
        SessionReason_refused
        SessionReason_stopped
        SESSION_REASONS
    const char*const* SESSION_REASON_TEXTS


# The first fault of a message, or SessionReason_none. Its session numbers are not looked at.
cdef int envelope_check(const uint8_t* message, size_t length, const TemplateLimit* limits) noexcept nogil
# Writes the header in front of the records at message + ENVELOPE_SIZE.
cdef void envelope_fill(uint8_t* message, uint64_t epoch, uint64_t number, uint64_t acknowledged,
                        uint32_t count, uint32_t bytes) noexcept nogil
