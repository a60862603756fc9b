"""One instrument's order book: who rests at which price, in which order of time.

Owns the places of resting orders. It matches nothing and reports nothing: that is `oms.adapters.matching`.

A price is kept as a *key* that is higher the better it is for the other side: a buyer's price, a seller's negated.
So both sides are the same code: an incoming order meets every resting key that is at least minus its own.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from oms.adapters.messages import NULL
from oms.enums import OrdStatus, OrdType, Side, TimeInForce

MARKET_KEY = 1 << 63  # meets every price
BUY, LIMIT, NEW, DAY = int(Side.buy), int(OrdType.limit), int(OrdStatus.new), int(TimeInForce.day)
RESTING = frozenset((DAY, int(TimeInForce.gtc), int(TimeInForce.gtd)))


@dataclass(frozen=True)
class Listing:
    """An instrument as the exchange lists it; prices and quantities in units of its exponents."""

    symbol: str
    price_exponent: int = 4
    quantity_exponent: int = 0
    tick: int = 1
    lot: int = 1
    reference_price: int = 0  # 0 = none
    halted: bool = False


class Order:
    """An order at the exchange. The house's own quotes have no order_id: nobody is told of them."""

    __slots__ = (
        "account",
        "book",
        "cum_qty",
        "expire_date",
        "is_buy",
        "key",
        "leaves_qty",
        "may_rest",
        "number",
        "open",
        "ord_type",
        "order_id",
        "order_qty",
        "pending_cancels",
        "pending_replaces",
        "price",
        "request",
        "side",
        "status",
        "time_in_force",
        "trade_date",
    )

    def __init__(self, number: int, book: Book, side: int, order_qty: int, price: int, trade_date: int) -> None:
        self.number = number
        self.book = book
        self.side = side
        self.is_buy = side == BUY
        self.order_id = ""  # empty = one of the house
        self.request = 0  # the last one that was accepted; 0 = it was not entered by the OMS
        self.account = 0
        self.trade_date = trade_date  # of its entry
        self.order_qty = order_qty
        self.leaves_qty = order_qty
        self.cum_qty = 0
        self.open = True
        self.status = NEW  # OrdStatus, apart from what is pending
        self.pending_cancels = 0
        self.pending_replaces = 0
        self.set_price(price)
        self.set_terms(LIMIT, DAY, 0)

    def set_price(self, price: int) -> None:
        """NULL = a market order, which meets every price."""
        self.price = price
        self.key = MARKET_KEY if price == NULL else price if self.is_buy else -price

    def set_terms(self, ord_type: int, time_in_force: int, expire_date: int) -> None:
        self.ord_type = ord_type
        self.time_in_force = time_in_force
        self.expire_date = expire_date
        self.may_rest = ord_type == LIMIT and time_in_force in RESTING


class BookSide:
    """Price levels of one side; the best is the last of `keys`, and the oldest order of a level its first."""

    __slots__ = ("keys", "levels")

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.levels: dict[int, OrderedDict[int, Order]] = {}

    def add(self, order: Order) -> None:
        """Last in time at its price."""
        level = self.levels.get(order.key)
        if level is None:
            self.levels[order.key] = level = OrderedDict()
            insort(self.keys, order.key)
        level[order.number] = order

    def remove(self, order: Order) -> None:
        """Take out an order that rests here, and its level when it was the last."""
        level = self.levels[order.key]
        del level[order.number]
        if not level:
            del self.levels[order.key]
            del self.keys[bisect_left(self.keys, order.key)]

    def first(self) -> Order:
        """The oldest order at the best price; the side is not empty."""
        return next(iter(self.levels[self.keys[-1]].values()))

    def orders(self) -> Iterator[Order]:
        """In the order in which they would trade."""
        for key in reversed(self.keys):
            yield from self.levels[key].values()

    def can_fill(self, incoming_key: int, quantity: int) -> bool:
        """Whether an incoming order would find this quantity at its price or better."""
        for key in reversed(self.keys):
            if key < -incoming_key:
                return False
            quantity -= sum(order.leaves_qty for order in self.levels[key].values())
            if quantity <= 0:
                return True
        return quantity <= 0


class Book:
    """Both sides of one instrument, and its last price."""

    __slots__ = ("buys", "halted", "instrument", "last", "listing", "sells")

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.instrument = 0  # the OMS's number, once an order has told it
        self.buys = BookSide()
        self.sells = BookSide()
        self.last = 0
        self.halted = listing.halted

    def side(self, is_buy: bool) -> BookSide:
        return self.buys if is_buy else self.sells

    @property
    def bid(self) -> int:
        """Best price of buyers; 0 = none."""
        return self.buys.keys[-1] if self.buys.keys else 0

    @property
    def ask(self) -> int:
        """Best price of sellers; 0 = none."""
        return -self.sells.keys[-1] if self.sells.keys else 0
