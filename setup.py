"""Builds the Cython core: every oms/_core/*.pyx becomes an extension. All else is in pyproject.toml.

Switches, by environment:
  OMS_DEBUG=1                     every check on, C and Cython asserts, -O1 -DOMS_DEBUG
  OMS_SANITIZE=address,undefined  GCC sanitizers
  OMS_ANNOTATE=1                  Cython's annotated HTML beside the generated C in build/
  OMS_NATIVE=1                    tuned to this machine (the default runs on any x86-64-v2)
  OMS_ONLY=oms._core.journal,...  only these extensions; "none" builds none
A module names further C files itself, by a first line `# distutils: sources = oms/_core/name.c`.
"""

import fcntl
import os
import platform
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

CORE = Path("oms/_core")
DEBUG = os.environ.get("OMS_DEBUG") == "1"
NATIVE = os.environ.get("OMS_NATIVE") == "1"
SANITIZE = os.environ.get("OMS_SANITIZE", "")
ONLY = os.environ.get("OMS_ONLY", "")

# Divisions follow C in both builds: a debug build must not compute other figures than the release.
DIRECTIVES = {
    "language_level": 3,
    "cdivision": True,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "nonecheck": DEBUG,
}
# What Cython's own code cannot avoid; and what must never pass in ours.
QUIET = (
    "-Wno-unused-function -Wno-unused-parameter -Wno-unused-variable -Wno-missing-field-initializers "
    "-Wno-cast-function-type"
)
STRICT = "-Werror=implicit-function-declaration -Werror=incompatible-pointer-types -Werror=int-conversion"


def compile_flags() -> list[str]:
    flags = ["-std=gnu11", "-pthread", "-Wall", "-Wextra", *QUIET.split(), *STRICT.split()]
    flags += ["-O1", "-g", "-UNDEBUG", "-DOMS_DEBUG=1"] if DEBUG else ["-O3", "-g1", "-DCYTHON_WITHOUT_ASSERTIONS=1"]
    if NATIVE:
        flags.append("-march=native")
    elif platform.machine() == "x86_64":
        flags.append("-march=x86-64-v2")  # SSE 4.2 included
    if SANITIZE:
        flags += [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer", "-fno-wrapv"]
    return flags


def extensions(flavor: Path) -> list[Extension]:
    modules = {".".join(path.with_suffix("").parts): str(path) for path in sorted(CORE.glob("*.pyx"))}
    wanted = [] if ONLY == "none" else [name for name in ONLY.split(",") if name] or list(modules)
    if unknown := set(wanted) - set(modules):
        raise SystemExit(f"OMS_ONLY names no module of {CORE}: {', '.join(sorted(unknown))}")
    return [
        Extension(
            name,
            [modules[name]],
            include_dirs=[str(CORE), numpy.get_include()],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
            depends=[*map(str, sorted(CORE.glob("*.h"))), str(flavor)],  # Cython itself follows the .pxd
            extra_compile_args=compile_flags(),
            extra_link_args=["-pthread", *([f"-fsanitize={SANITIZE}"] if SANITIZE else [])],
        )
        for name in wanted
    ]


def build() -> None:
    Path("build").mkdir(exist_ok=True)
    flavor, flags = Path("build/flavor"), " ".join(compile_flags())
    with open("build/lock", "w") as lock:  # two builds in one checkout wait for one another
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not flavor.exists() or flavor.read_text() != flags:
            flavor.write_text(flags)  # other switches than last time: compile again
        jobs = os.cpu_count() or 1
        modules = cythonize(
            extensions(flavor),
            build_dir="build/cython-debug" if DEBUG else "build/cython",
            compiler_directives=DIRECTIVES,
            annotate=os.environ.get("OMS_ANNOTATE") == "1",
            nthreads=jobs,
        )
        setup(ext_modules=modules, options={"build_ext": {"parallel": jobs}})


build()
