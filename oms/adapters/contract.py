"""The adapter contract: what every adapter keeps to, whatever the exchange behind it speaks.

Owns the session with the OMS: open, resume, replay, at-most-once towards the market. It never interprets a request or
report. The same in words, for adapters in other languages: docs/reference/adapter-protocol.md.

The rules. A request is held durably before it is acted upon, and acted upon once. Reports are numbered 1, 2 … in each
session of the exchange and kept, so that what the OMS has not applied can be told again after a restart of either side.
The feed is a lease: an adapter that may have been given up acts upon nothing more, until it has opened the feed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from oms.adapters.messages import feed_sequence, is_order_request, is_question, lease_epoch
from oms.bus import Connection, Opened
from oms.bus_config import BusError, SessionRole
from oms.errors import OmsError

REPORTS_AT_ONCE = 256
REQUESTS_AT_ONCE = 512
IDLE_S = 0.05  # how long the adapter waits at most before it looks at its venue


class AdapterError(OmsError):
    """The adapter and the OMS do not agree; a person has to look."""


class DeposedError(OmsError):
    """The exchange knows a newer owner of the feed."""


class Venue(Protocol):
    """What an adapter has to provide: an exchange, or a session with one."""

    @property
    def session_id(self) -> int:
        """The exchange's session; with a new one the numbers of the reports begin at 1 again."""

    @property
    def last_received(self) -> int:
        """Highest feed_sequence of an OrderRequest that is held durably."""

    @property
    def last_reported(self) -> int:
        """Highest feed_sequence of a report in this session."""

    @property
    def instance(self) -> int:
        """Names what is held durably: 32 bits, the same while nothing of it is lost, and no other adapter's."""

    def lease(self, epoch: int) -> None:
        """The feed was opened under this epoch. An exchange that can, refuses from here on what has an older one."""

    def accept(self, requests: Sequence[bytes]) -> None:
        """Hold these OrderRequests durably, then act upon them. Each comes once, in rising feed_sequence.

        Raises DeposedError when the exchange refuses them, because the feed was opened under a newer epoch."""

    def answer(self, question: bytes) -> None:
        """An OrderStatusRequest: find out what became of its request; the answer is one of the next `notices`."""

    def reports(self, after: int, limit: int) -> list[bytes]:
        """The reports that follow number `after` in this session, with their numbers; at most `limit`."""

    def state(self) -> list[bytes]:
        """What the OMS must know at each opening, after the missing reports: session, open orders, market."""

    def notices(self) -> list[bytes]:
        """What has no number, since the last call: TradingSession, MarketData, a list of open orders."""

    def work(self) -> float:
        """Do what is due. Returns the seconds until something else is."""


class _Link(Connection):
    """A connection that tells which session its next envelope would belong to."""

    @property
    def epoch(self) -> int:
        """0 = none is open."""
        return self._epoch


