"""Limits and throttles. Owns what has been asked for, and how often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.ledger import Ledger
from tests.oracle.numbers import ZERO, Number, exact, upwards
from tests.oracle.orders import WAITING, Order, Terms
from tests.oracle.reference import Account, Instrument

SECOND = 10**9
OF_A_REQUEST = ("order_value", "order_qty", "order_rate")
Scope = tuple[str, str | None]


@dataclass
class Rate:
    """A second begins with the first request after the last one ended."""

    until_ns: int = 0
    count: int = 0

    def come(self, now_ns: int) -> None:
        if now_ns >= self.until_ns:
            self.until_ns, self.count = now_ns + SECOND, 0
        self.count += 1


@dataclass
class Figures:
    """Of one scope; a limit that is not there limits nothing."""

    limits: dict[str, Fraction] = field(default_factory=dict)
    rate: Rate = field(default_factory=Rate)


class Limits(Ledger):
    def __init__(self) -> None:
        super().__init__()
        self.time_ns = 0
        self.limited: dict[Scope, Figures] = {}
        self.sent_by: dict[str, Rate] = {}

    def limit_refused(self, scope: str, name: str | None, limit: str, value: Number, by: str | None) -> str | None:
        """An operator sets a figure of the firm, an account, an instrument, or what a user's requests are worth."""
        user = None if by is None else self.users[by]
        if user and not (user.active and "operate" in user.permissions):
            return "permission_denied"
        if exact(value) < 0:
            return "reference_invalid"
        owner = self.accounts[name].owner if scope == "account" else 0
        if user and user.owner and user.owner != owner:
            return "permission_denied"
        if scope == "exchange" or (scope == "user" and limit not in OF_A_REQUEST):
            return "reference_invalid"
        return None

    def limits_of(
        self, by: str | None, account: Account, instrument: Instrument | None
    ) -> Iterable[tuple[str, Figures]]:
        """Those that a request meets."""
        scopes: list[Scope] = [("firm", None), ("account", account.code)]
        scopes += [("instrument", instrument.symbol)] if instrument else []
        scopes += [("user", by)] if by else []
        return [(scope, self.limited[scope, name]) for scope, name in scopes if (scope, name) in self.limited]

    # how often

    def had_all(self, by: str | None) -> bool:
        """A user may send only so much in a second."""
        most, rate = self.users[by].max_rate if by else 0, self.sent_by.get(by)
        return bool(most and rate and self.time_ns < rate.until_ns and rate.count >= most)

    def too_many(self, by: str | None) -> bool:
        """What is refused for that does not count."""
        if self.had_all(by):
            return True
        if by and self.users[by].max_rate:
            self.sent_by.setdefault(by, Rate()).come(self.time_ns)
        return False

    def count_request(self, by: str | None, account: Account, instrument: Instrument | None) -> None:
        for _, figures in self.limits_of(by, account, instrument):
            if figures.limits.get("order_rate"):
                figures.rate.come(self.time_ns)

    # how much

    def order_value(self, instrument: Instrument, terms: Terms) -> Fraction:
        """The whole order's value, as rules see it: against the account, as a hold."""
        return upwards(instrument.value(terms.price, terms.order_qty), instrument.currency.exponent)

    def leaves_value(self, order: Order, terms: Terms) -> Fraction:
        """What may still trade at these terms, without fees."""
        leaves = max(ZERO, terms.order_qty - order.cum_qty)
        return upwards(order.instrument.value(terms.price, leaves), order.instrument.currency.exponent)

    def open_value(self, order: Order) -> Fraction:
        """The most of the terms in force and of every replace without an answer."""
        if order.closed and not order.filled:
            return ZERO
        terms = [request.terms for request in order.pending if request.type == "replace"]
        return max(
            [ZERO, *(self.leaves_value(order, each) for each in (*terms, *([] if order.closed else [order.terms])))]
        )

    def within(self, scope: str, like: Order) -> list[Order]:
        """Orders that count against the same limit."""
        places = {
            "firm": lambda each: each.instrument.currency is like.instrument.currency,
            "account": lambda each: (
                each.account is like.account and each.instrument.currency is like.instrument.currency
            ),
            "instrument": lambda each: each.instrument is like.instrument,
        }
        return [each for each in self.orders if places[scope](each)]

    def over_limits(self, by: str | None, order: Order, terms: Terms, waited: Terms | None) -> bool:
        """With these terms; of a request that has waited, at the price that it is held at."""
        known = order in self.orders
        own = self.open_value(order) if known else ZERO
        after = self.leaves_value(order, waited or terms)
        if waited or not known or order.request.status not in WAITING:
            after = max(after, own)
        return any(
            self.over(scope, figures, order, terms, (own, after), waited is not None)
            for scope, figures in self.limits_of(by, order.account, order.instrument)
        )

    def over(
        self, scope: str, figures: Figures, order: Order, terms: Terms, change: tuple[Fraction, Fraction], again: bool
    ) -> bool:
        def exceeds(name: str, figure: Fraction) -> bool:
            limit = figures.limits.get(name, ZERO)
            return bool(limit) and figure > limit

        own, after = change
        asked = {"order_value": self.order_value(order.instrument, terms), "order_qty": terms.order_qty}
        if any(exceeds(name, figure) for name, figure in asked.items()):
            return True
        if not again and self.time_ns < figures.rate.until_ns and exceeds("order_rate", Fraction(figures.rate.count)):
            return True
        if scope == "user" or after <= own:
            return False
        return any(exceeds(name, figure) for name, figure in self.reached(scope, order, own, after).items())

    def reached(self, scope: str, order: Order, own: Fraction, after: Fraction) -> dict[str, Fraction]:
        """What would count against a scope's limits once the order counts `after` instead of its `own`."""
        alike = self.within(scope, order)
        opened = sum((self.open_value(each) for each in alike), ZERO) - own + after
        bought, sold = (self.traded_today(alike, buys) for buys in (True, False))
        net = bought - sold
        then = net + after if order.side == "buy" else net - after
        nearer = abs(then) <= abs(net)
        return {
            "open_value": opened,
            "gross_value": opened + bought + sold,
            "net_value": ZERO if nearer else abs(then),  # what brings it nearer to zero passes
        }

    def traded_today(self, orders: list[Order], buys: bool) -> Fraction:
        """Of the firm's business date."""
        trades = [each for order in orders if (order.side == "buy") == buys for each in order.effective]
        return sum((each.value for each in trades if each.trade_date == self.today), ZERO)
