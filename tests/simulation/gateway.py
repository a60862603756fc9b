"""An adapter process: the live adapter contract over the simulated line, a disk, and a session with the exchange.

What it must remember is on `Disk`, which outlives it: requests that it holds, reports that it has heard. A request that
may or may not have gone out before a crash is asked for, and never sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oms import records
from oms.adapters.contract import Adapter
from oms.adapters.messages import (
    OrderCancelReject,
    OrderRequest,
    Report,
    decode_order_request,
    encode_report,
    encode_status,
    numbered,
)
from oms.bus import Opened
from oms.enums import OrdStatus, SessionState
from tests.simulation.clock import MS, Clock
from tests.simulation.exchange import Exchange
from tests.simulation.wire import Line


class Disk:
    """What survives the adapter's process."""

    def __init__(self, instance: int) -> None:
        self.instance = instance
        self.last_received = 0
        self.held: dict[int, OrderRequest] = {}  # by request, those whose outcome was not heard yet
        self.session = 0
        self.reports: list[bytes] = []  # of this session, number 1 first
        self.heard = 0  # of the exchange's tape
        self.answers: list[Report] = []  # to queries, that a request never came: they hold in every later session


class Crash(Exception):  # noqa: N818  not an error: the process ends here
    """The adapter's process is killed."""


class Venue:
    """What the contract calls; see `oms.adapters.contract.Venue`."""

    def __init__(self, clock: Clock, name: str, exchange: Exchange, disk: Disk) -> None:
        self.clock, self.name, self.exchange, self.disk = clock, name, exchange, disk
        self.connected = False
        self.told: list[bytes] = []  # what has no number
        self.sent_at = 0  # when the last request gets there
        self.stated: tuple[SessionState, int] | None = None  # what the OMS was last told of the exchange's day
        self.generation = 0  # of the connection with the exchange: what was under way in an older one is gone

    @property
    def session_id(self) -> int:
        return self.disk.session

    @property
    def last_received(self) -> int:
        return self.disk.last_received

    @property
    def last_reported(self) -> int:
        return len(self.disk.reports)

    def accept(self, requests: Sequence[bytes]) -> None:
        for raw in requests:
            request = decode_order_request(raw)
            self.disk.last_received = request.feed_sequence
            self.disk.held[request.request] = request
            if self.clock.fault("adapter dies before sending"):
                raise Crash
            at = self.clock.now + int((0.1 + self.clock.random.random()) * MS)
            self.sent_at = max(self.sent_at, at)  # one line, so in order
            self.clock.after((self.sent_at - self.clock.now) / MS, self._send, request, self.generation)
            if self.clock.fault("adapter dies after sending"):
                raise Crash

    def _send(self, request: OrderRequest, generation: int) -> None:
        if generation == self.generation and self.connected:
            self.exchange.receive(request)

    @property
    def instance(self) -> int:
        return self.disk.instance

    def lease(self, epoch: int) -> None:
        """This exchange knows nothing of leases."""

    def answer(self, question: bytes) -> None:
        """The OMS asks what became of a request: what was heard before goes out before the answer."""
        self.clock.mark("status query")
        self.hear()
        self.told.append(encode_status(question, **self.exchange.matching.standing(decode_order_request(question))))

    def reports(self, after: int, limit: int) -> list[bytes]:
        told = self.disk.reports[after : after + limit]
        return [numbered(raw, after + count) for count, raw in enumerate(told, 1)]

    def state(self) -> list[bytes]:
        """Where the exchange stands, at the place of the tape that has just been told."""
        return self.session() + self.open_orders()

    def session(self) -> list[bytes]:
        matching = self.exchange.matching
        self.stated = matching.state, matching.trade_date
        states = [SessionState.ended, SessionState.complete]
        if matching.state == SessionState.open:
            states = [SessionState.open]
        date = matching.trade_date
        return [records.encode("TradingSession", session_state=int(state), trade_date=date) for state in states]

    def session_has_changed(self) -> bool:
        """Then that is told, behind all reports of before."""
        matching = self.exchange.matching
        if self.stated in (None, (matching.state, matching.trade_date)):
            return False
        self.told += self.session()
        return True

    def open_orders(self) -> list[bytes]:
        rows = []
        for order in self.exchange.matching.open_orders():
            fields: dict[str, Any] = {
                name: getattr(order, name)
                for name in ("request", "side", "ord_type", "time_in_force", "account", "order_qty", "cum_qty")
            }
            fields |= {"price": order.price, "expire_date": order.expire_date, "order_id": order.order_id}
            rows.append(records.encode("OpenOrder", instrument=order.book.instrument, **fields))
        reach = (
            self.disk.last_received + 1
            if not self.disk.held
            else min(request.feed_sequence for request in self.disk.held.values())
        )
        return [*rows, records.encode("OpenOrdersEnd", complete=1, count=len(rows), next_sequence=reach)]

    def notices(self) -> list[bytes]:
        told, self.told = self.told, []
        return told

    def work(self) -> float:
        return 0.0

    # the exchange's side

    def connect(self) -> None:
        """A new session with the exchange: hear what was missed, then ask for what may never have arrived."""
        self.generation += 1
        self.connected = True
        if self.disk.session != self.exchange.session:
            self.disk.session, self.disk.reports, self.disk.heard = self.exchange.session, [], 0
            self._keep(self.disk.answers)
        self.hear()
        for request in list(self.disk.held.values()):
            self.clock.mark("adapter asked what became of a request")
            self._tell_answer(self.exchange.status(request, request.request))
            self.hear()

    def _tell_answer(self, answer: Report) -> None:
        if answer.ord_status == OrdStatus.rejected or isinstance(answer, OrderCancelReject):
            self.disk.answers.append(answer)
        self._keep([answer])

    def hear(self) -> bool:
        """Takes in what the exchange has told since; False: nothing, or the session is another one."""
        self.exchange.advance()
        if not self.connected or self.disk.session != self.exchange.session:
            return False
        news = self.exchange.tape[self.disk.heard :]
        self.disk.heard += len(news)
        self._keep(news)
        return bool(news)

    def _keep(self, reports: list[Report]) -> None:
        for report in reports:
            self.disk.held.pop(report.request, None)
            self.disk.reports.append(encode_report(report))


