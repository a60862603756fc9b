"""`oms simulator`: an exchange in a box, on the adapter contract, as a process of its own."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from oms.commands import add_command
from oms.commands.console import Console
from oms.commands.peer import add_peer, peer_of

if TYPE_CHECKING:
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
    from oms.adapters.desk import Desk

    console = Console(args, args.exchange)
    if args.join:
        return run_gateway(args, console)
    url, identity = ("", {}) if args.floor else peer_of(args, args.feed or args.exchange)
    simulator = prepare(args)
    desk = Desk(simulator)
    console.listen(desk)
    if args.floor:
        return run_floor(args, simulator, console)
    console.say(event="started", **desk.do("status"))
    try:
        console.run_adapter(simulator, url, identity)
    finally:
        simulator.close()
    return 0


def run_floor(args: Namespace, simulator: "Simulator", console: Console) -> int:
    """The exchange, for gateways to join."""
    from oms.adapters.gateway import Floor

    floor = Floor(simulator, args.floor)
    console.say(event="started", floor=str(args.floor))
    try:
        floor.run(console.stopping)
    finally:
        floor.close()
        simulator.close()
    return 0


def run_gateway(args: Namespace, console: Console) -> int:
    """A feed of an exchange that runs elsewhere; it waits for one that is not there, or has gone."""
    from oms.adapters.gateway import ExchangeGoneError, Gateway

    feed = args.feed or args.exchange
    url, identity = peer_of(args, feed)
    while not console.stopping():
        try:
            gateway = Gateway(args.dir, args.join, feed, durable=args.durability == "batch")
        except ExchangeGoneError:
            console.stop.wait(0.05)
            continue
        console.say(event="joined", instance=gateway.instance)
        try:
            console.run_adapter(gateway, url, identity, open_timeout_s=5.0)
        except ExchangeGoneError as gone:
            console.say(event=str(gone))
        finally:
            gateway.close()
    return 0


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
