from oms._core.bus_sockets import Bus
from oms._core.engine import Core
from oms._core.journal import JournalCore

class Loop:
    bus: Bus
    core: Core
    journal: JournalCore
    stuck: bool
    def __init__(
        self,
        bus: Bus,
        journal: JournalCore,
        core: Core,
        routes: list[tuple[int, int]],
        spin_us: int = 5,
        busy_after_ms: int = 300,
    ) -> None: ...
    def run(self) -> bool: ...
    def stop(self) -> None: ...
