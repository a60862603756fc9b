"""`oms sod check|load DIR` and `oms sod sign-off ACCOUNT…`: the start of day, of a running process or a store at rest.

A running process is asked over the session of an operator, who answers for it: the one that --by names, else the first.

Exit status: 0 all is well, 1 a file was refused and nothing is loaded, or another error, 3 some accounts stay closed.
"""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic, time_ns
from typing import TYPE_CHECKING, NamedTuple

from oms.commands import add_command, add_group
from oms.errors import OmsError

if TYPE_CHECKING:
    from oms.calendars import Change
    from oms.commands import Subparsers
    from oms.engine import Engine
    from oms.start_of_day.book import Arrays
    from oms.start_of_day.report import Report

PROGRESS_SECONDS = 0.5
RUNNING_TIMEOUT_S = 60.0  # for one batch: the commit of a large file is one


def add(subparsers: "Subparsers") -> None:
    actions = add_group(
        subparsers,
        "sod",
        "start of day: check and load the files of other systems",
        "Start of day: check and load the files of banks, registries, exchanges and the CRM.",
    )
    for name, summary in (
        ("check", "read and compare, change nothing (a dry run)"),
        ("load", "read, compare, load: every file, or none of them"),
    ):
        command = add_command(actions, name, summary, run)
        command.set_defaults(action=_load, dry_run=name == "check")
        _add_files(command)
        if name == "load":
            command.add_argument("--dry-run", action="store_true", help="the same as check")
    command = add_command(actions, "sign-off", "open accounts that start of day has closed", run)
    command.set_defaults(action=_sign_off)
    command.add_argument("accounts", nargs="+", metavar="ACCOUNT")
    command.add_argument("--by", required=True, metavar="USER", help="the operator who answers for it")
    command.add_argument("--reason", default="", help="why they may trade; kept in the journal")
    _add_store(command)


def _add_store(command: ArgumentParser) -> None:
    command.add_argument(
        "--dir",
        dest="store",
        type=Path,
        default=Path(),
        metavar="STORE",
        help="where oms.toml and journal/ are (default: here)",
    )


def _add_files(command: ArgumentParser) -> None:
    command.add_argument("files", type=Path, metavar="DIR", help="the directory that the files were delivered to")
    _add_store(command)
    command.add_argument("--date", type=_day, metavar="DATE", help="business date that begins (default: next weekday)")
    command.add_argument("--by", default="", metavar="USER", help="the operator who answers for it")
    command.add_argument("--supersede", action="store_true", help="a file may correct an earlier one; needs --by")
    command.add_argument(
        "--no-settle", action="store_true", help="what is due moves by settlement batches of its own, not now"
    )
    command.add_argument("--report", type=Path, metavar="FILE", help="also write the breaks as CSV")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date such as 2026-11-23") from None


def run(args: Namespace) -> int:
    status: int = args.action(args)
    return status


def _load(args: Namespace) -> int:
    from oms.start_of_day.plan import Settings, prepare
    from oms.start_of_day.run import carry_out

    progress = _progress() if sys.stderr.isatty() else None
    if args.dry_run:
        settings = Settings(args.date, not args.no_settle, args.supersede, args.by)
        arrays = _copy(args.store)
        plan = prepare(args.files, arrays, settings, progress)
        _tell(plan.report, args, _calendar_days(args.store, arrays))
        return plan.report.status
    with _target(args) as target:
        settings = Settings(args.date, not args.no_settle, args.supersede, target.by)
        plan = prepare(args.files, target.arrays(), settings, progress)
        days = _calendar_days(args.store, target.arrays())
        _tell(plan.report, args, days)
        if days and not plan.report.fault_count:
            user = plan.user
            target.sink(b"".join(day.record(user) for day in days))
        carry_out(plan, target.sink, target.arrays, progress)
        _configure(args.store, target, plan.user)
    return plan.report.status


def _configure(store: Path, target: "Target", user: int) -> None:
    """Sets what the configuration says of accounts and instruments that the files have brought."""
    from oms import config, configured

    found = config.find(store)
    if found is None:
        return
    missing = configured.missing(found, target.arrays(), user)
    if missing.records:
        target.sink(b"".join(missing.records))
    if missing.unknown:
        raise OmsError(
            f"all is loaded, but nothing is called so: {', '.join(missing.unknown)}",
            where=found.path,
            remedy="correct the name, or have the files bring it",
        )


