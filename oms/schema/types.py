"""What the catalogue is written in: field types, and what an enum, table, record and status are."""

from __future__ import annotations

from dataclasses import dataclass, field

NULL_I64 = -(1 << 63)

# Field types: name -> (C type, bytes, alignment, NumPy code, meaning).
SCALARS: dict[str, tuple[str, int, str, str]] = {
    "u8": ("uint8_t", 1, "u1", "unsigned"),
    "u16": ("uint16_t", 2, "<u2", "unsigned"),
    "u32": ("uint32_t", 4, "<u4", "unsigned"),
    "u64": ("uint64_t", 8, "<u8", "unsigned"),
    "i64": ("int64_t", 8, "<i8", "signed"),
    "char": ("uint8_t", 1, "u1", "a FIX character"),
    "money": ("int64_t", 8, "<i8", "money in units of 10^-exponent of its currency"),
    "price": ("int64_t", 8, "<i8", "price in units of 10^-price_exponent of its instrument"),
    "qty": ("int64_t", 8, "<i8", "quantity in units of 10^-quantity_exponent of its instrument"),
    "e4": ("int64_t", 8, "<i8", "amount in units of 10^-4"),
    "e8": ("int64_t", 8, "<i8", "rate in units of 10^-8"),
    "date": ("int32_t", 4, "<i4", "days since 1970-01-01; 0 = none"),
    "time": ("uint64_t", 8, "<u8", "nanoseconds since 1970-01-01 UTC"),
    "slot": ("uint32_t", 4, "<u4", "row number in a table; 0 = none"),
    "handle": ("uint64_t", 8, "<u8", "generation << 32 | slot; names a row for ever"),
    "text_ref": ("uint32_t", 4, "<u4", "where in the text table, in units of 8 bytes; 0 = empty"),
    "seq": ("uint64_t", 8, "<u8", "sequence number, from 1"),
    "hash": ("uint64_t", 8, "<u8", "64-bit hash, only ever used beside a full comparison"),
}


@dataclass(frozen=True)
class Field:
    name: str
    type: str  # a scalar, `cN` for N bytes of text padded with zeros, or `scalar[N]`
    doc: str = ""
    tag: int = 0  # FIX tag, where FIX has the field


@dataclass(frozen=True)
class Enum:
    name: str
    doc: str
    values: dict[str, int]
    tag: int = 0


@dataclass(frozen=True)
class Table:
    name: str
    doc: str
    capacity: int  # rows, the default; a setting
    fields: list[Field]


@dataclass(frozen=True)
class Record:
    template_id: int
    name: str
    doc: str
    fields: list[Field]
    texts: list[Field] = field(default_factory=list)
    journaled: bool = True


@dataclass(frozen=True)
class Status:
    code: int
    name: str
    doc: str
    fix_tag: int = 0  # 103 OrdRejReason, 102 CxlRejReason, 380 BusinessRejectReason
    fix_value: int = 0


F = Field  # short, to keep the lists of fields legible


def chars(**values: str) -> dict[str, int]:
    return {name: ord(value) for name, value in values.items()}


def numbers(*names: str, start: int = 0) -> dict[str, int]:
    return {name: index for index, name in enumerate(names, start)}
