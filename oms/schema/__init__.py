"""The catalogue: every enum, status, table row and record of the system, in one place.

Owns: the meaning, width and unit of each field. `tools/generate.py` makes the C structs, the Cython declarations,
the NumPy dtypes, the message codec, the reference pages and the SBE schema from it. It holds no logic and imports
nothing of the rest of the package. Integers only.
"""

from oms.schema.enums import ENUMS, PERMISSIONS
from oms.schema.records import RECORDS
from oms.schema.statuses import STATUSES
from oms.schema.tables import FEE_COMPONENTS, LADDER_CASH, LADDER_HOLDING, RESERVES, ROWS_OF, TABLES, UNHASHED
from oms.schema.types import NULL_I64, SCALARS, Enum, F, Field, Record, Status, Table

SCHEMA_ID = 0x4F4D
SCHEMA_VERSION = 2
FRAME_SIZE = 32
MAX_RECORD_LENGTH = 4096
MAX_TEXT = 255  # bytes of a text in a record

__all__ = [
    "ENUMS",
    "FEE_COMPONENTS",
    "FRAME_SIZE",
    "LADDER_CASH",
    "LADDER_HOLDING",
    "MAX_RECORD_LENGTH",
    "MAX_TEXT",
    "NULL_I64",
    "PERMISSIONS",
    "RECORDS",
    "RESERVES",
    "ROWS_OF",
    "SCALARS",
    "SCHEMA_ID",
    "SCHEMA_VERSION",
    "STATUSES",
    "TABLES",
    "UNHASHED",
    "Enum",
    "F",
    "Field",
    "Record",
    "Status",
    "Table",
]
