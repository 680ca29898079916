"""The header of a result: the patient's and study's attributes as in the source, the rest our own.

PS3.3 C.7.1.1, C.7.2 (copied), C.17.1 and C.17.2 (SR document), C.7.5.1 and C.7.5.2 (equipment).
"""

from collections import defaultdict
from dataclasses import asdict
from zoneinfo import ZoneInfo

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import UID

from inference.results import text
from inference.results.errors import SourceUnusable
from inference.results.report import Image, Report
from inference.results.source import Source, keep_raw
from inference.results.uids import derived_uid
from vigil.kernel.errors import Fault

# Without these nobody knows whose result it is: rather none than one under another name.
IDENTITY = ("PatientID", "IssuerOfPatientID")
TYPE_2 = (
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "StudyID",
    "ReferringPhysicianName",
)
OPTIONAL = (
    "TypeOfPatientID",
    "OtherPatientIDsSequence",
    "PatientBirthTime",
    "EthnicGroup",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "AdmissionID",
    "DeidentificationMethod",
    "LongitudinalTemporalInformationModified",
    "IssuerOfAccessionNumberSequence",
    "StudyDescription",
    "RequestingService",
    "ProcedureCodeSequence",
    "ReferencedStudySequence",
)
SCANNER = (
    "Manufacturer",
    "InstitutionName",
    "StationName",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
)
ACQUISITION_EQUIPMENT = Code("109101", "DCM", "Acquisition Equipment")
PROCESSING_EQUIPMENT = Code("109102", "DCM", "Processing Equipment")
WARNING = "AI, NOT FOR PRIMARY DIAGNOSIS"
FIRST_SERIES_NUMBER = 9000
SERIES_NUMBERS = 1000


def copy_patient_and_study(source: Source, made: Dataset) -> tuple[str, ...]:
    """Copy both modules into `made`; return the keywords of what was invalid and left out.

    Raises:
        SourceUnusable: whose image, or of which study it is, cannot be told.
    """
    if source.character_set:
        made.SpecificCharacterSet = source.character_set
    made.StudyInstanceUID = source.uid("StudyInstanceUID")
    keep_raw(made, source.character_set)
    left_out = []
    for keyword in (*IDENTITY, *TYPE_2, *OPTIONAL):
        element = source.copied(keyword)
        if element is not None:
            made[element.tag] = element
        elif source.has(keyword):
            left_out.append(keyword)
    faults = [
        Fault(keyword, "malformed", "Have the sending system correct it")
        for keyword in left_out
        if keyword in IDENTITY
    ]
    if faults:
        raise SourceUnusable.because(faults)
    for keyword in ("PatientID", *TYPE_2):
        if keyword not in made:
            setattr(made, keyword, None)
    # PS3.3 C.7.1.1: "YES" needs the method beside it.
    removed = source.copied("PatientIdentityRemoved")
    if removed is not None and "DeidentificationMethod" in made:
        made[removed.tag] = removed
    return tuple(left_out)


def add_document(report: Report, made: Dataset) -> None:
    """Add series, equipment and the state of the document."""
    _add_series(report, made)
    _add_equipment(report, made)
    _add_times(report, made)
    made.InstanceNumber = 1
    made.CompletionFlag = "COMPLETE"
    made.VerificationFlag = "UNVERIFIED"
    made.PreliminaryFlag = "PRELIMINARY"
    made.ReferencedPerformedProcedureStepSequence = []
    made.PerformedProcedureCodeSequence = []
    made.CurrentRequestedProcedureEvidenceSequence = [_evidence(report)]
    if report.supersedes:
        made.PredecessorDocumentsSequence = [_predecessor(made, report.supersedes)]


def _add_series(report: Report, made: Dataset) -> None:
    words = report.source.character_set
    series = derived_uid("series", report.run_id)
    made.Modality = "SR"
    made.SeriesInstanceUID = series
    # Two models' results side by side mostly differ in number; nothing depends on it.
    number = int(series.rpartition(".")[2]) % SERIES_NUMBERS
    made.SeriesNumber = FIRST_SERIES_NUMBER + number
    title = text.long_string(text.fitting(report.product.title, words))
    made.SeriesDescription = f"{title[: text.LO_LENGTH - len(WARNING) - 1].strip()} {WARNING}"


