# An order with its executed part goes to another account: asked for by a client, or assigned by an operator.
from oms._core.state cimport *

cdef uint16_t apply_move(State* s, const MoveOrder* r) noexcept nogil
cdef uint16_t apply_assign(State* s, const AssignOrder* r) noexcept nogil
