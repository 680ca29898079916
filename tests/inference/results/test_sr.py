"""The SR as independent programs and libraries read it."""

import io
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from factories.results import PRODUCT, iod_errors, make_findings, make_report
from factories.runs import chest_radiograph
from highdicom.sr import Comprehensive3DSR
from pydicom import dcmread
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID, ImplicitVRLittleEndian

from inference.results.errors import ScoreUnusable, SourceUnusable
from inference.results.report import Image
from inference.results.source import Source
from inference.results.sr import make_sr
from inference.runs.models import Outcome

NOT_ANALYSED = [Outcome.SKIPPED, Outcome.NO_RESULT, Outcome.FAILED]

needs_dciodvfy = pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) is not installed"
)


def altered(**changes: str | None) -> bytes:
    """The radiograph with other values, written as they are; None removes an attribute."""
    data_set = dcmread(io.BytesIO(chest_radiograph()))
    for keyword, text in changes.items():
        tag = Tag(keyword)
        if text is None:
            del data_set[tag]
            continue
        value = text.encode("latin-1") + b" " * (len(text) % 2)
        vr = dictionary_VR(tag)
        data_set[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
    # As if it had been read so: pydicom would decode and encode every value again.
    data_set.set_original_encoding(False, True, data_set._character_set)
    file = io.BytesIO()
    data_set.save_as(file)
    return file.getvalue()


def read(data: bytes) -> Dataset:
    return dcmread(io.BytesIO(data))


def items(data_set: Dataset) -> list[Dataset]:
    """Every content item, depth first."""
    found = []
    for item in data_set.get("ContentSequence", []):
        found += [item, *items(item)]
    return found


def named(data_set: Dataset, meaning: str) -> list[Dataset]:
    return [
        item for item in items(data_set) if item.ConceptNameCodeSequence[0].CodeMeaning == meaning
    ]


@pytest.mark.server
@needs_dciodvfy
@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, *NOT_ANALYSED])
def test_the_iod_validator_finds_no_error(outcome: Outcome, tmp_path: Path) -> None:
    made = make_sr(make_report(outcome=outcome, supersedes="run_01kavq3m5hf2t8w0c6n9d4xaaa"))

    assert iod_errors(made.data, tmp_path) == []


@pytest.mark.server
@needs_dciodvfy
def test_the_iod_validator_finds_no_error_whatever_the_source(
    realdata: Path, tmp_path: Path
) -> None:
    made, refused = 0, []
    for path in [
        *sorted((realdata / "dicom").rglob("*.dcm")),
        *sorted((realdata / "cxr_dicom").rglob("*.dcm"))[::60],
    ]:
        try:
            data = make_sr(make_report(Source.open(path))).data
        except SourceUnusable as error:
            refused.append(error.faults[0].field)
            continue
        # A study's own UID must be repeated, even where its root belongs to nobody.
        errors = [e for e in iod_errors(data, tmp_path) if "Illegal root for UID" not in e]
        assert errors == [], path.name
        made += 1
    assert made > 150
    assert set(refused) <= {"file", "StudyInstanceUID", "SOPInstanceUID", "SeriesInstanceUID"}


@pytest.mark.server
@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="dsrdump (DCMTK) is not installed")
def test_dcmtk_reads_the_tree(tmp_path: Path) -> None:
    path = tmp_path / "result.dcm"
    path.write_bytes(make_sr(make_report()).data)

    said = subprocess.run(["dsrdump", "+Pc", str(path)], capture_output=True, check=True)

    text = said.stdout.decode("latin-1")
    assert '(36118008,SCT,"Pneumothorax")=(272519000,SCT,"Absent")' in text
    assert '(233604007,SCT,"Pneumonia")=(52101004,SCT,"Present")' in text
    assert b"error" not in said.stderr.lower()


def test_highdicom_reads_it_as_a_measurement_report() -> None:
    document = Comprehensive3DSR.from_dataset(read(make_sr(make_report()).data))

    content: Any = document.content
    groups = content.get_image_measurement_groups()
    assert [group.finding_type.meaning for group in groups] == ["Pneumonia", "Pneumothorax"]
    probability = groups[0].get_measurements()[0]
    assert (probability.name.meaning, probability.unit.value) == ("Probability", "%")
    assert probability.value == pytest.approx(81.2346)
    answers = {
        item.name.meaning: item.value.meaning
        for group in groups
        for item in group.get_qualitative_evaluations()
    }
    assert (answers["Pneumonia"], answers["Pneumothorax"]) == ("Present", "Absent")
    source = read(chest_radiograph())
    assert groups[0].source_images[0].referenced_sop_instance_uid == source.SOPInstanceUID


def test_the_same_report_gives_the_same_bytes() -> None:
    assert make_sr(make_report()).data == make_sr(make_report()).data


