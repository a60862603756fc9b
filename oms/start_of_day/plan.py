"""What a start of day would do: reads a directory, compares, and says what follows. Changes nothing.

A run is whole or nothing: one fault in any file, and none of them is loaded.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np

from oms.errors import OmsError
from oms.records import ENUMS
from oms.start_of_day import compare, open_orders, reference
from oms.start_of_day.book import Array, Arrays, Book
from oms.start_of_day.compare import CASH, HOLDINGS, Comparison
from oms.start_of_day.figures import day_of, days, next_weekday
from oms.start_of_day.files import MAX_FAULTS, Fault, Progress, SourceFile, read_file
from oms.start_of_day.layouts import KINDS, REQUIRED, SEVERAL, columns
from oms.start_of_day.report import Break, FileLine, Report

SOD_KINDS = {"cash": ENUMS["SodKind"]["cash"], "holdings": ENUMS["SodKind"]["holdings"]}
SESSION_OPEN = ENUMS["SessionState"]["open"]


@dataclass(frozen=True)
class Settings:
    """How a start of day is run. business_date: the date that begins; None = the next weekday after as_of.

    settle: what is due by as_of counts as settled; False where settlement batches of their own say so. supersede: a
    file may correct an earlier one of the same date and source; by: the named operator who answers for the run.
    """

    business_date: date | None = None
    settle: bool = True
    supersede: bool = False
    by: str = ""
    owner: int = 0


@dataclass
class Plan:
    """The outcome of `prepare`; `report` is all there is when a file was refused."""

    report: Report
    settings: Settings
    book: Book
    as_of: int = 0
    user: int = 0
    accounts: reference.Definitions | None = None
    instruments: reference.Definitions | None = None
    loads: list[SourceFile] = field(default_factory=list)  # not loaded before
    lists: list[SourceFile] = field(default_factory=list)
    closing: dict[int, str] = field(default_factory=dict)  # account number -> why it stays closed
    confirming: list[int] = field(default_factory=list)  # row of accounts whose corrected figure confirms what is open
    business_date: int = 0
    done: bool = False  # this very start of day has been run to its end before


def find_files(folder: int) -> dict[str, list[str]]:
    """The files of a directory by kind. Raises OmsError for one that is missing or of no kind."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".csv"):
            continue
        kind, dash, _ = name.removesuffix(".csv").partition("-")
        if kind not in KINDS or (dash and kind not in SEVERAL):
            raise OmsError(f"{name} is no start-of-day file", remedy=f"the files are {', '.join(KINDS)}.csv")
        found[kind].append(name)
    if missing := [f"{kind}.csv" for kind in REQUIRED if not found[kind]]:
        raise OmsError(f"no {' and no '.join(missing)}", remedy="absent never means zero: deliver every file")
    return found


def prepare(
    directory: Path, arrays: Arrays, settings: Settings | None = None, progress: Progress | None = None
) -> Plan:
    """Read and compare. Raises OmsError when the run cannot even be judged: no file, no such operator, market open."""
    run = _Run(Book(arrays, (settings or Settings()).owner), settings or Settings(), progress)
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            names = find_files(folder)
        except OmsError as error:
            raise OmsError(error.what, where=str(directory), remedy=error.remedy) from None
        return run.plan(folder, names)
    finally:
        os.close(folder)


