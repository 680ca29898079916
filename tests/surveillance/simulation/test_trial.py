"""The engine over a table: a change is found when it comes, quiet stays quiet, rows are counted."""

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from factories.simulation import FIRST, TODAY, make_rows, write_csv, write_parquet
from typer.testing import CliRunner

from surveillance.measures.tracks import of_scores
from surveillance.simulation import cli, document, trial
from surveillance.simulation.errors import BadTable
from surveillance.simulation.identifiers import is_nhs_number
from surveillance.simulation.paths import Path as Path_
from surveillance.simulation.paths import until
from surveillance.simulation.question import Question
from surveillance.simulation.trial import Trial
from surveillance.streams.assessment import Verdict
from surveillance.streams.judging import judge
from surveillance.streams.kinds import StreamKind
from surveillance.streams.samples import Counted, Ranked
from vigil.kernel.console import root
from vigil.kernel.parts import Parts

QUICK = Question(threshold=0.92, grid=False)


def run(path: Path, question: Question = QUICK, reference: Path | None = None) -> Trial:
    return trial.run(path, question, today=TODAY, reference=reference)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_shift_is_escalated_soon_after_it_came(tmp_path: Path) -> None:
    found = run(write_csv(tmp_path / "t.csv", make_rows(shift=0.5)))

    path = next(p for p in found.paths if p.stream.kind is StreamKind.SCORE)
    change = FIRST + timedelta(days=180)
    assert path.first_escalation is not None
    assert change <= path.first_escalation <= change + timedelta(days=7)
    assert path.at_escalation is not None
    assert path.at_escalation.window is not None
    assert abs((path.at_escalation.window[0] - change).days) <= 2
    before = path.verdicts[: 180 - int(path.ordinals[0] - FIRST.toordinal())]
    assert set(before) <= {Verdict.INSUFFICIENT, Verdict.QUIET}


@pytest.mark.parametrize("seed", range(3))
def test_without_a_change_nothing_escalates(tmp_path: Path, seed: int) -> None:
    found = run(write_parquet(tmp_path / "t.parquet", make_rows(seed=seed)))

    assert {p.stream.kind for p in found.paths} >= {
        StreamKind.SCORE, StreamKind.FLAG_RATE, StreamKind.OVERRIDE_RATE, StreamKind.AREA,
    }  # fmt: skip
    assert [path.first_escalation for path in found.paths] == [None] * len(found.paths)


def test_a_csv_and_a_parquet_of_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = make_rows(days=60)
    one, other = (
        document.to_bytes(document.of(run(path)))
        for path in (write_csv(tmp_path / "t.csv", rows), write_parquet(tmp_path / "t.pq", rows))
    )
    assert one == other


def test_the_path_is_what_the_engine_says_each_day(tmp_path: Path) -> None:
    found = run(write_csv(tmp_path / "t.csv", make_rows(shift=0.3)))
    sample = next(s for s in found.samples if isinstance(s, Ranked))
    path = found.paths[found.samples.index(sample)]
    for day in (30, 100, 150, len(sample.asked.ordinals)):
        (looked,) = judge([until(sample, day)])
        assert looked.evidence is not None
        place = int(sample.asked.ordinals[day - 1] - path.ordinals[0])
        assert looked.evidence.log_level == pytest.approx(path.log_levels[place], rel=1e-6)
    whole = of_scores(sample.counts, sample.reference, sample.shift)
    assert path.log_levels[-1] == pytest.approx(whole.levels[-1])


