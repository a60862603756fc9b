"""Human values and the core's integers: the only place where one becomes the other.

Money, price and quantity are given as `str`, `int` or `Decimal`, never as float, and come back as `Decimal`, exact.
Dates are `datetime.date` or ISO strings.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from oms.errors import OmsError
from oms.schema import NULL_I64

Amount = str | int | Decimal
Day = date | str

EPOCH = date(1970, 1, 1)


def to_units(amount: Amount, exponent: int, what: str = "amount") -> int:
    """An amount in units of 10^-exponent. Raises OmsError for floats, words, and more decimals than there are."""
    if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
        raise OmsError(
            f"{what} is a {type(amount).__name__}: {amount!r}",
            remedy="give it as str, int or Decimal: floats are not exact",
        )
    try:
        exact = Decimal(amount)
        scaled = exact.scaleb(exponent)
        units = int(scaled)
    except (InvalidOperation, ValueError, OverflowError):
        raise OmsError(f"{what} is not a number: {amount!r}") from None
    if units != scaled:
        raise OmsError(f"{what} {amount} has more than {exponent} decimals")
    if not -(1 << 63) < units < 1 << 63:
        raise OmsError(f"{what} {amount} does not fit into 64 bits")
    return units


def or_null(amount: Amount | None, exponent: int, what: str) -> int:
    """The same; None becomes the null figure."""
    return NULL_I64 if amount is None else to_units(amount, exponent, what)


def from_units(units: int, exponent: int) -> Decimal:
    """Units of 10^-exponent as an exact Decimal, without needless zeros."""
    amount = Decimal(int(units)).scaleb(-exponent)
    whole = amount.to_integral_value()
    return whole if amount == whole else amount.normalize()


def to_day(day: Day | None) -> int:
    """Days since 1970-01-01; None is 0. Raises OmsError when it is no ISO date."""
    if day is None:
        return 0
    if isinstance(day, str):
        try:
            day = date.fromisoformat(day)
        except ValueError:
            raise OmsError(f"not a date: {day!r}", remedy="write it as YYYY-MM-DD") from None
    return (day - EPOCH).days


def from_day(days: int) -> date | None:
    """The date; None for 0."""
    return EPOCH + timedelta(days=int(days)) if days else None


def basis_points(rate: Amount) -> int:
    """A rate in basis points as units of 10^-8."""
    return to_units(rate, 4, "rate in basis points")
