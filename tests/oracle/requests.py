"""The life of a request: vetted, then sent, queued for a DTR, buffered or refused. Owns what clients and DTRs ask."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from tests.oracle.checks import Checks, first_of
from tests.oracle.numbers import Number, as_date, exact, known, upwards
from tests.oracle.orders import NEEDS_PRICE, NEEDS_STOP, UNANSWERED, UNPRICED, WAITING, Order, Request, Terms
from tests.oracle.reference import Account, Exchange, Feed, Instrument

NANOSECONDS = 10**9
NEVER_WAIVED = {
    "account_suspended",
    "account_closed",
    "account_not_reconciled",
    "instrument_unknown",
    "instrument_halted",
    "instrument_delisted",
    "trading_halted",
    "reduce_only",
    "session_not_open",
    "instrument_restricted",
}


@dataclass
class Result:
    status: str = "ok"
    sent: list[str] = field(default_factory=list)
    repeated: bool = False
    alerts: list[str] = field(default_factory=list)


class Requests(Checks):
    def __init__(self) -> None:
        super().__init__()
        self.requests: dict[tuple[str, str], Request] = {}  # in the order in which they came
        self.sent: list[str] = []
        self.own_cancels = 0

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
        stop_px: Number | None = None,
        display_qty: Number | None = None,
        min_qty: Number | None = None,
        by: str | None = None,
        locate: str = "",
    ) -> Result:
        owner, what = self.accounts[account], self.instruments[instrument]
        limit, further = known(price), map(known, (stop_px, display_qty, min_qty))
        terms = Terms(exact(order_qty), limit, ord_type, time_in_force, as_date(expire_date), *further)
        told = self.receive(owner, cl_ord_id, "new", (instrument, side, terms, locate), by)
        if isinstance(told, Result):
            return told
        request, request.terms = told, self.protected(owner, what, side, terms)
        order = Order(owner, what, side, request, request.terms, what.exchange.trade_date, locate=locate)
        broken, desk = self.vet(by, order, request.terms, limit)
        if broken:
            return self.refuse(request, first_of(broken))
        request.order = order
        self.orders.append(order)
        self.news.append(request)
        return self.place(request, desk)

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
        stop_px: Number | None = None,
        display_qty: Number | None = None,
        min_qty: Number | None = None,
        by: str | None = None,
    ) -> Result:
        owner = self.accounts[account]
        changes = {
            "order_qty": known(order_qty),
            "price": known(price),
            "ord_type": ord_type,
            "time_in_force": time_in_force,
            "expire_date": as_date(expire_date),
            "stop_px": known(stop_px),
            "display_qty": known(display_qty),
            "min_qty": known(min_qty),
        }
        told = self.receive(owner, cl_ord_id, "replace", (orig_cl_ord_id, *changes.values()), by)
        if isinstance(told, Result):
            return told
        request, order = told, self.chain(owner, orig_cl_ord_id)
        refused = self.unchangeable(order)
        if order is None or refused:
            return self.refuse(request, refused or "order_unknown")
        asked = self.asked(self.newest_terms(order), changes)
        if order.closed and not self.may_reopen(order, asked):
            return self.refuse(request, "order_too_late")
        if self.refuses_another(order):
            return self.refuse(request, "replace_pending")
        request.terms = self.protected(owner, order.instrument, order.side, asked)
        unsent = order.request.status in WAITING
        needed = self.terms_hold(order, request.terms) if unsent and request.terms.price is not None else None
        broken, desk = self.vet(by, order, request.terms, asked.price, needed)
        if broken:
            return self.refuse(request, first_of(broken))
        request.order = order
        if unsent:
            self.supersede(order, request)
        else:
            order.pending.append(request)
        return self.place(request, desk)

    def unchangeable(self, order: Order | None) -> str | None:
        """Why no replace may name it at all; the next chapter has more."""
        return None if order else "order_unknown"

    def refuses_another(self, order: Order) -> bool:
        """A class may take one replace at a time."""
        unanswered = any(request.type == "replace" for request in order.pending)
        return unanswered and order.account.account_class.chained_replaces == "refuse"

    def may_reopen(self, order: Order, asked: Terms) -> bool:
        """A replace may ask for more of a filled order."""
        return order.filled and asked.order_qty > order.cum_qty and self.can_still_trade(order)

    def can_still_trade(self, order: Order) -> bool:
        """Not past its day, and not what was immediate or nothing."""
        exchange, terms = order.instrument.exchange, order.terms
        if terms.time_in_force == "gtd" and terms.expire_date != exchange.trade_date:
            return terms.expire_date > exchange.trade_date
        if terms.time_in_force == "gtd":
            return exchange.session != "complete"
        if terms.time_in_force == "day":
            return order.trade_date == exchange.trade_date and exchange.session != "complete"
        return terms.time_in_force == "gtc"

    def asked(self, before: Terms, changes: dict[str, object]) -> Terms:
        """The terms with what is to change; what the new type or time in force does not take goes with the old one."""
        asked = replace(before, price=before.rests_at, protected=False, stated=False).changed(**changes)
        if asked.ord_type in UNPRICED:
            asked = replace(asked, price=changes["price"])
        if asked.ord_type not in NEEDS_STOP:
            asked = replace(asked, stop_px=changes["stop_px"])
        if asked.time_in_force != "gtd":
            asked = replace(asked, expire_date=changes["expire_date"])
        return asked

    def cancel(self, account: str, cl_ord_id: str, orig_cl_ord_id: str, by: str | None = None) -> Result:
        """Nothing but permission and identity stops it."""
        owner = self.accounts[account]
        told = self.receive(owner, cl_ord_id, "cancel", (orig_cl_ord_id,), by)
        if isinstance(told, Result):
            return told
        request, order = told, self.chain(owner, orig_cl_ord_id)
        if order is None or order.closed:
            return self.refuse(request, "order_too_late" if order else "order_unknown")
        request.order = order
        if order.request.status in WAITING:  # never sent: closed here
            self.close_order(order, "canceled", "cancelled_by_client")
            request.status = "completed"
            return Result()
        order.pending.append(request)
        return self.place(request, [])

    def receive(
        self, account: Account, cl_ord_id: str, type: str, content: tuple[object, ...], by: str | None
    ) -> Request | Result:
        """A request under its name; or the answer, when there is none to be made."""
        if not self.may(by, account):
            return Result("permission_denied")
        if not cl_ord_id:
            return Result("cl_ord_id_missing")
        earlier = self.requests.get((account.code, cl_ord_id))
        if earlier is None or self.is_free(earlier):
            if type in ("new", "replace") and self.too_many(by):
                return Result("rate_exceeded")  # and nothing stays: asked once more, it is asked for the first time
            request = Request(account, cl_ord_id, (type, content), type, by, self.time_ns, self.today)
            self.requests.pop((account.code, cl_ord_id), None)  # a new one stands at the end
            self.requests[account.code, cl_ord_id] = request
            return self.counted(request)
        if earlier.content == (type, content):
            return Result(earlier.answer, repeated=True)
        return Result("cl_ord_id_duplicate")

    def counted(self, request: Request) -> Request | Result:
        """A New or Replace counts against what its sender may send, and against limits, whatever comes of it."""
        if request.type not in ("new", "replace"):
            return request
        named = request.content[1]
        order = self.chain(request.account, named[0]) if request.type == "replace" else None
        self.count_request(request.by, request.account, order.instrument if order else self.instruments.get(named[0]))
        return request

    def is_free(self, request: Request) -> bool:
        """A name is taken for its business date, and for as long as its chain lives."""
        over = request.order.closed if request.order else request.status not in UNANSWERED
        return over and request.received != self.today

    def refuse(self, request: Request, verdict: str) -> Result:
        request.status, request.reason, request.answer = "rejected", verdict, verdict
        return Result(verdict)

    def chain(self, account: Account, cl_ord_id: str) -> Order | None:
        """The order that any of its requests names."""
        request = self.requests.get((account.code, cl_ord_id))
        return request.order if request else None

    def newest_terms(self, order: Order) -> Terms:
        """Where the next change starts from: the last replace that is on its way, else the terms in force."""
        asked = [request.terms for request in order.pending if request.type == "replace"]
        return asked[-1] if asked else order.terms

    def protected(self, account: Account, instrument: Instrument, side: str, terms: Terms) -> Terms:
        """With the price that an order is held at: its limit, else the market's price, for a buy or a short sale with a
        margin; of a stop its stop price, for a buy not below the market's."""
        market = instrument.market_price
        if terms.ord_type in NEEDS_PRICE or terms.price is not None or not market:
            return terms
        margin = Fraction(account.account_class.market_order_margin_bps, 10000) if side != "sell" else 0
        if terms.stop_px is not None:
            market = max(market, terms.stop_px) if side == "buy" else terms.stop_px
        price = upwards(market * (1 + margin), instrument.price_exponent)
        return replace(terms, price=price, protected=True)

    def supersede(self, order: Order, request: Request) -> None:
        """A replace of a New that still waits here is a new version of it, and goes out as a New."""
        old = order.request
        old.status, old.reason = "cancelled", "cancelled_by_client"
        request.type, request.queue_version = "new", old.queue_version
        self.news.append(request)
        order.request, order.terms = request, request.terms

    # where a request goes

    def place(self, request: Request, hits: list[str]) -> Result:
        before = len(self.sent)
        if hits:
            self.to_the_desk(request, hits, first_of(hits))
        else:
            self.route(request)
        return Result("ok", self.sent[before:])

    def to_the_desk(self, request: Request, hits: list[str], reason: str) -> None:
        request.status, request.reason = "queued", reason
        request.queue_version += 1
        request.hits.update(hits)

    def route(self, request: Request) -> None:
        """Out, once, over a feed that is online; else it waits for one."""
        feed = self.feed_for(request)
        if feed is None:
            request.status, request.reason = "buffered", "ok"
        else:
            self.send(request, feed)

    def feed_for(self, request: Request) -> Feed | None:
        """What concerns an order that is out goes where the order went. A gap, or that a feed comes and goes, holds all
        but cancels."""
        feeds = [feed for feed in request.order.instrument.exchange.feeds if feed.online]
        own = request.order.request.feed
        if request.type != "new" and own in feeds:
            feeds = [own]
        if request.type == "cancel":
            return next(iter(feeds), None)
        return next((feed for feed in feeds if not feed.gap_to and feed.steady_ns <= self.time_ns), None)

    def send(self, request: Request, feed: Feed) -> None:
        if request.type != "new":
            request.orig = self.newest_sent(request.order)
        feed.last_out += 1
        request.status, request.reason = "submitted", "ok"
        request.feed, request.feed_sequence = feed, feed.last_out
        self.emit(request)

    def newest_sent(self, order: Order) -> Request:
        """The replace that the exchange was given last and has not refused, else the terms in force."""
        given = [each for each in order.pending if each.type == "replace" and each.status not in WAITING]
        return [order.in_force, *sorted(given, key=lambda each: each.feed_sequence)][-1]

    def emit(self, request: Request) -> None:
        self.sent.append(f"{request.type} {request.cl_ord_id or request.order.named}")

    def send_buffered(self, exchange: Exchange) -> None:
        """In the order in which they came, each vetted again; what only the desk would ask is not asked twice."""
        for request in self.waiting(exchange, "buffered"):
            if request.status != "buffered" or self.feed_for(request) is None:
                continue
            broken = self.vet_again(request)[0] if request.type != "cancel" else []
            if broken:
                self.drop(request, "rejected", first_of(broken))
            else:
                self.route(request)

    def waiting(self, exchange: Exchange, status: str) -> list[Request]:
        return [r for r in self.requests.values() if r.status == status and r.order.instrument.exchange is exchange]

    # how a request ends without the exchange

    def drop(self, request: Request, status: str, reason: str) -> None:
        """A request that was never sent ends: a New takes its order along, a replace leaves the order as it is."""
        request.status, request.reason = status, reason
        if request.type == "new":
            self.close_order(request.order, "canceled" if status == "cancelled" else status, reason)
        else:
            request.order.pending.remove(request)

    def close_order(
        self,
        order: Order,
        ord_status: str,
        reason: str = "ok",
        filled: bool = False,
    ) -> None:
        """It can trade no more: what waits for it ends, its hold is released, the rest of its fee falls due."""
        order.ord_status, order.closed, order.filled, order.closed_on = ord_status, True, filled, self.today
        order.end = "" if filled else ord_status
        for request in list(order.pending):
            if order.filled and request.status not in WAITING:
                continue  # the exchange may still have a word
            done = request.type == "cancel" and ord_status == "canceled"
            request.status, request.reason = ("completed", "ok") if done else ("rejected", "order_closed")
            order.pending.remove(request)
        if order.request.status in UNANSWERED:
            traded = order.cum_qty or reason == "ok"
            status = "cancelled" if reason == "cancelled_by_client" else "rejected"
            order.request.status, order.request.reason = ("completed", "ok") if traded else (status, reason)
        self.post(order)

    # what DTRs decide

    def authorise(self, account: str, cl_ord_id: str, by: str, version: int | None = None) -> Result:
        """Runs the checks again: only a hit that the desk has not seen stops it, and goes back there with it."""
        request = self.requests.get((account, cl_ord_id))
        refused = self.decision_failure(request, by, version) or self.four_eyes_failure(request, by)
        if refused:
            return Result(refused)
        broken, desk = self.vet_again(request)
        unseen = broken + [name for name in desk if name not in request.hits]
        before = len(self.sent)
        if unseen:
            self.to_the_desk(request, unseen, first_of(unseen))
        else:
            self.route(request)
        return Result(first_of(unseen), self.sent[before:])

    def reject(self, account: str, cl_ord_id: str, by: str, version: int | None = None) -> Result:
        request = self.requests.get((account, cl_ord_id))
        broken = self.decision_failure(request, by, version)
        if not broken:
            self.drop(request, "rejected", "rejected_by_desk")
        return Result(broken or "ok")

    def decision_failure(self, request: Request | None, by: str, version: int | None) -> str | None:
        user = self.users[by]
        if not user.active or "authorise" not in user.permissions:
            return "permission_denied"
        if request is None:
            return "request_unknown"
        if user.owner not in (0, request.account.owner):
            return "permission_denied"
        if request.status != "queued":
            return "request_not_queued"
        if version is not None and version != request.queue_version:
            return "decision_stale"
        return None

    def four_eyes_failure(self, request: Request, by: str) -> str | None:
        """Nobody authorises what they made, nor for their own account, nor above their limit."""
        if request.account.account_class.four_eyes:
            if request.by == by:
                return "decision_on_own_request"
            if by in request.account.users:
                return "decision_on_own_account"
        limit = self.users[by].max_value
        if limit and self.order_value(request.order.instrument, request.terms) > limit:
            return "decision_above_limit"
        return None

    def vet_again(self, request: Request) -> tuple[list[str], list[str]]:
        """All checks once more, with the request's own hold given back; a market order's hold stays as it was. What
        the desk has seen does not count again, but for what only whoever set it may lift."""
        order, kept = request.order, request.terms
        limit = kept.limit
        bare = replace(kept, price=limit, protected=False)
        terms = self.protected(order.account, order.instrument, order.side, bare)
        needed = self.hold(order)
        orders, pending = self.orders, order.pending
        self.orders = [each for each in orders if each is not order or request.type != "new"]
        order.pending = [each for each in pending if each is not request]
        broken, desk = self.vet(request.by, order, terms, limit, needed, kept, whole=True)
        self.orders, order.pending = orders, pending
        return [name for name in broken if name not in request.hits or name in NEVER_WAIVED], desk

    def queue(self) -> list[Request]:
        return [request for request in self.requests.values() if request.status == "queued"]
