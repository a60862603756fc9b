"""Order entry over the bus: submit, replace and cancel in a trader's terms, many on the way at once; withdrawals, too.

Owns the requests that are not answered yet, and the withdrawals that have not ended: after a reconnection they are sent
again. That is safe, because a request is known by its account and cl_ord_id, or its reference; a repeated one has no
effect but its answer. It keeps no orders.

    with Client("ipc:///run/oms/desk.sock", name="desk") as client:
        client.submit("ACC-1", "C1", "BHP", "buy", 100, "45.10")
        for answer in client.drain():
            print(answer.cl_ord_id, answer.status.name)

Amounts are str, int or Decimal, never float. One thread uses a client.
"""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from enum import IntEnum
from typing import Any, NamedTuple, Self

from oms import records, schema
from oms.adapters.messages import packer, template_id
from oms.bus import Connection, Opened
from oms.bus_config import BusError, SessionRole
from oms.enums import LookupOf, MovementKind, MovementStage, OrdType, RequestStatus, Side, Status, TimeInForce
from oms.errors import OmsError
from oms.values import Amount, Day, or_null, to_day, to_units

BATCH = 128  # requests that are sent together
_HEAD = struct.Struct("<IIQQHHHH")
_TERMS = ("order_qty", "price", "stop_px", "display_qty", "min_qty")
_KINDS = ("ord_type", "time_in_force")
_REPLACE = (*_TERMS, *_KINDS, "options", "tag", "cl_ord_id_length", "orig_cl_ord_id_length")
_NEW = ("expire_date", "side", *_KINDS, "options", "tag", "cl_ord_id_length", "locate_length")
_CANCEL = ("account", "options", "tag", "cl_ord_id_length", "orig_cl_ord_id_length")
_MOVES = ("amount", "tag", "reference_length", "reason_length")
_STRUCTS = {
    "NewOrderSingle": packer("NewOrderSingle", ("account", "instrument", *_TERMS, *_NEW)),
    "OrderCancelReplaceRequest": packer("OrderCancelReplaceRequest", ("account", "expire_date", *_REPLACE)),
    "OrderCancelRequest": packer("OrderCancelRequest", _CANCEL),
    "OrderMassCancelRequest": packer("OrderMassCancelRequest", ("account", "instrument", "side", "tag")),
    "Movement": packer("Movement", ("account", "currency", "kind", "stage", *_MOVES)),
    "Transfer": packer("Transfer", ("account", "to", "currency", *_MOVES)),
}
_TEMPLATES = {name: records.BY_NAME[name].template_id for name in _STRUCTS}
_ANSWER_FIELDS = ("tag", "request", "order", "figure", "limit", "account", "status", "request_status", "repeated")
_ANSWER = packer("Answer", (*_ANSWER_FIELDS, "cl_ord_id_length"))
_ANSWER_LENGTH = records.record_dtype("Answer").itemsize
_ANSWER_ID = records.BY_NAME["Answer"].template_id


class Answer(NamedTuple):
    """What became of a request. `tag` is what the call returned; 0 = later news of a request that was answered before.

    cl_ord_id: of a withdrawal, its reference. figure, limit: what was asked for and what the rule allows, in the rule's
    unit. repeated: it was answered before.
    """

    tag: int
    status: Status
    request_status: RequestStatus | None  # None: it was refused before it had one, or never has one
    cl_ord_id: str
    account: int
    figure: int
    limit: int
    request: int
    order: int
    repeated: bool


class Instrument(NamedTuple):
    """An instrument's number at the OMS, and the decimals of its prices and quantities."""

    number: int
    price_exponent: int
    quantity_exponent: int


class Currency(NamedTuple):
    """A currency's number at the OMS, and the decimals of its money."""

    number: int
    exponent: int


