# Feeds: opened, lost, counted.
from oms._core.state cimport *

cdef bint count_in(State* s, uint32_t feed, uint64_t sequence) noexcept nogil
cdef uint16_t apply_feed_opened(State* s, const FeedOpened* r) noexcept nogil
cdef uint16_t apply_feed_lost(State* s, const FeedLost* r) noexcept nogil
cdef void feeds_due(State* s) noexcept nogil
cdef uint16_t apply_gap_closed(State* s, const FeedGapClosed* r) noexcept nogil
cdef uint16_t apply_market(State* s, const MarketData* r) noexcept nogil
