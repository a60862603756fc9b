"""The journal in words: one JSON object per record, with names in the place of numbers and figures as they are written.

Owns the wording. The names are those of the store's present state: rows of reference data keep their number for ever,
and what was renamed is shown by its present name. Records are read one at a time; memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from oms import records, schema
from oms.errors import OmsError
from oms.journal import Reader, is_locked
from oms.moment import EVER, Moment, in_words
from oms.replica import Replica
from oms.values import from_day, from_units
from oms.views import Views

NAMES = {  # field → table and its column
    "account": ("account", "code"),
    "to": ("account", "code"),
    "instrument": ("instrument", "symbol"),
    "currency": ("currency", "code"),
    "to_currency": ("currency", "code"),
    "exchange": ("exchange", "mic"),
    "feed": ("feed", "name"),
    "user": ("user", "name"),
    "source": ("user", "name"),
    "account_class": ("account_class", "name"),
    "schedule": ("fee", "name"),
}
SCOPES = {"exchange": "mic", "account": "code", "instrument": "symbol", "user": "name"}
BY_NAME = {enum.name: enum for enum in schema.ENUMS}
BY_TAG = {enum.tag: enum for enum in schema.ENUMS if enum.tag}
UNKNOWN_DECIMALS = 8  # of the figures of a report whose instrument is not known


class Words:
    """Tells what a record says, with the names of a state."""

    def __init__(self, views: Views) -> None:
        self.views = views

    def record(self, raw: bytes) -> dict[str, Any]:
        try:
            name, values = records.decode(raw)
        except records.RecordError:  # of another version of the catalogue
            values = {"template": int.from_bytes(raw[24:26], "little"), "hex": raw.hex()}
            sequence, time_ns = (int.from_bytes(raw[at : at + 8], "little") for at in (8, 16))
            return {"sequence": sequence, "time": in_words(time_ns), "record": "unknown"} | values
        record = records.BY_NAME[name]
        head = {"sequence": values["sequence"], "time": in_words(values["time_ns"]), "record": name}
        if by := self.name("source", values["source"]):
            head["by"] = by
        exponents = self.exponents(values)
        for item in record.fields:
            if not item.name.startswith("pad"):
                head[item.name] = self.field(item, values, exponents)
        head |= {item.name: values[item.name] for item in record.texts}
        return {key: value for key, value in head.items() if value not in ("", None)}

    def field(self, item: schema.Field, values: dict[str, Any], exponents: tuple[int, int]) -> Any:
        value, base = values[item.name], records.split_type(item.type)[0]
        enum = BY_NAME.get(item.doc.split(",")[0].split(";")[0]) or BY_TAG.get(item.tag)
        if isinstance(value, list):
            return bytes(value).hex() if base == "u8" else value
        if value == schema.NULL_I64:
            return None
        if item.name in NAMES and base in ("slot", "u16"):
            return self.name(item.name, value)
        if item.name == "number" and "scope" in values:
            return self.scoped(values["scope"], value)
        if base == "handle":
            return self.request(value) if item.name == "request" else value or None
        if base == "price":
            return figure(value, exponents[0])
        if base == "qty":
            return figure(value, exponents[1])
        if base in ("money", "e4", "e8"):
            return figure(value, {"money": self.money_exponent(values), "e4": 4, "e8": 8}[base])
        if base == "i64" and item.name in ("amount", "to_amount"):
            return figure(value, self.amount_exponent(item.name, values, exponents))
        if base == "date":
            return str(from_day(value) or "")
        if base == "time":
            return in_words(value) if value else None
        if enum is not None and (base != "char" or value):
            return next((word for word, number in enum.values.items() if number == value), value)
        return (chr(value) if value else None) if base == "char" else value

    def name(self, field: str, slot: int) -> str | int | None:
        """The code of a row; its number where the state has no such row."""
        table, column = NAMES[field]
        if not 0 < slot < len(self.views.rows(table)):
            return slot or None
        return self.views.code(table, slot, column)

    def scoped(self, scope: int, number: int) -> str | int | None:
        word = next(word for word, value in BY_NAME["ControlScope"].values.items() if value == scope)
        if word not in SCOPES or not 0 < number < len(self.views.rows(word)):
            return number or None
        return self.views.code(word, number, SCOPES[word])

    def request_row(self, handle: int) -> Any:
        """The row that a handle names; None when it is gone."""
        slot, rows = handle & 0xFFFFFFFF, self.views.rows("request")
        if not 0 < slot < len(rows) or int(rows[slot]["generation"]) != handle >> 32:
            return None
        return rows[slot]

    def request(self, handle: int) -> str | int | None:
        """ACCOUNT/CL_ORD_ID of a request."""
        row = self.request_row(handle)
        if row is None:
            return handle or None
        return f"{self.name('account', int(row['account']))}/{self.views.text(row['cl_ord_id'])}"

    def instrument(self, values: dict[str, Any]) -> int:
        """The instrument that a record's figures are of; 0: not known."""
        row = self.request_row(values.get("request", 0))
        if row is None and values.get("orig_cl_ord_id") and 0 < values["account"] < len(self.views.rows("account")):
            slot = self.views.request_slot(values["account"], values["orig_cl_ord_id"])
            row = self.views.rows("request")[slot] if slot else None
        execution = values.get("execution", 0)
        if 0 < execution < len(self.views.rows("execution")):
            return int(self.views.rows("execution")[execution]["instrument"])
        if slot := values.get("instrument", 0):
            return slot if slot < len(self.views.rows("instrument")) else 0
        return int(self.views.rows("order")[row["order"]]["instrument"]) if row is not None and row["order"] else 0

    def exponents(self, values: dict[str, Any]) -> tuple[int, int]:
        if "price_exponent" in values:  # it is the definition
            return values["price_exponent"], values["quantity_exponent"]
        instrument = self.instrument(values)
        return self.views.exponents(instrument) if instrument else (UNKNOWN_DECIMALS, UNKNOWN_DECIMALS)

    def money_exponent(self, values: dict[str, Any]) -> int:
        currency = values.get("currency", 0)
        if not currency and (instrument := self.instrument(values)):
            currency = int(self.views.rows("instrument")[instrument]["currency"])
        return int(self.views.rows("currency")[currency]["exponent"]) if currency else 4

    def amount_exponent(self, field: str, values: dict[str, Any], exponents: tuple[int, int]) -> int:
        if "decimals" in values:
            return int(values["decimals"])
        if values.get("instrument"):
            return exponents[1]
        currency = values.get("to_currency") if field == "to_amount" else 0
        return self.money_exponent(values | ({"currency": currency} if currency else {}))

    def concerns(self, raw: bytes, account: int, code: str) -> bool:
        """Whether a record is about an account: by its number, its code, or the request that it names."""
        try:
            _, values = records.decode(raw)
        except records.RecordError:
            return False
        row = self.request_row(values.get("request", 0))
        named = (values.get("account"), values.get("to"), int(row["account"]) if row is not None else 0)
        return account in named or values.get("account_code") == code or values.get("code") == code


