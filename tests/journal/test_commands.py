"""`oms journal stat|verify|dump`: text and JSON, exit status, and errors that name the thing."""

import json
from pathlib import Path

import pytest

from oms import records
from oms.cli import build_parser, describe
from oms.errors import OmsError
from oms.journal import Journal
from tests.journal.tools import SEGMENT, make, make_crashed, record, segments


def oms(capsys, *argv: object) -> tuple[int, str]:
    """Exit status and output of one command; an error as the command line words it."""
    args = build_parser(["journal"]).parse_args([str(arg) for arg in argv])
    try:
        status = args.run(args)
    except OmsError as error:
        return 1, str(describe(error))
    return status, capsys.readouterr().out


@pytest.fixture
def journal(tmp_path) -> Path:
    return make(tmp_path / "journal", 120)


@pytest.mark.parametrize("above", [True, False])
def test_stat(capsys, journal, above):
    status, text = oms(capsys, "journal", "stat", journal.parent if above else journal)
    assert status == 0
    assert "segments     3" in text
    status, text = oms(capsys, "journal", "stat", journal, "--json")
    assert json.loads(text)["last"] == "120"
    assert json.loads(text)["state"] == "closed"


def test_verify(capsys, journal):
    status, text = oms(capsys, "journal", "verify", journal)
    assert status == 0
    assert "ok" in text.splitlines()[0]
    assert "120 records (1 to 120)" in text
    status, text = oms(capsys, "journal", "verify", journal, "--json", "--from", 100)
    found = json.loads(text)
    assert status == 0
    assert (found["ok"], found["last"], found["damage"], found["torn_tail"]) == (True, "120", None, None)


def test_verify_tells_damage(capsys, journal):
    data = bytearray(segments(journal)[1].read_bytes())
    data[5000] ^= 1
    segments(journal)[1].write_bytes(data)
    status, text = oms(capsys, "journal", "verify", journal)
    assert status == 1
    assert "DAMAGED" in text
    assert "00000002.journal, byte " in text
    assert "what to do" in text
    status, text = oms(capsys, "journal", "verify", journal, "--json")
    damage = json.loads(text)["damage"]
    assert (status, Path(damage["file"])) == (1, segments(journal)[1])
    assert damage["offset"] <= 5000 < damage["offset"] + 128
    status, text = oms(capsys, "journal", "dump", journal)
    assert status == 1
    assert "checksum" in text


def test_verify_tells_a_torn_tail(capsys, tmp_path):
    crashed = make_crashed(tmp_path, 20)
    path = segments(crashed)[0]
    data = bytearray(path.read_bytes())
    end = (len(data.rstrip(b"\0")) + 7) // 8 * 8
    data[end : end + 8] = b"\x80" + bytes(6) + b"\x01"
    path.write_bytes(data)
    status, text = oms(capsys, "journal", "verify", crashed)
    assert status == 0
    assert "torn tail of 8 bytes" in text


def test_dump(capsys, tmp_path):
    with Journal(tmp_path, "none", segment_bytes=SEGMENT) as journal:
        for number in range(1, 6):
            order = records.encode(
                "NewOrderSingle", account=number, order_qty=10**17, price=-(1 << 63), side=ord("1"), cl_ord_id="a-1"
            )
            journal.append(order, time_ns=1_700_000_000_123_456_789, source=3)
        journal.append(record(6, 40, template=60_000), time_ns=1)
    status, text = oms(capsys, "journal", "dump", tmp_path, "--from", 2, "--to", 3)
    assert status == 0
    assert [line.split()[0] for line in text.splitlines()] == ["2", "3"]
    assert "2023-11-14T22:13:20.123456789Z  NewOrderSingle source=3 account=2 order_qty=100000000000000000" in text
    assert "side=1 cl_ord_id=a-1" in text
    status, text = oms(capsys, "journal", "dump", tmp_path, "--json")
    found = json.loads(text)
    assert [item["sequence"] for item in found] == ["1", "2", "3", "4", "5", "6"]
    assert found[0]["order_qty"] == "100000000000000000"
    assert (found[0]["price"], found[0]["side"], found[0]["cl_ord_id"]) == (None, "1", "a-1")
    assert found[5]["record"] == 60_000
    assert oms(capsys, "journal", "dump", tmp_path, "--json", "--from", 7) == (0, "[]\n")


def test_errors_name_the_thing(capsys, tmp_path):
    status, text = oms(capsys, "journal", "verify", tmp_path / "nowhere")
    assert status == 1
    assert str(tmp_path / "nowhere") in text
    assert "no journal" in text
    status, text = oms(capsys, "journal", "dump", make(tmp_path, 1), "--from", 0)
    assert status == 1
    assert "from 1 on, not 0" in text
    assert "--from" in text
    status, text = oms(capsys, "journal")
    assert status == 2
    assert "dump" in text


def test_dir_is_the_present_directory_unless_it_is_named(capsys, journal, monkeypatch):
    monkeypatch.chdir(journal.parent)
    for action in ("verify", "stat", "dump"):
        assert oms(capsys, "journal", action) == oms(capsys, "journal", action, Path())


def test_a_key_without_a_head_is_told(capsys, journal):
    """The signature would not have been looked at."""
    status, text = oms(capsys, "journal", "verify", journal, "--public-key", "auditor.key.pub")
    assert status == 1
    assert "there is no signature to check" in text
    assert "--head FILE" in text
