# The sender: one thread that carries what the core has queued to the peers, so that waking a peer never costs the core.

from oms._core.bus cimport BusState


# Runs until bus_stop. Without the GIL, in a thread of its own.
cdef void sender_run(BusState* bus) noexcept nogil
