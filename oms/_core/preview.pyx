"""What a corporate action would do, worked out by the code that does it, with nothing changed."""

from libc.stdint cimport uint8_t, uint32_t

from oms.records import RecordError

from oms._core.corporate cimport Share, has_part, read_action, share_of
from oms._core.engine cimport Core
from oms._core.state cimport *


def preview(Core core not None, bytes record):
    """(status, shares) of a CorporateAction record: per holding that it concerns a dict of figures in the units of
    their rows. The status is that which the record would get for its own figures; a holding whose figures do not fit
    has no share."""
    cdef State* s = core.state
    cdef const uint8_t* data = <const uint8_t*><const char*>record
    cdef const CorporateAction* r = <const CorporateAction*>data
    cdef CorporateActionRow a
    cdef Share share
    cdef uint32_t slot
    cdef list shares = []
    if len(record) < FRAME_SIZE or r.frame.template_id != T_CorporateAction or not record_fits(&r.frame):
        raise RecordError("this is no CorporateAction record")
    s.source = 0
    status = read_action(s, r, &a)
    if status != ST_ok:
        return status, shares
    for slot in range(1, s.header[TABLE_holding].used):
        if s.holding[slot].instrument != a.instrument:
            continue
        if not share_of(s, &a, slot, &share):
            status = ST_value_out_of_range
        elif has_part(&a, &share, &s.holding[slot]):
            figures = dict(share.row)
            figures |= {"account": s.holding[slot].account, "incoming": s.holding[slot].incoming,
                        "outgoing": s.holding[slot].outgoing, "incoming_after": share.incoming,
                        "outgoing_after": share.outgoing, "fraction": share.fraction,
                        "cost_low_after": share.cost_low, "cost_high_after": share.cost_high,
                        "cost_quantity_after": share.cost_quantity}
            shares.append(figures)
    return status, shares
