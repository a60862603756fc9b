"""What clients ask of an embedded engine: orders, changes, cancels, lists of them, and what a request would meet.

A mixin of Engine: it makes records; it holds nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oms.enums import Status
from oms.pictures import Checked
from oms.values import Amount, Day, from_units, or_null, to_day, to_units
from oms.views import Views

if TYPE_CHECKING:
    from oms.engine import Result

UNKNOWN_EXPONENTS = (8, 8)  # of an instrument that there is not: any figure will do, the core refuses the request
FIRST_HIT = int(Status.account_suspended)  # bit 0 of an answer's hits


def options(*wanted: bool) -> int:
    """The bits of a request's options: PossResend, only check it, of a list."""
    return sum(bit << place for place, bit in enumerate(wanted))


def hits_of(bits: int) -> list[Status]:
    """All that an answer says a request breaks, or needs a person for."""
    return [Status(FIRST_HIT + bit) for bit in range(64) if bits >> bit & 1]


class OrderEntry(Views):
    """Requests of clients."""

    if TYPE_CHECKING:

        def record(self, name: str, /, by: str | None = None, **fields: Any) -> Result: ...
        def character(self, enum: str, value: str | None) -> int: ...
        def account_or_zero(self, code: str) -> int: ...
        def instrument_or_zero(self, symbol: str) -> int: ...
        def instrument_of(self, account: str, cl_ord_id: str) -> int: ...

    def submit(
        self,
        account: str,
        cl_ord_id: str,
        instrument: str,
        side: str,
        order_qty: Amount,
        price: Amount | None = None,
        *,
        ord_type: str = "limit",
        time_in_force: str = "day",
        expire_date: Day | None = None,
        stop_px: Amount | None = None,
        display_qty: Amount | None = None,
        min_qty: Amount | None = None,
        locate: str = "",
        poss_resend: bool = False,
        listed: bool = False,
        check_only: bool = False,
        tag: int = 0,
        by: str | None = None,
    ) -> Result:
        """Asks for an order (FIX NewOrderSingle). Quantities and prices are the instrument's; None = not given.

        locate: where a short sale's stock is borrowed. poss_resend: FIX 97, a known cl_ord_id gets its first answer.
        listed: it belongs to the list that the sender has begun. check_only: see `validate`.
        """
        stock = self.instrument_or_zero(instrument)
        prices, quantities = self.exponents(stock) if stock else UNKNOWN_EXPONENTS
        return self.record(
            "NewOrderSingle",
            by,
            account=self.account_or_zero(account),
            instrument=stock,
            side=self.character("Side", side),
            ord_type=self.character("OrdType", ord_type),
            time_in_force=self.character("TimeInForce", time_in_force),
            order_qty=to_units(order_qty, quantities, "order_qty"),
            price=or_null(price, prices, "price"),
            stop_px=or_null(stop_px, prices, "stop_px"),
            display_qty=or_null(display_qty, quantities, "display_qty"),
            min_qty=or_null(min_qty, quantities, "min_qty"),
            expire_date=to_day(expire_date),
            cl_ord_id=cl_ord_id,
            locate=locate,
            options=options(poss_resend, check_only, listed),
            tag=tag,
        )

    def replace(
        self,
        account: str,
        cl_ord_id: str,
        orig_cl_ord_id: str,
        *,
        order_qty: Amount | None = None,
        price: Amount | None = None,
        stop_px: Amount | None = None,
        display_qty: Amount | None = None,
        min_qty: Amount | None = None,
        ord_type: str | None = None,
        time_in_force: str | None = None,
        expire_date: Day | None = None,
        poss_resend: bool = False,
        listed: bool = False,
        check_only: bool = False,
        tag: int = 0,
        by: str | None = None,
    ) -> Result:
        """Asks to change an order (FIX OrderCancelReplaceRequest); None leaves a term as it is."""
        stock = self.instrument_of(account, orig_cl_ord_id)
        prices, quantities = self.exponents(stock) if stock else UNKNOWN_EXPONENTS
        return self.record(
            "OrderCancelReplaceRequest",
            by,
            account=self.account_or_zero(account),
            order_qty=or_null(order_qty, quantities, "order_qty"),
            price=or_null(price, prices, "price"),
            stop_px=or_null(stop_px, prices, "stop_px"),
            display_qty=or_null(display_qty, quantities, "display_qty"),
            min_qty=or_null(min_qty, quantities, "min_qty"),
            ord_type=self.character("OrdType", ord_type),
            time_in_force=self.character("TimeInForce", time_in_force),
            expire_date=to_day(expire_date),
            cl_ord_id=cl_ord_id,
            orig_cl_ord_id=orig_cl_ord_id,
            options=options(poss_resend, check_only, listed),
            tag=tag,
        )

    def cancel(
        self,
        account: str,
        cl_ord_id: str,
        orig_cl_ord_id: str,
        *,
        poss_resend: bool = False,
        tag: int = 0,
        by: str | None = None,
    ) -> Result:
        """Asks to cancel an order (FIX OrderCancelRequest)."""
        return self.record(
            "OrderCancelRequest",
            by,
            account=self.account_or_zero(account),
            cl_ord_id=cl_ord_id,
            orig_cl_ord_id=orig_cl_ord_id,
            options=int(poss_resend),
            tag=tag,
        )

    def validate(
        self,
        account: str,
        instrument: str,
        side: str,
        order_qty: Amount,
        price: Amount | None = None,
        *,
        cl_ord_id: str = "",
        by: str | None = None,
        **terms: Any,
    ) -> Checked:
        """What `submit` would meet with these terms; it leaves nothing behind."""
        asked = self.submit(account, cl_ord_id, instrument, side, order_qty, price, check_only=True, by=by, **terms)
        return self.checked(asked, self.instrument_or_zero(instrument))

    def validate_replace(
        self, account: str, orig_cl_ord_id: str, *, cl_ord_id: str = "", by: str | None = None, **terms: Any
    ) -> Checked:
        """What `replace` would meet with these terms; it leaves nothing behind."""
        asked = self.replace(account, cl_ord_id, orig_cl_ord_id, check_only=True, by=by, **terms)
        return self.checked(asked, self.instrument_of(account, orig_cl_ord_id))

    def checked(self, asked: Result, instrument: int) -> Checked:
        """The answer to a request that was only checked."""
        answer = asked.answer or {}
        currency = int(self.rows("instrument")["currency"][instrument])
        exponent = int(self.rows("currency")["exponent"][currency])
        money = {name: from_units(int(answer.get(name, 0)), exponent) for name in ("value", "fee", "tax")}
        return Checked(asked.status, tuple(hits_of(int(answer.get("hits", 0)))), **money)

    def begin_list(self, count: int, *, all_or_nothing: bool = True, tag: int = 0, by: str | None = None) -> Result:
        """The sender's next `count` requests with `listed` are a list: all of them go out, or none."""
        return self.record("ListBegin", by, count=count, all_or_nothing=int(all_or_nothing), tag=tag)
