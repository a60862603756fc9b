"""A made-up broker: instruments, accounts, cash and holdings from a seed. All figures are integers; nothing is written.

The same seed and sizes give the same broker on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

PRICE_EXPONENT = 4
MONEY_EXPONENT = 4
UNIT = 10**MONEY_EXPONENT  # of prices, too
EXCHANGES = {"XASX": "AUD", "XNZE": "NZD"}  # MIC -> its own currency
CURRENCIES = ("AUD", "NZD", "USD")
CLASSES = ("retail", "professional", "staff")
ROLES = ("halted", "delisted", "authorise", "lots", "bounded", "unpriced")  # instruments that are there to be refused


@dataclass
class Instrument:
    """price, tick: units of 10^-4."""

    symbol: str
    exchange: str
    currency: str
    price: int
    role: str = ""
    lot: int = 1

    @property
    def code(self) -> str:
        return f"{self.symbol}.{self.exchange}"

    @property
    def tick(self) -> int:
        return 10 if self.price < UNIT // 10 else 50 if self.price < 2 * UNIT else 100


@dataclass
class Account:
    """cash: units of 10^-4 by currency. holdings: units by instrument number."""

    code: str
    account_class: str
    currency: str
    status: str = "active"
    name: str = ""
    attributes: str = ""
    opened_today: bool = False
    cash: dict[str, int] = field(default_factory=dict)
    holdings: dict[int, int] = field(default_factory=dict)


@dataclass
class Broker:
    instruments: list[Instrument]
    accounts: list[Account]
    differing: Account  # the bank's figure of today is off by more than the tolerance
    rounded: Account  # … within the tolerance
    missing: Account  # the bank has forgotten it today

    def with_role(self, role: str) -> list[int]:
        return [number for number, instrument in enumerate(self.instruments) if instrument.role == role]


def make_broker(random: Random, accounts: int, instruments: int) -> Broker:
    listed = list(make_instruments(random, instruments))
    held = [number for number, instrument in enumerate(listed) if instrument.role in ("", "lots", "bounded")]
    clients = [make_account(random, number, listed, held) for number in range(accounts)]
    ordinary = [client for client in clients if client.status == "active" and client.account_class == "retail"]
    differing, rounded, missing = random.sample(ordinary, 3)
    for client in random.sample([client for client in clients if client not in (differing, rounded, missing)], 3):
        client.opened_today = True
    return Broker(listed, clients, differing, rounded, missing)


def make_instruments(random: Random, count: int) -> Iterator[Instrument]:
    """Half of them at each exchange; one in ten is quoted in US dollars; the first ones have a role."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    mics = list(EXCHANGES)
    for number, value in enumerate(random.sample(range(26**3), count)):
        mic = mics[number % len(mics)]
        role = ROLES[number // len(mics)] if number < len(mics) * len(ROLES) else ""
        low, high = random.choice([(20, 200), (200, 2000), (200, 2000), (2000, 12000)])
        instrument = Instrument(
            symbol=letters[value // 676] + letters[value // 26 % 26] + letters[value % 26],
            exchange=mic,
            currency="USD" if not role and random.randrange(10) == 0 else EXCHANGES[mic],
            price=random.randrange(low, high) * 100,
            role=role,
            lot=100 if role == "lots" else 1,
        )
        instrument.price -= instrument.price % instrument.tick
        yield instrument


def make_account(random: Random, number: int, listed: list[Instrument], held: list[int]) -> Account:
    account_class = random.choices(CLASSES, (85, 12, 3))[0]
    account = Account(
        code=f"{account_class[0].upper()}{number + 100001:06d}",
        account_class=account_class,
        currency=random.choices(CURRENCIES, (75, 20, 5))[0],
        status=random.choices(("active", "suspended", "closed"), (992, 5, 3))[0] if number > 1 else "active",
    )
    if number in (2, 3):
        account.status = ("suspended", "closed")[number - 2]
    if account_class != "retail":
        account.name = f"{account_class.title()} client {number + 1}"
        account.attributes = f"branch={random.choice(('SYD', 'MEL', 'AKL'))};adviser={random.randrange(1, 60)}"
    low, high = (500_000, 5_000_000) if account_class == "professional" else (20_000, 200_000)
    for currency in {account.currency: 1, random.choice(CURRENCIES): 1}:
        account.cash[currency] = random.randrange(low * 100, high * 100) * (UNIT // 100)
    for chosen in random.sample(held, min(len(held), random.randrange(8))):
        price = listed[chosen].price
        units = random.randrange(low // 20, high // 20) * UNIT // price
        account.holdings[chosen] = max(1, units // 100) * 100
    return account
