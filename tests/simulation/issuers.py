"""What issuers do to their stock in the night of half of the seeds: splits, consolidations, bonus issues.

Trades are in whole lots, and every ratio makes whole shares of a lot; what is left of a share is of odd holdings. So
registry and exchange agree on what each trade counts, whatever the order in which the OMS heard of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction

from tests.simulation.clock import START_NS

EX_DATE = START_NS // 86_400_000_000_000 + 1  # of all actions, in days since 1970: the date that the night leads to
RATIOS = {  # as they are announced; new for old
    "split": (("2", Fraction(2)), ("3/2", Fraction(3, 2)), ("5:4", Fraction(5, 4))),
    "consolidation": (("2", Fraction(1, 2)), ("1:4", Fraction(1, 4)), ("10", Fraction(1, 10))),
    "bonus": (("1/10", Fraction(11, 10)), ("1:4", Fraction(5, 4)), ("1", Fraction(2))),
}


@dataclass
class Action:
    """announced: when; on the day before, in the night before the new date, or on that, before the exchange opens.
    restates: the exchange does so with the orders that rest there, or cancels them."""

    name: str
    symbol: str
    type: str
    told: str
    ratio: Fraction
    price: str
    live_orders: str | None
    announced: str
    withdrawn_first: bool  # it is announced wrongly, and taken back, before
    restates: bool
    in_the_evening: bool  # the exchange is through with it before the firm's new date, if that was told of it


def plan(seed: int, symbols: list[str]) -> list[Action] | None:
    """None: a seed of one day. An empty list is a night without."""
    chance = random.Random(f"{seed} issuers")
    if chance.random() < 0.5:
        return None
    actions = []
    for symbol in symbols:
        if chance.random() < 0.3:
            continue
        kind = chance.choice(list(RATIOS))
        told, ratio = chance.choice(RATIOS[kind])
        actions.append(
            Action(
                f"{kind} of {symbol}",
                symbol,
                kind,
                told,
                ratio,
                price=chance.choice(("0", "4.5", "10.01")),
                live_orders=chance.choice((None, "cancel", "hold", "hold")),
                announced=chance.choice(("day before", "night", "new date")),
                withdrawn_first=chance.random() < 0.2,
                restates=chance.random() < 0.7,
                in_the_evening=chance.random() < 0.6,
            )
        )
    return actions
