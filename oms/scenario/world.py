"""The world of a scenario: an embedded engine with its journal, the exchange's own books, the clock, and what ids mean.

Owns: the engine and its restart. Every change goes through the engine's public calls.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oms.engine import Engine, Result
from oms.enums import Status
from oms.errors import OmsError
from oms.pictures import Checked
from oms.scenario.exchange import Exchange
from oms.scenario.given import Given
from oms.scenario.sequences import Sequences

if TYPE_CHECKING:
    from oms.scenario.start_of_day import Found

CAPACITIES = {
    "user": 256,
    "entitlement": 256,
    "account": 256,
    "instrument": 256,
    "cash": 512,
    "holding": 512,
    "cost_event": 512,
    "ladder": 512,
    "order": 512,
    "request": 1024,
    "execution": 1024,
    "movement": 1024,
    "load": 256,
    "stage": 1024,
    "settlement": 256,
    "parked": 256,
    "progress": 512,
    "withdrawal": 128,
    "limit": 256,
    "tally": 1024,
    "request_list": 64,
    "balance": 256,
    "event": 8192,
    "text": 16384,
    "position": 512,
    "scaled": 1024,
    "owner": 256,
    "renamed": 256,
}
SEGMENT_BYTES = 1 << 16
MOMENT_NS = 1_000_000  # steps of one moment: each record is a nanosecond after the last


class World:
    """What a scenario plays in. Raises OmsError when what is given cannot be set up."""

    def __init__(self, given: dict[str, Any], journal: Path, *, twice: bool) -> None:
        self.journal = journal
        self.twice = twice
        self.capacities = CAPACITIES | given.get("capacities", {})
        self.engine = self.start()
        self.today: date = given["business_date"]
        self.exchange = Exchange()
        self.account_of: dict[str, str] = {}  # id → account
        self.instrument_of: dict[str, str] = {}  # the exchange's id of an order → instrument
        self.prices: dict[str, dict[str, Any]] = {}  # instrument → last, bid, ask as they were told last
        self.day_breaks: list[Found] = []  # of the last start of day
        self.denied: dict[str, Status] = {}  # id of a request that left no row → why it was refused
        self.session_of: dict[str, str] = {}  # exchange → the session event that a step told last
        self.sequences = Sequences()
        self.checked: Checked | None = None  # of the last request that was only checked
        self.sessions: dict[str, int] = {}  # feed → the exchange's session that it is in
        self.given = Given(self)
        self.questions: dict[int, int] = {}  # handle of a request → number of the last question about it
        self.engine.time_ns = 0
        self.set_clock(datetime.combine(self.today, time(), UTC))
        try:
            self.given.note("business_date", self.engine.business_date(self.today))
            self.given.define(given)
        except OmsError:
            self.close()
            raise
        self.given.running = True

    def start(self) -> Engine:
        return Engine(capacities=self.capacities, journal=self.journal, segment_bytes=SEGMENT_BYTES)

    def close(self) -> None:
        self.engine.close()

    def restart(self) -> None:
        """A new engine from the journal; the clock goes on."""
        now = self.engine.time_ns
        self.engine.close()
        self.engine = self.start()
        self.engine.time_ns = now

    def renamed(self, of: str, old: str, new: str) -> None:
        """What the file has declared, and the accounts of its ids, go by the new name."""
        sections = {"instrument": "instruments", "account": "accounts", "currency": "currencies"}
        known = self.given.known[sections[of]] if of in sections else {}
        if old in known:
            known[new] = known.pop(old)
        if of == "account":
            self.account_of = {name: new if code == old else code for name, code in self.account_of.items()}
        if of == "instrument":
            self.instrument_of = {name: new if code == old else code for name, code in self.instrument_of.items()}

    def set_clock(self, when: datetime) -> None:
        """Moves the time to `when`. Raises OmsError when that is past."""
        since = when - datetime(1970, 1, 1, tzinfo=UTC)
        time_ns = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
        if time_ns < self.engine.time_ns - MOMENT_NS:
            raise OmsError(f"{when:%Y-%m-%d %H:%M:%S} is past already", remedy="time only goes on")
        self.engine.time_ns = max(time_ns, self.engine.time_ns)

    def move_date(self, today: date, by: str | None) -> list[Result]:
        """The firm's date moves, and with it the trade date of every exchange but one whose session a step has ended
        and not completed."""
        moved = self.engine.business_date(today, by)
        if not moved.ok:
            return [moved]
        self.today = today
        midnight = datetime.combine(today, time(), UTC)
        if self.engine.time_ns < int(midnight.timestamp()) * 1_000_000_000:
            self.set_clock(midnight)
        ended = {mic for mic, event in self.session_of.items() if event == "end"}
        opened = sorted((self.given.open | self.session_of.keys()) - ended)
        return [moved, *(self.engine.session(mic, "open", trade_date=today) for mic in opened)]

    def question_about(self, account: str, cl_ord_id: str) -> int:
        """An answer names the question; 0 when none was asked."""
        return self.questions.get(self.engine.handle_of(account, cl_ord_id), 0)

    def account_for(self, f: dict[str, Any]) -> str:
        """The account that a request or report means: its own word, else that of the id, else the only one there is;
        for an id that no step made, NONE."""
        named = [self.account_of.get(f.get(name, "")) for name in ("cl_ord_id", "orig_cl_ord_id")]
        accounts = list(self.given.known["accounts"])
        code = f.get("account") or named[0] or named[1] or (accounts[0] if len(accounts) == 1 else "NONE")
        self.account_of.setdefault(f["cl_ord_id"], code)
        return str(code)

    def also_called(self, f: dict[str, Any]) -> None:
        """The exchange's name for an order means from now on what the client's name for it means."""
        if "order_id" in f:
            for ids in (self.account_of, self.instrument_of):
                if f["cl_ord_id"] in ids:
                    ids.setdefault(f["order_id"], ids[f["cl_ord_id"]])

    def feed_of(self, f: dict[str, Any]) -> str:
        """The feed that a report comes over when it names none: the first one of its instrument's exchange."""
        exchanges = self.given.known["exchanges"]
        symbol = f.get("instrument") or self.instrument_of.get(f.get("cl_ord_id", f.get("order_id", "")), "")
        mic = self.given.known["instruments"].get(symbol, {}).get("exchange", next(iter(exchanges)))
        return str(exchanges[mic].get("feeds", [mic])[0])
