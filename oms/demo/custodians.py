"""The bank and the registry of a demo: what they move while the market is open, and that the OMS follows at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from oms.client import Instrument
from oms.demo.processes import Processes
from oms.demo.store import CUSTODIANS
from oms.demo.traders import Traders
from oms.enums import AccountStatus, InstrumentStatus, MovementKind
from oms.values import from_units
from oms.views import Attached

BANK, REGISTRY = CUSTODIANS
DEPOSIT, WITHDRAWAL, BEYOND = Decimal(5000), Decimal(100), Decimal(1000)
STOCK = 50
LEAST_QTY = 100  # of the buy that finds no money


@dataclass
class Custody:
    """What the two have moved. refused: why the buy was refused that came after the bank had paid out too much. agree:
    what the OMS has booked of theirs is what they have told."""

    deposit: str = ""
    withdrawal: str = ""
    overdrawn: str = ""
    refused: str = ""
    stock: str = ""
    agree: bool = False

    @property
    def ok(self) -> bool:
        return self.agree and self.refused == "funds_insufficient"


class Custodians:
    """Two processes beside the exchanges' own."""

    def __init__(self, processes: Processes, views: Attached) -> None:
        self.processes, self.views = processes, views
        self.custody = Custody()
        self.moved: dict[tuple[str, str], Decimal] = {}  # what they were told to move
        for name, kind in ((BANK, "bank"), (REGISTRY, "registry")):
            processes.custodian(name, kind)
            processes.wait_online(views, name)

    def move(self, custodian: str, account: str, item: str, amount: Decimal, reference: str = "") -> None:
        word = "receive" if amount > 0 else "pay"
        self.processes.running[custodian].say(f"{word} {account} {item} {abs(amount)} {reference}".rstrip())
        self.moved[account, item] = self.moved.get((account, item), Decimal(0)) + amount

    def act(self, traders: Traders) -> None:
        """All of it, one after the other, while the day's orders are on their way."""
        views, found = self.views, self.custody
        (first, currency), (second, money), (third, other) = self.accounts(3)
        booked = views.cash(first, currency).booked
        self.move(BANK, first, currency, DEPOSIT)
        self.wait(lambda: views.cash(first, currency).booked >= booked + DEPOSIT, "the deposit")
        found.deposit = f"{DEPOSIT:,.2f} {currency} to {first}"

        answer = traders.answer(traders.client.withdraw(second, money, WITHDRAWAL, "demo-1"))
        found.withdrawal = f"{WITHDRAWAL:,.2f} {money} of {second}: {answer.status.name}"
        self.move(BANK, second, money, -WITHDRAWAL, "demo-1")

        amount = views.cash(third, other).available + BEYOND
        self.move(BANK, third, other, -amount)
        self.wait(lambda: views.cash(third, other).available < 0, "the payment")
        found.overdrawn = f"{amount:,.2f} {other} of {third}"
        slot, quantity, price = self.something(other)
        stock = Instrument(slot, *views.exponents(slot))
        terms = from_units(quantity, stock.quantity_exponent), from_units(price, stock.price_exponent)
        found.refused = traders.order(third, "demo-2", stock, *terms).status.name

        slot = self.something(currency)[0]
        before = self.settled(first, slot)
        self.move(REGISTRY, first, self.symbol(slot), Decimal(STOCK))
        self.wait(lambda: self.settled(first, slot) > before, "the stock")
        found.stock = f"{STOCK} {self.symbol(slot)} to {first}"
        found.agree = self.agree()

    def agree(self) -> bool:
        """Have their movements been booked, each once, and nothing else of theirs?"""
        views, booked = self.views, dict[tuple[str, str], Decimal]()
        for row in views.rows("movement")[1:]:
            if row["kind"] == MovementKind.reported:
                stock, currency, amount = int(row["instrument"]), int(row["currency"]), int(row["amount"])
                item = self.symbol(stock) if stock else views.code("currency", currency, "code")
                figure = from_units(amount, views.exponents(stock)[1]) if stock else views.money(amount, currency)
                account = views.code("account", int(row["account"]), "code")
                booked[account, item] = booked.get((account, item), Decimal(0)) + figure
        return booked == self.moved

    # whom, and what

    def accounts(self, wanted: int) -> list[tuple[str, str]]:
        """(account, its currency) of those with the most free money, of the accounts that trade."""
        accounts, cash = self.views.rows("account"), self.views.rows("cash")
        of = accounts[cash["account"]]
        trades = (
            (of["status"] == AccountStatus.active) & (of["unreconciled"] == 0) & (cash["currency"] == of["currency"])
        )
        free = np.where(trades & (cash["account"] != 0), cash["booked"] - cash["reserved"] - cash["payable"], -1)
        best = np.argsort(-free, kind="stable")[:wanted]
        return [
            (
                self.views.code("account", int(row["account"]), "code"),
                self.views.code("currency", int(row["currency"]), "code"),
            )
            for row in cash[best]
        ]

    def something(self, currency: str) -> tuple[int, int, int]:
        """(instrument, quantity, price in units) of what can be bought for money of a currency, in lots and on tick."""
        rows = self.views.rows("instrument")
        fits = (rows["currency"] == self.views.currency_slot(currency)) & (rows["reference_price"] > 0)
        fits &= (rows["status"] == InstrumentStatus.tradable) & (rows["restricted"] == 0) & (rows["authorise"] == 0)
        slot = int(np.flatnonzero(fits)[0])
        row = rows[slot]
        price = int(row["reference_price"]) // int(row["tick"]) * int(row["tick"])
        lots = -(-max(LEAST_QTY, int(row["min_qty"])) // int(row["lot"]))
        return slot, lots * int(row["lot"]), price

    def symbol(self, instrument: int) -> str:
        exchange = int(self.views.rows("instrument")["exchange"][instrument])
        return f"{self.views.code('instrument', instrument, 'symbol')}@{self.views.code('exchange', exchange, 'mic')}"

    def settled(self, account: str, instrument: int) -> int:
        slot = self.views.holding_slot(self.views.account_slot(account), instrument)
        return int(self.views.rows("holding")["settled"][slot]) if slot else 0

    def wait(self, done: Callable[[], bool], what: str) -> None:
        self.processes.wait(done, what, self.processes.running["serve"])
