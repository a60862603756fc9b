from oms._core.bus_sockets import Bus

class Echo:
    """Runs the core's loop. `routes[i]` is the endpoint that gets what endpoint i sends; -1 drops it."""

    def __init__(self, bus: Bus, routes: list[int]) -> None: ...
    def run(self, spin_us: int = 0, timeout_ms: int = 1000) -> None: ...
    def highest(self, index: int) -> int:
        """The highest sequence taken from an endpoint."""

    def counts(self) -> dict[str, int]:
        """`waits` that a bell ended, `timeouts`, `disordered`: records that were not the next of their endpoint."""

    def events(self) -> list[tuple[int, int, int]]:
        """(kind, endpoint, reason) of the sessions that the core was told of."""

    def stop(self) -> None: ...

def check_envelope(message: bytes, names: frozenset[str]) -> int:
    """The SessionReason for which a peer that may send these records would be cut off; 0 = it is sound."""

def forward(socket_id: int, count: int) -> None:
    """Receives messages on a socket and sends each back as it is, `count` times: the least that nng can cost."""

class RingPair:
    """A ring and a doorbell each way between a producing and a consuming thread, with entries of every length."""

    def __init__(self, size: int) -> None: ...
    def produce(self, count: int, longest: int) -> int:
        """Writes entry n with tag n, (n * 7919) % longest bytes of the value n % 256. Returns how often it was full."""

    def consume(self, count: int, longest: int) -> int:
        """Reads what `produce` writes. Returns how many entries were not as they should be."""
