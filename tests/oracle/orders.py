"""Orders, the requests that ask for them and the executions that fill them. Owns their data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from tests.oracle.numbers import ZERO, nearest, towards_zero
from tests.oracle.reference import Account, Currency, Feed, Instrument

HELD = "received"  # of a list that is not whole yet
WAITING = (HELD, "queued", "buffered")
NEEDS_PRICE = ("limit", "stop_limit")
NEEDS_STOP = ("stop", "stop_limit")
UNPRICED = ("market", "stop", "market_to_limit")  # a pegged order may have a limit

PRICE_DECIMALS = 8  # of an average that is shown
UNANSWERED = (*WAITING, "submitted", "in_doubt")

FILLED = "filled"
EXTERNAL, OVERFILLED, FILLED_AFTER_CLOSE, CUM_DIFFERS, EXPIRED_HERE = 1, 2, 4, 8, 16
TO_BE_RESTATED, RESTATED = 32, 64


@dataclass
class Item:
    owed: Fraction = ZERO  # payable, outgoing
    due: Fraction = ZERO  # receivable, incoming


@dataclass
class Terms:
    """What may be changed of an order."""

    order_qty: Fraction
    price: Fraction | None  # its limit; without one what it is protected at
    ord_type: str = "limit"
    time_in_force: str = "day"
    expire_date: date | None = None
    stop_px: Fraction | None = None
    display_qty: Fraction | None = None
    min_qty: Fraction | None = None
    protected: bool = False  # the price is ours, not the client's
    stated: bool = False  # or the exchange's

    @property
    def limit(self) -> Fraction | None:
        """What the client gave."""
        return None if self.protected else self.price

    @property
    def rests_at(self) -> Fraction | None:
        """Where it would trade, if anybody has said so."""
        return self.price if self.stated else self.limit

    @property
    def follows(self) -> bool:
        """It is held at whatever price the exchange states; what has become a limit order by that keeps its limit."""
        return self.protected and (not self.stated or self.ord_type in UNPRICED)

    def changed(self, **changes: object) -> Terms:
        """None = as it is."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})


@dataclass
class Action:
    """What an issuer does to its stock."""

    id: str
    instrument: Instrument
    type: str  # split, consolidation, bonus, dividend
    ex_date: date
    ratio: Fraction  # new stock for one old
    amount: Fraction  # of a dividend, for each unit
    price: Fraction  # of what is left of a unit
    live_orders: str  # cancel, hold, keep
    state: str = "announced"  # applied, undone

    @property
    def currency(self) -> Currency:
        return self.instrument.currency

    def affects(self, trade: Execution) -> bool:
        """Of the trades that are known when it is applied."""
        return trade.trade_date <= self.ex_date

    def scaled(self, stock: Fraction) -> Fraction:
        return towards_zero(stock * self.ratio, self.instrument.quantity_exponent)

    def new_price(self, price: Fraction) -> Fraction:
        return nearest(price / self.ratio, self.instrument.price_exponent)


@dataclass(eq=False)
class Request:
    account: Account
    cl_ord_id: str
    content: tuple[object, ...]  # to tell a repeated request from another one under the same name
    type: str  # new, replace, cancel
    by: str | None
    time_ns: int
    received: date | None  # the firm's business date then
    terms: Terms | None = None
    order: Order | None = None
    status: str = "received"
    reason: str = "ok"  # why it was refused or waits
    answer: str = "ok"  # what the sender was told at first
    queue_version: int = 0
    hits: set[str] = field(default_factory=set)  # the desk's reasons so far: what an operator has seen
    feed: Feed | None = None
    feed_sequence: int = 0
    orig: Request | None = None  # what it was sent to change


@dataclass(eq=False)
class Execution:
    """A trade; a correction changes it in place and adds a version, a bust leaves it without quantity."""

    order: Order
    side: str
    exec_ids: list[str]  # of its versions, oldest first
    quantity: Fraction
    price: Fraction
    trade_date: date
    settle_date: date
    most: Fraction = ZERO  # the largest quantity of its versions
    in_ladder: bool = False  # its items wait for a settlement
    settled: bool = False  # they have been moved
    fee: Fraction = ZERO  # with tax, as it was posted
    tax: Fraction = ZERO
    money: Item = field(default_factory=Item)  # what has been posted for it
    stock: Item = field(default_factory=Item)
    settled_money: Fraction = ZERO  # of that, what has come (or gone) so far
    settled_stock: Fraction = ZERO
    late: bool = False  # a batch left it open
    taken_back: bool = False  # after it had settled: what comes back stands in the ladders beside it
    through: list[Action] = field(default_factory=list)  # what has scaled it, in order
    steps: list[Fraction] = field(default_factory=list)  # what it has counted after each of them
    came_after: int = 0  # so many of them

    @property
    def counts(self) -> Fraction:
        """Stock in units of today."""
        return self.steps[-1] if self.steps else self.quantity

    def counts_after(self, actions: list[Action]) -> Fraction:
        """Stock in units of the day when no more than these were applied."""
        known = sum(action in actions for action in self.through)
        return self.steps[known - 1] if known else self.quantity

    @property
    def most_counts(self) -> Fraction:
        """The most that any version of it said, as its order counts."""
        known = self.order.restated_after
        if self.most == self.quantity:
            return self.counts_after(known)
        scaled = self.most
        for action in self.through:
            scaled = action.scaled(scaled) if action in known else scaled
        return scaled

    @property
    def placed(self) -> Fraction:
        """Stock in units of the day on which it was booked."""
        return self.steps[self.came_after - 1] if self.came_after else self.quantity

    def signed(self, stock: Fraction) -> Fraction:
        return stock if self.side == "buy" else -stock

    def go_through(self, action: Action, stock: Fraction) -> None:
        self.through.append(action)
        self.steps.append(stock)

    def become(self, quantity: Fraction) -> None:
        """It is for another quantity, and was so from the start."""
        self.quantity, self.steps = quantity, []
        for action in self.through:
            self.steps.append(action.scaled(self.counts))

    def change_by(self, action: Action) -> Fraction:
        """What an action that it went through after it was booked has added to the holding by it."""
        if action not in self.through[self.came_after :]:
            return ZERO
        at = self.through.index(action)
        return self.signed(self.steps[at] - (self.steps[at - 1] if at else self.quantity))

    @property
    def open_money(self) -> Fraction:
        return self.money.due - self.money.owed - self.settled_money

    @property
    def open_stock(self) -> Fraction:
        return self.stock.due - self.stock.owed - self.settled_stock

    @property
    def partly_settled(self) -> bool:
        return self.in_ladder and bool(self.settled_money or self.settled_stock)

    @property
    def value(self) -> Fraction:
        instrument = self.order.instrument
        return nearest(instrument.value(self.price, self.quantity), instrument.currency.exponent)


