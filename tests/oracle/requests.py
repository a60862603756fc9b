"""The life of a request: vetted, then sent, queued for a DTR, buffered or refused. Owns what clients and DTRs ask."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from tests.oracle.checks import Checks, first_of
from tests.oracle.numbers import Number, as_date, exact, known, upwards
from tests.oracle.orders import UNANSWERED, WAITING, Order, Request, Terms
from tests.oracle.reference import Account, Exchange, Feed, Instrument

FOR_THE_DESK = ("value_needs_authorisation", "instrument_needs_authorisation")
NANOSECONDS = 10**9


@dataclass
class Result:
    status: str = "ok"
    sent: list[str] = field(default_factory=list)
    repeated: bool = False
    alerts: list[str] = field(default_factory=list)


class Requests(Checks):
    def __init__(self) -> None:
        super().__init__()
        self.time_ns = 0
        self.requests: dict[tuple[str, str], Request] = {}  # in the order in which they came
        self.sent: list[str] = []

    # what clients ask

    def submit(
        self,
        account: str,
        cl_ord_id: str,
        instrument: str,
        side: str,
        order_qty: Number,
        price: Number | None = None,
        ord_type: str = "limit",
        time_in_force: str = "day",
        expire_date: date | str | None = None,
        by: str | None = None,
    ) -> Result:
        owner, what = self.accounts[account], self.instruments[instrument]
        limit = known(price)
        terms = Terms(exact(order_qty), limit, ord_type, time_in_force, as_date(expire_date))
        request, earlier = self.receive(owner, cl_ord_id, "new", (instrument, side, terms), by)
        if earlier:
            return earlier
        request.terms = terms.changed(price=self.protected_price(owner, what, side, terms))
        order = Order(owner, what, side, request, request.terms, what.exchange.trade_date)
        verdict = self.vet(request, order, request.terms, limit)
        if self.refused(request, verdict):
            return Result(verdict)
        request.order = order
        self.orders.append(order)
        return self.place(request, verdict)

    def replace(
        self,
        account: str,
        cl_ord_id: str,
        orig_cl_ord_id: str,
        *,
        order_qty: Number | None = None,
        price: Number | None = None,
        ord_type: str | None = None,
        time_in_force: str | None = None,
        expire_date: date | str | None = None,
        by: str | None = None,
    ) -> Result:
        owner = self.accounts[account]
        changes = {
            "order_qty": known(order_qty),
            "price": known(price),
            "ord_type": ord_type,
            "time_in_force": time_in_force,
            "expire_date": as_date(expire_date),
        }
        content = (orig_cl_ord_id, *changes.values())
        request, earlier = self.receive(owner, cl_ord_id, "replace", content, by)
        if earlier:
            return earlier
        order = self.chain(owner, orig_cl_ord_id)
        if order is None:
            verdict = first_of([*self.standing(by, owner), "order_unknown"])
            self.refused(request, verdict)
            return Result(verdict)
        before = self.newest_terms(order)
        asked = before.changed(**changes)
        limit = before.price if price is None and "market" not in (before.ord_type, asked.ord_type) else known(price)
        protected = self.protected_price(owner, order.instrument, order.side, replace(asked, price=limit))
        request.terms = replace(asked, price=protected)
        verdict = self.vet(request, order, request.terms, limit)
        if self.refused(request, verdict):
            return Result(verdict)
        request.order = order
        order.pending.append(request)
        return self.place(request, verdict)

    def cancel(self, account: str, cl_ord_id: str, orig_cl_ord_id: str, by: str | None = None) -> Result:
        owner = self.accounts[account]
        request, earlier = self.receive(owner, cl_ord_id, "cancel", (orig_cl_ord_id,), by)
        if earlier:
            return earlier
        order = self.chain(owner, orig_cl_ord_id)
        failures = [*self.identity(by, owner)]
        if order is None:
            failures.append("order_unknown")
        elif order.closed:
            failures.append("order_too_late")
        verdict = first_of(failures)
        if self.refused(request, verdict):
            return Result(verdict)
        request.order = order
        if order.request.status in WAITING:  # never sent: closed here
            self.withdraw_order(order, "cancelled", "cancelled_by_client", "canceled")
            request.status = "completed"
            return Result()
        order.pending.append(request)
        return self.place(request, "ok")

    def receive(
        self, account: Account, cl_ord_id: str, type: str, content: tuple[object, ...], by: str | None
    ) -> tuple[Request, Result | None]:
        """The request under its name; with the answer, when the name was used before."""
        earlier = self.requests.get((account.code, cl_ord_id))
        if earlier is None:
            request = Request(account, cl_ord_id, type, content, by, self.time_ns)
            self.requests[account.code, cl_ord_id] = request
            return request, None
        if (earlier.type, earlier.content) == (type, content):
            return earlier, Result(earlier.answer, repeated=True)
        return earlier, Result("cl_ord_id_duplicate")

    def refused(self, request: Request, verdict: str) -> bool:
        request.reason = request.answer = verdict
        if verdict == "ok" or verdict in FOR_THE_DESK:
            return False
        request.status = "rejected"
        return True

    def chain(self, account: Account, cl_ord_id: str) -> Order | None:
        """The order that any of its requests names."""
        request = self.requests.get((account.code, cl_ord_id))
        return request.order if request else None

    def newest_terms(self, order: Order) -> Terms:
        """Where the next change starts from: the last replace that is on its way, else the terms in force."""
        asked = [r.terms for r in order.pending if r.type == "replace" and r.status in UNANSWERED]
        return asked[-1] if asked else order.terms

    def protected_price(self, account: Account, instrument: Instrument, side: str, terms: Terms) -> Fraction | None:
        """The price that an order is held at: its limit, or for a market buy the market's price and a margin."""
        market = instrument.market_price
        if terms.ord_type != "market" or not market:
            return terms.price
        margin = Fraction(account.account_class.market_order_margin_bps, 10000) if side == "buy" else 0
        return upwards(market * (1 + margin), instrument.price_exponent)

    # where a request goes

    def place(self, request: Request, verdict: str) -> Result:
        before = len(self.sent)
        if verdict in FOR_THE_DESK:
            request.status, request.queue_version = "queued", request.queue_version + 1
        else:
            self.route(request)
        return Result(verdict, self.sent[before:])

    def route(self, request: Request) -> None:
        """To the first feed online, once; new orders not while a feed of the exchange has a gap."""
        exchange = request.order.instrument.exchange
        feed = self.open_feed_of(exchange, request.type)
        if feed is None:
            request.status = "buffered"
        else:
            self.send(request, feed)

    def open_feed_of(self, exchange: Exchange, type: str) -> Feed | None:
        usable = [feed for feed in exchange.feeds if feed.online and not (feed.gap and type != "cancel")]
        return usable[0] if usable else None

    def send(self, request: Request, feed: Feed) -> None:
        feed.last_out += 1
        request.status, request.reason = "submitted", "ok"
        request.feed, request.feed_sequence = feed, feed.last_out
        self.sent.append(f"{request.type} {request.cl_ord_id}")

    # how a request ends without the exchange

    def withdraw_order(self, order: Order, status: str, reason: str, ord_status: str) -> None:
        """A New that was never sent ends, and its order with it."""
        order.request.status, order.request.reason = status, reason
        self.close(order, ord_status)

    def drop(self, request: Request, status: str, reason: str) -> None:
        """A waiting request ends: a New takes its order along, a replace leaves the order as it is."""
        if request.type == "new":
            order_ends = {"rejected": "rejected", "cancelled": "canceled", "expired": "expired"}
            self.withdraw_order(request.order, status, reason, order_ends[status])
        else:
            request.status, request.reason = status, reason
            request.order.pending.remove(request)

    def close(self, order: Order, ord_status: str) -> None:
        """It can trade no more: what waits for it ends, its hold is released, the rest of its fee falls due."""
        order.ord_status, order.closed = ord_status, True
        for request in order.pending:
            request.status, request.reason = "rejected", "order_closed"
        order.pending.clear()
        self.post(order)

    # what DTRs decide

    def authorise(self, account: str, cl_ord_id: str, by: str, version: int | None = None) -> Result:
        request = self.requests.get((account, cl_ord_id))
        broken = self.decision_failure(request, by, version)
        if broken:
            return Result(broken)
        order, held = request.order, self.hold(request.order)
        verdict = self.vet_again(request)
        if verdict != "ok" and verdict not in FOR_THE_DESK:
            request.reason, request.queue_version = verdict, request.queue_version + 1
            return Result(verdict)
        assert held == self.hold(order)
        before = len(self.sent)
        self.route(request)
        return Result("ok", self.sent[before:])

    def reject(self, account: str, cl_ord_id: str, by: str, version: int | None = None) -> Result:
        request = self.requests.get((account, cl_ord_id))
        broken = self.decision_failure(request, by, version)
        if not broken:
            self.drop(request, "rejected", "rejected_by_desk")
        return Result(broken or "ok")

    def decision_failure(self, request: Request | None, by: str, version: int | None) -> str | None:
        user = self.users[by]
        if request is None:
            return "request_unknown"
        if not user.active or "authorise" not in user.permissions or user.owner not in (0, request.account.owner):
            return "permission_denied"
        if request.status != "queued":
            return "request_not_queued"
        if version is not None and version != request.queue_version:
            return "decision_stale"
        if request.account.account_class.four_eyes:
            if request.by == by:
                return "decision_on_own_request"
            if by in request.account.users:
                return "decision_on_own_account"
        value = self.order_value(request.order.instrument, request.terms)
        if user.max_value and value > user.max_value:
            return "decision_above_limit"
        return None

    def vet_again(self, request: Request) -> str:
        """All checks once more, with the request's own hold added back."""
        order = request.order
        limit = None if request.terms.ord_type == "market" else request.terms.price
        if request.type == "new":
            self.orders.remove(order)
            verdict = self.vet(request, order, request.terms, limit)
            self.orders.append(order)
        else:
            order.pending.remove(request)
            verdict = self.vet(request, order, request.terms, limit)
            order.pending.append(request)
        return verdict

    def queue(self) -> list[Request]:
        return [request for request in self.requests.values() if request.status == "queued"]
