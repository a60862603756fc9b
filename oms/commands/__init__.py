"""The commands of `oms`: one module each, with `add(subparsers)` and `run(args) -> int`.

A module imports what is heavy inside `run`, so that `oms --help` answers at once.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
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
    "journal": "journal",
    "simulator": "simulator",
    "trade-feed": "trade_feed",
    "scenario": "scenario",
}

_COMMON = ArgumentParser(add_help=False)
_COMMON.add_argument("--json", action="store_true", help="print one JSON document instead of text")


def add_command(subparsers: "Subparsers", name: str, summary: str, run: Callable[[Namespace], int]) -> ArgumentParser:
    """Add one command with the options that all of them share; `run` returns the exit status."""
    parser = subparsers.add_parser(name, parents=[_COMMON], help=summary, description=summary)
    parser.set_defaults(run=run)
    return parser
