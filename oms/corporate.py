"""Corporate actions and renames for an embedded engine, and what an action would do before it is done.

A mixin of Engine: it makes records; it holds nothing. `shares_of` serves a copy of a store as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from oms import records
from oms._core.preview import preview
from oms.enums import CorporateActionState, CorporateActionType, LiveOrders, RenameOf, Status
from oms.errors import OmsError
from oms.reference import padded
from oms.values import Amount, Day, from_day, from_units, to_day, to_units
from oms.views import Views, average

if TYPE_CHECKING:
    from oms._core.engine import Core
    from oms.engine import Result

LARGEST = (1 << 32) - 1


@dataclass(frozen=True)
class Share:
    """What a corporate action makes of one account's holding. fraction: new stock that is paid out in cash."""

    account: str
    before: Decimal
    after: Decimal
    settled: Decimal  # after
    incoming: Decimal
    outgoing: Decimal
    average_before: Decimal | None
    average_after: Decimal | None
    fraction: Fraction
    amount: Decimal  # cash in lieu, or dividend; negative = the account pays it


@dataclass(frozen=True)
class Action:
    """A corporate action as it was announced, and how far it is. ratio: new stock for so much old."""

    id: str
    instrument: str
    type: str
    state: str
    ex_date: date | None
    ratio: str
    price: Decimal
    amount: Decimal
    live_orders: str
    user: str
    sequence: int


def actions(views: Views) -> list[Action]:
    """All of them, in the order of their announcement."""
    found = []
    for row in views.rows("corporate_action")[1:]:
        stock = int(row["instrument"])
        found.append(
            Action(
                id=views.text(row["id"]),
                instrument=views.code("instrument", stock, "symbol"),
                type=CorporateActionType(int(row["type"])).name,
                state=CorporateActionState(int(row["state"])).name,
                ex_date=from_day(row["ex_date"]),
                ratio=f"{row['numerator']}/{row['denominator']}" if row["denominator"] else "",
                price=from_units(int(row["price"]), views.exponents(stock)[0]),
                amount=from_units(int(row["amount_e8"]), 8),
                live_orders=LiveOrders(int(row["live_orders"])).name,
                user=views.code("user", int(row["user"]), "name"),
                sequence=int(row["sequence"]),
            )
        )
    return found


def parts_of(ratio: str | int, type: str) -> tuple[int, int]:
    """(new, for so much old) of a ratio. Split: 2, 2/1 or 2:1 is 2 new for 1 old; consolidation: 10, 1/10 or 1:10 is 1
    new for 10 old; bonus: 1/10 is 1 more for each 10."""
    try:
        given = Fraction(str(ratio).replace(":", "/").replace(" ", ""))
    except (ValueError, ZeroDivisionError):
        raise OmsError(f"ratio is not a ratio: {ratio!r}", remedy="write it as 2, 3/2 or 1:10") from None
    if given <= 0:
        raise OmsError(f"ratio must be above zero: {ratio!r}")
    if type == "bonus":
        given += 1
    if type == "consolidation" and given > 1:
        given = 1 / given
    if max(given.numerator, given.denominator) > LARGEST:
        raise OmsError(f"ratio has parts over {LARGEST}: {ratio!r}")
    return given.numerator, given.denominator


def action_fields(
    views: Views,
    id: str,
    instrument: str,
    type: str,
    ex_date: Day,
    *,
    ratio: str | int | None = None,
    amount: Amount | None = None,
    new_instrument: str = "",
    price: Amount = 0,
    live_orders: str | None = None,
) -> dict[str, Any]:
    """The fields of a CorporateAction record. Raises OmsError for what does not belong to the type."""
    if type not in CorporateActionType.__members__:
        raise OmsError(
            f"no corporate action is called {type!r}", remedy=f"known: {', '.join(CorporateActionType.__members__)}"
        )
    needs = {"dividend": "amount", "rename": "new_instrument"}.get(type, "ratio")
    for name, value in (("ratio", ratio), ("amount", amount), ("new_instrument", new_instrument or None)):
        if (value is not None) != (name == needs):
            raise OmsError(f"a {type} takes {needs}" + ("" if name == needs else f", no {name}"))
    stock = row_of(views, "instrument", instrument)
    prices, _ = views.exponents(stock)
    numerator, denominator = (0, 0) if ratio is None else parts_of(ratio, type)
    way = live_orders or ("cancel" if needs == "ratio" else "keep")
    return {
        "id": padded(id, 255, "id"),
        "instrument": stock,
        "type": int(CorporateActionType[type]),
        "ex_date": to_day(ex_date),
        "numerator": numerator,
        "denominator": denominator,
        "price": to_units(price, prices, "price"),
        "amount_e8": to_units(amount or 0, 8, "amount"),
        "live_orders": int(LiveOrders[way]),
        "symbol": padded(new_instrument, 24, "instrument"),
    }


