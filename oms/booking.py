"""Settlement batches and movements as records: codes become row numbers, amounts become units.

The same for an embedded engine and for a session with a running one: both read codes from tables. It sends nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from oms.enums import MovementKind, MovementStage
from oms.schema import NULL_I64
from oms.values import Amount, Day, or_null, to_day, to_units
from oms.views import Views

Booking = tuple[str, dict[str, Any]]  # a record's name and fields
IN_LADDERS = 1  # execution.posted


def movement(
    views: Views,
    kind: MovementKind,
    account: int,
    item: str,
    amount: Amount,
    reference: str,
    reason: str = "",
    override: bool = False,
    stage: MovementStage = MovementStage.at_once,
) -> Booking:
    """A deposit, withdrawal or adjustment; item: a currency or an instrument."""
    stock, money, exponent = views.item_of(item)
    units = to_units(amount, exponent, "amount")
    return "Movement", {
        "kind": int(kind),
        "account": account,
        "instrument": stock,
        "currency": money,
        "amount": -units if kind == MovementKind.withdrawal else units,
        "reference": reference,
        "reason": reason,
        "override": int(override),
        "stage": int(stage),
    }


def transfer(
    views: Views,
    account: int,
    to: int,
    item: str,
    amount: Amount,
    reference: str,
    *,
    to_currency: str = "",
    to_amount: Amount = 0,
    margin: bool = False,
    reason: str = "",
    override: bool = False,
) -> Booking:
    """What goes from one account to another: of a currency or instrument; in another currency as `to_amount`."""
    stock, money, exponent = views.item_of(item)
    other = views.currency_slot(to_currency) if to_currency else 0
    return "Transfer", {
        "account": account,
        "to": to,
        "instrument": stock,
        "currency": money,
        "to_currency": other,
        "margin": int(margin),
        "amount": to_units(amount, exponent, "amount"),
        "to_amount": to_units(to_amount, int(views.rows("currency")["exponent"][other]), "to_amount"),
        "reference": reference,
        "reason": reason,
        "override": int(override),
    }


def balance(item: str, amount: Amount, as_of: Day | None) -> dict[str, Any]:
    """What a bank or registry tells: it knows no numbers of rows, and no exponents. item: SYMBOL or SYMBOL@MIC."""
    figure = Decimal(amount)
    decimals = max(0, -int(figure.as_tuple().exponent))
    return {
        "amount": to_units(figure, decimals, "amount"),
        "decimals": decimals,
        "as_of": to_day(as_of) if as_of else 0,
        "item_code": item.replace("@", "."),
    }


@dataclass(frozen=True)
class SettlementItem:
    """A trade that a batch settles, by its exec_id or its row number; None = all that is left of it."""

    trade: str | int
    quantity: Amount | None = None
    amount: Amount | None = None


def settle(
    views: Views,
    batch_id: str,
    date: Day,
    account: int = 0,
    items: Iterable[SettlementItem] | None = None,
    expected: Mapping[tuple[str, str], Amount] | None = None,
    fail: Iterable[str | int] = (),
) -> list[Booking]:
    """A batch: its rows, and Settle, which makes them count."""
    named = Named(views, account, to_day(date)) if items is not None or fail else None
    rows: list[Booking] = []
    for item in items or ():
        assert named is not None
        rows += [_item(views, slot, item) for slot in named.slots(item.trade)]
    for trade in fail:
        assert named is not None
        rows += [("SettleItem", _whole(slot, failed=1)) for slot in named.slots(trade)]
    rows += [_expected(views, code, item, amount) for (code, item), amount in (expected or {}).items()]
    for index, (_, fields) in enumerate(rows):
        fields["first"] = int(index == 0)
    batch = {"batch_id": batch_id, "date": to_day(date), "account": account, "rows": len(rows)}
    return [*rows, ("Settle", batch | {"listed": int(items is not None)})]


def _whole(slot: int, failed: int = 0) -> dict[str, Any]:
    return {"execution": slot, "quantity": NULL_I64, "amount": NULL_I64, "failed": failed}


def _item(views: Views, slot: int, item: SettlementItem) -> Booking:
    instrument = views.rows("instrument")[views.rows("execution")["instrument"][slot]]
    exponent = int(views.rows("currency")["exponent"][instrument["currency"]])
    parts = {
        "quantity": or_null(item.quantity, int(instrument["quantity_exponent"]), "quantity"),
        "amount": or_null(item.amount, exponent, "amount"),
    }
    return "SettleItem", _whole(slot) | parts


def _expected(views: Views, code: str, item: str, amount: Amount) -> Booking:
    stock, money, exponent = views.item_of(item)
    fields = {"account": views.account_slot(code), "instrument": stock, "currency": money}
    return "SettleExpected", fields | {"amount": to_units(amount, exponent, "expected")}


class Named:
    """Finds the trades that an exec_id means: those that are open, and of them those that are due."""

    def __init__(self, views: Views, account: int, date: int) -> None:
        self.rows = views.rows("execution")
        self.account, self.date = account, date
        self.by_name: dict[str, list[int]] = defaultdict(list)
        for slot, ref in enumerate(self.rows["exec_id"].tolist()):
            if ref:
                self.by_name[views.text(ref)].append(slot)

    def slots(self, trade: str | int) -> list[int]:
        """Rows of the trade, one of each chain; row 0, which the engine refuses, when there is none."""
        if isinstance(trade, int):
            return [trade]
        roots = {self.root(slot) for slot in self.by_name.get(trade, ())}
        found = {root: self.open_dates(root) for root in roots}
        found = {root: dates for root, dates in found.items() if dates}
        due = [root for root, dates in found.items() if min(dates) <= self.date]
        return sorted(due or found or roots) or [0]

    def root(self, slot: int) -> int:
        while ref := int(self.rows["ref"][slot]):
            slot = ref
        return slot

    def open_dates(self, slot: int) -> list[int]:
        """Settlement dates of what is open of a trade, in all its versions."""
        dates = []
        while slot:
            row = self.rows[slot]
            if row["posted"] == IN_LADDERS and self.account in (0, row["account"]):
                dates.append(int(row["settle_date"]))
            slot = int(row["superseded_by"])
        return dates
