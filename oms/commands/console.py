"""What processes share that a trainer talks to on standard input, or that a signal ends. No command of its own."""

import json
import queue
import signal
import sys
import threading
from argparse import Namespace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oms.adapters.contract import Venue


class Desk(Protocol):
    """Acts upon what a trainer types."""

    quitting: bool

    def do(self, line: str) -> dict[str, Any]:
        """One line. Returns what to answer."""


def until_signalled() -> threading.Event:
    """Set by SIGTERM and SIGINT, in place of what they do else."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


class Console:
    """Lines from standard input to a desk, and lines on standard output. name: what each of those begins with."""

    def __init__(self, args: Namespace, name: str) -> None:
        self.as_json, self.name = args.json, name
        self.stop = until_signalled()
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._desk: Desk | None = None

    def listen(self, desk: Desk) -> None:
        """From now on `stopping` has the desk do what was typed."""
        self._desk = desk
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            self._lines.put(line)

    def stopping(self) -> bool:
        """Whether a signal or the desk's `quit` ends the process; does first what was typed since the last call."""
        if self._desk is None:
            return self.stop.is_set()
        while not self._lines.empty():
            line = self._lines.get()
            self.say(command=line.strip(), **self._desk.do(line))
        return self.stop.is_set() or self._desk.quitting

    def say(self, **what: Any) -> None:
        """One line; help has more than one."""
        if self.as_json:
            print(json.dumps(what), flush=True)
            return
        plain = ("event", "error", "help")
        words = [str(value) if name in plain else f"{name}={value}" for name, value in what.items()]
        print(f"{self.name}: " + " ".join(words), flush=True)

    def run_adapter(self, venue: "Venue", url: str, identity: "Mapping[str, str]", open_timeout_s: float = 1.0) -> None:
        """Serves the venue's feed until it is to stop, and tells when its session opens or ends."""
        from oms.adapters.contract import Adapter

        adapter = Adapter(venue, url, on_event=lambda text: self.say(event=text), **identity)
        adapter.run(self.stopping, open_timeout_s=open_timeout_s)
