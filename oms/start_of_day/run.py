"""Carries out a start of day that was planned: the records that it takes, in order, and that they came to count.

Order: definitions → accounts closed for breaks → settle what is due → load → open orders → the new business date. The
date comes last, and accounts are closed before a figure is taken over: a run that was cut short is simply run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from oms import records
from oms.errors import OmsError
from oms.start_of_day import batches
from oms.start_of_day.batches import batched, bulk, taken
from oms.start_of_day.book import Array, Arrays, Book
from oms.start_of_day.figures import day_of
from oms.start_of_day.files import Progress, SourceFile
from oms.start_of_day.open_orders import exchange_of
from oms.start_of_day.plan import SOD_KINDS, Plan
from oms.start_of_day.reference import Definitions

Sink = Callable[[bytes], int]  # applies a batch of records before it returns; the status of the last one
REASON_BYTES = 200


def carry_out(plan: Plan, sink: Sink, arrays: Callable[[], Arrays], progress: Progress | None = None) -> None:
    """Do what the plan says; nothing when it was refused. arrays: the live tables, read again after definitions.

    Raises OmsError when the core has refused a part of it, which leaves the rest to be run again.
    """
    if plan.report.fault_count:
        return
    total = sum(file.rows for file in plan.loads) * records.record_dtype("LoadCash").itemsize
    done, refusal = 0, 0
    for batch in build_records(plan, arrays):
        refusal = sink(batch) or refusal
        done += len(batch)
        if progress:
            progress("applying", min(done, total), total)
    digests = {digest.tobytes() for digest in arrays()["load"]["digest"]}
    if lost := [file.name for file in plan.loads if file.digest not in digests]:
        status = records.STATUS_BY_CODE[refusal]
        remedy = "start with a larger table, then run it again" if status.name == "capacity_reached" else "run it again"
        raise OmsError(f"{', '.join(lost)} did not come to count: {status.name}: {status.doc}", remedy=remedy)


def build_records(plan: Plan, arrays: Callable[[], Arrays]) -> Iterator[bytes]:
    """The run's records in batches. Each must be applied before the next is asked for: row numbers follow from it."""
    book, source = plan.book, plan.user
    assert plan.accounts is not None
    assert plan.instruments is not None
    yield from account_records(plan.accounts, book, source)
    yield from instrument_records(plan.instruments, source)
    if plan.done:
        return
    accounts, instruments = rows_of(book, arrays())
    unreconciled = arrays()["account"]["unreconciled"]
    closing = [(int(accounts[number]), reason) for number, reason in plan.closing.items()]
    yield from batched(
        records.encode("AccountReconciled", source=source, account=row, unreconciled=1, reason=clipped(reason))
        for row, reason in closing
        if not unreconciled[row]
    )
    if plan.settings.settle:
        batch_id = f"start of day {day_of(plan.as_of)}"
        yield records.encode("Settle", source=source, date=plan.as_of, account=0, confirmed=1, batch_id=batch_id)
        yield from batched(
            records.encode("Settle", source=source, date=plan.as_of, account=row, confirmed=1, batch_id=name)
            for row, name in ((row, corrected_batch(plan.as_of, book, row)) for row in plan.confirming)
        )
    for file in plan.loads:
        yield from load_records(file, plan, accounts, instruments)
    for file in plan.lists:
        yield from list_records(file, book, source, accounts, instruments)
    if plan.business_date > book.arrays["firm"]["business_date"][1]:
        yield records.encode("BusinessDate", source=source, date=plan.business_date)


def corrected_batch(as_of: int, book: Book, account: int) -> str:
    """The id of the batch by which a corrected file confirms what the first one left open of an account."""
    code = book.arrays["account"]["code"][account].decode()
    return f"start of day {day_of(as_of)}, corrected: {book.owner}/{code}"


def clipped(text: str) -> bytes:
    return text.encode()[:REASON_BYTES].decode(errors="ignore").encode()


def account_records(definitions: Definitions, book: Book, source: int) -> Iterator[bytes]:
    """DefineAccount: those without texts in bulk, the others one by one."""
    file, rows = definitions.file, definitions.rows
    columns = {
        "code": file.arrays["account"],
        "owner": np.full(len(file.arrays["account"]), book.owner),
        "account_class": file.arrays["class"],
        "currency": file.arrays["currency"],
        "status": file.arrays["status"],
        "short_allowed": file.arrays["short_allowed"],
    }
    worded = np.any([texts.filled() for texts in file.texts.values()], axis=0)[rows]
    bare = taken(columns, rows[~worded])
    yield from bulk("DefineAccount", source, bare, len(bare["code"]))
    rows = rows[worded]
    yield from batched(
        records.encode("DefineAccount", source=source, **fields, **texts_of(file, row))
        for row, fields in zip(rows.tolist(), batches.rows_of(taken(columns, rows), len(rows)), strict=True)
    )


