"""A request that is only checked. Owns the answer: what it is worth, costs and breaks; it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.checks import Hold, first_of
from tests.oracle.numbers import ZERO, Number, as_date, exact, known
from tests.oracle.orders import WAITING, Order, Request, Terms
from tests.oracle.reference import Account, Instrument
from tests.oracle.resolving import Resolving


@dataclass
class Checked:
    status: str
    hits: frozenset[str] = frozenset()
    value: Fraction = ZERO
    fee: Fraction = ZERO  # with tax
    tax: Fraction = ZERO


class Validation(Resolving):
    def validate(
        self,
        account: str,
        instrument: str,
        side: str,
        order_qty: Number,
        price: Number | None = None,
        *,
        cl_ord_id: str = "",
        by: str | None = None,
        ord_type: str = "limit",
        time_in_force: str = "day",
        stop_px: Number | None = None,
        locate: str = "",
    ) -> Checked:
        owner, what = self.accounts[account], self.instruments[instrument]
        refused = self.not_even_checked(owner, cl_ord_id, by)
        if refused:
            return Checked(refused)
        given = {"ord_type": ord_type, "time_in_force": time_in_force, "stop_px": known(stop_px)}
        order = self.drafted(account, instrument, side, order_qty, price, by, locate, **given)
        with self.counting(by, owner, what):
            return self.checked(by, order, order.terms, known(price))

    def drafted(
        self,
        account: str,
        instrument: str,
        side: str,
        order_qty: Number,
        price: Number | None = None,
        by: str | None = None,
        locate: str = "",
        **given: object,
    ) -> Order:
        """What the order would look like."""
        owner, what = self.accounts[account], self.instruments[instrument]
        terms = self.protected(owner, what, side, Terms(exact(order_qty), known(price), **given))
        request = Request(owner, "", (), "new", by, self.time_ns, self.today, terms)
        return Order(owner, what, side, request, terms, what.exchange.trade_date, locate=locate)

    def validate_replace(
        self, account: str, orig_cl_ord_id: str, *, cl_ord_id: str = "", by: str | None = None, **changes: object
    ) -> Checked:
        owner = self.accounts[account]
        refused = self.not_even_checked(owner, cl_ord_id, by)
        order = self.chain(owner, orig_cl_ord_id)
        if refused or order is None:
            return Checked(refused or "order_unknown")
        for name in ("order_qty", "price", "stop_px"):
            changes[name] = known(changes.get(name))
        changes["expire_date"] = as_date(changes.get("expire_date"))
        asked = self.asked(self.newest_terms(order), changes)
        if order.closed and not self.may_reopen(order, asked):
            return Checked("order_too_late")
        if self.refuses_another(order):
            return Checked("replace_pending")
        terms = self.protected(owner, order.instrument, order.side, asked)
        unsent = order.request.status in WAITING and terms.price is not None
        needed = self.terms_hold(order, terms) if unsent else None
        with self.counting(by, owner, order.instrument):
            return self.checked(by, order, terms, asked.price, needed)

    def not_even_checked(self, account: Account, cl_ord_id: str, by: str | None) -> str:
        """A name is not needed, but has to be free; and its sender may have had all of the second."""
        if not self.may(by, account):
            return "permission_denied"
        if cl_ord_id and self.taken(account, cl_ord_id):
            return "cl_ord_id_duplicate"
        return "rate_exceeded" if self.had_all(by) else ""

    @contextmanager
    def counting(self, by: str | None, account: Account, instrument: Instrument) -> Iterator[None]:
        """As if it had been asked, as far as the limits on how often go."""
        rates = [figures.rate for _, figures in self.limits_of(by, account, instrument)]
        before = [(rate, rate.until_ns, rate.count) for rate in rates]
        self.count_request(by, account, instrument)
        yield
        for rate, until_ns, count in before:
            rate.until_ns, rate.count = until_ns, count

    def checked(
        self, by: str | None, order: Order, terms: Terms, limit: Fraction | None, needed: Hold | None = None
    ) -> Checked:
        """All that it breaks, with the answer that the request itself would get, or why it would wait."""
        broken, desk = self.vet(by, order, terms, limit, needed)
        answer = first_of(broken or desk)
        hits = frozenset(each for found in self.vet(by, order, terms, limit, needed, whole=True) for each in found)
        if terms.price is None:
            return Checked(answer, hits)
        value = self.order_value(order.instrument, terms)
        brokerage, tax = self.fee_and_tax(order.account, order.instrument, order.side, value)
        return Checked(answer, hits, value, brokerage + tax, tax)
