"""Read-only pictures of the tables: the engine's own, or those of a live process, mapped without a copy.

Never changes a row. A row of a live process is read under its version: a torn read is seen and read again.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import numpy as np

from oms import schema
from oms._core.tables import MAGIC
from oms.enums import (
    OrdStatus,
    OrdType,
    RequestStatus,
    RequestType,
    Side,
    Status,
    TimeInForce,
    TradeKind,
)
from oms.errors import OmsError
from oms.pictures import Cash, Holding, Order, Request, Trade
from oms.records import row_dtype
from oms.state_hash import combine, digest_of
from oms.values import from_day, from_units

HEADER = np.dtype(
    {
        "names": [
            "magic",
            "row_size",
            "capacity",
            "used",
            "free",
            "live",
            "schema_version",
            "generation",
            "sequence",
            "safe",
            "heartbeat_ns",
        ],
        "formats": ["<u8", "<u4", "<u4", "<u4", "<u4", "<u4", "<u4", "<u8", "<u8", "<u8", "<u8"],
        "offsets": [0, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56],
        "itemsize": 4096,
    }
)
ALL_DAYS = 3650
EIGHT = Decimal("0.00000001")
ZERO = Decimal(0)
FLAGS = {1: "external", 2: "overfilled", 4: "filled_after_close", 8: "cum_differs", 16: "expired_here"}
FLAGS |= {32: "to_be_restated", 64: "restated"}
RESTATED = 64  # order.flags: its cum_qty counts its executions scaled
PRECEDENCE = [OrdStatus.pending_cancel, OrdStatus.pending_replace]
LIVE = (  # requests that may still change what is at the exchange
    RequestStatus.received,
    RequestStatus.queued,
    RequestStatus.buffered,
    RequestStatus.submitted,
    RequestStatus.in_doubt,
)

Row = Any  # one element of a structured array


def word(enum: type, value: int) -> str:
    """The catalogue's word for a value; empty for 0."""
    return str(enum(int(value)).name) if value else ""