def _add_equipment(report: Report, made: Dataset) -> None:
    _describe_product(report, made)
    if report.product.udi:
        made.UDISequence = [_udi(report)]
    items = [_processing_equipment(report)]
    scanner = _scanner(report.source)
    if scanner is not None:
        items.append(scanner)
    made.ContributingEquipmentSequence = items


def _describe_product(report: Report, made: Dataset) -> None:
    product, words = report.product, report.source.character_set
    made.Manufacturer = text.long_string(text.fitting(product.supplier, words))
    made.ManufacturerModelName = text.long_string(text.fitting(product.name, words))
    made.DeviceSerialNumber = product.serial_number
    made.SoftwareVersions = text.long_string(text.fitting(product.version, words))


def _udi(report: Report) -> Dataset:
    item = Dataset()
    item.UniqueDeviceIdentifier = text.fitting(report.product.udi or "", text.NO_EXTENSION)
    return item


def _processing_equipment(report: Report) -> Dataset:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [_code(PROCESSING_EQUIPMENT)]
    _describe_product(report, item)
    # Another one whenever a byte of the model changes (IHE AIR 6.5.3.1).
    item.DeviceUID = derived_uid("device", report.product.digest)
    return item


def _scanner(source: Source) -> Dataset | None:
    """Return the machine that made the image, if it names its maker (type 1 in this sequence)."""
    item = Dataset()
    for keyword in SCANNER:
        element = source.copied(keyword)
        if element is not None and source.has(keyword):
            item[element.tag] = element
    if "Manufacturer" not in item:
        return None
    item.PurposeOfReferenceCodeSequence = [_code(ACQUISITION_EQUIPMENT)]
    keep_raw(item, [])
    return item


def _add_times(report: Report, made: Dataset) -> None:
    """Add the content's date and time in the zone of the study's own times.

    An offset stated in the source holds for its copied times too, so it is kept, not converted.
    """
    source = report.source
    local = report.finished_at.astimezone(ZoneInfo(report.zone))
    offset = source.offset()
    if offset is not None:
        local = report.finished_at.astimezone(offset)
        made.TimezoneOffsetFromUTC = local.strftime("%z")
    made.ContentDate = made.SeriesDate = made.InstanceCreationDate = local.strftime("%Y%m%d")
    made.ContentTime = made.SeriesTime = made.InstanceCreationTime = local.strftime("%H%M%S.%f")


def _evidence(report: Report) -> Dataset:
    """Return every image as a reference, by series (PS3.3 C.17.2.3)."""
    series: dict[str, dict[str, str]] = defaultdict(dict)
    for image in report.images:
        _require_valid(image)
        series[image.series_instance_uid][image.sop_instance_uid] = image.sop_class_uid
    item = Dataset()
    item.StudyInstanceUID = report.source.uid("StudyInstanceUID")
    item.ReferencedSeriesSequence = [_series(uid, members) for uid, members in series.items()]
    return item


def _require_valid(image: Image) -> None:
    faults = [
        Fault(field, "malformed", "Have the sending system correct it")
        for field, value in asdict(image).items()
        if not UID(value).is_valid
    ]
    if faults:
        raise SourceUnusable.because(faults)


def _predecessor(made: Dataset, run_id: str) -> Dataset:
    item = Dataset()
    item.StudyInstanceUID = made.StudyInstanceUID
    members: dict[str, str] = {derived_uid("sr", run_id): made.SOPClassUID}
    item.ReferencedSeriesSequence = [_series(derived_uid("series", run_id), members)]
    return item


def _series(uid: str, members: dict[str, str]) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = uid
    item.ReferencedSOPSequence = [_reference(*member) for member in members.items()]
    return item


def _reference(instance: str, sop_class: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class
    item.ReferencedSOPInstanceUID = instance
    return item


def _code(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme_designator
    item.CodeMeaning = code.meaning
    return item
