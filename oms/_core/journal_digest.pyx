"""The journal's two checksums for Python: CRC-32C of a record, SHA-256 of the chain.

The `_portable` variants are what machines without the instructions run; the tests compare them.
"""

from libc.stdint cimport uint8_t, uint32_t


cdef extern from "crc32c.h" nogil:
    uint32_t c_crc32c "crc32c"(uint32_t crc, const void* data, size_t size)
    uint32_t c_crc32c_portable "crc32c_portable"(uint32_t crc, const void* data, size_t size)

cdef extern from "sha256.h" nogil:
    ctypedef void (*Sha256Blocks)(uint32_t* h, const uint8_t* data, size_t blocks) noexcept nogil
    ctypedef struct Sha256:
        pass
    Sha256Blocks sha256_fastest()
    void sha256_blocks_portable(uint32_t* h, const uint8_t* data, size_t blocks)
    void sha256_init(Sha256* sha, Sha256Blocks blocks)
    void sha256_update(Sha256* sha, const void* data, size_t size)
    void sha256_final(Sha256* sha, uint8_t* digest)


def crc32c(const uint8_t[::1] data not None, uint32_t crc=0):
    """CRC-32C of the bytes, continuing `crc`."""
    return c_crc32c(crc, &data[0], data.shape[0]) if data.shape[0] else crc


def crc32c_portable(const uint8_t[::1] data not None, uint32_t crc=0):
    return c_crc32c_portable(crc, &data[0], data.shape[0]) if data.shape[0] else crc


cdef bytes _sha256(parts, Sha256Blocks blocks):
    cdef Sha256 sha
    cdef const uint8_t[::1] data
    cdef uint8_t digest[32]
    sha256_init(&sha, blocks)
    for part in parts:
        data = part
        if data.shape[0]:
            sha256_update(&sha, &data[0], data.shape[0])
    sha256_final(&sha, digest)
    return digest[:32]


def sha256(*parts):
    """SHA-256 of all parts, one after the other: 32 bytes."""
    return _sha256(parts, sha256_fastest())


def sha256_portable(*parts):
    return _sha256(parts, sha256_blocks_portable)