class Views:
    """Pictures over a source of tables. Subclasses say where the memory is."""

    def memory(self, table: str) -> Any:
        """The bytes of a table's file, header page included."""
        raise NotImplementedError

    def header(self, table: str) -> Row:
        return np.frombuffer(self.memory(table), dtype=HEADER, count=1)[0]

    def rows(self, table: str) -> np.ndarray[Any, Any]:
        """All rows up to the high-water mark, as a read-only structured array; row 0 is never used."""
        used = int(self.header(table)["used"])
        array: np.ndarray[Any, Any] = np.frombuffer(self.memory(table), dtype=row_dtype(table), count=used, offset=4096)
        array.flags.writeable = False
        return array

    def row(self, table: str, slot: int) -> Row:
        """A copy of one row that nobody was writing while it was taken."""
        rows = self.rows(table)
        if not 0 < slot < len(rows):
            raise OmsError(f"{table} has no row {slot}")
        while True:
            before = int(rows["version"][slot])
            copy = rows[slot : slot + 1].copy()[0]
            if before % 2 == 0 and int(rows["version"][slot]) == before:
                return copy

    def text(self, ref: int) -> str:
        """A text of the text table."""
        if not ref:
            return ""
        start = 4096 + int(ref) * 8
        memory = self.memory("text")
        return bytes(memory[start + 1 : start + 1 + memory[start]]).decode("utf-8", "replace")

    def code(self, table: str, slot: int, name: str) -> str:
        """A padded code of a row; empty for row 0."""
        return bytes(self.rows(table)[name][slot]).decode("utf-8", "replace") if slot else ""

    # codes to rows

    def find(self, table: str, field: str, code: str, what: str) -> int:
        """The row of a code. Raises OmsError when there is none."""
        rows = self.rows(table)
        found = np.flatnonzero(rows[field] == code.encode())
        if not len(found):
            raise OmsError(f"no {what} is called {code!r}")
        return int(found[0])

    def account_slot(self, code: str, owner: int = 0) -> int:
        rows = self.rows("account")
        found = np.flatnonzero((rows["code"] == code.encode()) & (rows["owner"] == owner))
        if not len(found):
            raise OmsError(f"no account is called {code!r}")
        return int(found[0])

    def instrument_slot(self, symbol: str) -> int:
        """`SYMBOL`, or `SYMBOL@MIC` where more than one exchange lists it."""
        name, _, mic = symbol.partition("@")
        rows = self.rows("instrument")
        found = np.flatnonzero(rows["symbol"] == name.encode())
        if mic:
            found = found[rows["exchange"][found] == self.exchange_slot(mic)]
        if len(found) != 1:
            problem = "is listed at several exchanges: write SYMBOL@MIC" if len(found) else "is unknown"
            raise OmsError(f"instrument {symbol!r} {problem}")
        return int(found[0])

    def currency_slot(self, code: str) -> int:
        return self.find("currency", "code", code, "currency")

    def exchange_slot(self, mic: str) -> int:
        return self.find("exchange", "mic", mic, "exchange")

    def user_slot(self, name: str) -> int:
        return self.find("user", "name", name, "user")

    def item_of(self, item: str) -> tuple[int, int, int]:
        """(instrument, currency, exponent) of a code: one of the two is 0."""
        currencies = self.rows("currency")
        for slot in range(1, len(currencies)):
            if currencies["code"][slot] == item.encode():
                return 0, slot, int(currencies["exponent"][slot])
        slot = self.instrument_slot(item)
        return slot, 0, int(self.rows("instrument")["quantity_exponent"][slot])

    def owner_slot(self, name: str) -> int:
        return self.find("owner", "name", name, "owner")

    def request_slot(self, account: int, cl_ord_id: str) -> int:
        """The account's newest request of that name; 0 when there is none."""
        rows = self.rows("request")
        for slot in np.flatnonzero(rows["account"] == account)[::-1]:
            if self.text(rows["cl_ord_id"][slot]) == cl_ord_id:
                return int(slot)
        return 0

    def money(self, units: int, currency: int) -> Decimal:
        return from_units(units, int(self.rows("currency")["exponent"][currency]))

    # pictures

    def business_day(self, calendar: int, day: int) -> bool:
        if (day + 3) % 7 >= 5:
            return False
        row = self.rows("calendar")[calendar]
        bit = day - int(row["first_day"])
        return not (calendar and 0 <= bit < 1016 * 8 and int(row["closed"][bit >> 3]) >> (bit & 7) & 1)

    def ladder(self, row: Row, owed: str, due: str) -> dict[int, tuple[int, int]]:
        """date → (owed, due) of a cash or holding row, further dates included."""
        found: dict[int, tuple[int, int]] = {}
        for day, out, back in zip(row["ladder_date"], row[owed], row[due], strict=True):
            if out or back:
                found[int(day)] = (int(out), int(back))
        further = int(row["ladder"])
        while further:
            entry = self.rows("ladder")[further]
            if entry["owed"] or entry["due"]:
                found[int(entry["date"])] = (int(entry["owed"]), int(entry["due"]))
            further = int(entry["next"])
        return dict(sorted(found.items()))

    def counted_days(self, row: Row) -> range:
        """The settlement dates whose receivables the account's class counts."""
        policy = self.rows("account_class")[self.rows("account")["account_class"][row["account"]]]
        today = last = int(self.rows("firm")["business_date"][1])
        left = int(policy["receivable_days"])
        if left == 0:
            return range(0)
        calendar = int(self.rows("currency")["calendar"][row["currency"]])
        while 0 < left < ALL_DAYS:
            last += 1
            left -= self.business_day(calendar, last)
        return range(today, (1 << 31) if left else last + 1)

    def short_sales(self, row: Row, counted: range) -> tuple[int, int, int]:
        """Of a cash row: proceeds of short sales that are not bought back; what of them is settled; what else of the
        counted receivables is not to be spent."""
        if not row["exposure"]:
            return 0, 0, 0
        exposure = self.row("exposure", int(row["exposure"]))
        proceeds = int(exposure["short_proceeds"])
        due, late = (self.due_on(int(exposure[chain]), counted) for chain in ("ladder", "late"))
        unsettled = min(proceeds, int(exposure["short_due"]))
        return proceeds, proceeds - unsettled, min(unsettled, due) + late

    def due_on(self, slot: int, dates: range) -> int:
        """What a chain of the ladder table has due on these dates."""
        due = 0
        while slot:
            entry = self.rows("ladder")[slot]
            due += int(entry["due"]) if int(entry["date"]) in dates else 0
            slot = int(entry["next"])
        return due

    def cash_picture(self, slot: int) -> Cash:
        row = self.row("cash", slot)
        currency = int(row["currency"])
        ladder = self.ladder(row, "ladder_payable", "ladder_receivable")
        booked, reserved, payable = int(row["booked"]), int(row["reserved"]), int(row["payable"])
        counted = self.counted_days(row)
        proceeds, settled, unsettled = self.short_sales(row, counted)
        spendable = sum(due for day, (_, due) in ladder.items() if day in counted) - unsettled
        available = booked + int(row["margin"]) - reserved - payable - settled + spendable

        def money(units: int) -> Decimal:
            return self.money(units, currency)

        return Cash(
            account=self.code("account", int(row["account"]), "code"),
            currency=self.code("currency", currency, "code"),
            booked=money(booked),
            payable=money(payable),
            receivable=money(int(row["receivable"])),
            reserved=money(reserved),
            margin=money(int(row["margin"])),
            available=money(available),
            withdrawable=money(max(0, booked - reserved - payable - settled)),
            short_proceeds=money(proceeds),
            negative=available < 0,
            ladder={day_of(day): (money(owed), money(due)) for day, (owed, due) in ladder.items()},
        )

    def holding_picture(self, slot: int) -> Holding:
        row = self.row("holding", slot)
        instrument = self.rows("instrument")[row["instrument"]]
        policy = self.rows("account_class")[self.rows("account")["account_class"][row["account"]]]
        exponent = int(instrument["quantity_exponent"])
        settled, incoming, outgoing, reserved = (int(row[n]) for n in ("settled", "incoming", "outgoing", "reserved"))
        available = settled - outgoing - reserved + (incoming if policy["sell_unsettled"] else 0)
        ladder = self.ladder(row, "ladder_outgoing", "ladder_incoming")

        def qty(units: int) -> Decimal:
            return from_units(units, exponent)

        return Holding(
            account=self.code("account", int(row["account"]), "code"),
            instrument=self.code("instrument", int(row["instrument"]), "symbol"),
            settled=qty(settled),
            incoming=qty(incoming),
            outgoing=qty(outgoing),
            reserved=qty(reserved),
            total=qty(settled + incoming - outgoing),
            available=qty(available),
            average_price=average(row, int(instrument["price_exponent"])),
            negative=available < 0 and not self.rows("account")["short_allowed"][row["account"]],
            ladder={day_of(day): (qty(due), qty(owed)) for day, (owed, due) in ladder.items()},
        )

    def request_picture(self, slot: int) -> Request:
        row = self.row("request", slot)
        order = int(row["order"])
        shape = self.rows("order")[order] if order else None
        instrument = int(shape["instrument"]) if shape is not None else 0
        prices, quantities = self.exponents(instrument)
        price = int(row["price"])
        return Request(
            account=self.code("account", int(row["account"]), "code"),
            cl_ord_id=self.text(row["cl_ord_id"]),
            type=word(RequestType, row["type"]),
            status=word(RequestStatus, row["status"]),
            reason=Status(int(row["reason"])),
            user=self.code("user", int(row["user"]), "name"),
            order=order,
            handle=int(row["generation"]) << 32 | slot,
            queue_version=int(row["queue_version"]),
            decided_by=self.code("user", int(row["decided_by"]), "name"),
            feed=self.code("feed", int(row["feed"]), "name"),
            instrument=self.code("instrument", instrument, "symbol"),
            side=word(Side, shape["side"]) if shape is not None else "",
            ord_type=name_of(OrdType, row["ord_type"]),
            time_in_force=name_of(TimeInForce, row["time_in_force"]),
            order_qty=from_units(int(row["order_qty"]), quantities),
            price=optional(price, prices),
            stop_px=optional(int(row["stop_px"]), prices),
            display_qty=optional(int(row["display_qty"]), quantities),
            min_qty=optional(int(row["min_qty"]), quantities),
            expire_date=from_day(row["expire_date"]),
            time_ns=int(row["time_ns"]),
        )

    def exponents(self, instrument: int) -> tuple[int, int]:
        row = self.rows("instrument")[instrument] if instrument else None
        return (int(row["price_exponent"]), int(row["quantity_exponent"])) if row is not None else (0, 0)

    def pending_of(self, order: Row) -> list[int]:
        requests, slot, found = self.rows("request"), int(order["pending"]), []
        while slot:
            if requests["status"][slot] in LIVE:
                found.append(slot)
            slot = int(requests["next_pending"][slot])
        return found

    def order_picture(self, slot: int) -> Order:
        row = self.row("order", slot)
        requests = self.rows("request")
        instrument = int(row["instrument"])
        currency = int(self.rows("instrument")["currency"][instrument])
        prices, quantities = self.exponents(instrument)
        pending = self.pending_of(row)
        shown = OrdStatus(int(row["ord_status"]))
        asked = [requests["type"][p] for p in pending if requests["status"][p] != RequestStatus.queued]
        shown = PRECEDENCE[1] if RequestType.replace in asked and shown != PRECEDENCE[0] else shown
        shown = PRECEDENCE[0] if RequestType.cancel in asked else shown
        terms = requests[row["terms"]]
        live = 0 if row["closed"] else int(row["order_qty"]) - int(row["cum_qty"])
        avg_px, day_cum_qty, day_avg_px = self.executed(row, prices)
        return Order(
            account=self.code("account", int(row["account"]), "code"),
            cl_ord_id=self.text(terms["cl_ord_id"]),
            instrument=self.code("instrument", instrument, "symbol"),
            side=word(Side, row["side"]),
            ord_type=name_of(OrdType, terms["ord_type"]),
            time_in_force=name_of(TimeInForce, terms["time_in_force"]),
            ord_status=word(OrdStatus, row["ord_status"]),
            shown_status=shown.name,
            order_qty=from_units(int(row["order_qty"]), quantities),
            leaves_qty=from_units(max(live, 0), quantities),
            cum_qty=from_units(int(row["cum_qty"]), quantities),
            price=from_units(int(row["price"]), prices),
            stop_px=optional(int(terms["stop_px"]), prices),
            display_qty=optional(int(terms["display_qty"]), quantities),
            min_qty=optional(int(terms["min_qty"]), quantities),
            expire_date=from_day(terms["expire_date"]),
            locate=self.text(row["locate"]),
            avg_px=avg_px,
            day_order_qty=from_units(int(row["order_qty"]) - int(row["cum_qty"]) + day_cum_qty, quantities),
            day_cum_qty=from_units(day_cum_qty, quantities),
            day_avg_px=day_avg_px,
            cum_value=self.money(int(row["cum_value"]), currency),
            fee_charged=self.money(int(row["fee_charged"]), currency),
            reserved=self.money(int(row["reserved"]), currency),
            reserved_qty=from_units(int(row["reserved_qty"]), quantities),
            closed=bool(row["closed"]),
            flags=tuple(name for bit, name in FLAGS.items() if row["flags"] & bit),
            order_id=self.text(row["order_id"]),
            handle=int(row["generation"]) << 32 | slot,
            pending=tuple(
                (word(RequestType, requests["type"][p]), self.text(requests["cl_ord_id"][p])) for p in pending
            ),
            row=slot,
        )

    def executed(self, order: Row, exponent: int) -> tuple[Decimal, int, Decimal]:
        """Quantity-weighted price of the order's effective executions, eight decimals, 0 when none; quantity and price
        of those of the exchange's present trade date."""
        rows, figures = self.rows("execution"), [(0, 0), (0, 0)]
        mic = self.rows("instrument")["exchange"][order["instrument"]]
        today, at = self.rows("exchange")["trade_date"][mic], int(order["last_execution"])
        while at:
            row = rows[at]
            if row["kind"] != TradeKind.bust and not row["superseded_by"]:
                quantity, weighted = int(row["last_qty"]), int(row["last_qty"]) * int(row["last_px"])
                for place in (0, 1) if row["trade_date"] == today else (0,):
                    figures[place] = figures[place][0] + quantity, figures[place][1] + weighted
            at = int(row["prev_of_order"])
        if order["flags"] & RESTATED:  # in units of after a corporate action
            figures[0] = int(order["cum_qty"]), figures[0][1]
        averages = [ratio(weighted, quantity, exponent) if quantity else ZERO for quantity, weighted in figures]
        return averages[0], figures[1][0], averages[1]

    def trade_picture(self, slot: int) -> Trade:
        row = self.row("execution", slot)
        instrument = int(row["instrument"])
        currency = int(self.rows("instrument")["currency"][instrument])
        prices, quantities = self.exponents(instrument)
        value, fee = int(row["value"]), int(row["fee"])
        net = -(value + fee) if row["side"] == Side.buy else value - fee
        if row["kind"] == TradeKind.bust:
            net = -net
        request = int(row["request"])
        return Trade(
            row=slot,
            kind=word(TradeKind, row["kind"]),
            exec_id=self.text(row["exec_id"]),
            account=self.code("account", int(row["account"]), "code"),
            instrument=self.code("instrument", instrument, "symbol"),
            exchange=self.code("exchange", int(row["exchange"]), "mic"),
            currency=self.code("currency", currency, "code"),
            side=word(Side, row["side"]),
            quantity=from_units(int(row["last_qty"]), quantities),
            price=from_units(int(row["last_px"]), prices),
            value=self.money(value, currency),
            fee=self.money(fee, currency),
            tax=self.money(int(row["tax"]), currency),
            net=self.money(net, currency),
            trade_date=from_day(row["trade_date"]),
            settle_date=from_day(row["settle_date"]),
            version=int(row["trade_version"]),
            ref=int(row["ref"]),
            order=int(row["order"]),
            cl_ord_id=self.text(self.rows("request")["cl_ord_id"][request]) if request else "",
            sequence=int(row["sequence"]),
        )

    # by code

    def cash(self, account: str, currency: str) -> Cash:
        """The account's cash; all zero when it has no row in that currency."""
        holder, money = self.account_slot(account), self.currency_slot(currency)
        slot = self.cash_slot(holder, money)
        return self.cash_picture(slot) if slot else Cash(account, currency, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO)

    def holding(self, account: str, instrument: str) -> Holding:
        """The account's holding; all zero when it has none."""
        holder, stock = self.account_slot(account), self.instrument_slot(instrument)
        slot = self.holding_slot(holder, stock)
        return (
            self.holding_picture(slot)
            if slot
            else Holding(account, instrument, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, None)
        )

    def cash_slot(self, account: int, currency: int) -> int:
        rows, slot = self.rows("cash"), int(self.rows("account")["cash"][account])
        while slot and rows["currency"][slot] != currency:
            slot = int(rows["next"][slot])
        return slot

    def holding_slot(self, account: int, instrument: int) -> int:
        rows = self.rows("holding")
        found = np.flatnonzero((rows["account"] == account) & (rows["instrument"] == instrument))
        return int(found[0]) if len(found) else 0

    def request(self, account: str, cl_ord_id: str) -> Request:
        """A request by the client's name for it. Raises OmsError when there is none."""
        slot = self.request_slot(self.account_slot(account), cl_ord_id)
        if not slot:
            raise OmsError(f"account {account} has no request {cl_ord_id!r}")
        return self.request_picture(slot)

    def order(self, account: str, cl_ord_id: str) -> Order:
        """An order by any id of its chain. Raises OmsError when there is none."""
        order = self.request(account, cl_ord_id).order
        if not order:
            raise OmsError(f"request {cl_ord_id!r} of account {account} made no order")
        return self.order_picture(order)

    def queue(self) -> list[Request]:
        """Requests that wait for a DTR, oldest first."""
        rows = self.rows("request")
        waiting = np.flatnonzero(rows["status"] == RequestStatus.queued)
        oldest = waiting[np.argsort(rows["feed_sequence"][waiting])]  # until it is sent, the journal's when it came
        return [self.request_picture(int(slot)) for slot in oldest]

    def executions_from(self, row: int = 1) -> Iterator[Trade]:
        """Execution rows from `row` on, in order, as far as their cause is safe in the journal."""
        header = self.header("execution")
        safe, rows = int(header["safe"]), self.rows("execution")
        for slot in range(max(row, 1), len(rows)):
            if safe and int(rows["sequence"][slot]) > safe:
                return
            yield self.trade_picture(slot)

    def state_hash(self) -> str:
        """SHA-256 over what `apply` made: every table but the event log and what the process counts; row versions left
        out."""
        tables = []
        for table in schema.TABLES:
            if table.name not in schema.UNHASHED:
                header = self.header(table.name)
                used, free, live = (int(header[name]) for name in ("used", "free", "live"))
                tables.append((table.name, used, free, live, digest_of(self.rows(table.name))))
        return combine(tables)


