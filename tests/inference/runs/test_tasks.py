"""The workflow of a run, with real models in real child processes."""

from typing import Any

import numpy as np
import pytest
from factories import packages
from factories.identity import SETUP
from factories.nodes import create_node
from factories.steps import InlineSteps
from factories.wards import (
    WHITE,
    Ward,
    blinding_model,
    hasty_manifest,
    make_image_file,
    open_ward,
    stalling_model,
)
from sqlmodel import select

from inference.delivery.models import Delivery
from inference.results.models import Result
from inference.runs.events import RunFinished
from inference.runs.models import Finding, Outcome, Run, RunState
from inference.runtime.outputs import from_bytes
from inference.runtime.pool import Runtimes
from inference.studies.models import Instance
from model_registry.deployments import service as deployments
from model_registry.deployments.models import Deployment, Mode
from model_registry.deployments.steps import Place, move
from vigil.kernel.audit import repository as audit
from vigil.kernel.parts import Parts

SIDE = (1, 1, packages.SIDE, packages.SIDE)
GREY = 20_000
GUARDED = "the package's guard refuses every fitting instance"


def expected(value: int) -> np.ndarray[Any, np.dtype[Any]]:
    """What the linear model says of an image of one brightness."""
    image = np.full(SIDE, value / WHITE, dtype=np.float32)
    return np.asarray(packages.scores_of(image)[0])


def rows(parts: Parts, table: type[Any]) -> list[Any]:
    with parts.database.read() as session:
        return list(session.exec(select(table)))


def connect_pacs(ward: Ward) -> None:
    with ward.parts.database.write() as session:
        create_node(session, ward.site.id, "PACS", is_source=False, is_destination=True)


def test_a_run_ends_with_findings_results_and_a_delivery(ward: Ward, runtimes: Runtimes) -> None:
    connect_pacs(ward)

    run = ward.execute(runtimes, ward.plan(GREY))

    assert (run.state, run.outcome, run.reason) == (RunState.FINISHED, Outcome.SUCCEEDED, None)
    findings = ward.findings(run)
    scores = expected(GREY)
    assert set(findings) == {"pneumonia", "effusion"}
    assert findings["pneumonia"].score == pytest.approx(scores[0], abs=1e-5)
    assert findings["effusion"].score == pytest.approx(scores[2], abs=1e-5)
    assert (findings["pneumonia"].threshold, findings["effusion"].threshold) == (0.5, 0.6)
    assert findings["pneumonia"].flagged is bool(scores[0] >= 0.5)
    assert findings["pneumonia"].code["value"] == "233604007"
    [result], [delivery] = rows(ward.parts, Result), rows(ward.parts, Delivery)
    assert (result.run_id, delivery.result_id) == (run.id, result.id)
    assert [work.task for work in ward.queue.planned] == ["runs.execute", "deliveries.attempt"]


def test_raw_outputs_and_the_runtime_are_kept(ward: Ward, runtimes: Runtimes) -> None:
    run = ward.execute(runtimes, ward.plan(GREY))

    assert run.outputs_digest is not None
    [(name, array)] = from_bytes(ward.parts.objects.get(run.outputs_digest)).items()
    assert name == f"{run.inputs[0]['sop_instance_uid']}/scores"
    assert array.shape == (1, packages.CLASSES)
    assert run.runtime["provider"] == "CPUExecutionProvider"
    assert run.runtime["onnxruntime"]


def test_every_fitting_image_of_a_study_is_scored(ward: Ward, runtimes: Runtimes) -> None:
    ward.receive(GREY, StudyInstanceUID="1.2.3")
    ward.receive(GREY, StudyInstanceUID="1.2.3", Modality="CT")

    run = ward.execute(runtimes, ward.plan(WHITE, StudyInstanceUID="1.2.3"))

    assert len(run.inputs) == 3
    scored = [one for one in rows(ward.parts, Finding) if one.key == "pneumonia"]
    wanted = sorted(float(expected(value)[0]) for value in (GREY, WHITE))
    assert sorted(one.score for one in scored) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"Modality": "CT"}, "no instance fits the package's select: modality = CT"),
        ({"PatientAge": "009Y"}, f"{GUARDED}: patient_age 0 to 9"),
        ({"PatientAge": ""}, f"{GUARDED}: patient_age unknown (needs patient_age)"),
    ],
)
def test_what_the_package_does_not_take_is_skipped_with_the_reason(
    ward: Ward, runtimes: Runtimes, elements: dict[str, Any], reason: str
) -> None:
    connect_pacs(ward)

    run = ward.execute(runtimes, ward.plan(GREY, **elements))

    assert (run.outcome, run.reason) == (Outcome.SKIPPED, reason)
    assert run.outputs_digest is None
    assert ward.findings(run) == {}
    # Readers are told too: a study that was not analysed must not look like a normal one.
    assert len(rows(ward.parts, Delivery)) == 1


