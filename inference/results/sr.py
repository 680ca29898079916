"""A result as DICOM SR: Comprehensive 3D SR with a TID 1500 tree.

Why so is in docs/adr/0010-results-and-delivery.md. Nothing here asks the clock or a random source:
the same report gives the same bytes, so that a delivery may be repeated without harm (design
invariant 6).
"""

import io
from dataclasses import dataclass

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import Comprehensive3DSRStorage, ExplicitVRLittleEndian

from inference.results.content import content_tree
from inference.results.errors import SourceUnusable
from inference.results.header import add_document, copy_patient_and_study
from inference.results.report import Report
from inference.results.uids import derived_uid
from vigil.kernel.errors import Fault

IMPLEMENTATION = derived_uid("implementation")
IMPLEMENTATION_NAME = "VIGIL"


@dataclass(frozen=True)
class ResultObject:
    """A finished object. `left_out` names source attributes that were too broken to copy."""

    data: bytes
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    left_out: tuple[str, ...]


def make_sr(report: Report) -> ResultObject:
    """Make the result object of a run.

    Raises:
        SourceUnusable: the images' headers do not say whose, or of which study, the result is.
    """
    if not report.images:
        fault = Fault("images", "no image to file the result beside", "Name at least one")
        raise SourceUnusable.because([fault])
    made = Dataset()
    made.SOPClassUID = Comprehensive3DSRStorage
    made.SOPInstanceUID = derived_uid("sr", report.run_id)
    left_out = copy_patient_and_study(report.source, made)
    add_document(report, made)
    for element in content_tree(report):
        made.add(element)
    return ResultObject(
        data=_part_10(made),
        sop_class_uid=made.SOPClassUID,
        sop_instance_uid=made.SOPInstanceUID,
        series_instance_uid=made.SeriesInstanceUID,
        left_out=left_out,
    )


def _part_10(made: Dataset) -> bytes:
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.ImplementationClassUID = IMPLEMENTATION
    made.file_meta.ImplementationVersionName = IMPLEMENTATION_NAME
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()
