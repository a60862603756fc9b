"""The embedded engine: the core of `oms serve` without sockets, for notebooks, tests and tools.

Every call that changes something makes one record of the catalogue, appends it to the journal if there is one, applies
it, and returns a Result. A business refusal is a status, never an exception; OmsError is for wrong use, such as an
unknown name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from oms import long_reports, records, schema, snapshot
from oms._core.engine import Core
from oms.control import Controlling
from oms.corporate import Corporate
from oms.enums import Decision, EventKind, Status
from oms.errors import OmsError
from oms.journal import Journal, JournalFailed
from oms.limits import Limiting
from oms.operating import Operating
from oms.order_entry import UNKNOWN_EXPONENTS, OrderEntry
from oms.pictures import Trade
from oms.reference import Reference
from oms.repair import Repair
from oms.replica import Recovered, position, recover, tell_difference
from oms.snapshot import KEPT, Snapshot
from oms.statement import Statement, statement
from oms.values import Amount, Day, or_null, to_day, to_units
from oms.views import Views

FIRST_TIME_NS = (
    1_767_225_600_000_000_000  # 2026-01-01: an embedded engine's clock moves only by its records and `advance`
)
NULL = schema.NULL_I64
ALL_RECEIVED = (1 << 64) - 1


@dataclass(frozen=True)
class Result:
    """What became of a record. outputs: (record name, fields) in the order in which they left. source: number of the
    user who sent it."""

    status: Status
    sequence: int
    outputs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    source: int = 0

    @property
    def ok(self) -> bool:
        return self.status == Status.ok

    def _named(self, name: str) -> list[dict[str, Any]]:
        return [fields for output, fields in self.outputs if output == name]

    @property
    def answer(self) -> dict[str, Any] | None:
        """The answer to the sender, for requests and decisions."""
        return next((answer for answer in self._named("Answer") if answer["to"] == self.source), None)

    @property
    def told(self) -> list[dict[str, Any]]:
        """The answers that left for others: later news of what they had asked for."""
        return [answer for answer in self._named("Answer") if answer["to"] != self.source]

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The requests that left for exchanges."""
        return self._named("OrderRequest")

    @property
    def events(self) -> list[dict[str, Any]]:
        return self._named("Event")

    @property
    def alerts(self) -> list[Status]:
        return [Status(event["status"]) for event in self.events if event["kind"] == EventKind.alert]


