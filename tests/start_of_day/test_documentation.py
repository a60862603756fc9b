"""The example in docs/how-to/start-of-day.md loads as it stands."""

import re
from decimal import Decimal
from pathlib import Path

from oms.start_of_day.layouts import KINDS, columns
from tests.start_of_day.delivery import load, new_engine

PAGE = Path("docs/how-to/start-of-day.md").read_text()


def test_the_example_loads(tmp_path):
    examples = re.findall(r"`([\w-]+\.csv)`\n\n```csv\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 5
    for name, text in examples:
        (tmp_path / name).write_text(text)
    engine = new_engine()
    report = load(tmp_path, engine)
    assert report.result == "ok", report.text()
    assert [entry.reason for entry in report.breaks] == ["order_unknown"]
    assert engine.cash("1002", "AUD").booked == Decimal("-25.77")
    assert engine.holding("1003", "7203").settled == 300
    assert engine.holding("1001", "BHP").reserved == 50


def test_every_column_is_named():
    from oms.start_of_day.book import Book

    codes = Book(new_engine().arrays()).codes()
    for kind in KINDS:
        for column in columns(kind, codes):
            assert re.search(rf"\b{column.name}\b", PAGE), f"{kind}: {column.name}"
