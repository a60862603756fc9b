from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from oms.start_of_day.layouts import Column

REASONS: dict[int, str]

class Reader:
    arrays: dict[str, NDArray[Any]]
    def __init__(
        self,
        columns: Sequence[Column],
        header: Sequence[str],
        capacity: int,
        *,
        crlf: bool,
        first_line: int,
        fault_limit: int = 1000,
    ) -> None: ...
    def feed(self, buffer: bytearray, start: int, end: int) -> int: ...
    @property
    def arena(self) -> bytes: ...
    @property
    def rows(self) -> int: ...
    @property
    def fault_count(self) -> int: ...
    @property
    def faults(self) -> list[tuple[int, int, str, str]]: ...
    @property
    def unknown_count(self) -> int: ...
    @property
    def unknown(self) -> list[tuple[int, int, str, str]]: ...
    @property
    def total(self) -> int: ...
