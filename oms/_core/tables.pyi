from collections.abc import Mapping as MappingType
from pathlib import Path

class Mapping:
    def __init__(self, size: int, path: Path | None = None, create: bool = False) -> None: ...
    def populate(self, size: int) -> None: ...
    def __buffer__(self, flags: int) -> memoryview: ...
    def __len__(self) -> int: ...
    def __getitem__(self, key: slice) -> bytes: ...

MAGIC: int

class Tables:
    mappings: dict[str, Mapping]
    capacities: dict[str, int]
    working_set: dict[str, int]
    def __init__(
        self,
        capacities: MappingType[str, int] | None = None,
        directory: Path | None = None,
        working_set: MappingType[str, int] | None = None,
    ) -> None: ...

def table_bytes(name: str, capacity: int) -> int: ...
