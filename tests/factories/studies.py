"""Studies, instances and received data sets for tests."""

from io import BytesIO
from typing import Any

from factories.identity import SETUP
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

from inference.node.part10 import SentInstance
from inference.studies import repository, service
from inference.studies.arrival import Arrival
from inference.studies.models import Study
from model_registry.nodes import service as nodes
from model_registry.nodes.models import Node
from vigil.kernel.db import WriteSession

ATTRIBUTES: dict[str, Any] = {
    "modality": "DX",
    "body_part": "CHEST",
    "view": "PA",
    "patient_age": 61,
    "patient_sex": "F",
    "rows": 8,
    "columns": 8,
}


def create_source(session: WriteSession, site_id: str, ae_title: str = "MODALITY") -> Node:
    return nodes.add_node(
        session,
        SETUP,
        site_id=site_id,
        ae_title=ae_title,
        host="127.0.0.1",
        port=104,
        is_source=True,
        is_destination=False,
        reason="a source for a test",
    )


def make_arrival(**changes: Any) -> Arrival:
    """An instance as it is filed, its UIDs new unless they are given."""
    uid = str(changes.pop("sop_instance_uid", generate_uid()))
    facts: dict[str, Any] = {
        "patient_pseudonym": "0" * 32,
        "study_instance_uid": generate_uid(),
        "series_instance_uid": generate_uid(),
        "sop_class_uid": DigitalXRayImageStorageForPresentation,
        "transfer_syntax_uid": ExplicitVRLittleEndian,
        "digest": f"{hash(uid) & 0xFFFF:064x}",
        "data_set_digest": f"{hash(uid) & 0xFFFFF:064x}",
        "size": 1000,
        "attributes": dict(ATTRIBUTES),
    }
    facts = {name: str(v) if name.endswith("uid") else v for name, v in facts.items()}
    return Arrival(sop_instance_uid=uid, **(facts | changes))


def create_study(
    session: WriteSession, site_id: str, *, instances: int = 1, **changes: Any
) -> Study:
    """A study that is still receiving, with its instances.

    `changes` are fields of the arrivals, such as `attributes`.
    """
    study_uid = str(changes.pop("study_instance_uid", generate_uid()))
    for _ in range(instances):
        arrival = make_arrival(study_instance_uid=study_uid, **changes)
        service.file_instance(session, SETUP, site_id=site_id, association_id=None, arrival=arrival)
    study = repository.locked_study(session, SETUP, site_id, study_uid)
    if study is None:
        raise LookupError(study_uid)
    return study


def make_data_set(**changes: Any) -> Dataset:
    """A small digital X-ray of an invented patient."""
    data_set = Dataset()
    data_set.SOPClassUID = DigitalXRayImageStorageForPresentation
    data_set.SOPInstanceUID = generate_uid()
    data_set.StudyInstanceUID = generate_uid()
    data_set.SeriesInstanceUID = generate_uid()
    data_set.PatientID = "TEST-1"
    data_set.PatientName = "Invented^Person"
    data_set.PatientAge = "061Y"
    data_set.PatientSex = "F"
    data_set.Modality = "DX"
    data_set.BodyPartExamined = "CHEST"
    data_set.ViewPosition = "PA"
    data_set.Rows = data_set.Columns = 8
    data_set.SamplesPerPixel = 1
    data_set.BitsAllocated = data_set.BitsStored = 16
    data_set.HighBit = 15
    data_set.PixelRepresentation = 0
    data_set.PhotometricInterpretation = "MONOCHROME2"
    data_set.PixelData = bytes(128)
    data_set["PixelData"].VR = "OW"
    for keyword, value in changes.items():
        setattr(data_set, keyword, value)
    return data_set


def encode(data_set: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The data set's bytes, without file meta information."""
    target = BytesIO()
    implicit = transfer_syntax == "1.2.840.10008.1.2"
    little = transfer_syntax != "1.2.840.10008.1.2.2"
    dcmwrite(target, data_set, implicit_vr=implicit, little_endian=little)
    return target.getvalue()


def make_sent(of: Dataset | None = None, **changes: Any) -> SentInstance:
    """A C-STORE request for a data set, as the network hands it over."""
    data_set = of or make_data_set()
    facts: dict[str, Any] = {
        "sop_class_uid": str(data_set.SOPClassUID),
        "sop_instance_uid": str(data_set.SOPInstanceUID),
        "transfer_syntax_uid": ExplicitVRLittleEndian,
        "data_set": encode(data_set),
    }
    return SentInstance(**(facts | changes))
