"""Limits and restricted instruments of the configuration: what of them the tables do not say yet, as records.

They name accounts and instruments, which start of day brings; so they are compared whenever a process starts and after
each load, and only what differs is journaled. What the configuration does not mention stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from oms import records
from oms.control import slot_of
from oms.engine import with_source
from oms.enums import ControlScope, LimitName
from oms.errors import OmsError
from oms.limits import units_of
from oms.start_of_day.book import price_factor
from oms.views import Views

if TYPE_CHECKING:
    from oms.config import Config
    from oms.engine import Engine


class Rows(Views):
    """Pictures of arrays that somebody else has."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self.arrays = arrays

    def rows(self, table: str) -> Any:
        return self.arrays[table]


class Missing(NamedTuple):
    """What the configuration is to set. records: for it; unknown: what it names and the tables do not know."""

    records: list[bytes]
    unknown: list[str]


def missing(config: Config, arrays: Mapping[str, Any], user: int = 0) -> Missing:
    """user: in whose name. Raises OmsError for a figure that cannot be."""
    views, found = Rows(arrays), Missing([], [])
    for scope, name, limits in config.limits.each():
        try:
            number = slot_of(views, scope, name)
        except OmsError:
            found.unknown.append(f"[limits.{scope}.{name}]")
            continue
        now = limits_now(views, scope, number)
        for limit, value in msgspec.structs.asdict(limits).items():
            if value is not None and (units := units_of(limit, value)) != now.get(limit, 0):
                fields = {"scope": int(ControlScope[scope]), "number": number, "name": int(LimitName[limit])}
                found.records.append(with_source(records.encode("SetLimit", **fields, value=units), user))
    for name, instrument in config.instruments.items():
        try:
            number = views.instrument_slot(name)
        except OmsError:
            found.unknown.append(f"[instruments.{name}]")
            continue
        wanted = instrument.restricted
        if wanted is not None and wanted != bool(views.rows("instrument")["restricted"][number]):
            definition = redefined(views, number, restricted=int(wanted))
            found.records.append(with_source(records.encode("DefineInstrument", **definition), user))
    return found


def redefined(views: Views, number: int, **changes: int) -> dict[str, Any]:
    """An instrument as it is but for some fields, to be defined once more."""
    row, currencies = views.row("instrument", number), views.rows("currency")
    fields = {*(records.record_dtype("DefineInstrument").names or ())} & {*row.dtype.names}
    factor = price_factor(row, int(currencies["exponent"][row["currency"]]))
    return {
        **{name: row[name].tolist() for name in fields},
        "price_factor_numerator": factor.numerator,
        "price_factor_denominator": factor.denominator,
        **changes,
    }


def limits_now(views: Views, scope: str, number: int) -> dict[str, int]:
    """The figures of a scope, in units; none where it has no row."""
    for row in views.rows("limit")[1:]:
        if (row["scope"], row["number"]) == (ControlScope[scope], number):
            return {name.name: int(row[name.name]) for name in LimitName}
    return {}


def update(engine: Engine, config: Config) -> list[str]:
    """Sets what is missing. Returns what is not known yet. Raises OmsError when the engine refuses a part of it."""
    found = missing(config, engine.arrays())
    for record in found.records:
        result = engine.apply(record)
        if not result.ok:
            name, fields = records.decode(record)
            raise OmsError(f"the configuration is refused: {result.status.name}", where=f"{name} {fields}")
    return found.unknown
