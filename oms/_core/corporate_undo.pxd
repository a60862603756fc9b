# Corporate actions taken back.
from oms._core.state cimport *

cdef uint16_t apply_undo(State* s, const CorporateActionUndo* r) noexcept nogil
