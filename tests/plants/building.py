"""A copy of the sources with every plant in it, built once; which of them a process has, it is told at its start."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.plants.catalogue import PLANTS

ROOT = Path(__file__).parents[2]
COPY = ROOT / "build" / "plants"
HEADER = """
#include <stdlib.h>
static int planted(int number) {
    static int chosen = -1;
    if (chosen < 0) {
        const char *named = getenv("OMS_PLANT");
        chosen = named ? atoi(named) : 0;
    }
    return chosen == number;
}
"""
CYTHON = 'cdef extern from "planted.h" nogil:\n    bint planted(int number)\n\n\n'
PYTHON = (
    'def planted(number: int) -> bool:\n    import os\n\n    return os.environ.get("OMS_PLANT") == str(number)\n\n\n'
)


def edited() -> dict[Path, str]:
    """The files that the plants change, as they are in the copy. Fails where the sources say something else by now."""
    texts: dict[Path, str] = {}
    for number, plant in enumerate(PLANTS, 1):
        for name, before, after in plant.edits:
            path = (ROOT / "oms/_core" / name).resolve()
            text = texts.setdefault(path, path.read_text())
            assert text.count(before) == 1, f"{plant.name}: {name} has {text.count(before)} times: {before}"
            texts[path] = text.replace(before, after.replace("planted(N)", f"planted({number})"))
    return {path: declared(path, text) for path, text in texts.items()}


def declared(path: Path, text: str) -> str:
    """With `planted` known in it: before the first line that defines something."""
    lines = text.splitlines(keepends=True)
    first = next(at for at, line in enumerate(lines) if line.startswith(("cdef ", "cpdef ", "class ", "def ", "@")))
    return "".join([*lines[:first], PYTHON if path.suffix == ".py" else CYTHON, *lines[first:]])


def build() -> Path:
    """The copy's directory. It is made again when a source has changed."""
    texts = edited()
    digest = hashlib.sha256((ROOT / "build/flavor").read_bytes())
    for path in sorted((ROOT / "oms").rglob("*")):
        if path.suffix in (".py", ".pyx", ".pxd", ".h"):
            digest.update(texts.get(path, path.read_text()).encode())
    mark = COPY / "built"
    if mark.exists() and mark.read_text() == digest.hexdigest():
        return COPY
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(ROOT / "oms", COPY / "oms", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, COPY / name)
    (COPY / "oms/_core/planted.h").write_text(HEADER)
    for path, text in texts.items():
        (COPY / path.relative_to(ROOT)).write_text(text)
    modules = [f"oms._core.{path.stem}" for path in texts if path.suffix == ".pyx"]
    environment = os.environ | {"OMS_ONLY": ",".join(modules), "PYTHONPATH": ""}
    environment["OMS_DEBUG"] = "1" if "-DOMS_DEBUG" in (ROOT / "build/flavor").read_text() else "0"
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=COPY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    mark.write_text(digest.hexdigest())
    return COPY


def run(arguments: tuple[str, ...], plant: int) -> subprocess.CompletedProcess[str]:
    """Python with the copy's `oms` and the repository's tests. plant: 0 = none."""
    environment = os.environ | {"PYTHONPATH": f"{COPY}:{ROOT}", "OMS_PLANT": str(plant), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *(each.format(root=ROOT) for each in arguments)]
    return subprocess.run(command, cwd=COPY, env=environment, capture_output=True, text=True, timeout=280, check=False)
