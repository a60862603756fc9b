"""A disk that confirmed a write and kept the old block, or put a block elsewhere: such a journal is refused."""

from pathlib import Path

import pytest

from oms.journal import Journal, verify
from tests.journal.tools import HEADER, SEGMENT, fill, segments

SECTOR = 512
RECORDS = 40


def journal_with(directory: Path) -> tuple[Path, bytes, list[int]]:
    """A closed journal of one segment, its bytes, and the sectors of its records."""
    with Journal(directory, "batch", segment_bytes=SEGMENT) as journal:
        fill(journal, RECORDS)
        end = journal.facts()["position"]
    (path,) = segments(directory)
    return path, path.read_bytes(), list(range(HEADER // SECTOR, (end - 1) // SECTOR + 1))


def is_refused(directory: Path) -> bool:
    return verify(directory).damage is not None


@pytest.mark.parametrize("blocks", [1, 8])
def test_a_block_that_kept_what_was_there_before(tmp_path, blocks):
    path, whole, sectors = journal_with(tmp_path)
    for first in sectors:
        data = bytearray(whole)
        data[first * SECTOR : (first + blocks) * SECTOR] = bytes(blocks * SECTOR)
        path.write_bytes(data[: len(whole)])
        assert is_refused(tmp_path), f"sectors {first} to {first + blocks - 1}"


def test_a_block_in_the_place_of_another(tmp_path):
    path, whole, sectors = journal_with(tmp_path)
    for source in sectors:
        for target in sectors:
            block = whole[source * SECTOR : (source + 1) * SECTOR]
            if block == whole[target * SECTOR : (target + 1) * SECTOR]:
                continue
            path.write_bytes(whole[: target * SECTOR] + block + whole[(target + 1) * SECTOR :])
            assert is_refused(tmp_path), f"sector {source} in the place of {target}"
