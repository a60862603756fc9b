"""A chain head that is kept elsewhere proves the past: any change, removal or reordering before it is told."""

import json
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from oms import chain_head
from oms.errors import OmsError
from oms.journal import Journal, verify
from tests.journal.test_commands import oms
from tests.journal.tools import SEGMENT, fill, make, record, segments


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return make(tmp_path / "store" / "journal", 120)


@pytest.fixture
def head(journal: Path) -> chain_head.Head:
    return chain_head.take(journal)


def test_a_head_says_whose_how_far_and_when(journal, head):
    report = verify(journal)
    assert (head.store_id, head.sequence, head.chain) == (report.store_id, 120, report.chain_head)
    assert (head.time, head.day) == ("1970-01-01T00:00:00.120000000Z", "1970-01-01")
    path = journal / "head.json"
    path.write_text(head.text())
    assert chain_head.load(path) == head
    assert chain_head.check(journal, head) == []


def test_a_journal_that_goes_on_still_proves_it(journal, head):
    with Journal(journal, "none", segment_bytes=SEGMENT) as more:
        fill(more, 100)
        assert chain_head.check(journal, head) == []  # beside the process that writes
    assert chain_head.check(journal, head) == []


def test_a_removed_end_is_told(journal, head):
    older = make(journal.parent / "older", 60)
    [wrong] = chain_head.check(older, replace(head, store_id=verify(older).store_id))
    assert "ends at sequence 60, and the head knows it up to 120" in wrong


def test_other_records_are_told_even_where_all_checksums_fit(tmp_path):
    """Whoever can write the files can write a consistent journal: another one."""
    journals = []
    for number in (1, 2):
        directory = tmp_path / str(number)
        with Journal(directory, "none", segment_bytes=SEGMENT) as journal:
            journal.append(record(number), time_ns=1)
            fill(journal, 100)
        journals.append(directory)
    head = chain_head.take(journals[0])
    [wrong] = chain_head.check(journals[1], head)
    assert "another journal" in wrong
    [wrong] = chain_head.check(journals[1], replace(head, store_id=verify(journals[1]).store_id))
    assert "not those that the head was taken of" in wrong


def test_keys_are_for_their_owner_alone_and_never_replaced(tmp_path):
    key = tmp_path / "key"
    public = chain_head.make_keys(key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert b"PRIVATE" not in public.read_bytes()
    with pytest.raises(OmsError, match="there is a file already"):
        chain_head.make_keys(key)
    key.chmod(0o640)
    with pytest.raises(OmsError, match="others can read the key"):
        chain_head.sign(chain_head.Head("", 1, "", "", ""), key)


def test_a_signature_covers_every_field(tmp_path, head):
    key = tmp_path / "key"
    public = chain_head.make_keys(key)
    signed = chain_head.sign(head, key)
    assert chain_head.check_signature(signed, public) == []
    for change in ({"sequence": 119}, {"chain": "0" * 64}, {"store_id": "00"}, {"day": "1970-01-02"}, {"time": ""}):
        assert "signature fails" in chain_head.check_signature(replace(signed, **change), public)[0]
    other = chain_head.make_keys(tmp_path / "other")
    assert "signature fails" in chain_head.check_signature(signed, other)[0]
    assert chain_head.check_signature(head, public) == ["the head is not signed"]
    with pytest.raises(OmsError, match="no Ed25519 public key"):
        chain_head.check_signature(signed, key)


def test_the_commands(capsys, tmp_path, journal):
    key, file = tmp_path / "key", tmp_path / "head.json"
    assert oms(capsys, "journal", "keygen", key)[0] == 0
    status, text = oms(capsys, "journal", "head", journal.parent, "--key", key, "--out", file)
    assert (status, text.strip()) == (0, f"{file}: up to sequence 120 of 1970-01-01")
    assert key.read_text().splitlines()[1] not in file.read_text()
    status, text = oms(capsys, "journal", "verify", journal, "--head", file, "--public-key", f"{key}.pub")
    assert status == 0
    assert "nothing up to sequence 120 of 1970-01-01 was changed, removed or moved, signature good" in text
    status, text = oms(capsys, "journal", "verify", journal, "--head", file)
    assert (status, "signature not checked" in text) == (0, True)
    data = json.loads(file.read_text()) | {"chain": "1" * 64}
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(data))
    status, text = oms(capsys, "journal", "verify", journal, "--head", forged, "--public-key", f"{key}.pub", "--json")
    assert status == 1
    assert len(json.loads(text)["head"]) == 2
    shutil.rmtree(journal)
    make(journal, 60)
    status, text = oms(capsys, "journal", "verify", journal, "--head", file)
    assert (status, "WRONG: the head is of another journal" in text) == (1, True)
    assert segments(journal)
    status, text = oms(capsys, "journal", "verify", journal, "--head", key)
    assert (status, "this is no chain head" in text) == (1, True)
