"""The words of a scenario file: what may be given, which actions there are and their fields, what may be expected.

Owns: the list of words, their kinds, and which of them belong to a capability that this version does not have yet.
Plays nothing. docs/reference/scenario.md says what each word means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms import schema
from oms.scenario.document import Map
from oms.scenario.kinds import (
    NOTHING,
    Kind,
    anything,
    count,
    day,
    enum,
    fix_name,
    flag,
    listed,
    moment,
    number,
    ratio,
    text,
    word,
)
from oms.scenario.synonyms import break_name, exec_type, instrument_status, limit_name, outcome, role, told_status


class NotYet(Exception):  # noqa: N818 - it is no error: neither a pass nor a failure
    """A word of the language whose capability this version does not have."""


def later(capability: str, off: Any = None) -> Kind:
    """A field that is known but not yet played; nothing, or the value `off`, says that it is not wanted, and passes."""

    def kind(value: Any) -> Any:
        if value in (None, "", off):
            return NOTHING
        raise NotYet(capability)

    return kind


def _settlement(value: Any) -> bool:
    return bool(word("batch", "contractual")(value) == "contractual")


def _capacities(value: Any) -> dict[str, int]:
    tables = word(*(table.name for table in schema.TABLES))
    if not isinstance(value, Map):
        raise ValueError("expected tables and their rows, such as {order: 100}")
    return {tables(name): count(rows) for name, rows in value.items()}


@dataclass(frozen=True)
class Words:
    """The fields that a map takes. `one_of`: groups of which exactly one field is given; `any_of`: at least one."""

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    any_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Action(Words):
    """An action. `scalar`: the field that a plain value stands for; `later`: the capability that is missing."""

    scalar: str = ""
    later: str = ""


# what is given

POLICY = Words(
    {
        "receivable_days": count,
        "sell_unsettled": flag,
        "market_order_margin_bps": count,
        "four_eyes": flag,
        "settlement": _settlement,
        "break_tolerance": number,
        "collar_bps": count,
        "min_order_value": number,
        "max_order_value": number,
        "auth_above_value": number,
        "buffer_timeout_s": count,
        "duplicate_window_s": count,
        "cross_own": enum("CrossOwn"),
        "chained_replaces": enum("ChainedReplaces"),
        "overfill": word("book"),
    }
)
FEE_COMPONENT = Words(
    {
        "side": enum("Side"),
        "basis": enum("FeeBasis"),
        "rate_bps": number,
        "amount": number,
        "minimum": number,
        "maximum": number,
    },
    required=("basis",),
)
FEE = Words({"bps": number, "minimum": number, "tax_bps": number})
HOLDING = Words({"settled": number, "average_price": number}, required=("settled",))

CURRENCY = Words({"exponent": count, "holidays": listed(day)})
EXCHANGE = Words(
    {
        "settlement_days": count,
        "feeds": listed(text),
        "holidays": listed(day),
        "session": word("open", "closed"),
        "compare": flag,
    }
)
INSTRUMENT = Words(
    {
        "exchange": text,
        "currency": text,
        "price_exponent": count,
        "quantity_exponent": count,
        "multiplier": count,
        "price_factor": ratio,
        "tick": number,
        "lot": number,
        "min_qty": number,
        "max_qty": number,
        "settlement_days": count,
        "reference_price": number,
        "status": instrument_status,
        "authorise": flag,
        "restricted": flag,
        "price_may_be_negative": flag,
        "short_allowed": flag,
        "short_margin_bps": count,
    },
    required=("exchange", "currency"),
)
ACCOUNT = Words(
    {
        "cash": anything,
        "holdings": anything,
        "margin": anything,
        "class": text,
        "currency": text,
        "owner": text,
        "status": enum("AccountStatus"),
        "users": listed(text),
        "short_allowed": flag,
    }
)
ROLES = {
    "client": ("trade", "read"),
    "dtr": ("trade_any", "authorise", "operate", "lift", "read"),
    "operator": tuple(schema.PERMISSIONS),
}
USER = Words(
    {
        "role": role(ROLES),
        "permissions": listed(word(*schema.PERMISSIONS)),
        "max_value": number,
        "owner": text,
        "active": flag,
        "max_rate": count,
        "cancel_on_disconnect": count,
    }
)
SECTIONS = {
    "currencies": CURRENCY,
    "exchanges": EXCHANGE,
    "instruments": INSTRUMENT,
    "accounts": ACCOUNT,
    "users": USER,
    "classes": POLICY,
}
GIVEN = Words(
    dict.fromkeys((*SECTIONS, "fees", "policy", "limits"), anything)
    | {
        "business_date": day,
        "capacities": _capacities,
        "custodians": listed(text),
        "rules": later("the rule language"),
        "restricted": listed(text),
    },
    required=("business_date",),
)

# what may happen

TERMS: dict[str, Kind] = {
    "order_qty": number,
    "price": number,
    "stop_px": number,
    "display_qty": number,
    "min_qty": number,
    "ord_type": enum("OrdType"),
    "time_in_force": enum("TimeInForce"),
    "expire_date": day,
    "text": text,
}
ALSO_SAID: dict[str, Kind] = {"instrument": text, "side": enum("Side")}  # by a replace or cancel, as FIX has it
SCOPE = ("firm", "exchange", "account", "instrument", "user")
REPORT: dict[str, Kind] = {
    "exec_type": exec_type,
    "ord_status": told_status,
    "account": text,
    "cl_ord_id": text,
    "orig_cl_ord_id": text,
    "feed": text,
    "seq": count,
    "exec_id": text,
    "exec_ref_id": text,
    "order_id": text,
    "last_qty": number,
    "last_px": number,
    "cum_qty": number,
    "leaves_qty": number,
    "avg_px": number,
    "order_qty": number,
    "price": number,
    "stop_px": number,
    "display_qty": number,
    "min_qty": number,
    "expire_date": day,
    "trade_date": day,
    "settl_date": day,
    "side": enum("Side"),
    "instrument": text,
    "ord_type": enum("OrdType"),
    "time_in_force": enum("TimeInForce"),
    "ord_rej_reason": count,
    "text": text,
}
# what FIX has besides, and nothing here depends on
TOLD: dict[str, Kind] = dict.fromkeys(
    (
        *("transact_time", "exec_restatement_reason", "cxl_rej_reason", "cxl_rej_response_to", "symbol", "currency"),
        *("day_order_qty", "day_cum_qty", "day_avg_px", "last_mkt", "poss_resend", "poss_dup_flag", "settl_type"),
        *("secondary_order_id", "secondary_exec_id", "trd_match_id", "trading_session_id", "exec_inst"),
    ),
    anything,
)
OPEN_ORDER = Words(
    {
        "cl_ord_id": text,
        "order_id": text,
        "account": text,
        "instrument": text,
        "side": enum("Side"),
        "order_qty": number,
        "cum_qty": number,
        "leaves_qty": number,
        "ord_status": fix_name("OrdStatus"),
        "price": number,
        "ord_type": enum("OrdType"),
        "time_in_force": enum("TimeInForce"),
        "expire_date": day,
    },
    required=("account", "instrument", "side", "order_qty"),
    any_of=("cl_ord_id", "order_id"),
)
SETTLE_ITEM = Words({"exec_id": text, "quantity": number, "amount": number}, required=("exec_id",))
SOD_CASH = Words({"account": text, "currency": text, "booked": number}, required=("account", "currency", "booked"))
SOD_HOLDING = Words(
    {"account": text, "instrument": text, "settled": number, "average_price": number},
    required=("account", "instrument", "settled"),
)
_MONEY: dict[str, Kind] = {
    "account": text,
    "currency": text,
    "amount": number,
    "reference": text,
    "reason": text,
    "override": flag,
}
_DECISION = Words({"cl_ord_id": text, "account": text, "version": count, "reason": text}, required=("cl_ord_id",))
_SCOPED = Words(dict.fromkeys(SCOPE, text) | {"firm": flag, "reason": text}, one_of=(SCOPE,))


LIMITED = ("firm", "account", "instrument", "user")
LIMIT = Words(
    dict.fromkeys(LIMITED, text) | {"firm": flag, "name": limit_name, "value": number},
    required=("name", "value"),
    one_of=(LIMITED,),
)


def _coming(capability: str, *fields: str) -> Action:
    """An action of a later version; its fields are not looked at where the language does not name them."""
    return Action(dict.fromkeys(fields, anything), later=capability)


ACTIONS: dict[str, Action] = {
    "new": Action(
        TERMS
        | {
            "cl_ord_id": text,
            "account": text,
            "instrument": text,
            "side": enum("Side"),
            "locate": text,
            "poss_resend": flag,
        },
        required=("cl_ord_id", "account", "instrument", "side", "order_qty"),
    ),
    "replace": Action(
        TERMS | ALSO_SAID | {"cl_ord_id": text, "orig_cl_ord_id": text, "account": text, "poss_resend": flag},
        required=("cl_ord_id", "orig_cl_ord_id"),
    ),
    "cancel": Action(
        ALSO_SAID | {"cl_ord_id": text, "orig_cl_ord_id": text, "account": text, "text": text, "poss_resend": flag},
        required=("cl_ord_id", "orig_cl_ord_id"),
    ),
    "authorise": Action(_DECISION.fields, _DECISION.required),
    "reject": Action(_DECISION.fields, _DECISION.required),
    "kill": Action(_SCOPED.fields, one_of=_SCOPED.one_of),
    "halt": Action(_SCOPED.fields, one_of=_SCOPED.one_of),
    "reduce_only": Action(_SCOPED.fields, one_of=_SCOPED.one_of),
    "resume": Action(_SCOPED.fields, one_of=_SCOPED.one_of),
    "mass_cancel": Action(
        dict.fromkeys((*SCOPE, "cl_ord_id"), text) | {"firm": flag, "side": enum("Side")}, any_of=(*SCOPE, "side")
    ),
    "user_lost": Action({"user": text}, required=("user",)),
    "user_back": Action({"user": text}, required=("user",)),
    "deposit": Action(_MONEY, required=("account", "currency", "amount", "reference")),
    "withdraw": Action(
        _MONEY | {"stage": word("request", "confirm", "refuse")}, required=("account", "currency", "reference")
    ),
    "transfer": Action(
        {
            "from": text,
            "to": text,
            "currency": text,
            "instrument": text,
            "amount": number,
            "quantity": number,
            "to_currency": text,
            "to_amount": number,
            "margin": flag,
            "reference": text,
            "reason": text,
            "override": flag,
        },
        required=("from", "to", "reference"),
        one_of=(("currency", "instrument"), ("amount", "quantity")),
    ),
    "set_margin": Action(_MONEY, required=("account", "currency", "amount")),
    "adjust": Action(
        _MONEY | {"instrument": text, "quantity": number},
        required=("account", "reference", "reason"),
        one_of=(("currency", "instrument"), ("amount", "quantity")),
    ),
    "move": Action(
        dict.fromkeys(("cl_ord_id", "orig_cl_ord_id", "order_id", "account", "from", "to", "to_account"), text),
        any_of=("cl_ord_id", "order_id"),
    ),
    "assign": Action(
        dict.fromkeys(("order_id", "cl_ord_id", "exec_id", "account", "to"), text),
        one_of=(("order_id", "cl_ord_id", "exec_id"), ("account", "to")),
    ),
    "resolve": Action(
        {"cl_ord_id": text, "order_id": text, "account": text, "break": break_name, "outcome": outcome, "reason": text},
        required=("outcome",),
        one_of=(("cl_ord_id", "order_id", "break"),),
    ),
    "report": Action(REPORT | TOLD, required=("exec_type",), any_of=("cl_ord_id", "order_id", "exec_ref_id")),
    "cancel_reject": Action(
        {
            name: REPORT[name]
            for name in ("cl_ord_id", "orig_cl_ord_id", "account", "order_id", "ord_status", "feed", "seq", "text")
        }
        | TOLD,
        required=("cl_ord_id",),
    ),
    "feed": Action(
        {
            "name": text,
            "event": word("open", "lost", "restarted", "gap_closed"),
            "from_seq": count,
            "last_received": count,
        },
        required=("name", "event"),
    ),
    "session": Action(
        {"exchange": text, "event": word("open", "end", "feed_complete")}, required=("exchange", "event")
    ),
    "balance": Action(
        {
            "feed": text,
            "id": text,
            "account": text,
            "currency": text,
            "instrument": text,
            "delta": number,
            "absolute": number,
            "as_of": day,
            "reference": text,
            "seq": count,
        },
        required=("feed", "id", "account"),
        one_of=(("currency", "instrument"), ("delta", "absolute")),
    ),
    "open_orders": Action(
        {"exchange": text, "complete": flag, "orders": anything}, required=("exchange", "complete", "orders")
    ),
    "market": Action(
        {"instrument": text, "last": number, "bid": number, "ask": number, "feed": text}, required=("instrument",)
    ),
    "business_date": Action({"date": day}, required=("date",), scalar="date"),
    "time": Action({"seconds": count}, required=("seconds",), scalar="seconds"),
    "settle": Action(
        {
            "batch_id": text,
            "date": day,
            "account": text,
            "items": anything,
            "expected": anything,
            "fail": listed(text),
        },
        required=("batch_id", "date"),
    ),
    "start_of_day": Action(
        {"date": day, "as_of": day, "accounts": anything, "cash": anything, "holdings": anything, "totals": anything},
        required=("date", "as_of"),
    ),
    "reference": Action(dict.fromkeys((*SECTIONS, "fees", "policy"), anything)),
    "restart": Action({}, scalar="restart"),
    "validate": Action({"new": anything, "replace": anything}, one_of=(("new", "replace"),)),
    "list": Action({"all_or_nothing": flag, "requests": anything}, required=("requests",)),
    "claim": _coming("claims at the desk", *_DECISION.fields),
    "edit": _coming("edited terms at the desk"),
    "escalate": _coming("several queues at the desk"),
    "corporate_action": Action(
        {
            "id": text,
            "instrument": text,
            "type": enum("CorporateActionType"),
            "ratio": text,
            "amount": number,
            "new_instrument": text,
            "price": number,
            "ex_date": day,
            "live_orders": word("cancel", "hold"),
            "undo": text,
        },
        one_of=(("type", "undo"),),
    ),
    "rename": Action(
        dict.fromkeys(("instrument", "currency", "account", "owner", "isin", "to", "reason"), text),
        required=("to",),
        one_of=(("instrument", "currency", "account", "owner", "isin"),),
    ),
    "set_limit": Action(LIMIT.fields, LIMIT.required, LIMIT.one_of),
    "set_rules": _coming("the rule language"),
}
CHECKED = {
    name: Words(ACTIONS[name].fields, tuple(set(ACTIONS[name].required) - {"cl_ord_id"})) for name in ("new", "replace")
}
EVERY_ACTION: dict[str, Kind] = {"by": text, "at": moment}
STEP = (*ACTIONS, "expect")
TOP = Words({"title": text, "given": anything, "steps": anything}, required=("title", "given", "steps"))

# what may be expected

STATUS = word(*(status.name for status in schema.STATUSES))
FLAGS = ("external", "overfilled", "filled_after_close", "cum_differs", "expired_here", "to_be_restated", "restated")


def code(value: Any) -> str:
    """A status; a name with a point is a rule's own."""
    if isinstance(value, str) and "." in value:
        raise NotYet("the rule language")
    found: str = STATUS(value)
    return found


