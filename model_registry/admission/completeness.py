"""What the card and the safety case leave open, as the evidence of a check."""

from model_registry.admission.verdict import Found, refuse
from model_registry.packages import checks
from model_registry.packages.archive import ModelPackage
from model_registry.packages.completeness import lacking


def completeness_found(package: ModelPackage) -> Found:
    """Say that both documents are complete, or what they leave open.

    Raises:
        Failed: they cannot be read, or break a rule; a PRODUCT leaves something open.
    """
    refuse(checks.document_faults(package))
    left = lacking(package)
    said = "The card and the safety case say what they must"
    if left:
        open_ = "; ".join(f"{fault.field}: {fault.problem}" for fault in left)
        said += f". Before it may be a PRODUCT: {open_}"
    return Found(said, {"lacking": [fault.field for fault in left]})
