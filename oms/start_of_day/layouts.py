"""The columns of the start-of-day files. Says what a file may hold; never opens one.

docs/how-to/start-of-day.md shows an example of each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from oms._core.csv_index import CodeIndex


@dataclass(frozen=True)
class Column:
    """One column: its name in the header and how its fields become values.

    kind: text | long_text | decimal | integer | date | code. empty: the value of an empty field, and of a column that
    the file leaves out; None = neither is allowed.
    """

    name: str
    kind: str
    empty: int | bytes | None = None
    width: int = 0  # bytes of a text, at most
    exponent: int | str = 0  # of a decimal: fixed, or the earlier column that it hangs on
    exponents: NDArray[Any] | None = None  # by that column's number; None: its value is the exponent
    minimum: int | None = None
    maximum: int | None = None
    index: CodeIndex | None = None
    may_be_unknown: bool = False  # an unknown code is no fault of the file: it becomes 0 and is noted
    totalled: bool = False  # its sum is the file's control total

    def bound(self, **more: Any) -> Column:
        """The same column with what is only known when a file is read."""
        return replace(self, **more)