class Engine(Repair, Reference, Operating, Controlling, Corporate, OrderEntry, Limiting, Views):
    """Accounts, orders, holdings, cash and reservations in memory, moved by records.

    capacities: rows per table (docs/reference/tables.md). working_set: rows that get their memory at the start.
    journal: a directory; what it holds is replayed first, behind the newest good snapshot of the directory `snapshots`.
    durability: "batch", "interval" or "none". tables: a directory in shared memory for other processes to map; None
    keeps the tables private. clock: UTC nanoseconds, for a live process; None = it moves by records and `advance`
    only. core: one that has applied the beginning of the journal, in place of a recovery. Use from one thread.
    """

    def __init__(
        self,
        capacities: Mapping[str, int] | None = None,
        journal: str | Path | None = None,
        durability: str = "none",
        tables: str | Path | None = None,
        segment_bytes: int = 1 << 24,
        clock: Callable[[], int] | None = None,
        working_set: Mapping[str, int] | None = None,
        snapshots: str | Path | None = None,
        core: Core | None = None,
    ) -> None:
        def make_core() -> Core:
            return Core(capacities, None if tables is None else Path(tables), working_set)

        recovered = recover(make_core, journal, snapshots) if core is None else Recovered(core)
        self.core = recovered.core
        self._memory = {name: memoryview(mapping) for name, mapping in self.core.tables.mappings.items()}
        self.sequence = 0
        self.time_ns = FIRST_TIME_NS
        self.clock = clock
        self.journal: Journal | None = None
        self.difference = ""  # what the journal says of a process that had come to another state
        if journal is not None:
            self.journal = Journal(
                journal,
                durability,
                segment_bytes=segment_bytes,
                from_sequence=recovered.next_sequence,
                replay=self.core.replay,
            )
            self.core.drop_outputs()
            self.difference = tell_difference(self.core)
        firm = self.rows("firm")[1]
        self.sequence = int(firm["last_sequence"])
        self.time_ns = max(self.time_ns, int(firm["last_time_ns"]))
        self._tell_capacities()

    def _tell_capacities(self) -> None:
        """Has the journal say how large the tables are, where it does not: a replay is to find the same ones full."""
        sizes = self.core.tables.capacities
        names = [table.name for table in schema.TABLES]
        told = dict(zip(names, self.core.rows("capacity", whole=True)["rows"][1:].tolist(), strict=False))
        if self.journal is None or all(told[name] == sizes[name] for name in names if name not in schema.UNHASHED):
            return
        listed = [sizes[name] for name in names[: names.index("event")]]
        self.record("Capacities", rows=listed + [0] * (63 - len(listed)), text=sizes["text"])

    # records

    def apply(self, raw: bytes, source: int = 0) -> Result:
        """Journals and applies one record. Raises RecordError when the bytes are no record."""
        events = self.core.events
        status = self._take(with_source(raw, source))
        outputs = records.split(self.core.outputs()) + records.split(self.core.events_from(events))
        return Result(Status(status), self.sequence, [records.decode(output) for output in outputs], source)

    def apply_batch(self, raw: bytes) -> int:
        """Journals and applies a run of records, each by the source in its Frame, without looking at their outputs.

        Returns the last one's status.
        """
        status = self._take(raw)
        self.core.drop_outputs()
        return status

    def _take(self, raw: bytes) -> int:
        """Journal, apply, count. Raises JournalFailed when the journal takes no more."""
        self._pass_time()
        if self.journal is None:
            count, status = self.core.apply(raw, self.sequence + 1, self.time_ns)
        else:
            count, status = self.core.journal(self.journal, raw, self.time_ns)
            if self.journal.fault:
                raise JournalFailed(self.journal.directory, self.journal.fault)
        self.sequence += count
        return status

    def record(self, name: str, /, by: str | None = None, **fields: Any) -> Result:
        """Makes and applies one record of the catalogue; fields are raw figures."""
        source = self.user_slot(by) if by else 0
        return self.apply(records.encode(name, **fields), source)

    def fact(self, name: str, by: str | None, **fields: Any) -> Result:
        """The same for what an exchange, bank or registry tells, whose ids may have more bytes than a record's."""
        return self.apply(long_reports.encode(name, **fields), self.user_slot(by) if by else 0)

    def _pass_time(self) -> None:
        self.time_ns = max(self.time_ns + 1, self.clock() if self.clock else 0)

    def advance(self, seconds: Amount) -> None:
        """Moves the engine's clock."""
        self.time_ns += to_units(seconds, 9, "seconds")

    # the desk

    def _decide(
        self, decision: Decision, account: str, cl_ord_id: str, by: str, version: int | None, text: str
    ) -> Result:
        handle = self.handle_of(account, cl_ord_id)
        return self.record(
            "AuthDecision", by, request=handle, queue_version=version or 0, decision=int(decision), text=text
        )

    def authorise(self, account: str, cl_ord_id: str, by: str, version: int | None = None, text: str = "") -> Result:
        """A DTR lets a queued request through. version: the one that was looked at; None = whatever it is now."""
        return self._decide(Decision.authorise, account, cl_ord_id, by, version, text)

    def reject(self, account: str, cl_ord_id: str, by: str, version: int | None = None, text: str = "") -> Result:
        """A DTR refuses a queued request."""
        return self._decide(Decision.reject, account, cl_ord_id, by, version, text)

    def statement(
        self,
        account: str,
        *,
        currency: str | None = None,
        instrument: str | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
        owner: int = 0,
    ) -> Statement:
        """Every movement of the account's cash and stock (or of one of them) with its cause, since the start of the
        current business date, or from one date to another."""
        return statement(
            self,
            account,
            currency=currency,
            instrument=instrument,
            from_date=from_date,
            to_date=to_date,
            owner=owner,
        )

    # from exchanges

    def report(
        self,
        exec_type: str,
        *,
        account: str | None = None,
        cl_ord_id: str | None = None,
        feed: str | None = None,
        exec_id: str = "",
        exec_ref_id: str = "",
        order_id: str = "",
        ord_status: str | None = None,
        last_qty: Amount | None = None,
        last_px: Amount | None = None,
        cum_qty: Amount | None = None,
        leaves_qty: Amount | None = None,
        order_qty: Amount | None = None,
        price: Amount | None = None,
        stop_px: Amount | None = None,
        display_qty: Amount | None = None,
        min_qty: Amount | None = None,
        expire_date: Day | None = None,
        trade_date: Day | None = None,
        settle_date: Day | None = None,
        side: str | None = None,
        instrument: str | None = None,
        ord_type: str | None = None,
        time_in_force: str | None = None,
        text: str = "",
        ord_rej_reason: int = 0,
        feed_sequence: int = 0,
        ord_status_req_id: int = 0,
        by: str | None = None,
    ) -> Result:
        """A fact from an exchange (FIX ExecutionReport). cl_ord_id: the request by which the exchange knows the order;
        an order that was not entered here comes with order_id, account, instrument, side, order_qty and price
        instead. What is not told is None. ord_status_req_id: the question that it answers. Figures have the decimals of
        the instrument, the order or the trade that is named. Raises OmsError where none is known yet."""
        ours = account is not None and cl_ord_id is not None
        stock = self.instrument_reported(instrument, account if ours else None, cl_ord_id, order_id, feed)
        stock = stock or (self.instrument_traded(self.feed_for(feed, 0), exec_ref_id) if exec_ref_id else 0)
        texts = {"exec_id": exec_id, "exec_ref_id": exec_ref_id, "order_id": order_id, "text": text}
        counts = {"last_qty": last_qty, "display_qty": display_qty, "min_qty": min_qty}
        told = {"cum_qty": cum_qty, "leaves_qty": leaves_qty, "order_qty": order_qty}
        prices = {"last_px": last_px, "stop_px": stop_px, "price": price}
        if (order_id or exec_ref_id) and not (stock or instrument):
            self.check_unscaled(counts | told | prices, order_id or exec_ref_id)
        return self.fact(
            "ExecutionReport",
            by,
            **self.scaled_figures(stock, counts, told, prices),
            feed=self.feed_for(feed, stock),
            feed_sequence=feed_sequence,
            request=self.handle_of(account or "", cl_ord_id or "") if ours else 0,
            exec_type=self.character("ExecType", exec_type),
            ord_status=self.character("OrdStatus", ord_status),
            side=self.character("Side", side),
            ord_type=self.character("OrdType", ord_type),
            time_in_force=self.character("TimeInForce", time_in_force),
            account=self.account_or_zero(account) if account else 0,
            account_code=account if account and not self.account_or_zero(account) else "",
            instrument=stock,
            symbol=instrument if instrument and not stock else "",
            expire_date=to_day(expire_date),
            trade_date=to_day(trade_date),
            settle_date=to_day(settle_date),
            transact_time_ns=self.time_ns,
            ord_rej_reason=ord_rej_reason,
            ord_status_req_id=ord_status_req_id,
            **texts,
        )

    def instrument_reported(
        self, symbol: str | None, account: str | None, cl_ord_id: str | None, order_id: str, feed: str | None
    ) -> int:
        """The instrument that a report names, or that of the order that it names; 0 when none is known."""
        stock = self.instrument_or_zero(symbol) if symbol else 0
        if account is not None and not stock:
            stock = self.instrument_of(account, cl_ord_id or "")
        if order_id and not stock:
            stock = self.instrument_named(self.feed_for(feed, 0), order_id)
        return stock

    @staticmethod
    def check_unscaled(figures: Mapping[str, Amount | None], where: str) -> None:
        """A report of what may be known one day has no figures without an instrument: it would be booked with decimals
        that nobody has stated."""
        if stated := [name for name, figure in figures.items() if figure is not None]:
            raise OmsError(
                f"the report states {', '.join(stated)}, but names no instrument, order or trade that is known here",
                where=where,
                remedy="say its instrument: the decimals of its prices and quantities follow from it",
            )

    def scaled_figures(
        self,
        stock: int,
        counts: Mapping[str, Amount | None],
        told: Mapping[str, Amount | None],
        prices: Mapping[str, Amount | None],
    ) -> dict[str, int]:
        """A report's figures in the units of its instrument; what is not told is 0, or null where 0 says something."""
        price, quantity = self.exponents(stock) if stock else UNKNOWN_EXPONENTS
        figures = {name: to_units(value or 0, quantity, name) for name, value in counts.items()}
        figures |= {name: or_null(value, quantity, name) for name, value in told.items()}
        figures |= {name: to_units(value or 0, price, name) for name, value in prices.items()}
        return figures | {"price": or_null(prices["price"], price, "price")}

    def cancel_reject(
        self,
        account: str,
        cl_ord_id: str,
        *,
        handle: int = 0,
        ord_status: str | None = None,
        feed: str | None = None,
        text: str = "",
        feed_sequence: int = 0,
        by: str | None = None,
    ) -> Result:
        """An exchange refuses the cancel or replace that `cl_ord_id` names (FIX OrderCancelReject). handle: of a cancel
        of the OMS's own, which has no cl_ord_id; then `cl_ord_id` names its order."""
        stock = self.instrument_of(account, cl_ord_id)
        return self.record(
            "OrderCancelReject",
            by,
            feed=self.feed_for(feed, stock),
            feed_sequence=feed_sequence,
            request=handle or self.handle_of(account, cl_ord_id),
            ord_status=self.character("OrdStatus", ord_status),
            transact_time_ns=self.time_ns,
            text=text,
        )

    def open_feed(
        self,
        name: str,
        session_id: int = 1,
        last_received: int | None = None,
        by: str | None = None,
        *,
        instance: int = 0,
        epoch: int = 0,
    ) -> Result:
        """An adapter owns the feed from here on. last_received: the highest of our sequences that it holds; None =
        all of them. instance: names its memory. epoch: of its lease; 0 = one more than the last."""
        received = ALL_RECEIVED if last_received is None else last_received
        told = {"session_id": session_id, "last_received": received, "instance": instance, "epoch": epoch}
        return self.record("FeedOpened", by, feed=self.feed_slot(name), **told)

    def lose_feed(
        self, name: str, by: str | None = None, *, last_sent: int | None = None, ask_after_ms: int = 0
    ) -> Result:
        """The feed is gone; what it has not answered is in doubt. last_sent: the highest of our sequences that may have
        reached its adapter; None = all of them. ask_after_ms: until when it may still send some on."""
        sent = ALL_RECEIVED if last_sent is None else last_sent
        return self.record("FeedLost", by, feed=self.feed_slot(name), last_sent=sent, ask_after_ms=ask_after_ms)

    def close_gap(self, name: str, by: str | None = None) -> Result:
        """The missing part of the feed's sequence has been replayed."""
        return self.record("FeedGapClosed", by, feed=self.feed_slot(name))

    def market(
        self, instrument: str, last: Amount = 0, bid: Amount = 0, ask: Amount = 0, by: str | None = None
    ) -> Result:
        """Last, bid and ask of an instrument; 0 = none."""
        slot = self.instrument_slot(instrument)
        prices, _ = self.exponents(slot)
        figures = {name: to_units(px, prices, name) for name, px in (("last", last), ("bid", bid), ("ask", ask))}
        return self.record("MarketData", by, instrument=slot, **figures)

    def session(self, mic: str, state: str, trade_date: Day | None = None, by: str | None = None) -> Result:
        """An exchange's session is "open", "ended", "complete" (ended, and its feed has told all) or "closed"."""
        return self.record(
            "TradingSession",
            by,
            exchange=self.exchange_slot(mic),
            session_state=self.number("SessionState", state),
            trade_date=to_day(trade_date),
        )

    def open_orders(self, exchange: str, orders: Iterable[Mapping[str, Any]], complete: bool = True) -> Result:
        """The exchange's list of open orders. Each: account, instrument, side, order_qty, cum_qty, price, and cl_ord_id
        or order_id; time_in_force, ord_type, expire_date where they are not day and limit. The result has all rows'
        outputs."""
        mic = self.exchange_slot(exchange)
        rows = [self.fact("OpenOrder", None, **self.open_order_fields(mic, order)) for order in orders]
        end = self.record("OpenOrdersEnd", None, exchange=mic, count=len(rows), complete=int(complete))
        return Result(
            end.status, end.sequence, [output for result in [*rows, end] for output in result.outputs], end.source
        )

    # reading

    def memory(self, table: str) -> Any:
        return self._memory[table]

    def account_slot(self, code: str, owner: int = 0) -> int:
        slot = self.core.find("account", code, owner)
        if not slot:
            raise OmsError(f"no account is called {code!r}")
        return slot

    def request_slot(self, account: int, cl_ord_id: str) -> int:
        return self.core.find("request", cl_ord_id, account)

    def holding_slot(self, account: int, instrument: int) -> int:
        return self.core.find_row("holding", account, instrument)

    def trades(self, from_row: int = 1) -> list[Trade]:
        """All executions from a row on."""
        return list(self.executions_from(from_row))

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Every table as a read-only structured array over the engine's own memory."""
        return {table.name: self.rows(table.name) for table in schema.TABLES}

    def _raw_arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """The same, writable: for tests that damage a row on purpose."""
        return {table.name: self.core.rows(table.name) for table in schema.TABLES}

    def snapshot(self, directory: str | Path, kept: int = KEPT) -> Snapshot:
        """Writes the state to `<sequence>.snapshot` in a directory, which keeps the newest `kept` of them."""
        at = position(self.journal.directory, self.journal.flush()) if self.journal else None
        return snapshot.write(self.core, directory, at.store_id if at else "", at.chain if at else "", kept)

    def close(self) -> None:
        """Closes the journal. Pictures that were taken stay valid."""
        if self.journal is not None:
            self.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def with_source(raw: bytes, source: int) -> bytes:
    """The record with its Frame's source set."""
    return raw[:28] + source.to_bytes(2, "little") + raw[30:]
