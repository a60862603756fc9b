"""`oms verify [DIR]`: the journal, what it leads to, its snapshots, and every bucket recomputed.

Exit status: 0 all is well, 1 something is wrong.
"""

from argparse import Namespace
from typing import TYPE_CHECKING

from oms.commands import add_command, add_store
from oms.commands.journal_care import add_head_check, check_head, proven

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oms.commands import Subparsers
    from oms.verify import Report


def add(subparsers: "Subparsers") -> None:
    summary = "check the journal, replay it, and recompute every bucket; exit status 1 if anything is wrong"
    command = add_command(subparsers, "verify", summary, run)
    add_store(command)
    add_head_check(command)


def run(args: Namespace) -> int:
    import json

    from oms.look import store_of
    from oms.verify import verify

    store = store_of(args)
    report = verify(store)
    head, problems = (None, []) if report.problems else check_head(store / "journal", args)
    report.problems += problems
    if head and not problems:
        report.notes.append(proven(head, args.public_key is not None))
    print(json.dumps(document(report), indent=2) if args.json else text(report))
    return 0 if report.ok else 1


def document(report: "Report") -> dict[str, object]:
    from oms.look import plain

    found = vars(report) | {"ok": report.ok, "records": str(report.records), "sequence": str(report.sequence)}
    found["findings"] = [
        vars(finding) | {"ours": str(finding.ours), "recomputed": str(finding.recomputed)}
        for finding in report.findings
    ]
    found["balances"] = [plain(vars(balance)) for balance in report.balances]
    return found


def text(report: "Report") -> str:
    counts = ", ".join(f"{count} {name}s" for name, count in report.rows.items())
    lines = [
        f"{report.directory}: {'ok' if report.ok else 'NOT OK'}{', live' if report.live else ''}",
        f"  journal    {report.records} records, chain {report.chain[:16]}…",
        f"  state      sequence {report.sequence}, hash {report.state_hash[:16]}…" if report.state_hash else "",
        f"  snapshots  {', '.join(report.snapshots)}: each leads to the same state" if report.snapshots else "",
        f"  recomputed {counts}: {report.findings_count} differ" if report.rows else "",
        *(f"  {line}" for line in sides(report)),
        f"  took       {report.seconds:.2f} s",
        *(f"  note: {note}" for note in report.notes),
        *(f"  WRONG: {problem}" for problem in report.problems),
    ]
    return "\n".join(line for line in lines if line)


def sides(report: "Report") -> "Iterator[str]":
    """Double entry: per currency all sides of its postings, and that they add up to nothing; of instruments their
    number, and those that do not."""
    from oms.look import text as shown

    money = [balance for balance in report.balances if balance.of == "currency"]
    stock = [balance for balance in report.balances if balance.of == "instrument"]
    listed = [*money, *(balance for balance in stock if balance.sum)]
    if not report.balances:
        return
    yield "double entry"
    for balance in listed:
        yield f"  {balance.item}: " + ", ".join(f"{name} {shown(figure)}" for name, figure in balance.sides.items())
        outside = ", ".join(f"{name} {shown(figure)}" for name, figure in balance.outside.items())
        yield f"    external is {outside or 'nothing'}; the sum of all sides is {shown(balance.sum)}"
    yield f"  {len(stock)} instruments: the units of {sum(not balance.sum for balance in stock)} sum to zero"
