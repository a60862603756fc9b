"""Two redundant feeds that duplicate, delay, reorder and lose: the end is what the true order of the facts says.

The oracle hears each fact once, in order. The engine hears them as two lines bring them, is restarted between any two
steps, and a second engine hears every report twice; at each quiet moment all have the same figures.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.property.lines import Line
from tests.property.trio import SYMBOLS, Trio
from tests.property.venue import Ask, Book, Trade, Venue

SOAK = bool(os.environ.get("OMS_SOAK"))
FEW = st.integers(0, 5)
REASONABLE = st.sampled_from(("9.98", "10", "10.005"))


class TwoFeeds(RuleBasedStateMachine):
    @initialize(numbered=st.booleans())
    def start(self, numbered: bool) -> None:
        self.trio = Trio(note)
        self.venue = Venue(self.trio.oracle)
        self.lines = [Line("XASX", True, self.venue), Line("XASX2", numbered, self.venue)]
        self.asks: dict[str, Ask] = {}
        self.questions: list[tuple[Line, Ask, int]] = []

    def teardown(self) -> None:
        if hasattr(self, "trio"):
            self.quiet()
            self.trio.close()

    @invariant()
    def replay(self) -> None:
        if hasattr(self, "trio"):
            self.trio.same_records()

    def do(self, method: str, *args: Any, **fields: Any) -> None:
        """To the engines; what leaves for the exchange is on its way to an adapter."""
        self.give(self.trio.do(method, *args, **fields))

    def give(self, sent: list[dict[str, Any]]) -> None:
        for out in sent:
            line, ask = self.lines[out["feed"] - 1], self.asks[out["name"]]
            assert line.online, f"{line.name} is not there"
            if out["kind"] == "status":
                self.questions.append((line, ask, out["ord_status_req_id"]))
                continue
            if out["kind"] != ask.type:  # a replace of what was never sent goes out as a New, with the terms left alone
                first = self.asks[ask.first]
                whole = {"instrument": first.instrument, "side": first.side, "time_in_force": first.time_in_force}
                ask = self.asks[ask.cl_ord_id] = replace(ask, type="new", **whole)
            line.given.append((out["feed_sequence"], ask))

    # clients

    @rule(
        account=st.sampled_from("ABC"),
        instrument=st.sampled_from(SYMBOLS),
        sells=st.booleans(),
        lots=st.integers(1, 9),
        price=REASONABLE,
        gtc=st.booleans(),
    )
    def new(self, account: str, instrument: str, sells: bool, lots: int, price: str, gtc: bool) -> None:
        side = {"A": "buy", "B": "sell"}.get(account, "sell" if sells else "buy")
        name, life = self.venue.name("X"), "gtc" if gtc else "day"
        self.asks[name] = Ask("new", account, name, name, instrument, side, lots * 10, price, life)
        self.do("submit", account, name, instrument, side, lots * 10, price, time_in_force=life)

    def orders(self) -> list[Ask]:
        """What the engine takes to be open, whatever it is by now."""
        firsts = [ask for ask in self.asks.values() if ask.cl_ord_id == ask.first]
        return [ask for ask in firsts if self.trio.is_open(ask.account, ask.cl_ord_id)]

    @precondition(lambda self: self.orders())
    @rule(index=FEW, lots=st.integers(1, 12), price=REASONABLE)
    def replace(self, index: int, lots: int, price: str) -> None:
        ask, name = pick(self.orders(), index), self.venue.name("Y")
        self.asks[name] = Ask("replace", ask.account, name, ask.cl_ord_id, order_qty=lots * 10, price=price)
        self.do("replace", ask.account, name, ask.cl_ord_id, order_qty=lots * 10, price=price)

    @precondition(lambda self: self.orders())
    @rule(index=FEW)
    def cancel(self, index: int) -> None:
        ask, name = pick(self.orders(), index), self.venue.name("Z")
        self.asks[name] = Ask("cancel", ask.account, name, ask.cl_ord_id)
        self.do("cancel", ask.account, name, ask.cl_ord_id)

    # the exchange

    @precondition(lambda self: self.venue.mailbox)
    @rule(reject=st.sampled_from((False, False, False, True)))
    def take(self, reject: bool) -> None:
        self.venue.take(reject)

    def working(self) -> list[Book]:
        return [book for book in self.venue.books.values() if book.live]

    @precondition(lambda self: self.working())
    @rule(index=FEW, part=st.integers(1, 3), price=REASONABLE)
    def fill(self, index: int, part: int, price: str) -> None:
        book = pick(self.working(), index)
        self.venue.fill(book, max(1, (book.order_qty - book.cum_qty) * part // 3), price)

    def thinking(self) -> list[Book]:
        return [book for book in self.venue.books.values() if book.thinking]

    @precondition(lambda self: self.thinking())
    @rule(index=FEW)
    def think(self, index: int) -> None:
        book = pick(self.thinking(), index)
        if book.live:
            self.venue.think(book)

    @precondition(lambda self: self.thinking())
    @rule(index=FEW, refuse=st.booleans())
    def answer(self, index: int, refuse: bool) -> None:
        self.venue.answer(pick(self.thinking(), index), refuse)

    @precondition(lambda self: self.working())
    @rule(index=FEW, how=st.sampled_from(("canceled", "expired", "suspend")))
    def unasked(self, index: int, how: str) -> None:
        book = pick(self.working(), index)
        if how == "suspend":
            self.venue.suspend(book)
        else:
            self.venue.end(book, how)

    def trades(self) -> list[tuple[Book, Trade]]:
        return [(book, trade) for book in self.venue.books.values() for trade in book.trades]

    @precondition(lambda self: self.trades())
    @rule(index=FEW)
    def bust(self, index: int) -> None:
        book, trade = pick(self.trades(), index)
        if not book.live:
            self.drain()
        self.venue.bust(book, trade)

    @precondition(lambda self: self.trades())
    @rule(index=FEW, quantity=st.integers(1, 60), price=REASONABLE)
    def correct(self, index: int, quantity: int, price: str) -> None:
        book, trade = pick(self.trades(), index)
        if not book.live:
            self.drain()
        self.venue.correct(book, trade, quantity, price)

    # the lines

    def carrying(self) -> list[Line]:
        return [line for line in self.lines if line.online and line.left]

    @precondition(lambda self: self.carrying())
    @rule(line=FEW, ahead=st.sampled_from((0, 0, 0, 0, 1, 2, 5)))
    def deliver(self, line: int, ahead: int) -> None:
        method, fields = pick(self.carrying(), line).carry(ahead)
        self.do(method, **fields)

    @precondition(lambda self: self.carrying())
    @rule(line=FEW, count=st.integers(2, 8))
    def deliver_some(self, line: int, count: int) -> None:
        carrier = pick(self.carrying(), line)
        for _ in range(min(count, carrier.left)):
            method, fields = carrier.carry(0)
            self.do(method, **fields)

    @precondition(lambda self: self.venue.tape)
    @rule(line=FEW, back=st.integers(0, 9))
    def duplicate(self, line: int, back: int) -> None:
        method, fields = pick(self.lines, line).again(back)
        self.do(method, **fields)

    @precondition(lambda self: any(line.given for line in self.lines))
    @rule(line=FEW)
    def adapter_takes(self, line: int) -> None:
        pick([line for line in self.lines if line.given], line).take()

    @rule(line=FEW, dies=st.booleans(), left=st.none() | st.integers(0, 2), lease=st.sampled_from((0, 5000)))
    def lose(self, line: int, dies: bool, left: int | None, lease: int) -> None:
        """Its adapter may die between taking a request down and sending it on; the last ones may never have left."""
        carrier = pick(self.lines, line)
        if not carrier.online:
            return
        if dies and carrier.given:
            carrier.take(passes=False)
        numbers = [number for number, _ in carrier.given]
        sent = None if left is None else ([carrier.held, *numbers])[-1 - min(left, len(numbers))]
        carrier.break_off()
        self.questions = [each for each in self.questions if each[0] is not carrier]
        last_sent = sent if sent or numbers else None
        self.do("lose_feed", carrier.name, last_sent=last_sent, ask_after_ms=lease)

    @rule(line=FEW, restarted=st.booleans(), another=st.sampled_from((False, False, True)))
    def come_back(self, line: int, restarted: bool, another: bool) -> None:
        carrier = pick(self.lines, line)
        if carrier.online:
            return
        if restarted and carrier.numbered:
            carrier.restart()
        if another:
            carrier.forget()
        self.open(carrier)

    def open(self, carrier: Line) -> None:
        carrier.online = True
        known = {"last_received": carrier.held, "instance": carrier.instance}
        self.do("open_feed", carrier.name, carrier.session_id, **known)
        self.listed(carrier)

    def listed(self, carrier: Line) -> None:
        """The end of a list that says nothing: what is in doubt may be asked for now."""
        self.do("record", "OpenOrdersEnd", exchange=1, feed=1 + self.lines.index(carrier))

    @precondition(lambda self: self.questions)
    @rule(index=FEW)
    def answer_question(self, index: int) -> None:
        question = pick(self.questions, index)
        self.questions.remove(question)
        line, ask, number = question
        while self.venue.mailbox:  # what was sent before it came before it
            self.venue.take(False)
        told = {"account": ask.account, "cl_ord_id": ask.cl_ord_id, "ord_status_req_id": number}
        self.do("report", exec_type="order_status", feed=line.name, **told, **self.venue.standing(ask))

    @rule(seconds=st.sampled_from((1, 5, 70)))
    def wait(self, seconds: int) -> None:
        self.give(self.trio.wait(seconds))

    @rule()
    def restart(self) -> None:
        self.trio.restart()

    # quiet moments

    def drain(self) -> None:
        for line in self.lines:
            if not line.online:
                self.open(line)
        self.give(self.trio.wait(70))
        for line in self.lines:
            self.listed(line)
            while line.given:
                line.take()
        while self.questions:
            self.answer_question(0)
        for line in self.lines:
            while line.numbered and line.left:
                method, fields = line.carry(0)
                self.do(method, **fields)
            line.next = len(self.venue.tape)

    @rule()
    def quiet(self) -> None:
        """Everything has been decided and has arrived."""
        self.drain()
        while self.venue.mailbox or self.thinking() or any(line.left or line.given for line in self.lines):
            while self.venue.mailbox:
                self.venue.take(False)
            for book in self.thinking():
                self.venue.answer(book, False)
            self.drain()
        if self.venue.unsaid:
            self.venue.state_all()
            self.drain()
        self.trio.all_settled(self.venue.came)
        self.trio.compare([(ask.account, ask.cl_ord_id) for ask in self.venue.refused], self.venue.denied)

    @rule(settles=st.booleans())
    def next_day(self, settles: bool) -> None:
        """Day orders end; what is due settles; trades of the day that is over may still be taken back."""
        self.quiet()
        for book in self.working():
            if book.ask.time_in_force == "day":
                self.venue.end(book, "expired")
        self.quiet()
        self.venue.refused.clear()
        day = self.trio.oracle.today + timedelta(1)
        self.trio.both("session", "XASX", "complete")
        if settles:
            self.trio.both("settle", f"S{day}", day)
        self.trio.both("business_date", day)
        self.trio.both("session", "XASX", "open", day)


def pick(items: list[Any], index: int) -> Any:
    return items[-1 - index % len(items)]


TestTwoFeeds = TwoFeeds.TestCase
TestTwoFeeds.settings = settings(
    max_examples=2000 if SOAK else 60,
    stateful_step_count=120 if SOAK else 50,
)
