"""What a single value of a scenario file may be: text, an exact number, a date, a time, a word of a list.

Owns: the reading of one value, with an error that says what is expected. Knows no field and no line.
A kind is a function from the document's value to the value that is used; it raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from oms import records
from oms.scenario.document import Items, Map

Kind = Callable[[Any], Any]

NOTHING = object()  # what a field amounts to that is not wanted
NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
WORD_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])")


def shown(value: Any) -> str:
    """A value as an error message names it."""
    if isinstance(value, Map | Items):
        return "a map" if isinstance(value, Map) else "a list"
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def text(value: Any) -> str:
    if isinstance(value, bool | Map | Items) or value is None:
        raise ValueError(f"expected a text, not {shown(value)}")
    return str(value)


def number(value: Any) -> Decimal:
    """An amount, price or quantity: digits with a point, exact."""
    if isinstance(value, bool | Map | Items | date) or value is None or not NUMBER.fullmatch(str(value)):
        raise ValueError(f'expected a number such as 100 or "12.50", not {shown(value)}')
    return Decimal(str(value))


def count(value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,18}", str(value)):
        raise ValueError(f"expected a whole number from 0 up, not {shown(value)}")
    return int(value)


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, not {shown(value)}")
    return value


def day(value: Any) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"expected a date such as 2026-11-23, not {shown(value)}") from None


def moment(value: Any) -> datetime | time:
    """`at`: a time of the business date, or a whole date and time; UTC unless an offset is given."""
    if isinstance(value, str):
        try:
            return time.fromisoformat(value)
        except ValueError:
            pass
        try:
            when = datetime.fromisoformat(value)
            return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
        except ValueError:
            pass
    raise ValueError(f'expected a time such as "10:30:00" or "2026-11-23T10:30:00", not {shown(value)}')


def ratio(value: Any) -> tuple[int, int]:
    """`1/100`: numerator and denominator."""
    found = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", str(value))
    if not found:
        raise ValueError(f'expected a fraction such as "1/100", not {shown(value)}')
    return int(found[1]), int(found[2])


def word(*allowed: str) -> Kind:
    """One word of a list."""

    def kind(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"expected {one_of(allowed)}, not {shown(value)}{meant(value, allowed)}")
        return value

    return kind


def enum(name: str) -> Kind:
    """A word of one of the catalogue's enums."""
    return word(*records.ENUMS[name])


def fix_name(name: str) -> Kind:
    """A FIX name such as PartiallyFilled; gives the catalogue's word, partially_filled."""
    allowed = {camel(value): value for value in records.ENUMS[name]}
    kind = word(*allowed)
    return lambda value: allowed[kind(value)]


def camel(name: str) -> str:
    """`partially_filled` → `PartiallyFilled`."""
    return "".join(part.capitalize() for part in name.split("_"))


def snake(name: str) -> str:
    """`PartiallyFilled` → `partially_filled`."""
    return WORD_BREAK.sub("_", name).lower()


def listed(kind: Kind) -> Kind:
    """A list of values of one kind; a single value stands for a list of one."""

    def kinds(value: Any) -> list[Any]:
        return [kind(item) for item in (value if isinstance(value, Items) else [value])]

    return kinds


def anything(value: Any) -> Any:
    """Not looked at: a field of a capability that comes later."""
    return value


def one_of(names: Iterable[str]) -> str:
    names = list(names)
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def meant(name: Any, allowed: Iterable[str]) -> str:
    """Did you mean: the nearest allowed word, or nothing."""
    near = get_close_matches(str(name), list(allowed), n=1)
    return f": did you mean {near[0]}?" if near else ""
