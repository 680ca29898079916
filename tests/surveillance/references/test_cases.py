import pytest

from surveillance.axes import AXES, age_band, levels
from surveillance.references.cases import Case, columns, from_bytes, read_csv, to_bytes
from vigil.kernel.errors import Invalid


def test_a_table_of_scores_becomes_cases() -> None:
    cases = read_csv("p,sex\n0.2,F\n0.8,\n", threshold=0.8, score_column="p")
    assert [(case.score, case.flagged, case.levels["sex"]) for case in cases] == [
        (0.2, False, "F"),
        (0.8, True, "unknown"),
    ]


def test_a_bad_line_is_named() -> None:
    with pytest.raises(Invalid, match="line 3: the score is no number"):
        read_csv("score\n0.2\nhigh\n", threshold=0.5)
    with pytest.raises(Invalid, match="no such column"):
        read_csv("p\n0.2\n", threshold=0.5)


def test_cases_come_back_from_the_store_as_columns() -> None:
    cases = [Case(0.25, True, {"sex": "F"}), Case(0.5, False)]
    assert from_bytes(to_bytes(cases)) == columns(cases)
    assert set(columns(cases)) == {"score", "flagged", *AXES}


@pytest.mark.parametrize(
    ("years", "band"),
    [(0, "0-17"), (17.9, "0-17"), (18, "18-39"), (64, "40-64"), (80, "80+"), (131, "unknown")],
)
def test_ages_fall_into_bands(years: float, band: str) -> None:
    assert age_band(years) == band


def test_what_is_no_age_is_unknown() -> None:
    assert [age_band(odd) for odd in (None, "40", -1, float("nan"), True)] == ["unknown"] * 5


def test_one_manufacturer_written_in_many_ways_is_one_level() -> None:
    written = ["Beta  Ltd", " BETA LTD ", "beta\tltd"]
    assert {levels({"manufacturer": name})["manufacturer"] for name in written} == {"beta ltd"}
    assert len(levels({"manufacturer": "x" * 500})["manufacturer"]) == 64
    assert levels({"manufacturer": ["a", "b"]})["manufacturer"] == "unknown"