def test_every_row_is_accounted_for_by_a_reason(tmp_path: Path) -> None:
    good = "".join(f"2026-05-{1 + n % 28:02},{n / 1000},r{n}\n" for n in range(900))
    odd = (
        "2026-06-01,nan,a\n2026-06-01,inf,b\n2026-06-01,,c\n2026-06-01,high,d\n,0.5,e\n"
        "yesterday,0.5,f\n1970-01-01,0.5,g\n2099-01-01,0.5,h\n2026-06-01,0.5,r1\n20260602,0.5,i\n"
    )
    found = run(written(tmp_path / "t.csv", f"day,score,id\n{good}{odd}"))

    assert found.accounts.is_whole
    counted = found.accounts.as_json()
    assert counted["rows"] == 910
    assert counted["of"] == {
        "used as the reference": 300,
        "watched": 577,
        "before or on the last day of the reference": 24,
        "no day, or one that cannot be read": 2,
        "a day more than a year from all others": 1,
        "a day that has not come yet": 1,
        "no score": 1,
        "a score that is no number": 2,
        "an infinite score": 1,
        "an id that was there before": 1,
    }
    assert any("out of order" in note for note in counted["notes"])


def test_scores_that_are_none_are_counted_as_the_engine_counts_them(tmp_path: Path) -> None:
    good = "".join(f"2026-05-{1 + n % 28:02},{n / 1000},r{n}\n" for n in range(900))
    odd = "2026-06-01,nan,a\n2026-06-01,inf,b\n2026-06-01,,c\n2026-06-01,high,d\n"
    again = "2026-06-02,nan,e\n2026-06-02,0.5,e\n2026-05-01,nan,f\n"
    found = run(written(tmp_path / "t.csv", f"day,score,id\n{good}{odd}{again}"))

    sample = next(s for s in found.samples if isinstance(s, Ranked))
    assert sample.counts.sum(axis=0)[-2:].tolist() == [1, 3]
    assert sample.cases.sum() == found.accounts.as_json()["of"]["watched"]
    assert "1 are missing and 3 are no number" in sample.asked.reliance
    flags = next(s for s in found.samples if isinstance(s, Counted))
    assert flags.n.sum() == sample.cases.sum()
    assert found.accounts.is_whole
    # The second of the id is the one with a score; the first day is within the reference.
    assert found.accounts.as_json()["of"]["an id that was there before"] == 1
    assert found.accounts.as_json()["of"]["a score that is no number"] == 3


@pytest.mark.parametrize(
    ("text", "field", "problem"),
    [
        ("", "table", "is empty"),
        ("day,score\n", "table", "has no row"),
        ("day,flag\n2026-05-01,1\n", "score", "not among the columns"),
        ("score\n1\n", "day", "not among the columns"),
        ("day,score,Patient Name\n2026-05-01,1,x\n", "Patient Name", "can name a person"),
        ("day,score,PatientID\n2026-05-01,1,x\n", "PatientID", "can name a person"),
        ("day,score,nhs_number\n2026-05-01,1,x\n", "nhs_number", "can name a person"),
        ("day,score,date_of_birth\n2026-05-01,1,x\n", "date_of_birth", "can name a person"),
        ("day,score,StudyInstanceUID\n2026-05-01,1,x\n", "StudyInstanceUID", "can name a person"),
        ("day,score,score\n2026-05-01,1,2\n", "score", "there twice"),
        ("day,score\n2026-05-01,1,3\n", "table", "cannot be read"),
        (
            "day,score,id\n" + "".join(f"2026-05-01,1,1.2.840.1.{n}\n" for n in range(9)),
            "id",
            "look like DICOM UIDs",
        ),
        (
            "day,score,id\n" + "2026-05-01,1,9434765919\n2026-05-01,1,943 476 5870\n"
            "2026-05-01,1,4010232137\n",
            "id",
            "look like NHS numbers",
        ),
    ],
)
def test_a_table_that_cannot_be_used_names_the_column_and_the_remedy(
    tmp_path: Path, text: str, field: str, problem: str
) -> None:
    with pytest.raises(BadTable) as raised:
        run(written(tmp_path / "t.csv", text))
    fault = next(fault for fault in raised.value.faults if fault.field == field)
    assert problem in fault.problem
    assert fault.remedy


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(BadTable, match="cannot be read"):
        run(tmp_path / "t")
    (tmp_path / "u").write_bytes(b"\xff\xfe\x00day")
    with pytest.raises(BadTable):
        run(tmp_path / "u")


