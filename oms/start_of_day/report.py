"""The report of a start of day: faults of files, breaks, counts; as text, JSON and CSV. Decides nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TextIO

from oms.start_of_day.files import Fault

OK, REFUSED, ACCOUNTS_CLOSED = 0, 1, 3  # exit statuses
SHOWN = 20  # lines of each list in the text; JSON and CSV have all


class Break(NamedTuple):
    """One difference. Figures are decimals as text; "" = not told. closes: number of the account that stays closed."""

    kind: str  # accounts, cash, holdings, open_orders
    reason: str
    account: str
    currency: str = ""
    instrument: str = ""
    order: str = ""
    field: str = ""
    ours: str = ""
    theirs: str = ""
    difference: str = ""
    file: str = ""
    line: int = 0
    closes: int = 0

    @property
    def item(self) -> str:
        """What it is about, in one phrase."""
        return " ".join(filter(None, (self.currency, self.instrument, self.order, self.field)))


class FileLine(NamedTuple):
    """What became of one file. state: new, loaded_before, supersedes, refused."""

    name: str
    kind: str
    source: str
    rows: int
    digest: str
    state: str


@dataclass
class Report:
    """One run, dry or not."""

    as_of: str = ""
    business_date: str = ""
    files: list[FileLine] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    breaks: list[Break] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def status(self) -> int:
        if self.fault_count:
            return REFUSED
        return ACCOUNTS_CLOSED if any(entry.closes for entry in self.breaks) else OK

    @property
    def result(self) -> str:
        return {OK: "ok", REFUSED: "refused", ACCOUNTS_CLOSED: "accounts_closed"}[self.status]

    def as_dict(self) -> dict[str, Any]:
        return {
            "result": self.result,
            "as_of": self.as_of,
            "business_date": self.business_date,
            "files": [line._asdict() for line in self.files],
            "fault_count": self.fault_count,
            "faults": [fault._asdict() for fault in self.faults],
            "counts": self.counts,
            "breaks": [entry._asdict() | {"closes": bool(entry.closes)} for entry in self.breaks],
        }

    def write_csv(self, out: TextIO) -> None:
        """The breaks, one a line. Texts that a spreadsheet would run as a formula are made plain."""
        writer = csv.writer(out)
        names = [name for name in Break._fields if name != "closes"]
        writer.writerow([*names, "account_closed"])
        for entry in self.breaks:
            figures = {"ours": entry.ours, "theirs": entry.theirs, "difference": entry.difference, "line": entry.line}
            texts = {name: harmless(str(getattr(entry, name))) for name in names if name not in figures}
            row = texts | figures
            writer.writerow([*(row[name] for name in names), "yes" if entry.closes else "no"])

    def text(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        yield f"Start of day: as of {self.as_of or '?'}, business date {self.business_date or '?'}: {self.result}"
        yield from table(("file", "source", "rows", "state"), [(f.name, f.source, f.rows, f.state) for f in self.files])
        if self.fault_count:
            yield f"{self.fault_count} faults: nothing is loaded until they are corrected"
            rows = [(f"{f.file}:{f.line}" if f.line else f.file, f.column, f.reason, f.text) for f in self.faults]
            yield from table(("where", "column", "reason", "found"), rows[:SHOWN])
            yield from more(self.fault_count - min(SHOWN, len(rows)), "faults")
        if self.counts:
            yield "  ".join(f"{name} {count}" for name, count in self.counts.items())
        if self.breaks:
            yield f"{len(self.breaks)} breaks"
            heading = ("kind", "reason", "account", "item", "ours", "theirs", "difference")
            shown = self.breaks[:SHOWN]
            yield from table(
                heading, [(b.kind, b.reason, b.account, b.item, b.ours, b.theirs, b.difference) for b in shown]
            )
            yield from more(len(self.breaks) - len(shown), "breaks")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def table(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Aligned columns, without control characters."""
    cells = [[printable(str(cell)) for cell in row] for row in [heading, *rows]]
    widths = [max(len(row[at]) for row in cells) for at in range(len(heading))]
    for row in cells:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def printable(text: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def more(count: int, what: str) -> Iterator[str]:
    if count > 0:
        yield f"  … and {count} more {what}: see --json or --report"


def csv_text(report: Report) -> str:
    out = io.StringIO()
    report.write_csv(out)
    return out.getvalue()
