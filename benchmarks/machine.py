"""What a figure was measured on: printed above every benchmark, because a figure without it says nothing."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def describe(**settings: object) -> str:
    """Machine, build and settings in one line."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    build = Path("build/flavor").read_text() if Path("build/flavor").exists() else "installed"
    flags = " ".join(flag for flag in build.split() if flag.startswith(("-O", "-march", "-fsanitize")))
    parts = [f"{model}, {os.cpu_count()} cores, {memory} GiB, Linux {platform.release()}"]
    parts.append(f"Python {platform.python_version()}, {flags}, load {os.getloadavg()[0]:.1f}")
    parts += [f"{name}={value}" for name, value in settings.items()]
    return "; ".join(parts)
