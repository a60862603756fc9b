"""The random days of a run are the same whatever else was loaded before them."""

import importlib.util
import os
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.skipif(bool(os.environ.get("OMS_SOAK")), reason="a soak draws anew each time")
def test_what_is_loaded_meanwhile_changes_no_example(tmp_path, monkeypatch):
    drawn = []

    @settings(max_examples=300)
    @given(st.integers())
    def draw(number):
        drawn.append(number)

    draw()
    odd = tmp_path / "odd.py"
    odd.write_text("".join(f"x{number} = {number}\n" for number in range(7_000_000, 7_000_200)))
    spec = importlib.util.spec_from_file_location("odd", odd)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "odd", module)
    before, drawn = drawn, []
    draw()
    assert drawn == before
    assert len(drawn) == 300
