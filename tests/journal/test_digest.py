"""CRC-32C against published vectors, SHA-256 against hashlib; the portable code against the hardware's."""

import hashlib
import random

import pytest

from oms._core.journal_digest import crc32c, crc32c_portable, sha256, sha256_portable

# RFC 3720 (iSCSI), B.4, and the check value of the CRC catalogue.
VECTORS = [
    (b"", 0),
    (b"123456789", 0xE3069283),
    (bytes(32), 0x8A9136AA),
    (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E),
    (bytes(range(31, -1, -1)), 0x113FDB5C),
]


@pytest.mark.parametrize("crc", [crc32c, crc32c_portable])
@pytest.mark.parametrize(("data", "expected"), VECTORS)
def test_crc_of_known_vectors(crc, data, expected):
    assert crc(data) == expected


def test_crc_continues_and_agrees_at_every_length():
    data = random.Random(1).randbytes(300)
    for size in range(len(data)):
        assert crc32c(data[:size]) == crc32c_portable(data[:size])
        assert crc32c(data[size:], crc32c(data[:size])) == crc32c(data)


@pytest.mark.parametrize("digest", [sha256, sha256_portable])
def test_sha256_is_hashlibs_at_every_length_and_split(digest):
    data = random.Random(2).randbytes(4096)
    for size in [*range(260), 1000, 4095, 4096]:
        assert digest(data[:size]) == hashlib.sha256(data[:size]).digest()
    for split in range(200):
        assert digest(data[:split], data[split : split + 70], data[split + 70 :]) == hashlib.sha256(data).digest()
