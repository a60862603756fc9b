# What clients ask for. Each returns the status that it answered with.
from oms._core.state cimport *
from oms._core.vetting cimport Terms

cdef struct Asked:  # a client's request on its way through the checks
    uint32_t account
    uint64_t tag
    uint8_t type
    uint8_t options      # of its record
    const uint8_t* name
    uint32_t length
    uint64_t hash
    uint64_t content

cdef uint16_t apply_new(State* s, const NewOrderSingle* r) noexcept nogil
cdef uint16_t apply_replace(State* s, const OrderCancelReplaceRequest* r) noexcept nogil
cdef uint16_t apply_cancel(State* s, const OrderCancelRequest* r) noexcept nogil
cdef uint16_t begin(State* s, Asked* a, uint32_t* known) noexcept nogil
cdef uint16_t refuse(State* s, const Asked* a, uint16_t status) noexcept nogil
cdef uint16_t reject(State* s, const Asked* a, const Terms* t, uint16_t status) noexcept nogil
cdef uint16_t answer_again(State* s, const Asked* a, uint32_t known) noexcept nogil
cdef bint cancel_under_way(const State* s, const OrderRow* o) noexcept nogil
cdef uint32_t order_named(State* s, const Asked* a, const uint8_t* name, uint32_t length) noexcept nogil


cdef inline void ask(Asked* a, uint8_t type, uint8_t options, uint32_t account, uint64_t tag, const uint8_t* name,
                     uint32_t length, uint64_t content) noexcept nogil:
    a.type = type
    a.options = options
    a.account = account
    a.tag = tag
    a.name = name
    a.length = length
    a.hash = 0
    a.content = content


cdef inline uint64_t content_of(const void* record, uint64_t tag_at, uint32_t size, uint32_t length) noexcept nogil:
    """Hash of all that a request says, apart from its Frame, the sender's tag, and its options in the byte before."""
    cdef const uint8_t* data = <const uint8_t*>record
    cdef uint64_t hash = hash_bytes(data + sizeof(Frame), <uint32_t>(tag_at - 1 - sizeof(Frame)), size)
    return hash_bytes(data + tag_at + 8, <uint32_t>(length - tag_at - 8), hash)


cdef inline bint unsent(const State* s, const OrderRow* o) noexcept nogil:
    """The order's own request still waits here."""
    cdef uint8_t status = s.request[o.request].status
    return RequestStatus_received <= status <= RequestStatus_buffered
