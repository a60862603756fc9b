# Start of day: absolute figures of banks and registries, staged row by row and counted whole or not at all.
from oms._core.state cimport *

cdef void clear_stage(State* s) noexcept nogil
cdef void begin_stage(State* s, uint8_t kind) noexcept nogil
cdef bint may_stage(const State* s, uint8_t kind) noexcept nogil
cdef uint32_t actions_since(const State* s, uint32_t instrument, int32_t as_of) noexcept nogil
cdef int64_t in_stock_of_today(const State* s, uint32_t instrument, int64_t change, int32_t as_of) noexcept nogil
cdef void book_figure(State* s, uint32_t holding, const MovementRow* m, int64_t told) noexcept nogil
cdef uint16_t apply_load_begin(State* s, const LoadBegin* r) noexcept nogil
cdef uint16_t apply_load_cash(State* s, const LoadCash* r) noexcept nogil
cdef uint16_t apply_load_holding(State* s, const LoadHolding* r) noexcept nogil
cdef uint16_t apply_load_commit(State* s, const LoadCommit* r) noexcept nogil
