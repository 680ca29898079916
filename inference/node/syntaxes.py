"""What the node takes: every storage SOP class, in every transfer syntax that holds its own bytes.

Nothing is decoded on receipt, so a syntax costs nothing to accept, and a refused one would be a
study with a hole. Only syntaxes that refer to bytes elsewhere (JPIP, SMPTE) are left out.
"""

from pydicom.uid import (
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import AllStoragePresentationContexts

VERIFICATION = "1.2.840.10008.1.1"
_ELSEWHERE = ("1.2.840.10008.1.2.4.204", "1.2.840.10008.1.2.4.205", "1.2.840.10008.1.2.7.")
_UNCOMPRESSED = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
)
_STORAGE = frozenset(str(context.abstract_syntax) for context in AllStoragePresentationContexts)
_STANDARD_ROOT = "1.2.840.10008."
_STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."

# Where a sender offers several in one context, the first of these that it offers is taken.
TRANSFER_SYNTAXES = tuple(str(uid) for uid in _UNCOMPRESSED) + tuple(
    str(uid)
    for uid in AllTransferSyntaxes
    if uid not in _UNCOMPRESSED and not uid.startswith(_ELSEWHERE)
)


def is_storage(sop_class_uid: str) -> bool:
    """Whether it is a storage SOP class: of the standard, retired from it, or private."""
    return (
        sop_class_uid in _STORAGE
        or sop_class_uid.startswith(_STORAGE_ROOT)
        or not sop_class_uid.startswith(_STANDARD_ROOT)
    )
