"""`oms custodian`: a bank or a registry in a box, on the adapter contract, as a process of its own."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from oms.commands import add_command
from oms.commands.console import Console
from oms.commands.peer import add_peer, peer_of

if TYPE_CHECKING:
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    command = add_command(subparsers, "custodian", "run a simulated bank or registry and its adapter", run)
    add_peer(command)
    command.add_argument("--kind", choices=("bank", "registry"), required=True, help="what it keeps: money or stock")
    command.add_argument("--name", required=True, help="the custodian, which is also its feed")
    command.add_argument("--dir", type=Path, required=True, help="what it must not forget; one process at a time")
    command.add_argument("--new-session", action="store_true", help="as after a restart of its own system")
    command.add_argument(
        "--durability", choices=("batch", "none"), default="batch", help="survive the machine, or the process"
    )


def run(args: Namespace) -> int:
    from oms.adapters.custodian import Counter, Custodian

    console = Console(args, args.name)
    url, identity = peer_of(args, args.name)
    custodian = Custodian(args.dir, args.name, args.kind, durable=args.durability == "batch")
    if args.new_session:
        custodian.new_session()
    counter = Counter(custodian)
    console.listen(counter)
    console.say(event="started", **counter.do("status"))
    try:
        console.run_adapter(custodian, url, identity)
    finally:
        custodian.close()
    return 0
