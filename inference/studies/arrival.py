"""What the index must know of one instance, read from its header before any transaction begins."""

from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from inference.studies.attributes import attributes_of
from vigil.kernel.keys import Keys

PSEUDONYM_PURPOSE = "study-patient"


@dataclass(frozen=True)
class Arrival:
    """One instance as it came. Its bytes are in the object store under `digest`."""

    patient_pseudonym: str
    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    digest: str
    data_set_digest: str
    size: int
    attributes: dict[str, Any]


def patient_pseudonym(keys: Keys, site_id: str, header: Dataset) -> str:
    """Return what stands for the patient of `header`, the same whenever the same patient comes.

    A Patient ID is unique within its issuer (PS3.3 C.2.1.1); where none is named, within the site.
    A data set without one is its own patient, or all the nameless would be one person.
    """
    identifier = str(header.get("PatientID") or "").strip()
    issuer = str(header.get("IssuerOfPatientID") or "").strip() or site_id
    if not identifier:
        return keys.pseudonym(PSEUDONYM_PURPOSE, f"study\0{header.StudyInstanceUID}")
    return keys.pseudonym(PSEUDONYM_PURPOSE, f"patient\0{issuer}\0{identifier}")


def describe(  # noqa: D417 - the others are Arrival's fields
    header: Dataset,
    keys: Keys,
    *,
    site_id: str,
    calling_ae: str,
    transfer_syntax_uid: str,
    digest: str,
    data_set_digest: str,
    size: int,
) -> Arrival:
    """Build the arrival of an instance.

    Args:
        header: the data set without its pixel data, its UIDs checked.
        keys: for the patient's pseudonym.
        site_id: whose patient it is.
        calling_ae: who sent it; routing may ask.
    """
    return Arrival(
        patient_pseudonym=patient_pseudonym(keys, site_id, header),
        study_instance_uid=str(header.StudyInstanceUID),
        series_instance_uid=str(header.SeriesInstanceUID),
        sop_class_uid=str(header.SOPClassUID),
        sop_instance_uid=str(header.SOPInstanceUID),
        transfer_syntax_uid=transfer_syntax_uid,
        digest=digest,
        data_set_digest=data_set_digest,
        size=size,
        attributes=_storable(
            attributes_of(header)
            | {"transfer_syntax_uid": transfer_syntax_uid, "calling_ae": calling_ae}
        ),
    )


def _storable(value: Any) -> Any:
    # Neither a NUL nor half a surrogate pair is text to PostgreSQL; a header may hold both.
    if isinstance(value, dict):
        return {key: _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    return value
