"""Reads the requests and market data of a made-up day, and makes records of them. Sends nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from oms import records
from oms.errors import OmsError
from oms.records import ENUMS
from oms.schema import NULL_I64
from oms.start_of_day.batches import rows_of
from oms.start_of_day.book import Arrays, Book
from oms.start_of_day.files import Progress, SourceFile, read_file
from oms.start_of_day.layouts import columns

NAMES = {
    ENUMS["RequestType"]["new"]: "NewOrderSingle",
    ENUMS["RequestType"]["replace"]: "OrderCancelReplaceRequest",
    ENUMS["RequestType"]["cancel"]: "OrderCancelRequest",
}


def read_day_file(directory: Path, kind: str, arrays: Arrays, progress: Progress | None = None) -> SourceFile:
    """`requests` or `market` of a made-up day, by the rows of live tables. Raises OmsError when it is faulty."""
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        file = read_file(folder, f"{kind}.csv", kind, columns(kind, Book(arrays).codes()), progress)
    finally:
        os.close(folder)
    if file.faults:
        fault = file.faults[0]
        where = f"{directory / fault.file}, line {fault.line}, column {fault.column or '-'}"
        raise OmsError(
            f"{fault.reason}: {fault.text}", where=where, remedy="write the day again with tools/make_day.py"
        )
    return file


def request_records(file: SourceFile) -> Iterator[tuple[str, bytes]]:
    """Each request as (cl_ord_id, record), in order; its tag is the row's number, from 1."""
    for number, fields in enumerate(rows_of(file.arrays, len(file.arrays["type"])), 1):
        name = NAMES[fields.pop("type")]
        fields["tag"] = number
        if name == "NewOrderSingle":
            del fields["orig_cl_ord_id"]
        else:
            del fields["instrument"], fields["side"]
        if name == "OrderCancelRequest":
            fields = {field: fields[field] for field in ("account", "cl_ord_id", "orig_cl_ord_id", "tag")}
        else:
            fields |= {"stop_px": NULL_I64, "display_qty": NULL_I64, "min_qty": NULL_I64}
        yield fields["cl_ord_id"].decode(), records.encode(name, **fields)


def market_records(file: SourceFile) -> Iterator[bytes]:
    """Last, bid and ask of each instrument, as they are when trading begins."""
    for fields in rows_of(file.arrays, len(file.arrays["instrument"])):
        yield records.encode("MarketData", **fields)
