"""Holidays of exchanges and currencies, from the calendars that the configuration names.

The dates are resolved at start of day, for HORIZON_DAYS ahead, and what differs from ours is journaled as DefineHoliday
records: the engine and a replay need no calendar. Half days are business days. Only dates that are still to come are
touched; items in the ladders keep the dates that they have. The libraries are an extra and imported when one is named.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from oms import records
from oms.enums import CalendarOf, RenameOf
from oms.errors import OmsError
from oms.start_of_day.book import Book
from oms.values import from_day, to_day

if TYPE_CHECKING:
    from oms.config import Config
    from oms.engine import Engine

HORIZON_DAYS = 731  # two years


@dataclass(frozen=True)
class Change:
    """A day that is to become a holiday, or no longer is one (open). code: of the exchange or currency."""

    of: CalendarOf
    code: str
    number: int
    day: date
    open: bool

    def as_dict(self) -> dict[str, Any]:
        return {self.of.name: self.code, "date": self.day.isoformat(), "open": self.open}

    def record(self, source: int = 0) -> bytes:
        return records.encode(
            "DefineHoliday",
            source=source,
            of=int(self.of),
            number=self.number,
            date=to_day(self.day),
            open=int(self.open),
        )


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise OmsError(
            f"the configuration names a calendar, and the library {name} is not installed",
            remedy="pip install 'oms-engine[calendars]', or list the holidays in the configuration",
        ) from None


@cache
def exchange_holidays(name: str, first: date, last: date) -> frozenset[date]:
    """The weekdays on which an exchange has no session. name: an exchange_calendars code such as XASX."""
    library = _library("exchange_calendars")
    try:
        with warnings.catch_warnings():  # of its own libraries, which is nothing to an operator
            warnings.simplefilter("ignore")
            sessions = library.get_calendar(name, start=first.isoformat(), end=last.isoformat()).sessions
    except (library.errors.InvalidCalendarName, ValueError) as error:
        raise OmsError(
            f"there is no calendar {name!r} of an exchange for {first} to {last}: {error}",
            remedy="exchange_calendars names them by MIC, such as XASX or XLON",
        ) from None
    open_days = {day.date() for day in sessions}
    return frozenset(day for day in weekdays(first, last) if day not in open_days)


@cache
def currency_holidays(name: str, first: date, last: date) -> frozenset[date]:
    """The weekdays on which banks are closed. name: a country of the library holidays, with its part behind a dash
    where there is one (AU, AU-NSW), or a financial centre (ECB, NYSE)."""
    library = _library("holidays")
    years = range(first.year, last.year + 1)
    code, _, part = name.partition("-")
    try:
        if code in library.list_supported_financial(include_aliases=True):
            days = library.financial_holidays(code, years=years)
        else:
            days = library.country_holidays(code, subdiv=part or None, years=years)
    except NotImplementedError as error:
        raise OmsError(
            f"there is no calendar {name!r} of a country or financial centre: {error}",
            remedy="holidays names them by ISO 3166 code, such as AU or AU-NSW, or as ECB",
        ) from None
    return frozenset(day for day in weekdays(first, last) if day in days)


def weekdays(first: date, last: date) -> list[date]:
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in every if day.weekday() < 5]


def changes(config: Config, arrays: Mapping[str, Any], today: date) -> list[Change]:
    """What the calendars of the configuration, and the holidays that it lists beside them, change from the day after
    `today` on. arrays: the tables. Raises OmsError when a library or a calendar is missing."""
    first = max(today, business_date(arrays) or today) + timedelta(days=1)
    last = first + timedelta(days=HORIZON_DAYS)
    found = []
    for of, table, field, known, days_of in (
        (CalendarOf.exchange, "exchange", "mic", config.exchanges, exchange_holidays),
        (CalendarOf.currency, "currency", "code", config.currencies, currency_holidays),
    ):
        for code, settings in known.items():
            if not settings.calendar:
                continue
            wanted = days_of(settings.calendar, first, last) | {date.fromisoformat(day) for day in settings.holidays}
            number = number_of(arrays, table, field, code)
            row = arrays["calendar"][arrays[table]["calendar"][number]]
            ours = closed(row, first, last)
            found += [
                Change(of, code, number, day, day in ours) for day in sorted(ours ^ wanted) if first <= day <= last
            ]
    return found


def number_of(arrays: Mapping[str, Any], table: str, field: str, code: str) -> int:
    """The row of an exchange or currency, also by a code that it was called before."""
    codes = arrays[table][field].tolist()
    if code.encode() in codes:
        return int(codes.index(code.encode()))
    book = Book(arrays)
    for row in arrays["renamed"][1:]:
        if row["of"] == RenameOf.currency and book.text(row["old"]) == code.encode():
            return int(row["number"])
    raise OmsError(f"no {table} is called {code!r}")


def business_date(arrays: Mapping[str, Any]) -> date | None:
    """The firm's; None before the first day."""
    return from_day(int(arrays["firm"]["business_date"][1]))


def closed(row: Any, first: date, last: date) -> set[date]:
    """The weekdays that a row of the calendar table closes."""

    def bit(day: date) -> bool:
        place = to_day(day) - int(row["first_day"])
        return 0 <= place < 8 * len(row["closed"]) and bool(int(row["closed"][place >> 3]) >> (place & 7) & 1)

    return {day for day in weekdays(first, last) if bit(day)}


def update(engine: Engine, config: Config, today: date) -> list[Change]:
    """Defines what has changed. Raises OmsError when the engine refuses it."""
    found = changes(config, engine.arrays(), today)
    for change in found:
        result = engine.apply(change.record())
        if not result.ok:
            raise OmsError(f"the holiday {change.day} of {change.code} is refused: {result.status.name}")
    return found


def in_words(found: list[Change]) -> str:
    """One line per exchange and currency; nothing when nothing changes."""
    lines = []
    for of, code in dict.fromkeys((change.of, change.code) for change in found):
        own = [change for change in found if (change.of, change.code) == (of, code)]
        new, gone = [c for c in own if not c.open], [c for c in own if c.open]
        parts = [f"{len(new)} holidays, {new[0].day} to {new[-1].day}"] if new else []
        parts += ["no holiday any more: " + ", ".join(str(change.day) for change in gone)] if gone else []
        lines.append(f"calendar of {of.name} {code}: " + "; ".join(parts))
    return "\n".join(lines)
