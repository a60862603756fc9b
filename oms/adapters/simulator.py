"""An exchange in a box: the matching exchange with a memory, as an adapter sees it.

Owns a directory: `received.log` holds what came in (requests, commands, ticks of the clock), each with its time, and
is written before it is acted upon; `reports.dat` and `trades.jsonl` follow from it. A start plays the log again and
must come to the same bytes, so every report has its number for ever. It knows nothing of the bus.
"""

from __future__ import annotations

import secrets
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from oms import long_reports, records
from oms.adapters.book import Book, Listing
from oms.adapters.log import DerivedFile, Entry, Log, LogError
from oms.adapters.maker import MakerSettings, MarketMaker
from oms.adapters.matching import Exchange, Fill
from oms.adapters.messages import decode_order_request, encode_report, encode_status, feed_sequence, numbered
from oms.enums import ExecType, SessionState, Side
from oms.start_of_day.figures import day_of, shown

REQUESTS, COMMAND, TICK = 1, 2, 3
MARKET_INTERVAL_NS = 200_000_000
_KINDS = {int(ExecType.trade): "trade", int(ExecType.trade_cancel): "bust", int(ExecType.trade_correct): "correct"}


@dataclass(frozen=True)
class SimulatorSettings:
    """How the exchange behaves. delay_us: a request's way to the book."""

    seed: int = 1
    delay_us: int = 0
    pending_reports: bool = False
    report_expiry: bool = True  # False: the OMS must expire day orders itself
    house: MakerSettings = field(default_factory=MakerSettings)


class CommandError(ValueError):
    """The exchange cannot do what it was told; nothing has changed."""


