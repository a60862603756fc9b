"""`oms journal stat|verify|dump [DIR]`: what a journal holds, whether it is whole, and its records as they are.

It only reads, also beside a running process. DIR is the journal's directory or the one above it. The other actions are
in journal_care.
"""

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oms.commands import add_command, add_group, add_store, journal_care
from oms.errors import OmsError

if TYPE_CHECKING:
    from oms.commands import Subparsers
    from oms.journal import Report


def add(subparsers: "Subparsers") -> None:
    actions = add_group(subparsers, "journal", "look into a journal", "Look into a journal.")
    for name, summary, action in (
        ("stat", "how large it is and how far it is committed, from its headers and marks", _stat),
        ("verify", "check every byte: checksums, sequence, chain, marks; exit status 1 if anything is wrong", _verify),
        ("dump", "print its records, verified", _dump),
    ):
        command = add_command(actions, name, summary, run)
        command.set_defaults(action=action)
        add_store(command)
        if action is not _stat:
            command.add_argument(
                "--from", dest="first", type=int, default=1, metavar="N", help="sequence to begin at (default 1)"
            )
        if action is _verify:
            journal_care.add_head_check(command)
        if action is _dump:
            command.add_argument("--to", dest="last", type=int, metavar="N", help="sequence to end with (default all)")
    journal_care.add(actions)


def run(args: Namespace) -> int:
    from oms.look import store_of

    for name in ("first", "last"):
        if (value := getattr(args, name, None)) is not None and value < 1:
            raise OmsError(f"a sequence is a number from 1 on, not {value}", where=f"--{name.replace('first', 'from')}")
    directory = journal_care.journal_in(args.directory or store_of(args))
    if not any(directory.glob("*.journal")):
        raise OmsError(
            "there is no journal", where=str(directory), remedy="name the directory that holds 00000001.journal"
        )
    status: int = args.action(args, directory)
    return status


def _stat(args: Namespace, directory: Path) -> int:
    from oms.journal import stat

    found = stat(directory)
    if args.json:
        print(json.dumps(found | {"last": str(found["last"])}, indent=2))
    else:
        print("\n".join(f"{name:<12} {value}" for name, value in found.items()))
    return 0


def _verify(args: Namespace, directory: Path) -> int:
    from oms.journal import verify

    report = verify(directory, args.first)
    head, problems = (None, []) if report.damage else journal_care.check_head(directory, args)
    if args.json:
        print(json.dumps(_document(report) | {"head": problems if head else None}, indent=2))
    else:
        print(_text(report))
        proven = journal_care.proven(head, args.public_key is not None) if head and not problems else ""
        print(
            "\n".join([*([f"  {proven}"] if proven else []), *(f"  WRONG: {problem}" for problem in problems)]), end=""
        )
        print("\n" if head else "", end="")
    return 0 if report.ok and not problems else 1


def _document(report: "Report") -> dict[str, Any]:
    damage = report.damage
    found = asdict(replace(report, damage=None)) | {
        "ok": report.ok,
        "first": str(report.first),
        "last": str(report.last),
    }
    found["damage"] = damage and {
        "file": str(damage.file),
        "offset": damage.offset,
        "sequence": str(damage.sequence),
        "reason": damage.reason,
        "advice": damage.advice,
    }
    return found


def _text(report: "Report") -> str:
    state = "ok" if report.ok else "DAMAGED"
    lines = [
        f"journal {report.directory}: {state}{', live' if report.live else ''}",
        f"  {report.records} records ({report.first} to {report.last}) in {report.commits} batches"
        f" and {report.segments} segments",
        f"  chain {report.chain_head}",
    ]
    if tail := report.torn_tail:
        lines.append(f"  {tail}")
    lines += [f"  {mark}" for mark in report.bad_marks]
    return "\n".join([*lines, *([str(report.damage)] if report.damage else [])])


def _dump(args: Namespace, directory: Path) -> int:
    records = _records(directory, args.first, args.last)
    if args.json:
        comma = "[\n"
        for raw in records:
            print(f"{comma}{json.dumps(_plain(raw))}", end="")
            comma = ",\n"
        print("[]" if comma == "[\n" else "\n]")
    else:
        for raw in records:
            print(_line(raw))
    return 0


def _records(directory: Path, first: int, last: int | None) -> Iterator[bytes]:
    from oms.journal import read

    for raw in read(directory, first):
        if last is not None and int.from_bytes(raw[8:16], "little") > last:
            return
        yield raw


def _plain(raw: bytes) -> dict[str, Any]:
    """A record as JSON carries it: numbers of 64 bits as text, FIX characters as such, what is not set as null."""
    from oms import records, schema

    try:
        name, values = records.decode(raw)
    except records.RecordError:  # of another version of the catalogue
        template = int.from_bytes(raw[24:26], "little")
        sequence, time_ns = (int.from_bytes(raw[at : at + 8], "little") for at in (8, 16))
        return {"record": template, "sequence": str(sequence), "time_ns": str(time_ns), "hex": raw.hex()}
    types = {field.name: field.type for field in (*records.FRAME.fields, *records.BY_NAME[name].fields)}

    def plain(value: Any, type_: str) -> Any:
        if isinstance(value, list):
            return [plain(item, type_) for item in value]
        if value == schema.NULL_I64:
            return None
        if type_ == "char":
            return chr(value) if value else None
        return str(value) if type_ in schema.SCALARS and schema.SCALARS[type_][1] == 8 else value

    return {"record": name} | {
        field: plain(value, records.split_type(types.get(field, "text"))[0]) for field, value in values.items()
    }


def _line(raw: bytes) -> str:
    """A record on one line; fields that are empty or zero are left out."""
    found = _plain(raw)
    time_ns = int(found.pop("time_ns"))
    time = datetime.fromtimestamp(time_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    head = f"{found.pop('sequence'):>10}  {time}.{time_ns % 10**9:09}Z  {found.pop('record')}"
    return " ".join([head, *(f"{name}={value}" for name, value in found.items() if value not in ("", "0", 0, None))])
