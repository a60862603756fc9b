# Names of what is known: given up, taken over, free again.
from oms._core.state cimport *

cdef bint symbol_taken(const State* s, uint32_t instrument, const uint8_t* name, uint32_t length) noexcept nogil
cdef uint32_t rename_instrument(State* s, uint32_t instrument, const uint8_t* name, uint32_t length) noexcept nogil
cdef uint16_t apply_rename(State* s, const Rename* r) noexcept nogil
cdef uint16_t apply_owner(State* s, const DefineOwner* r) noexcept nogil
