# What an order is, in the words of FIX, and what reports make of it.
from oms._core.state cimport *

cdef bint busy_word(uint8_t word) noexcept nogil
cdef void end_as(State* s, uint32_t order, uint8_t word) noexcept nogil
cdef void flag(State* s, uint32_t order, uint8_t flags) noexcept nogil
cdef void set_word(State* s, uint32_t order, uint8_t word) noexcept nogil
cdef void say(State* s, uint32_t order, uint8_t word) noexcept nogil
cdef uint8_t standing(const State* s, const OrderRow* o, uint8_t word) noexcept nogil
cdef void answered(State* s, uint32_t request) noexcept nogil
cdef bint ended_with_its_order(const State* s, uint32_t request) noexcept nogil
cdef void replace_done(State* s, uint32_t request) noexcept nogil
cdef uint16_t finish_day(State* s, uint32_t order, uint8_t word, int64_t cum_qty) noexcept nogil
cdef void take_word(State* s, uint32_t order, uint8_t word, int64_t cum_qty) noexcept nogil
cdef bint can_still_trade(const State* s, const OrderRow* o) noexcept nogil
cdef bint told_dead(uint8_t word) noexcept nogil
cdef bint reinstated(State* s, uint32_t order, const ExecutionReport* r) noexcept nogil
cdef void reopen(State* s, uint32_t order) noexcept nogil
cdef void mark_overfill(State* s, uint32_t order) noexcept nogil
cdef void warn_of_debt(State* s, uint32_t order) noexcept nogil
cdef void after_trade(State* s, uint32_t order, uint8_t word) noexcept nogil
cdef uint8_t reopen_filled(State* s, uint32_t order, uint8_t word) noexcept nogil
cdef void after_correction(State* s, uint32_t order, uint8_t word, uint8_t before) noexcept nogil
