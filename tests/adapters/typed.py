"""A process of `oms` that a trainer types to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]


class Typed:
    """`oms COMMAND --json …`, killed at the end of its block."""

    def __init__(self, *command: str) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "oms", *command, "--json"], cwd=ROOT, stdin=-1, stdout=-1, text=True
        )

    def ask(self, line: str) -> dict[str, Any]:
        """Types a line and waits for its answer."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        while True:
            answer: dict[str, Any] = json.loads(self.child.stdout.readline())
            if answer.get("command") == line:
                return answer

    def kill(self) -> None:
        self.child.kill()
        self.child.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
