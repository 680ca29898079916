import json
import logging

import pydicom
import pytest

from vigil.kernel.errors import NotFound
from vigil.kernel.telemetry import configure_logging, logger


def _line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(capsys.readouterr().err)
    return line


def test_a_line_is_json_with_its_part_and_facts(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info")
    logger("inference.node").info("stored", instances=3)

    line = _line(capsys)

    assert (line["event"], line["part"], line["instances"]) == ("stored", "inference.node", 3)


def test_patient_words_and_data_sets_never_reach_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info")
    dataset = pydicom.Dataset()
    dataset.PatientName = "DOE^JANE"
    logger("test").info("stored", patient_name="DOE^JANE", AccessionNumber="A1", dataset=dataset)

    line = _line(capsys)

    assert "DOE" not in json.dumps(line)
    assert "A1" not in json.dumps(line)
    assert line["dataset"] == "<Dataset>"


def test_a_foreign_exception_is_told_by_type_and_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info")
    try:
        float("DOE^JANE")
    except ValueError:
        logger("test").exception("failed")

    line = _line(capsys)

    assert line["error"] == "ValueError"
    assert "DOE" not in json.dumps(line)


def test_our_own_exception_keeps_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info")
    logger("test").warning("refused", exc_info=NotFound("No such run."))

    assert _line(capsys)["problem"] == "No such run."


def test_a_library_may_warn_but_not_quote(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info")
    logging.getLogger("pynetdicom").warning("received %s", "DOE^JANE")

    line = _line(capsys)

    assert line["part"] == "pynetdicom"
    assert "DOE" not in json.dumps(line)
