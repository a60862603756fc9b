"""What a step expects, read: which figure of what, and the value it shall have.

Owns: Expectation and the resolution of keys such as `cash.K.AUD.payable@2026-11-25`. Compares nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from oms.scenario import words
from oms.scenario.document import Items, Map
from oms.scenario.kinds import day, meant

if TYPE_CHECKING:
    from oms.scenario.parse import Reader

SUSPENSE = "SUSPENSE"  # the account of executions that belong to none
ID_FIELDS = ("cl_ord_id", "order_id")
RENAMED = {"account": "accounts", "currency": "currencies", "instrument": "instruments"}


@dataclass(frozen=True)
class Expectation:
    key: str  # as the file has it
    subject: str  # cash, holding, order, request, answer, sent, told, alerts, queue, trades, breaks
    names: tuple[str, ...]  # account and currency, account and instrument, or the id
    field: str
    on: date | None  # of a settlement date
    expected: Any
    line: int


@dataclass(frozen=True)
class Names:
    """What a file speaks of: an expectation about anything else is a slip of the pen."""

    accounts: set[str]
    items: dict[str, set[str]]  # cash: currencies, holding: instruments
    ids: set[str]

    @classmethod
    def of(cls, *values: Any) -> Names:
        found = cls({SUSPENSE}, {"cash": set(), "holding": set()}, set())
        for value in values:
            found.gather(value)
        return found

    def gather(self, value: Any) -> None:
        """Takes the names from wherever they stand: given, `reference`, start of day, requests and reports."""
        for key, item in value.items() if isinstance(value, Map) else ():
            if key in ID_FIELDS:
                self.ids.add(str(item))
            if key in ("accounts", "currencies", "instruments") and isinstance(item, Map | Items):
                self.of_kind(key).update(map(str, (entry for entry in item if not isinstance(entry, Map))))
            if key == "accounts" and isinstance(item, Items):
                self.accounts.update(
                    str(entry["account"]) for entry in item if isinstance(entry, Map) and "account" in entry
                )
            if key in ("code", "new_instrument"):
                self.of_kind("accounts" if key == "code" else "instruments").add(str(item))
            if key == "rename" and isinstance(item, Map):
                for of, section in RENAMED.items():
                    if of in item:
                        self.of_kind(section).add(str(item.get("to")))
        for item in value.values() if isinstance(value, Map) else value if isinstance(value, Items) else ():
            self.gather(item)

    def of_kind(self, section: str) -> set[str]:
        if section == "accounts":
            return self.accounts
        return self.items["cash" if section == "currencies" else "holding"]


def expectations(reader: Reader, found: Map, names: Names, place: str) -> list[Expectation]:
    """All that one step expects, in the order of the file."""
    expected: list[Expectation] = []
    for key, value, line in flat(found, ""):
        head = key.split(".", 1)[0]
        if head in words.SUBJECTS:
            expected += figure(reader, key, value, line, names, place)
        elif key in words.LISTS:
            kinds = {key: words.LISTS[key]}
            expected += [
                Expectation(key, key, (), "", None, v, line)
                for _, v in reader.read(one(key, value, line), kinds, place)
            ]
        elif key in words.ROWS:
            rows = reader.items(value, line, f"{place} {key}")
            read = [
                reader.fields(row, rows.line_of(n), words.ROWS[key], f"{place} {key}") for n, row in enumerate(rows)
            ]
            expected.append(Expectation(key, key, (), "", None, read, line))
        else:
            known = [*words.SUBJECTS, *words.LISTS, *words.ROWS]
            raise reader.error(
                f"{place}: nothing is called {key}{meant(head, known)}", line, f"allowed here: {', '.join(known)}"
            )
    return expected


def flat(found: Map, head: str) -> Iterator[tuple[str, Any, int]]:
    """`order.X: {price: 5}` says the same as `order.X.price: 5`."""
    for key, value in found.items():
        path = f"{head}{key}"
        if isinstance(value, Map):
            yield from flat(value, f"{path}.")
        else:
            yield path, value, found.line_of(key)


def one(key: str, value: Any, line: int) -> Map:
    found = Map(line)
    found[key] = value
    return found


def figure(reader: Reader, key: str, value: Any, line: int, names: Names, place: str) -> Iterator[Expectation]:
    subject, _, rest = key.partition(".")
    path, _, last = rest.rpartition(".")
    name, at, on = last.partition("@")
    kinds = words.SUBJECTS[subject]
    if name not in kinds or (at and name not in words.LADDERS.get(subject, ())):
        raise reader.error(
            f"{place}: {key}: {subject} has no figure {last}{meant(name, kinds)}",
            line,
            f"allowed here: {', '.join(kinds)}" + (", and @date behind those of a settlement date" if at else ""),
        )
    try:
        settles = day(on) if at else None
    except ValueError as error:
        raise reader.error(f"{place}: {key}: {error}", line) from None
    of = resolve(reader, subject, path, line, names, f"{place}: {key}")
    kind = {name: kinds[name]}
    for _, expected in reader.read(one(name, value, line), kind, f"{place}: {key}"):
        yield Expectation(key, subject, of, name, settles, expected, line)


def resolve(reader: Reader, subject: str, path: str, line: int, names: Names, place: str) -> tuple[str, ...]:
    """The account and item, or the id, that a key names; codes and ids may hold points themselves."""
    if subject in ("order", "request"):
        if path not in names.ids:
            raise reader.error(f"{place}: no step makes {path or 'an id'}{meant(path, names.ids)}", line)
        return (path,)
    items = names.items[subject]
    parts = path.split(".")
    for cut in range(1, len(parts)):
        account, item = ".".join(parts[:cut]), ".".join(parts[cut:])
        if account in names.accounts and item in items:
            return (account, item)
    what = "currency" if subject == "cash" else "instrument"
    raise reader.error(
        f"{place}: expected {subject}.ACCOUNT.{what.upper()}.figure with an account and {what} of this file",
        line,
        f"accounts: {', '.join(sorted(names.accounts))}; {what}: {', '.join(sorted(items)) or 'none'}",
    )
