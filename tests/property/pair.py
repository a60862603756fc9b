"""The engine and the oracle side by side: the same call to both, then every figure of one against the other.

Owns the comparison, and the replay: a twin is fed the engine's records one by one and has to have the same state hash
after each; at the end a new engine recovers it all from the journal.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oms import Engine
from oms.engine import Result, with_source
from oms.enums import RequestType
from oms.recompute import Books
from oms.verify import CHECKS
from tests.oracle import Oracle
from tests.property import invariants
from tests.property.world import ACCOUNTS, CURRENCIES, INSTRUMENTS, define

CAPACITIES = {
    "order": 512,
    "request": 2048,
    "execution": 2048,
    "movement": 4096,
    "parked": 512,
    "text": 16384,
    "event": 1024,
    "cash": 256,
    "holding": 256,
    "cost_event": 512,
    "ladder": 512,
    "stage": 64,
}
CASH = ("booked", "payable", "receivable", "reserved", "margin", "available", "withdrawable")
HOLDING = ("settled", "incoming", "outgoing", "reserved", "total", "available")
ORDER = ("ord_status", "closed", "order_qty", "cum_qty", "leaves_qty", "reserved", "reserved_qty", "flags", "pending")

CAPACITIES = {"order": 512, "request": 2048, "execution": 2048, "movement": 4096, "text": 16384, "event": 4096}


class Recorder(Engine):
    """An engine that lets its twin apply each record as it stands in the journal."""

    def __init__(self, journal: Path) -> None:
        self.twin = Engine(CAPACITIES)
        super().__init__(CAPACITIES, journal=journal, segment_bytes=1 << 16)

    def apply(self, raw: bytes, source: int = 0) -> Result:
        result = super().apply(raw, source)
        self.twin.core.apply(with_source(raw, source), self.sequence, self.time_ns)
        self.twin.core.drop_outputs()
        return result


class Pair:
    def __init__(self, tell: Callable[[str], object] = lambda call: None) -> None:
        self.tell = tell
        self.directory = Path(tempfile.mkdtemp(prefix="oms-"))
        self.engine = Recorder(self.directory)
        self.oracle = Oracle()
        self.oracle.time_ns = self.engine.time_ns
        for book in (self.engine, self.oracle):
            define(book)

    def close(self) -> None:
        """The end of the day: what `oms verify` works out once more, and a recovery from the journal."""
        books = Books(self.engine)
        for check in CHECKS:
            check(books)
        expected = self.engine.state_hash()
        self.engine.close()
        with Engine(CAPACITIES, journal=self.directory) as recovered:
            found = recovered.state_hash()
        shutil.rmtree(self.directory)
        assert found == expected, "the journal gives another state"
        assert books.count == 0, "verify: " + "; ".join(map(str, books.findings))

    def do(self, method: str, *args: Any, **fields: Any) -> str:
        """The status that both gave."""
        words = [repr(value) for value in args] + [f"{name}={value!r}" for name, value in fields.items()]
        self.tell(f"engine.{method}({', '.join(words)})")
        theirs = getattr(self.engine, method)(*args, **fields)
        ours = getattr(self.oracle, method)(*args, **fields)
        if method != "advance":
            self.oracle.overdue()
        if ours is None or theirs is None:
            return "ok"
        assert theirs.status.name == ours.status, f"engine {theirs.status.name}, oracle {ours.status}"
        assert self.sent_by(theirs) == ours.sent
        return ours.status

    def sent_by(self, result: Result) -> list[str]:
        """What left for exchanges, in order."""
        names = self.engine.rows("request")["cl_ord_id"]
        return [
            f"{RequestType(sent['type']).name} {self.engine.text(names[sent['request'] & 0xFFFFFFFF])}"
            for sent in result.sent
        ]

    def compare(self) -> None:
        assert self.engine.state_hash() == self.engine.twin.state_hash(), "the same records gave another state"
        invariants.check(self.engine.arrays())
        for account in ACCOUNTS:
            for currency in CURRENCIES:
                self.same(self.engine.cash(account, currency), self.oracle.cash(account, currency))
            for instrument in INSTRUMENTS:
                self.same(self.engine.holding(account, instrument), self.oracle.holding(account, instrument))
        for account, cl_ord_id in self.oracle.requests:
            self.same(self.engine.request(account, cl_ord_id), self.oracle.request(account, cl_ord_id))
        for order in self.oracle.orders:
            account, cl_ord_id = order.account.code, order.request.cl_ord_id
            if self.oracle.requests[account, cl_ord_id] is not order.request:
                continue  # its name stands for a newer one
            self.same(self.engine.order(account, cl_ord_id), self.oracle.order(account, cl_ord_id))
        theirs = [request.cl_ord_id for request in self.engine.queue()]
        assert theirs == [request.cl_ord_id for request in self.oracle.queue()]

    def same(self, theirs: Any, ours: Any) -> None:
        """Every field of the oracle's picture in the engine's."""
        for name, expected in vars(ours).items():
            found = getattr(theirs, name)
            assert getattr(found, "name", found) == expected, (
                f"{name}: engine {found}, oracle {expected}\n{theirs}\n{ours}"
            )