def test_another_run_gives_other_uids_and_names_what_it_supersedes() -> None:
    first = make_sr(make_report())
    second = make_sr(make_report(run_id="run_other", supersedes=make_report().run_id))

    assert second.sop_instance_uid != first.sop_instance_uid
    assert second.series_instance_uid != first.series_instance_uid
    predecessor = read(second.data).PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert predecessor.SeriesInstanceUID == first.series_instance_uid
    assert predecessor.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == first.sop_instance_uid


def test_every_uid_of_ours_is_a_uuid_under_2_25() -> None:
    made = read(make_sr(make_report()).data)

    for uid in (made.SOPInstanceUID, made.SeriesInstanceUID):
        assert UID(uid).is_valid
        assert uid.startswith("2.25.")


def test_it_says_that_it_is_ai_and_preliminary() -> None:
    made = read(make_sr(make_report()).data)

    assert made.SeriesDescription == "cxr-pneumonia 1.0.0 AI, NOT FOR PRIMARY DIAGNOSIS"
    assert made.SeriesNumber >= 9000
    assert made.CompletionFlag == "COMPLETE"
    assert made.VerificationFlag == "UNVERIFIED"
    assert made.PreliminaryFlag == "PRELIMINARY"
    assert named(made, "Language of Content Item and Descendants")[0].ConceptCodeSequence[
        0
    ].CodeValue == ("en-GB")
    assert "not reviewed" in named(made, "Conclusion")[0].TextValue


def test_a_long_product_name_keeps_the_warning() -> None:
    product = replace(PRODUCT, name="x" * 64)

    made = read(make_sr(make_report(product=product)).data)

    assert made.SeriesDescription.endswith("AI, NOT FOR PRIMARY DIAGNOSIS")
    assert len(made.SeriesDescription) <= 64


def test_the_equipment_is_the_product_and_the_scanner_contributed() -> None:
    source = read(chest_radiograph())
    made = read(make_sr(make_report()).data)

    assert (made.Manufacturer, made.ManufacturerModelName) == ("ACME Société", "cxr-pneumonia")
    assert (made.SoftwareVersions, made.DeviceSerialNumber) == ("1.0.0", "ab" * 8)
    assert made.UDISequence[0].UniqueDeviceIdentifier == "(01)05060000000001"
    processing, acquisition = made.ContributingEquipmentSequence
    assert processing.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
    assert processing.DeviceUID.startswith("2.25.")
    assert acquisition.PurposeOfReferenceCodeSequence[0].CodeValue == "109101"
    assert acquisition.Manufacturer == source.Manufacturer


def test_another_package_is_another_device() -> None:
    def device(digest: str) -> str:
        made = make_sr(make_report(product=replace(PRODUCT, digest=digest)))
        return str(read(made.data).ContributingEquipmentSequence[0].DeviceUID)

    assert device("ab" * 32) != device("cd" * 32)


def test_the_algorithm_is_identified_per_finding() -> None:
    made = read(make_sr(make_report()).data)

    assert [item.TextValue for item in named(made, "Algorithm Name")] == ["cxr-pneumonia"] * 2
    assert named(made, "Algorithm Family")[0].ConceptCodeSequence[0].CodeMeaning == (
        "Artificial Intelligence"
    )
    parameters = [item.TextValue for item in named(made, "Algorithm Parameters")]
    assert "threshold 62.0 %" in parameters
    assert "content qualification PRODUCT" in parameters


def test_every_image_is_evidence_by_series() -> None:
    first = Image.of(Source.of(chest_radiograph()))
    images = (
        first,
        replace(first, sop_instance_uid="1.2.3"),
        replace(first, series_instance_uid="1.2.4", sop_instance_uid="1.2.5"),
    )

    made = read(make_sr(make_report(images=images)).data)

    series = made.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert [len(one.ReferencedSOPSequence) for one in series] == [2, 1]


def test_nothing_found_still_says_what_was_looked_for() -> None:
    report = make_report()
    negative = tuple(replace(f, flagged=False, score=0.1) for f in report.findings)

    made = read(make_sr(replace(report, findings=negative)).data)

    assert "nothing flagged" in named(made, "Conclusion")[0].TextValue
    absent = [
        item
        for item in items(made)
        if item.ValueType == "CODE" and item.ConceptCodeSequence[0].CodeMeaning == "Absent"
    ]
    assert len(absent) == 2


@pytest.mark.parametrize("outcome", NOT_ANALYSED)
def test_not_analysed_says_so_with_its_reason_and_no_finding(outcome: Outcome) -> None:
    made = read(make_sr(make_report(outcome=outcome)).data)

    text = named(made, "Conclusion")[0].TextValue
    assert text == "NOT ANALYSED by cxr-pneumonia 1.0.0: patient_age unknown."
    assert named(made, "Finding") == []
    status = named(made, "Summary of Analyses")[0].ConceptCodeSequence[0].CodeMeaning
    assert status == ("Not Attempted" if outcome is Outcome.SKIPPED else "Failed")
    assert made.CurrentRequestedProcedureEvidenceSequence