def test_an_output_that_is_no_number_is_no_result(parts: Parts, runtimes: Runtimes) -> None:
    ward = open_ward(parts, model_onnx=blinding_model())

    seeing = ward.execute(runtimes, ward.plan(GREY))
    blind = ward.execute(runtimes, ward.plan(0))

    assert seeing.outcome is Outcome.SUCCEEDED
    assert blind.outcome is Outcome.NO_RESULT
    assert blind.reason == "Output scores is not a finite number for pneumonia."
    assert ward.findings(blind) == {}
    assert blind.outputs_digest is not None
    kept = from_bytes(ward.parts.objects.get(blind.outputs_digest))
    assert all(np.isnan(array).all() for array in kept.values())


def test_a_file_without_a_readable_image_fails(ward: Ward, runtimes: Runtimes) -> None:
    run = ward.execute(runtimes, ward.plan(GREY, SamplesPerPixel=2))

    assert run.outcome is Outcome.FAILED
    assert run.reason is not None
    assert run.reason.startswith("image 1 of 1: ")
    assert "Invented" not in run.reason
    assert "TEST-1" not in run.reason


def test_one_unreadable_image_fails_the_whole_study(ward: Ward, runtimes: Runtimes) -> None:
    ward.receive(GREY, StudyInstanceUID="1.2.3", SamplesPerPixel=2)

    run = ward.execute(runtimes, ward.plan(GREY, StudyInstanceUID="1.2.3"))

    assert run.outcome is Outcome.FAILED
    assert run.reason is not None
    assert "of 2: " in run.reason
    assert ward.findings(run) == {}


def test_a_model_that_does_not_come_to_an_end_fails(parts: Parts, runtimes: Runtimes) -> None:
    ward = open_ward(
        parts,
        model_onnx=stalling_model(),
        manifest_yaml=hasty_manifest(),
    )

    quick = ward.execute(runtimes, ward.plan(GREY))
    endless = ward.execute(runtimes, ward.plan(WHITE))
    after = ward.execute(runtimes, ward.plan(GREY))

    assert quick.outcome is Outcome.SUCCEEDED
    assert endless.outcome is Outcome.FAILED
    assert endless.reason is not None
    assert "1 s" in endless.reason
    assert after.outcome is Outcome.SUCCEEDED


def test_a_model_that_does_not_reproduce_its_golden_cases_is_not_used(
    parts: Parts, runtimes: Runtimes
) -> None:
    ward = open_ward(parts, wrong_golden=True)

    run = ward.execute(runtimes, ward.plan(GREY))

    assert run.outcome is Outcome.FAILED
    assert run.reason is not None
    assert "Golden case ramp" in run.reason


def test_what_is_given_up_is_an_outcome_with_the_kind_of_error(
    parts: Parts, runtimes: Runtimes
) -> None:
    ward = open_ward(parts, mode=Mode.SHADOW)
    run = ward.plan(GREY)
    kept = ward.parts.objects.path(run.inputs[0]["digest"])
    kept.unlink()
    kept.mkdir()

    ended = ward.execute(runtimes, run)

    assert ended.outcome is Outcome.FAILED
    assert ended.reason == "given up after 3 attempts: IsADirectoryError"


def test_bytes_that_are_gone_are_an_outcome_too(parts: Parts, runtimes: Runtimes) -> None:
    ward = open_ward(parts, mode=Mode.SHADOW)
    run = ward.plan(GREY)
    ward.parts.objects.path(run.inputs[0]["digest"]).unlink()

    ended = ward.execute(runtimes, run)

    assert ended.outcome is Outcome.FAILED
    assert ended.reason is not None
    assert ended.reason.endswith("is not in the store.")


def test_everybody_who_listens_is_told_once(ward: Ward, runtimes: Runtimes) -> None:
    heard: list[str] = []
    ward.parts.events.subscribe(RunFinished, lambda _, event: heard.append(event.run_id))
    run, steps = ward.plan(GREY), InlineSteps(ward.parts.database)

    ward.execute(runtimes, run, steps)
    # The same work once more, as after a crash that lost nothing but the note of its end.
    ward.execute(runtimes, run, steps.again())
    # And by a worker that knows of no outcome of it at all.
    ward.execute(runtimes, run)

    assert heard == [run.id]
    assert len(rows(ward.parts, Result)) == 1
    assert len(ward.findings(run)) == 2


