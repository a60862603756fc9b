"""From a document to a scenario: every word checked against the language, every value read, every line remembered.

Owns: Scenario, Step, Expectation and the errors that name file, step, field and what is allowed. Plays nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from oms.scenario import document, words
from oms.scenario.document import Items, Map, ScenarioError
from oms.scenario.expected import Expectation, Names, expectations
from oms.scenario.kinds import NOTHING, Kind, count, meant, number, one_of, shown, text
from oms.scenario.words import Action, NotYet, Words


@dataclass(frozen=True)
class Gap:
    """A word whose capability is missing: what, and where it stands."""

    capability: str
    line: int


@dataclass
class Step:
    number: int
    line: int
    action: str  # empty: it only expects
    fields: dict[str, Any]
    expect: list[Expectation]
    gaps: list[Gap] = field(default_factory=list)  # of the action: it cannot be played
    unchecked: list[Gap] = field(default_factory=list)  # of what it expects


@dataclass
class Scenario:
    name: str  # of the file
    title: str
    given: dict[str, Any]
    steps: list[Step]
    gaps: list[Gap]  # of what is given


class Reader:
    """Checks maps against the language and collects what is not yet played."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.gaps: list[Gap] = []

    def error(self, what: str, line: int, remedy: str = "") -> ScenarioError:
        return ScenarioError(what, where=f"{self.name}:{line}", remedy=remedy)

    def map(self, value: Any, line: int, place: str) -> Map:
        if value is None:
            return Map(line)
        if not isinstance(value, Map):
            raise self.error(f"{place}: expected a map, not {shown(value)}", line)
        return value

    def items(self, value: Any, line: int, place: str) -> Items:
        if not isinstance(value, Items):
            raise self.error(f"{place}: expected a list, not {shown(value)}", line)
        return value

    def fields(self, value: Any, line: int, words: Words, place: str) -> dict[str, Any]:
        """The fields of one map, read; `place` names it in errors."""
        found = self.map(value, line, place)
        for name in found:
            if name not in words.fields:
                raise self.error(
                    f"{place}: no field is called {name}{meant(name, words.fields)}",
                    found.line_of(name),
                    f"allowed here: {', '.join(words.fields) or 'nothing'}",
                )
        for name in words.required:
            if name not in found:
                raise self.error(f"{place}: {name} is missing", line)
        for group in words.one_of:
            if sum(name in found for name in group) != 1:
                raise self.error(f"{place}: give one of {one_of(group)}", line)
        if words.any_of and not any(name in found for name in words.any_of):
            raise self.error(f"{place}: give {one_of(words.any_of)}", line)
        return dict(self.read(found, words.fields, place))

    def read(self, found: Map, kinds: Mapping[str, Kind], place: str) -> Iterator[tuple[str, Any]]:
        for name, value in found.items():
            try:
                if (found_value := kinds[name](value)) is not NOTHING:
                    yield name, found_value
            except ValueError as error:
                raise self.error(f"{place}: {name}: {error}", found.line_of(name)) from None
            except NotYet as gap:
                self.gaps.append(Gap(str(gap), found.line_of(name)))

    def named(self, value: Any, line: int, words: Words, place: str) -> dict[str, dict[str, Any]]:
        """A map of names to maps of fields."""
        found = self.map(value, line, place)
        return {name: self.fields(item, found.line_of(name), words, f"{place}.{name}") for name, item in found.items()}

    def amounts(self, value: Any, line: int, place: str) -> dict[str, Any]:
        """A map of currencies or instruments to amounts."""
        found = self.map(value, line, place)
        return dict(self.read(found, dict.fromkeys(found, number), place))


def load(path: Path) -> Scenario:
    """Read and check one file. Raises ScenarioError, or OSError when it cannot be read."""
    return build(document.read(path), str(path))


def build(root: Any, name: str) -> Scenario:
    """Make a scenario of a document; `name` stands for the file in errors."""
    reader = Reader(name)
    if root is None:
        raise reader.error(
            "the file is empty", 1, "a scenario has title, given and steps: see docs/reference/scenario.md"
        )
    top = reader.fields(root, 1, words.TOP, "scenario")
    given = read_given(reader, top["given"], root.line_of("given"))
    given_gaps, reader.gaps = reader.gaps, []
    found = reader.items(top["steps"], root.line_of("steps"), "steps")
    steps = []
    for index, item in enumerate(found):
        found[index] = as_map(item, found.line_of(index))
        step = read_step(reader, index + 1, found[index], found.line_of(index))
        step.gaps, reader.gaps = reader.gaps, []
        steps.append(step)
    names = Names.of(top["given"], found)
    for step, item in zip(steps, found, strict=True):
        where = f"step {step.number} expect"
        line = item.line_of("expect")
        step.expect = expectations(reader, reader.map(item.get("expect"), line, where), names, where)
        step.unchecked, reader.gaps = reader.gaps, []
    return Scenario(name, top["title"], given, steps, given_gaps)


