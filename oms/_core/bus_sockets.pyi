from oms.bus_config import BusConfig

class Bus:
    """Listens on an endpoint for each peer of `config`: `start`, the core's calls, the core's end, `stop`."""

    config: BusConfig
    def __init__(self, config: BusConfig) -> None: ...
    def start(self) -> None:
        """Listen on every endpoint and start the threads. Raises BusError, with nothing open, when one cannot be."""

    def stop(self) -> None:
        """Tell every peer that the OMS stops, close all sockets, end the threads. The core has ended before."""

    def __enter__(self) -> Bus: ...
    def __exit__(self, *_: object) -> None: ...
    def send(self) -> None:
        """The sender's thread."""

    def keep(self) -> None:
        """The keeper's thread."""

    def wake(self) -> None:
        """Wake the core from `bus_wait`, so that it looks at its stop flag."""

    def states(self) -> dict[str, str]:
        """Where each endpoint stands: `waiting` for its peer, `connecting`, `open`, `closing`, or `closed`."""

    def counters(self) -> dict[str, dict[str, int]]:
        """What each endpoint has counted since the start; sessions that ended by reason in `ended_...`."""
