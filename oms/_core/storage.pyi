from typing import NamedTuple

class StorageEvent(NamedTuple):
    kind: str
    file: int
    offset: int
    size: int
    durable: bool
    name: str
    new_name: str
    data: bytes

def watch(
    at: int = 0, action: str = "", error: int = 0, delay_ms: int = 0, of: tuple[str, ...] = (), keep: bool = False
) -> None: ...
def told(sequence: int) -> None: ...
def unwatch() -> list[StorageEvent]: ...
def calls() -> int: ...
