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
from tests.oracle.external import SUSPENSE
from tests.oracle.orders import Order
from tests.property import invariants
from tests.property.trade_rows import TradeRows
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
REPORTED = ("report", "cancel_reject")
NOTHING_NEW = {"ok", "report_stale"}  # of a report that changes nothing, both are true
FACTS = (
    "report",
    "cancel_reject",
    "open_orders",
    "balance",
    "corporate_action",
    "settle",
    "deposit",
    "load_cash",
    "load_holdings",
)
GONE = "cancelled_on_disconnect"
NEGATIVE, LATE = "available_negative", "settlement_late"
TOLD = (  # whose alerts are compared
    "report",
    "cancel_reject",
    "open_orders",
    "control",
    "mass_cancel",
    "corporate_action",
    "undo_corporate_action",
    "balance",
    "move",
    "assign",
)


def names_sent(engine: Engine, result: Result) -> list[str]:
    """What left for exchanges, in order."""
    requests = engine.rows("request")

    def name(slot: int) -> str:
        """A cancel of the OMS's own has none: its order's, then."""
        order = engine.order_picture(int(requests["order"][slot]))
        return engine.text(requests["cl_ord_id"][slot]) or order.cl_ord_id or order.order_id

    return [f"{RequestType(sent['type']).name} {name(sent['request'] & 0xFFFFFFFF)}" for sent in result.sent]


def only_cancels(sent: list[str]) -> bool:
    """Of several orders at once: which is cancelled first makes no difference."""
    return all(each.startswith("cancel ") for each in sent)


class Recorder(Engine):
    """An engine that lets its twin apply each record as it stands in the journal, and that is asked by first names."""

    def __init__(self, journal: Path) -> None:
        self.twin = Engine(CAPACITIES)
        self.rows_by_name: dict[str, tuple[str, str, int]] = {}  # first name: table, field, row
        super().__init__(CAPACITIES, journal=journal, segment_bytes=1 << 16)

    def apply(self, raw: bytes, source: int = 0) -> Result:
        result = super().apply(raw, source)
        self.twin.core.apply(with_source(raw, source), self.sequence, self.time_ns)
        self.twin.core.drop_outputs()
        return result

    def remember_names(self) -> None:
        """They are the first ones."""
        for account in ACCOUNTS:
            self.rows_by_name[account] = "account", "code", self.account_slot(account)
        for symbol in INSTRUMENTS:
            self.rows_by_name[symbol] = "instrument", "symbol", self.instrument_slot(symbol)
        for currency in CURRENCIES:
            self.rows_by_name[currency] = "currency", "code", self.currency_slot(currency)

    def present(self, name: str) -> str:
        if name not in self.rows_by_name:
            return name
        table, field, row = self.rows_by_name[name]
        return super().code(table, row, field)

    def code(self, table: str, slot: int, name: str) -> str:
        first = (known for known, row in self.rows_by_name.items() if row == (table, name, slot))
        return next(first, super().code(table, slot, name))

    def account_slot(self, code: str, owner: int = 0) -> int:
        return super().account_slot(self.present(code), owner)

    def account_or_zero(self, code: str) -> int:
        return super().account_or_zero(self.present(code))

    def resolve(self, account: str, *told: Any, **fields: Any) -> Result:
        return super().resolve(self.present(account), *told, **fields)

    def item_of(self, item: str) -> tuple[int, int, int]:
        return super().item_of(self.present(item))

    def instrument_slot(self, symbol: str) -> int:
        return super().instrument_slot(self.present(symbol))

    def currency_slot(self, code: str) -> int:
        return super().currency_slot(self.present(code))


