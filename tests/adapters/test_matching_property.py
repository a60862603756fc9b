"""The matching exchange against one that sorts a list for every order: same trades, same statuses, same books."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms.adapters.matching import Exchange
from tests.adapters.exchange_driver import TODAY, order_request, words


class Naive:
    """Everything is looked for from the start each time; shares no code with the exchange."""

    def __init__(self):
        self.resting = []  # [id, is_buy, price, leaves, cum, time, qty]
        self.names = {}  # every request -> order
        self.out = []
        self.time = 0

    def handle(self, r):
        if r.type == ord("D"):
            order = {"buy": r.side == ord("1"), "cum": 0, "alive": True, "id": r.request, "final": None}
            self.names[r.request] = order
            self.terms(order, r)
            self.say(order, "new")
            self.enter(order)
            return
        order = self.names.get(r.orig_request)
        self.names[r.request] = order
        if order is None:
            self.out.append((r.request, "refused", "rejected", 1))
        elif not order["alive"]:
            self.out.append((r.request, "refused", order["final"], 0))
        elif order["buy"] != (r.side == ord("1")) and r.type == ord("G"):
            self.out.append((r.request, "refused", self.status(order), 99))
        elif r.type == ord("F"):
            order["id"] = r.request
            self.end(order, "canceled")
            self.say(order, "canceled")
        else:
            self.replace(order, r)

    def replace(self, order, r):
        place = order["time"]
        stays = order["price"] == r.price and r.order_qty <= order["qty"] and chr(r.time_in_force) in "016"
        order["id"] = r.request
        self.terms(order, r)
        if r.order_qty <= order["cum"]:
            order["qty"] = order["cum"]
            self.end(order, "filled")
        self.say(order, "replaced")
        if order["alive"] and stays:
            order["time"] = place
        elif order["alive"]:
            self.enter(order)

    def terms(self, order, r):
        self.time += 1
        order |= {"price": r.price, "qty": r.order_qty, "tif": chr(r.time_in_force), "time": self.time}
        order["market"] = r.ord_type == ord("1")

    def enter(self, order):
        others = [o for o in self.resting if o["buy"] != order["buy"] and o is not order]
        others = [
            o
            for o in others
            if order["market"] or (o["price"] <= order["price"]) == order["buy"] or o["price"] == order["price"]
        ]
        others.sort(key=lambda o: (o["price"] if order["buy"] else -o["price"], o["time"]))
        if order in self.resting:
            self.resting.remove(order)
        there = sum(o["qty"] - o["cum"] for o in others)
        if order["tif"] != "4" or there >= order["qty"] - order["cum"]:
            for other in others:
                traded = min(order["qty"] - order["cum"], other["qty"] - other["cum"])
                if traded:
                    self.trade(order, other, traded, other["price"])
        if order["qty"] == order["cum"]:
            self.end(order, "filled")
        elif order["market"] or order["tif"] in "34":
            self.end(order, "canceled")
            self.say(order, "canceled")
        else:
            self.resting.append(order)

    def trade(self, incoming, resting, quantity, price):
        for order in (incoming, resting):
            order["cum"] += quantity
            self.say(order, "trade", f"{quantity}@{price}")
        if resting["qty"] == resting["cum"]:
            self.end(resting, "filled")

    def end(self, order, final):
        order["alive"], order["final"] = False, final
        if order in self.resting:
            self.resting.remove(order)

    def status(self, order):
        if order["final"]:
            return order["final"]
        if order["cum"]:
            return "filled" if order["cum"] == order["qty"] else "partially_filled"
        return "new"

    def say(self, order, what, last=""):
        leaves = order["qty"] - order["cum"] if order["alive"] else 0
        self.out.append((order["id"], what, self.status(order), last, order["cum"], leaves))


def step(random):
    """What to ask, whom a replace or cancel names, side, quantity, price, time in force."""
    kind = random.choice(["new"] * 6 + ["replace"] * 4 + ["cancel"])
    side = random.choice(["buy", "sell"])
    price = 100 + random.choice([-2, -1, -1, 0, 1]) * (1 if side == "buy" else -1)  # books stay deep
    time_in_force = random.choice(["day"] * 6 + ["gtc", "ioc", "fok"])
    return kind, random.randrange(40), side, random.randint(1, 9), random.choice([price] * 9 + [None]), time_in_force


@settings(max_examples=150)
@given(st.lists(st.randoms(use_true_random=False).map(step), max_size=40))
def test_same_reports_as_a_naive_exchange_on_short_days(steps):
    compare(steps)


@pytest.mark.parametrize("seed", range(10))
def test_same_reports_as_a_naive_exchange_on_a_long_day(seed):
    random = Random(seed)
    compare([step(random) for _ in range(400)])


def compare(steps):
    exchange, naive = Exchange("XTST"), Naive()
    exchange.open_session(TODAY, 0)
    sides, told = {}, 0
    for number, (kind, pick, side, qty, price, time_in_force) in enumerate(steps, 1):
        orig = naive.resting[pick % len(naive.resting)]["id"] if naive.resting and pick > 2 else number - pick
        sides[number] = side if kind == "new" or qty == 1 else sides.get(orig, side)  # a replace seldom turns around
        request = order_request(
            number, type=kind, orig=orig, side=sides[number], qty=qty, price=price, time_in_force=time_in_force
        )
        exchange.receive([request], number)
        naive.handle(request)
        assert [words(report) for report in exchange.reports[told:]] == naive.out[told:]
        told = len(naive.out)
        check(exchange)
    ids = [report.exec_id for report in exchange.reports if hasattr(report, "exec_id")]
    assert len(set(ids)) == len(ids)


def check(exchange):
    """Never crossed, never an empty level, and what rests is what lives."""
    for book in exchange.books.values():
        assert not (book.buys.keys and book.sells.keys) or book.bid < book.ask
        resting = [order for side in (book.buys, book.sells) for order in side.orders()]
        assert sorted(order.number for order in resting) == sorted(exchange.live)
        assert all(order.open and order.leaves_qty == order.order_qty - order.cum_qty > 0 for order in resting)
        assert all(side.keys == sorted(side.levels) for side in (book.buys, book.sells))
