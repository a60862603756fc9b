"""The scripted DTR: looks at the queue as a person would, and decides by a rule that reaches every outcome."""

from __future__ import annotations

import threading
from collections import Counter

from oms.config import Config
from oms.enums import Decision
from oms.operator_client import Operator
from oms.pictures import Request

LOOK_S = 0.05
LEFT, REJECTED = 3, 2  # of ten requests: left to the client or the close, rejected; the rest is authorised


class ScriptedDesk:
    """Decides on what waits, in a thread of its own. outcomes: status names of its decisions."""

    def __init__(self, config: Config, endpoint: str = "desk1") -> None:
        self.operator = Operator(config, endpoint)
        self.outcomes: Counter[str] = Counter()
        self.seen: set[tuple[int, int]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
        self.error: Exception | None = None
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.wait(LOOK_S):
                for request in self.operator.views.queue():
                    if self._stop.is_set():
                        return
                    self._decide(request)
        except Exception as error:  # told to whoever closes the desk
            self.error = error

    def _decide(self, request: Request) -> None:
        version = (request.handle, request.queue_version)
        if version in self.seen:
            return
        self.seen.add(version)
        lot = request.handle % 10
        if lot < LEFT:
            return
        decision = Decision.reject if lot < LEFT + REJECTED else Decision.authorise
        status = self.operator.decide(decision, request.account, request.cl_ord_id, request.queue_version, "scripted")
        self.outcomes[f"{decision.name}: {status.name}"] += 1

    def close(self) -> None:
        """Ends the thread. Raises what it could not go on from."""
        self._stop.set()
        self._thread.join()
        self.operator.close()
        if self.error is not None:
            raise self.error
