"""`oms snapshot [DIR]`: writes a snapshot of what is committed, beside the live process or at rest, and verifies it.

A process of its own replays the journal behind the newest snapshot; the live one is not disturbed.
"""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from oms.commands import add_command, add_store
from oms.errors import OmsError

if TYPE_CHECKING:
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    command = add_command(subparsers, "snapshot", "write a snapshot, so that the next start is short", run)
    add_store(command)
    command.add_argument("--keep", type=int, metavar="N", help="delete all but the newest N (default: as configured)")
    command.add_argument(
        "--verify", type=Path, metavar="FILE", help="only load this snapshot, and say whether it is good"
    )


def run(args: Namespace) -> int:
    import json
    import os
    import time

    from oms import config, snapshot
    from oms.commands.follower import GIVES_WAY
    from oms.look import store_of
    from oms.replica import Replica

    if args.keep is not None and args.keep < 1:
        raise OmsError(f"at least one snapshot is kept, not {args.keep}", where="--keep")
    if args.verify is not None:
        os.nice(GIVES_WAY)
        verified = snapshot.verify(args.verify)
        good = {"path": str(verified.path), "sequence": str(verified.sequence), "state_hash": verified.state_hash}
        print(json.dumps(good, indent=2) if args.json else f"{verified.path}: sequence {verified.sequence}, verified")
        return 0
    directory = store_of(args)
    found = config.load(args.config) if args.config else config.find(directory)
    kept = args.keep or (found or config.Config()).store.snapshots_kept
    replica = Replica(directory)
    began = time.monotonic()
    written = replica.write_snapshot(kept)
    seconds = time.monotonic() - began
    snapshot.verify(written.path)
    if args.json:
        facts = {"path": str(written.path), "sequence": str(written.sequence), "bytes": written.bytes}
        facts |= {"state_hash": written.state_hash, "replayed": replica.records}
        facts |= {"refused": [refused.where for refused in replica.refused]}
        print(json.dumps(facts | {"replay_seconds": replica.seconds, "write_seconds": seconds}, indent=2))
    else:
        print(f"{written.path}: sequence {written.sequence}, {written.bytes:,} bytes in {seconds:.2f} s, verified")
    return 0
