"""`oms replay [DIR]`: applies the whole journal to a fresh engine, and tells how fast it went and where it led."""

from argparse import Namespace
from typing import TYPE_CHECKING

from oms.commands import add_command, add_store
from oms.errors import OmsError

if TYPE_CHECKING:
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    command = add_command(subparsers, "replay", "apply the whole journal to a fresh engine", run)
    add_store(command)
    command.add_argument("--to", type=int, metavar="SEQUENCE", help="stop behind this record (default: all)")


def run(args: Namespace) -> int:
    import json

    from oms.look import store_of
    from oms.moment import EVER, Moment
    from oms.replica import Replica

    if args.to is not None and args.to < 1:
        raise OmsError(f"a sequence is a number from 1 on, not {args.to}", where="--to")
    replica = Replica(store_of(args), use_snapshots=False, to=Moment(args.to) if args.to else EVER)
    if args.to is not None and replica.sequence < args.to:
        raise OmsError(f"the journal ends at sequence {replica.sequence}", where=str(replica.journal))
    found = {
        "records": str(replica.records),
        "sequence": str(replica.sequence),
        "seconds": round(replica.seconds, 6),
        "records_per_second": round(replica.records / max(replica.seconds, 1e-9)),
        "state_hash": replica.state_hash(),
    }
    if args.json:
        print(json.dumps(found, indent=2))
    else:
        print("\n".join(f"{name:<20}{value}" for name, value in found.items()))
    return 0
