"""Tests an adapter against the contract, from the OMS's side: `oms adapter check` listens where the OMS would.

Owns the list of rules that are tried. It needs an exchange behind the adapter that takes one order far from the market
and cancels it; no OMS, and no knowledge of what the adapter is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from oms import records
from oms.adapters.messages import NULL, feed_sequence, under_lease
from oms.adapters.stand_in import FeedStandIn, wait_until
from oms.bus_config import SessionRole
from oms.enums import OrdStatus, OrdType, RequestType, Side, TimeInForce

ALLOWED = frozenset(
    (
        "ExecutionReport",
        "LongReport",
        "MarketData",
        "TradingSession",
        "OpenOrder",
        "OpenOrdersEnd",
        "FeedGapClosed",
        "Lookup",
    )
)
QUIET_S = 0.5  # how long nothing more has to come


@dataclass(frozen=True)
class Outcome:
    """One rule, and what was wrong; empty = it is kept."""

    rule: str
    fault: str

    @property
    def kept(self) -> bool:
        return not self.fault


@dataclass(frozen=True)
class Probe:
    """The order to try with, in units of its exponents; it should rest."""

    symbol: str
    price: int
    order_qty: int = 1
    price_exponent: int = 4
    quantity_exponent: int = 0


class Check:
    """One run over all rules. A rule that cannot be tried because an earlier one is broken is not tried."""

    def __init__(self, oms: FeedStandIn, name: str, environment: str, probe: Probe, timeout_s: float) -> None:
        self.oms = oms
        self.name = name
        self.environment = environment
        self.probe = probe
        self.timeout_s = timeout_s
        self._next = 0
        self._order = 0
        self._question = 0

    def run(self) -> Iterator[Outcome]:
        """Each rule as it is tried."""
        rules: list[tuple[str, Callable[[], str]]] = [
            ("opens with its name, role and environment", self._opens),
            ("answers a new order with reports numbered from 1, each one more", self._answers),
            ("does nothing when a feed_sequence comes again", self._ignores_repeats),
            ("comes back when the line breaks, and says what it holds", self._comes_back),
            ("tells again exactly what the OMS has not applied, under the same numbers", self._tells_again),
            ("tells nothing again that is applied", self._tells_once),
            ("answers a cancel", self._cancels),
            ("answers a question for an order, outside of the reports' numbers", self._tells_status),
            ("answers Rejected for an order that never came", self._knows_what_never_came),
            ("does nothing under another lease than its own", self._keeps_to_its_lease),
            ("keeps its heartbeat when nothing happens", self._lives),
            ("sends sound envelopes and only records that an adapter may send", self._sends_well),
        ]
        for rule, attempt in rules:
            outcome = Outcome(rule, attempt())
            yield outcome
            if not outcome.kept and attempt != self._ignores_repeats:
                return

    def _opens(self) -> str:
        if not self._within(lambda: self.oms.openings):
            return f"no adapter came within {self.timeout_s} s"
        opening = self.oms.openings[-1]
        wanted = {"name": self.name, "environment": self.environment, "role": int(SessionRole.adapter)}
        faults = [f"{key} is {opening[key]!r}, not {value!r}" for key, value in wanted.items() if opening[key] != value]
        self._next = opening["last_received"]
        if self._next >= 1 << 63:
            faults.append(f"last_received is {self._next}")
        return "; ".join(faults)

    def _answers(self) -> str:
        self._wait_quiet()
        before = len(self.oms.reports)
        self._order = self._request(RequestType.new)
        if not self._within(lambda: self._reports_on(self._order)):
            return self._gap() or "no numbered report on the order came"
        self._wait_quiet()
        return self._gap() or ("" if len(self.oms.reports) > before else "the report has no number")

    def _ignores_repeats(self) -> str:
        before = len(self.oms.reports)
        self.oms.send([self.oms.requests[-1]])
        self._wait_quiet()
        new = [raw for raw in self.oms.reports[before:] if records.decode(raw)[1]["request"] == self._order]
        return f"{len(new)} more reports came on the order" if new else ""

    def _comes_back(self) -> str:
        openings = len(self.oms.openings)
        self.oms.drop()
        if not self._within(lambda: len(self.oms.openings) > openings):
            return f"it did not open again within {self.timeout_s} s"
        held = self.oms.openings[-1]["last_received"]
        if held != self._next:
            return f"last_received is {held}, the last request was {self._next}"
        again = self.oms.openings[-1]["session_id"] == self.oms.openings[0]["session_id"]
        return "" if again else "session_id has changed, though its exchange has not begun a new session"

    def _tells_again(self) -> str:
        self._wait_quiet()
        told = list(self.oms.reports)
        openings = len(self.oms.openings)
        self.oms.crash(lose=len(told))
        if not self._within(lambda: len(self.oms.openings) > openings and len(self.oms.reports) >= len(told)):
            return self._gap() or f"{len(self.oms.reports)} of {len(told)} reports came again"
        differing = [feed_sequence(raw) for raw, was in zip(self.oms.reports, told, strict=False) if raw != was]
        return self._gap() or (f"reports {differing} are not what they were" if differing else "")

    def _tells_once(self) -> str:
        self._wait_quiet()
        self.oms.repeated.clear()
        openings = len(self.oms.openings)
        self.oms.drop()
        if not self._within(lambda: len(self.oms.openings) > openings):
            return "it did not open again"
        self._wait_quiet()
        return f"{len(self.oms.repeated)} applied reports came again" if self.oms.repeated else ""

    def _cancels(self) -> str:
        cancel = self._request(RequestType.cancel, orig_request=self._order)
        return "" if self._within(lambda: self._reports_on(cancel)) else "no report and no OrderCancelReject came"

    def _tells_status(self) -> str:
        answer = self._ask(self._order)
        if answer is None:
            return "no execution report with the question's ord_status_req_id came"
        return (
            "" if answer["ord_status"] == OrdStatus.canceled else f"ord_status is {answer['ord_status']}, not canceled"
        )

    def _knows_what_never_came(self) -> str:
        answer = self._ask((1 << 61) + self._next)
        if answer is None:
            return "no execution report with the question's ord_status_req_id came"
        return (
            "" if answer["ord_status"] == OrdStatus.rejected else f"ord_status is {answer['ord_status']}, not rejected"
        )

    def _keeps_to_its_lease(self) -> str:
        self._wait_quiet()
        stranger = (1 << 60) + self._next
        self.oms.send([under_lease(self._record(RequestType.new, stranger, self._next + 1), self.oms.epoch + 1)])
        self._wait_quiet()
        return "it acted upon a request of another epoch" if self._reports_on(stranger) else ""

    def _ask(self, request: int) -> dict[str, Any] | None:
        """The answer to a question about a request; None when none comes."""
        self._question += 1
        raw = self._record(RequestType.status, request, 0, ord_status_req_id=self._question)
        self.oms.send([under_lease(raw, self.oms.epoch)])
        mine = {"request": request, "ord_status_req_id": self._question}

        def answers() -> list[dict[str, Any]]:
            told = self.oms.said("ExecutionReport")
            return [fields for fields in told if mine.items() <= fields.items()]

        return answers()[0] if self._within(answers) else None

    def _lives(self) -> str:
        openings = len(self.oms.openings)
        heard = self.oms.heard
        if not self._within(lambda: self.oms.heard > heard):
            return f"nothing was heard for {self.timeout_s} s"
        return "" if len(self.oms.openings) == openings else "the session broke"

    def _sends_well(self) -> str:
        strange = sorted({name for name, _, _ in self.oms.notices} - ALLOWED)
        faults = [error for error in self.oms.errors if not error.startswith("the session broke")]
        return "; ".join(faults + ([f"not an adapter's: {', '.join(strange)}"] if strange else []))

    def _request(self, type: RequestType, **more: Any) -> int:
        """Send one request; returns its ClOrdID."""
        self._next += 1
        request = (1 << 62) + self._next
        self.oms.request([self._record(type, request, self._next, **more)])
        return request

    def _record(self, type: RequestType, request: int, number: int, **more: Any) -> bytes:
        fields: dict[str, Any] = {
            "feed_sequence": number,
            "request": request,
            "order": request,
            "type": int(type),
            "side": int(Side.buy),
            "ord_type": int(OrdType.limit),
            "time_in_force": int(TimeInForce.day),
            "price_exponent": self.probe.price_exponent,
            "quantity_exponent": self.probe.quantity_exponent,
            "instrument": 1,
            "account": 1,
            "order_qty": self.probe.order_qty,
            "price": self.probe.price,
            "stop_px": NULL,
            "display_qty": NULL,
            "min_qty": NULL,
            "symbol": self.probe.symbol,
        }
        return records.encode("OrderRequest", **fields | more)

    def _reports_on(self, request: int) -> bool:
        return any(records.decode(raw)[1]["request"] == request for raw in self.oms.reports)

    def _gap(self) -> str:
        return f"{self.oms.gaps} reports were not the next in number" if self.oms.gaps else ""

    def _within(self, condition: Callable[[], Any]) -> bool:
        return wait_until(condition, self.timeout_s)

    def _wait_quiet(self) -> None:
        """Until nothing more comes for a moment."""
        seen = -1
        while seen != len(self.oms.reports) + len(self.oms.repeated):
            seen = len(self.oms.reports) + len(self.oms.repeated)
            wait_until(lambda: len(self.oms.reports) + len(self.oms.repeated) != seen, QUIET_S)  # noqa: B023


def check(url: str, name: str, environment: str, probe: Probe, timeout_s: float = 15.0) -> Iterator[Outcome]:
    """Listen on `url` and try an adapter that connects there. Raises BusError when that is not possible."""
    with FeedStandIn(url) as oms:
        yield from Check(oms, name, environment, probe, timeout_s).run()