def day_of(days: int) -> date:
    day = from_day(days)
    assert day is not None
    return day


def optional(units: int, exponent: int) -> Decimal | None:
    """A figure that may be null."""
    return None if units == schema.NULL_I64 else from_units(units, exponent)


def name_of(enum: type, value: int) -> str:
    """The word of a FIX character; empty for 0, the character itself where the catalogue has no word for it."""
    try:
        return word(enum, value)
    except ValueError:
        return chr(value)


def ratio(numerator: int, denominator: int, exponent: int) -> Decimal:
    """numerator / denominator of units of 10^-exponent, eight decimals, half away from zero; without needless zeros."""
    scaled = 2 * abs(numerator) * 10**8 // (denominator * 10**exponent)
    units = (scaled + 1) // 2
    exact = Decimal(units if numerator >= 0 else -units).scaleb(-8).quantize(EIGHT, ROUND_HALF_UP)
    return from_units(int(exact.scaleb(8)), 8)


def average(row: Row, exponent: int) -> Decimal | None:
    """Average price of a holding row; None when it has none."""
    of = int(row["cost_quantity"])
    if of == 0:
        return None
    return ratio(int(row["cost_high"]) << 64 | int(row["cost_low"]), of, exponent)


class Attached(Views):
    """The tables of a live process, mapped read-only; `directory` is where it keeps them.

    They are mapped at once, and all of one process: the next one replaces the files one by one.
    """

    def __init__(self, directory: str | Path) -> None:
        self._maps = {table.name: _mapped(Path(directory) / f"{table.name}.table") for table in schema.TABLES}
        made_by = {int(self.header(name)["generation"]) for name in self._maps}
        if len(made_by) > 1:
            raise OmsError("another process makes its tables here just now", where=str(directory), remedy="try again")

    def memory(self, table: str) -> Any:
        return self._maps[table]


def _mapped(path: Path) -> mmap.mmap:
    """A table's file. Raises OmsError when there is none, or it is only being made, or of another version of oms."""
    try:
        with path.open("rb") as file:
            found = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    except (OSError, ValueError):
        raise OmsError("no OMS serves here", where=str(path), remedy="start it with `oms serve`") from None
    header = np.frombuffer(found, HEADER, 1)[0]
    if header["magic"] != MAGIC:
        raise OmsError("the OMS is only starting", where=str(path), remedy="try again")
    if header["schema_version"] != schema.SCHEMA_VERSION:
        raise OmsError("another version of oms serves here", where=str(path), remedy="read it with that version")
    return found


def attach(directory: str | Path) -> Attached:
    """Pictures of a live process's tables. Raises OmsError when none serves there, or it is only starting."""
    return Attached(directory)
