"""`oms custodian`: a bank or a registry in a box, on the adapter contract, as a process of its own."""

import json
import queue
import signal
import threading
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oms.commands import add_command
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
    from oms.adapters.contract import Adapter
    from oms.adapters.custodian import Counter, Custodian
    from oms.commands.simulator import listen

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    url, identity = peer_of(args, args.name)
    custodian = Custodian(args.dir, args.name, args.kind, durable=args.durability == "batch")
    if args.new_session:
        custodian.new_session()
    counter = Counter(custodian)
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(lines,), daemon=True).start()

    def stopping() -> bool:
        while not lines.empty():
            line = lines.get()
            say(args, {"command": line.strip()} | counter.do(line))
        return stop.is_set() or counter.quitting

    adapter = Adapter(custodian, url, on_event=lambda text: say(args, {"event": text}), **identity)
    say(args, {"event": "started"} | counter.do("status"))
    try:
        adapter.run(stopping, open_timeout_s=1.0)
    finally:
        custodian.close()
    return 0


def say(args: Namespace, what: dict[str, Any]) -> None:
    """One line on standard output."""
    if args.json:
        print(json.dumps(what), flush=True)
        return
    words = [str(value) if name in ("event", "error", "help") else f"{name}={value}" for name, value in what.items()]
    print(f"{args.name}: " + " ".join(words), flush=True)