def _or_none(kind: Kind) -> Kind:
    return lambda value: None if value in (None, "") else kind(value)


def _sent(value: Any) -> str:
    verb, _, name = text(value).partition(" ")
    if verb not in ("new", "replace", "cancel", "status") or not name:
        raise ValueError(f"expected for instance `new X`, `replace X` or `cancel X`, not {value}")
    return f"{verb} {name}"


def _told(value: Any) -> str:
    status, _, name = text(value).partition(" ")
    if not name:
        raise ValueError(f"expected a status and an id, for instance `ok W1` or `buffer_timed_out X`, not {value}")
    return f"{code(status)} {name}"


def _pending(value: Any) -> str:
    verb, _, name = text(value).partition(" ")
    if verb not in ("replace", "cancel") or not name:
        raise ValueError(f"expected `replace Y` or `cancel Y`, not {value}")
    return f"{verb} {name}"


CASH: dict[str, Kind] = dict.fromkeys(
    ("booked", "reserved", "payable", "receivable", "margin", "available", "withdrawable", "short_proceeds"), number
) | {"negative": flag}
HOLDING_FIELDS: dict[str, Kind] = dict.fromkeys(
    ("settled", "incoming", "outgoing", "reserved", "total", "available"), number
) | {"average_price": _or_none(number), "negative": flag}
TERMS_SHOWN: dict[str, Kind] = dict.fromkeys(("price", "stop_px", "display_qty", "min_qty"), _or_none(number)) | {
    "ord_type": enum("OrdType"),
    "time_in_force": enum("TimeInForce"),
    "expire_date": _or_none(day),
}
LADDERS = {"cash": ("payable", "receivable"), "holding": ("incoming", "outgoing")}
ORDER: dict[str, Kind] = {
    "ord_status": fix_name("OrdStatus"),
    "shown_status": fix_name("OrdStatus"),
    "pending": listed(_pending),
    "order_qty": number,
    "cum_qty": number,
    "leaves_qty": number,
    "avg_px": number,
    "day_order_qty": number,
    "day_cum_qty": number,
    "day_avg_px": number,
    **TERMS_SHOWN,
    "locate": text,
    "reserved": number,
    "reserved_qty": number,
    "fee_charged": number,
    "cl_ord_id": text,
    "order_id": text,
    "account": text,
    "instrument": text,
    "side": enum("Side"),
    "closed": flag,
    "flags": listed(word(*FLAGS)),
}
REQUEST: dict[str, Kind] = {
    "status": enum("RequestStatus"),
    "reason": listed(code),
    "type": enum("RequestType"),
    "version": count,
    "order_qty": _or_none(number),
    **TERMS_SHOWN,
    "decided_by": text,
    "queue": later("several queues at the desk"),
}
SUBJECTS: dict[str, dict[str, Kind]] = {"cash": CASH, "holding": HOLDING_FIELDS, "order": ORDER, "request": REQUEST}
TRADE = Words(
    {
        "exec_id": text,
        "account": text,
        "instrument": text,
        "side": enum("Side"),
        "quantity": number,
        "price": number,
        "value": number,
        "net": number,
        "version": count,
        "type": word("trade", "bust", "correct"),
        "trade_date": day,
        "settle_date": day,
    }
)
BREAK = Words(
    {
        "kind": word("cash", "holding", "account", "execution", "order"),
        "account": text,
        "currency": text,
        "instrument": text,
        "exec_id": text,
        "ours": _or_none(number),
        "theirs": _or_none(number),
        "ours_price": _or_none(number),
        "theirs_price": _or_none(number),
    }
)
LISTS: dict[str, Kind] = {
    "answer": listed(code),
    "sent": listed(_sent),
    "told": listed(_told),
    "alerts": listed(code),
    "queue": listed(text),
    "hits": listed(code),
    "value": number,
    "fee": number,
    "tax": number,
}
ROWS = {"trades": TRADE, "breaks": BREAK}
