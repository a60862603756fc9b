"""The table of faults names a test for every fault, and only tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/faults.md"
GROUPS = {"A": 16, "B": 26, "C": 15, "D": 7, "E": 25, "F": 15, "H": 19, "I": 9}
ROWS = [
    [cell.strip() for cell in line.strip("|\n ").split("|")]
    for line in PAGE.read_text().splitlines()
    if re.match(r"\| [A-Z]\d+ \|", line)
]


def test_no_fault_is_left_out():
    expected = [f"{group}{number}" for group, count in GROUPS.items() for number in range(1, count + 1)]
    assert [row[0] for row in ROWS] == expected


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_fault_has_tests_that_there_are(row):
    _, fault, expected, proof = row
    assert fault
    assert expected
    names = re.findall(r"`(tests/[^`]+)`", proof)
    assert names, "no test proves it"
    for name in names:
        path, _, function = name.partition("::")
        assert (ROOT / path).is_file(), f"there is no {path}"
        if function:
            assert re.search(rf"^def {function}\(", (ROOT / path).read_text(), re.MULTILINE), f"there is no {name}"
        elif path.endswith(".py"):
            assert re.search(r"^ *def test_|TestCase", (ROOT / path).read_text(), re.MULTILINE), f"{path} has no tests"
