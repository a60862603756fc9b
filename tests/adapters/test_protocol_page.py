"""The bytes in docs/reference/adapter-protocol.md are those that this product sends."""

import hashlib
import re
import struct
from pathlib import Path

import pytest

from oms import long_reports, records, schema
from oms.adapters import desk
from oms.adapters.messages import ExecutionReport, decode_order_request, encode_report, numbered

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference" / "adapter-protocol.md").read_text()


def example(name):
    found = re.search(rf"```hex {name}\n(.*?)```", PAGE, re.DOTALL)
    return bytes.fromhex(found[1])


def test_the_first_envelope():
    body = records.encode(
        "SessionOpen",
        peer_version=schema.SCHEMA_VERSION,
        role=2,
        session_id=7,
        last_received=41,
        environment="test",
        name="XASX",
    )
    numbers = (0x42534D4F, 52, 6, schema.SCHEMA_ID, schema.SCHEMA_VERSION, 0, 0, 1, 0, 1, len(body))
    assert example("session-open") == struct.pack("<IHHHHIQQQII16x", *numbers) + body


def test_a_report():
    report = ExecutionReport(
        request=1 << 32 | 9,
        exec_type=ord("F"),
        ord_status=ord("1"),
        side=ord("1"),
        ord_type=ord("2"),
        time_in_force=ord("0"),
        account=5,
        instrument=6,
        last_qty=100,
        last_px=451000,
        cum_qty=100,
        leaves_qty=200,
        order_qty=300,
        price=451000,
        trade_date=20780,
        transact_time_ns=1795392000000000000,
        ord_rej_reason=0,
        exec_id="T1",
        exec_ref_id="",
        order_id="O1",
        text="",
    )
    assert example("trade") == numbered(encode_report(report), 3)


@pytest.mark.parametrize("number", re.findall(r"template (\d+)|\((\d\d)\)", PAGE))
def test_templates_exist(number):
    assert int("".join(number)) in records.BY_TEMPLATE


def test_the_fast_codec_is_the_catalogues():
    fields = {name: number for number, name in enumerate(ExecutionReport._fields[:-4], 40)}
    texts = {"exec_id": "E", "exec_ref_id": "RR", "order_id": "OOO", "text": "Grüße"}
    assert encode_report(ExecutionReport(**fields, **texts)) == records.encode("ExecutionReport", **fields, **texts)
    raw = records.encode("OrderRequest", feed_sequence=9, request=8, price=-7, symbol="ABC", order_id="O-1", account=3)
    request = decode_order_request(raw)
    decoded = records.decode(raw)[1]
    assert request._asdict() == {name: decoded[name] for name in request._fields}


def test_the_desks_words_are_those_of_the_page():
    assert desk.HELP in (DOCS / "how-to" / "simulator.md").read_text()


@pytest.mark.parametrize("length", [256, 2000, 5000])
def test_a_report_whose_id_does_not_fit_into_a_record_goes_out_whole(length):
    texts = {"exec_id": "e" * length, "exec_ref_id": "", "order_id": "o" * 255, "text": "t" * 300}
    fields = dict.fromkeys((name for name in ExecutionReport._fields if name not in texts), 0)
    raw = numbered(encode_report(ExecutionReport(**fields, **texts)), 7)
    name, sent = records.decode(raw)
    assert (name, sent["feed_sequence"]) == ("LongReport", 7)
    name, told = long_reports.decode(sent)
    by_digest = "sha256:" + hashlib.sha256(b"e" * length).hexdigest()
    whole = {"begins": "e" * 80, "id": by_digest, "bytes": 5000} if length == 5000 else "e" * length
    assert (name, told) == ("ExecutionReport", fields | texts | {"exec_id": whole, "text": "t" * 255})
    assert long_reports.shortened(told) == fields | texts | {"exec_id": by_digest, "text": "t" * 255}
