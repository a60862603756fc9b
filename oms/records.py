"""Records and rows as Python sees them: sizes, NumPy dtypes and the codec, all derived from the catalogue.

Owns: the byte layout (natural alignment, padding spelled out in the catalogue). The C structs are generated from the
same `layout`, and a test compares the two. Never interprets a record: what it means is the engine's business.
"""

from __future__ import annotations

import re
import struct
from functools import cache
from typing import Any

import numpy as np

from oms import schema
from oms.errors import OmsError

FRAME = schema.Record(
    0,
    "Frame",
    "The header of every record.",
    [
        schema.F("length", "u32", "whole record, a multiple of 8"),
        schema.F("crc32c", "u32", "of all after this field; set by the journal"),
        schema.F("sequence", "seq", "journal sequence; on the bus the sender's own number"),
        schema.F("time_ns", "time", "when it was journaled"),
        schema.F("template_id", "u16"),
        schema.F("schema_version", "u16"),
        schema.F("source", "u16", "user number of the endpoint that it came through"),
        schema.F("flags", "u16"),
    ],
)
ROWS = {table.name: table for table in schema.TABLES}
BY_NAME = {record.name: record for record in schema.RECORDS}
BY_TEMPLATE = {record.template_id: record for record in schema.RECORDS}
STATUS_BY_CODE = {status.code: status for status in schema.STATUSES}
STATUS_BY_NAME = {status.name: status for status in schema.STATUSES}
ENUMS = {enum.name: enum.values for enum in schema.ENUMS}

Placed = tuple[str, int, int, str, int]  # name, offset, bytes of one element, NumPy code, number of elements


class RecordError(OmsError):
    """A record's bytes or fields are not what the catalogue says."""


def split_type(type_: str) -> tuple[str, int]:
    """`"money[3]"` → `("money", 3)`; `"c24"` → `("c24", 1)`."""
    match = re.fullmatch(r"(\w+?)(?:\[(\d+)\])?", type_)
    if match is None:
        raise ValueError(f"not a field type: {type_}")
    return match[1], int(match[2] or 1)


def element(type_: str) -> tuple[int, str]:
    """Bytes and NumPy code of one element of a field type without its `[n]`."""
    if type_ not in schema.SCALARS and re.fullmatch(r"c\d+", type_):
        return int(type_[1:]), f"S{type_[1:]}"
    _, size, code, _ = schema.SCALARS[type_]
    return size, code


def layout(fields: list[schema.Field], start: int = 0) -> tuple[list[Placed], int]:
    """Offsets of the fields from `start`, and the end. Raises ValueError where natural alignment would need a hole."""
    placed: list[Placed] = []
    offset = start
    for item in fields:
        base, count = split_type(item.type)
        size, code = element(base)
        alignment = 1 if code.startswith("S") else size
        if offset % alignment:
            raise ValueError(f"{item.name}: offset {offset} is not a multiple of {alignment}; add a pad field")
        placed.append((item.name, offset, size, code, count))
        offset += size * count
    return placed, offset


def record_fields(record: schema.Record) -> list[schema.Field]:
    """The fixed block: the declared fields and a length byte per text, filled up to a multiple of 8."""
    fields = list(record.fields)
    fields += [schema.F(f"{text.name}_length", "u8", f"bytes of {text.name}") for text in record.texts]
    _, end = layout(fields, schema.FRAME_SIZE)
    if end % 8:
        fields.append(schema.F("fill", f"u8[{8 - end % 8}]"))
    return fields


def _dtype(fields: list[schema.Field], start: int = 0, head: list[Placed] | None = None) -> np.dtype[Any]:
    placed, end = layout(fields, start)
    placed = (head or []) + placed
    return np.dtype(
        {
            "names": [name for name, *_ in placed],
            "formats": [code if count == 1 else (code, (count,)) for _, _, _, code, count in placed],
            "offsets": [offset for _, offset, *_ in placed],
            "itemsize": end,
        }
    )


@cache
def row_dtype(table: str) -> np.dtype[Any]:
    """The NumPy dtype of a table's row: the same bytes as the core's struct."""
    return _dtype(ROWS[table].fields)


@cache
def record_dtype(name: str) -> np.dtype[Any]:
    """The NumPy dtype of a record with its Frame, without its texts."""
    head, _ = layout(FRAME.fields)
    return _dtype(record_fields(BY_NAME[name]), schema.FRAME_SIZE, head)