@pytest.mark.parametrize("lost", ["analyse", "finish", "results", "deliver"])
def test_a_crash_before_any_step_is_noted_changes_nothing_visible(
    ward: Ward, runtimes: Runtimes, lost: str
) -> None:
    connect_pacs(ward)
    run, steps = ward.plan(GREY), InlineSteps(ward.parts.database)
    ward.execute(runtimes, run, steps)
    before = ward.run(run.id), ward.findings(run), rows(ward.parts, Result)

    names = list(steps.outcomes)
    for name in names[names.index(lost) :]:
        # A transaction's outcome commits with its writes; only a plain step can be done again.
        if name in {"analyse", "results"}:
            del steps.outcomes[name]
    ward.execute(runtimes, run, steps.again())

    assert (ward.run(run.id), ward.findings(run), rows(ward.parts, Result)) == before
    assert len(rows(ward.parts, Delivery)) == 1


def test_a_cancelled_run_is_not_done(ward: Ward, runtimes: Runtimes) -> None:
    first = ward.plan(GREY, StudyInstanceUID="1.2.3")
    ward.plan(GREY, StudyInstanceUID="1.2.3")
    steps = InlineSteps(ward.parts.database)

    run = ward.execute(runtimes, first, steps)

    assert run.outcome is Outcome.CANCELLED
    assert run.started_at is None
    assert steps.names == ["analyse"]
    assert rows(ward.parts, Result) == []


def test_a_shadow_run_is_recorded_and_sends_nothing(parts: Parts, runtimes: Runtimes) -> None:
    ward = open_ward(parts, mode=Mode.SHADOW)
    connect_pacs(ward)

    run = ward.execute(runtimes, ward.plan(GREY))

    assert run.outcome is Outcome.SUCCEEDED
    assert len(ward.findings(run)) == 2
    assert rows(ward.parts, Delivery) == []
    assert [work.task for work in ward.queue.planned] == ["runs.execute"]


@pytest.mark.parametrize("to", ["suspend", "fall_back"])
def test_what_is_stopped_meanwhile_sends_nothing(ward: Ward, runtimes: Runtimes, to: str) -> None:
    connect_pacs(ward)
    run = ward.plan(GREY)
    with ward.parts.database.write() as session:
        step = getattr(deployments, to)
        step(session, SETUP, deployment_id=ward.deployment.id, reason="overrides rose")

    ended = ward.execute(runtimes, run)

    assert ended.outcome is Outcome.SUCCEEDED
    assert rows(ward.parts, Delivery) == []


def test_the_sites_own_thresholds_are_used(parts: Parts, runtimes: Runtimes) -> None:
    ward = open_ward(parts, thresholds={"pneumonia": 0.001})

    findings = ward.findings(ward.execute(runtimes, ward.plan(GREY)))

    assert (findings["pneumonia"].threshold, findings["pneumonia"].flagged) == (0.001, True)
    assert findings["effusion"].threshold == 0.6


def test_thresholds_changed_after_planning_do_not_mix_with_the_run(
    parts: Parts, runtimes: Runtimes
) -> None:
    ward = open_ward(parts, thresholds={"pneumonia": 0.001})
    run = ward.plan(GREY)
    with ward.parts.database.write() as session:
        deployment = session.get_one(Deployment, ward.deployment.id)
        place = Place(Mode.LIVE, thresholds={"pneumonia": 0.999})
        move(session, SETUP, deployment, place, "recalibrated")

    before = ward.findings(ward.execute(runtimes, run))
    after = ward.findings(ward.execute(runtimes, ward.plan(GREY)))

    assert (before["pneumonia"].threshold, before["pneumonia"].flagged) == (0.001, True)
    assert (after["pneumonia"].threshold, after["pneumonia"].flagged) == (0.999, False)


def test_a_result_that_nobody_could_file_is_on_record_and_the_run_stands(
    ward: Ward, runtimes: Runtimes
) -> None:
    connect_pacs(ward)
    data = make_image_file(GREY, StudyInstanceUID="1.2.3")
    run = ward.plan(GREY, StudyInstanceUID="1.2.3")
    # What a sender does in the field: an identifier that no archive could match.
    altered = ward.parts.objects.put(data.replace(b"TEST-1", b"TES\x00\x05\\"))
    with ward.parts.database.write() as session:
        held = session.get_one(Run, run.id)
        held.inputs = [run.inputs[0] | {"digest": altered}]
        session.get_one(Instance, run.inputs[0]["instance_id"]).digest = altered

    ended = ward.execute(runtimes, run)

    assert ended.outcome is Outcome.SUCCEEDED
    assert rows(ward.parts, Delivery) == []
    with ward.parts.database.read() as session:
        events = audit.recent(session, before=None, subject=run.id, limit=1)
    assert events[0].tag == "inference:result:refuse"
    assert "TES" not in events[0].reason