def shares_of(views: Views, core: Core, fields: dict[str, Any]) -> list[Share]:
    """What the record would do to each holding. Raises OmsError when it makes no sense, or does not fit."""
    status, found = preview(core, records.encode("CorporateAction", **fields))
    if status:
        raise OmsError(f"refused: {Status(status).name}: {records.STATUS_BY_CODE[status].doc}")
    row = views.rows("instrument")[fields["instrument"]]
    prices, quantities, currency = int(row["price_exponent"]), int(row["quantity_exponent"]), int(row["currency"])
    shares = []
    for figures in found:

        def qty(name: str, figures: dict[str, int] = figures) -> Decimal:
            return from_units(figures[name], quantities)

        after = {name: figures[f"{name}_after"] for name in ("cost_low", "cost_high", "cost_quantity")}
        fraction = Fraction(figures["fraction"], (fields["denominator"] or 1) * 10**quantities)
        shares.append(
            Share(
                account=views.code("account", figures["account"], "code"),
                before=qty("total"),
                after=qty("total_after"),
                settled=qty("settled_after"),
                incoming=qty("incoming_after"),
                outgoing=qty("outgoing_after"),
                average_before=average(figures, prices),
                average_after=average(after, prices),
                fraction=fraction,
                amount=views.money(figures["amount"], currency),
            )
        )
    return shares


class Corporate:
    """What issuers do to instruments, and other names for what is known."""

    core: Core

    if TYPE_CHECKING:

        def record(self, name: str, /, by: str | None = None, **fields: Any) -> Result: ...
        def number(self, enum: str, value: str) -> int: ...
        def account_or_zero(self, code: str) -> int: ...
        def instrument_or_zero(self, symbol: str) -> int: ...

    def corporate_action(
        self, id: str, instrument: str, type: str, ex_date: Day, *, by: str | None = None, **given: Any
    ) -> Result:
        """Announces a split, consolidation, bonus (ratio; price of a fraction), dividend (amount per unit) or rename
        (new_instrument), once by its id. It is applied at once when its ex-date has come, else by the business date
        that reaches it. live_orders: "cancel" or "hold" until the exchange restates them; None = cancel where stock
        scales, else leave them."""
        assert isinstance(self, Views)
        return self.record("CorporateAction", by, **action_fields(self, id, instrument, type, ex_date, **given))

    def preview_corporate_action(self, instrument: str, type: str, ex_date: Day, **given: Any) -> list[Share]:
        """What it would do to each holding now, by the same code; nothing is changed."""
        assert isinstance(self, Views)
        return shares_of(self, self.core, action_fields(self, "preview", instrument, type, ex_date, **given))

    def undo_corporate_action(self, id: str, reason: str = "", by: str | None = None) -> Result:
        """Takes it back exactly: stock only while nothing else has moved the instrument."""
        return self.record("CorporateActionUndo", by, id=id, reason=reason)

    def rename(self, of: str, name: str, to: str, reason: str = "", by: str | None = None) -> Result:
        """Another name for an instrument, currency, account or owner; of "isin": another ISIN for an instrument."""
        assert isinstance(self, Views)
        number = row_of(self, of, name)
        return self.record("Rename", by, of=self.number("RenameOf", of), number=number, name=to, reason=reason)

    def define_owner(self, number: int, name: str, by: str | None = None) -> Result:
        """Names an owner of accounts."""
        return self.record("DefineOwner", by, number=number, name=padded(name, 32, "owner"))


def row_of(views: Views, of: str, name: str) -> int:
    """The number of what is to be renamed; 0 = unknown."""
    finders = {
        "instrument": views.instrument_slot,
        "isin": views.instrument_slot,
        "currency": views.currency_slot,
        "account": views.account_slot,
        "owner": views.owner_slot,
    }
    if of not in finders:
        raise OmsError(f"nothing of the kind {of!r} has a name to change", remedy=f"known: {', '.join(finders)}")
    try:
        return finders[of](name)
    except OmsError:
        return 0


def renamed(views: Views, of: RenameOf) -> dict[str, str]:
    """Names that were given up → what carries them now is called, the last one of each."""
    rows = views.rows("renamed")
    return {views.text(row["old"]): views.text(row["new"]) for row in rows[1:] if row["of"] == of}
