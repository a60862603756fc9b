"""One layout: what the C compiler makes of the catalogue is what NumPy and the codec make of it."""

import subprocess
from pathlib import Path

import pytest

from oms import records, schema

CORE = Path(__file__).resolve().parents[2] / "oms" / "_core"
STRUCTS = {
    f"{''.join(word.title() for word in table.name.split('_'))}Row": records.row_dtype(table.name)
    for table in schema.TABLES
    if table.name != "text"
}
STRUCTS |= {record.name: records.record_dtype(record.name) for record in schema.RECORDS}


def field_of(struct: str, name: str) -> str:
    """The C name of a dtype's field: those of the header are in a struct of their own."""
    ours = struct in records.BY_NAME and name in {field.name for field in records.FRAME.fields}
    return f"frame.{name}" if ours else name


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    """(offset, bytes) of each field and of each struct, as compiled."""
    directory = tmp_path_factory.mktemp("layout")
    lines = ["#include <stddef.h>", "#include <stdio.h>", '#include "catalogue.h"', "int main(void) {"]
    for struct, dtype in STRUCTS.items():
        lines.append(f'printf("{struct} 0 %zu\\n", sizeof({struct}));')
        for name in dtype.names or ():
            field = field_of(struct, name)
            where = f"offsetof({struct}, {field}), sizeof((({struct} *)0)->{field})"
            lines.append(f'printf("{struct}.{name} %zu %zu\\n", {where});')
    (directory / "layout.c").write_text("\n".join([*lines, "return 0; }"]))
    subprocess.run(["gcc", f"-I{CORE}", "-o", directory / "layout", directory / "layout.c"], check=True)
    told = subprocess.run([directory / "layout"], check=True, capture_output=True, text=True).stdout
    return {name: (int(offset), int(size)) for name, offset, size in (line.split() for line in told.splitlines())}


@pytest.mark.parametrize("struct", STRUCTS)
def test_offsets_and_sizes(struct: str, compiled: dict[str, tuple[int, int]]) -> None:
    dtype = STRUCTS[struct]
    assert dtype.fields
    assert compiled[struct] == (0, dtype.itemsize)
    placed = {name: (found[1], found[0].itemsize) for name, found in dtype.fields.items()}
    assert placed == {name: compiled[f"{struct}.{name}"] for name in placed}
    assert sum(size for _, size in placed.values()) == dtype.itemsize, "a hole whose bytes nobody owns"


@pytest.mark.parametrize("table", ["account", "instrument", "cash", "holding", "order", "request", "execution"])
def test_rows_of_the_hot_path_are_whole_cache_lines(table: str) -> None:
    assert records.row_dtype(table).itemsize % 64 == 0


def test_numbers_and_names_stand_for_one_thing() -> None:
    for values in (
        [s.code for s in schema.STATUSES],
        [s.name for s in schema.STATUSES],
        [r.template_id for r in schema.RECORDS],
        [r.name for r in schema.RECORDS],
    ):
        assert len(values) == len(set(values))
    assert [s.code for s in schema.STATUSES] == sorted(s.code for s in schema.STATUSES)


def test_every_sequence_has_64_bits() -> None:
    """At ten million records a second they last for 58 000 years."""
    fields = [item for record in schema.RECORDS for item in record.fields] + [
        item for table in schema.TABLES for item in table.fields
    ]
    sequences = [item for item in fields if item.type in ("seq", "time", "handle") or item.name.endswith("sequence")]
    assert len(sequences) > 30
    assert all(records.element(records.split_type(item.type)[0])[0] == 8 for item in sequences)
