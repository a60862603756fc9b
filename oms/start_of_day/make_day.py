"""Writes a made-up broker's day: reference data of the configuration, two deliveries of files, market data, requests.

    DIR/oms.toml       currencies, exchanges, classes, fees, users
    DIR/take_on/       the files with which the broker began, a day earlier: every position is an opening one
    DIR/sod/           today's files: one account's bank figure is off, one is missing, some orders are left over
    DIR/market.csv     last, bid, ask of each instrument when trading begins
    DIR/requests.csv   the order requests of the day, in order

The same seed and sizes give the same bytes on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from oms.errors import OmsError
from oms.start_of_day.figures import shown
from oms.start_of_day.files import Progress
from oms.start_of_day.synthetic import (
    EXCHANGES,
    MONEY_EXPONENT,
    PRICE_EXPONENT,
    ROLES,
    UNIT,
    Account,
    Broker,
    Instrument,
    make_broker,
)
from oms.start_of_day.synthetic_orders import OrderFlow, Request

LEAST_ACCOUNTS = 50
LEAST_INSTRUMENTS = 2 * len(ROLES) + 8
LEFT_OVER = 12  # GTC orders of yesterday at each exchange
BREAK = 250 * UNIT  # by which the differing account is off; the tolerance is 1
BUSINESS_DATE = date(2026, 11, 23)

CONFIGURATION = """\
# A made-up broker: reference data. Amounts are decimals as text.

[currencies]
AUD = {{ exponent = {exponent}, holidays = [] }}
NZD = {{ exponent = {exponent}, holidays = [] }}
USD = {{ exponent = {exponent}, holidays = [] }}

[exchanges.XASX]
settlement_days = 2
feeds = ["XASX"]
holidays = []

[exchanges.XNZE]
settlement_days = 2
feeds = ["XNZE"]
holidays = []

[classes.retail]
receivable_days = 2
sell_unsettled = true
collar_bps = 2000
min_order_value = "1"
max_order_value = "500000"
auth_above_value = "250000"
buffer_timeout_s = 60
break_tolerance = "1"
fees = {{ "*" = "standard" }}

[classes.professional]
receivable_days = 3
sell_unsettled = true
collar_bps = 3000
max_order_value = "5000000"
auth_above_value = "100000"
break_tolerance = "1"
fees = {{ "*" = "professional" }}

[classes.staff]
receivable_days = 0
sell_unsettled = false
collar_bps = 2000
max_order_value = "100000"
auth_above_value = "20000"
break_tolerance = "0"
fees = {{ "*" = "standard", XNZE = "abroad" }}

[fees.standard]
bps = "11"
minimum = "19.95"
tax_bps = "1000"

[fees.professional]
bps = "5"
minimum = "9"
tax_bps = "1000"

[fees.abroad]
bps = "25"
minimum = "29.95"
tax_bps = "1500"

[users.client1]
permissions = ["trade_any"]

[users.desk1]
permissions = ["authorise"]

[users.desk2]
permissions = ["authorise"]
max_value = "150000"

