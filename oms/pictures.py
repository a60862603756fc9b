"""What a reader gets: one immutable picture of a row, in human values. Made by oms.views, changed by nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from oms.enums import Status


@dataclass(frozen=True)
class Cash:
    """Cash of one account in one currency, in that currency. short_proceeds: of short sales that are not bought back,
    never available. negative: available is below zero, and new buys are refused. ladder: date → (payable,
    receivable)."""

    account: str
    currency: str
    booked: Decimal
    payable: Decimal
    receivable: Decimal
    reserved: Decimal
    margin: Decimal
    available: Decimal
    withdrawable: Decimal
    short_proceeds: Decimal = Decimal(0)
    negative: bool = False
    ladder: dict[date, tuple[Decimal, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True)
class Holding:
    """Stock of one account in one instrument. ladder: date → (incoming, outgoing). average_price: eight decimals,
    rounded half away from zero; None when the holding is flat or was loaded without a cost. negative: more was sold
    than is there, by an account that may not sell short."""

    account: str
    instrument: str
    settled: Decimal
    incoming: Decimal
    outgoing: Decimal
    reserved: Decimal
    total: Decimal
    available: Decimal
    average_price: Decimal | None
    negative: bool = False
    ladder: dict[date, tuple[Decimal, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One request with its outcome. order: row of its order, 0 when it never had one."""

    account: str
    cl_ord_id: str
    type: str
    status: str
    reason: Status
    user: str
    order: int
    handle: int
    queue_version: int
    decided_by: str
    feed: str
    instrument: str
    side: str
    ord_type: str
    time_in_force: str
    order_qty: Decimal
    price: Decimal | None
    stop_px: Decimal | None
    display_qty: Decimal | None
    min_qty: Decimal | None
    expire_date: date | None
    time_ns: int


@dataclass(frozen=True)
class Checked:
    """What a request would meet. status: its answer; hits: all that it breaks, or why it would wait. value, fee (tax
    included) and tax are of the whole order, at the price that it would be held at; 0 where it has none."""

    status: Status
    hits: tuple[Status, ...]
    value: Decimal
    fee: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Limit:
    """The limits of one scope, those that are set, and what counts against them by currency: open, bought, sold."""

    scope: str
    name: str
    limits: dict[str, Decimal]
    counted: dict[str, tuple[Decimal, Decimal, Decimal]]


@dataclass(frozen=True)
class Order:
    """One order. ord_status: the exchange's word; shown_status: with our unanswered requests. avg_px: value of its
    effective executions over their quantity and multiplier, eight decimals; 0 when none. day_…: FIX 424 to 426, on the
    exchange's present trade date. pending: (type, cl_ord_id)."""

    account: str
    cl_ord_id: str
    instrument: str
    side: str
    ord_type: str
    time_in_force: str
    ord_status: str
    shown_status: str
    order_qty: Decimal
    leaves_qty: Decimal
    cum_qty: Decimal
    price: Decimal
    stop_px: Decimal | None
    display_qty: Decimal | None
    min_qty: Decimal | None
    expire_date: date | None
    locate: str
    avg_px: Decimal
    day_order_qty: Decimal
    day_cum_qty: Decimal
    day_avg_px: Decimal
    cum_value: Decimal
    fee_charged: Decimal
    reserved: Decimal
    reserved_qty: Decimal
    closed: bool
    flags: tuple[str, ...]
    order_id: str
    handle: int
    pending: tuple[tuple[str, str], ...]
    row: int


@dataclass(frozen=True)
class Parked:
    """A report that could not be booked, or that contradicts one that was, and how it ended (outcome: "" = it waits).
    sequence: of its record in the journal. record: what it is, such as ExecutionReport. exec_id: of a BalanceReport its
    id, of an OpenOrder its order_id. Figures of an instrument that is not known have eight decimals."""

    row: int
    status: Status
    sequence: int
    feed: str
    account: str
    instrument: str
    order: int
    record: str
    exec_type: str
    exec_id: str
    exec_ref_id: str
    last_qty: Decimal
    last_px: Decimal
    outcome: str
    user: str


@dataclass(frozen=True)
class Break:
    """An execution as we have it, and as it came again; or how much was executed of an order by our books and by the
    exchange's word, and then exec_id is its order_id. parked: its row."""

    parked: int
    account: str
    instrument: str
    exec_id: str
    ours: Decimal
    theirs: Decimal
    ours_px: Decimal | None = None
    theirs_px: Decimal | None = None


@dataclass(frozen=True)
class Trade:
    """One execution row, as a trade feed reads it. fee includes tax; net is what the account pays (-) or gets (+)."""

    row: int
    kind: str
    exec_id: str
    account: str
    instrument: str
    exchange: str
    currency: str
    side: str
    quantity: Decimal
    price: Decimal
    value: Decimal
    fee: Decimal
    tax: Decimal
    net: Decimal
    trade_date: date | None
    settle_date: date | None
    version: int
    ref: int
    order: int
    cl_ord_id: str
    sequence: int
