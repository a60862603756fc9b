"""Reads one start-of-day file: opens it safely, once, and checks it against what its control line declares.

Never changes a file, and never decides what a good one means for our books.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oms._core.csv import Reader
from oms.start_of_day.figures import scaled, short
from oms.start_of_day.layouts import Column

MAX_FILE_BYTES = 4 << 30
MAX_FAULTS = 1000  # kept; all are counted
CHUNK = 1 << 20
SLACK = 64  # the reader looks a little behind a line's end
HEAD_BYTES = 16384  # control line and header, at most
FIRST_ROW = 3  # line of the first row
TOTAL_EXPONENT = 18

Progress = Callable[[str, int, int], None]  # file, bytes read, bytes in all


class Fault(NamedTuple):
    """A reason to refuse a file. line, column: from 1; 0 and "" where it concerns the whole file or line."""

    file: str
    line: int
    column: str
    reason: str
    text: str = ""


class RefusedError(Exception):
    """The file cannot be read on."""

    def __init__(self, reason: str, line: int = 0, text: str = "") -> None:
        super().__init__(reason, line, text)
        self.reason, self.line, self.text = reason, line, text


@dataclass(frozen=True)
class Control:
    """What a file's first line declares of it."""

    kind: str
    as_of: date
    source: str
    rows: int
    total: int | None  # in units of TOTAL_EXPONENT decimals
    complete: bool


@dataclass(frozen=True)
class Texts:
    """A column of texts of any length."""

    places: NDArray[Any]  # offset << 16 | length
    arena: bytes

    def __getitem__(self, row: int) -> bytes:
        place = int(self.places[row])
        return self.arena[place >> 16 : (place >> 16) + (place & 0xFFFF)]

    def filled(self) -> NDArray[Any]:
        """Which rows have a text."""
        filled: NDArray[Any] = self.places & np.uint64(0xFFFF) != 0
        return filled


@dataclass(frozen=True)
class SourceFile:
    """A file as it was read. A file with faults is refused as a whole."""

    name: str
    kind: str
    control: Control | None = None
    digest: bytes = b""  # SHA-256
    rows: int = 0
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    texts: dict[str, Texts] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    fault_count: int = 0
    unknown: tuple[Fault, ...] = ()  # accounts that are not known here: no fault of the file
    unknown_count: int = 0

    @property
    def good(self) -> bool:
        return not self.fault_count

    def refused_for(self, faults: Sequence[Fault]) -> SourceFile:
        """The same file with more faults."""
        kept = (*self.faults, *faults)[:MAX_FAULTS]
        return replace(self, faults=kept, fault_count=self.fault_count + len(faults))


def parse_control(line: str, kind: str, total_wanted: bool) -> Control:
    """`#kind=cash,as_of=2026-11-20,source=BANK1,rows=10,total=12.5000`. Raises RefusedError."""
    if not line.startswith("#"):
        raise RefusedError(
            "the first line must be the control line, such as #kind=cash,as_of=2026-11-20,…", 1, line[:40]
        )
    pairs = [pair.partition("=") for pair in line[1:].split(",")]
    found = {key: value for key, _, value in pairs}
    wanted = ["kind", "as_of", "source", "rows"] + ["total"] * total_wanted + ["complete"] * (kind == "open_orders")
    if len(found) != len(pairs) or set(found) != set(wanted):
        raise RefusedError(f"the control line must have exactly these keys: {', '.join(wanted)}", 1, line[:200])
    if found["kind"] != kind:
        raise RefusedError(f"the control line says kind={found['kind']}, the name of the file {kind}", 1)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", found["as_of"], re.ASCII):
        raise RefusedError("as_of is not a date such as 2026-11-20", 1, found["as_of"])
    try:
        as_of = date.fromisoformat(found["as_of"])
    except ValueError:
        raise RefusedError("as_of is not a date of the calendar", 1, found["as_of"]) from None
    if not re.fullmatch(r"[!-~]{1,64}", found["source"]):
        raise RefusedError("source must have 1 to 64 visible ASCII characters", 1, found["source"])
    if not re.fullmatch(r"\d{1,10}", found["rows"], re.ASCII):
        raise RefusedError("rows is not a whole number", 1, found["rows"])
    if total_wanted and not re.fullmatch(r"-?\d{1,30}(\.\d{1,18})?", found["total"], re.ASCII):
        raise RefusedError("total is not a plain decimal number", 1, found["total"])
    if found.get("complete", "yes") not in ("yes", "no"):
        raise RefusedError("complete must be yes or no", 1, found["complete"])
    total = scaled(found["total"], TOTAL_EXPONENT) if total_wanted else None
    complete = found.get("complete") == "yes"
    return Control(kind, as_of, found["source"], int(found["rows"]), total, complete)


