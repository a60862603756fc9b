"""Words that people use for the same thing, read into the catalogue's own.

Owns: the synonyms, and nothing else of the language.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oms.scenario.document import Map
from oms.scenario.kinds import NOTHING, Kind, enum, fix_name, text, word

OUTCOMES = {
    "reject": "rejected",
    "cancel": "canceled",
    "cancelled": "canceled",
    "accept": "accepted",
    "completed": "accepted",
    "open": "accepted",
    "live": "accepted",
    "signed_off": "accepted",
    "close": "closed",
    "not_at_exchange": "closed",
    "not_found": "closed",
    "keep": "ours",
    "keep_ours": "ours",
    "accept_theirs": "theirs",
    "corrected": "theirs",
    "dismissed": "dismiss",
    "applied": "apply",
}
ROLES = {"trader": "client", "admin": "operator", "administrator": "operator", "supervisor": "operator"}
INSTRUMENT_STATUSES = {"active": "tradable", "open": "tradable", "suspended": "halted"}
LIMITS = {  # besides max_ and daily_ before the name
    "open_order_value": "open_value",
    "gross": "gross_value",
    "net": "net_value",
    "rate": "order_rate",
    "message_rate": "order_rate",
}


def same(value: Any, synonyms: dict[str, str]) -> Any:
    return synonyms.get(value, value) if isinstance(value, str) else value


def outcome(value: Any) -> str:
    found: str = enum("Resolution")(same(value, OUTCOMES))
    return found


def instrument_status(value: Any) -> str:
    found: str = enum("InstrumentStatus")(same(value, INSTRUMENT_STATUSES))
    return found


def limit_name(value: Any) -> str:
    plain = value.removeprefix("max_").removeprefix("daily_") if isinstance(value, str) else value
    found: str = enum("LimitName")(same(plain, LIMITS))
    return found


def exec_type(value: Any) -> str:
    found: str = fix_name("ExecType")(same(value, {"TriggeredOrActivatedBySystem": "Triggered"}))
    return found


def role(allowed: Iterable[str]) -> Kind:
    return lambda value: word(*allowed)(same(value, ROLES))


def told_status(value: Any) -> Any:
    """Replaced is the older word for New or PartiallyFilled, whichever it is."""
    return NOTHING if value == "Replaced" else fix_name("OrdStatus")(value)


def break_name(value: Any) -> str:
    """What a break is called, or a map of what it is about, as `breaks` shows it."""
    if not isinstance(value, Map):
        return text(value)
    names = ("exec_id",) if "exec_id" in value else ("account", "currency", "instrument")
    return ".".join(text(value[name]) for name in names if name in value)
