"""Exact numbers and business days. Owns the rounding rules; never sees a float or a scaled integer.

Money, prices and quantities are Fractions of whole units (dollars, shares): what a person would write down.
"""

from __future__ import annotations

import math
from collections.abc import Container
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

ZERO = Fraction(0)
Number = str | int | Decimal


def exact(number: Number) -> Fraction:
    """A number as people write it, exactly."""
    return Fraction(number)


def known(number: Number | None) -> Fraction | None:
    return None if number is None else exact(number)


def nearest(value: Fraction, decimals: int) -> Fraction:
    """Half away from zero: trade values, fees and displayed averages."""
    scale = 10**decimals
    whole = math.floor(abs(value) * scale + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, scale)


def upwards(value: Fraction, decimals: int) -> Fraction:
    """Against the account: reservations and protected prices."""
    scale = 10**decimals
    return Fraction(math.ceil(value * scale), scale)


def towards_zero(value: Fraction, decimals: int) -> Fraction:
    """Stock after a corporate action."""
    scale = 10**decimals
    return Fraction(math.trunc(value * scale), scale)


def is_multiple(value: Fraction, step: Fraction) -> bool:
    return (value / step).denominator == 1


def is_business_day(day: date, holidays: Container[date]) -> bool:
    return day.weekday() < 5 and day not in holidays


def add_business_days(day: date, count: int, holidays: Container[date]) -> date:
    """The count-th business day after `day`; `day` itself for 0."""
    while count:
        day += timedelta(days=1)
        if is_business_day(day, holidays):
            count -= 1
    return day


def as_date(day: date | str | None) -> date | None:
    return date.fromisoformat(day) if isinstance(day, str) else day