class _Run:
    def __init__(self, book: Book, settings: Settings, progress: Progress | None) -> None:
        self.book, self.settings, self.progress = book, settings, progress
        self.report = Report()
        self.undefined = True
        self.result = Plan(self.report, settings, book)

    def plan(self, folder: int, names: dict[str, list[str]]) -> Plan:
        self.check_state()
        accounts, instruments = (self.read(folder, kind, names)[0] for kind in ("accounts", "instruments"))
        if accounts.good and instruments.good:
            accounts, instruments = self.define(accounts, instruments)
        positions = {kind: self.read(folder, kind, names) for kind in SEVERAL}
        files = [accounts, instruments, *(file for kind in SEVERAL for file in positions[kind])]
        files = [file.refused_for(self.date_faults(file, files)) for file in files]
        files = [file.refused_for(self.history_faults(file, files)) for file in files]
        if all(file.good for file in files):
            by_kind = {kind: [file for file in files if file.kind == kind] for kind in SEVERAL}
            files = self.judge(by_kind, files)
        self.finish(files)
        return self.result

    def check_state(self) -> None:
        """The state of our side that a start of day needs."""
        exchanges = self.book.arrays["exchange"]
        if len(still := np.flatnonzero(exchanges["session_state"] == SESSION_OPEN)):
            mic = exchanges["mic"][still[0]].decode()
            raise OmsError(f"the session of {mic} is open", remedy="run the start of day before trading begins")
        if self.settings.by:
            self.result.user = self.book.user(self.settings.by)
            if not self.result.user:
                raise OmsError(f"there is no active user {self.settings.by!r}", remedy="--by names an operator")
        if self.settings.supersede and not self.settings.by:
            raise OmsError("--supersede needs a named operator", remedy="add --by USER")

    def read(self, folder: int, kind: str, names: dict[str, list[str]]) -> list[SourceFile]:
        wanted = columns(kind, self.book.codes())
        if self.undefined and kind in SEVERAL:  # what a refused file would have defined is no fault of the others
            wanted = [replace(one, may_be_unknown=one.may_be_unknown or one.name == "instrument") for one in wanted]
        return [read_file(folder, name, kind, wanted, self.progress) for name in names[kind]]

    def define(self, accounts: SourceFile, instruments: SourceFile) -> tuple[SourceFile, SourceFile]:
        """From here on, the files may name what these two define."""
        mine = reference.account_definitions(accounts, self.book)
        theirs = reference.instrument_definitions(instruments, self.book)
        self.result.accounts, self.result.instruments = mine, theirs
        if not mine.faults and not theirs.faults:
            self.book = self.result.book = reference.extended(self.book, mine, theirs)
            self.undefined = False
        return accounts.refused_for(mine.faults), instruments.refused_for(theirs.faults)

    def date_faults(self, file: SourceFile, files: Sequence[SourceFile]) -> list[Fault]:
        """All files describe the end of the same date, and it is the one that has to be loaded now."""
        first = next((other.control for other in files if other.control), None)
        if file.control is None or first is None:
            return []
        as_of, ours = file.control.as_of, int(self.book.arrays["firm"]["business_date"][1])
        target = self.settings.business_date or next_weekday(first.as_of)
        self.result.as_of, self.result.business_date = days(first.as_of), days(target)
        self.report.as_of, self.report.business_date = str(first.as_of), str(target)
        reason = ""
        if as_of != first.as_of:
            reason = f"as_of is {as_of}, that of {files[0].name} {first.as_of}"
        elif target <= as_of:
            reason = f"as_of {as_of} is not before the business date {target}"
        elif self.loaded(file):
            reason = ""
        elif ours and days(target) < ours:
            reason = f"as_of {as_of} is over: the business date is {day_of(ours)} already"
        elif ours and days(as_of) != ours and days(target) != ours:
            reason = f"as_of {as_of} does not end the business date {day_of(ours)}"
        return [Fault(file.name, 1, "as_of", reason, str(as_of))] if reason else []

    def loaded(self, file: SourceFile) -> bool:
        """Was this very file loaded before?"""
        table = self.book.arrays["load"]
        return bool(file.digest) and bool(np.any(np.all(table["digest"] == list(file.digest), axis=1)))

    def earlier(self, file: SourceFile) -> bool:
        """Was another file of the same kind, date and source loaded before?"""
        if file.kind not in SOD_KINDS or file.control is None:
            return False
        table = self.book.arrays["load"]
        same = (table["kind"] == SOD_KINDS[file.kind]) & (table["as_of"] == days(file.control.as_of))
        sources = [self.book.text(table["source"][row]) for row in np.flatnonzero(same)]
        return file.control.source.encode() in sources

    def history_faults(self, file: SourceFile, files: Sequence[SourceFile]) -> list[Fault]:
        """Of a kind and source there is one file a date, apart from corrections that somebody answers for."""
        before = files[: files.index(file)]
        twin = next((other for other in before if other.kind == file.kind and same_source(other, file)), None)
        if twin:
            return [Fault(file.name, 1, "source", f"{twin.name} is from the same source")]
        if not self.earlier(file) or self.loaded(file) or self.settings.supersede:
            return []
        reason = "another file of this date and source was loaded: a named operator may supersede it (--supersede --by)"
        return [Fault(file.name, 1, "", reason)]

    def judge(self, by_kind: dict[str, list[SourceFile]], files: list[SourceFile]) -> list[SourceFile]:
        """Compare; the last faults are those that only show across rows and files."""
        theirs = {kind: compare.positions(kind, by_kind[kind.name]) for kind in (CASH, HOLDINGS)}
        faults = [fault for found in theirs.values() for fault in found.faults]
        faults += [fault for file in by_kind["open_orders"] for fault in open_orders.list_faults(file, self.book)]
        if faults:
            return [file.refused_for([fault for fault in faults if fault.file == file.name]) for file in files]
        assert self.result.accounts is not None
        assert self.result.instruments is not None
        fields = reference.account_fields(self.book, self.result.accounts)
        history = compare.accounts_with_history(self.book, len(self.book.account_codes), self.result.as_of)
        breaks = list(self.unlisted(fields))
        counts: Counter[str] = Counter()
        for kind, found in theirs.items():
            ours = compare.our_figures(kind, self.book, self.result.as_of, self.settings.settle)
            outcome = Comparison(kind, by_kind[kind.name], found, ours, self.book, fields, history).outcome()
            breaks += outcome.breaks
            counts[f"{kind.name}_rows"] = outcome.compared
            counts[f"{kind.name}_agreeing"] = outcome.agreeing
            counts[f"{kind.name}_opening"] = outcome.opening
        for file in by_kind["open_orders"]:
            breaks += open_orders.order_breaks(file, self.book)
        self.conclude(by_kind, breaks, counts)
        return files

    def unlisted(self, fields: dict[str, Array]) -> list[Break]:
        """Accounts of ours that the accounts file does not have."""
        missing = ~fields["listed"] & (self.book.account_codes != b"") & (fields["status"] != compare.CLOSED)
        return [
            Break("accounts", "account_absent", self.book.account_codes[number].decode(), closes=number)
            for number in np.flatnonzero(missing).tolist()
        ]

    def conclude(self, by_kind: dict[str, list[SourceFile]], breaks: list[Break], counts: Counter[str]) -> None:
        result, report = self.result, self.report
        assert result.accounts is not None
        assert result.instruments is not None
        positions = [*by_kind["cash"], *by_kind["holdings"]]
        result.loads = [file for file in positions if not self.loaded(file)]
        result.done = not result.loads and result.business_date <= self.book.arrays["firm"]["business_date"][1]
        result.lists = by_kind["open_orders"]
        if result.done:  # what was signed off since is open
            closed = self.book.arrays["account"]["unreconciled"]
            breaks = [entry._replace(closes=entry.closes if closed[entry.closes] else 0) for entry in breaks]
        for entry in breaks:
            if entry.closes:
                result.closing.setdefault(entry.closes, f"{entry.kind} {entry.reason} {entry.item}".strip())
        if self.settings.settle:
            result.confirming = compare.confirmed(self.book, result.as_of, result.closing)
        report.breaks = breaks
        report.counts = {
            "accounts_new": len(result.accounts.new),
            "accounts_changed": result.accounts.changed,
            "instruments_new": len(result.instruments.new),
            "instruments_changed": result.instruments.changed,
            **counts,
            "open_orders": sum(file.rows for file in result.lists),
            "unknown_accounts": sum(file.unknown_count for file in positions),
            "accounts_closed": len(result.closing),
            **{f"breaks_{reason}": count for reason, count in Counter(entry.reason for entry in breaks).items()},
        }

    def finish(self, files: list[SourceFile]) -> None:
        report = self.report
        for file in files:
            state = "refused" if not file.good else "loaded_before" if self.loaded(file) else "new"
            state = "supersedes" if state == "new" and self.earlier(file) else state
            source = file.control.source if file.control else ""
            report.files.append(FileLine(file.name, file.kind, source, file.rows, file.digest.hex(), state))
            report.faults += file.faults[: MAX_FAULTS - len(report.faults)]
            report.fault_count += file.fault_count


def same_source(one: SourceFile, other: SourceFile) -> bool:
    return one.control is not None and other.control is not None and one.control.source == other.control.source
