"""`oms verify`: is the journal whole, does it lead to one state whichever way, and is every bucket what it has to be?

Owns the order of these questions and the report. It reads a store at rest or beside its live process (up to what is
committed), and changes nothing. What a bucket has to be is in recompute.py and recompute_orders.py.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from oms import (
    journal,
    recompute,
    recompute_actions,
    recompute_control,
    recompute_cost,
    recompute_limits,
    recompute_orders,
    recompute_shorts,
)
from oms.double_entry import Balance, balances
from oms.errors import OmsError
from oms.moment import Moment
from oms.recompute import Books, Finding
from oms.replica import Replica
from oms.snapshot import SnapshotRefused, newest_first
from oms.views import Views

CHECKS = (
    recompute.recompute_books,
    recompute.check_counts,
    recompute_orders.recompute_orders,
    recompute_orders.recompute_values,
    recompute_orders.recompute_fees,
    recompute_actions.check_actions,
    recompute_cost.recompute_cost,
    recompute_shorts.recompute_shorts,
    recompute_limits.recompute_limits,
    recompute_orders.check_chains,
    recompute_orders.check_keys,
    recompute_orders.check_requests,
    recompute_orders.check_live,
    recompute_control.check_control,
    recompute_control.check_capacities,
)


@dataclass
class Report:
    """What was looked at, and what is wrong. problems: one sentence each; findings: the figures among them."""

    directory: str
    live: bool = False
    records: int = 0
    sequence: int = 0
    chain: str = ""
    state_hash: str = ""
    snapshots: list[str] = field(default_factory=list)  # those that lead to the same state
    rows: dict[str, int] = field(default_factory=dict)
    balances: list[Balance] = field(default_factory=list)  # per currency and per instrument: all sides of its postings
    problems: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    findings_count: int = 0  # also of those that are not listed
    notes: list[str] = field(default_factory=list)  # worth knowing, not wrong
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(directory: str | Path, capacities: Mapping[str, int] | None = None) -> Report:
    """Verifies the store in a directory. capacities: as for Replica. Raises OmsError when there is no store."""
    directory, began = Path(directory), time.monotonic()
    report = Report(str(directory))
    if _journal(report, directory / "journal"):
        _states(report, directory, capacities)
    report.seconds = time.monotonic() - began
    return report


def _journal(report: Report, directory: Path) -> bool:
    """Every byte of the journal and its chain. False: what it leads to cannot be told."""
    if not directory.is_dir():
        raise OmsError("there is no journal", where=str(directory), remedy="name the directory that holds journal/")
    found = journal.verify(directory)
    report.live, report.records, report.chain = found.live, found.records, found.chain_head
    if found.torn_tail is not None:
        report.notes.append(f"a {found.torn_tail}")
    report.problems += found.bad_marks
    if found.damage is not None:
        report.problems.append(str(found.damage))
    return found.damage is None and found.records > 0


def _states(report: Report, directory: Path, capacities: Mapping[str, int] | None) -> None:
    """The whole journal into a fresh engine; the same from each snapshot; then the books."""
    whole = Replica(directory, capacities, use_snapshots=False)
    if whole.difference:
        report.notes.append(whole.difference)
    report.sequence, report.state_hash = whole.sequence, whole.state_hash()
    report.rows = {name: int(whole.header(name)["live"]) for name in ("account", "order", "execution", "movement")}
    for path in newest_first(directory / "snapshots"):
        if report.live and int(path.stem) > whole.sequence:
            continue  # taken since
        try:
            other = Replica(directory, capacities, use_snapshots=path, to=Moment(whole.sequence))
        except SnapshotRefused as error:
            report.problems.append(f"{error.what}: {path}")
            continue
        if other.state_hash() == report.state_hash:
            report.snapshots.append(path.name)
        else:
            report.problems.append(f"snapshot {path.name} and its tail do not lead to the state of the whole journal")
    report.balances = balances(whole)
    books = audit(whole)
    report.findings, report.findings_count = books.findings, books.count
    report.problems += [in_words(whole, finding) for finding in books.findings]
    if books.count > len(books.findings):
        report.problems.append(f"and {books.count - len(books.findings)} more figures")


def audit(views: Views) -> Books:
    """Recomputes every bucket of a state that stands still."""
    books = Books(views)
    for check in CHECKS:
        check(books)
    return books


def in_words(views: Views, finding: Finding) -> str:
    """A finding with whose it is."""
    table, row = finding.table, finding.row
    if not 0 < row < len(views.rows(table)):
        return str(finding)
    names = []
    if table in ("cash", "holding", "order", "execution", "request"):
        record = views.rows(table)[row]
        names.append(views.code("account", int(record["account"]), "code"))
        if table == "cash":
            names.append(views.code("currency", int(record["currency"]), "code"))
        elif table != "request":
            names.append(views.code("instrument", int(record["instrument"]), "symbol"))
    elif table in ("currency", "instrument"):
        names.append(views.code(table, row, "code" if table == "currency" else "symbol"))
    return f"{finding} ({' '.join(names)})" if names else str(finding)
