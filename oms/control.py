"""Trading states: how an embedded engine sets them, and what any source of tables tells of them.

A mixin of Engine that makes records, and functions over Views. It holds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oms.enums import ControlScope, ControlState
from oms.views import Views

if TYPE_CHECKING:
    from oms.engine import Result

# scope -> table, its code's field
SCOPES = {
    "exchange": ("exchange", "mic"),
    "account": ("account", "code"),
    "instrument": ("instrument", "symbol"),
    "user": ("user", "name"),
}


class Controlling(Views):
    """What stops trading, and lets it go on."""

    if TYPE_CHECKING:

        def record(self, name: str, /, by: str | None = None, **fields: Any) -> Result: ...
        def number(self, enum: str, value: str) -> int: ...
        def character(self, enum: str, value: str | None) -> int: ...

    def control(
        self, scope: str, name: str | None = None, state: str = "active", by: str | None = None, reason: str = ""
    ) -> Result:
        """Sets a trading state. scope: firm, exchange, account, instrument, user; state: active, reduce_only, halted,
        killed, which also cancels all that is live in it and withdraws what waits here."""
        return self.record(
            "Control",
            by,
            scope=self.number("ControlScope", scope),
            number=slot_of(self, scope, name or ""),
            state=self.number("ControlState", state),
            reason=reason,
        )

    def kill(self, scope: str, name: str | None = None, by: str | None = None, reason: str = "") -> Result:
        """Stops a scope at once; only a user with the permission `lift` brings it back. The answer's figure is how many
        cancels went out, its limit how many requests were withdrawn."""
        return self.control(scope, name, "killed", by, reason)

    def mass_cancel(
        self,
        account: str | None = None,
        instrument: str | None = None,
        exchange: str | None = None,
        side: str | None = None,
        user: str | None = None,
        *,
        tag: int = 0,
        by: str | None = None,
    ) -> Result:
        """Cancels every order that all of these describe (FIX OrderMassCancelRequest); None = whatever it is. The
        answer's figure is how many cancels went out, its limit how many requests ended unsent."""
        return self.record(
            "OrderMassCancelRequest",
            by,
            account=self.account_slot(account) if account else 0,
            instrument=self.instrument_slot(instrument) if instrument else 0,
            exchange=self.exchange_slot(exchange) if exchange else 0,
            user=self.user_slot(user) if user else 0,
            side=self.character("Side", side),
            tag=tag,
        )

    def user_lost(self, name: str) -> Result:
        """The user's session has ended: its orders are cancelled when it does not come back in time."""
        return self.record("UserLost", user=self.user_slot(name))

    def user_back(self, name: str) -> Result:
        """The user has a session."""
        return self.record("UserBack", user=self.user_slot(name))


@dataclass(frozen=True)
class Change:
    """One change of a trading state. cancels, withdrawn: what a kill took with it."""

    scope: str
    name: str
    before: str
    state: str
    user: str  # empty = the process itself
    reason: str
    cancels: int
    withdrawn: int
    time_ns: int
    sequence: int


def name_of(views: Views, scope: str, number: int) -> str:
    """The code of what a scope names; empty for the firm."""
    return views.code(SCOPES[scope][0], number, SCOPES[scope][1]) if scope in SCOPES else ""


def changes(views: Views) -> list[Change]:
    """Every change that is kept, oldest first."""
    rows = views.rows("control")[1:]
    found = []
    for row in rows[np.argsort(rows["sequence"], kind="stable")]:
        scope = ControlScope(int(row["scope"])).name
        found.append(
            Change(
                scope=scope,
                name=name_of(views, scope, int(row["number"])),
                before=ControlState(int(row["before"])).name,
                state=ControlState(int(row["state"])).name,
                user=views.code("user", int(row["user"]), "name"),
                reason=views.text(row["reason"]),
                cancels=int(row["cancels"]),
                withdrawn=int(row["withdrawn"]),
                time_ns=int(row["time_ns"]),
                sequence=int(row["sequence"]),
            )
        )
    return found


def states(views: Views) -> Iterator[tuple[str, str, str]]:
    """(scope, name, state) of the firm, and of all else that is not active."""
    yield "firm", "", ControlState(int(views.rows("firm")["control_state"][1])).name
    for scope, (table, field) in SCOPES.items():
        rows = views.rows(table)
        for slot in np.flatnonzero(rows["control_state"]).tolist():
            yield scope, views.code(table, slot, field), ControlState(int(rows["control_state"][slot])).name


def slot_of(views: Views, scope: str, name: str) -> int:
    """The row that a scope and a name stand for; 0 for the firm. Raises OmsError when there is none."""
    finders: dict[str, Callable[[str], int]] = {
        "exchange": views.exchange_slot,
        "account": views.account_slot,
        "instrument": views.instrument_slot,
        "user": views.user_slot,
    }
    return finders[scope](name) if scope in finders else 0