class Target(NamedTuple):
    """What is loaded. by: who answers for it; sink: applies a batch of records; arrays: the tables as they are now."""

    by: str
    sink: Callable[[bytes], int]
    arrays: "Callable[[], Arrays]"


@contextmanager
def _target(args: Namespace) -> Iterator[Target]:
    """The process that serves the store, over an operator's session; where there is none, the store itself."""
    from oms import config
    from oms.operator_client import Operator, endpoint_of
    from oms.schema import TABLES
    from oms.server import live

    found = config.find(args.store)
    if found is None or live(found.directory) is None:
        with _open(args.store) as engine:
            yield Target(args.by, engine.apply_batch, engine.arrays)
        return
    with Operator(found, endpoint_of(found, args.by) if args.by else "", RUNNING_TIMEOUT_S) as operator:
        views = operator.views
        yield Target(
            operator.user, operator.apply_batch, lambda: {table.name: views.rows(table.name) for table in TABLES}
        )


def _open(store: Path) -> "Engine":
    """The engine of a directory at rest, with the reference data of its configuration, if one lies there."""
    from oms import config
    from oms.engine import Engine

    found = config.find(store)
    if found is None and not (store / "journal").is_dir():
        raise OmsError(
            "there is no journal and no oms.toml", where=str(store), remedy="name their directory with --dir"
        )
    settings = found or config.Config()
    directory = found.directory if found else store
    engine = Engine(
        settings.capacities,
        journal=directory / "journal",
        snapshots=directory / "snapshots",
        durability=settings.store.durability,
        segment_bytes=settings.store.segment_bytes,
        clock=time_ns,
    )
    config.define(engine, settings)
    return engine


def _copy(store: Path) -> "Arrays":
    """The tables of a private copy: of a directory at rest, of a running process, or as a configuration begins."""
    from oms import config
    from oms.engine import Engine
    from oms.replica import Replica
    from oms.schema import TABLES

    found = config.find(store)
    directory = found.directory if found else store
    if found is None or (directory / "journal").is_dir():
        replica = Replica(directory)
        return {table.name: replica.rows(table.name) for table in TABLES}
    engine = Engine(found.capacities)
    config.define(engine, found)
    return engine.arrays()


def _calendar_days(store: Path, arrays: "Arrays") -> "list[Change]":
    """Holidays that the calendars of the configuration change, from tomorrow on."""
    from oms import calendars, config

    found = config.find(store)
    return calendars.changes(found, arrays, datetime.now(UTC).date()) if found else []


def _tell(report: "Report", args: Namespace, days: "list[Change]") -> None:
    """The report, before anything is done."""
    from oms.calendars import in_words

    if args.report:
        with open(args.report, "w", newline="") as out:
            report.write_csv(out)
    if args.json:
        told = {"dry_run": args.dry_run, "holidays": [day.as_dict() for day in days]}
        print(json.dumps(report.as_dict() | told, indent=2))
    else:
        print("\n".join(filter(None, (report.text(), in_words(days)))))


def _progress() -> Callable[[str, int, int], None]:
    """A line on the terminal that says how far a file is."""
    shown = 0.0

    def tell(name: str, done: int, total: int) -> None:
        nonlocal shown
        if monotonic() - shown > PROGRESS_SECONDS or done == total:
            shown = monotonic()
            print(f"\r{name}: {100 * done // max(total, 1)} %\033[K", end="", file=sys.stderr, flush=True)
            if done == total:
                print("\r\033[K", end="", file=sys.stderr, flush=True)

    return tell


def _sign_off(args: Namespace) -> int:
    from oms.start_of_day.run import sign_off

    with _target(args) as target:
        opened = sign_off(args.accounts, args.by, args.reason, target.sink, target.arrays())
    already = [code for code in args.accounts if code not in opened]
    if args.json:
        print(json.dumps({"opened": opened, "open_already": already}))
    else:
        print("\n".join([f"{code}: open" for code in opened] + [f"{code}: was open already" for code in already]))
    return 0