class Simulator:
    """One exchange in one directory. `contract.Venue` says what the members without a comment are."""

    def __init__(
        self,
        directory: Path,
        mic: str,
        settings: SimulatorSettings | None = None,
        listings: Mapping[str, Listing] | None = None,
        *,
        durable: bool = True,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.mic = mic
        self.session_id = 0
        self.last_received = 0
        self.instance = 0
        self.leases: dict[str, int] = {}  # feed → epoch of its newest owner, where gateways join
        self._clock = clock
        self._log = Log(directory / "received.log", durable=durable)
        self._report_file = DerivedFile(directory / "reports.dat")
        self._trade_file = DerivedFile(directory / "trades.jsonl")
        self._ends = array("Q", [0])  # of each report in its file
        self._first = 0  # how many reports came before this exchange session
        self._day_first = 0  # how many before this day
        self.trades = 0  # lines of trades.jsonl
        self._carried: set[str] = set()  # order_ids from elsewhere
        self._now = 0
        self._notices: list[bytes] = []
        self._told: dict[Book, tuple[int, int, int]] = {}  # what the market was last told
        self._next_quote_ns = 0
        self._next_market_ns = 0
        self.exchange = Exchange(mic)
        self._use(SimulatorSettings(), any_symbol=True)
        for entry in self._log.entries():
            self._play(entry)
        self._report_file.check_whole()
        self._trade_file.check_whole()
        self._notices.clear()  # they were for sessions that are over
        self._configure(settings or SimulatorSettings(), listings)

    def _configure(self, settings: SimulatorSettings, listings: Mapping[str, Listing] | None) -> None:
        """What the log does not know yet: who it is for, settings, listings, the first session."""
        if not self.session_id:
            self.command("begin", mic=self.mic, instance=secrets.randbits(32))
            self.new_session()
        if settings != self.settings or (listings is None) != self.exchange.any_symbol:
            self.command("settings", settings=asdict(settings), any_symbol=listings is None)
        new = [item for symbol, item in (listings or {}).items() if self._listing(symbol) != item]
        if new:
            self.command("list", instruments=[asdict(item) for item in new])

    def _listing(self, symbol: str) -> Listing | None:
        book = self.exchange.books.get(symbol)
        return book.listing if book else None

    # what the contract calls

    @property
    def last_reported(self) -> int:
        return len(self._ends) - 1 - self._first

    def accept(self, requests: Sequence[bytes]) -> None:
        self._record(REQUESTS, b"".join(requests))

    def lease(self, epoch: int) -> None:
        """Its directory is locked: no other process can act upon what an older lease was asked for."""

    def answer(self, question: bytes) -> None:
        asked = decode_order_request(question)
        self._notices.append(encode_status(question, **self.exchange.standing(asked)))

    def reports(self, after: int, limit: int) -> list[bytes]:
        first = self._first + after
        ends = self._ends[first : first + limit + 1]
        raw = self._report_file.read(ends[0], ends[-1])
        cuts = pairwise(ends)
        return [
            numbered(raw[start - ends[0] : end - ends[0]], after + count) for count, (start, end) in enumerate(cuts, 1)
        ]

    def state(self, feed: int = 0) -> list[bytes]:
        told = {SessionState.complete: (SessionState.ended, SessionState.complete), SessionState.closed: ()}
        states = told.get(self.exchange.state, (self.exchange.state,))
        self._told.clear()
        self.exchange.changed.update(dict.fromkeys(self.exchange.books.values()))
        return [self._trading_session(state) for state in states] + self.open_orders(feed)

    def notices(self) -> list[bytes]:
        notices, self._notices = self._notices, []
        return notices

    def work(self) -> float:
        now = self._time()
        due = [time_ns for time_ns in (self.exchange.next_due_ns, self._next_quote_ns) if time_ns]
        if due and min(due) <= now:
            self._record(TICK, b"")
            due = [time_ns for time_ns in (self.exchange.next_due_ns, self._next_quote_ns) if time_ns]
        if self.exchange.changed:
            if self._next_market_ns <= now:
                self._next_market_ns = now + MARKET_INTERVAL_NS
                self._notices += self._market()
            else:
                due.append(self._next_market_ns)
        return max((min(due) - now) / 1e9, 0.0) if due else 3600.0

    def close(self) -> None:
        self._log.close()
        self._report_file.close()
        self._trade_file.close()

    # what a person or a test tells it

    def command(self, name: str, **arguments: Any) -> None:
        """Do one of the `_do_…` below, now and at every later start. Raises CommandError."""
        if not hasattr(self, f"_do_{name}"):
            raise CommandError(f"there is no command {name}")
        body = msgspec.json.encode({"do": name, **arguments})
        if error := self._record(COMMAND, body):
            raise CommandError(error)

    def new_session(self) -> None:
        """As after a restart of the exchange itself: a new session id, in which the day's reports begin at 1 again."""
        self.command("session", id=max(self._time(), self.session_id + 1))

    def open_orders(self, feed: int = 0) -> list[bytes]:
        """The list of open orders, as records; feed: for whom, where the exchange has several."""
        rows = [
            long_reports.encode(
                "OpenOrder",
                request=order.request,
                side=order.side,
                ord_type=order.ord_type,
                time_in_force=order.time_in_force,
                account=order.account,
                instrument=order.book.instrument,
                order_qty=order.order_qty,
                cum_qty=order.cum_qty,
                price=order.price,
                expire_date=order.expire_date,
                order_id=order.order_id,
            )
            for order in self.exchange.open_orders()
        ]
        executed = self.exchange.executed
        reach = (executed.get(feed, 0) if feed else max(executed.values(), default=0)) + 1
        return [*rows, records.encode("OpenOrdersEnd", complete=1, count=len(rows), next_sequence=reach)]

    def tell_open_orders(self) -> None:
        self._notices += self.open_orders()

    def carry(self, terms: dict[str, Any]) -> None:
        """Take over an order from an earlier day, once: see `Exchange.enter`. It is no news to the OMS."""
        known = terms["order_id"] in self.exchange.order_ids or terms["order_id"] in self._carried
        if not known:
            self.command("enter", announce=False, **terms)

    def _do_begin(self, mic: str, instance: int) -> None:
        self.instance = instance
        if mic != self.mic:
            raise LogError(f"the directory is of exchange {mic}, not {self.mic}", where=str(self._log.path))

    def _do_lease(self, feed: str, epoch: int) -> None:
        if epoch < self.leases.get(feed, 0):
            raise CommandError(f"the feed {feed} has a newer owner, of epoch {self.leases[feed]}")
        self.leases[feed] = epoch

    def _do_session(self, id: int) -> None:
        self.session_id = id
        self._first = self._day_first

    def _do_settings(self, settings: dict[str, Any], any_symbol: bool) -> None:
        self.maker.withdraw_all()
        self._use(msgspec.convert(settings, SimulatorSettings), any_symbol=any_symbol)

    def _use(self, settings: SimulatorSettings, *, any_symbol: bool) -> None:
        self.settings = settings
        self.exchange.delay_ns = settings.delay_us * 1000
        self.exchange.pending_reports = settings.pending_reports
        self.exchange.any_symbol = any_symbol
        self.maker = MarketMaker(self.exchange, settings.house, settings.seed)

    def _do_list(self, instruments: list[dict[str, Any]]) -> None:
        for item in instruments:
            self.exchange.list_instrument(Listing(**item))

    def _do_open(self, trade_date: int) -> None:
        if trade_date > self.exchange.trade_date:
            self._end()
            self._drain()
            self._day_first = len(self._ends) - 1
        self.exchange.open_session(trade_date, self._now)
        self._tell(SessionState.open)
        self._quote()

    def _do_end(self) -> None:
        if self.exchange.state != SessionState.open:
            raise CommandError("the session is not open")
        self._end()
        self._tell(SessionState.ended)

    def _do_complete(self) -> None:
        if self.exchange.state == SessionState.open:
            self._do_end()
        self.exchange.complete_session(self._now)
        self._tell(SessionState.complete)

    def _end(self) -> None:
        self.maker.withdraw_all()
        self._next_quote_ns = 0
        self.exchange.end_session(self._now, expire=self.settings.report_expiry)

    def _do_halt(self, symbol: str, halted: bool) -> None:
        self._book(symbol).halted = halted

    def _do_enter(self, symbol: str, order_id: str = "", **terms: Any) -> None:
        if order_id in self.exchange.order_ids:
            raise CommandError(f"there is an order {order_id}")
        self._carried.add(order_id)
        self.exchange.enter(self._book(symbol), order_id, **terms)

    def _do_cancel(self, order_id: str) -> None:
        order = self.exchange.order_ids.get(order_id)
        if order is None or not order.open:
            raise CommandError(f"there is no open order {order_id}")
        self.exchange.cancel(order)

    def _do_bust(self, exec_id: str) -> None:
        self.exchange.bust(exec_id)

    def _do_correct(self, exec_id: str, price: int) -> None:
        self.exchange.correct(exec_id, price)

    def _book(self, symbol: str) -> Book:
        book = self.exchange.books.get(symbol)
        if book is None:
            raise CommandError(f"{symbol} is not listed here")
        return book

    # playing

    def _time(self) -> int:
        """The clock, which never goes back here."""
        return max(self._clock(), self._now)

    def _record(self, kind: int, body: bytes) -> str:
        entry = Entry(kind, self._time(), body)
        self._log.append(*entry)
        return self._play(entry)

    def _play(self, entry: Entry) -> str:
        """Act on an entry, the first time or again; what a command could not do, in words."""
        self._now = entry.time_ns
        error = ""
        if entry.kind == REQUESTS:
            requests = records.split(entry.body)
            self.last_received = feed_sequence(requests[-1])
            self.exchange.receive(map(decode_order_request, requests), self._now)
        elif entry.kind == TICK:
            self.exchange.advance(self._now)
            if self._next_quote_ns and self._next_quote_ns <= self._now:
                self._quote()
        else:
            arguments = msgspec.json.decode(entry.body)
            self.exchange.advance(self._now)
            try:
                getattr(self, f"_do_{arguments.pop('do')}")(**arguments)
            except KeyError as unknown:
                error = f"there is no effective trade {unknown.args[0]}"
            except ValueError as refused:
                error = str(refused)
        self._drain()
        return error

    def _quote(self) -> None:
        if self.settings.house.levels:
            self._next_quote_ns = self._now + self.settings.house.interval_ms * 1_000_000
            self.maker.quote_all()

    def _drain(self) -> None:
        """Keep what the exchange has reported."""
        exchange = self.exchange
        if exchange.reports:
            reports = [encode_report(report) for report in exchange.reports]
            end = self._ends[-1]
            for raw in reports:
                end += len(raw)
                self._ends.append(end)
            self._report_file.write(b"".join(reports))
            exchange.reports.clear()
        if exchange.fills:
            self._trade_file.write(b"".join(map(self._trade_line, exchange.fills)))
            exchange.fills.clear()

    def _trade_line(self, fill: Fill) -> bytes:
        report, listing = fill
        self.trades += 1
        line = {
            "row": self.trades,
            "exec_id": report.exec_id,
            "exec_ref_id": report.exec_ref_id,
            "kind": _KINDS[report.exec_type],
            "request": report.request,
            "order_id": report.order_id,
            "account": report.account,
            "symbol": listing.symbol,
            "side": Side(report.side).name,
            "quantity": shown(report.last_qty, listing.quantity_exponent),
            "price": shown(report.last_px, listing.price_exponent),
            "trade_date": day_of(report.trade_date).isoformat(),
            "time_ns": report.transact_time_ns,
        }
        return msgspec.json.encode(line) + b"\n"

    # telling

    def _tell(self, state: SessionState) -> None:
        self._notices.append(self._trading_session(state))

    def _trading_session(self, state: SessionState) -> bytes:
        return records.encode("TradingSession", session_state=int(state), trade_date=self.exchange.trade_date)

    def _market(self) -> list[bytes]:
        """Last, bid and ask of the books that have changed since they were last told."""
        told = []
        for book in self.exchange.changed:
            now = book.last, book.bid, book.ask
            if book.instrument and self._told.get(book) != now:
                self._told[book] = now
                last, bid, ask = now
                told.append(records.encode("MarketData", instrument=book.instrument, last=last, bid=bid, ask=ask))
        self.exchange.changed.clear()
        return told