class _Link:
    """As much of `oms.bus.Connection` as the contract uses."""

    def __init__(self, line: Line, session_id: int) -> None:
        self.line, self.session_id, self.last_received = line, session_id, 0

    @property
    def epoch(self) -> int:
        return self.line.there.epoch

    @property
    def lease_s(self) -> float:
        return self.line.lease_ms / 1_000

    def send(self, batch: Sequence[bytes]) -> None:
        if batch:
            self.line.send(list(batch))

    def close(self) -> None:
        self.line.leave("closed")


class Gateway(Adapter):
    """The adapter of one feed. `disk` outlives its crashes."""

    is_adapter = True

    def __init__(self, clock: Clock, name: str, exchange: Exchange, instance: int) -> None:
        self.clock, self.name, self.exchange = clock, name, exchange
        self.disk = Disk(instance)
        self.line: Line
        self.running = False
        self.venue: Venue
        self.batch: list[bytes] = []
        self.lives = 0

    # its process

    def start(self) -> None:
        if self.running:
            return
        self.clock.tell(f"{self.name}: starts")
        self.lives += 1
        venue = Venue(self.clock, self.name, self.exchange, self.disk)
        super().__init__(venue, "", name=self.name, environment="test", on_event=lambda text: None)
        self.running = True
        venue.connect()
        self.knock()

    def crash(self) -> None:
        if not self.running:
            return
        self.clock.tell(f"{self.name}: crashes, holding {len(self.disk.held)} requests")
        self.running = False
        self.venue.connected = False
        self.venue.generation += 1
        self._connection = None
        self.line.leave("disconnected")
        self.clock.after(20 + 600 * self.clock.random.random(), self.start)

    def lose_exchange(self, milliseconds: float) -> None:
        """Without its exchange an adapter is of no use: it leaves the OMS until the exchange is back."""
        if not self.running or not self.venue.connected:
            return
        self.clock.tell(f"{self.name}: exchange lost for {milliseconds:.0f} ms")
        self.venue.connected = False
        self.venue.generation += 1
        self._gone("exchange lost")
        self.clock.after(milliseconds, self._back, self.lives)

    def _back(self, life: int) -> None:
        if self.running and self.lives == life and not self.venue.connected:
            self.venue.connect()
            self.knock()

    def _gone(self, reason: str) -> None:
        self._connection = None
        self.line.leave(reason)

    # the session with the OMS

    def knock(self) -> None:
        """Asks for a session if there is none."""
        if not self.running or not self.venue.connected or self.line.there.epoch:
            return
        if self.venue.session_id != self.exchange.session:
            self.venue.connect()
        greeting = {"session_id": self.venue.session_id, "last_received": self.venue.last_received}
        self.line.open(**greeting, instance=self.disk.instance)

    def keep_knocking(self) -> None:
        self.knock()
        self.clock.after(100 + 100 * self.clock.random.random(), self.keep_knocking)

    def opened(self, last_applied: int) -> None:
        session = self.line.greeting["session_id"]
        if not self.running or not self.venue.connected or session != self.exchange.session:
            self._gone("closed")
            return
        self.venue.hear()
        link = _Link(self.line, session)
        self._connection = link  # type: ignore[assignment]
        self._opened(link, Opened(self.line.there.epoch, last_applied))  # type: ignore[arg-type]

    def received(self, batch: list[bytes]) -> None:
        self.batch = batch
        self._step()

    def _received(self, connection: Any) -> list[bytes]:
        batch, self.batch = self.batch, []
        return batch if self._epoch == connection.epoch else []

    def _step(self) -> None:
        if not self.running or self._connection is None:
            return
        try:
            self.step(self._connection)
        except Crash:
            self.crash()

    def closed(self, reason: str) -> None:
        self._connection = None
        if self.running:
            self.clock.after(20, self.knock)

    def look(self) -> None:
        """Hears the exchange, tells the OMS."""
        if self.running and self.venue.connected:
            if self.venue.session_id != self.exchange.session:
                self._gone("the exchange has begun a new session")
                self.venue.connect()
                self.knock()
            elif self.venue.hear() | self.venue.session_has_changed():
                self._step()
        self.clock.after(0.5 + 2 * self.clock.random.random(), self.look)
