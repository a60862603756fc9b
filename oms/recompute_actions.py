"""What executions count after corporate actions, and what the actions paid, worked out once more.

Plain Python integers and NumPy, and none of the core's arithmetic. It changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from oms.enums import CorporateActionState, CorporateActionType
from oms.recompute import IN_LADDERS, Books, Figures, Rows
from oms.recompute_orders import half_away

SCALING = (CorporateActionType.split, CorporateActionType.consolidation, CorporateActionType.bonus)


def placed(tables: Mapping[str, Rows], executions: Figures, roots: Figures) -> Figures:
    """What executions counted when their trades' first rows `roots` were booked: through the actions of before."""
    table, actions = tables["scaled"], tables["corporate_action"]
    rows = tables["execution"][executions]
    slots = rows["scaled"].astype(np.int64)
    for _ in range(len(actions)):
        since = (slots != 0) & (actions["executions"][table["action"][slots]] > roots)
        if not since.any():
            break
        slots = np.where(since, table["prev"][slots], slots)
    return np.where(slots != 0, table["quantity"][slots], rows["last_qty"])


def ratios(books: Books) -> list[tuple[int, int] | None]:
    """(new, for so much old) of each action by its number; None of those that have not been applied."""
    actions = books.rows["corporate_action"]
    applied = actions["state"] == CorporateActionState.applied
    return [
        (int(up), int(down)) if stands else None
        for up, down, stands in zip(actions["numerator"], actions["denominator"], applied, strict=True)
    ]


def check_actions(books: Books) -> None:
    """Every figure that an action has left behind."""
    _check_scaled(books)
    _check_complete(books)
    for slot in range(1, len(books.rows["position"])):
        _check_position(books, slot, books.rows["position"][slot])


def _check_scaled(books: Books) -> None:
    """Each step is the ratio of its action, to less than one unit: executions of a date share what is cut off. What
    of a trade has settled is cut by itself."""
    table, actions, parts = books.rows["scaled"], books.rows["corporate_action"], _settled_in_parts(books)
    previous = table["quantity"][table["prev"]]
    books.fail("scaled", "before", (table["prev"] != 0) & (table["before"] != previous))
    for slot in range(1, len(table)):
        action = actions[table["action"][slot]]
        up, down = int(action["numerator"]), int(action["denominator"])
        exact, ours = int(table["before"][slot]) * up, int(table["quantity"][slot]) * down
        if abs(exact - ours) >= (2 * down if slot in parts else down):
            books.find("scaled", slot, "quantity", table["quantity"][slot], exact // max(down, 1))


def _settled_in_parts(books: Books) -> set[int]:
    """The steps of trades of which a part has settled."""
    executions, steps = books.rows["execution"], set[int]()
    for row in np.flatnonzero(executions["progress"]):
        slot = int(executions["scaled"][row])
        while slot:
            steps.add(slot)
            slot = int(books.rows["scaled"]["prev"][slot])
    return steps


def _check_complete(books: Books) -> None:
    """What stands in a ladder has been through every action that came after its trade."""
    executions, actions, table = (books.rows[name] for name in ("execution", "corporate_action", "scaled"))
    slots = np.arange(len(executions))
    for number in np.flatnonzero(
        np.isin(actions["type"], SCALING) & (actions["state"] == CorporateActionState.applied)
    ):
        action = actions[number]
        same_day = (executions["trade_date"] == action["ex_date"]) & (slots < action["executions"])
        due = (executions["instrument"] == action["instrument"]) & (executions["last_qty"] != 0)
        due &= (executions["posted"] == IN_LADDERS) & ((executions["trade_date"] < action["ex_date"]) | same_day)
        for row in np.flatnonzero(due):
            slot, through = int(executions["scaled"][row]), False
            while slot and not through:
                through = bool(table["action"][slot] == number)
                slot = int(table["prev"][slot])
            if not through:
                books.find("execution", row, "scaled by corporate action", 0, number)


def _check_position(books: Books, slot: int, position: Any) -> None:
    """Stock is cut towards zero; cash in lieu is the rest at the action's price, a dividend the amount of each unit."""
    action = books.rows["corporate_action"][position["action"]]
    instrument = books.rows["instrument"][action["instrument"]]
    entitled, exponent = int(position["entitled"]), int(instrument["quantity_exponent"])
    amount = 0
    if action["type"] == CorporateActionType.dividend:
        money = int(books.rows["currency"]["exponent"][instrument["currency"]])
        amount = half_away(int(action["amount_e8"]) * entitled, 10 ** (8 + exponent - money))
    elif action["type"] in SCALING and position["settled_after"] != position["settled"]:
        up, down = int(action["numerator"]), int(action["denominator"])
        new, rest = divmod(abs(entitled) * up, down)
        value = int(action["price"]) * rest * int(instrument["value_numerator"])
        amount = half_away(value, down * int(instrument["value_denominator"])) * (1 if entitled > 0 else -1)
        ours = int(position["total_after"]) - int(position["total"]) + entitled
        if abs(ours) != new:
            books.find("position", slot, "total_after", ours, new)
    else:
        return
    if amount != position["amount"]:
        books.find("position", slot, "amount", position["amount"], amount)
