"""Steps that limit what may be asked for, ask for it often and twice, and only ask what it would meet."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from oms.schema import UNHASHED
from tests.oracle.orders import NEEDS_PRICE, NEEDS_STOP, UNPRICED
from tests.oracle.validation import Checked
from tests.property import strategies as draw
from tests.property.exchange import plain
from tests.property.machine import Day, newest
from tests.property.world import (
    ACCOUNTS,
    CURRENCY_OF,
    EXCHANGE_OF,
    INSTRUMENT_DETAILS,
    INSTRUMENTS,
    LOT,
    REFERENCE,
    TICK,
    USERS,
)

PLACES: dict[str, tuple[str | None, ...]] = {
    "firm": (None,),
    "account": ACCOUNTS,
    "instrument": INSTRUMENTS,
    "user": USERS,
    "exchange": ("XASX",),
}
FIGURES = {
    "order_value": ("0", "2000", "6000", "-1"),
    "order_qty": ("0", "20", "300"),
    "open_value": ("0", "3000", "9000"),
    "gross_value": ("0", "4000", "12000"),
    "net_value": ("0", "1500", "5000"),
    "order_rate": ("0", "2", "3"),
}
KINDS = ("limit", "limit", "limit", "market", "stop", "stop_limit", "pegged")


class Limiting(Day):
    @initialize()
    def watch_for_slips(self) -> None:
        """Classes that ask about them, and users who may send only so much."""
        for name, policy in {
            "default": {"duplicate_window_s": 2, "cross_own": "desk"},
            "contract": {"cross_own": "desk", "contractual": True, "four_eyes": False, "receivable_days": 9999},
            "retail": {"duplicate_window_s": 1, "chained_replaces": "refuse", "receivable_days": 2, "collar_bps": 1000},
        }.items():
            self.pair.do("define_class", name, **policy)
        self.pair.do("define_user", "bob", ["trade_any", "operate"], max_rate=3)
        self.pair.do("define_user", "alice", ["trade"], max_rate=2)

    @rule(
        scope=st.sampled_from(("firm", "account", "instrument", "user")),
        limit=st.sampled_from(("order_value", "order_qty", "open_value", "gross_value", "net_value")),
        over=st.integers(0, 1),
        account=draw.accounts,
        instrument=draw.instruments,
        side=draw.sides,
        lots=draw.more_lots,
        fewer=st.integers(0, 2),
    )
    def reach_a_limit(
        self, scope: str, limit: str, over: int, account: str, instrument: str, side: str, lots: int, fewer: int
    ) -> None:
        """A limit that an order just reaches, or goes over by the smallest amount that there is; also as a change of
        a smaller order."""
        lots, first = lots + fewer + 1, self.name("X")
        by, price = "bob" if scope == "user" else None, draw.price(instrument, 0)
        quantity = draw.quantity(instrument, lots)
        order = self.model.drafted(account, instrument, side, quantity, price)
        after = self.model.leaves_value(order, order.terms)
        if fewer:
            self.say("submit", account, first, instrument, side, draw.quantity(instrument, lots - fewer), price, by=by)
        known = self.model.requests.get((account, first))
        own = self.model.open_value(known.order) if known and known.order else Fraction(0)
        figures = {"order_value": self.model.order_value(order.instrument, order.terms)}
        figures |= {"order_qty": order.terms.order_qty} | self.model.reached(
            scope if scope != "user" else "account", order, own, after
        )
        unit = order.instrument.quantity_exponent if limit == "order_qty" else order.instrument.currency.exponent
        place = {"account": account, "instrument": instrument, "user": by}.get(scope)
        value = max(Fraction(0), figures[limit] - over * Fraction(1, 10**unit))
        self.pair.do("set_limit", scope, place, limit, plain(value), by="bob")
        if fewer:
            self.check("validate_replace", account, first, order_qty=quantity, by=by)
            self.say("replace", account, self.name("Y"), first, order_qty=quantity, by=by)
        else:
            self.check("validate", account, instrument, side, quantity, price, by=by)
            self.say("submit", account, first, instrument, side, quantity, price, by=by)
        self.pair.do("set_limit", scope, place, limit, "0", by="bob")

    @rule(
        scope=st.sampled_from(tuple(PLACES)),
        limit=st.sampled_from(tuple(FIGURES)),
        by=st.sampled_from((None, None, None, None, "desk", "alice", "far")),
        data=st.data(),
    )
    def limit(self, scope: str, limit: str, by: str | None, data: Any) -> None:
        place, value = (data.draw(st.sampled_from(values)) for values in (PLACES[scope], FIGURES[limit]))
        self.pair.do("set_limit", scope, place, limit, value, by=by)

    @rule(instrument=draw.instruments, restricted=st.sampled_from((False, False, True)))
    def restrict(self, instrument: str, restricted: bool) -> None:
        terms = INSTRUMENT_DETAILS[instrument] | {"tick": TICK[instrument], "lot": LOT[instrument]}
        terms |= {"exchange": EXCHANGE_OF[instrument], "currency": CURRENCY_OF[instrument]}
        terms |= {"reference_price": REFERENCE[instrument], "restricted": restricted}
        self.pair.do("define_instrument", instrument, **terms)

    @rule(seconds=st.sampled_from((1, 1, 2, 3)))
    def a_moment_passes(self, seconds: int) -> None:
        self.pair.do("advance", seconds)
        self.pair.do("tick")

    @rule(
        account=draw.accounts,
        instrument=draw.instruments,
        side=draw.sides,
        lots=st.lists(st.integers(1, 3), min_size=2, max_size=5),
        by=st.sampled_from(("bob", "bob", "alice", None)),
    )
    def ask_quickly(self, account: str, instrument: str, side: str, lots: list[int], by: str | None) -> None:
        """More than once within a second, and now and then the same."""
        for each in lots:
            quantity, price, name = draw.quantity(instrument, each), draw.price(instrument, 0), self.name("X")
            told = self.check("validate", account, instrument, side, quantity, price, by=by)
            asked = self.say("submit", account, name, instrument, side, quantity, price, by=by)
            request = self.model.requests.get((account, name))
            waits = request is not None and request.status == "queued"
            assert told == (request.reason if waits else asked), "the request itself is told something else"

    @precondition(lambda self: self.open())
    @rule(index=draw.recent, ticks=st.none() | st.integers(-1, 1), opposite=st.booleans())
    def ask_for_the_like(self, index: int, ticks: int | None, opposite: bool) -> None:
        """What an open order asks for, or what would meet it."""
        order = newest(self.open(), index)
        symbol = order.instrument.symbol
        buys = (order.side == "buy") != opposite
        price = order.terms.price if ticks is None else order.terms.price + ticks * order.instrument.tick
        quantity = plain(order.terms.order_qty)
        self.say(
            "submit", order.account.code, self.name("X"), symbol, "buy" if buys else "sell", quantity, plain(price)
        )

    # only checked

    @rule(
        account=draw.accounts,
        instrument=draw.instruments,
        side=draw.sides | st.just("sell_short"),
        lots=draw.more_lots | st.sampled_from((400, 100000)),
        ticks=draw.ticks,
        kind=st.sampled_from(KINDS),
        time_in_force=st.sampled_from(("day", "day", "gtc", "gtd")),
        by=draw.users,
        locate=st.sampled_from(("LENDER", "")),
    )
    def validate(
        self,
        account: str,
        instrument: str,
        side: str,
        lots: int,
        ticks: int,
        kind: str,
        time_in_force: str,
        by: str | None,
        locate: str,
    ) -> None:
        """Sound in its prices; what may be wrong is how much, whose and when."""
        price = draw.price(instrument, ticks) if kind in NEEDS_PRICE or instrument == "YEN" else None
        kind = "limit" if instrument == "YEN" else kind
        stop = draw.price(instrument, ticks) if kind in NEEDS_STOP else None
        terms = {"ord_type": kind, "time_in_force": time_in_force, "stop_px": stop, "locate": locate}
        self.check("validate", account, instrument, side, draw.quantity(instrument, lots), price, by=by, **terms)

    @precondition(lambda self: self.keys())
    @rule(
        index=draw.recent,
        lots=st.none() | draw.more_lots | st.just(400),
        ticks=st.none() | draw.ticks,
        by=draw.users,
    )
    def validate_replace(self, index: int, lots: int | None, ticks: int | None, by: str | None) -> None:
        account, name = newest(self.keys(), index)
        order = self.model.requests[account, name].order
        symbol = order.instrument.symbol if order else "Q"
        quantity = None if lots is None else draw.quantity(symbol, lots)
        takes_price = order is None or self.model.newest_terms(order).ord_type not in UNPRICED
        price = None if ticks is None or not takes_price else draw.price(symbol, ticks)
        self.check("validate_replace", account, name, order_qty=quantity, price=price, by=by)

    @precondition(lambda self: self.keys())
    @rule(index=draw.recent)
    def validate_under_a_used_name(self, index: int) -> None:
        account, name = newest(self.keys(), index)
        self.check("validate", account, "Q", "buy", 1, "10", cl_ord_id=name)

    def check(self, method: str, *args: Any, **fields: Any) -> str:
        """Both say the same of it, and not a row of the engine changes."""
        self.pair.tell(f"engine.{method}{args} {fields}")
        before = self.pictures()
        theirs = getattr(self.pair.engine, method)(*args, **fields)
        changed = [name for name, rows in self.pictures().items() if rows != before[name]]
        assert not changed, f"it was only checked, and changed {changed}"
        self.model.time_ns = self.pair.engine.time_ns
        ours: Checked = getattr(self.model, method)(*args, **fields)
        assert {hit.name for hit in theirs.hits} == ours.hits
        assert theirs.status.name == ours.status
        assert (theirs.value, theirs.fee, theirs.tax) == (ours.value, ours.fee, ours.tax)
        self.model.overdue()
        return ours.status

    def pictures(self) -> dict[str, bytes]:
        """Every row of the state, but for the sequence and time of the last record, and the digest that each moves."""
        tables = {name: rows.copy() for name, rows in self.pair.engine.arrays().items() if name not in UNHASHED}
        for name in ("version", "last_sequence", "last_time_ns", "digest", "digest_table", "digest_row", "digest_word"):
            tables["firm"][name] = 0
        return {name: rows.tobytes() for name, rows in tables.items()}
