"""Exact decimals as scaled integers, and back. No float, no rounding: what does not fit is an error."""

from __future__ import annotations

import re
from datetime import date, timedelta

EPOCH = date(1970, 1, 1)


def scaled(text: str, exponent: int) -> int:
    """`"-12.5"`, 4 → -125000. Raises ValueError when it is no plain decimal or has more decimals."""
    if not (found := re.fullmatch(r"(-?)(\d+)(?:\.(\d+))?", text, re.ASCII)):
        raise ValueError(f"not a plain decimal number: {text}")
    sign, whole, decimals = found[1], found[2], found[3] or ""
    if len(decimals) > exponent:
        raise ValueError(f"more than {exponent} decimals: {text}")
    return int(sign + whole + decimals.ljust(exponent, "0"))


def shown(value: int, exponent: int) -> str:
    """-125000, 4 → `"-12.5000"`: always with all its decimals."""
    digits = str(abs(value)).rjust(exponent + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}" if exponent else sign + digits


def short(value: int, exponent: int) -> str:
    """-125000, 4 → `"-12.5"`: without decimals that are zero."""
    text = shown(value, exponent)
    return text.rstrip("0").rstrip(".") if exponent else text


def days(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    return EPOCH + timedelta(days=number)


def next_weekday(day: date) -> date:
    """The next day that is not a Saturday or Sunday."""
    return day + timedelta(days={4: 3, 5: 2}.get(day.weekday(), 1))
