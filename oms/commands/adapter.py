"""`oms adapter check`: tries an adapter against the contract, without an OMS."""

import json
from argparse import Namespace
from typing import TYPE_CHECKING

from oms.commands import add_command, add_group

if TYPE_CHECKING:
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    actions = add_group(
        subparsers,
        "adapter",
        "test an adapter",
        "Adapters join the OMS to exchanges: docs/reference/adapter-protocol.md.",
    )
    command = add_command(actions, "check", "listen as the OMS would, and try the adapter that connects", run)
    command.add_argument("--url", required=True, help="where to listen, such as ipc:///tmp/check/XASX.sock")
    command.add_argument("--name", required=True, help="the endpoint's name, which the adapter has to give")
    command.add_argument("--environment", default="test", help="what the adapter has to give (default: test)")
    command.add_argument("--symbol", required=True, help="what to send an order in; it is cancelled again")
    command.add_argument("--price", required=True, help="of a buy order that rests, far from the market")
    command.add_argument("--qty", default="1", help="of the order (default: 1)")
    command.add_argument("--price-exponent", type=int, default=4, help="decimals of its prices (default: 4)")
    command.add_argument("--quantity-exponent", type=int, default=0, help="decimals of its quantities (default: 0)")
    command.add_argument("--timeout", type=float, default=15.0, metavar="S", help="for each step (default: 15)")


def run(args: Namespace) -> int:
    from oms.adapters.check import Probe, check
    from oms.values import to_units

    probe = Probe(
        args.symbol,
        to_units(args.price, args.price_exponent, "price"),
        to_units(args.qty, args.quantity_exponent, "qty"),
        args.price_exponent,
        args.quantity_exponent,
    )
    outcomes = []
    for outcome in check(args.url, args.name, args.environment, probe, args.timeout):
        outcomes.append(outcome)
        if not args.json:
            print(f"{'kept  ' if outcome.kept else 'BROKEN'}  it {outcome.rule}", flush=True)
            if outcome.fault:
                print(f"        {outcome.fault}", flush=True)
    if args.json:
        print(json.dumps([{"rule": outcome.rule, "fault": outcome.fault} for outcome in outcomes], indent=2))
    return 0 if all(outcome.kept for outcome in outcomes) else 1
