"""The exchange's list of open orders, against ours. Owns what a list may change: terms, never executions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tests.oracle.balances import Balances
from tests.oracle.numbers import as_date, exact
from tests.oracle.orders import WAITING, Order, Terms
from tests.oracle.reference import Exchange
from tests.oracle.requests import Request, Result


class OpenOrders(Balances):
    def open_orders(self, exchange: str, orders: Iterable[Mapping[str, object]], complete: bool = True) -> Result:
        """Unknown here: taken in. Both, but different: the exchange's terms win. Here only: in doubt, its hold kept,
        and only if the list is complete."""
        market, before, self.alerts = self.exchanges[exchange], len(self.sent), []
        listed = [self.listed(market, row) for row in orders]
        if complete:
            for order in self.live(market):
                if order not in listed and order.request.status not in WAITING:
                    self.doubt(order)
        return Result("ok", self.sent[before:], alerts=self.alerts)

    def listed(self, exchange: Exchange, row: Mapping[str, object]) -> Order:
        order = self.listed_order(exchange, row)
        limit = exact(row.get("price", 0))
        terms = Terms(
            exact(row["order_qty"]),
            limit or None,
            row.get("ord_type", "limit"),
            row.get("time_in_force", "day"),
            as_date(row.get("expire_date")),
        )
        if order is None:
            order = self.adopt(row["account"], row["order_id"], self.instruments[row["instrument"]], row["side"], terms)
        elif (terms.order_qty, terms.price) != (order.terms.order_qty, order.terms.price):
            opens = order.filled and terms.order_qty > order.cum_qty  # there it is open
            if opens or not order.closed:
                self.doubt_replaces_since(order, self.request_named(row))
                order.terms = replace(order.terms, order_qty=terms.order_qty, price=terms.price)
                self.alerts.append("order_terms_differ")
            if opens:
                order.closed = order.filled = False
                self.stand(order)
        order.terms = replace(order.terms, stated=order.terms.stated or bool(limit))
        self.answered(order.request)
        if order.ord_status == "pending_new":
            order.ord_status = "new"
        self.compare_cum(order, exact(row["cum_qty"]))
        return order

    def request_named(self, row: Mapping[str, object]) -> Request | None:
        return self.requests.get((row["account"], row.get("cl_ord_id")))

    def doubt_replaces_since(self, order: Order, request: Request | None) -> None:
        """The exchange has it at the terms of an older request: what came about since is in doubt again."""
        chain = [order.in_force]
        while chain[-1] is not request and chain[-1].orig:
            chain.append(chain[-1].orig)
        if request is None or chain[-1] is not request or request is order.in_force:
            return
        order.take_terms_of(request, request.terms)
        for each in chain[:-1]:
            if each.status == "completed":
                each.status, each.reason, each.feed_sequence = "in_doubt", "order_terms_differ", 0
                order.pending.insert(0, each)

    def listed_order(self, exchange: Exchange, row: Mapping[str, object]) -> Order | None:
        if "cl_ord_id" in row:
            return self.chain(self.accounts[row["account"]], row["cl_ord_id"])
        return self.order_at(exchange, row["order_id"])

    def doubt(self, order: Order) -> None:
        if order.request.status != "in_doubt":
            order.request.status, order.request.reason = "in_doubt", "order_missing_at_exchange"
        self.alerts.append("order_missing_at_exchange")
