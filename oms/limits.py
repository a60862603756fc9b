"""Limits of the firm, accounts, instruments and users: how they are set, and what counts against them.

A mixin of Engine that makes records, and functions over Views. It holds nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from oms.control import SCOPES, slot_of
from oms.enums import ControlScope, LimitName
from oms.pictures import Limit
from oms.values import Amount, from_units, to_units
from oms.views import Views

if TYPE_CHECKING:
    from oms.engine import Result

RATE = LimitName.order_rate.name


class Limiting(Views):
    """Sets limits."""

    if TYPE_CHECKING:

        def record(self, name: str, /, by: str | None = None, **fields: Any) -> Result: ...
        def number(self, enum: str, value: str) -> int: ...

    def set_limit(self, scope: str, name: str | None, limit: str, value: Amount, by: str | None = None) -> Result:
        """Limits a scope (firm, account, instrument, user); 0 takes the limit away. limit: order_value, order_qty,
        open_value, gross_value, net_value (each currency by itself), or order_rate (requests a second)."""
        return self.record(
            "SetLimit",
            by,
            scope=self.number("ControlScope", scope),
            number=slot_of(self, scope, name or ""),
            name=self.number("LimitName", limit),
            value=units_of(limit, value),
        )


def units_of(limit: str, value: Amount) -> int:
    """A limit's figure as its record has it."""
    return to_units(value, 0 if limit == RATE else 4, limit)


def limits(views: Views) -> list[Limit]:
    """Every scope that has limits, in the order in which they were first set."""
    return [picture(views, slot) for slot in range(1, len(views.rows("limit")))]


def picture(views: Views, slot: int) -> Limit:
    row = views.row("limit", slot)
    scope = ControlScope(int(row["scope"])).name
    figures = {name.name: int(row[name.name]) for name in LimitName}
    return Limit(
        scope=scope,
        name=views.code(SCOPES[scope][0], int(row["number"]), SCOPES[scope][1]) if scope in SCOPES else "",
        limits={name: from_units(figure, 0 if name == RATE else 4) for name, figure in figures.items() if figure},
        counted=dict(counted(views, int(row["tally"]))),
    )


def counted(views: Views, slot: int) -> list[tuple[str, tuple[Decimal, Decimal, Decimal]]]:
    found = []
    while slot:
        row = views.row("tally", slot)
        currency = int(row["currency"])
        open_, bought, sold = (views.money(int(row[name]), currency) for name in ("open_value", "bought", "sold"))
        found.append((views.code("currency", currency, "code"), (open_, bought, sold)))
        slot = int(row["next"])
    return found
