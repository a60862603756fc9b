"""The command line: finds the command, runs it, turns errors into clear text. It holds no rules of its own.

Exit status: 0 all is well, 1 an error, 2 wrong usage, 130 interrupted.
"""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from importlib import import_module

from oms import __version__
from oms.commands import COMMANDS
from oms.errors import OmsError


def build_parser(modules: Iterable[str]) -> ArgumentParser:
    parser = ArgumentParser(prog="oms", description="Order management system for brokers.")
    parser.add_argument("--version", action="version", version=f"oms {__version__}")
    subparsers = parser.add_subparsers(metavar="command")
    for module in modules:
        import_module(f"oms.commands.{module}").add(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; `argv` without the program's name, the process's own when None."""
    argv = sys.argv[1:] if argv is None else argv
    named = COMMANDS.get(argv[0]) if argv else None
    parser = build_parser([named] if named else dict.fromkeys(COMMANDS.values()))
    args = parser.parse_args(argv)
    if "run" not in args:
        parser.print_help()
        return 2
    try:
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has gone, as in `oms journal dump | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("OMS_TRACEBACK") == "1":
            raise
        print(f"oms: {describe(error)}", file=sys.stderr)
        return 1


def describe(error: Exception) -> OmsError:
    """Any error in words that a user can act upon."""
    if isinstance(error, OmsError):
        return error
    if isinstance(error, OSError) and error.strerror:
        where = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
        return OmsError(error.strerror, where=where)
    return OmsError(
        f"internal error: {type(error).__name__}: {error}",
        remedy="please report it, with the output of the same command run with OMS_TRACEBACK=1",
    )