def read_given(reader: Reader, value: Any, line: int) -> dict[str, Any]:
    found = reader.map(value, line, "given")
    given = reader.fields(found, line, words.GIVEN, "given") | read_sections(reader, found, "given")
    if "limits" in given:
        given["limits"] = read_list(reader, found, "limits", words.LIMIT, "given")
    return given


def read_sections(reader: Reader, found: Map, place: str, *, whole: bool = True) -> dict[str, Any]:
    """The sections of reference data that stand in a map, each read; whole: nothing that is required may be missing."""
    sections: dict[str, Any] = {}
    for name in found:
        line, inside = found.line_of(name), f"{place}.{name}"
        if name == "classes":
            sections[name] = sections.get(name, {}) | read_classes(reader, found[name], line, inside)
        elif name in words.SECTIONS:
            language = words.SECTIONS[name] if whole else replace(words.SECTIONS[name], required=())
            sections[name] = reader.named(found[name], line, language, inside)
        if name == "policy":
            policy = reader.map(found[name], line, inside)
            classes = read_classes(reader, policy.pop("classes", None), policy.line_of("classes"), f"{inside}.classes")
            sections |= {name: reader.fields(policy, line, words.POLICY, inside)}
            sections["classes"] = sections.get("classes", {}) | classes
        if name == "fees":
            fees = reader.map(found[name], line, inside)
            sections[name] = {key: read_fee(reader, fees[key], fees.line_of(key), f"{inside}.{key}") for key in fees}
    for code, account in sections.get("accounts", {}).items():
        line = found["accounts"].line_of(code)
        for name in ("cash", "margin"):
            account[name] = reader.amounts(account.get(name), line, f"{place}.accounts.{code}.{name}")
        account["holdings"] = read_holdings(reader, account.get("holdings"), line, f"{place}.accounts.{code}.holdings")
    return sections


def read_classes(reader: Reader, value: Any, line: int, place: str) -> dict[str, dict[str, Any]]:
    """The policy of each class; it may stand under the word `policy`, too."""
    found = reader.map(value, line, place)
    for name, item in found.items():
        if isinstance(item, Map) and item.keys() == {"policy"}:
            found[name] = item["policy"]
    return reader.named(found, line, words.POLICY, place)


def read_fee(reader: Reader, value: Any, line: int, place: str) -> list[dict[str, Any]] | dict[str, Any]:
    if isinstance(value, Items):
        return [
            reader.fields(item, value.line_of(index), words.FEE_COMPONENT, f"{place}[{index + 1}]")
            for index, item in enumerate(value)
        ]
    return reader.fields(value, line, words.FEE, place)


def read_holdings(reader: Reader, value: Any, line: int, place: str) -> dict[str, dict[str, Any]]:
    found = reader.map(value, line, place)
    holdings = {}
    for symbol, item in found.items():
        if isinstance(item, Map):
            holdings[symbol] = reader.fields(item, found.line_of(symbol), words.HOLDING, f"{place}.{symbol}")
        else:
            holdings[symbol] = {"settled": dict(reader.read(_only(found, symbol), {symbol: number}, place))[symbol]}
    return holdings


def read_step(reader: Reader, number: int, item: Any, line: int) -> Step:
    place = f"step {number}"
    found = reader.map(item, line, place)
    for name in found:
        if name not in words.STEP:
            raise reader.error(
                f"{place}: no action is called {name}{meant(name, words.STEP)}",
                found.line_of(name),
                f"allowed here: {', '.join(words.STEP)}",
            )
    actions = [name for name in found if name != "expect"]
    if len(actions) > 1:
        raise reader.error(f"{place}: one action a step, not {one_of(actions)}", line)
    if not actions:
        return Step(number, line, "", {}, [])
    name = actions[0]
    fields = read_action(reader, words.ACTIONS[name], found[name], found.line_of(name), f"{place} {name}")
    return Step(number, found.line_of(name), name, fields, [])


def as_map(item: Any, line: int) -> Any:
    """`- restart` says the same as `- restart: {}`."""
    if not isinstance(item, str) or item not in words.ACTIONS:
        return item
    found = Map(line)
    found[item] = None
    return found


def read_action(reader: Reader, action: Action, value: Any, line: int, place: str) -> dict[str, Any]:
    if action.later:
        reader.gaps.append(Gap(action.later, line))
        if not action.fields or not isinstance(value, Map):
            return {}
    if action.scalar and not isinstance(value, Map | Items):
        scalar = value
        value = Map(line)
        if action.scalar in action.fields:
            value[action.scalar] = scalar
    language = Words({**action.fields, **words.EVERY_ACTION}, action.required, action.one_of, action.any_of)
    fields = reader.fields(value, line, language, place)
    if action is words.ACTIONS["reference"] and isinstance(value, Map):
        fields |= read_sections(reader, value, place, whole=False)
    return fields | read_rows(reader, action, value, line, place)


