"""Corporate actions, renames and calendars of a running `oms serve`, by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oms import cli
from oms.corporate import renamed
from oms.enums import RenameOf
from oms.verify import verify
from oms.views import attach
from tests.serve.test_control import CONFIG, oms
from tests.serve.test_serve import Serving
from tests.start_of_day.delivery import FILES, deliver

TEXT = CONFIG.replace("[exchanges.XASX]", '[exchanges.XASX]\ncalendar = "XASX"')


def test_a_day_of_corporate_actions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "oms.toml").write_text(TEXT)
    serving = Serving(tmp_path)
    try:
        assert "calendar of exchange XASX: " in serving.log.read_text()
        assert cli.main(["sod", "load", str(deliver(tmp_path / "files")), "--dir", str(tmp_path)]) == 0
        views, terms = attach(serving.config.tables), ("BHP", "split", "--ratio", "3/2", "--ex-date", "2026-11-23")
        status, (share,) = oms(capsys, serving, "corporate-action", "preview", *terms)
        assert (status, share["account"], share["before"], share["after"]) == (0, "A1", "100", "150")
        assert views.holding("A1", "BHP").total == 100
        assert oms(capsys, serving, "corporate-action", "announce", "S1", *terms) == (0, {"status": "ok"})
        assert views.holding("A1", "BHP").total == 150
        again = oms(capsys, serving, "corporate-action", "announce", "S1", *terms)
        assert again == (1, {"status": "corporate_action_repeated"})
        assert oms(capsys, serving, "corporate-action", "undo", "S1") == (0, {"status": "ok"})
        assert views.holding("A1", "BHP").total == 100
        status, (listed,) = oms(capsys, serving, "corporate-action", "list")
        assert (listed["id"], listed["state"], listed["ratio"], listed["user"]) == ("S1", "undone", "3/2", "ops")
        assert oms(capsys, serving, "rename", "instrument", "BHP", "BHX") == (0, {"status": "ok"})
        assert oms(capsys, serving, "rename", "account", "A1", "A2") == (1, {"status": "name_taken"})
        assert oms(capsys, serving, "rename", "currency", "JPY", "JPX", "--reason", "x") == (0, {"status": "ok"})
        assert views.holding("A1", "BHX").total == 100
        assert renamed(views, RenameOf.instrument) == {"BHP": "BHX"}
    finally:
        serving.stop()
    again_serving = Serving(tmp_path)  # with the configuration of before: nothing comes back under its old name
    try:
        assert "JPY" not in attach(again_serving.config.tables).rows("currency")["code"].astype(str).tolist()
    finally:
        again_serving.stop()
    assert verify(tmp_path).ok


def test_old_files_do_not_bring_old_names_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "oms.toml").write_text(TEXT)
    files = deliver(tmp_path / "files")
    assert cli.main(["sod", "check", str(files), "--dir", str(tmp_path), "--json"]) == 0
    days = json.loads(capsys.readouterr().out)["holidays"]
    assert {"exchange": "XASX", "date": "2026-12-25", "open": False} in days or days == []
    serving = Serving(tmp_path)
    try:
        assert cli.main(["sod", "load", str(files), "--dir", str(tmp_path)]) == 0
        assert oms(capsys, serving, "rename", "instrument", "BHP", "BHX") == (0, {"status": "ok"})
        assert oms(capsys, serving, "rename", "account", "A2", "A9") == (0, {"status": "ok"})
        next_day = deliver(tmp_path / "next", {"instruments.csv": FILES["instruments.csv"]})
        capsys.readouterr()
        assert cli.main(["sod", "check", str(next_day), "--dir", str(tmp_path)]) == 1
        told = capsys.readouterr().out
        assert "was renamed to BHX" in told
        assert "was renamed to A9" in told
    finally:
        serving.stop()