@dataclass(eq=False)
class FeeRow:
    """A fee that was charged, or given back (below zero), by itself."""

    amount: Fraction
    date: date
    settled: bool = False


def quantity(executions: list[Execution]) -> Fraction:
    return sum((each.quantity for each in executions), ZERO)


def average(executions: list[Execution]) -> Fraction:
    """Of executions, by quantity, as it is shown; 0 when there are none."""
    value = sum((each.quantity * each.price for each in executions), ZERO)
    return nearest(value / quantity(executions), PRICE_DECIMALS) if executions else ZERO


@dataclass(eq=False)
class Order:
    account: Account
    instrument: Instrument
    side: str
    request: Request  # the one that made it; of an order from elsewhere it has no name
    terms: Terms  # in force
    trade_date: date | None
    replaced_by: Request | None = None  # the last replace that took effect
    cl_ord_id: str = ""  # its name
    order_id: str = ""  # the exchange's name for it
    ord_status: str = "pending_new"
    closed: bool = False
    closed_on: date | None = None  # the firm's business date
    end: str = ""  # how a dead order ended
    filled: bool = False  # how it was closed: a bust or a replace may reopen it
    by_operator: bool = False  # closed as not at the exchange, by a person
    flags: int = 0
    restated_after: list[Action] = field(default_factory=list)  # what cum_qty counts executions through
    missing_qty: Fraction = ZERO  # of a dead order: what the exchange counts and we have not seen
    pending: list[Request] = field(default_factory=list)  # replaces and cancels without an answer, oldest first
    overtaken: list[Request] = field(default_factory=list)  # of those the ones that a later replace went past
    locate: str = ""  # where the stock of a short sale is borrowed
    executions: list[Execution] = field(default_factory=list)  # as they were booked
    tax_items: Fraction = ZERO  # tax in them
    fee_items: Fraction = ZERO  # fees of settled executions that were charged (or given back) by themselves since
    fee_rows: list[FeeRow] = field(default_factory=list)  # of which that is the sum

    @property
    def in_force(self) -> Request:
        """The one that its terms are from."""
        return self.replaced_by or self.request

    def take_terms_of(self, request: Request, terms: Terms) -> None:
        """What the exchange has said of all but quantity and price stays with the request that it was said of."""
        asked = self.in_force.terms
        self.in_force.terms = replace(self.terms, order_qty=asked.order_qty, price=asked.price)
        self.replaced_by = None if request is self.request else request
        self.terms, self.cl_ord_id = terms, request.cl_ord_id if self.replaced_by else ""

    @property
    def named(self) -> str:
        """What the exchange calls it by: the last of its names that took effect, or its own."""
        return self.cl_ord_id or self.request.cl_ord_id or self.order_id

    @property
    def ended(self) -> bool:
        """It can trade no more, or is closed for that by the report at hand."""
        return self.closed or self.cum_qty >= self.terms.order_qty

    @property
    def asked(self) -> bool:
        """A cancel or replace of it is with the exchange."""
        return any(request.status not in WAITING for request in self.pending)

    @property
    def may_be_reopened(self) -> bool:
        """It was filled, and a replace is with the exchange."""
        return self.filled and bool(self.pending)

    @property
    def effective(self) -> list[Execution]:
        return [execution for execution in self.executions if execution.quantity]

    @property
    def cum_qty(self) -> Fraction:
        """As the exchange counts them: since it has restated the order, in units of that day."""
        return sum((each.counts_after(self.restated_after) for each in self.executions), ZERO)

    @property
    def avg_px(self) -> Fraction:
        if self.flags & RESTATED:
            paid = sum((each.quantity * each.price for each in self.executions), ZERO)
            return nearest(paid / self.cum_qty, PRICE_DECIMALS) if self.cum_qty else ZERO
        return average(self.effective)

    @property
    def cum_value(self) -> Fraction:
        return sum((execution.value for execution in self.effective), ZERO)

    @property
    def leaves_qty(self) -> Fraction:
        return ZERO if self.closed else max(ZERO, self.terms.order_qty - self.cum_qty)

    @property
    def shown_status(self) -> str:
        """What a client is shown: the precedence of the exchange's word and of our requests out there."""
        asked = {f"pending_{request.type}" for request in self.pending if request.status != "queued"}
        return next(
            (word for word in ("pending_cancel", "pending_replace") if word in {self.ord_status, *asked}),
            self.ord_status,
        )
