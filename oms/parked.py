"""Facts that could not be booked, and executions that came again with other content: what waits for a person.

Reads the tables, and a parked report's record from the journal. Changes nothing: who books or resolves one makes a
record.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from oms import long_reports, records
from oms.enums import ExecType, Resolution, Status
from oms.errors import OmsError
from oms.journal import Reader
from oms.pictures import Break, Parked
from oms.schema import NULL_I64
from oms.values import from_units, to_units
from oms.views import Views, word

SUSPENSE = "SUSPENSE"  # the account of executions that belong to none
UNKNOWN_DECIMALS = 8  # of all figures of an instrument that nobody knows
QUANTITIES = ("last_qty", "cum_qty", "leaves_qty", "order_qty", "display_qty", "min_qty")
PRICES = ("last_px", "price", "stop_px")
BREAKS = (Status.execution_conflict, Status.trades_missing_at_exchange)  # with what was booked
BOOKED_AGAIN = frozenset(("ExecutionReport", "OrderCancelReject", "BalanceReport", "OpenOrder"))


def parked_rows(views: Views, *, closed: bool = False) -> list[Parked]:
    """Those that wait, oldest first; with `closed` those that were settled, too."""
    rows = views.rows("parked")
    found = np.flatnonzero(rows["status"] != 0)
    return [picture(views, int(slot)) for slot in found if closed or not rows["outcome"][slot]]


def picture(views: Views, slot: int) -> Parked:
    row = views.row("parked", slot)
    order = views.rows("order")[row["order"]]
    instrument = int(order["instrument"])
    feed = int(row["feed"]) if row["feed"] < len(views.rows("feed")) else 0  # it may name one that there is not
    decimals = views.exponents(instrument) if instrument else (UNKNOWN_DECIMALS, UNKNOWN_DECIMALS)
    return Parked(
        row=slot,
        status=Status(int(row["status"])),
        sequence=int(row["sequence"]),
        feed=views.code("feed", feed, "name"),
        account=views.code("account", int(order["account"]), "code"),
        instrument=views.code("instrument", instrument, "symbol"),
        order=int(row["order"]),
        record=records.BY_TEMPLATE[int(row["record"])].name,
        exec_type=word(ExecType, row["exec_type"]),
        exec_id=views.text(row["exec_id"]),
        exec_ref_id=views.text(row["exec_ref_id"]),
        last_qty=from_units(int(row["last_qty"]), decimals[1]),
        last_px=from_units(int(row["last_px"]), decimals[0]),
        outcome=word(Resolution, row["outcome"]),
        user=views.code("user", int(row["user"]), "name"),
    )


def breaks(views: Views) -> list[Break]:
    """Executions whose key came again with other content, and orders of which the exchange counts less than we do, that
    nobody has resolved."""
    found = []
    for theirs in parked_rows(views):
        if theirs.status == Status.trades_missing_at_exchange:
            cum_qty = views.order_picture(theirs.order).cum_qty
            found.append(
                Break(
                    parked=theirs.row,
                    account=theirs.account,
                    instrument=theirs.instrument,
                    exec_id=theirs.exec_id,
                    ours=cum_qty,
                    theirs=cum_qty - theirs.last_qty,
                )
            )
        if theirs.status == Status.execution_conflict:
            ours = views.trade_picture(int(views.rows("parked")["execution"][theirs.row]))
            found.append(
                Break(
                    parked=theirs.row,
                    account=ours.account,
                    instrument=ours.instrument,
                    exec_id=theirs.exec_id,
                    ours=ours.quantity,
                    ours_px=ours.price,
                    theirs=theirs.last_qty,
                    theirs_px=theirs.last_px,
                )
            )
    return found


def find_parked(views: Views, name: str | int) -> int:
    """The row that waits under an exec_id, or of the report with a journal sequence; 0 when there is none."""
    for waiting in reversed(parked_rows(views)):
        if name in (waiting.exec_id, waiting.sequence) or name == str(waiting.sequence):
            return waiting.row
    return 0


def find_suspended(views: Views, name: str) -> int:
    """The handle of the order at the suspense account that an order_id, cl_ord_id or exec_id names; 0 when there is
    none."""
    orders, requests, executions = (views.rows(table) for table in ("order", "request", "execution"))
    suspense = np.flatnonzero(
        (views.rows("account")["code"] == SUSPENSE.encode()) & (views.rows("account")["owner"] == 0)
    )
    ours = np.isin(orders["account"], suspense) & (orders["request"] != 0)
    found = {int(slot): {views.text(orders["order_id"][slot])} for slot in np.flatnonzero(ours)}
    for rows, text in ((requests, "cl_ord_id"), (executions, "exec_id")):
        for row in np.flatnonzero(ours[rows["order"]]):
            found[int(rows["order"][row])].add(views.text(rows[text][row]))
    slot = next((slot for slot, names in found.items() if name and name in names), 0)
    return int(orders["generation"][slot]) << 32 | slot if slot else 0


def request_named(views: Views, account: str, name: str) -> int:
    """The handle of an account's request by the client's name for it, or of the one behind the order that the exchange
    calls so; 0 when there is none."""
    codes, orders, requests = views.rows("account")["code"], views.rows("order"), views.rows("request")
    for owner in np.flatnonzero(codes == account.encode()).tolist():
        slot = views.request_slot(owner, name)
        for order in np.flatnonzero((orders["account"] == owner) & (orders["order_id"] != 0)) if not slot else ():
            if views.text(orders["order_id"][order]) == name:
                slot = int(orders["request"][order])
        if slot:
            return int(requests["generation"][slot]) << 32 | slot
    return 0


def booked_again(views: Views, journal: str | os.PathLike[str], slot: int) -> bytes:
    """What is parked once more, as the journal has it: outside of its feed's sequence, with what is known by now.
    Raises OmsError when it can only be dismissed."""
    sequence = int(views.rows("parked")["sequence"][slot])
    with Reader(journal, sequence, live=True) as reader:
        raw = next(iter(reader), None)
        reader.check()
    name, fields = records.decode(raw) if raw else ("", {})
    if name == "LongReport":
        route = {field: fields[field] for field in ("feed", "exchange") if fields[field]}
        name, told = long_reports.decode(fields)
        fields = long_reports.shortened(told) | route
    if name not in BOOKED_AGAIN:
        raise OmsError(f"the record {sequence} is nothing that can be booked", remedy="dismiss it")
    if fields.get("symbol") and not fields.get("instrument"):
        fields["instrument"] = views.instrument_slot(fields["symbol"])
        prices, quantities = views.exponents(fields["instrument"])
        rescale(fields, QUANTITIES, quantities)
        rescale(fields, PRICES, prices)
    if fields.get("account_code") and not fields.get("account", 1):
        known = np.flatnonzero(views.rows("account")["code"] == fields["account_code"].encode())
        fields["account"] = int(known[0]) if len(known) == 1 else 0
    of_frame = ("sequence", "time_ns", "source")
    told = {field: value for field, value in fields.items() if field not in of_frame}
    if "feed_sequence" in told:
        told["feed_sequence"] = 0
    return records.encode(name, **(told | {"parked": slot}))


def rescale(fields: dict[str, Any], names: tuple[str, ...], decimals: int) -> None:
    for name in names:
        if fields.get(name, NULL_I64) != NULL_I64:
            fields[name] = to_units(from_units(fields[name], UNKNOWN_DECIMALS), decimals, name)
