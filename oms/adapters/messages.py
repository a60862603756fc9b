"""The records that cross an adapter's border, as typed tuples, with a codec fast enough for an exchange.

Owns: nothing of the layout, which comes from the catalogue through `oms.records`. `oms.records.encode` and `decode` do
the same for any record, some times slower; a test compares the two.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from oms import long_reports, records, schema
from oms.enums import ExecType, RequestType
from oms.schema import MAX_TEXT

NULL = schema.NULL_I64
_HEAD = struct.Struct("<IIQQHHHH")
_FEED_SEQUENCE = struct.Struct("<Q")


class OrderRequest(NamedTuple):
    """What the OMS asks an exchange for, once. Figures in units of the instrument's exponents; NULL = none."""

    feed_sequence: int
    request: int
    orig_request: int
    order: int
    feed: int
    type: int
    side: int
    ord_type: int
    time_in_force: int
    price_exponent: int
    quantity_exponent: int
    instrument: int
    account: int
    order_qty: int
    price: int
    stop_px: int
    display_qty: int
    min_qty: int
    expire_date: int
    trade_date: int
    symbol: str
    epoch: int
    ord_status_req_id: int
    order_id: str  # the exchange's own name for the order, once it has told it


class ExecutionReport(NamedTuple):
    """A fact about one order. `request` is the ClOrdID by which the OMS knows it."""

    request: int
    exec_type: int
    ord_status: int
    side: int
    ord_type: int
    time_in_force: int
    account: int
    instrument: int
    last_qty: int
    last_px: int
    cum_qty: int
    leaves_qty: int
    order_qty: int
    price: int
    trade_date: int
    transact_time_ns: int
    ord_rej_reason: int
    exec_id: str
    exec_ref_id: str
    order_id: str
    text: str


class OrderCancelReject(NamedTuple):
    """The exchange refuses a cancel or replace; the order stands as `ord_status` says."""

    request: int
    ord_status: int
    cxl_rej_reason: int
    transact_time_ns: int
    text: str


Report = ExecutionReport | OrderCancelReject


def packer(name: str, fields: tuple[str, ...]) -> struct.Struct:
    """A Struct over the named fields of a record's fixed block, in their order, with padding for all others."""
    known = records.record_dtype(name).fields
    if known is None:
        raise TypeError(f"{name} has no fields")
    form, end = "<", schema.FRAME_SIZE
    for field in fields:
        dtype, offset = known[field][:2]
        letter = f"{dtype.itemsize}s" if dtype.kind == "S" else dtype.char.replace("l", "q").replace("L", "Q")
        form += f"{offset - end}x{letter}"
        end = offset + dtype.itemsize
    return struct.Struct(form + f"{records.record_dtype(name).itemsize - end}x")


_ORDER_REQUEST = packer("OrderRequest", (*OrderRequest._fields[:-1], "order_id_length"))
_EXECUTION_REPORT = packer(
    "ExecutionReport",
    (
        *ExecutionReport._fields[:-4],
        "exec_id_length",
        "exec_ref_id_length",
        "order_id_length",
        "text_length",
    ),
)
_ORDER_CANCEL_REJECT = packer("OrderCancelReject", (*OrderCancelReject._fields[:-1], "text_length"))
_ORDER_REQUEST_ID = records.BY_NAME["OrderRequest"].template_id
_EXECUTION_REPORT_ID = records.BY_NAME["ExecutionReport"].template_id
_ORDER_CANCEL_REJECT_ID = records.BY_NAME["OrderCancelReject"].template_id
_STATUS = int(RequestType.status)
_ORDER_REQUEST_LENGTH = records.record_dtype("OrderRequest").itemsize


def _offset(name: str) -> int:
    fields = records.record_dtype("OrderRequest").fields
    return int(fields[name][1]) if fields else 0


_EPOCH_AT, _TYPE_AT = _offset("epoch"), _offset("type")


