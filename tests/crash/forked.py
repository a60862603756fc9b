"""`oms …` processes that begin in milliseconds: forked from a process that has loaded everything and started nothing.

What such a process is told to do first may see to it that it dies at a step of its own choice, by SIGKILL.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import oms.server
from oms._core import storage
from oms.bus_config import EndpointConfig
from oms.cli import main
from oms.demo.processes import Process, Processes
from oms.server import endpoint

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "oms.server", "oms.standby", "oms.calendars", "oms.start_of_day.run"])
ROLL_CALLS = ("allocate", "rename", "flush_directory", "unlink")


def die_in_roll(step: int) -> None:
    """From here on this process kills itself at its `step`-th call that makes, names or publishes a segment."""
    storage.watch(at=step, action="kill", of=ROLL_CALLS)


def with_small_rings(*given: Any) -> EndpointConfig:
    """To touch the memory of large ones takes longer than all the rest of a start."""
    return replace(endpoint(*given), inbound_bytes=1 << 20, outbound_bytes=1 << 20)


def begin(log: str, arguments: tuple[str, ...], first: Callable[[], None] | None) -> None:
    """In the child."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    oms.server.endpoint = with_small_rings
    if first is not None:
        first()
    os._exit(main(arguments))


class Child:
    """The part of subprocess.Popen that is needed."""

    stdin = None

    def __init__(self, log: Path, arguments: tuple[str, ...], first: Callable[[], None] | None = None) -> None:
        self.process = FORKS.Process(target=begin, args=(str(log), arguments, first), daemon=True)
        self.process.start()
        assert self.process.pid is not None
        self.pid = self.process.pid

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.process.kill()

    def wait(self, timeout: float | None = None) -> int:
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return self.process.exitcode


class Forked(Process):
    """One forked `oms …` process; what it says goes to a file. first: what it does before anything else."""

    def __init__(self, name: str, directory: Path, *arguments: str, first: Callable[[], None] | None = None) -> None:
        self.name = name
        self.log = directory / "logs" / f"{name}.log"
        self.log.parent.mkdir(exist_ok=True)
        self.popen = Child(self.log, arguments, first)  # type: ignore[assignment]


class ForkedProcesses(Processes):
    """The OMS and its followers forked; its peers, which nobody kills here, as a user would start them. first: for the
    next one that is forked."""

    first: Callable[[], None] | None = None

    def start(self, name: str, *arguments: str) -> Process:
        if arguments[0] not in ("serve", "follower", "promote"):
            return super().start(name, *arguments)
        first, self.first = self.first, None
        process = self.running[name] = Forked(name, self.directory, *arguments, first=first)
        return process
