"""An order management system for brokers: a Cython core under a thin Python shell."""

from importlib import import_module

__version__ = "0.1.0"

_EXPORTS = {"Engine": "oms.engine"}  # loaded when first used, so that `oms --help` answers at once


def __getattr__(name: str) -> object:
    if name in _EXPORTS:
        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'oms' has no attribute {name!r}")