def template_id(raw: bytes) -> int:
    """The template id of a record."""
    return raw[24] | raw[25] << 8


def is_order_request(raw: bytes) -> bool:
    return len(raw) >= _ORDER_REQUEST_LENGTH and template_id(raw) == _ORDER_REQUEST_ID


def feed_sequence(raw: bytes) -> int:
    """The feed_sequence of an OrderRequest, ExecutionReport or OrderCancelReject: their first field."""
    return int(_FEED_SEQUENCE.unpack_from(raw, schema.FRAME_SIZE)[0])


def lease_epoch(raw: bytes) -> int:
    """The epoch of the lease under which an OrderRequest goes out."""
    return int(_FEED_SEQUENCE.unpack_from(raw, _EPOCH_AT)[0])


def under_lease(raw: bytes, epoch: int) -> bytes:
    """The same OrderRequest under this epoch."""
    return raw[:_EPOCH_AT] + _FEED_SEQUENCE.pack(epoch) + raw[_EPOCH_AT + 8 :]


def is_question(raw: bytes) -> bool:
    """Is this OrderRequest FIX's OrderStatusRequest? It has no number, and may come again."""
    return raw[_TYPE_AT] == _STATUS


def encode_status(question: bytes, **fields: int | str) -> bytes:
    """The answer to a question: an ExecutionReport of type order status, without a number. fields: ord_status …"""
    asked = decode_order_request(question)
    told: dict[str, Any] = {
        "request": asked.request,
        "account": asked.account,
        "instrument": asked.instrument,
        "side": asked.side,
    }
    known = {"exec_type": int(ExecType.order_status), "ord_status_req_id": asked.ord_status_req_id}
    unknown = {"cum_qty": NULL, "leaves_qty": NULL, "order_qty": NULL, "price": NULL}
    return records.encode("ExecutionReport", **(unknown | told | known | fields))


def numbered(raw: bytes, number: int) -> bytes:
    """The same report under this feed_sequence."""
    return raw[: schema.FRAME_SIZE] + _FEED_SEQUENCE.pack(number) + raw[schema.FRAME_SIZE + 8 :]


def decode_order_request(raw: bytes) -> OrderRequest:
    *fields, symbol, epoch, question, length = _ORDER_REQUEST.unpack_from(raw, schema.FRAME_SIZE)
    order_id = raw[_ORDER_REQUEST_LENGTH : _ORDER_REQUEST_LENGTH + length] if length else b""
    texts = symbol.rstrip(b"\0").decode("utf-8", "replace"), order_id.decode("utf-8", "replace")
    return OrderRequest._make((*fields, texts[0], epoch, question, texts[1]))


def encode_report(report: Report) -> bytes:
    """The bytes of a report, not numbered yet: a LongReport where an id has more than 255 bytes."""
    if not isinstance(report, ExecutionReport):
        text = cut(report.text)
        return _framed(_ORDER_CANCEL_REJECT_ID, _ORDER_CANCEL_REJECT.pack(*report[:-1], len(text)), text)
    texts = *(item.encode() for item in report[-4:-1]), cut(report.text)
    lengths = [len(raw) for raw in texts]
    if max(lengths) > MAX_TEXT:
        return long_reports.encode("ExecutionReport", **report._asdict())
    return _framed(_EXECUTION_REPORT_ID, _EXECUTION_REPORT.pack(*report[:-4], *lengths), b"".join(texts))


def cut(text: str) -> bytes:
    """Free text, as much of it as there is room for; an id is never cut."""
    return text.encode()[:MAX_TEXT].decode("utf-8", "ignore").encode()


def _framed(template: int, block: bytes, texts: bytes) -> bytes:
    length = (schema.FRAME_SIZE + len(block) + len(texts) + 7) & ~7
    return (_HEAD.pack(length, 0, 0, 0, template, schema.SCHEMA_VERSION, 0, 0) + block + texts).ljust(length, b"\0")
