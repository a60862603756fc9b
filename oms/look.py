"""Where the reading commands look: the mapped tables of a live process, or a store at rest.

Owns finding the one or the other, and how rows are printed. It changes nothing.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from oms import config
from oms.errors import OmsError
from oms.moment import in_words, moment
from oms.replica import Replica, at
from oms.server import live
from oms.views import Views, attach


def store_of(args: Namespace) -> Path:
    """The store's directory, by DIR or by the configuration."""
    if args.config is not None:
        return config.load(args.config).directory
    directory: Path = args.directory or Path()
    if not directory.is_dir():
        raise OmsError("there is no such directory", where=str(directory), remedy="name the directory of a store")
    found = config.find(directory)
    return found.directory if found else directory


class Source:
    """What a command reads. live: the tables are those of a running process, and go on moving. when: the moment in the
    past that was asked for; None = now."""

    def __init__(self, args: Namespace) -> None:
        self.told: Mapping[str, object] | None = None
        self.directory: Path | None = None
        self.when: str | None = getattr(args, "when", None)
        if self.when is not None:
            self.directory = store_of(args)
            self.views: Views = at(self.directory, moment(self.when))
            self.live = False
            return
        if args.tables is not None:
            self.views = attach(args.tables)
            self.live = True
            return
        self.directory = store_of(args)
        self.told = live(self.directory)
        self.live = self.told is not None
        self.views = attach(str(self.told["tables"])) if self.told else Replica(self.directory)

    @property
    def sequence(self) -> int:
        """Of the last record that the rows contain."""
        return int(self.views.rows("firm")[1]["last_sequence"])

    @property
    def time(self) -> str:
        """Of that record."""
        return in_words(int(self.views.rows("firm")[1]["last_time_ns"]))


WIDE = ("handle", "time_ns")  # whole numbers that a JSON reader might round


def plain(value: Any) -> Any:
    """A picture's value as JSON carries it: exact figures as text."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {plain(key): str(item) if key in WIDE else plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def columns(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Rows as aligned text; figures to the right."""
    cells = [[text(row[name]) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    right = [bool(rows) and all(is_figure(row[name]) for row in rows) for name in names]
    lines = [
        "  ".join(
            cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in [list(names), *cells]
    ]
    return "\n".join(lines)


def is_figure(value: Any) -> bool:
    return value is None or (isinstance(value, Decimal | int) and not isinstance(value, Enum | bool))


def text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, tuple | list):
        return " ".join("/".join(item) if isinstance(item, tuple) else str(item) for item in value)
    return str(plain(value))