def figure(units: int, exponent: int) -> str:
    return format(from_units(units, exponent), "f")


def export(
    directory: str | Path,
    first: Moment = EVER,
    last: Moment = EVER,
    kinds: Collection[str] = (),
    account: str = "",
) -> Iterator[dict[str, Any]]:
    """The records of a store in words, from one moment to another; `first` EVER = from the beginning. kinds: names of
    records; none = all. Raises OmsError for an unknown name, JournalDamage where the journal is damaged."""
    if unknown := sorted(set(kinds) - set(records.BY_NAME)):
        raise OmsError(f"no record is called {', '.join(unknown)}", remedy="docs/reference/records.md lists them")
    templates = {records.BY_NAME[kind].template_id for kind in kinds}
    replica = Replica(directory)
    words = Words(replica)
    slot = replica.account_slot(account) if account else 0
    start, not_before = (1, 0) if first == EVER else (first.sequence, first.time_ns)
    if first.sequence == EVER.sequence:
        start = 1
    if first.time_ns == EVER.time_ns:
        not_before = 0
    journal = Path(directory) / "journal"
    with Reader(journal, start, live=is_locked(journal)) as reader:
        for raw in reader:
            sequence, time_ns = (int.from_bytes(raw[at : at + 8], "little") for at in (8, 16))
            if sequence > last.sequence or time_ns > last.time_ns:
                return
            if time_ns < not_before or (templates and int.from_bytes(raw[24:26], "little") not in templates):
                continue
            if not slot or words.concerns(raw, slot, account):
                yield words.record(raw)
        reader.check()
