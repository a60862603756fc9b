"""Reads a YAML file into plain values that remember their lines.

Owns: what a scalar means (integers, true and false, dates; everything else is text) and the refusal of floats, because
a float has lost its cents before anybody can check them. Knows no word of the scenario language.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

from oms.errors import OmsError

INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DEPTH = 20  # deeper than any scenario; an alias that holds itself is endless


class ScenarioError(OmsError):
    """A scenario file that cannot be played: `where` names file, line, step and field."""


class Map(dict[str, Any]):
    """A mapping with the line on which each of its keys stands."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


class Items(list[Any]):
    """A sequence with the line on which each of its items stands."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []

    def line_of(self, index: int) -> int:
        return self.lines[index]


def read(path: Path) -> Any:
    """The content of a YAML file as Map, Items, str, int, bool, date or None. Raises ScenarioError."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ScenarioError(f"not a text file: {error.reason} at byte {error.start}", where=str(path)) from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Any:
    """The same for a text; `name` stands for the file in errors."""
    try:
        import yaml
    except ImportError:
        raise OmsError(
            "scenario files need PyYAML", remedy="install the extra: pip install 'oms-engine[scenario]'"
        ) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise ScenarioError(f"not YAML: {what}", where=f"{name}:{mark.line + 1 if mark else 1}") from None
    except yaml.YAMLError as error:
        raise ScenarioError(f"not YAML: {error}", where=name) from None
    return None if node is None else _Reader(name).value(node)


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name

    def value(self, node: Any, depth: int = 0) -> Any:
        if depth > DEPTH:
            raise self.error(f"nested more than {DEPTH} levels deep", node)
        if node.id == "mapping":
            return self.mapping(node, depth)
        if node.id == "sequence":
            items = Items(_line(node))
            for child in node.value:
                items.lines.append(_line(child))
                items.append(self.value(child, depth + 1))
            return items
        return self.scalar(node)

    def mapping(self, node: Any, depth: int) -> Map:
        found = Map(_line(node))
        for key_node, value_node in self.entries(node, depth):
            key = key_node.value
            if key in found:
                raise self.error(f"{key} stands here twice, first on line {found.lines[key]}", key_node)
            found.lines[key] = _line(key_node)
            found[key] = self.value(value_node, depth + 1)
        return found

    def entries(self, node: Any, depth: int) -> list[tuple[Any, Any]]:
        """A map's own keys, and behind them those of the maps that `<<` names and that it has not itself."""
        if depth > DEPTH:
            raise self.error(f"nested more than {DEPTH} levels deep", node)
        own, merged = [], []
        for key, value in node.value:
            if key.id != "scalar":
                raise self.error("a key is plain text", key)
            if not key.tag.endswith(":merge"):
                own.append((key, value))
                continue
            for each in value.value if value.id == "sequence" else [value]:
                if each.id != "mapping":
                    raise self.error("<< takes a map, or a list of maps", each)
                merged += self.entries(each, depth + 1)
        names = {key.value for key, _ in own}
        for key, value in merged:
            if key.value not in names:
                names.add(key.value)
                own.append((key, value))
        return own

    def scalar(self, node: Any) -> Any:
        """YAML's own reading, except that only plain forms count: 0017 and 10:30 stay text, NO is no false."""
        kind, text = node.tag.rsplit(":", 1)[-1], node.value
        if kind == "float" and ":" not in text:
            raise self.error(
                f"{text} is a floating-point number, which is not exact",
                node,
                remedy=f'write it as text: "{text}"',
            )
        if kind == "int" and INTEGER.fullmatch(text):
            return int(text.replace("_", ""))
        if kind == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind == "null":
            return None
        if kind == "timestamp" and DATE.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError as error:
                raise self.error(f"{text} is no date: {error}", node) from None
        if not node.tag.startswith("tag:yaml.org,2002:") or kind in ("binary", "set", "omap", "pairs"):
            raise self.error(f"the tag {node.tag} is not known here", node)
        return text

    def error(self, what: str, node: Any, remedy: str = "") -> ScenarioError:
        return ScenarioError(what, where=f"{self.name}:{_line(node)}", remedy=remedy)


def _line(node: Any) -> int:
    line: int = node.start_mark.line
    return line + 1
