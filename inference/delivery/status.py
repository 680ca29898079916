"""What a C-STORE status means for a delivery (PS3.4 B.2.3, PS3.7 annex C)."""

from inference.delivery.models import Cause

SUCCESS = 0x0000
# Stored, with elements coerced or discarded, or the class mismatched: the object is there.
COERCED, DISCARDED, MISMATCHED = 0xB000, 0xB006, 0xB007
# The UID derives from the run and names the same bytes for ever, so a duplicate is our own.
DUPLICATE_SOP_INSTANCE = 0x0111
_STORED = {SUCCESS, COERCED, DISCARDED, MISMATCHED, DUPLICATE_SOP_INSTANCE}
PROCESSING_FAILURE = 0x0110
CLASS_NOT_SUPPORTED = 0x0122
RESOURCE_LIMITATION = 0x0213
_OUT_OF_RESOURCES = 0xA7


def is_stored(status: int) -> bool:
    return status in _STORED


def cause_of(status: int) -> Cause:
    """Return why an object was not stored; what is not known to pass is permanent."""
    if status >> 8 == _OUT_OF_RESOURCES or status == RESOURCE_LIMITATION:
        return Cause.BUSY
    if status == PROCESSING_FAILURE:
        return Cause.PEER_ERROR
    if status == CLASS_NOT_SUPPORTED:
        return Cause.NOT_SUPPORTED
    return Cause.REFUSED