class Client:
    """A session on one client endpoint. Calls that send return the request's tag at once; answers come by `poll`.

    An account may be given by its number, an instrument as `Instrument`: then nothing is looked up.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        environment: str = "test",
        credential: str = "",
        owner: int = 0,
        window: int = 4096,
        timeout_s: float = 10.0,
        **settings: Any,
    ) -> None:
        """name: of the endpoint. owner: whose account codes. window: requests that may be unanswered at once.
        timeout_s: for the first session and each lookup. settings: more for `oms.bus.Connection`, such as tls."""
        self.window = window
        self.owner = owner
        self.timeout_s = timeout_s
        self._accounts: dict[str, int] = {}
        self._instruments: dict[str, Instrument] = {}
        self._currencies: dict[str, Currency] = {}
        self._tag = 0
        self._waiting: dict[int, bytes] = {}  # what is not answered, in the order in which it was sent
        self._at_bank: dict[str, bytes] = {}  # withdrawals that were taken and have not ended, by their references
        self._buffer: list[bytes] = []
        self._answers: deque[Answer] = deque()
        self._found: dict[int, dict[str, Any]] = {}
        self._connection = Connection(
            url,
            name=name,
            role=SessionRole.client,
            environment=environment,
            credential=credential,
            on_opened=self._opened,
            **settings,
        )

    def open(self) -> Self:
        """Connect. Raises BusError when the OMS refuses or does not answer in time."""
        self._connection.open(self.timeout_s)
        return self

    def close(self) -> None:
        """Leave. What is not answered stays as it is: its outcome is at the OMS."""
        self._flush()
        self._connection.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    # numbers

    def account(self, code: str) -> int:
        """The number of an account. Raises OmsError when it is unknown."""
        if code not in self._accounts:
            self.learn(accounts=[code])
        return self._accounts[code]

    def instrument(self, symbol: str) -> Instrument:
        """An instrument: SYMBOL, or SYMBOL.MIC where several exchanges list it. Raises OmsError when it is unknown."""
        if symbol not in self._instruments:
            self.learn(instruments=[symbol])
        return self._instruments[symbol]

    def currency(self, code: str) -> Currency:
        """A currency by its ISO 4217 code. Raises OmsError when it is unknown."""
        if code not in self._currencies:
            self.learn(currencies=[code])
        return self._currencies[code]

    def learn(
        self, accounts: Iterable[str] = (), instruments: Iterable[str] = (), currencies: Iterable[str] = ()
    ) -> None:
        """Look up many codes at once. Raises OmsError for the first that is unknown, after all are answered."""
        wanted = {LookupOf.account: accounts, LookupOf.instrument: instruments, LookupOf.currency: currencies}
        for of, codes in wanted.items():
            asked = {self._ask(of, code): code for code in codes}
            found = {code: self._found_for(tag, of, code) for tag, code in asked.items()}
            for code, fields in found.items():
                if not fields["number"]:
                    raise OmsError(f"the OMS knows no {of.name} {code!r}", where=self._where())
                if of == LookupOf.account:
                    self._accounts[code] = fields["number"]
                elif of == LookupOf.currency:
                    self._currencies[code] = Currency(fields["number"], fields["price_exponent"])
                else:
                    exponents = fields["price_exponent"], fields["quantity_exponent"]
                    self._instruments[code] = Instrument(fields["number"], *exponents)

    def _ask(self, of: LookupOf, code: str) -> int:
        tag = self._next_tag()
        self._enqueue(tag, records.encode("Lookup", tag=tag, of=int(of), owner=self.owner, code=code))
        return tag

    def _found_for(self, tag: int, of: LookupOf, code: str) -> dict[str, Any]:
        self._flush()
        until = time.monotonic() + self.timeout_s
        while tag not in self._found:
            if time.monotonic() > until:
                raise OmsError(f"no answer about {of.name} {code!r} within {self.timeout_s} s", where=self._where())
            self._take(0.1)
        return self._found.pop(tag)

    # requests

    def submit(
        self,
        account: str | int,
        cl_ord_id: str,
        instrument: str | Instrument,
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
    ) -> int:
        """Ask for an order. Words are those of `oms.enums`; locate: where a short sale's stock is borrowed;
        poss_resend (FIX 97): a known cl_ord_id gets its first answer. Returns the tag. Raises OmsError."""
        what = self.instrument(instrument) if isinstance(instrument, str) else instrument
        terms = _terms(what, order_qty, price, stop_px, display_qty, min_qty)
        kinds = _value(Side, side), _value(OrdType, ord_type), _value(TimeInForce, time_in_force)
        fields = (self._number(account), what.number, *terms, to_day(expire_date), *kinds, int(poss_resend))
        return self._request("NewOrderSingle", fields, cl_ord_id, locate)

    def replace(
        self,
        account: str | int,
        cl_ord_id: str,
        orig_cl_ord_id: str,
        instrument: str | Instrument,
        *,
        order_qty: Amount | None = None,
        price: Amount | None = None,
        stop_px: Amount | None = None,
        display_qty: Amount | None = None,
        min_qty: Amount | None = None,
        ord_type: str = "",
        time_in_force: str = "",
        expire_date: Day | None = None,
        poss_resend: bool = False,
    ) -> int:
        """Ask to change an order, named by any id of its chain; what is not given stays as it is. Returns the tag."""
        what = self.instrument(instrument) if isinstance(instrument, str) else instrument
        terms = _terms(what, order_qty, price, stop_px, display_qty, min_qty)
        kinds = _value(OrdType, ord_type), _value(TimeInForce, time_in_force)
        fields = (self._number(account), to_day(expire_date), *terms, *kinds, int(poss_resend))
        return self._request("OrderCancelReplaceRequest", fields, cl_ord_id, orig_cl_ord_id)

    def cancel(self, account: str | int, cl_ord_id: str, orig_cl_ord_id: str, *, poss_resend: bool = False) -> int:
        """Ask to cancel an order, named by any id of its chain. Returns the tag."""
        fields = (self._number(account), int(poss_resend))
        return self._request("OrderCancelRequest", fields, cl_ord_id, orig_cl_ord_id)

    def mass_cancel(self, account: str | int, instrument: str | Instrument | None = None, side: str = "") -> int:
        """Ask to cancel every order of an account, of one instrument or side where given. Returns the tag; the answer's
        figure is how many cancels went out, its limit how many requests ended unsent."""
        what = self.instrument(instrument) if isinstance(instrument, str) else instrument
        fields = (self._number(account), what.number if what else 0, _value(Side, side))
        return self._request("OrderMassCancelRequest", fields)

    def withdraw(self, account: str | int, currency: str, amount: Amount, reference: str, reason: str = "") -> int:
        """Ask for money of an account: it is held from here on, booked when the bank has paid, free again when that
        refuses. Counts once by its reference: again is `movement_repeated`, with the request_status it has come to:
        submitted, completed (paid) or rejected. How it ends comes as an Answer with tag 0, its reference as the
        cl_ord_id: `ok` and completed, or `withdrawal_refused` and rejected. Returns the tag."""
        kind, stage = int(MovementKind.withdrawal), int(MovementStage.request)
        what, units = self._money(currency, amount)
        return self._request("Movement", (self._number(account), what, kind, stage, -units), reference, reason)

    def transfer(
        self, account: str | int, to: str | int, currency: str, amount: Amount, reference: str, reason: str = ""
    ) -> int:
        """Move money to another account of one's own, at once and once by its reference. Returns the tag."""
        what, units = self._money(currency, amount)
        numbers = self._number(account), self._number(to)
        return self._request("Transfer", (*numbers, what, units), reference, reason)

    def _money(self, currency: str, amount: Amount) -> tuple[int, int]:
        known = self.currency(currency)
        return known.number, to_units(amount, known.exponent, "amount")

    def _number(self, account: str | int) -> int:
        return self.account(account) if isinstance(account, str) else account

    def _request(self, name: str, fields: tuple[int, ...], *ids: str) -> int:
        tag = self._next_tag()
        texts = [text.encode() for text in ids]
        try:
            block = _STRUCTS[name].pack(*fields, tag, *map(len, texts))
        except struct.error as error:
            raise OmsError(f"{name} cannot be encoded: {error}", where=repr(ids[0]) if ids else "") from None
        length = (schema.FRAME_SIZE + len(block) + sum(map(len, texts)) + 7) & ~7
        head = _HEAD.pack(length, 0, tag, 0, _TEMPLATES[name], schema.SCHEMA_VERSION, 0, 0)
        while len(self._waiting) >= self.window:
            self._flush()
            self._take(1.0)
        self._enqueue(tag, b"".join((head, block, *texts)).ljust(length, b"\0"))
        return tag

    # answers

    @property
    def leader(self) -> int:
        """Epoch of the process that leads, as its session told it: higher after each start and promotion."""
        return self._connection.leader

    @property
    def unanswered(self) -> int:
        """How many requests have no answer yet."""
        return len(self._waiting)

    def poll(self, timeout_s: float = 0.0) -> list[Answer]:
        """The answers that have come, in their order; waits for the first at most so long. Raises BusError."""
        self._flush()
        if not self._answers:
            self._take(timeout_s)
        while self._take(0.0):
            pass
        answers = list(self._answers)
        self._answers.clear()
        return answers

    def drain(self, timeout_s: float = 60.0) -> list[Answer]:
        """All answers until no request waits for one. Raises OmsError when that takes longer than `timeout_s`."""
        until = time.monotonic() + timeout_s
        answers = self.poll()
        while self._waiting:
            if time.monotonic() > until:
                raise OmsError(
                    f"{len(self._waiting)} requests are not answered after {timeout_s} s",
                    where=self._where(),
                    remedy="look at their outcome at the OMS, or send them again under the same cl_ord_id",
                )
            answers += self.poll(0.1)
        return answers

    # the session

    def _next_tag(self) -> int:
        self._tag += 1
        return self._tag

    def _enqueue(self, tag: int, record: bytes) -> None:
        self._waiting[tag] = record
        self._buffer.append(record)
        if len(self._buffer) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        batch, self._buffer = self._buffer, []
        self._transmit(batch)

    def _transmit(self, batch: list[bytes]) -> None:
        with suppress(BusError):  # the session has ended: what waits is sent again when the next one opens
            self._connection.send(batch)

    def _opened(self, opened: Opened) -> None:
        self._buffer.clear()
        self._transmit([*self._at_bank.values(), *self._waiting.values()])

    def _take(self, timeout_s: float) -> bool:
        """Take one envelope in. False: none came in time."""
        batch = self._connection.receive(timeout_s)
        for raw in batch:
            if template_id(raw) == _ANSWER_ID:
                self._answer(raw)
            else:
                name, fields = records.decode(raw)
                if name == "Found" and self._waiting.pop(fields["tag"], b""):
                    self._found[fields["tag"]] = fields
        return bool(batch)

    def _answer(self, raw: bytes) -> None:
        fields = _ANSWER.unpack_from(raw, schema.FRAME_SIZE)
        tag, request, order, figure, limit, account, status, request_status, repeated, length = fields
        cl_ord_id = raw[_ANSWER_LENGTH : _ANSWER_LENGTH + length].decode("utf-8", "replace")
        outcome = RequestStatus(request_status) if request_status else None
        asked = self._waiting.pop(tag, b"") if tag else b""
        if outcome and not request and (asked or cl_ord_id in self._at_bank):
            if outcome == RequestStatus.submitted:
                self._at_bank[cl_ord_id] = asked or self._at_bank[cl_ord_id]
            elif self._at_bank.pop(cl_ord_id, b"") and not asked:  # what a reconnection has kept from being told
                ended = Status.ok if outcome == RequestStatus.completed else Status.withdrawal_refused
                tag, status, repeated = 0, ended, 0
        if tag and not asked:
            return  # sent twice around a reconnection, answered twice
        self._answers.append(
            Answer(tag, Status(status), outcome, cl_ord_id, account, figure, limit, request, order, repeated == 1)
        )

    def _where(self) -> str:
        return f"{self._connection.name} at {self._connection.url}"


def _terms(instrument: Instrument, order_qty: Amount | None, *others: Amount | None) -> tuple[int, ...]:
    """order_qty, price, stop_px, display_qty, min_qty in units; null where none is given."""
    price, stop_px, display_qty, min_qty = others
    prices, quantities = instrument.price_exponent, instrument.quantity_exponent
    return (
        or_null(order_qty, quantities, "order_qty"),
        or_null(price, prices, "price"),
        or_null(stop_px, prices, "stop_px"),
        or_null(display_qty, quantities, "display_qty"),
        or_null(min_qty, quantities, "min_qty"),
    )


def _value(enum: type[IntEnum], word: str) -> int:
    """The value of a catalogue word; 0 for none."""
    try:
        return int(enum[word]) if word else 0
    except KeyError:
        raise OmsError(f"no {enum.__name__} is called {word!r}", remedy=f"use {', '.join(enum.__members__)}") from None
