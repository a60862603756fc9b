"""An append-only log of what an adapter took in, and files that can be made again from it.

Owns the framing, the flush and the check at the start. It never interprets an entry.

An entry is a header (magic, length, CRC-32, kind, time in ns; 24 bytes) and its bytes. Only the last one, which the
process was still writing when it ended, may be broken: it is cut off. Damage before a sound entry is refused.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from oms.errors import OmsError

_HEADER = struct.Struct("<4sIIIQ")
_MAGIC = b"OMSL"


class LogError(OmsError):
    """The directory of an adapter cannot be used, or holds what it should not."""


class Entry(NamedTuple):
    kind: int
    time_ns: int
    body: bytes


class Log:
    """One log file; `entries` is read to its end before the first `append`.

    durable: whether `append` waits until the disk has it (survives the machine) or not (survives the process).
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        self.durable = durable
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._end = 0
        directory = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        os.fsync(directory)  # the file's name, too, survives the machine
        os.close(directory)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise LogError(
                "another process uses this directory", where=str(path.parent), remedy="stop it, or use another one"
            ) from None

    def entries(self) -> Iterator[Entry]:
        """All entries in order; a last one that is not whole is cut off. Raises LogError for damage."""
        raw = self.path.read_bytes()
        offset = 0
        while (found := _entry_at(raw, offset)) is not None:
            offset += _HEADER.size + len(found.body)
            yield found
        if any(_entry_at(raw, later) for later in _places(raw, offset + 1)):
            raise LogError(
                f"the log is damaged at byte {offset}: sound entries come after it",
                where=str(self.path),
                remedy="restore the directory from a copy, or start with an empty one",
            )
        os.ftruncate(self._handle, offset)
        self._end = offset

    def append(self, kind: int, time_ns: int, body: bytes) -> None:
        """Add an entry; when this returns it is as durable as configured."""
        rest = struct.pack("<IQ", kind, time_ns) + body
        raw = struct.pack("<4sII", _MAGIC, len(body), zlib.crc32(rest)) + rest
        _write(self._handle, raw, self._end)
        self._end += len(raw)
        if self.durable:
            os.fdatasync(self._handle)

    def close(self) -> None:
        os.close(self._handle)


def _write(handle: int, data: bytes, offset: int) -> None:
    done = 0
    while done < len(data):
        done += os.pwrite(handle, data[done:], offset + done)


def _entry_at(raw: bytes, offset: int) -> Entry | None:
    if len(raw) < offset + _HEADER.size:
        return None
    magic, length, crc, kind, time_ns = _HEADER.unpack_from(raw, offset)
    body = raw[offset + _HEADER.size : offset + _HEADER.size + length]
    if magic != _MAGIC or len(body) != length or zlib.crc32(raw[offset + 12 : offset + 24] + body) != crc:
        return None
    return Entry(kind, time_ns, body)


def _places(raw: bytes, offset: int) -> Iterator[int]:
    """Where an entry might begin."""
    while (offset := raw.find(_MAGIC, offset)) >= 0:
        yield offset
        offset += 1


class DerivedFile:
    """A file whose bytes follow from a log: at a start they are written again, and must be those that are there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0  # bytes written since the start
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._existing = os.fstat(self._handle).st_size

    def write(self, data: bytes) -> None:
        """The next bytes. Raises LogError when the file holds others."""
        known = data[: max(self._existing - self.size, 0)]
        if known and os.pread(self._handle, len(known), self.size) != known:
            raise LogError(
                f"what follows from the log differs from byte {self.size} on",
                where=str(self.path),
                remedy="the rules or the files have changed since it was written: start with an empty directory",
            )
        if len(known) < len(data):
            _write(self._handle, data[len(known) :], self.size + len(known))
        self.size += len(data)

    def check_whole(self) -> None:
        """After the log has been played again: nothing more may be there. Raises LogError."""
        if self._existing > self.size:
            raise LogError(
                f"there are {self._existing - self.size} bytes more than follow from the log: it has lost entries",
                where=str(self.path),
                remedy="restore the directory from a copy, or start with an empty one",
            )

    def read(self, start: int, end: int) -> bytes:
        return os.pread(self._handle, end - start, start)

    def close(self) -> None:
        os.close(self._handle)
