"""Average price, realised result and statement against a plain account of the same trades, over random histories."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from oms import Engine
from oms.booking import SettlementItem
from oms.verify import audit

SOAK = bool(os.environ.get("OMS_SOAK"))
PENCE = Fraction(25, 100)  # a multiplier of 25, quoted in hundredths

quantities, prices = st.integers(1, 400), st.integers(1, 30_000)  # units; 10^-3
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["buy", "sell", "sell_short"]), quantities, prices),
        st.tuples(st.just("bust"), st.integers(0, 30)),
        st.tuples(st.just("correct"), st.integers(0, 30), quantities, prices),
        st.tuples(st.just("adjust"), st.integers(-300, 300).filter(bool)),
        st.tuples(st.sampled_from(["settle", "roll", "deposit", "margin"])),
        st.tuples(st.just("part"), st.integers(0, 30), st.booleans()),
    ),
    max_size=60 if SOAK else 25,
)


@dataclass
class Trade:
    """None of quantity and price: a change by hand."""

    name: str
    side: str
    quantity: int
    price: int | None
    order: str = ""
    busted: bool = False


@dataclass
class History:
    """What happened, as it stands now, and what follows from it."""

    trades: list[Trade] = field(default_factory=list)

    def outcome(self) -> tuple[int, Fraction | None, Fraction]:
        """(held, average price, realised result): from the beginning, every time."""
        held, average, gained = 0, None, Fraction(0)
        for trade in self.trades:
            if trade.busted:
                continue
            change = trade.quantity if trade.side == "buy" else -trade.quantity
            after = held + change
            if trade.price is None:
                average = None if held == 0 or held * after <= 0 else average
            else:
                closed = min(abs(held), abs(change)) if held * change < 0 else 0
                value = half_away(Fraction(trade.price * trade.quantity, 1000) * PENCE * 100)  # of the whole, in cents
                if closed and average is not None:
                    part, cost = Fraction(value * closed, trade.quantity), average * closed * PENCE * 100
                    gained += part - cost if held > 0 else cost - part
                price = Fraction(trade.price, 1000)
                if held * after <= 0:
                    average = price
                elif held * change > 0 and average is not None:
                    average = (average * abs(held) + price * abs(change)) / abs(after)
                average = average if after else None
            held = after
        return held, average, gained


def half_away(figure: Fraction) -> int:
    units = (2 * abs(figure.numerator) + figure.denominator) // (2 * figure.denominator)
    return units if figure >= 0 else -units


def engine_of_one_account() -> Engine:
    engine = Engine(capacities={"execution": 2048, "movement": 2048, "order": 512, "request": 1024, "cost_event": 512})
    engine.define_currency("GBP", 2)
    engine.define_exchange("XLON", 2)
    engine.define_class("default", receivable_days=1)
    engine.define_fee("standard", bps="7", minimum="1")
    engine.assign_fee("default", "standard")
    engine.define_instrument(
        "V", exchange="XLON", currency="GBP", price_exponent=3, price_factor=(1, 100), multiplier=25
    )
    engine.define_account("K", currency="GBP", short_allowed=True)
    engine.business_date("2026-11-23")
    engine.open_feed("XLON")
    engine.session("XLON", "open")
    return engine


class Play:
    """One history, told to the engine as facts and kept beside it."""

    def __init__(self) -> None:
        self.engine, self.history, self.day, self.count = engine_of_one_account(), History(), date(2026, 11, 23), 0

    def play(self, action: tuple[Any, ...]) -> None:
        self.count += 1
        name = f"N{self.count}"
        word, *figures = action
        if word in ("buy", "sell", "sell_short"):
            self.trade(name, word, *figures)
        elif word in ("bust", "correct"):
            self.change(name, word, *figures)
        elif word == "adjust":
            (quantity,) = figures
            assert self.engine.adjust("K", "V", quantity, name, "found", override=True).ok
            self.history.trades.append(Trade(name, "buy", quantity, None))
        elif word == "roll":
            self.day += timedelta(days=1)
            assert self.engine.business_date(self.day).ok
        elif word == "deposit":
            assert self.engine.deposit("K", "GBP", "12.34", name).ok
        elif word == "margin":
            assert self.engine.set_margin("K", "GBP", self.count).ok
        elif word == "settle":
            assert self.engine.settle(name, self.day).ok
        elif word == "part":
            self.part(name, *figures)

    def part(self, name: str, which: int, fails: bool) -> None:
        """One share of a trade settles, or all of it fails to; refused where nothing of it is open."""
        known = [trade for trade in self.history.trades if trade.order and not trade.busted]
        if known:
            trade = known[which % len(known)].name
            if fails:
                self.engine.settle(name, self.day, items=[], fail=[trade])
            else:
                self.engine.settle(name, self.day, items=[SettlementItem(trade, 1)])

    def trade(self, name: str, side: str, quantity: int, price: int) -> None:
        px = Decimal(price).scaleb(-3)
        told = self.engine.report(
            "trade",
            order_id=name,
            account="K",
            instrument="V",
            side=side,
            order_qty=quantity + 1,
            price=px,
            exec_id=name,
            last_qty=quantity,
            last_px=px,
        )
        assert told.ok, told
        self.history.trades.append(Trade(name, side, quantity, price, name))

    def change(self, name: str, word: str, which: int, *figures: int) -> None:
        known = [trade for trade in self.history.trades if trade.order and not trade.busted]
        if not known:
            return
        trade = known[which % len(known)]
        terms: dict[str, Any] = {"order_id": trade.order, "exec_id": name, "exec_ref_id": trade.name}
        if word == "bust":
            assert self.engine.report("trade_cancel", instrument="V", **terms).ok
            trade.busted = True
            return
        quantity, price = figures
        terms |= {"last_qty": quantity, "last_px": Decimal(price).scaleb(-3)}
        assert self.engine.report("trade_correct", instrument="V", **terms).ok
        trade.quantity, trade.price = quantity, price

    def check(self) -> None:
        held, average, gained = self.history.outcome()
        holding = self.engine.holding("K", "V")
        for table, picture in (("cash", self.engine.cash("K", "GBP")), ("holding", holding)):
            if len(self.engine.rows(table)) > 1:  # the core's own figure, and that of the pictures
                units = Decimal(self.engine.core.available(table, 1)).scaleb(-2 if table == "cash" else 0)
                assert picture.available == units
                assert picture.negative == (picture.available < 0 and table == "cash")
        assert holding.total == held
        shown = None if average is None else Decimal(half_away(average * 10**8)).scaleb(-8)
        assert holding.average_price == shown
        told = self.engine.statement("K", from_date="2026-11-23")
        assert told.adds_up, [part.wrong for part in told.parts]
        for part in told.parts:
            if part.realised:
                assert part.realised.total == Decimal(half_away(gained)).scaleb(-2)
                assert part.realised.total == sum((sale.result or 0 for sale in part.realised.sales), Decimal(0))

    def check_days(self) -> None:
        """Each day opens with what the day before closed with."""
        closed: dict[str, Any] = {}
        dates = [str(day) for day in self.engine.rows("day")["date"][1:].astype("datetime64[D]")]
        for day in dates:
            for part in self.engine.statement("K", from_date=day, to_date=day).parts:
                assert part.opening == closed.get(part.item, part.opening)
                lines = [line.changes.get(name, 0) for line in part.lines for name in part.opening]
                assert sum(lines) == sum(part.closing.values()) - sum(part.opening.values())
                closed[part.item] = part.closing
        for part in self.engine.statement("K", from_date=dates[-1]).parts:
            assert part.closing == part.live


@settings(
    max_examples=1000 if SOAK else 120,
)
@given(ACTIONS)
def test_a_position_is_what_its_trades_make_of_it(actions: list[tuple[Any, ...]]) -> None:
    play = Play()
    with play.engine:
        for action in actions:
            play.play(action)
            play.check()
        play.check_days()
        assert [str(finding) for finding in audit(play.engine).findings] == []
