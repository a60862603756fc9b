"""`oms simulator`: an exchange in a box, on the adapter contract, as a process of its own."""

import json
import queue
import signal
import sys
import threading
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oms.commands import add_command
from oms.commands.peer import add_peer, peer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from oms.adapters.desk import Desk
    from oms.adapters.simulator import Simulator
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    command = add_command(subparsers, "simulator", "run a simulated exchange and its adapter", run)
    add_peer(command)
    command.add_argument("--exchange", required=True, metavar="MIC", help="which exchange this is")
    command.add_argument("--feed", help="the feed that it serves (default: the MIC)")
    command.add_argument("--dir", type=Path, required=True, help="what it must not forget; one process at a time")
    command.add_argument(
        "--instruments", type=Path, metavar="FILE", help="an instruments file; without one every symbol is listed"
    )
    command.add_argument("--open-orders", type=Path, metavar="FILE", help="orders left from an earlier day")
    command.add_argument("--date", default="", metavar="DATE", help="trade date to open (default: today, UTC)")
    command.add_argument("--closed", action="store_true", help="do not open the session")
    command.add_argument("--new-session", action="store_true", help="as after a restart of the exchange itself")
    command.add_argument("--seed", type=int, default=1, help="of the house's quotes")
    command.add_argument(
        "--house-levels", type=int, default=3, metavar="N", help="price levels that it quotes; 0 = none"
    )
    command.add_argument("--house-ms", type=int, default=1000, metavar="MS", help="how often it quotes")
    command.add_argument("--delay-us", type=int, default=0, metavar="US", help="a request's way to the book")
    command.add_argument("--pending", action="store_true", help="confirm cancels and replaces as pending first")
    command.add_argument("--silent-expiry", action="store_true", help="do not report that day orders expire")
    command.add_argument("--floor", type=Path, metavar="SOCKET", help="the exchange alone: gateways join it here")
    command.add_argument("--join", type=Path, metavar="SOCKET", help="a gateway alone: a feed of the exchange there")
    command.add_argument(
        "--durability", choices=("batch", "none"), default="batch", help="survive the machine, or the process"
    )


def run(args: Namespace) -> int:
    from oms.adapters.contract import Adapter
    from oms.adapters.desk import Desk

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if args.join:
        return run_gateway(args, stop)
    url, identity = ("", {}) if args.floor else peer_of(args, args.feed or args.exchange)
    simulator = prepare(args)
    desk = Desk(simulator)
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(lines,), daemon=True).start()

    def stopping() -> bool:
        while not lines.empty():
            say(args, answer(desk, lines.get()))
        return stop.is_set() or desk.quitting

    if args.floor:
        return run_floor(args, simulator, stopping)
    adapter = Adapter(simulator, url, on_event=lambda text: say(args, {"event": text}), **identity)
    say(args, {"event": "started"} | desk.do("status"))
    try:
        adapter.run(stopping, open_timeout_s=1.0)
    finally:
        simulator.close()
    return 0


def run_floor(args: Namespace, simulator: "Simulator", stopping: "Callable[[], bool]") -> int:
    """The exchange, for gateways to join."""
    from oms.adapters.gateway import Floor

    floor = Floor(simulator, args.floor)
    say(args, {"event": "started", "floor": str(args.floor)})
    try:
        floor.run(stopping)
    finally:
        floor.close()
        simulator.close()
    return 0


def run_gateway(args: Namespace, stop: threading.Event) -> int:
    """A feed of an exchange that runs elsewhere; it waits for one that is not there, or has gone."""
    from oms.adapters.contract import Adapter
    from oms.adapters.gateway import ExchangeGoneError, Gateway

    feed = args.feed or args.exchange
    url, identity = peer_of(args, feed)
    while not stop.is_set():
        try:
            gateway = Gateway(args.dir, args.join, feed, durable=args.durability == "batch")
        except ExchangeGoneError:
            stop.wait(0.05)
            continue
        say(args, {"event": "joined", "instance": gateway.instance})
        try:
            Adapter(gateway, url, on_event=lambda text: say(args, {"event": text}), **identity).run(stop.is_set)
        except ExchangeGoneError as gone:
            say(args, {"event": str(gone)})
        finally:
            gateway.close()
    return 0


def listen(lines: "queue.SimpleQueue[str]") -> None:
    """What the trainer types, until standard input ends."""
    for line in sys.stdin:
        lines.put(line)


def prepare(args: Namespace) -> "Simulator":
    """The exchange as its directory left it, with the session of the day open."""
    from oms.adapters.files import load_listings, load_open_orders
    from oms.adapters.maker import MakerSettings
    from oms.adapters.simulator import Simulator, SimulatorSettings
    from oms.values import to_day

    house = MakerSettings(levels=args.house_levels, interval_ms=args.house_ms)
    settings = SimulatorSettings(
        seed=args.seed,
        delay_us=args.delay_us,
        pending_reports=args.pending,
        report_expiry=not args.silent_expiry,
        house=house,
    )
    listings = load_listings(args.instruments, args.exchange) if args.instruments else None
    simulator = Simulator(args.dir, args.exchange, settings, listings, durable=args.durability == "batch")
    trade_date = to_day(args.date or datetime.now(UTC).date())
    if args.new_session:
        simulator.new_session()
    if not args.closed and trade_date > simulator.exchange.trade_date:
        simulator.command("open", trade_date=trade_date)
    if args.open_orders:
        known = {symbol: book.listing for symbol, book in simulator.exchange.books.items()}
        for order in load_open_orders(args.open_orders, args.exchange, known):
            simulator.carry(order)
    return simulator


def answer(desk: "Desk", line: str) -> dict[str, Any]:
    return {"command": line.strip()} | desk.do(line)


def say(args: Namespace, what: dict[str, Any]) -> None:
    """One line on standard output; help has more than one."""
    if args.json:
        print(json.dumps(what), flush=True)
        return
    words = [str(value) if name in ("event", "error", "help") else f"{name}={value}" for name, value in what.items()]
    print(f"{args.exchange}: " + " ".join(words), flush=True)
