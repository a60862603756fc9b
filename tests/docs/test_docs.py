"""The documentation is true: its Python runs, its configuration loads, its links lead somewhere."""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oms.cli import build_parser
from oms.commands import COMMANDS
from oms.config import define, load
from oms.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def blocks(page: Path, language: str) -> list[str]:
    return [body for name, body in BLOCK.findall(page.read_text()) if name == language]


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_python_of_a_page_runs(page: Path) -> None:
    exec(compile("\n".join(blocks(page, "python")), str(page), "exec"), {"__name__": "page"})


def test_the_sample_configuration_is_accepted(tmp_path: Path) -> None:
    (sample,) = blocks(ROOT / "docs/reference/configuration.md", "toml")
    (tmp_path / "oms.toml").write_text(sample)
    engine = Engine()
    define(engine, load(tmp_path / "oms.toml"))
    assert engine.user_slot("dtr1")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    done = subprocess.run([sys.executable, "-m", "oms", command, "--help"], capture_output=True, text=True, check=True)
    assert "usage: oms" in done.stdout


def actions(parser: argparse.ArgumentParser, name: str = "oms") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that does something, with its whole name."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield name, parser
    for action in below:
        for word, each in action.choices.items():
            yield from actions(each, f"{name} {word}")


def test_every_action_answers_in_json_too_and_explains_its_options() -> None:
    found = dict(actions(build_parser(dict.fromkeys(COMMANDS.values()))))
    assert "oms journal repair" in found
    for name, parser in found.items():
        assert parser.description, name
        assert "--json" in {word for action in parser._actions for word in action.option_strings}, name
        assert not [action.option_strings for action in parser._actions if action.option_strings and not action.help], (
            name
        )
