"""The compiled CSV reader agrees with a reader in plain Python on every value and every fault."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms._core.csv import Reader
from oms._core.csv_index import CodeIndex
from oms.start_of_day.layouts import Column
from tests.start_of_day.reference_csv import read as reference_read

ACCOUNTS = {"A1": 1, "A2": 2, "Konto-Ä": 3, 'quo"te': 4, "x" * 32: 5}
CURRENCIES = {"AUD": 1, "JPY": 2, "BHD": 3}
EXPONENTS = np.array([0, 4, 0, 18], np.uint8)


def index(codes, width):
    return CodeIndex(np.array([code.encode() for code in codes], f"S{width}"), np.array(list(codes.values()), "u4"))


COLUMNS = [
    Column("account", "code", index=index(ACCOUNTS, 32), may_be_unknown=True),
    Column("currency", "code", index=index(CURRENCIES, 8)),
    Column("booked", "decimal", exponent="currency", exponents=EXPONENTS, totalled=True),
    Column("places", "integer", 2, minimum=0, maximum=18),
    Column("price", "decimal", -(1 << 63), exponent="places", minimum=1),
    Column("due", "date", 0),
    Column("note", "text", b"", width=8),
    Column("name", "long_text", b"", width=20),
]
HEADER = ["due", "account", "currency", "booked", "note", "places", "price", "name"]
CODES = {"account": ACCOUNTS, "currency": CURRENCIES}


def feed(reader, raw, chunk):
    """Feed as a file reader does, so that lines are cut anywhere."""
    buffer = bytearray(max(chunk, 1 << 15) + 64)
    room, end, at = len(buffer) - 64, 0, 0
    while at < len(raw):
        got = raw[at : at + min(chunk, room - end)]
        buffer[end : end + len(got)] = got
        at, end = at + len(got), end + len(got)
        used = reader.feed(buffer, 0, end)
        buffer[: end - used] = buffer[used:end]
        end -= used
    return end


def compiled_read(raw, crlf=False, chunk=1 << 20, capacity=1000):
    reader = Reader(COLUMNS, HEADER, capacity, crlf=crlf, first_line=1)
    assert feed(reader, raw, chunk) == 0
    return reader


def values(reader, row):
    found = {column.name: reader.arrays[column.name][row].item() for column in COLUMNS}
    place = found["name"]
    return found | {"name": reader.arena[place >> 16 : (place >> 16) + (place & 0xFFFF)]}


def compare(raw, crlf=False, chunk=1 << 20):
    reader = compiled_read(raw, crlf, chunk)
    rows, faults, unknown = reference_read(raw, COLUMNS, HEADER, CODES, crlf)
    assert [(line, column) for line, column, *_ in reader.faults] == faults
    assert reader.fault_count == len(faults)
    assert [(line, column) for line, column, *_ in reader.unknown] == unknown
    assert reader.rows == len(rows)
    for at, row in enumerate(rows):
        if row is not None:
            assert values(reader, at) == row
    if not faults:
        exponents = [int(EXPONENTS[row["currency"]]) for row in rows]
        assert reader.total == sum(
            row["booked"] * 10 ** (18 - exponent) for row, exponent in zip(rows, exponents, strict=True)
        )


number = st.one_of(
    st.from_regex(r"-?[0-9]{1,12}(\.[0-9]{1,5})?", fullmatch=True),
    st.from_regex(r"-?[0-9]{17,21}(\.[0-9]{0,3})?", fullmatch=True),
    st.sampled_from(
        ["9223372036854775807", "9223372036854775808", "-9223372036854775807", "922337203685477.5807", "-0", "007",
         "922337203685477.5808", "1e3", "1,000", "NaN", "Infinity", "+1", ".5", "5.", "-", "--1", "1.2.3", "0x10",
         "\u0661\u0662",
         "\uff11\uff12", "1 ", " 1", "", "0.00000", "1_000", "\u22121"]
    ),
)  # fmt: skip
day = st.one_of(
    st.dates().map(str),
    st.sampled_from(["2024-02-29", "2023-02-29", "2100-02-29", "2000-02-29", "1970-01-01", "2026-13-01", "2026-00-10",
                     "2026-11-31", "2026-1-01", "20261120", "2026-11-20 ", "", "2199-12-31", "2200-01-01",
                     "0000-00-00"]),
)  # fmt: skip
text = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "a,b", 'say "x"', "Ä" * 4, "Ä" * 11, "x" * 8, "x" * 9, "x" * 20, "x" * 21, "=1+1", " a", "a\t"]
    ),
)
account = st.one_of(st.sampled_from([*ACCOUNTS, "A3", "x" * 33, "x" * 31, "A1 ", "a1", ""]), st.text(max_size=40))
currency = st.sampled_from([*CURRENCIES, "aud", "", "AUDX", "A"])
field_values = [day, account, currency, number, text, number, number, text]


def quote(field, force):
    if force or set(field) & set(',"'):
        return '"' + field.replace('"', '""') + '"'
    return field


@st.composite
def csv_line(draw):
    fields = [quote(draw(kind), draw(st.booleans())) for kind in field_values]
    return ",".join(fields).encode("utf-8", "surrogatepass")


GOOD = b"2026-11-20,A1,AUD,12.5,note,3,1.125,Name"
rarely_broken = st.one_of(
    csv_line(),
    st.just(GOOD),
    st.just(GOOD + b",more"),
    st.just(GOOD.rsplit(b",", 1)[0]),
    st.binary(max_size=60),
    st.builds(lambda at, byte: GOOD[:at] + byte + GOOD[at + 1 :], st.integers(0, len(GOOD)), st.binary(max_size=2)),
)


@settings(max_examples=600)
@given(
    st.lists(rarely_broken, max_size=70), st.booleans(), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.integers(1, 200)
)
def test_it_agrees_with_plain_python(lines, crlf, odd_end, chunk):
    end = b"\r\n" if crlf else b"\n"
    raw = b"".join(line + (odd_end if at % 17 == 5 else end) for at, line in enumerate(lines))
    raw += b"" if raw.endswith(b"\n") or not raw else b"\n"
    compare(raw, crlf, chunk)


@pytest.mark.parametrize("chunk", [1, 7, 4096, 1 << 20])
@pytest.mark.parametrize("length", [16000, 16383, 16384, 16385, 40000, 200000])
def test_a_line_that_is_too_long_is_skipped_and_the_next_one_is_read(length, chunk):
    long = b"x" * (length - 1) + b"\n"
    compare(GOOD + b"\n" + long + GOOD + b"\n", chunk=chunk)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD.replace(b"A1", b"A\x00"), "control character"),
        (GOOD.replace(b"A1", b"\xff1"), "not UTF-8"),
        (GOOD.replace(b"A1", b"\xc0\x80"), "not UTF-8"),
        (GOOD.replace(b"A1", b"\xed\xa0\x80"), "not UTF-8"),
        (GOOD.replace(b"A1", b'"A1'), "not closed"),
        (GOOD.replace(b"A1", b'"A1"x'), "after the closing quote"),
        (GOOD.replace(b"A1", b'A"1'), "a quote inside"),
        (GOOD.replace(b"AUD", b"XXX"), "unknown"),
        (GOOD.replace(b"12.5", b"12.55555"), "more decimals"),
        (GOOD.replace(b"12.5", b"1e5"), "not a plain decimal"),
        (GOOD.replace(b"12.5", b"9" * 19), "outside the allowed range"),
        (GOOD.replace(b"1.125", b"-1"), "outside the allowed range"),
        (GOOD.replace(b"12.5", b""), "empty"),
        (GOOD.replace(b"2026-11-20", b"2026-02-30"), "not a date"),
        (GOOD.replace(b"note", b"note long"), "too long"),
        (GOOD.replace(b"note", b"note "), "a blank"),
        (GOOD + b",", "as many columns"),
        (GOOD + b"\r", "ends otherwise"),
    ],
)
def test_each_fault_has_its_reason_and_place(line, reason):
    reader = compiled_read(GOOD + b"\n" + line + b"\n" + GOOD + b"\n")
    [(number_of_line, _, told, _)] = reader.faults
    assert number_of_line == 2
    assert reason in told
    assert reader.rows == 3


def test_every_bad_row_is_counted_and_a_bounded_number_kept():
    reader = Reader(COLUMNS, HEADER, 10, crlf=False, first_line=3, fault_limit=4)
    feed(reader, b"bad\n" * 100, 64)
    assert reader.fault_count == 100
    assert [line for line, *_ in reader.faults] == [3, 4, 5, 6]


def test_rows_beyond_the_capacity_are_still_checked():
    reader = compiled_read((GOOD + b"\n") * 50 + b"bad\n", capacity=10)
    assert reader.rows == 51
    assert reader.fault_count == 1
    assert reader.arrays["booked"].tolist() == [125000] * 10


def test_the_total_is_exact_beyond_64_bits():
    line = GOOD.replace(b"12.5", b"922337203685477.5807")
    assert compiled_read((line + b"\n") * 100).total == 100 * ((1 << 63) - 1) * 10**14


@given(st.lists(st.binary(min_size=1, max_size=16).filter(lambda code: not code.endswith(b"\0")), max_size=200))
def test_an_index_finds_what_is_in_it(codes):
    index = CodeIndex(np.array([b"", *codes], "S16"))
    first = {}
    for position, code in enumerate(codes, 1):
        first.setdefault(code, position)
    assert {code: index.find(code) for code in codes} == first
    assert len(index.duplicates) == len(codes) - len(first)
    assert index.find_all(np.array([*codes, b"", b"not there"], "S16")).tolist() == [
        *(first[code] for code in codes),
        first.get(b"", -1),
        first.get(b"not there", -1),
    ]
    assert index.find(b"not there") is None
    assert index.find(b"") is None


def test_an_index_wants_codes_in_whole_words():
    with pytest.raises(ValueError, match="S12"):
        CodeIndex(np.array([b"A"], "S12"))
    with pytest.raises(ValueError, match="S8"):
        CodeIndex(np.array([b"A"], "S8")).find_all(np.array([b"A"], "S16"))
    with pytest.raises(ValueError, match="its number"):
        CodeIndex(np.array([b"A"], "S8"), np.array([1, 2], "u4"))
