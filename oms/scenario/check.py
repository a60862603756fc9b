"""Compares what a step expects with what is: the actual values are read from the engine, never from the file.

Owns: the meaning of each expected figure and how values are shown. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from oms.errors import OmsError
from oms.scenario import view, words
from oms.scenario.actions import Outcome
from oms.scenario.expected import SUSPENSE, Expectation
from oms.scenario.kinds import camel
from oms.scenario.world import World

FIX_NAMED = ("ord_status", "shown_status")


@dataclass(frozen=True)
class Failure:
    """An expectation that does not hold, or an invariant that is broken."""

    line: int
    key: str
    expected: str
    actual: str


def check(world: World, outcome: Outcome, expected: list[Expectation]) -> Iterator[Failure]:
    """Every expectation of a step that does not hold."""
    for item in expected:
        try:
            actual = actual_value(world, outcome, item)
        except (LookupError, OmsError) as error:  # there is no such row
            yield Failure(item.line, item.key, show(item.field, item.expected), str(error.args[0]))
            continue
        if not same(item, actual):
            yield Failure(item.line, item.key, show(item.field, item.expected), show(item.field, actual))


def actual_value(world: World, outcome: Outcome, item: Expectation) -> Any:
    if item.subject in ("cash", "holding"):
        return balance(world, item)
    if item.subject == "order":
        return order_figure(world, item)
    if item.subject == "request":
        return request_figure(world, item)
    if item.subject == "answer":
        return outcome.answer.name
    if item.subject in ("sent", "told"):
        return getattr(outcome, item.subject)
    if item.subject == "alerts":
        return sorted({status.name for status in outcome.alerts})
    if item.subject == "hits":
        return sorted({status.name for status in outcome.hits})
    if item.subject in ("value", "fee", "tax"):
        return getattr(world.checked, item.subject, None)
    if item.subject == "queue":
        return [request.cl_ord_id for request in world.engine.queue()]
    return outcome.trades if item.subject == "trades" else view.breaks(world)


def balance(world: World, item: Expectation) -> Any:
    if item.names[0] == SUSPENSE and SUSPENSE not in view.account_codes(world):  # nothing went there
        return None if item.field == "average_price" else Decimal(0)
    read = world.engine.cash if item.subject == "cash" else world.engine.holding
    row = read(*item.names)
    if item.on is None:
        return getattr(row, item.field)
    first, second = row.ladder.get(item.on, (Decimal(0), Decimal(0)))
    return first if item.field in ("payable", "incoming") else second


def order_figure(world: World, item: Expectation) -> Any:
    name = item.names[0]
    try:
        order = view.order(world, name)
    except LookupError:
        return view.refused(world, name, item.field)
    if item.field == "pending":
        return [f"{verb} {cl_ord_id or order.cl_ord_id or order.order_id}" for verb, cl_ord_id in order.pending]
    if item.field == "flags":
        return list(order.flags)
    if item.field == "reserved" and order.side == "sell" and not order.reserved and item.expected:
        return order.reserved_qty  # a sell holds units
    return getattr(order, item.field)


def request_figure(world: World, item: Expectation) -> Any:
    name = item.names[0]
    try:
        request = view.request(world, name)
    except LookupError:
        if name not in world.denied or item.field not in ("status", "reason"):
            raise
        return "rejected" if item.field == "status" else world.denied[name].name
    if item.field == "reason":
        return request.reason.name
    return getattr(request, "queue_version" if item.field == "version" else item.field)


def same(item: Expectation, actual: Any) -> bool:
    if item.field == "reason" or item.subject == "answer":
        return actual in item.expected
    if item.subject in ("alerts", "hits"):
        return bool(set(item.expected) == set(actual))
    if item.subject == "breaks":
        return in_some_order(item.expected, actual)
    if item.subject in words.ROWS:
        return len(item.expected) == len(actual) and all(map(covers, item.expected, actual))
    return bool(item.expected == actual)


def in_some_order(expected: list[dict[str, Any]], actual: list[dict[str, Any]]) -> bool:
    """Does each expected map describe a row of its own, and none is left?"""
    if not expected or not actual:
        return not expected and not actual
    first, *others = expected
    return any(
        covers(first, row) and in_some_order(others, actual[:n] + actual[n + 1 :]) for n, row in enumerate(actual)
    )


def covers(expected: dict[str, Any], actual: dict[str, Any]) -> bool:
    """A map checks the fields that it names; a trade goes by the exec_id of any of its versions."""
    names = actual.get("exec_ids", ())
    return all(actual.get(name) == value or (name == "exec_id" and value in names) for name, value in expected.items())


def show(field: str, value: Any) -> str:
    """A value as the file would have it."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(show(field, item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {show(name, item)}" for name, item in value.items()) + "}"
    if isinstance(value, Decimal):
        return plain(value)
    if field in FIX_NAMED and isinstance(value, str):
        return camel(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def plain(value: Decimal) -> str:
    """Digits without an exponent or needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
