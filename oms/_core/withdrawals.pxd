# Withdrawals that a client asks for: held at once, booked when the bank has paid.
from oms._core.state cimport *

cdef uint32_t find_withdrawal(const State* s, const uint8_t* name, uint32_t length, uint64_t hash) noexcept nogil
cdef void end_withdrawal(State* s, uint32_t withdrawal, uint8_t status) noexcept nogil
cdef uint16_t apply_withdrawal(State* s, const Movement* r, uint64_t hash) noexcept nogil
cdef void tell_asker(State* s, uint32_t withdrawal) noexcept nogil
cdef void answer_movement(State* s, const Movement* r, uint16_t status) noexcept nogil