class Pair:
    def __init__(self, tell: Callable[[str], object] = lambda call: None) -> None:
        self.tell = tell
        self.twice = False  # the engine hears every fact twice, the oracle once
        self.directory = Path(tempfile.mkdtemp(prefix="oms-"))
        self.engine = Recorder(self.directory)
        self.oracle = Oracle()
        self.rows = TradeRows(self.engine, self.oracle)
        self.oracle.time_ns = self.engine.time_ns
        for book in (self.engine, self.oracle):
            define(book)
        self.engine.remember_names()

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
        self.tell(f"engine.{method}({', '.join(words)}){'  # twice' if self.twice and method in FACTS else ''}")
        below = method in TOLD and self.oracle.below_zero()
        theirs = getattr(self.engine, method)(*args, **fields)
        if method != "advance":
            self.oracle.time_ns = self.engine.time_ns  # to the nanosecond, as the record has it
        ours = getattr(self.oracle, method)(*args, **fields)
        before = len(self.oracle.sent)
        if method != "advance":
            self.oracle.overdue()
        if ours is None or theirs is None:
            return "ok"
        told = {theirs.status.name, ours.status}
        same = len(told) == 1 or (method in REPORTED and told == NOTHING_NEW)
        assert same, f"engine {theirs.status.name}, oracle {ours.status}"
        sent = self.orders_sent(theirs)
        asked = [*ours.sent, *self.oracle.sent[before:]]
        assert sent == asked or (only_cancels(sent) and sorted(sent) == sorted(asked))
        assert (GONE in {alert.name for alert in theirs.alerts}) == bool(self.oracle.gone), "whose session is gone"
        self.oracle.gone.clear()
        if method in TOLD:
            self.same_alerts({alert.name for alert in theirs.alerts}, set(ours.alerts), below)
        if self.twice and method in FACTS:
            again = getattr(self.engine, method)(*args, **fields)
            assert not self.orders_sent(again), "told twice, it sends something more"
        return ours.status

    def orders_sent(self, result: Result) -> list[str]:
        """Without what the exchange is asked about requests in doubt: that is the two feeds' test."""
        return [each for each in names_sent(self.engine, result) if not each.startswith("status ")]

    def restart(self) -> None:
        """The engine dies, and comes back from its journal; its twin goes on."""
        self.tell("engine restarted")
        before = self.engine
        before.close()
        self.engine = self.rows.engine = Recorder(self.directory)
        self.engine.twin, self.engine.rows_by_name = before.twin, before.rows_by_name
        assert self.engine.state_hash() == self.engine.twin.state_hash(), "the journal gives another state"

    def name_otherwise(self, method: str, *args: Any, **fields: Any) -> None:
        """Of which the oracle hears nothing."""
        self.tell(f"engine.{method}({args}, {fields})  # another name")
        assert getattr(self.engine, method)(*args, **fields).status.name == "ok"
        self.oracle.time_ns = self.engine.time_ns
        self.oracle.overdue()

    def same_alerts(self, theirs: set[str], ours: set[str], below: bool) -> None:
        """Available below zero is told when it falls there; to tell it again while it is there is allowed, and so it is
        that a late trade is late."""
        if self.oracle.any_late():
            theirs = theirs - {LATE}
        told = f"alerts: engine {theirs}, oracle {ours}"
        assert theirs - {NEGATIVE} == ours - {NEGATIVE}, told
        assert NEGATIVE not in ours - theirs, told
        assert NEGATIVE not in theirs - ours or below or self.oracle.below_zero(), told

    def compare(self) -> None:
        assert self.engine.state_hash() == self.engine.twin.state_hash(), "the same records gave another state"
        invariants.check(self.engine.arrays())
        for account in self.accounts():
            for currency in CURRENCIES:
                self.same(self.engine.cash(account, currency), self.oracle.cash(account, currency))
            for instrument in INSTRUMENTS:
                self.same(self.engine.holding(account, instrument), self.oracle.holding(account, instrument))
        for account, cl_ord_id in [key for key, request in self.oracle.requests.items() if request.cl_ord_id]:
            self.same(self.engine.request(account, cl_ord_id), self.oracle.request(account, cl_ord_id))
        for order in self.oracle.orders:
            theirs = self.picture_of(order)
            if theirs is None:
                continue
            ours = self.oracle.picture(order)
            self.same(theirs, ours)
            self.rows.compare(theirs.row, order)
        for account in self.accounts():
            for instrument in INSTRUMENTS:
                self.rows.compare_realised(account, instrument)
        queue = [request.cl_ord_id for request in self.engine.queue()]
        assert queue == [request.cl_ord_id for request in self.oracle.queue()]

    def accounts(self) -> tuple[str, ...]:
        """The engine makes a suspense account when it needs one."""
        return (*ACCOUNTS, SUSPENSE) if self.engine.core.find("account", SUSPENSE, 0) else ACCOUNTS

    def picture_of(self, order: Order) -> Any:
        """The engine's; None when the order's name stands for a newer one, wherever that is by now."""
        account, name = order.account.code, order.request.cl_ord_id
        if not name:
            exchange = self.engine.exchange_slot(order.instrument.exchange.mic)
            return self.engine.order_picture(self.engine.core.find("order", order.order_id, exchange))
        mine = self.oracle.requests.get((account, name)) is order.request
        return self.engine.order(account, name) if mine else None

    def same(self, theirs: Any, ours: Any) -> None:
        """Every field of the oracle's picture in the engine's."""
        for name, expected in vars(ours).items():
            found = getattr(theirs, name)
            assert getattr(found, "name", found) == expected, (
                f"{name}: engine {found}, oracle {expected}\n{theirs}\n{ours}"
            )
