"""What the journal's tests share: records, small journals, and journals as a crash leaves them."""

import shutil
import struct
from pathlib import Path

from oms._core.journal_digest import crc32c
from oms.journal import Journal

SEGMENT = 12288
HEADER = 4096
COMMIT = 80
TEMPLATE = 30


def record(number: int, size: int = 128, template: int = TEMPLATE) -> bytes:
    """A record of `size` bytes, told apart by its number."""
    body = struct.pack("<Q", number) * (size // 8)
    return struct.pack("<IIQQHHHH", size, 0, 0, 0, template, 1, 0, 0) + body[: size - 32]


def payload(raw: bytes) -> bytes:
    return raw[32:]


def sequence(raw: bytes) -> int:
    return int.from_bytes(raw[8:16], "little")


def fill(journal: Journal, count: int, batch: int = 5, size: int = 128) -> None:
    """Appends records and makes each batch safe, so that it has a commit of its own."""
    for number in range(1, count + 1):
        journal.append(record(journal.sequence + 1, size), time_ns=1_000_000 * (journal.sequence + 1), source=7)
        if number % batch == 0 or number == count:
            journal.flush()


def make(directory: Path, count: int, batch: int = 5, size: int = 128, durability: str = "none") -> Path:
    """A journal, closed cleanly."""
    with Journal(directory, durability, segment_bytes=SEGMENT) as journal:
        fill(journal, count, batch, size)
    return directory


def make_crashed(directory: Path, count: int, batch: int = 5, size: int = 128, durability: str = "none") -> Path:
    """A journal as a killed process leaves it: no clean end is marked."""
    with Journal(directory / "live", durability, segment_bytes=SEGMENT) as journal:
        fill(journal, count, batch, size)
        shutil.copytree(directory / "live", directory / "crashed")
    return directory / "crashed"


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.journal"))


def rewrite_mark(path: Path, slot: int, **fields: int | bytes) -> None:
    """Changes fields of a mark and gives it a checksum that fits: what only a writer could have done."""
    places = {"state": (12, "<I"), "number": (16, "<Q"), "sequence": (32, "<Q"), "synced": (40, "<Q")}
    places |= {"durability": (48, "<I"), "chain": (56, "32s"), "boot_id": (88, "16s")}
    data = bytearray(path.read_bytes())
    start = 512 + slot * 512
    for name, value in fields.items():
        offset, code = places[name]
        struct.pack_into(code, data, start + offset, value)
    struct.pack_into("<I", data, start + 8, crc32c(data[start + 12 : start + 512]))
    path.write_bytes(data)
