"""The command line answers, and turns every error into words and an exit status."""

import subprocess
import sys
from argparse import Namespace
from types import SimpleNamespace

import pytest

from oms import __version__, cli, commands
from oms.errors import OmsError


@pytest.fixture
def command(monkeypatch):
    """Install a command `try` that runs the given function."""

    def install(run):
        module = SimpleNamespace(add=lambda subparsers: commands.add_command(subparsers, "try", "try it", run))
        monkeypatch.setitem(sys.modules, "oms.commands.attempt", module)
        monkeypatch.setitem(commands.COMMANDS, "try", "attempt")

    return install


def failing(error):
    def run(args: Namespace) -> int:
        raise error

    return run


def test_version():
    done = subprocess.run([sys.executable, "-m", "oms", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"oms {__version__}\n"


def test_every_listed_command_explains_itself(capsys):
    for name in commands.COMMANDS:
        with pytest.raises(SystemExit, match="0"):
            cli.main([name, "--help"])
        assert f"oms {name}" in capsys.readouterr().out


def test_every_command_takes_json(command):
    seen = []
    command(lambda args: seen.append(args.json) or 0)
    assert cli.main(["try", "--json"]) == 0
    assert cli.main(["try"]) == 0
    assert seen == [True, False]


def test_the_status_of_the_command_is_the_exit_status(command):
    command(lambda args: 1)
    assert cli.main(["try"]) == 1


def test_wrong_usage_is_2(command, capsys):
    command(lambda args: 0)
    with pytest.raises(SystemExit, match="2"):
        cli.main(["try", "--nonsense"])
    assert cli.main([]) == 2
    assert "try it" in capsys.readouterr().out


def test_an_error_says_what_where_and_what_to_do(command, capsys):
    command(failing(OmsError("unknown key 'capcity'", where="oms.toml, [tables]", remedy="use 'capacity'")))
    assert cli.main(["try"]) == 1
    assert capsys.readouterr().err == (
        "oms: unknown key 'capcity'\n  where:      oms.toml, [tables]\n  what to do: use 'capacity'\n"
    )


def test_a_missing_file_is_named(command, capsys, tmp_path):
    command(lambda args: len((tmp_path / "absent.csv").read_text()))
    assert cli.main(["try"]) == 1
    assert capsys.readouterr().err == f"oms: No such file or directory\n  where:      {tmp_path / 'absent.csv'}\n"


def test_an_unexpected_error_shows_no_traceback_unless_asked(command, capsys, monkeypatch):
    command(failing(ZeroDivisionError("oops")))
    assert cli.main(["try"]) == 1
    err = capsys.readouterr().err
    assert "internal error: ZeroDivisionError: oops" in err
    assert "Traceback" not in err
    monkeypatch.setenv("OMS_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        cli.main(["try"])


def test_interrupted_is_130(command):
    command(failing(KeyboardInterrupt()))
    assert cli.main(["try"]) == 130
