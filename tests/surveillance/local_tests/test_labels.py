import pytest

from surveillance.local_tests.errors import BadLabels
from surveillance.local_tests.labels import MAX_BYTES, Label, Table, read

FINDINGS = ("pneumonia", "effusion")


def table(*lines: str) -> Table:
    return read("\n".join(lines).encode(), "study", FINDINGS)


def counted(read_table: Table) -> int:
    return len(read_table.labels) + read_table.blank + len(read_table.faults)


def test_a_column_for_each_finding() -> None:
    found = table(
        "study_instance_uid,pneumonia,effusion", "1.2,1,0", "1.3,absent,", "", "1.4,Yes,N"
    )

    assert found.labels == [
        Label(2, "1.2", "pneumonia", present=True),
        Label(2, "1.2", "effusion", present=False),
        Label(3, "1.3", "pneumonia", present=False),
        Label(5, "1.4", "pneumonia", present=True),
        Label(5, "1.4", "effusion", present=False),
    ]
    assert (found.rows, found.cells, found.blank, found.faults) == (3, 6, 1, [])


def test_a_row_for_each_finding() -> None:
    found = table(
        "Finding,Study_Instance_UID,Label", "pneumonia,1.2,1", "gout,1.3,1", "effusion,1.4,?"
    )

    assert found.labels == [Label(2, "1.2", "pneumonia", present=True)]
    assert [fault.field for fault in found.faults] == ["line 3", "line 4, effusion"]
    assert found.cells == counted(found) == 3


def test_a_spreadsheets_mark_and_quotes_are_read() -> None:
    data = '\ufeffstudy_instance_uid,pneumonia\r\n"1.2","1"\r\n'.encode()

    assert len(read(data, "study", FINDINGS).labels) == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1.2,1", "2 cells under 3 columns"),
        ("1.2,1,0,0", "4 cells under 3 columns"),
        ("SMITH^JOHN,1,0", "the UID is none"),
        (f"{'1.' * 40}1,1,0", "the UID is none"),
        (",1,0", "the UID is none"),
    ],
)
def test_a_bad_line_is_named_and_all_its_cells_are_counted(line: str, problem: str) -> None:
    found = table("study_instance_uid,pneumonia,effusion", "1.9,1,1", line)

    assert {(fault.field, fault.problem) for fault in found.faults} == {("line 3", problem)}
    assert found.cells == counted(found) == 4
    assert "SMITH" not in str(found.faults)


def test_a_word_that_is_no_label_costs_its_cell_alone() -> None:
    found = table("study_instance_uid,pneumonia,effusion", "1.2,maybe,1")

    [fault] = found.faults
    assert (fault.field, fault.problem) == ("line 2, pneumonia", "neither present nor absent")
    assert "leave the cell empty" in fault.remedy
    assert found.labels == [Label(2, "1.2", "effusion", present=True)]


@pytest.mark.parametrize(
    ("heads", "field", "problem"),
    [
        ("study_instance_uid,pneumonia,score", "score", "it looks like the model's answer"),
        ("study_instance_uid,pneumonia,p_pneumonia", "p_pneumonia", "it looks like"),
        ("study_instance_uid,pneumonia,AI_Prediction", "ai_prediction", "it looks like"),
        ("study_instance_uid,pneumonia,patient_name", "patient_name", "unknown column"),
        ("study_instance_uid,pneumonia,pneumonia", "pneumonia", "twice"),
        ("sop_instance_uid,pneumonia", "study_instance_uid", "no such column"),
        ("study_instance_uid,gout", "findings", "no column of any"),
        ("study_instance_uid,finding", "finding, label", "one of the two is missing"),
        ("", "study_instance_uid", "no such column"),
    ],
)
def test_a_table_with_other_columns_is_refused_as_a_whole(
    heads: str, field: str, problem: str
) -> None:
    with pytest.raises(BadLabels) as refused:
        table(heads, "1.2,1,0")

    found = {fault.field: fault.problem for fault in refused.value.faults}
    assert problem in found[field]


@pytest.mark.parametrize(
    "data", [b"\xff\xfe1", b'study_instance_uid,pneumonia\n"1.2', b"x" * (MAX_BYTES + 1)]
)
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(BadLabels):
        read(data, "study", FINDINGS)


def test_an_image_is_named_by_its_own_uid() -> None:
    found = read(b"sop_instance_uid,pneumonia\n1.2.3,0", "image", FINDINGS)

    assert found.labels == [Label(2, "1.2.3", "pneumonia", present=False)]