def parse_header(line: str, columns: Sequence[Column]) -> list[str]:
    """The names in the file's order; any order will do. Raises RefusedError."""
    header = line.split(",")
    known = [column.name for column in columns]
    missing = [column.name for column in columns if column.empty is None and column.name not in header]
    strange = [name for name in header if name not in known]
    if missing or strange or len(set(header)) != len(header):
        what = f"no column {', '.join(missing)}" if missing else f"a column {strange[0]!r}" if strange else "one twice"
        raise RefusedError(f"the header has {what}; the columns are: {', '.join(known)}", 2, line[:200])
    return header


def open_file(folder: int, name: str) -> int:
    """A descriptor of a regular file in a folder, neither followed nor waited for. Raises RefusedError."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:
        reason = "it is a symbolic link, which is not followed" if error.errno == errno.ELOOP else error.strerror
        raise RefusedError(f"cannot be opened: {reason}") from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise RefusedError("is not a regular file")
    if status.st_size > MAX_FILE_BYTES:
        os.close(handle)
        raise RefusedError(f"has {status.st_size} bytes; the limit is {MAX_FILE_BYTES}")
    return handle


def read_file(
    folder: int, name: str, kind: str, columns: Sequence[Column], progress: Progress | None = None
) -> SourceFile:
    """Read a file whole; what is wrong with it stands in its faults. folder: descriptor of its directory."""
    try:
        handle = open_file(folder, name)
    except RefusedError as error:
        return SourceFile(name, kind).refused_for([Fault(name, error.line, "", error.reason, error.text)])
    try:
        return _Reading(handle, name, kind, columns, progress or (lambda *_: None)).run()
    finally:
        os.close(handle)


class _Reading:
    """One pass over an open file: the bytes that are hashed are those that are parsed."""

    def __init__(self, handle: int, name: str, kind: str, columns: Sequence[Column], progress: Progress) -> None:
        self.handle, self.name, self.kind, self.columns, self.progress = handle, name, kind, columns, progress
        self.buffer = bytearray(CHUNK + SLACK)
        self.digest = hashlib.sha256()
        self.before = os.fstat(handle)
        self.done = 0

    def fill(self, kept: int) -> int:
        """Read on behind `kept` bytes of the buffer; returns how many came."""
        with memoryview(self.buffer) as view:
            got = os.readv(self.handle, [view[kept:CHUNK]])
            self.digest.update(view[kept : kept + got])
        self.done += got
        self.progress(self.name, self.done, self.before.st_size)
        return got

    def run(self) -> SourceFile:
        file = SourceFile(self.name, self.kind)
        try:
            end = 0
            while end < CHUNK and (got := self.fill(end)):
                end += got
            start, control, header, newline = self.head(end)
            file = replace(file, control=control)
            reader = self.reader(control, header, newline)
            self.feed(reader, start, end, newline)
        except RefusedError as error:
            return file.refused_for([Fault(self.name, error.line, "", error.reason, error.text)])
        return self.checked(file, control, reader, header)

    def head(self, end: int) -> tuple[int, Control, list[str], bytes]:
        """Control line and header: where the rows start, and the file's line end."""
        raw = bytes(self.buffer[: min(end, HEAD_BYTES)])
        if not raw:
            raise RefusedError("is empty")
        if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
            raise RefusedError("begins with a byte order mark; plain UTF-8 is wanted", 1)
        lines = raw.split(b"\n", 2)
        if len(lines) < 3:
            raise RefusedError("a control line and a header are wanted, each with its line end", 1)
        crlf = lines[0].endswith(b"\r")
        newline = b"\r\n" if crlf else b"\n"
        try:
            first, second = (line[:-1].decode("ascii") if crlf else line.decode("ascii") for line in lines[:2])
        except UnicodeDecodeError:
            raise RefusedError("control line and header must be ASCII", 1) from None
        if lines[1].endswith(b"\r") != crlf or any(not text.isprintable() for text in (first, second)):
            raise RefusedError("a control character, or line ends of two kinds (LF or CRLF, not both)", 1)
        control = parse_control(first, self.kind, any(column.totalled for column in self.columns))
        return end_of(lines), control, parse_header(second, self.columns), newline

    def reader(self, control: Control, header: list[str], newline: bytes) -> Reader:
        here = [self.standing_alone(column, header) for column in self.columns if column.name in header]
        capacity = min(control.rows, self.before.st_size // len(header) + 1)
        crlf = newline == b"\r\n"
        return Reader(here, header, capacity, crlf=crlf, first_line=FIRST_ROW, fault_limit=MAX_FAULTS)

    def lenient(self) -> bool:
        """Are there figures that cannot be worked out, because the code that they hang on may be unknown?"""
        unknown = {column.name for column in self.columns if column.may_be_unknown}
        return any(column.exponent in unknown for column in self.columns)

    def standing_alone(self, column: Column, header: list[str]) -> Column:
        """The column; where the one that its exponent hangs on is left out, with what stands for that."""
        if isinstance(column.exponent, int) or column.exponent in header:
            return column
        exponent = next(other.empty for other in self.columns if other.name == column.exponent)
        assert isinstance(exponent, int)
        return replace(column, exponent=exponent)

    def feed(self, reader: Reader, start: int, end: int, newline: bytes) -> None:
        """All rows: those in the buffer from `start` to `end`, then the rest of the file."""
        more = True
        while more:
            used = reader.feed(self.buffer, start, end)
            self.buffer[: end - used] = self.buffer[used:end]
            start, end = 0, end - used
            got = self.fill(end)
            more, end = got > 0, end + got
        if end:  # the last line has no line end
            self.buffer[end : end + len(newline)] = newline
            reader.feed(self.buffer, 0, end + len(newline))

    def checked(self, file: SourceFile, control: Control, reader: Reader, header: list[str]) -> SourceFile:
        """The file with its columns, and the faults against its control line."""
        faults = []
        after = os.fstat(self.handle)
        same = (after.st_size, after.st_mtime_ns) == (self.before.st_size, self.before.st_mtime_ns)
        if not same or self.done != after.st_size:
            faults.append(Fault(self.name, 0, "", "it was changed while it was read: hand it over by renaming"))
        if reader.rows != control.rows:
            reason = f"the control line declares {control.rows} rows, there are {reader.rows}"
            faults.append(Fault(self.name, 1, "rows", reason))
        elif control.total not in (None, reader.total) and not reader.fault_count and not self.lenient():
            declared, there = (short(total or 0, TOTAL_EXPONENT) for total in (control.total, reader.total))
            reason = f"the control line declares a total of {declared}, the rows have {there}"
            faults.append(Fault(self.name, 1, "total", reason))
        kept = min(reader.rows, len(next(iter(reader.arrays.values()))))
        arrays = {
            column.name: reader.arrays[column.name][:kept] if column.name in header else column.filled(kept)
            for column in self.columns
        }
        long = {column.name for column in self.columns if column.kind == "long_text"}
        return replace(
            file,
            digest=self.digest.digest(),
            rows=reader.rows,
            arrays={name: array for name, array in arrays.items() if name not in long},
            texts={name: Texts(array, reader.arena) for name, array in arrays.items() if name in long},
            faults=tuple(self.fault(header, *row) for row in reader.faults),
            fault_count=reader.fault_count,
            unknown=tuple(self.fault(header, *row) for row in reader.unknown),
            unknown_count=reader.unknown_count,
        ).refused_for(faults)

    def fault(self, header: list[str], line: int, column: int, reason: str, text: str) -> Fault:
        return Fault(self.name, line, header[column - 1] if column else "", reason, text)


def end_of(lines: list[bytes]) -> int:
    """Where the third line starts."""
    return len(lines[0]) + len(lines[1]) + 2
