"""Reference data: who may trade what, where, under which policies. Owns the definitions; never touches the books."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracle.numbers import ZERO, Number, add_business_days, as_date, exact, nearest

SHORT = ("sell_short", "sell_short_exempt")


@dataclass(eq=False)
class Currency:
    code: str
    exponent: int
    holidays: set[date]


@dataclass(eq=False)
class Feed:
    name: str
    exchange: str
    online: bool = False
    gap_to: int = 0  # the exchange's sequence that showed a gap; 0 = there is none
    session_id: int = 0
    last_in: int = 0  # the exchange's sequence that was applied last
    last_out: int = 0  # the sequence of the last request that was sent
    opened_ns: int = 0
    lapses: int = 0  # how often in a row it was lost within a minute of its opening
    steady_ns: int = 0  # until then it gets nothing but cancels; 0 = now


@dataclass(eq=False)
class Exchange:
    mic: str
    settlement_days: int
    holidays: set[date]
    feeds: list[Feed]
    session: str = "closed"
    control: str = "active"
    trade_date: date | None = None


@dataclass(eq=False)
class AccountClass:
    name: str
    receivable_days: int = 0
    sell_unsettled: bool = True
    four_eyes: bool = True
    contractual: bool = False
    market_order_margin_bps: int = 500
    collar_bps: int = 0
    min_order_value: Fraction = ZERO
    max_order_value: Fraction = ZERO
    auth_above_value: Fraction = ZERO
    buffer_timeout_s: int = 0
    duplicate_window_s: int = 0
    cross_own: str = "allow"
    chained_replaces: str = "allow"
    break_tolerance: Fraction = ZERO


@dataclass
class FeeComponent:
    side: str | None
    basis: str  # value, brokerage, flat
    rate_bps: Fraction = ZERO
    amount: Fraction = ZERO
    minimum: Fraction = ZERO
    maximum: Fraction = ZERO  # 0 = none

    def bounded(self, fee: Fraction) -> Fraction:
        fee = max(fee, self.minimum)
        return min(fee, self.maximum) if self.maximum else fee


@dataclass(eq=False)
class User:
    name: str
    permissions: set[str]
    owner: int = 0  # 0 = every owner
    max_value: Fraction = ZERO  # 0 = no limit
    active: bool = True
    max_rate: int = 0  # new orders and replaces a second; 0 = as many as come
    control: str = "active"


@dataclass(eq=False)
class Account:
    code: str
    account_class: AccountClass
    currency: str
    owner: int
    status: str
    users: set[str]
    control: str = "active"
    unreconciled: bool = False
    short_allowed: bool = False


@dataclass(eq=False)
class Instrument:
    symbol: str
    exchange: Exchange
    currency: Currency
    price_exponent: int
    quantity_exponent: int
    tick: Fraction
    lot: Fraction
    min_qty: Fraction  # 0 = none
    max_qty: Fraction  # 0 = none
    factor: Fraction  # money for one price unit of one quantity unit
    settlement_days: int
    reference_price: Fraction  # 0 = none
    status: str
    authorise: bool
    control: str = "active"
    last: Fraction = ZERO
    short_allowed: bool = False
    short_margin_bps: int = 0
    restricted: bool = False

    @property
    def market_price(self) -> Fraction:
        """What a market order is measured by: last, else reference; 0 = neither is known."""
        return self.last or self.reference_price

    def value(self, price: Fraction, quantity: Fraction) -> Fraction:
        """Exact; the caller rounds, up for a hold, half away for a trade."""
        return price * quantity * self.factor

    def settle_date(self, trade_date: date) -> date:
        return add_business_days(trade_date, self.settlement_days, self.exchange.holidays | self.currency.holidays)


class Reference:
    """The definitions, by name."""

    def __init__(self) -> None:
        self.currencies: dict[str, Currency] = {}
        self.exchanges: dict[str, Exchange] = {}
        self.feeds: dict[str, Feed] = {}
        self.classes: dict[str, AccountClass] = {}
        self.fees: dict[str, list[FeeComponent]] = {}
        self.fee_rules: dict[tuple[str, str | None], str] = {}
        self.users: dict[str, User] = {}
        self.accounts: dict[str, Account] = {}
        self.instruments: dict[str, Instrument] = {}
        self.firm_control = "active"

    def define_currency(self, code: str, exponent: int = 4, holidays: Iterable[date | str] = ()) -> None:
        self.currencies[code] = Currency(code, exponent, days(holidays))

    def define_exchange(
        self,
        mic: str,
        settlement_days: int = 2,
        feeds: Iterable[str] | None = None,
        holidays: Iterable[date | str] = (),
    ) -> None:
        lines = [Feed(name, mic) for name in ((mic,) if feeds is None else feeds)]
        self.exchanges[mic] = Exchange(mic, settlement_days, days(holidays), lines)
        self.feeds |= {feed.name: feed for feed in lines}

    def define_class(self, name: str, **policy: object) -> None:
        money = {"min_order_value", "max_order_value", "auth_above_value", "break_tolerance"}
        terms = AccountClass(name, **{k: exact(v) if k in money else v for k, v in policy.items()})
        redefine(self.classes.setdefault(name, terms), terms)

    def define_fee(
        self,
        name: str,
        *,
        bps: Number = "0",
        minimum: Number = "0",
        tax_bps: Number = "0",
        components: Iterable[Mapping[str, object]] | None = None,
    ) -> None:
        if components is None:
            components = [
                {"basis": "value", "rate_bps": bps, "minimum": minimum},
                {"basis": "brokerage", "rate_bps": tax_bps},
            ]
        figures = ("rate_bps", "amount", "minimum", "maximum")
        self.fees[name] = [
            FeeComponent(part.get("side"), part["basis"], **{k: exact(part.get(k, 0)) for k in figures})
            for part in components
        ]

    def assign_fee(self, account_class: str, schedule: str, exchange: str | None = None) -> None:
        self.fee_rules[account_class, exchange] = schedule

    def define_user(
        self,
        name: str,
        permissions: Iterable[str] = ("trade",),
        owner: int = 0,
        max_value: Number = "0",
        active: bool = True,
        max_rate: int = 0,
    ) -> None:
        self.users[name] = User(name, set(permissions), owner, exact(max_value), active, max_rate)

    def define_account(
        self,
        code: str,
        *,
        account_class: str = "default",
        currency: str = "AUD",
        owner: int = 0,
        status: str = "active",
        users: Iterable[str] = (),
        short_allowed: bool = False,
    ) -> None:
        terms = self.classes[account_class], currency, owner, status, set(users)
        self.accounts[code] = Account(code, *terms, short_allowed=short_allowed)

    def define_instrument(
        self,
        symbol: str,
        *,
        exchange: str,
        currency: str,
        price_exponent: int = 4,
        quantity_exponent: int = 0,
        tick: Number | None = None,
        lot: Number | None = None,
        min_qty: Number = "0",
        max_qty: Number = "0",
        multiplier: int = 1,
        price_factor: tuple[int, int] = (1, 1),
        settlement_days: int | None = None,
        reference_price: Number = "0",
        status: str = "tradable",
        authorise: bool = False,
        short_allowed: bool = False,
        short_margin_bps: int = 0,
        restricted: bool = False,
    ) -> None:
        market = self.exchanges[exchange]
        instrument = Instrument(
            symbol=symbol,
            exchange=market,
            currency=self.currencies[currency],
            price_exponent=price_exponent,
            quantity_exponent=quantity_exponent,
            tick=Fraction(1, 10**price_exponent) if tick is None else exact(tick),
            lot=Fraction(1, 10**quantity_exponent) if lot is None else exact(lot),
            min_qty=exact(min_qty),
            max_qty=exact(max_qty),
            factor=multiplier * Fraction(*price_factor),
            settlement_days=market.settlement_days if settlement_days is None else settlement_days,
            reference_price=exact(reference_price),
            status=status,
            authorise=authorise,
            short_allowed=short_allowed,
            short_margin_bps=short_margin_bps,
            restricted=restricted,
        )
        known = self.instruments.setdefault(symbol, instrument)
        redefine(known, instrument, control=known.control, last=known.last)

    def fee(self, account: Account, instrument: Instrument, side: str, value: Fraction) -> Fraction:
        return sum(self.fee_and_tax(account, instrument, side, value), ZERO)

    def fee_and_tax(
        self, account: Account, instrument: Instrument, side: str, value: Fraction
    ) -> tuple[Fraction, Fraction]:
        """Of a whole order with this cumulative value: brokerage and flat parts, and tax on those."""
        if not value:
            return ZERO, ZERO
        name = account.account_class.name
        rules = self.fee_rules
        schedule = rules.get((name, instrument.exchange.mic)) or rules.get((name, None))
        kind = "sell" if side in SHORT else side
        parts = [part for part in self.fees.get(schedule or "", []) if part.side in (None, kind)]
        decimals = instrument.currency.exponent

        def charge(part: FeeComponent, basis: Fraction) -> Fraction:
            raw = part.amount if part.basis == "flat" else basis * part.rate_bps / 10000
            return nearest(part.bounded(nearest(raw, decimals)), decimals)

        brokerage = sum((charge(part, value) for part in parts if part.basis != "brokerage"), ZERO)
        tax = sum((charge(part, brokerage) for part in parts if part.basis == "brokerage"), ZERO)
        return brokerage, tax


def redefine(known: object, anew: object, **kept: object) -> None:
    """What refers to it sees what it is now."""
    vars(known).update(vars(anew) | kept)


def days(holidays: Iterable[date | str]) -> set[date]:
    return {as_date(day) for day in holidays}