def test_check_digits_tell_nhs_numbers() -> None:
    assert is_nhs_number("943 476 5919")
    assert not is_nhs_number("9434765918")


@pytest.mark.parametrize("scores", [["0.5"], ["0.5"] * 900, ["nan"] * 900, ["0.1", "0.2"]], ids=len)
def test_too_little_is_said_and_is_no_crash(tmp_path: Path, scores: list[str]) -> None:
    rows = "".join(f"2026-05-{1 + n * 28 // 900:02},{s}\n" for n, s in enumerate(scores))
    found = run(written(tmp_path / "t.csv", f"day,score\n{rows}"), Question())

    assert found.accounts.is_whole
    assert all(path.first_watch is None for path in found.paths)
    assert len(found.samples) or all(one.fault for one in found.described)
    document.to_bytes(document.of(found))


def test_mixed_types_in_a_column_of_scores_cost_only_their_rows(tmp_path: Path) -> None:
    rows = make_rows(days=60)
    mixed = [str(score) for score in rows["score"]]
    mixed[7] = "not done"
    found = run(write_parquet(tmp_path / "t.parquet", {**rows, "score": mixed}))
    assert found.accounts.as_json()["of"]["a score that is no number"] == 1
    assert found.accounts.is_whole


def test_a_reference_of_its_own_leaves_every_row_to_watch(tmp_path: Path) -> None:
    reference = write_csv(tmp_path / "r.csv", {"score": make_rows(days=40, seed=5)["score"]})
    path = write_csv(tmp_path / "t.csv", make_rows(days=90, shift=0.5, from_day=0))
    found = run(path, reference=reference)

    assert found.accounts.as_json()["of"].keys() == {"watched"}
    escalated = next(p for p in found.paths if p.stream.kind is StreamKind.SCORE).first_escalation
    assert escalated is not None
    assert escalated <= FIRST + timedelta(days=10)


def test_groups_are_watched_beside_everybody(tmp_path: Path) -> None:
    rows = make_rows()
    rows["sex"] = np.where(np.arange(len(rows["score"])) % 2, "F", "M")
    rows["scanner"] = ["a"] * len(rows["score"])
    question = QUICK.model_copy(update={"axes": ("scanner",)})
    found = run(write_csv(tmp_path / "t.csv", rows), question)
    assert {(p.stream.axis, p.stream.level) for p in found.paths} == {
        ("all", "all"), ("sex", "F"), ("sex", "M"), ("scanner", "a"),
    }  # fmt: skip


