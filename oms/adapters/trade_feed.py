"""A trade feed: each trade, bust and correction as lines of a file, once and in order, for others to follow.

Owns the file. Its last whole line is the cursor, so the two cannot disagree: a start cuts off what was not written
whole and goes on behind the last line. It never changes a table and never reads what is not safe.

A line is a JSON object; amounts are strings. A bust is one line that reverses its trade, a correction two: one that
reverses the old version, one with the new. A reversing line has negated amounts: the sum of all lines is what stands.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import msgspec

from oms.adapters.trade_rows import LiveRows
from oms.errors import OmsError
from oms.pictures import Trade

BATCH = 256  # lines that are made durable together
LINE_BYTES = 4096  # a line is shorter
POLL_S = 0.05


class TradeFeedError(OmsError):
    """The file is not one of a trade feed, or of another store."""


class Rows(Protocol):
    """Where executions come from: `oms.views`, or a stand-in of a test."""

    def executions_from(self, row: int) -> Iterator[Trade]:
        """Execution rows from `row` on, in order, as far as they are safe."""

    def trade_picture(self, row: int) -> Trade:
        """One execution row."""


def lines_of(trade: Trade, rows: Rows) -> list[bytes]:
    """The lines of one execution row, each with its line end."""
    if trade.kind == "trade":
        parts = [(trade, "new", 1)]
    elif trade.kind == "bust":
        parts = [(trade, "reverse", -1)]
    else:
        old = rows.trade_picture(trade.ref)
        parts = [] if old.kind == "bust" else [(old, "reverse", -1)]  # a settled trade was reversed by a row of its own
        parts.append((trade, "reissue", 1))
    return [_line(trade, part, len(parts), *what) for part, what in enumerate(parts, 1)]


def _line(cause: Trade, part: int, parts: int, trade: Trade, action: str, sign: int) -> bytes:
    """cause: the row that made the line. trade: whose figures it has."""
    net = -(trade.value + trade.fee) if trade.side == "buy" else trade.value - trade.fee
    line = {
        "row": cause.row,
        "part": part,
        "parts": parts,
        "type": cause.kind,
        "action": action,
        "exec_id": cause.exec_id,
        "version": trade.version,
        "account": trade.account,
        "cl_ord_id": trade.cl_ord_id,
        "order": trade.order,
        "instrument": trade.instrument,
        "exchange": trade.exchange,
        "currency": trade.currency,
        "side": trade.side,
        "quantity": _text(sign * trade.quantity),
        "price": _text(trade.price),
        "value": _text(sign * trade.value),
        "fee": _text(sign * trade.fee),
        "tax": _text(sign * trade.tax),
        "net": _text(sign * net),
        "trade_date": trade.trade_date,
        "settle_date": trade.settle_date,
        "sequence": cause.sequence,
    }
    return msgspec.json.encode(line) + b"\n"


def _text(amount: Decimal) -> str:
    return format(amount if amount else Decimal(0), "f")


class TradeFile:
    """The file of one trade feed. `row` and `part` say where its last whole line stands; 0 = it is empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.row = 0
        self.part = 0
        self.last = b""
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise TradeFeedError("another trade feed writes this file", where=str(path)) from None
        self._end = self._recover()
        os.ftruncate(self._handle, self._end)
        self._sync_directory()

    def _recover(self) -> int:
        """Find the end of the last whole line. What is broken was written last, and nobody has built upon it."""
        size = os.fstat(self._handle).st_size
        start = max(size - 2 * BATCH * LINE_BYTES, 0)
        tail = os.pread(self._handle, size - start, start)
        offset = tail.find(b"\n") + 1 if start else 0
        expected = None
        while (end := tail.find(b"\n", offset) + 1) > 0:
            found = _place(tail[offset:end])
            if found is None or expected not in (None, found[:2]):
                break
            self.row, self.part, parts = found
            self.last = tail[offset:end]
            expected = (self.row, self.part + 1) if self.part < parts else (self.row + 1, 1)
            offset = end
        if (start and expected is None) or (not start and expected is None and end > 0):
            raise TradeFeedError("this is not a file of a trade feed", where=str(self.path), remedy="name another file")
        return start + offset

    def append(self, lines: Sequence[bytes]) -> None:
        """Write lines and wait until the disk has them."""
        data = b"".join(lines)
        done = 0
        while done < len(data):
            done += os.pwrite(self._handle, data[done:], self._end + done)
        os.fdatasync(self._handle)
        self._end += len(data)
        self.last = lines[-1]
        self.row, self.part, _ = _place(self.last) or (0, 0, 0)

    def _sync_directory(self) -> None:
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        os.fsync(directory)
        os.close(directory)

    def close(self) -> None:
        os.close(self._handle)


def _place(line: bytes) -> tuple[int, int, int] | None:
    """Row, part and parts of a whole line; None when it is none."""
    try:
        found: dict[str, Any] = msgspec.json.decode(line)
        row, part, parts = found["row"], found["part"], found["parts"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return None
    whole = all(isinstance(number, int) for number in (row, part, parts)) and 0 < part <= parts and row > 0
    return (row, part, parts) if whole else None


class TradeFeed:
    """Copies rows into a file, as often as it is told to look."""

    def __init__(self, rows: Rows, path: Path) -> None:
        self.rows = rows
        self.file = TradeFile(path)

    def follow(self) -> int:
        """Write what is new. Returns the number of lines. Raises TradeFeedError when the file is of another store."""
        written = 0
        batch: list[bytes] = []
        for trade in self.rows.executions_from(max(self.file.row, 1)):
            lines = lines_of(trade, self.rows)
            if trade.row == self.file.row and not batch:
                self._check(lines)
                lines = lines[self.file.part :]
            batch += lines
            if len(batch) >= BATCH:
                self.file.append(batch)
                written, batch = written + len(batch), []
        if batch:
            self.file.append(batch)
        return written + len(batch)

    def _check(self, lines: Sequence[bytes]) -> None:
        """The last line must follow from the tables, or the file is not theirs."""
        if lines[self.file.part - 1] == self.file.last:
            return
        there, here = msgspec.json.decode(lines[self.file.part - 1]), msgspec.json.decode(self.file.last)
        differing = [
            f"{name}: {here.get(name)} here, {there[name]} there" for name in there if here.get(name) != there[name]
        ]
        raise TradeFeedError(
            f"the file does not end with row {self.file.row} of the tables ({'; '.join(differing)})",
            where=str(self.file.path),
            remedy="the file belongs to another store: name another file",
        )

    def close(self) -> None:
        self.file.close()


def run(tables: Path, path: Path, stopping: Callable[[], bool], *, once: bool = False) -> int:
    """Follow a live process until `stopping`, or once. Returns the lines written."""
    rows = LiveRows(tables)
    feed = TradeFeed(rows, path)
    written = 0
    try:
        while True:
            last = once or stopping()
            new = feed.follow() if rows.fresh() else 0
            written += new
            if last:
                return written
            if not new:
                time.sleep(POLL_S)
    finally:
        feed.close()
