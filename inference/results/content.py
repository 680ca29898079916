"""The content tree of a result: TID 1500 Measurement Report (PS3.16), its items by highdicom.

Every tree ends in "Qualitative Evaluations" (rows 12 to 14 of TID 1500) with the status of the
analysis and a sentence, so that "nothing flagged" and "not analysed" can never be mixed up.
"""

from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    CodedConcept,
    ContainerContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    LanguageOfContentItemAndDescendants,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from inference.results import text
from inference.results.report import Report, ReportedFinding
from inference.results.source import Source
from inference.results.uids import derived_uid
from inference.runs.models import Outcome

TITLE = Code("126000", "DCM", "Imaging Measurement Report")
LANGUAGE = CodedConcept("en-GB", "RFC5646", "English (United Kingdom)")
DEVICE = CodedConcept("121007", "DCM", "Device")
IMAGING_MEASUREMENTS = Code("126010", "DCM", "Imaging Measurements")
QUALITATIVE_EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")
IMAGING_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")
PRESENT = Code("52101004", "SCT", "Present")
ABSENT = Code("272519000", "SCT", "Absent")
# CID 6042 Status of Results, under the concept that CAD reports give it.
STATUS = {
    Outcome.SUCCEEDED: Code("111222", "DCM", "Succeeded"),
    Outcome.SKIPPED: Code("111225", "DCM", "Not Attempted"),
    Outcome.CANCELLED: Code("111225", "DCM", "Not Attempted"),
    Outcome.NO_RESULT: Code("111224", "DCM", "Failed"),
    Outcome.FAILED: Code("111224", "DCM", "Failed"),
}
PERCENT_DIGITS = 4


def content_tree(report: Report) -> Dataset:
    """Return the root item of the document."""
    root = ContainerContentItem(name=TITLE, template_id="1500")
    root.ContentSequence = ContentSequence()
    root.ContentSequence.extend(LanguageOfContentItemAndDescendants(LANGUAGE))
    root.ContentSequence.extend(_observer(report))
    root.ContentSequence.append(_procedure(report.source))
    if report.findings:
        root.ContentSequence.append(_measurements(report))
    root.ContentSequence.append(_evaluations(report))
    return root


def _observer(report: Report) -> ObservationContext:
    product, words = report.product, report.source.character_set
    device = DeviceObserverIdentifyingAttributes(
        uid=derived_uid("device", product.digest),
        name=text.fitting(product.title, words),
        manufacturer_name=text.fitting(product.supplier, words),
        model_name=text.fitting(product.name, words),
        serial_number=product.serial_number,
    )
    return ObservationContext(ObserverContext(DEVICE, device))


def _procedure(source: Source) -> CodeContentItem:
    """Return the procedure as the order names it, or only that it was an imaging procedure."""
    ordered = source.code("ProcedureCodeSequence")
    value = CodedConcept.from_dataset(ordered) if ordered is not None else IMAGING_PROCEDURE
    return CodeContentItem(
        name=codes.DCM.ProcedureReported,
        value=value,
        relationship_type=RelationshipTypeValues.HAS_CONCEPT_MOD,
    )


def _measurements(report: Report) -> ContainerContentItem:
    container = ContainerContentItem(
        name=IMAGING_MEASUREMENTS, relationship_type=RelationshipTypeValues.CONTAINS
    )
    container.ContentSequence = ContentSequence()
    for finding in report.findings:
        container.ContentSequence.extend(_group(report, finding))
    return container


def _group(report: Report, finding: ReportedFinding) -> MeasurementsAndQualitativeEvaluations:
    """Return TID 1501: what was looked for, how probable it is, and whether it is there.

    The finding's code stands alone nowhere: the evaluation repeats it as the question to which
    Present or Absent is the answer.
    """
    words = report.source.character_set
    what = concept(finding, words)
    image = _image(report, finding.sop_instance_uid)
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=derived_uid("tracking", report.run_id, finding.sop_instance_uid, finding.key),
            identifier=text.fitting(finding.key, words),
        ),
        finding_type=what,
        algorithm_id=_algorithm(report, finding),
        measurements=[
            Measurement(
                name=codes.DCM.Probability,
                value=round(finding.score * 100, PERCENT_DIGITS),
                unit=codes.UCUM.Percent,
            )
        ],
        qualitative_evaluations=[
            QualitativeEvaluation(name=what, value=PRESENT if finding.flagged else ABSENT)
        ],
        source_images=[SourceImageForMeasurementGroup(*image)],
    )


def concept(finding: ReportedFinding, character_set: list[str]) -> CodedConcept:
    return CodedConcept(
        value=finding.code["value"],
        scheme_designator=finding.code["scheme"],
        meaning=text.long_string(text.fitting(finding.code["meaning"], character_set)),
    )


def _algorithm(report: Report, finding: ReportedFinding) -> AlgorithmIdentification:
    """Return TID 4019. What the IOD has no attribute for goes into the parameters."""
    product, words = report.product, report.source.character_set
    parameters = [
        f"threshold {round(finding.threshold * 100, PERCENT_DIGITS)} %",
        f"package sha256 {product.digest}",
    ]
    if product.qualification:
        parameters.append(f"content qualification {product.qualification}")
    return AlgorithmIdentification(
        name=text.fitting(product.name, words),
        version=text.fitting(product.version, words),
        manufacturer=text.fitting(product.supplier, words),
        family=codes.DCM.ArtificialIntelligence,
        parameters=parameters,
    )


def _image(report: Report, sop_instance_uid: str) -> tuple[str, str]:
    for image in report.images:
        if image.sop_instance_uid == sop_instance_uid:
            return image.sop_class_uid, sop_instance_uid
    raise ValueError("a finding names an image that the report does not")


def _evaluations(report: Report) -> ContainerContentItem:
    words = report.source.character_set
    container = ContainerContentItem(
        name=QUALITATIVE_EVALUATIONS, relationship_type=RelationshipTypeValues.CONTAINS
    )
    container.ContentSequence = ContentSequence(
        [
            CodeContentItem(
                name=codes.DCM.SummaryOfAnalyses,
                value=STATUS[report.outcome],
                relationship_type=RelationshipTypeValues.CONTAINS,
            ),
            TextContentItem(
                name=codes.DCM.Conclusion,
                value=text.fitting(report.conclusion, words),
                relationship_type=RelationshipTypeValues.CONTAINS,
            ),
        ]
    )
    return container
