"""`oms journal export|head|keygen|archive|repair`: the audit trail in words, its proof, and its keeping."""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from oms.commands import add_command, add_store
from oms.errors import OmsError

if TYPE_CHECKING:
    from oms.chain_head import Head
    from oms.commands import Subparsers

TELL_EVERY = 50_000


def add(actions: "Subparsers") -> None:
    export = add_command(actions, "export", "its records in words, one JSON object a line", run_export)
    add_store(export)
    export.add_argument("--from", dest="first", metavar="MOMENT", help="sequence or time (UTC) to begin at")
    export.add_argument("--to", dest="last", metavar="MOMENT", help="sequence or time to end with")
    export.add_argument(
        "--type", action="append", default=[], metavar="RECORD", help="only these records, such as Settle"
    )
    export.add_argument("--account", default="", metavar="CODE", help="only what names this account")
    export.add_argument("--out", type=Path, metavar="FILE", help="write to a new file, with progress on standard error")
    head = add_command(actions, "head", "verify it and write the head of its chain, to be kept elsewhere", run_head)
    add_store(head)
    head.add_argument("--key", type=Path, metavar="FILE", help="sign it with this Ed25519 key")
    head.add_argument("--out", type=Path, metavar="FILE", help="write to a new file (default: standard output)")
    keygen = add_command(actions, "keygen", "make a key that signs chain heads, in FILE and FILE.pub", run_keygen)
    keygen.add_argument("file", type=Path, metavar="FILE")
    archive = add_command(actions, "archive", "move segments that verified snapshots stand in for", run_archive)
    add_store(archive)
    archive.add_argument("--to", type=Path, metavar="DIR", help="where to (default: [store] archive)")
    repair = add_command(actions, "repair", "put it right from a copy; sets aside what is replaced", run_repair)
    add_store(repair)
    repair.add_argument(
        "--from", dest="source", type=Path, required=True, metavar="DIR", help="a copy of this journal, or of its store"
    )


def add_head_check(command: ArgumentParser) -> None:
    """The options of what compares a journal with a head."""
    command.add_argument(
        "--head", type=Path, metavar="FILE", help="prove that nothing before this chain head was changed"
    )
    command.add_argument("--public-key", type=Path, metavar="FILE", help="check the head's signature, too")


def check_head(journal: Path, args: Namespace) -> tuple["Head | None", list[str]]:
    """The head that the options name, and what is wrong by it."""
    from oms import chain_head

    if args.head is None:
        if args.public_key:
            raise OmsError("there is no signature to check", where="--public-key", remedy="name a head: --head FILE")
        return None, []
    head = chain_head.load(args.head)
    problems = chain_head.check_signature(head, args.public_key) if args.public_key else []
    return head, problems + chain_head.check(journal, head)


def proven(head: "Head", checked: bool) -> str:
    signed = (
        "" if not head.signature else ", signature good" if checked else ", signature not checked: give --public-key"
    )
    return f"nothing up to sequence {head.sequence} of {head.day} was changed, removed or moved{signed}"


def store_in(args: Namespace) -> Path:
    """The store's directory, also when its journal is named."""
    from oms.look import store_of

    directory = store_of(args)
    return directory if (directory / "journal").is_dir() else directory.parent


def journal_in(directory: Path) -> Path:
    """The journal's directory, by itself or by the store's."""
    return directory / "journal" if (directory / "journal").is_dir() else directory


def create(path: Path, text: str = "") -> None:
    try:
        with path.open("x") as file:
            file.write(text)
    except FileExistsError:
        raise OmsError("there is a file already", where=str(path), remedy="name another one") from None


def run_export(args: Namespace) -> int:
    from oms.journal_export import export
    from oms.moment import EVER, moment

    first = moment(args.first) if args.first else EVER
    last = moment(args.last) if args.last else EVER
    found = export(store_in(args), first, last, args.type, args.account)
    if args.out is None:
        for record in found:
            print(json.dumps(record))
        return 0
    create(args.out)  # empty until all of it is there
    aside, count = args.out.with_name(f"{args.out.name}.part"), 0
    try:
        with aside.open("w") as out:
            for count, record in enumerate(found, 1):
                out.write(json.dumps(record) + "\n")
                if count % TELL_EVERY == 0:
                    print(f"oms: {count} records, at sequence {record['sequence']}", file=sys.stderr)
    except BaseException:  # the name is free for the next try
        aside.unlink(missing_ok=True)
        args.out.unlink()
        raise
    aside.replace(args.out)
    print(json.dumps({"records": count, "file": str(args.out)}) if args.json else f"{count} records in {args.out}")
    return 0


def run_head(args: Namespace) -> int:
    from oms import chain_head

    head = chain_head.take(store_in(args) / "journal")
    if args.key:
        head = chain_head.sign(head, args.key)
    if args.out is None:
        print(head.text(), end="")
        return 0
    create(args.out, head.text())
    told = {"file": str(args.out), "sequence": head.sequence, "day": head.day, "signed": bool(head.signature)}
    print(json.dumps(told) if args.json else f"{args.out}: up to sequence {head.sequence} of {head.day}")
    return 0


def run_keygen(args: Namespace) -> int:
    from oms.chain_head import make_keys

    public = make_keys(args.file)
    print(json.dumps({"key": str(args.file), "public": str(public)}) if args.json else f"{args.file} and {public}")
    return 0


def run_archive(args: Namespace) -> int:
    from oms import config
    from oms.archive import archive

    store = store_in(args)
    found = config.load(args.config) if args.config else config.find(store)
    to = args.to or (found and found.archive)
    if not to:
        raise OmsError("no archive is named", where=str(store), remedy="give --to DIR, or set [store] archive")
    names = archive(store, to)
    if args.json:
        print(json.dumps({"archive": str(to), "segments": names}))
    else:
        print(
            f"{len(names)} segments moved to {to}" if names else "no segment may go: `oms snapshot` makes room for it"
        )
    return 0


def run_repair(args: Namespace) -> int:
    from dataclasses import asdict

    from oms.journal_repair import repair

    source = journal_in(args.source)
    if not any(source.glob("*.journal")):
        raise OmsError(
            "there is no copy of a journal", where=str(source), remedy="name the directory of one: --from DIR"
        )
    done = repair(store_in(args) / "journal", source)
    if args.json:
        print(json.dumps(asdict(done), indent=2))
        return 0
    if not done.taken and not done.dropped:
        print(f"the journal is sound up to sequence {done.last}, and the copy has no more")
        return 0
    print(f"the journal is sound again, up to sequence {done.last}")
    for title, value in (
        ("was", done.damage or "shorter than the copy"),
        ("taken from the copy", ", ".join(done.taken)),
        ("did not belong here", ", ".join(done.dropped)),
        ("set aside in", done.set_aside),
    ):
        if value:
            print(f"  {title}: {value}")
    print("  next: oms verify")
    return 0
