"""`oms at MOMENT accounts|cash|holdings|orders|requests [DIR]`: rows as they were, from snapshot and journal."""

from typing import TYPE_CHECKING

from oms.commands.listing import QUESTIONS, add_question

if TYPE_CHECKING:
    from oms.commands import Subparsers


def add(subparsers: "Subparsers") -> None:
    summary = "show accounts, cash, holdings, orders or requests as they were at a moment"
    group = subparsers.add_parser("at", help=summary, description=summary)
    group.add_argument(
        "when",
        metavar="MOMENT",
        help="a sequence of the journal, or a time: 2026-11-23T10:30:00 (UTC), 2026-11-23T21:30:00+11:00",
    )
    questions = group.add_subparsers(metavar="question", required=True)
    for name, (summary, filters) in QUESTIONS.items():
        add_question(questions, name, f"{summary}, at the moment", filters)
