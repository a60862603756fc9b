"""A CSV reader in plain Python, written from the rules and not from the reader that it is compared with.

`read` returns the rows' values (None for a row with a fault), and the faults as (line, column).
"""

import datetime
import re

MAX_LINE = 16384
INT64 = 1 << 63


class BadFieldError(Exception):
    """The column, from 1; 0 for the whole line."""


def line_column(line, columns):
    """The fields of one line (without its end) as text. Raises BadFieldError."""
    fields, rest, column = [], line, 0
    while True:
        column += 1
        if rest.startswith(b'"'):
            match = re.match(rb'"((?:[^"]|"")*)"', rest)
            body = match[1] if match else rest[1:]
            after = rest[match.end() :] if match else b""
            check_text(body.replace(b'""', b""), column)
            if not match or (after and not after.startswith(b",")):
                raise BadFieldError(column)
            fields.append(body.replace(b'""', b'"').decode())
        else:
            body, _, _ = rest.partition(b",")
            check_text(body, column)
            if b'"' in body:
                raise BadFieldError(column)
            fields.append(body.decode())
            after = rest[len(body) :]
        if not after:
            break
        if column == columns:
            raise BadFieldError(0)
        rest = after[1:]
    if column != columns:
        raise BadFieldError(0)
    return fields


def check_text(body, column):
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadFieldError(column) from None
    if any((ord(character) < 32 and character != "\t") or ord(character) == 127 for character in text):
        raise BadFieldError(column)


def number(text, exponent, column):
    match = re.fullmatch(r"(-?)([0-9]+)(?:\.([0-9]+))?", text)
    if not match or len(match[3] or "") > exponent:
        raise ValueError
    value = int(match[1] + match[2] + (match[3] or "").ljust(exponent, "0"))
    low = -INT64 + 1 if column.minimum is None else column.minimum
    high = INT64 - 1 if column.maximum is None else column.maximum
    if not low <= value <= high:
        raise ValueError
    return value


def date(text):
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError
    value = (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days
    if not 0 < value <= (datetime.date(2199, 12, 31) - datetime.date(1970, 1, 1)).days:
        raise ValueError
    return value


def value_of(column, text, row, codes):
    """The field's value; ValueError when it has none; LookupError when what it hangs on is faulty."""
    if column.kind == "code":
        if text == "" and column.empty is not None:
            return column.empty
        if text and text in codes[column.name]:
            return codes[column.name][text]
        if text and column.may_be_unknown:
            return 0
        raise ValueError
    if column.kind in ("text", "long_text"):
        raw = text.encode()
        if (not raw and column.empty is None) or len(raw) > column.width:
            raise ValueError
        if column.kind == "text" and raw and (raw[0] <= 32 or raw[-1] <= 32):
            raise ValueError
        return raw
    exponent = column.exponent
    if isinstance(exponent, str):
        if row.get(exponent) is None:
            raise LookupError
        exponent = int(column.exponents[row[exponent]]) if column.exponents is not None else row[exponent]
    if text == "":
        if column.empty is None:
            raise ValueError
        return column.empty
    return date(text) if column.kind == "date" else number(text, 0 if column.kind == "integer" else exponent, column)


def read(raw, columns, header, codes, crlf=False):
    """Rows, faults (line, column), codes unknown (line, column)."""
    rows, faults, unknown = [], [], []
    lines = raw.split(b"\n")
    for number_of_line, line in enumerate(lines[:-1], 1):
        try:
            if len(line) + 1 > MAX_LINE:
                raise BadFieldError(0)
            ends_crlf = line.endswith(b"\r")
            fields = line_column(line.removesuffix(b"\r") if ends_crlf else line, len(header))
            if ends_crlf != crlf:
                raise BadFieldError(0)
        except BadFieldError as error:
            faults.append((number_of_line, error.args[0]))
            rows.append(None)
            continue
        row = {}
        for column in columns:
            at = header.index(column.name)
            try:
                row[column.name] = value_of(column, fields[at], row, codes)
                if column.may_be_unknown and fields[at] not in codes[column.name]:
                    unknown.append((number_of_line, at + 1))
            except ValueError:
                faults.append((number_of_line, at + 1))
                row[column.name] = None
            except LookupError:
                row[column.name] = None
        rows.append(None if None in row.values() else row)
    return rows, sorted(faults), sorted(unknown)
