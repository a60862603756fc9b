from oms._core.bus_sockets import Bus

class Echo:
    """Runs the core's loop. `routes[i]` is the endpoint that gets what endpoint i sends; -1 drops it."""

    waits: int
    timeouts: int
    events: list[tuple[int, int, int]]
    def __init__(self, bus: Bus, routes: list[int]) -> None: ...
    def run(self, spin_us: int = 0, timeout_ms: int = 1000) -> None: ...
    def stop(self) -> None: ...

def forward(socket_id: int, count: int) -> None:
    """Receives messages on a socket and sends each back as it is, `count` times: the least that nng can cost."""