def test_patient_and_study_are_the_sources_own() -> None:
    source, made = read(chest_radiograph()), read(make_sr(make_report()).data)

    for keyword in (
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "StudyInstanceUID",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "StudyID",
        "ReferringPhysicianName",
    ):
        assert made.get(keyword) == source.get(keyword), keyword


@pytest.mark.parametrize(
    "name",
    ["chrH31", "chrI2", "chrRuss", "chrArab", "chrX1", "chrFren", "chrGreek", "chrKoreanMulti"],
)
def test_names_in_any_character_set_survive_byte_by_byte(realdata: Path, name: str) -> None:
    path = next((realdata / "dicom").rglob(f"*{name}.dcm"))
    source = dcmread(path)

    made = read(make_sr(make_report(Source.open(path))).data)

    assert made.get_item("PatientName").value == source.get_item("PatientName").value
    assert made.PatientName == dcmread(path).PatientName
    assert made.get("SpecificCharacterSet") == source.get("SpecificCharacterSet")


def test_the_scanners_words_survive_inside_their_sequence() -> None:
    name = "Łódź".encode().decode("latin-1")
    source = Source.of(altered(SpecificCharacterSet="ISO_IR 192", InstitutionName=name))

    made = read(make_sr(make_report(source)).data)

    assert made.ContributingEquipmentSequence[1].InstitutionName == "Łódź"
    assert made.Manufacturer == "ACME Société"


def test_our_own_words_fit_the_sources_character_set() -> None:
    product = replace(PRODUCT, supplier="Łódź Société")
    data = altered(SpecificCharacterSet="ISO_IR 144")

    made = read(make_sr(make_report(Source.of(data), product=product)).data)

    assert made.Manufacturer == "?odz Societe"


def test_times_are_in_the_zone_of_the_study() -> None:
    summer = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
    data = altered(TimezoneOffsetFromUTC=None)

    london = read(make_sr(make_report(Source.of(data), finished_at=summer)).data)
    assert london.ContentTime.startswith("1330")

    stated = read(make_sr(make_report(finished_at=summer)).data)
    assert stated.ContentTime.startswith("0830")
    assert stated.TimezoneOffsetFromUTC == "-0400"


@pytest.mark.server
@needs_dciodvfy
@pytest.mark.parametrize(
    ("changes", "left_out"),
    [
        ({"PatientID": None}, ()),
        ({"PatientName": None, "PatientBirthDate": None, "PatientSex": None}, ()),
        ({"StudyDate": None, "StudyTime": None, "AccessionNumber": None, "StudyID": None}, ()),
        ({"PatientSex": "Male"}, ("PatientSex",)),
        ({"PatientBirthDate": "05.03.1940"}, ("PatientBirthDate",)),
        ({"PatientBirthDate": "19401399"}, ("PatientBirthDate",)),
        ({"StudyTime": "25:61"}, ("StudyTime",)),
        ({"AccessionNumber": "A" * 40}, ("AccessionNumber",)),
        ({"PatientName": "A" * 80}, ("PatientName",)),
        ({"StudyID": "two\\values"}, ("StudyID",)),
        ({"SpecificCharacterSet": "KLINGON"}, ()),
        ({"Manufacturer": None}, ()),
    ],
)
def test_a_broken_header_gives_a_valid_object_and_says_what_was_left_out(
    changes: dict[str, Any], left_out: tuple[str, ...], tmp_path: Path
) -> None:
    made = make_sr(make_report(Source.of(altered(**changes))))

    assert iod_errors(made.data, tmp_path) == []
    assert made.left_out == left_out


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"PatientID": "9" * 80}, "PatientID"),
        ({"StudyInstanceUID": "1.2.x"}, "StudyInstanceUID"),
        ({"StudyInstanceUID": None}, "StudyInstanceUID"),
    ],
)
def test_it_is_refused_where_nobody_could_tell_whose_result_it_is(
    changes: dict[str, Any], field: str
) -> None:
    report = make_report(Source.of(altered(**changes)))

    with pytest.raises(SourceUnusable) as caught:
        make_sr(report)

    assert caught.value.faults[0].field == field
    assert "999" not in caught.value.detail


def test_bytes_that_are_no_dicom_are_refused() -> None:
    with pytest.raises(SourceUnusable):
        make_sr(make_report(Source.of(b"not DICOM at all" * 20)))


@pytest.mark.parametrize("score", [1.2, -0.1, float("nan")])
def test_a_score_that_is_no_probability_is_refused(score: float) -> None:
    with pytest.raises(ScoreUnusable):
        make_findings(Image("1.2", "1.3", "1.4"), score=score)


def test_it_is_explicit_little_endian_whatever_the_source() -> None:
    data_set = read(chest_radiograph())
    data_set.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    file = io.BytesIO()
    data_set.save_as(file, implicit_vr=True, little_endian=True)

    made = read(make_sr(make_report(Source.of(file.getvalue()))).data)

    assert made.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert made.PatientName == data_set.PatientName
