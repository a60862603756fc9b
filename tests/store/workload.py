"""A random broker's days, from a seed: every kind of record, mostly sensible, sometimes not.

Owns no expectation: it brings an engine into states that a tidy example would not reach.
"""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from oms import Engine
from oms.control import states
from tests.property.world import ACCOUNTS, EXCHANGE_OF, FEEDS, FIRST_DAY, INSTRUMENTS, LOT, REFERENCE, TICK, define

Call = tuple[str, tuple[Any, ...], dict[str, Any]]


class Workload:
    """Plays steps on an engine, which may be another one from step to step, as after a restart."""

    def __init__(self, seed: int, stops: int = 0) -> None:
        """stops: how often trading is stopped somewhere, in shares of a step's chances."""
        self.random = random.Random(seed)
        self.stops = stops
        self.names = 0
        self.today = FIRST_DAY
        self.orders: list[tuple[str, str, str]] = []  # account, cl_ord_id, instrument
        self.requests: list[tuple[str, str]] = []
        self.trades: list[tuple[str, str, str]] = []  # account, cl_ord_id, exec_id
        self.reports: list[Call] = []

    def name(self, kind: str) -> str:
        self.names += 1
        return f"{kind}{self.names}"

    def play(self, engine: Engine, steps: int) -> None:
        if len(engine.rows("currency")) == 1:
            define(engine)
        kinds = [self.submit] * 10 + [self.trade] * 12 + [self.answer] * 8 + [self.change] * 5 + [self.correct] * 4
        kinds += [self.again, self.feed, self.movement, self.day, self.market, self.decide, self.outside] * 2
        kinds += [self.stop] * self.stops
        for _ in range(steps):
            self.random.choice(kinds)(engine)

    def price(self, instrument: str) -> Decimal:
        """Around the reference price, on the tick."""
        base = Decimal(REFERENCE[instrument]) or Decimal(50)
        return base + self.random.randint(-40, 40) * Decimal(TICK[instrument])

    def quantity(self, instrument: str) -> Decimal:
        return Decimal(LOT[instrument]) * self.random.choice((1, 2, 10, 25, 40))

    def submit(self, engine: Engine) -> None:
        account, instrument = self.random.choice(ACCOUNTS), self.random.choice(INSTRUMENTS)
        market = self.random.random() < 0.1
        tif = self.random.choice(("day", "day", "gtc", "gtd", "ioc"))
        result = engine.submit(
            account,
            self.name("o"),
            instrument,
            self.random.choice(("buy", "buy", "sell")),
            self.quantity(instrument),
            None if market else self.price(instrument),
            ord_type="market" if market else "limit",
            time_in_force="day" if market else tif,
            expire_date=self.today + timedelta(2) if tif == "gtd" and not market else None,
        )
        if result.ok:
            self.orders.append((account, f"o{self.names}", instrument))
            self.requests.append((account, f"o{self.names}"))

    def change(self, engine: Engine) -> None:
        if not self.orders:
            return
        account, order, instrument = self.random.choice(self.orders[-30:])
        if self.random.random() < 0.4:
            result = engine.cancel(account, self.name("c"), order)
        else:
            fields = {"price": self.price(instrument)} if self.random.random() < 0.6 else {}
            result = engine.replace(account, self.name("r"), order, order_qty=self.quantity(instrument), **fields)
        if result.answer and result.ok:
            self.requests.append((account, str(result.answer["cl_ord_id"])))

    def order(self, engine: Engine, account: str, request: str) -> bool:
        """Is the request's order still on the books? What came to nothing is forgotten in the night."""
        slot = engine.request_slot(engine.account_slot(account), request)
        order = engine.rows("request")["order"][slot] if slot else 0
        return bool(order and engine.rows("order")["request"][order])

    def report(self, engine: Engine, kind: str, **fields: Any) -> bool:
        self.reports.append((kind, (), fields))
        return engine.report(kind, **fields).ok

    def trade(self, engine: Engine) -> None:
        if not self.requests:
            return
        account, request = self.random.choice(self.requests[-20:])
        if not self.order(engine, account, request):
            return
        order = engine.order(account, request)
        quantity = min(
            Decimal(LOT[order.instrument]) * self.random.choice((1, 5, 25)), order.leaves_qty or Decimal(1000)
        )
        name = self.name("e")
        fields: dict[str, Any] = {"settle_date": self.today - timedelta(1)} if self.random.random() < 0.05 else {}
        fields |= {"last_px": self.price(order.instrument), "last_qty": quantity, "exec_id": name}
        if self.report(engine, "trade", account=account, cl_ord_id=request, order_id=f"x{order.row}", **fields):
            self.trades.append((account, request, name))

    def answer(self, engine: Engine) -> None:
        if not self.requests:
            return
        account, request = self.random.choice(self.requests[-12:])
        if not self.order(engine, account, request):
            return
        if engine.request(account, request).type != "new" and self.random.random() < 0.3:
            engine.cancel_reject(account, request, ord_status="new")
            return
        words = {"new": ("new", "new", "new", "rejected", "pending_new", "expired"), "cancel": ("canceled",)}
        kind = self.random.choice(words.get(engine.request(account, request).type, ("replaced", "pending_replace")))
        self.report(engine, kind, account=account, cl_ord_id=request)

    def correct(self, engine: Engine) -> None:
        if not self.trades:
            return
        account, request, name = self.random.choice(self.trades[-25:])
        order = engine.order(account, request)
        fields: dict[str, Any] = {"exec_ref_id": name, "exec_id": self.name("e")}
        kind = "trade_cancel"
        if self.random.random() < 0.6:
            kind = "trade_correct"
            fields |= {"last_qty": LOT[order.instrument], "last_px": self.price(order.instrument)}
        self.report(engine, kind, account=account, cl_ord_id=request, **fields)

    def again(self, engine: Engine) -> None:
        """The same over another feed, or in a replay."""
        if self.reports:
            kind, _, fields = self.random.choice(self.reports[-40:])
            engine.report(kind, **fields)

    def feed(self, engine: Engine) -> None:
        name = self.random.choice(FEEDS)
        if self.random.random() < 0.4:
            engine.lose_feed(name)
        else:
            engine.open_feed(name, last_received=self.random.choice((None, 3)))

    def movement(self, engine: Engine) -> None:
        account, reference = self.random.choice(ACCOUNTS), self.random.choice((self.name("m"), "m1", "m2"))
        what = self.random.randrange(4)
        if what == 0:
            engine.deposit(account, "AUD", self.random.randint(1, 900), reference)
        elif what == 1:
            engine.withdraw(account, "GBP", self.random.randint(1, 900), reference, override=True)
        elif what == 2:
            engine.adjust(account, "Q", self.random.randint(-50, 80), reference, "recount", override=True)
        else:
            engine.set_margin(account, "AUD", self.random.randint(0, 500))

    def market(self, engine: Engine) -> None:
        instrument = self.random.choice(INSTRUMENTS)
        engine.market(instrument, last=self.price(instrument))
        engine.advance(self.random.choice((0, 1, 40)))

    def decide(self, engine: Engine) -> None:
        for request in engine.queue()[:2]:
            decision = self.random.choice((engine.authorise, engine.authorise, engine.reject))
            decision(request.account, request.cl_ord_id, "desk")

    def outside(self, engine: Engine) -> None:
        """Orders that were not entered here."""
        instrument = self.random.choice(INSTRUMENTS)
        fields = {"instrument": instrument, "side": self.random.choice(("buy", "sell")), "order_qty": "100"}
        fields |= {"price": self.price(instrument), "account": self.random.choice(ACCOUNTS)}
        if self.random.random() < 0.5:
            engine.report("new", order_id=self.name("y"), feed=EXCHANGE_OF[instrument], **fields)
        else:
            listed = fields | {"cum_qty": "0", "order_id": self.name("y")}
            engine.open_orders(EXCHANGE_OF[instrument], [listed], complete=False)

    def stop(self, engine: Engine) -> None:
        """Trading is stopped somewhere, or goes on everywhere; a user's session ends."""
        account, user = self.random.choice(ACCOUNTS), self.random.choice(list(engine.rows("user")["name"][1:])).decode()
        what = self.random.randrange(5)
        if what == 0:
            engine.mass_cancel(account)
        elif what == 1:
            engine.user_lost(user)
        elif what == 2:
            scope, name = self.random.choice((("account", account), ("user", user), ("instrument", INSTRUMENTS[0])))
            engine.control(scope, name, self.random.choice(("reduce_only", "halted", "killed")), reason="a rainy day")
        else:
            for scope, name, _ in list(states(engine)):
                engine.control(scope, name)

    def day(self, engine: Engine) -> None:
        """Settlement, a load, or the end of the day."""
        what = self.random.randrange(5)
        if what == 0:
            engine.settle(self.name("s"), self.today, self.random.choice((None, *ACCOUNTS)))
        elif what == 1:
            rows = [(account, "AUD", self.random.randint(20000, 90000)) for account in ACCOUNTS]
            engine.load_cash(self.today - timedelta(1), rows, source=self.name("bank"))
        elif what == 2:
            stock = [(account, "Q", self.random.randint(0, 900), "9.25") for account in ACCOUNTS]
            engine.load_holdings(self.today - timedelta(1), stock, source=self.name("registry"))
        else:
            self.end(engine)

    def end(self, engine: Engine) -> None:
        for mic in ("XASX", "XLON"):
            engine.session(mic, "ended")
            engine.session(mic, "complete")
        self.today += timedelta(1)
        engine.business_date(self.today)
        for mic in ("XASX", "XLON"):
            engine.session(mic, "open", self.today)
