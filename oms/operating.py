"""What a firm's operators do with an embedded engine: the date, settlement, loads, movements by hand.

A mixin of Engine: it makes records; it holds nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from oms import booking, records
from oms.booking import SettlementItem
from oms.enums import MovementKind, MovementStage
from oms.errors import OmsError
from oms.values import Amount, Day, or_null, to_day, to_units
from oms.views import Views

if TYPE_CHECKING:
    from oms.engine import Result


class Operating(Views):
    """The day and its keepers."""

    if TYPE_CHECKING:

        def record(self, name: str, /, by: str | None = None, **fields: Any) -> Result: ...
        def fact(self, name: str, by: str | None, **fields: Any) -> Result: ...
        def apply(self, raw: bytes, source: int = 0) -> Result: ...
        def account_or_zero(self, code: str) -> int: ...
        def number(self, enum: str, value: str) -> int: ...

    def business_date(self, day: Day, by: str | None = None) -> Result:
        """Moves the firm's date forward."""
        return self.record("BusinessDate", by, date=to_day(day))

    def tick(self) -> Result:
        """Time passes: what is overdue times out."""
        return self.record("Tick")

    def settle(
        self,
        batch_id: str,
        date: Day,
        account: str | None = None,
        by: str | None = None,
        *,
        items: Iterable[SettlementItem] | None = None,
        expected: Mapping[tuple[str, str], Amount] | None = None,
        fail: Iterable[str | int] = (),
    ) -> Result:
        """Books a settlement batch of one account or of all, whole or not at all.

        items: only these; None = all that is due by the date. expected: (account, currency or instrument) → booked or
        settled after the batch, which moves nothing when one differs. fail: trades that stay open, and late.
        """
        slot = self.account_or_zero(account) if account else 0
        return self._book(booking.settle(self, batch_id, date, slot, items, expected, fail), by)

    def _book(self, bookings: Iterable[booking.Booking], by: str | None) -> Result:
        """Applies records one after another, up to the first that is refused."""
        result: Result | None = None
        for name, fields in bookings:
            result = self.record(name, by, **fields)
            if not result.ok:
                break
        assert result is not None
        return result

    def _load(
        self, kind: str, as_of: Day, lines: Sequence[bytes], source: str, digest: bytes, supersede: bool, by: str | None
    ) -> Result:
        begun = self.record(
            "LoadBegin",
            by,
            kind=self.number("SodKind", kind),
            as_of=to_day(as_of),
            origin=source,
            digest=list(digest.ljust(32, b"\0")),
            supersede=int(supersede),
        )
        if not begun.ok:
            return begun
        user = self.user_slot(by) if by else 0
        for line in lines:
            taken = self.apply(line, user)
            if not taken.ok:
                return taken
        return self.record("LoadCommit", by, rows=len(lines))

    def load_cash(
        self,
        as_of: Day,
        rows: Iterable[tuple[str, str, Amount]],
        source: str = "",
        digest: bytes = b"",
        supersede: bool = False,
        by: str | None = None,
    ) -> Result:
        """The bank's figures at the end of `as_of`: (account, currency, booked). All of them, or none."""
        lines = []
        for account, currency, booked in rows:
            money = self.currency_slot(currency)
            figure = to_units(booked, int(self.rows("currency")["exponent"][money]), "booked")
            lines.append(records.encode("LoadCash", account=self.account_slot(account), currency=money, booked=figure))
        return self._load("cash", as_of, lines, source, digest or content_digest(lines, as_of), supersede, by)

    def load_holdings(
        self,
        as_of: Day,
        rows: Iterable[tuple[str, str, Amount, Amount | None]],
        source: str = "",
        digest: bytes = b"",
        supersede: bool = False,
        by: str | None = None,
    ) -> Result:
        """The registry's figures at the end of `as_of`: (account, instrument, settled, average price or None)."""
        lines = []
        for account, instrument, settled, cost in rows:
            stock = self.instrument_slot(instrument)
            _, quantities = self.exponents(stock)
            lines.append(
                records.encode(
                    "LoadHolding",
                    account=self.account_slot(account),
                    instrument=stock,
                    settled=to_units(settled, quantities, "settled"),
                    average_price_e8=or_null(cost, 8, "average price"),
                )
            )
        return self._load("holdings", as_of, lines, source, digest or content_digest(lines, as_of), supersede, by)

    def sign_off(self, account: str, unreconciled: bool = False, reason: str = "", by: str | None = None) -> Result:
        """Opens an account that start of day left closed, or closes one."""
        slot = self.account_slot(account)
        return self.record("AccountReconciled", by, account=slot, unreconciled=int(unreconciled), reason=reason)

    def _move(self, kind: MovementKind, account: str, *given: Any, by: str | None, **more: Any) -> Result:
        return self._book([booking.movement(self, kind, self.account_or_zero(account), *given, **more)], by)

    def deposit(
        self, account: str, currency: str, amount: Amount, reference: str, by: str | None = None, override: bool = False
    ) -> Result:
        """Books money in, at once, and once by its reference."""
        return self._move(MovementKind.deposit, account, currency, amount, reference, by=by, override=override)

    def withdraw(
        self,
        account: str,
        currency: str,
        amount: Amount,
        reference: str,
        by: str | None = None,
        override: bool = False,
        stage: str = "at_once",
    ) -> Result:
        """Books money out; below what is free only with `override`, which stays on record.

        stage: a client's `request` holds the money; `confirm` books what the bank has paid, `refuse` frees it (with an
        amount of 0, whatever was asked for).
        """
        step = MovementStage[stage]
        return self._move(
            MovementKind.withdrawal, account, currency, amount, reference, by=by, override=override, stage=step
        )

    def adjust(
        self,
        account: str,
        item: str,
        amount: Amount,
        reference: str,
        reason: str,
        by: str | None = None,
        override: bool = False,
    ) -> Result:
        """Corrects booked money (item: a currency) or settled stock (an instrument) by a signed amount."""
        return self._move(MovementKind.adjustment, account, item, amount, reference, reason, by=by, override=override)

    def transfer(
        self,
        account: str,
        to: str,
        item: str,
        amount: Amount,
        reference: str,
        *,
        to_currency: str = "",
        to_amount: Amount = 0,
        margin: bool = False,
        reason: str = "",
        by: str | None = None,
        override: bool = False,
    ) -> Result:
        """Moves money (item: a currency), stock with its average price (an instrument), or margin to another account.

        to_currency, to_amount: what arrives when money changes its currency on the way.
        """
        slots = self.account_or_zero(account), self.account_or_zero(to)
        made = booking.transfer(
            self,
            *slots,
            item,
            amount,
            reference,
            to_currency=to_currency,
            to_amount=to_amount,
            margin=margin,
            reason=reason,
            override=override,
        )
        return self._book([made], by)

    def set_margin(
        self,
        account: str,
        currency: str,
        margin: Amount,
        by: str | None = None,
        reference: str = "",
        reason: str = "",
    ) -> Result:
        """Further credit that the account may use; on record, and once by its reference when it has one."""
        money = self.currency_slot(currency)
        fields = {
            "account": self.account_or_zero(account),
            "currency": money,
            "margin": to_units(margin, int(self.rows("currency")["exponent"][money]), "margin"),
        }
        return self.record("SetMargin", by, **fields, reference=reference, reason=reason)

    def balance(
        self,
        feed: str,
        id: str,
        account: str,
        item: str,
        *,
        delta: Amount | None = None,
        absolute: Amount | None = None,
        as_of: Day | None = None,
        reference: str = "",
        feed_sequence: int = 0,
        by: str | None = None,
    ) -> Result:
        """A bank or registry tells what has moved (delta), or what there is (absolute), of a currency or instrument.

        as_of: absent = the business date. reference: of the client's withdrawal that the bank has paid.
        """
        if (delta is None) == (absolute is None):
            raise OmsError("either what has moved or what there is")
        told = delta if delta is not None else absolute
        assert told is not None
        return self.fact(
            "BalanceReport",
            by,
            **booking.balance(item, told, as_of),
            feed=self.find("feed", "name", feed, "feed"),
            feed_sequence=feed_sequence,
            absolute=int(absolute is not None),
            id=id,
            account_code=account,
            reference=reference,
        )


def content_digest(lines: Sequence[bytes], as_of: Day) -> bytes:
    """What identifies a load that came from no file: its rows and its date."""
    digest = hashlib.sha256(str(as_of).encode())
    for line in lines:
        digest.update(line)
    return digest.digest()