def read_rows(reader: Reader, action: Action, value: Map, line: int, place: str) -> dict[str, Any]:
    """The lists of rows that some actions carry."""
    rows: dict[str, Any] = {}
    if action is words.ACTIONS["open_orders"]:
        rows["orders"] = read_list(reader, value, "orders", words.OPEN_ORDER, place)
    if action is words.ACTIONS["validate"]:
        name = next(iter(value.keys() & words.CHECKED.keys()))
        rows[name] = reader.fields(value[name], value.line_of(name), words.CHECKED[name], f"{place} {name}")
    if action is words.ACTIONS["list"]:
        rows["requests"] = read_requests(reader, value, place)
    if action is words.ACTIONS["settle"]:
        if "items" in value:
            rows["items"] = read_list(reader, value, "items", words.SETTLE_ITEM, place)
        rows["expected"] = reader.amounts(value.get("expected"), value.line_of("expected"), f"{place} expected")
    if action is words.ACTIONS["start_of_day"]:
        rows["cash"] = read_list(reader, value, "cash", words.SOD_CASH, place)
        rows["holdings"] = read_list(reader, value, "holdings", words.SOD_HOLDING, place)
        rows["accounts"] = [
            read_code(reader, item, value["accounts"].line_of(index), f"{place} accounts")
            for index, item in enumerate(reader.items(value.get("accounts", Items(line)), line, f"{place} accounts"))
        ]
        rows["totals"] = read_totals(reader, value, place)
    return rows


def read_requests(reader: Reader, value: Map, place: str) -> list[tuple[str, dict[str, Any]]]:
    """The members of a list, each a new or replace by name, or by whether it names an order."""
    found = reader.items(value["requests"], value.line_of("requests"), f"{place} requests")
    requests = []
    for index, item in enumerate(found):
        line, inside = found.line_of(index), f"{place} requests {index + 1}"
        fields = reader.map(item, line, inside)
        name = "replace" if "orig_cl_ord_id" in fields else "new"
        if len(fields) == 1 and (named := next(iter(fields))) in words.CHECKED:
            name, fields = named, reader.map(fields[named], line, inside)
        action = words.ACTIONS[name]
        requests.append((name, reader.fields(fields, line, Words(action.fields, action.required), inside)))
    return requests


def read_list(reader: Reader, value: Map, name: str, language: Words, place: str) -> list[dict[str, Any]]:
    line = value.line_of(name)
    found = reader.items(value.get(name, Items(line)), line, f"{place} {name}")
    return [
        reader.fields(item, found.line_of(index), language, f"{place} {name} {index + 1}")
        for index, item in enumerate(found)
    ]


def read_code(reader: Reader, item: Any, line: int, place: str) -> dict[str, Any]:
    """An account of the start-of-day file: its code alone, or its code with what is new about it."""
    if not isinstance(item, Map):
        return {"code": dict(reader.read(_single(item, line), {"code": text}, place))["code"]}
    names = {"code": text, "account": text}
    language = Words({**names, **words.ACCOUNT.fields}, one_of=(tuple(names),))
    fields = reader.fields(item, line, language, place)
    return {"code": fields.pop("account", None) or fields.pop("code"), **fields}


def _single(item: Any, line: int) -> Map:
    found = Map(line)
    found["code"] = item
    return found


def read_totals(reader: Reader, value: Map, place: str) -> dict[str, Any]:
    """Control totals by currency or instrument, or of all cash or holdings; `rows`: how many there are."""
    totals: dict[str, Any] = {"rows": {}, "sums": {}}
    line = value.line_of("totals")
    found = reader.map(value.get("totals"), line, f"{place} totals")
    for name, item in found.items():
        if name in ("rows", "count"):
            totals |= {"all_rows": dict(reader.read(_only(found, name), {name: count}, f"{place} totals"))[name]}
            continue
        if name not in ("cash", "holdings") or not isinstance(item, Map):
            totals["sums"] |= dict(reader.read(_only(found, name), {name: number}, f"{place} totals"))
            continue
        sums = reader.amounts(item, found.line_of(name), f"{place} totals {name}")
        for word in ("rows", "count"):
            if word in sums:
                totals["rows"][name] = int(sums.pop(word))
        for word in ("total", "sum"):
            if word in sums:
                totals["sums"][name] = sums.pop(word)
        totals["sums"] |= sums
    return totals


def _only(found: Map, name: str) -> Map:
    single = Map(found.line_of(name))
    single[name] = found[name]
    return single