def texts_of(file: SourceFile, row: int) -> dict[str, Any]:
    return {name: texts[row] for name, texts in file.texts.items()}


def instrument_records(definitions: Definitions, source: int) -> Iterator[bytes]:
    columns = taken(definitions.file.arrays, definitions.rows)
    yield from bulk("DefineInstrument", source, columns, len(definitions.rows))


def rows_of(book: Book, arrays: Arrays) -> tuple[Array, Array]:
    """The table row of each account and instrument number. Raises OmsError when the core refused a definition."""
    now = Book(arrays, book.owner)
    accounts = now.accounts.find_all(book.account_codes)
    instruments = now.instruments.find_all(book.instrument_codes)
    for what, codes, found in (
        ("account", book.account_codes, accounts),
        ("instrument", book.instrument_codes, instruments),
    ):
        if len(refused := np.flatnonzero((codes != b"") & (found < 0))):
            code = codes[refused[0]].decode("utf-8", "replace")
            raise OmsError(
                f"the core refused {len(refused)} {what} definitions, the first is {code}",
                remedy="look for its status in the journal (oms journal dump): a full table, or a factor out of range",
            )
    return accounts, instruments


def load_records(file: SourceFile, plan: Plan, accounts: Array, instruments: Array) -> Iterator[bytes]:
    """A cash or holdings file: LoadBegin, its rows, LoadCommit. Rows of unknown accounts stay out."""
    assert file.control is not None
    known = np.flatnonzero(file.arrays["account"])
    rows = taken(file.arrays, known)
    yield records.encode(
        "LoadBegin",
        source=plan.user,
        digest=list(file.digest),
        as_of=plan.as_of,
        kind=SOD_KINDS[file.kind],
        supersede=int(plan.settings.supersede),
        origin=file.control.source,
    )
    columns: dict[str, Any] = {"account": accounts[rows["account"]]}
    if file.kind == "cash":
        columns |= {"currency": rows["currency"], "booked": rows["booked"]}
    else:
        columns |= {"instrument": instruments[rows["instrument"]], "settled": rows["settled"]}
        columns |= {"average_price_e8": rows["average_price"]}
    name = "LoadCash" if file.kind == "cash" else "LoadHolding"
    yield from bulk(name, plan.user, columns, len(known))
    yield records.encode("LoadCommit", source=plan.user, rows=len(known))


def list_records(file: SourceFile, book: Book, source: int, accounts: Array, instruments: Array) -> Iterator[bytes]:
    """An exchange's open orders, and the end of its list."""
    assert file.control is not None
    exchange, rows = exchange_of(file, book), file.arrays
    columns = dict(rows)
    columns["account"] = np.where(rows["account"] > 0, accounts[rows["account"]], 0)
    columns["instrument"] = instruments[rows["instrument"]]
    yield from batched(
        records.encode("OpenOrder", source=source, exchange=exchange, **fields)
        for fields in batches.rows_of(columns, len(rows["order_id"]))
    )
    complete, count = int(file.control.complete), len(rows["order_id"])
    yield records.encode("OpenOrdersEnd", source=source, exchange=exchange, complete=complete, count=count)


def sign_off(codes: Sequence[str], by: str, reason: str, sink: Sink, arrays: Arrays, owner: int = 0) -> list[str]:
    """Open accounts that start of day has closed; returns those that were. Raises OmsError for an unknown name."""
    book = Book(arrays, owner)
    user = book.user(by)
    if not user:
        raise OmsError(f"there is no active user {by!r}", remedy="--by names an operator")
    rows = {code: book.accounts.find(code.encode()) for code in codes}
    if unknown := [code for code, row in rows.items() if row is None]:
        raise OmsError(f"no account {', '.join(unknown)}")
    closed = {code: row for code, row in rows.items() if book.arrays["account"]["unreconciled"][row]}
    for row in closed.values():
        record = records.encode("AccountReconciled", source=user, account=row, unreconciled=0, reason=clipped(reason))
        if refusal := sink(record):
            raise OmsError(f"refused: {records.STATUS_BY_CODE[refusal].name}", remedy="--by names an operator")
    return list(closed)
