from typing import Any

import numpy as np
from numpy.typing import NDArray

class CodeIndex:
    duplicates: list[int]
    def __init__(self, codes: NDArray[np.bytes_], numbers: NDArray[Any] | None = None) -> None: ...
    def find(self, code: bytes) -> int | None: ...
    def find_all(self, codes: NDArray[np.bytes_]) -> NDArray[np.int64]: ...
