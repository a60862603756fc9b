"""The adapter's log: what was appended is there, a torn end is cut, damage is refused."""

import pytest

from oms.adapters.log import DerivedFile, Entry, Log, LogError

ENTRIES = [Entry(1, 10, b"first"), Entry(2, 20, b""), Entry(1, 30, b"OMSL third")]


def written(path):
    log = Log(path)
    assert list(log.entries()) == []
    for entry in ENTRIES:
        log.append(*entry)
    log.close()
    return path.read_bytes()


def read(path):
    log = Log(path, durable=False)
    try:
        return list(log.entries())
    finally:
        log.close()


def test_every_cut_leaves_the_whole_entries(tmp_path):
    path = tmp_path / "log"
    raw = written(path)
    ends = [29, 53, len(raw)]
    for size in range(len(raw) + 1):
        path.write_bytes(raw[:size])
        assert read(path) == ENTRIES[: sum(end <= size for end in ends)]
        assert path.stat().st_size == max([0, *(end for end in ends if end <= size)])
    assert read(path) == ENTRIES


def test_every_flipped_bit_before_the_last_entry_is_refused(tmp_path):
    path = tmp_path / "log"
    raw = written(path)
    for place in range(53):
        for bit in range(8):
            damaged = bytearray(raw)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(LogError, match="damaged"):
                read(path)
            assert path.read_bytes() == damaged


def test_a_directory_has_one_user(tmp_path):
    log = Log(tmp_path / "log")
    with pytest.raises(LogError, match="another process"):
        Log(tmp_path / "log")
    log.close()
    Log(tmp_path / "log").close()


def test_a_derived_file_continues_where_it_is(tmp_path):
    path = tmp_path / "derived"
    path.write_bytes(b"abcd")
    file = DerivedFile(path)
    file.write(b"abc"), file.write(b"def")
    file.check_whole()
    assert path.read_bytes() == b"abcdef"
    assert file.read(2, 5) == b"cde"
    file.close()


def test_a_derived_file_may_not_differ(tmp_path):
    path = tmp_path / "derived"
    path.write_bytes(b"abcd")
    file = DerivedFile(path)
    file.write(b"ab")
    with pytest.raises(LogError, match="byte 2"):
        file.write(b"x")
    with pytest.raises(LogError, match="2 bytes more"):
        file.check_whole()
    file.close()
