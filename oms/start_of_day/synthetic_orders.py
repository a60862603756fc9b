"""The order requests of a made-up broker's day: most are sound, some are there to be refused or to go to the desk.

Prices walk at random around each instrument's own, so that orders of different accounts meet at the exchange.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from oms.start_of_day.synthetic import ROLES, UNIT, Account, Broker, Instrument

RECENT = 4000  # sound orders that a replace or cancel may name
REFUSED_PER_MILLE = 40
DESK_PER_MILLE = 2
TRIES = 20
LEAST_CASH = 2_000 * UNIT
FEE_ROOM = 100 * UNIT  # brokerage and what the price may move
MOST_VALUE = 60_000 * UNIT  # of an order that nobody looks at
VALUE_FOR_DESK = 120_000 * UNIT  # above what a professional may trade unasked


@dataclass(frozen=True)
class Request:
    """One line of requests.csv. price: units of 10^-4; None = empty."""

    type: str
    account: str
    cl_ord_id: str
    orig_cl_ord_id: str = ""
    instrument: str = ""
    side: str = ""
    order_qty: int | None = None
    price: int | None = None
    ord_type: str = ""
    time_in_force: str = ""
    expire_date: str = ""


class OrderFlow:
    """Requests one after another, from a seed."""

    def __init__(self, random: Random, broker: Broker, count: int, today: date) -> None:
        self.random, self.broker, self.count, self.today = random, broker, count, today
        self.mids = [instrument.price for instrument in broker.instruments]
        self.roles = {role: broker.with_role(role) for role in ("", *ROLES)}
        self.weights = [1000 // (rank + 5) for rank in range(len(self.roles[""]))]
        self.by_code = {instrument.code: instrument for instrument in broker.instruments}
        self.by_status = {
            status: [account for account in broker.accounts if account.status == status]
            for status in ("active", "suspended", "closed")
        }
        unreconciled = (broker.differing, broker.missing)
        self.traders = [account for account in self.by_status["active"] if account not in unreconciled]
        self.retail = [account for account in self.traders if account.account_class == "retail"]
        self.rich = [account for account in self.traders if account.account_class == "professional"]
        self.cash = {account.code: dict(account.cash) for account in self.traders}  # that no order has asked for yet
        self.stock = {account.code: dict(account.holdings) for account in self.traders}
        self.recent: deque[Request] = deque(maxlen=RECENT)
        self.number = 0
        self.refusals: list[Callable[[], Request]] = [
            self.too_expensive,
            self.not_held,
            self.off_tick,
            self.off_lot,
            self.nothing,
            self.without_price,
            self.market_with_price,
            self.far_price,
            self.below_minimum,
            self.above_maximum,
            self.suspended,
            self.closed,
            self.unreconciled,
            self.halted,
            self.delisted,
            self.too_many,
            self.unpriced,
            self.past_date,
            self.unknown_order,
            self.same_id,
        ]

    def requests(self) -> Iterator[Request]:
        for _ in range(self.count):
            chance = self.random.randrange(1000)
            if chance < REFUSED_PER_MILLE:
                yield self.random.choice(self.refusals)()
            elif chance < REFUSED_PER_MILLE + DESK_PER_MILLE:
                yield self.for_the_desk()
            elif chance < 180 and self.recent:
                yield self.cancel()
            elif chance < 300 and self.recent:
                yield self.amend()
            else:
                yield self.sound()

    # ---- sound ones

    def next_id(self) -> str:
        self.number += 1
        return f"C{self.number:07d}"

    def price_near(self, number: int, ticks: int) -> int:
        """The instrument's walking price and so many ticks."""
        instrument = self.broker.instruments[number]
        self.mids[number] += self.random.choice((-1, 0, 0, 0, 1)) * instrument.tick
        low, high = instrument.price * 95 // 100, instrument.price * 105 // 100
        tick = instrument.tick
        self.mids[number] = max(low + tick - low % tick, min(high - high % tick, self.mids[number]))
        return max(tick, self.mids[number] + ticks * tick)

    def limit(self, account: Account, number: int, side: str, order_qty: int, price: int | None = None) -> Request:
        """A plain day order at or near the market."""
        instrument = self.broker.instruments[number]
        if price is None:
            ticks = self.random.choice((-4, -3, -2, -1, -1, 0, 0, 1, 1, 2))
            price = self.price_near(number, ticks if side == "buy" else -ticks)
        quantity = max(instrument.lot, order_qty - order_qty % instrument.lot)
        return Request("new", account.code, self.next_id(), "", instrument.code, side, quantity, price, "limit", "day")

    def plain(self) -> Request:
        """Within what the account has: a part of its cash or of a holding."""
        for _ in range(TRIES):
            account = self.random.choice(self.traders)
            stock, cash = self.stock[account.code], self.cash[account.code]
            held = [number for number, units in stock.items() if units > 1 and not self.broker.instruments[number].role]
            if held and self.random.randrange(2):
                number = self.random.choice(held)
                units = self.random.randrange(stock[number] // 8, stock[number] // 2) + 1
                units = min(units, 1 + MOST_VALUE // self.broker.instruments[number].price)
                stock[number] -= units
                return self.limit(account, number, "sell", units)
            number = self.random.choices(self.roles[""], self.weights)[0]
            instrument = self.broker.instruments[number]
            if (free := cash.get(instrument.currency, 0)) > LEAST_CASH:
                value = min(MOST_VALUE, self.random.randrange(free // 40, free // 8))
                cash[instrument.currency] -= value + FEE_ROOM
                return self.limit(account, number, "buy", max(1, value // instrument.price))
        return self.limit(account, number, "buy", 1)

    def sound(self) -> Request:
        request = self.plain()
        chance = self.random.randrange(100)
        if chance < 12:
            request = replace(request, price=None, ord_type="market")
        elif chance < 20:
            request = replace(request, time_in_force="ioc")
        elif chance < 23:
            request = replace(request, time_in_force="fok")
        elif chance < 31:
            request = replace(request, time_in_force="gtc")
        elif chance < 32:
            expire_date = str(self.today + timedelta(days=self.random.randrange(1, 30)))
            request = replace(request, time_in_force="gtd", expire_date=expire_date)
        if request.time_in_force in ("day", "gtc", "gtd") and request.ord_type == "limit":
            self.recent.append(request)
        return request

    def cancel(self) -> Request:
        """Of a recent order, which may be filled by now."""
        at = self.random.randrange(len(self.recent))
        order = self.recent[at]
        del self.recent[at]
        return replace(
            order,
            type="cancel",
            cl_ord_id=self.next_id(),
            orig_cl_ord_id=order.cl_ord_id,
            order_qty=None,
            price=None,
            ord_type="",
            time_in_force="",
            expire_date="",
        )

    def amend(self) -> Request:
        """A recent order gets another price, quantity, or both; a new name in any case."""
        at = self.random.randrange(len(self.recent))
        order = self.recent[at]
        instrument = self.instrument_of(order)
        assert order.order_qty is not None
        assert order.price is not None
        quantity, price = order.order_qty, order.price
        if self.random.randrange(3):
            price = max(instrument.tick, price + self.random.choice((-2, -1, 1, 2)) * instrument.tick)
        else:
            quantity = max(instrument.lot, quantity * self.random.randrange(50, 120) // 100)
        changed = replace(order, cl_ord_id=self.next_id(), order_qty=quantity, price=price)
        self.recent[at] = changed
        return replace(
            changed, type="replace", orig_cl_ord_id=order.cl_ord_id, ord_type="", time_in_force="", expire_date=""
        )

    def instrument_of(self, request: Request) -> Instrument:
        return self.by_code[request.instrument]

    def for_the_desk(self) -> Request:
        if self.random.randrange(2):
            number = self.random.choice(self.roles["authorise"])
            return self.limit(self.buyer(self.rich, number), number, "buy", 1 + 1000 * UNIT // self.mids[number])
        number = self.random.choice(self.roles[""])
        value = VALUE_FOR_DESK * self.random.randrange(100, 150) // 100
        return self.limit(self.buyer(self.rich, number), number, "buy", value // self.mids[number])

    # ---- those that are refused

    def buyer(self, accounts: list[Account], number: int) -> Account:
        """One of them that has money for the instrument."""
        currency = self.broker.instruments[number].currency
        return self.random.choice([account for account in accounts if currency in account.cash] or self.traders)

    def a_buy(self, role: str = "") -> tuple[Request, Instrument]:
        number = self.random.choice(self.roles[role])
        account = self.buyer(self.random.sample(self.traders, min(200, len(self.traders))), number)
        instrument = self.broker.instruments[number]
        return self.limit(account, number, "buy", 1 + 1000 * UNIT // instrument.price), instrument

    def by_account(self, wanted: list[Account]) -> Request:
        request, _ = self.a_buy()
        return replace(request, account=self.random.choice(wanted).code)

    def too_expensive(self) -> Request:
        number = self.random.choice(self.roles[""])
        account = self.buyer(self.retail, number)
        value = account.cash.get(self.broker.instruments[number].currency, 0) * 11 // 10
        return self.limit(account, number, "buy", 1 + value // self.mids[number], self.price_near(number, 0))

    def not_held(self) -> Request:
        request = self.plain()
        return replace(request, side="sell", order_qty=10_000_000 * UNIT // self.instrument_of(request).price // 100)

    def off_tick(self) -> Request:
        request, _ = self.a_buy()
        return replace(request, price=(request.price or 0) + 1)

    def off_lot(self) -> Request:
        request, instrument = self.a_buy("lots")
        return replace(request, order_qty=instrument.lot + 1)

    def nothing(self) -> Request:
        return replace(self.a_buy()[0], order_qty=0)

    def without_price(self) -> Request:
        return replace(self.a_buy()[0], price=None)

    def market_with_price(self) -> Request:
        return replace(self.a_buy()[0], ord_type="market")

    def far_price(self) -> Request:
        request, instrument = self.a_buy()
        return replace(request, price=instrument.price * 2)

    def below_minimum(self) -> Request:
        request, instrument = self.a_buy("bounded")
        return replace(request, order_qty=instrument.lot)

    def above_maximum(self) -> Request:
        request, instrument = self.a_buy()
        return replace(request, order_qty=20_000_000 * UNIT // instrument.price)

    def suspended(self) -> Request:
        return self.by_account(self.by_status["suspended"])

    def closed(self) -> Request:
        return self.by_account(self.by_status["closed"])

    def unreconciled(self) -> Request:
        return self.by_account([self.broker.differing, self.broker.missing])

    def halted(self) -> Request:
        return self.a_buy("halted")[0]

    def delisted(self) -> Request:
        return self.a_buy("delisted")[0]

    def too_many(self) -> Request:
        request, _ = self.a_buy("bounded")
        return replace(request, order_qty=2_000_000)

    def unpriced(self) -> Request:
        return replace(self.a_buy("unpriced")[0], ord_type="market", price=None)

    def past_date(self) -> Request:
        request, _ = self.a_buy()
        return replace(request, time_in_force="gtd", expire_date=str(self.today - timedelta(days=1)))

    def unknown_order(self) -> Request:
        request, _ = self.a_buy()
        return Request("cancel", request.account, request.cl_ord_id, "never-seen", request.instrument, request.side)

    def same_id(self) -> Request:
        """The id of a recent order of the account, with other content."""
        if not self.recent:
            return self.off_tick()
        order = self.random.choice(self.recent)
        return replace(order, type="new", order_qty=(order.order_qty or 0) + 1)