[users.operations1]
permissions = ["operate"]
"""


@dataclass(frozen=True)
class Day:
    """Where a made-up day was written, and what it holds."""

    directory: Path
    business_date: date
    as_of: date  # of sod/; take_on/ is as of the weekday before
    take_on_as_of: date
    accounts: int
    instruments: int
    requests: int
    open_orders: int
    unreconciled: tuple[str, str]  # codes of the account whose figure differs, and of the one that is missing


def make_day(
    directory: Path,
    *,
    accounts: int = 10_000,
    orders: int = 200_000,
    instruments: int = 200,
    seed: int = 1,
    business_date: date = BUSINESS_DATE,
    progress: Progress | None = None,
) -> Day:
    """Write the files of a day into a directory, which is made. Raises OmsError when a size is too small."""
    if accounts < LEAST_ACCOUNTS or not LEAST_INSTRUMENTS <= instruments <= 16_000 or orders < 0:
        raise OmsError(
            f"a day of {accounts} accounts, {instruments} instruments, {orders} orders is too small to be one",
            remedy=f"at least {LEAST_ACCOUNTS} accounts and {LEAST_INSTRUMENTS} instruments",
        )
    random = Random(seed)
    broker = make_broker(random, accounts, instruments)
    as_of = weekday_before(business_date)
    before = weekday_before(as_of)
    for name in ("take_on", "sod"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    (directory / "oms.toml").write_text(CONFIGURATION.format(exponent=MONEY_EXPONENT))
    positions(directory / "take_on", broker, [one for one in broker.accounts if not one.opened_today], before, False)
    positions(directory / "sod", broker, broker.accounts, as_of, True)
    left = left_over(random, directory / "sod", broker, as_of)
    market(directory / "market.csv", broker, business_date)
    flow = OrderFlow(random, broker, orders, business_date)
    written = write_requests(directory / "requests.csv", flow.requests(), business_date, orders, progress)
    unreconciled = (broker.differing.code, broker.missing.code)
    return Day(directory, business_date, as_of, before, accounts, instruments, written, left, unreconciled)


def weekday_before(day: date) -> date:
    return day - timedelta(days={0: 3, 6: 2}.get(day.weekday(), 1))


def write(path: Path, control: dict[str, object], header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """One file in the form that `oms sod` reads; returns its rows. It appears under its name when it is whole."""
    lines = [",".join(row) for row in rows]
    control = {"kind": path.stem.partition("-")[0]} | control
    control = {key: len(lines) if key == "rows" else value for key, value in control.items()}
    first = "#" + ",".join(f"{key}={value}" for key, value in control.items())
    aside = path.with_suffix(".part")
    aside.write_text("\n".join([first, ",".join(header), *lines, ""]))
    aside.replace(path)
    return len(lines)


def positions(folder: Path, broker: Broker, accounts: list[Account], as_of: date, today: bool) -> None:
    """The four files that every start of day has. today: with the breaks."""
    crm = {"as_of": as_of, "source": "CRM", "rows": 0}
    header = ["account", "class", "currency", "status", "name", "attributes"]
    rows = [(a.code, a.account_class, a.currency, a.status, a.name, a.attributes) for a in accounts]
    write(folder / "accounts.csv", crm, header, rows)
    write(folder / "instruments.csv", crm, INSTRUMENT_HEADER, map(instrument_row, broker.instruments))
    figures = list(bank_figures(broker, accounts, today))
    total = shown(sum(amount for _, _, amount in figures), MONEY_EXPONENT)
    write(
        folder / "cash.csv",
        {"as_of": as_of, "source": "BANK1", "rows": 0, "total": total},
        ["account", "currency", "booked"],
        [(code, currency, shown(amount, MONEY_EXPONENT)) for code, currency, amount in figures],
    )
    held = [(account, number, units) for account in accounts for number, units in account.holdings.items()]
    write(
        folder / "holdings.csv",
        {"as_of": as_of, "source": "REGISTRY1", "rows": 0, "total": sum(units for _, _, units in held)},
        ["account", "instrument", "settled", "average_price"],
        [(account.code, *holding(broker.instruments[number], units)) for account, number, units in held],
    )


def bank_figures(broker: Broker, accounts: list[Account], today: bool) -> Iterator[tuple[str, str, int]]:
    for account in accounts:
        if today and account is broker.missing:
            continue
        for currency, amount in account.cash.items():
            off = 0
            if today and currency == account.currency:
                off = BREAK if account is broker.differing else UNIT // 2 if account is broker.rounded else 0
            yield account.code, currency, amount + off


def holding(instrument: Instrument, units: int) -> tuple[str, str, str]:
    return instrument.code, str(units), shown(instrument.price * 97 // 100, PRICE_EXPONENT)


INSTRUMENT_HEADER = [
    "symbol",
    "exchange",
    "currency",
    "price_exponent",
    "tick",
    "lot",
    "min_qty",
    "max_qty",
    "reference_price",
    "status",
    "authorise",
]


def instrument_row(instrument: Instrument) -> tuple[str, ...]:
    role = instrument.role
    return (
        instrument.symbol,
        instrument.exchange,
        instrument.currency,
        str(PRICE_EXPONENT),
        shown(instrument.tick, PRICE_EXPONENT),
        str(instrument.lot),
        "5" if role == "bounded" else "0",
        "1000000" if role == "bounded" else "0",
        "" if role == "unpriced" else shown(instrument.price, PRICE_EXPONENT),
        role if role in ("halted", "delisted") else "tradable",
        "yes" if role == "authorise" else "no",
    )


def left_over(random: Random, folder: Path, broker: Broker, as_of: date) -> int:
    """GTC orders of yesterday that still stand at the exchanges, a little away from the market; returns how many."""
    written = 0
    owners = [account for account in broker.accounts if account.status == "active" and not account.opened_today]
    owners = [account for account in owners if account not in (broker.differing, broker.missing)]
    for mic, currency in EXCHANGES.items():
        listed = [
            one for one in broker.instruments if one.exchange == mic and one.currency == currency and not one.role
        ]
        able = [account for account in owners if account.cash.get(currency, 0) > 10_000 * UNIT]
        rows = []
        for number, account in enumerate(random.sample(able, min(LEFT_OVER, len(able))), 1):
            instrument = random.choice(listed)
            price = instrument.price - random.randrange(3, 12) * instrument.tick
            price = max(instrument.tick, price)
            quantity = max(1, 1_000 * UNIT // price)
            order_id = f"{mic}-{as_of:%Y%m%d}-{number:04d}"
            rows.append((order_id, account.code, instrument.code, "buy", quantity, shown(price, PRICE_EXPONENT)))
        total = sum(row[4] for row in rows)
        written += write(
            folder / f"open_orders-{mic}.csv",
            {"as_of": as_of, "source": mic, "rows": 0, "total": total, "complete": "yes"},
            ["order_id", "account", "instrument", "side", "order_qty", "price"],
            [tuple(map(str, row)) for row in rows],
        )
    return written


def market(path: Path, broker: Broker, today: date) -> None:
    priced = [one for one in broker.instruments if one.role != "unpriced"]
    write(
        path,
        {"as_of": today, "source": "SYNTHETIC", "rows": 0},
        ["instrument", "last", "bid", "ask"],
        [(one.code, *(shown(one.price + ticks * one.tick, PRICE_EXPONENT) for ticks in (0, -1, 1))) for one in priced],
    )


def write_requests(path: Path, requests: Iterator[Request], today: date, count: int, progress: Progress | None) -> int:
    def rows() -> Iterator[tuple[str, ...]]:
        for done, request in enumerate(requests, 1):
            if progress and done % 5000 == 0:
                progress(path.name, done, count)
            quantity = "" if request.order_qty is None else str(request.order_qty)
            price = "" if request.price is None else shown(request.price, PRICE_EXPONENT)
            yield (
                request.type,
                request.account,
                request.cl_ord_id,
                request.orig_cl_ord_id,
                request.instrument,
                request.side,
                quantity,
                price,
                request.ord_type,
                request.time_in_force,
                request.expire_date,
            )

    control = {"as_of": today, "source": "SYNTHETIC", "rows": 0}
    return write(path, control, list(Request.__dataclass_fields__), rows())
