"""A reader written from docs/reference/journal-format.md alone, in plain Python, agrees with the core's."""

import hashlib
import struct
from pathlib import Path

import pytest

from oms._core.journal_digest import crc32c_portable
from oms.journal import Journal, read, stat, verify
from tests.journal.tools import SEGMENT, fill, make_crashed, record, segments


def sector(data: bytes, magic: bytes) -> bytes:
    assert data[:8] == magic
    assert int.from_bytes(data[8:12], "little") == crc32c_portable(data[12:512])
    return data


def plain_read(directory: Path) -> tuple[list[bytes], bytes]:
    """All records and the head of the chain."""
    found: list[bytes] = []
    chain = store = b""
    for number, path in enumerate(segments(directory), start=1):
        data = path.read_bytes()
        header = sector(data[:512], b"OMSJRNL\0")
        version, _, size, segment, first = struct.unpack_from("<HHQQQ", header, 12)
        store = store or header[40:56]
        chain = chain or hashlib.sha256(bytes(32) + store).digest()
        assert (version, size, segment, first) == (1, len(data), number, len(found) + 1)
        assert (header[40:56], header[56:88]) == (store, chain)
        assert not any(header[88:512] + data[1536:4096])
        offset = 4096
        while length := int.from_bytes(data[offset : offset + 4], "little"):
            batch = []
            start = offset
            while True:
                raw = data[offset : offset + length]
                crc, sequence, _, template = struct.unpack_from("<IQQH", raw, 4)
                assert crc == crc32c_portable(raw[8:])
                offset += length
                if template == 1:
                    break
                batch.append(raw)
                assert sequence == len(found) + len(batch)
                length = int.from_bytes(data[offset : offset + 4], "little")
            records = data[start : offset - length]
            count, size, first = struct.unpack_from("<IIQ", raw, 32)
            assert (count, size, first) == (len(batch), len(records), len(found) + 1)
            chain = hashlib.sha256(chain + records).digest()
            assert raw[48:80] == chain
            found += batch
        assert not any(data[offset:])
        marks = [sector(data[at : at + 512], b"OMSMARK\0") for at in (512, 1024)]
        newer = max(marks, key=lambda mark: mark[16:24][::-1])
        state, _, segment, sequence, synced, durability = struct.unpack_from("<IQQQQI", newer, 12)
        assert state == (2 if number < len(segments(directory)) else 3)
        assert (segment, sequence, newer[56:88]) == (number, len(found), chain)
        assert synced == sequence or (state, durability) == (2, 3)
    return found, chain


@pytest.mark.parametrize("durability", ["batch", "interval", "none"])
def test_the_page_describes_the_files(tmp_path, durability):
    with Journal(tmp_path, durability, segment_bytes=SEGMENT) as journal:
        for size in (128, 40, 4096, 504):
            fill(journal, 20, batch=3, size=size)
            journal.append(record(1, 32))
    found, chain = plain_read(tmp_path)
    assert found == list(read(tmp_path))
    assert len(found) == 84
    assert verify(tmp_path).chain_head == chain.hex()
    assert stat(tmp_path)["durability"] == durability


def test_a_mark_that_was_being_written_is_no_damage(tmp_path):
    """Its magic goes first and comes last; without a clean end that may be what a kill leaves."""
    crashed = make_crashed(tmp_path, 20)
    path = segments(crashed)[0]
    data = bytearray(path.read_bytes())
    older = 0 if data[528:536][::-1] < data[1040:1048][::-1] else 1
    data[512 + older * 512 : 520 + older * 512] = bytes(8)
    path.write_bytes(data)
    assert verify(crashed).ok
    closed = tmp_path / "live"
    path = segments(closed)[0]
    data = bytearray(path.read_bytes())
    data[512:520] = bytes(8)
    path.write_bytes(data)
    assert verify(closed).bad_marks