class _Codec:
    """Packs and unpacks one record type."""

    def __init__(self, record: schema.Record) -> None:
        self.record = record
        self.names: list[tuple[str, int]] = []
        self.defaults: dict[str, Any] = {}
        self.lengths = {f"{text.name}_length" for text in record.texts}
        form = "<"
        for item in record_fields(record):
            base, count = split_type(item.type)
            size, code = element(base)
            if item.name.startswith("pad") or item.name == "fill":
                form += f"{size * count}x"
                continue
            letter = f"{size}s" if code.startswith("S") else "xBHxIxxxQ"[size] if "i" not in code else "xbhxixxxq"[size]
            form += letter * count if count > 1 or code.startswith("S") else letter
            self.names.append((item.name, count))
            self.defaults[item.name] = b"" if code.startswith("S") else 0
        self.struct = struct.Struct(form)
        self.head = struct.Struct("<IIQQHHHH")

    def encode(self, fields: dict[str, Any], sequence: int, source: int) -> bytes:
        texts = b""
        values: dict[str, Any] = {}
        for item in self.record.texts:
            text = fields.pop(item.name, b"")
            raw = text.encode() if isinstance(text, str) else bytes(text)
            if len(raw) > schema.MAX_TEXT:
                raise RecordError(f"{self.record.name}.{item.name} has {len(raw)} bytes: {schema.MAX_TEXT} at most")
            values[f"{item.name}_length"] = len(raw)
            texts += raw
        flat: list[Any] = []
        for name, count in self.names:
            value = (
                values[name] if name in self.lengths else fields.pop(name, self.defaults[name] if count == 1 else ())
            )
            if count > 1:
                flat += [*value, *([self.defaults[name]] * (count - len(value)))]
            else:
                flat.append(value.encode() if isinstance(value, str) else value)
        if fields:
            raise RecordError(f"{self.record.name} has no field {', '.join(sorted(fields))}")
        length = (schema.FRAME_SIZE + self.struct.size + len(texts) + 7) // 8 * 8
        try:
            body = self.struct.pack(*flat)
        except struct.error as error:
            raise RecordError(f"{self.record.name}: {error}") from None
        head = self.head.pack(length, 0, sequence, 0, self.record.template_id, schema.SCHEMA_VERSION, source, 0)
        return (head + body + texts).ljust(length, b"\0")

    def decode(self, raw: bytes) -> dict[str, Any]:
        if len(raw) < schema.FRAME_SIZE + self.struct.size:
            raise RecordError(f"{self.record.name} has {len(raw)} bytes, shorter than its fixed block")
        flat = iter(self.struct.unpack_from(raw, schema.FRAME_SIZE))
        values: dict[str, Any] = {}
        for name, count in self.names:
            value: Any = [next(flat) for _ in range(count)] if count > 1 else next(flat)
            values[name] = value.rstrip(b"\0").decode("utf-8", "replace") if isinstance(value, bytes) else value
        offset = schema.FRAME_SIZE + self.struct.size
        for item in self.record.texts:
            size = values.pop(f"{item.name}_length")
            values[item.name] = raw[offset : offset + size].decode("utf-8", "replace")
            offset += size
        return values


@cache
def _codec(name: str) -> _Codec:
    if name not in BY_NAME:
        raise RecordError(f"no record is called {name}: see docs/reference/records.md")
    return _Codec(BY_NAME[name])


def encode(name: str, /, sequence: int = 0, source: int = 0, **fields: Any) -> bytes:
    """One record as bytes: Frame, fixed block, texts. Fields that are not given are 0 or empty. Raises RecordError."""
    return _codec(name).encode(fields, sequence, source)


def decode(raw: bytes) -> tuple[str, dict[str, Any]]:
    """The name and fields of a record, with `sequence`, `time_ns` and `source` of its Frame. Raises RecordError."""
    if len(raw) < schema.FRAME_SIZE:
        raise RecordError(f"a record has at least {schema.FRAME_SIZE} bytes, this one {len(raw)}")
    length, _, sequence, time_ns, template_id, version, source, _ = struct.unpack_from("<IIQQHHHH", raw)
    if length > len(raw) or version != schema.SCHEMA_VERSION or template_id not in BY_TEMPLATE:
        raise RecordError(f"not a record: length {length} of {len(raw)}, template {template_id}, version {version}")
    name = BY_TEMPLATE[template_id].name
    frame = {"sequence": sequence, "time_ns": time_ns, "source": source}
    return name, frame | _codec(name).decode(raw[:length])


def split(raw: bytes) -> list[bytes]:
    """Cuts a run of records into records. Raises RecordError when the lengths do not add up."""
    records, offset = [], 0
    while offset < len(raw):
        length = int.from_bytes(raw[offset : offset + 4], "little")
        if length < schema.FRAME_SIZE or length % 8 or offset + length > len(raw):
            raise RecordError(f"a record at byte {offset} claims {length} bytes of {len(raw) - offset}")
        records.append(raw[offset : offset + length])
        offset += length
    return records