class Adapter:
    """Joins a venue to its feed's endpoint at the OMS. One thread calls it."""

    def __init__(
        self,
        venue: Venue,
        url: str,
        *,
        name: str,
        environment: str,
        credential: str = "",
        on_event: Callable[[str], None] = lambda text: None,
        **settings: Any,
    ) -> None:
        """name: of the endpoint and feed. on_event: is told in words when a session opens or ends. settings: more for
        `oms.bus.Connection`, such as tls."""
        self.venue = venue
        self.url = url
        self._settings = {"name": name, "environment": environment, "credential": credential} | settings
        self._on_event = on_event
        self._connection: _Link | None = None
        self._epoch = 0  # of the session whose opening was answered
        self._told = 0  # highest feed_sequence that was sent in it

    def run(self, stopping: Callable[[], bool], *, open_timeout_s: float = 5.0) -> None:
        """Serve until `stopping`, across restarts of the OMS. Raises BusError when the OMS refuses, AdapterError."""
        try:
            while not stopping():
                connection = self._connection or self._connect(open_timeout_s)
                if connection is not None:
                    self.step(connection)
        finally:
            self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def step(self, connection: _Link) -> None:
        """Take what has come, do what is due, tell what is new."""
        batch = self._received(connection)
        requests = self._fresh(batch)
        if self.venue.session_id != connection.session_id:
            self.close()  # the exchange has begun a new session: open the feed again
            return
        if batch and connection.lease_s <= 0:
            self._on_event("the lease is over: nothing is acted upon before the feed is opened again")
            self.close()
            return
        if requests:
            try:
                self.venue.accept(requests)
            except DeposedError as error:
                self._on_event(f"deposed: {error}")
                self.close()
                return
            connection.last_received = self.venue.last_received
        for raw in batch:
            if is_order_request(raw) and is_question(raw):
                self.venue.answer(raw)
        self._tell(connection)

    def _connect(self, timeout_s: float) -> _Link | None:
        connection = _Link(
            self.url,
            role=SessionRole.adapter,
            session_id=self.venue.session_id,
            instance=self.venue.instance,
            on_opened=lambda opened: self._opened(connection, opened),
            on_closed=lambda closed: self._on_event(f"closed: {closed.text}"),
            **self._settings,
        )
        connection.last_received = self.venue.last_received
        self._connection = connection  # from here on: the venue may fail while it opens, and `run` then leaves it
        try:
            connection.open(timeout_s)
        except BusError:
            self.close()
            connection.receive()  # says it again if the OMS has refused: trying once more would not help
            self._on_event("waiting for the OMS")
            self.venue.work()
            return None
        return connection

    def _opened(self, connection: _Link, opened: Opened) -> None:
        """First of all what the OMS has missed, then where the exchange stands now, before any request is taken."""
        if opened.last_applied > self.venue.last_reported:
            raise AdapterError(
                f"the OMS has applied report {opened.last_applied}, this exchange has told only "
                f"{self.venue.last_reported} in session {self.venue.session_id}",
                where=self.url,
                remedy="begin a new exchange session, so that reports are numbered from 1 and matched by exec_id",
            )
        self._epoch, self._told = opened.epoch, opened.last_applied
        self.venue.lease(opened.epoch)
        missing = self.venue.last_reported - opened.last_applied
        self._on_event(f"open, epoch {opened.epoch}; {missing} reports to tell")
        self.venue.notices()  # the state below says the same, newer
        if self._tell(connection):
            self._send(connection, self.venue.state())

    def _received(self, connection: _Link) -> list[bytes]:
        """What has come, so that one flush serves all of it. What a session left behind that has ended comes again."""
        batch = connection.receive(min(self.venue.work(), IDLE_S))
        epoch = self._epoch  # what `receive` returns is of the session that it has last told of
        while batch and len(batch) < REQUESTS_AT_ONCE and (more := connection.receive()):
            batch = batch + more if epoch == self._epoch else more
            epoch = self._epoch
        return batch if epoch == connection.epoch else []

    def _fresh(self, batch: Sequence[bytes]) -> list[bytes]:
        """The requests that are not held yet. What an older owner of the feed was asked for is not sent on."""
        fresh, last = [], self.venue.last_received
        for raw in batch:
            if is_order_request(raw) and feed_sequence(raw) > last and lease_epoch(raw) == self._epoch:
                fresh.append(raw)
                last = feed_sequence(raw)
        return fresh

    def _tell(self, connection: _Link) -> bool:
        """All reports that the OMS has not been sent, then what has no number. False: the session has ended."""
        while self._told < self.venue.last_reported:
            reports = self.venue.reports(self._told, REPORTS_AT_ONCE)
            if not self._send(connection, reports):
                return False
            self._told += len(reports)
        return self._send(connection, self.venue.notices())

    def _send(self, connection: _Link, batch: Sequence[bytes]) -> bool:
        if connection.epoch != self._epoch:
            return False  # `receive` will tell of the end of the session; all is told again after the next opening
        try:
            connection.send(batch)
        except BusError:
            return False
        return True
