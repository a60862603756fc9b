"""Feeds, sessions and dates. Owns what time does to orders and requests."""

from __future__ import annotations

from datetime import date

from tests.oracle.numbers import Number, as_date, exact
from tests.oracle.orders import EXPIRED_HERE, WAITING, Order
from tests.oracle.reference import Exchange
from tests.oracle.reports import Reports
from tests.oracle.requests import NANOSECONDS, Result


class Day(Reports):
    def advance(self, seconds: int) -> None:
        self.time_ns += seconds * NANOSECONDS

    def market(self, instrument: str, last: Number = "0", bid: Number = "0", ask: Number = "0") -> Result:
        self.instruments[instrument].last = exact(last)
        return Result()

    # feeds

    def open_feed(self, name: str, session_id: int = 1, last_received: int | None = None) -> Result:
        """What the adapter never received is sent again, under its number; the rest stays in doubt until a report."""
        feed, before = self.feeds[name], len(self.sent)
        if session_id != feed.session_id:
            feed.session_id, feed.last_in = session_id, 0
        feed.online, feed.gap_to, feed.opened_ns = True, 0, self.time_ns
        pause = 2 ** min(feed.lapses - 4, 6) if feed.lapses >= 4 else 0
        feed.steady_ns = self.time_ns + pause * NANOSECONDS if pause else 0
        received = feed.last_out if last_received is None else last_received
        for request in self.requests.values():
            if (
                request.feed is feed
                and request.feed_sequence > received
                and request.status in ("submitted", "in_doubt")
            ):
                request.status, request.reason = "submitted", "ok"
                self.emit(request)
        self.send_buffered(self.exchanges[feed.exchange])
        return Result("ok", self.sent[before:])

    def close_gap(self, name: str) -> Result:
        feed, before = self.feeds[name], len(self.sent)
        feed.last_in, feed.gap_to = max(feed.last_in, feed.gap_to), 0
        self.send_buffered(self.exchanges[feed.exchange])
        return Result("ok", self.sent[before:])

    def lose_feed(self, name: str) -> Result:
        feed = self.feeds[name]
        if feed.online:
            feed.lapses = feed.lapses + 1 if self.time_ns < feed.opened_ns + 60 * NANOSECONDS else 0
        feed.online, feed.steady_ns = False, 0
        for request in self.requests.values():
            if request.feed is feed and request.status == "submitted":
                request.status = "in_doubt"
        return Result()

    def tick(self) -> Result:
        return Result()

    def overdue(self) -> None:
        """Every record carries the time: buffered requests whose class allows no longer wait are refused."""
        for request in [r for r in self.requests.values() if r.status == "buffered" and r.type != "cancel"]:
            patience = request.account.account_class.buffer_timeout_s
            if patience and self.time_ns - request.time_ns >= patience * NANOSECONDS and request.status == "buffered":
                self.drop(request, "rejected", "buffer_timed_out")
        self.lose_the_absent()
        for feed in self.feeds.values():
            if feed.steady_ns and feed.steady_ns <= self.time_ns:
                feed.steady_ns = 0
                self.send_buffered(self.exchanges[feed.exchange])

    def lose_the_absent(self) -> None:
        """Orders of those who are away for too long; the next chapter's part in it."""

    # sessions and dates

    def session(self, mic: str, state: str, trade_date: date | str | None = None) -> Result:
        exchange = self.exchanges[mic]
        exchange.session = state
        if trade_date or state == "open":
            exchange.trade_date = as_date(trade_date) or self.today
        if state in ("ended", "complete"):
            self.end_lists(mic)
            for status in ("queued", "buffered"):
                for request in self.waiting(exchange, status):
                    if request.type != "cancel" and self.is_over(
                        request.terms.time_in_force, request.terms.expire_date, exchange
                    ):
                        self.drop(request, "expired", "expired_unsent")
        if state == "complete":
            for order in self.live(exchange):
                if self.is_over(order.terms.time_in_force, order.terms.expire_date, exchange):
                    order.flags |= EXPIRED_HERE
                    self.close_order(order, "expired")
        return Result()

    def is_over(self, time_in_force: str, expire_date: date | None, exchange: Exchange) -> bool:
        """At the end of the exchange's session."""
        if time_in_force == "gtd":
            return expire_date <= exchange.trade_date
        return time_in_force != "gtc"

    def live(self, exchange: Exchange) -> list[Order]:
        return [o for o in self.orders if not o.closed and o.instrument.exchange is exchange]

    def business_date(self, day: date | str) -> Result:
        day, ending = as_date(day), self.today
        if ending is not None and day <= ending:
            return Result("date_not_forward")
        before, self.today = len(self.sent), day
        self.begin_day(day)
        for request in [each for each in self.requests.values() if each.status in WAITING and each.type != "cancel"]:
            terms = request.terms
            if request.status in WAITING and terms.time_in_force == "gtd" and terms.expire_date < day:
                self.drop(request, "expired", "expired_unsent")
        if ending is not None:
            self.forget(ending)
        return Result("ok", self.sent[before:])

    def begin_day(self, day: date) -> None:
        """What the date itself brings about; the next chapters have their part in it."""

    def forget(self, before: date) -> None:
        """What was closed on earlier dates and never executed came to nothing: its names are free again."""
        gone = [o for o in self.orders if o.closed and o.closed_on < before and not (o.executions or o.missing_qty)]
        self.orders = [order for order in self.orders if order not in gone]
        for name, request in list(self.requests.items()):
            if request.order in gone or (request.order is None and request.received < before):
                del self.requests[name]
