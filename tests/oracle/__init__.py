"""The rule book in plain Python: what the engine must mean, written a second time and without any of its code.

Slow and obvious on purpose: exact Fractions in dicts, and nothing kept that can be worked out from the orders and
executions. The methods are those of the embedded engine, so that one driver can call both and compare.
Read numbers → reference → orders → books → ledger → limits → slips → checks → requests → control → resends → lists →
external → states → executions → reports → day → disconnects → settlement → loads → movements → corporate → balances →
open_orders → moves → resolving → validation → views: each adds one chapter to the same class.
"""

from tests.oracle.views import Oracle

__all__ = ["Oracle"]
