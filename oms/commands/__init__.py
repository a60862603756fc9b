"""The commands of `oms`: one module each, with `add(subparsers)` and `run(args) -> int`.

A module imports what is heavy inside `run`, so that `oms --help` answers at once.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Subparsers = _SubParsersAction[ArgumentParser]

# Command -> module of this package; a module may add several commands.
COMMANDS: dict[str, str] = {
    "demo": "demo",
    "serve": "serve",
    "sod": "sod",
    "auth": "auth",
    "control": "control",
    "limit": "limit",
    "mass-cancel": "mass_cancel",
    "parked": "repair",
    "resolve": "repair",
    "assign": "repair",
    "move": "repair",
    "verify": "verify",
    "replay": "replay",
    "snapshot": "snapshot",
    "follower": "follower",
    "promote": "follower",
    "accounts": "listing",
    "cash": "listing",
    "holdings": "listing",
    "orders": "listing",
    "requests": "listing",
    "at": "at",
    "statement": "statement",
    "validate": "validate",
    "stat": "stat",
    "journal": "journal",
    "corporate-action": "corporate_action",
    "rename": "corporate_action",
    "simulator": "simulator",
    "custodian": "custodian",
    "deposit": "booking",
    "withdraw": "booking",
    "transfer": "booking",
    "adjust": "booking",
    "margin": "booking",
    "settle": "booking",
    "trade-feed": "trade_feed",
    "adapter": "adapter",
    "scenario": "scenario",
}

_COMMON = ArgumentParser(add_help=False)
_COMMON.add_argument("--json", action="store_true", help="print one JSON document instead of text")


def add_command(subparsers: "Subparsers", name: str, summary: str, run: Callable[[Namespace], int]) -> ArgumentParser:
    """Add one command with the options that all of them share; `run` returns the exit status."""
    parser = subparsers.add_parser(name, parents=[_COMMON], help=summary, description=summary)
    parser.set_defaults(run=run)
    return parser


def add_group(subparsers: "Subparsers", name: str, summary: str, description: str) -> "Subparsers":
    """Add a command that consists of actions, and return where these are added; alone it says how it is used."""
    parser = subparsers.add_parser(name, help=summary, description=description)

    def usage(_: Namespace) -> int:
        parser.print_help()
        return 2

    parser.set_defaults(run=usage)
    return parser.add_subparsers(metavar="action")


def add_config(command: ArgumentParser) -> None:
    """The argument that says which OMS."""
    command.add_argument(
        "--config", type=Path, default=Path("oms.toml"), metavar="FILE", help="settings (default: oms.toml)"
    )


def add_store(command: ArgumentParser, tables: bool = False) -> None:
    """The arguments that say which store, and with `tables` also that of a live process alone."""
    command.add_argument(
        "directory",
        nargs="?",
        type=Path,
        metavar="DIR",
        help="the store's directory (default: the current one, or where its oms.toml says)",
    )
    command.add_argument("--config", type=Path, metavar="FILE", help="settings that name the store")
    if tables:
        command.add_argument("--tables", type=Path, metavar="DIR", help="mapped tables of a live process")
