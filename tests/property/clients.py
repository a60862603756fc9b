"""Steps of clients and of the desk: New, Replace, Cancel, the same again, and decisions, sound and unsound."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.property import strategies as draw
from tests.property.machine import Day, newest
from tests.property.world import LOT, TICK

TYPES = ("limit", "market", "stop", "stop_limit", "market_to_limit", "pegged")
FLAWS = ("no price", "priced market", "zero", "negative", "off tick", "off lot", "stop", "date")


class Clients(Day):
    @rule(account=draw.accounts, instrument=draw.instruments, lots=draw.more_lots, ticks=st.integers(-3, 3))
    def buy(self, account: str, instrument: str, lots: int, ticks: int) -> None:
        quantity, price = draw.quantity(instrument, lots), draw.price(instrument, ticks)
        self.say("submit", account, self.name("X"), instrument, "buy", quantity, price)

    def held(self) -> list[tuple[str, str]]:
        return [(account, symbol) for (account, symbol), row in self.model.stock.items() if row.total > 0]

    @precondition(lambda self: self.held())
    @rule(index=draw.recent, lots=draw.more_lots, ticks=st.integers(-3, 3), time_in_force=draw.times_in_force)
    def sell(self, index: int, lots: int, ticks: int, time_in_force: str) -> None:
        account, instrument = newest(self.held(), index)
        quantity, price = draw.quantity(instrument, lots), draw.price(instrument, ticks)
        until = self.model.today + timedelta(1) if time_in_force == "gtd" else None
        terms = {"time_in_force": time_in_force, "expire_date": until}
        self.say("submit", account, self.name("X"), instrument, "sell", quantity, price, **terms)

    @rule(
        account=draw.accounts,
        instrument=draw.instruments,
        side=draw.sides,
        lots=draw.lots,
        ticks=draw.ticks,
        time_in_force=draw.times_in_force,
        days=st.integers(-1, 3),
        by=draw.users,
    )
    def submit(
        self,
        account: str,
        instrument: str,
        side: str,
        lots: int,
        ticks: int,
        time_in_force: str,
        days: int,
        by: str | None,
    ) -> None:
        until = self.model.today + timedelta(days) if time_in_force == "gtd" else None
        self.say(
            "submit",
            account,
            self.name("X"),
            instrument,
            side,
            draw.quantity(instrument, lots),
            draw.price(instrument, ticks),
            time_in_force=time_in_force,
            expire_date=until,
            by=by,
        )

    @rule(
        account=draw.accounts,
        instrument=draw.instruments,
        side=st.sampled_from(("sell_short", "sell_short_exempt")),
        lots=draw.more_lots,
        ticks=st.none() | st.integers(-3, 3),
        stop=st.none() | st.none() | st.integers(-3, 3),
        locate=st.sampled_from(("LENDER", "LENDER", "LENDER", "")),
    )
    def sell_short(
        self, account: str, instrument: str, side: str, lots: int, ticks: int | None, stop: int | None, locate: str
    ) -> None:
        kind = ("market" if ticks is None else "limit") if stop is None else "stop" if ticks is None else "stop_limit"
        quantity, price = draw.quantity(instrument, lots), None if ticks is None else draw.price(instrument, ticks)
        stop_px = None if stop is None else draw.price(instrument, stop)
        terms = {"ord_type": kind, "stop_px": stop_px, "locate": locate}
        self.say("submit", account, self.name("X"), instrument, side, quantity, price, **terms)

    @rule(account=draw.accounts, instrument=draw.instruments, side=draw.sides, lots=draw.more_lots)
    def submit_at_market(self, account: str, instrument: str, side: str, lots: int) -> None:
        quantity = draw.quantity(instrument, lots)
        self.say("submit", account, self.name("X"), instrument, side, quantity, ord_type="market")

    @rule(
        account=draw.accounts,
        instrument=draw.instruments,
        side=draw.sides,
        lots=draw.more_lots,
        ord_type=st.sampled_from(("stop", "stop", "stop_limit", "market_to_limit", "pegged", "pegged")),
        ticks=st.none() | st.integers(-3, 3),
        stop=st.none() | st.integers(-3, 9),
        time_in_force=draw.times_in_force,
        parts=st.tuples(st.none() | st.integers(0, 14), st.none() | st.integers(0, 14)),
    )
    def submit_another_type(
        self,
        account: str,
        instrument: str,
        side: str,
        lots: int,
        ord_type: str,
        ticks: int | None,
        stop: int | None,
        time_in_force: str,
        parts: tuple[int | None, int | None],
    ) -> None:
        """With the prices that it takes, mostly, and now and then with others."""
        if ord_type in ("stop", "market_to_limit") and ticks != 0:
            ticks = None
        if ord_type not in ("stop", "stop_limit") and stop != 0:
            stop = None
        shown, least = (None if part is None else draw.quantity(instrument, part) for part in parts)
        self.say(
            "submit",
            account,
            self.name("X"),
            instrument,
            side,
            draw.quantity(instrument, lots),
            None if ticks is None else draw.price(instrument, ticks),
            ord_type=ord_type,
            time_in_force=time_in_force,
            expire_date=self.model.today + timedelta(1) if time_in_force == "gtd" else None,
            stop_px=None if stop is None else draw.price(instrument, stop),
            display_qty=shown,
            min_qty=least,
        )

    @rule(
        account=draw.accounts,
        instrument=draw.instruments,
        flaw=st.sampled_from(FLAWS),
    )
    def submit_malformed(self, account: str, instrument: str, flaw: str) -> None:
        quantity: Any = draw.quantity(instrument, 10)
        price: Any = draw.price(instrument, 0)
        fields: dict[str, Any] = {}
        if flaw == "no price":
            price = None
        elif flaw == "priced market":
            fields["ord_type"] = "market"
        elif flaw == "zero":
            price = "0"
        elif flaw == "negative":
            price = "-" + price
        elif flaw == "off tick":
            price = str(Decimal(price) + Decimal(TICK[instrument]) / 5)
        elif flaw == "off lot" and instrument != "Q":
            quantity = str(Decimal(quantity) + Decimal(LOT[instrument]) / 5)
        elif flaw == "stop":
            fields["ord_type"] = "stop"
        elif flaw == "date":
            fields["expire_date"] = self.model.today
        self.say("submit", account, self.name("X"), instrument, "buy", quantity, price, **fields)

    @precondition(lambda self: self.open())
    @rule(
        index=draw.recent,
        lots=st.none() | draw.lots,
        ticks=st.none() | draw.ticks,
        time_in_force=st.sampled_from((None, None, None, "gtc", "day")),
        ord_type=st.sampled_from((None, None, None, None, None, *TYPES)),
        stop=st.none() | st.integers(0, 9),
        by=draw.users,
    )
    def replace(
        self,
        index: int,
        lots: int | None,
        ticks: int | None,
        time_in_force: str | None,
        ord_type: str | None,
        stop: int | None,
        by: str | None,
    ) -> None:
        order = newest(self.open(), index)
        symbol = order.instrument.symbol
        self.say(
            "replace",
            order.account.code,
            self.name("Y"),
            newest(self.chain(order), index // 3).cl_ord_id,
            order_qty=None if lots is None else draw.quantity(symbol, lots),
            price=None if ticks is None else draw.price(symbol, ticks),
            time_in_force=time_in_force,
            ord_type=ord_type,
            stop_px=draw.price(symbol, stop)
            if stop is not None and ord_type in ("stop", "stop_limit", "limit")
            else None,
            by=by,
        )

    @precondition(lambda self: self.open())
    @rule(index=draw.recent, by=draw.users)
    def cancel(self, index: int, by: str | None) -> None:
        order = newest(self.open(), index)
        name = newest(self.chain(order), index // 3).cl_ord_id
        self.say("cancel", order.account.code, self.name("Z"), name, by=by)

    @precondition(lambda self: self.model.orders)
    @rule(index=draw.recent, lots=draw.more_lots)
    def change_what_may_be_closed(self, index: int, lots: int) -> None:
        order = newest(self.model.orders, index)
        account, name = order.account.code, order.request.cl_ord_id
        self.say("replace", account, self.name("Y"), name, order_qty=draw.quantity(order.instrument.symbol, lots))
        self.say("cancel", account, self.name("Z"), name)

    @precondition(lambda self: self.keys())
    @rule(account=draw.accounts, index=draw.recent)
    def cancel_a_name_that_may_be_unknown(self, account: str, index: int) -> None:
        name = newest(self.keys(), index)[1]
        self.say("cancel", account, self.name("Z"), name)

    @precondition(lambda self: self.said)
    @rule(index=draw.recent)
    def say_again(self, index: int) -> None:
        """The same request or report once more: it has no effect. A replace is said in the units of its order's
        instrument: where the order has moved away, the same figures are no longer the same request."""
        method, args, fields = newest(self.said, index)
        if method != "replace" or self.model.chain(self.model.accounts[args[0]], args[2]):
            self.pair.do(method, *args, **fields)

    @precondition(lambda self: self.keys())
    @rule(index=draw.recent, instrument=draw.instruments)
    def use_a_name_twice(self, index: int, instrument: str) -> None:
        account, name = newest(self.keys(), index)
        self.pair.do("submit", account, name, instrument, "buy", draw.quantity(instrument, 3), "1")

    # the desk

    @precondition(lambda self: self.model.queue())
    @rule(index=draw.recent, by=draw.deciders, late=st.integers(0, 4))
    def authorise(self, index: int, by: str, late: int) -> None:
        request = newest(self.model.queue(), index)
        version = None if late else request.queue_version - 1 or None
        self.pair.do("authorise", request.account.code, request.cl_ord_id, by, version)

    @precondition(lambda self: self.model.queue())
    @rule(index=draw.recent, by=draw.deciders)
    def reject_at_the_desk(self, index: int, by: str) -> None:
        request = newest(self.model.queue(), index)
        self.pair.do("reject", request.account.code, request.cl_ord_id, by)

    @precondition(lambda self: self.keys())
    @rule(index=draw.recent)
    def decide_on_anything(self, index: int) -> None:
        account, name = newest(self.keys(), index)
        self.pair.do("authorise", account, name, "desk")