def test_a_million_rows_take_less_than_500_mb(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(path, make_rows(days=365, per_day=2740))
    script = (
        "import re, sys; from datetime import date; from pathlib import Path;"
        "from surveillance.simulation import trial;"
        "from surveillance.simulation.question import Question;"
        "f = trial.run(Path(sys.argv[1]), Question(threshold=.92, grid=False), today=date.max);"
        "most = re.search('VmHWM:[^0-9]*([0-9]+)', Path('/proc/self/status').read_text())[1];"
        "print(f.accounts.rows, int(most) // 1024)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    rows, megabytes = map(int, answer.stdout.split())
    assert rows > 990_000
    assert megabytes < 500


def test_the_document_is_plain_json_that_says_the_days(tmp_path: Path) -> None:
    found = document.of(run(write_csv(tmp_path / "t.csv", make_rows(shift=0.5))))
    again = json.loads(document.to_bytes(found))
    score = next(one for one in again["streams"] if one["kind"] == "score")
    assert score["spells"][-1]["verdict"] == "escalate"
    assert date.fromisoformat(score["first_escalation"]) > FIRST
    assert "escalat" not in score["sentence"]
    assert len(score["chart"]["periods"]) > 20


def scored(**changed: object) -> dict[str, object]:
    """Rows whose scores are probabilities, with every column that a stream needs."""
    random = np.random.default_rng(4)
    size = 9000
    day = np.arange(size) // 60
    score = random.random(size)
    rows: dict[str, object] = {
        "day": [(FIRST + timedelta(days=int(one))).isoformat() for one in day],
        "score": score,
        "label": (random.random(size) < score).astype(int),
        "decision": np.where(random.random(size) < 0.1, "override_fn", "agree_neg"),
    }
    return rows | changed


def kinds(found: Trial) -> dict[StreamKind, Path_]:
    return {path.stream.kind: path for path in found.paths}


def test_every_stream_of_decisions_and_labels_is_played(tmp_path: Path) -> None:
    question = QUICK.model_copy(update={"threshold": 0.6, "grid": True, "replicates": 20})
    found = run(write_csv(tmp_path / "t.csv", scored()), question)
    wanted = {
        StreamKind.OVERRIDE_RATE, StreamKind.OVERRIDE_FP_RATE, StreamKind.OVERRIDE_FN_RATE,
        StreamKind.MISS_RATE, StreamKind.FALSE_ALARM_RATE, StreamKind.PPV, StreamKind.AREA,
        StreamKind.CALIBRATION,
    }  # fmt: skip
    assert kinds(found).keys() >= wanted
    assert all(kinds(found)[kind].verdicts[-1] is Verdict.QUIET for kind in wanted)
    (outlook,) = found.outlooks
    assert {one.kind for one in outlook.expected} >= wanted
    for one in document.of(found)["outlooks"][0]["expected"]:
        assert all(delay["sentence"] for delay in one["delays"])


def test_predictive_value_and_claims_are_found_when_they_change(tmp_path: Path) -> None:
    rows = scored()
    late = np.arange(9000) >= 6000
    label = np.where(late & (np.arange(9000) % 2 == 0), 0, np.asarray(rows["label"]))
    question = QUICK.model_copy(update={"threshold": 0.6})
    path = write_csv(tmp_path / "t.csv", {**rows, "label": label})
    found = kinds(run(path, question))
    for kind in (StreamKind.PPV, StreamKind.CALIBRATION):
        first = found[kind].first_escalation
        assert first is not None
        assert first >= FIRST + timedelta(days=100)


def test_a_label_whose_day_has_not_come_is_not_counted_and_said(tmp_path: Path) -> None:
    rows = scored()
    days = list(map(str, np.asarray(rows["day"])))
    days[8000:] = ["2099-01-01"] * 1000
    question = QUICK.model_copy(update={"threshold": 0.6})
    found = run(write_csv(tmp_path / "t.csv", {**rows, "label_day": days}), question)
    labelled = kinds(found)[StreamKind.CALIBRATION].standing
    assert labelled.n == 5000
    assert labelled.window is not None
    assert labelled.window[1] < TODAY
    notes = found.accounts.as_json()["notes"]
    assert "1,000 rows with a label day not come yet: the label is not counted" in notes


def test_labels_that_are_all_alike_are_a_shortage_and_no_stream_less(tmp_path: Path) -> None:
    question = QUICK.model_copy(update={"threshold": 0.6})
    rows = scored(label=np.ones(9000, dtype=int))
    found = kinds(run(write_csv(tmp_path / "t.csv", rows), question))
    for kind in (StreamKind.AREA, StreamKind.FALSE_ALARM_RATE):
        assert found[kind].verdicts[-1] is Verdict.INSUFFICIENT
        shortage = found[kind].standing.shortage
        assert str(shortage) == "0 of 30 negative cases in the reference"


def test_the_command_says_why_a_group_or_a_stream_has_no_verdict(
    tmp_path: Path, parts: Parts
) -> None:
    def said(**changed: object) -> str:
        path = write_csv(tmp_path / "t.csv", scored(**changed))
        program = root(lambda: parts)
        program.add_typer(cli.app, name="surveillance")
        words = ("surveillance", "simulate", str(path), "--threshold", "0.6", "--no-grid")
        result = CliRunner().invoke(program, words)
        assert result.exit_code == 0, result.output
        return result.output

    assert "the scores of its reference are all alike" in said(score=np.full(9000, 0.5))
    assert "area: 0 of 30 negative cases in the reference" in said(label=np.ones(9000, dtype=int))
