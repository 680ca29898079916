"""A past run, done again from its pins."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from factories.identity import SETUP, create_person, create_site
from factories.wards import Ward, blinding_model, make_image_file, open_ward
from sqlmodel import select

from inference.runs.analysis import Analyst
from inference.runs.errors import NotReplayable, UnknownRun
from inference.runs.models import Outcome, Run
from inference.runs.replay import Replay, replay
from inference.runtime.outputs import from_bytes, to_bytes
from inference.runtime.pool import Runtimes
from inference.runtime.settings import RuntimeSettings
from inference.studies.models import Instance
from model_registry.deployments import service as deployments
from vigil.kernel.audit import repository as audit
from vigil.kernel.errors import Forbidden
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

REASON = "an auditor asked"


@pytest.fixture
def run(ward: Ward, runtimes: Runtimes) -> Run:
    return ward.execute(runtimes, ward.plan())


@pytest.fixture
def others() -> Iterator[Runtimes]:
    """The model processes of another worker, or of this one after a restart."""
    pool = Runtimes(RuntimeSettings())
    yield pool
    pool.close()


def again(ward: Ward, runtimes: Runtimes, run: Run, actor: Actor = SETUP) -> Replay:
    return replay(ward.parts, actor, Analyst(ward.parts.objects, runtimes), run.id, REASON)


def tamper(ward: Ward, run: Run, **changes: object) -> None:
    with ward.parts.database.write() as session:
        kept = session.get_one(Run, run.id)
        for name, value in changes.items():
            setattr(kept, name, value)
        session.add(kept)


def test_a_replay_is_bit_identical(ward: Ward, run: Run, others: Runtimes) -> None:
    found = again(ward, others, run)

    assert found == Replay(run.id, identical=True, largest_difference=0.0, same_runtime=True)


def test_a_replay_is_audited_and_changes_nothing_else(
    ward: Ward, run: Run, runtimes: Runtimes
) -> None:
    before = ward.findings(run)

    again(ward, runtimes, run)

    with ward.parts.database.read() as session:
        event = audit.recent(session, before=None, subject=run.id, limit=1)[0]
        assert len(session.exec(select(Run)).all()) == 1
    assert (event.tag, event.reason) == ("inference:run:replay", REASON)
    assert event.detail == {"identical": True}
    assert (ward.run(run.id), ward.findings(run)) == (run, before)


def test_outputs_that_were_tampered_with_are_found(
    ward: Ward, run: Run, runtimes: Runtimes
) -> None:
    assert run.outputs_digest is not None
    kept = from_bytes(ward.parts.objects.get(run.outputs_digest))
    changed = {name: array + np.float32(0.25) for name, array in kept.items()}
    tamper(ward, run, outputs_digest=ward.parts.objects.put(to_bytes(changed)))

    found = again(ward, runtimes, run)

    assert not found.identical
    assert found.largest_difference == pytest.approx(0.25, abs=1e-6)
    with ward.parts.database.read() as session:
        event = audit.recent(session, before=None, subject=run.id, limit=1)[0]
    assert event.detail == {"identical": False}


@pytest.mark.parametrize("shape", [(1, 2), (3,), ()])
def test_outputs_of_another_shape_are_infinitely_far(
    ward: Ward, run: Run, runtimes: Runtimes, shape: tuple[int, ...]
) -> None:
    name = f"{run.inputs[0]['sop_instance_uid']}/scores"
    other = {name: np.zeros(shape, np.float32)}
    tamper(ward, run, outputs_digest=ward.parts.objects.put(to_bytes(other)))

    found = again(ward, runtimes, run)

    assert (found.identical, found.largest_difference) == (False, float("inf"))


def test_other_input_bytes_give_other_outputs(ward: Ward, run: Run, runtimes: Runtimes) -> None:
    other = ward.parts.objects.put(make_image_file(60_000))
    tamper(ward, run, inputs=[run.inputs[0] | {"digest": other}])

    found = again(ward, runtimes, run)

    assert not found.identical
    assert found.largest_difference > 0.01


def test_another_runtime_is_named(ward: Ward, run: Run, runtimes: Runtimes) -> None:
    tamper(ward, run, runtime=run.runtime | {"onnxruntime": "0.0.1"})

    found = again(ward, runtimes, run)

    assert found.identical
    assert not found.same_runtime


def test_later_arrivals_and_changes_of_the_deployment_do_not_disturb_it(
    ward: Ward, run: Run, runtimes: Runtimes
) -> None:
    with ward.parts.database.write() as session:
        deployments.fall_back(session, SETUP, deployment_id=ward.deployment.id, reason="stop")
        instance = session.exec(select(Instance)).first()
        assert instance is not None
        uid = instance.series_instance_uid
    ward.receive(60_000, SeriesInstanceUID=uid)

    assert again(ward, runtimes, run).identical


@pytest.mark.parametrize("elements", [{"Modality": "CT"}, {"SamplesPerPixel": 2}])
def test_a_run_that_never_had_an_output_cannot_be_replayed(
    ward: Ward, runtimes: Runtimes, elements: dict[str, Any]
) -> None:
    run = ward.execute(runtimes, ward.plan(**elements))
    assert run.outcome in {Outcome.SKIPPED, Outcome.FAILED}

    with pytest.raises(NotReplayable, match=str(run.outcome)):
        again(ward, runtimes, run)


def test_a_replay_that_fails_now_says_so_as_a_difference(
    ward: Ward, run: Run, runtimes: Runtimes
) -> None:
    broken = ward.parts.objects.put(make_image_file(SamplesPerPixel=2))
    tamper(ward, run, inputs=[run.inputs[0] | {"digest": broken}])

    found = again(ward, runtimes, run)

    assert (found.identical, found.largest_difference) == (False, float("inf"))


def test_only_those_of_the_site_who_may_replay(ward: Ward, run: Run, runtimes: Runtimes) -> None:
    with ward.parts.database.write() as session:
        create_site(session, "RYY01")
        officer = create_person(session, "RXX", Role.CSO)
        reader = create_person(session, "RXX", Role.READER)
        stranger = create_person(session, "RYY", Role.CSO)

    assert again(ward, runtimes, run, officer).identical
    with pytest.raises(Forbidden):
        again(ward, runtimes, run, reader)
    with pytest.raises(UnknownRun):
        again(ward, runtimes, run, stranger)


def test_a_run_whose_outputs_were_no_numbers_is_reproduced_too(
    parts: Parts, runtimes: Runtimes
) -> None:
    ward = open_ward(parts, model_onnx=blinding_model())
    run = ward.execute(runtimes, ward.plan(0))
    assert run.outcome is Outcome.NO_RESULT

    assert again(ward, runtimes, run) == Replay(run.id, True, 0.0, True)


def test_a_number_is_infinitely_far_from_what_is_none(
    ward: Ward, run: Run, runtimes: Runtimes
) -> None:
    name = f"{run.inputs[0]['sop_instance_uid']}/scores"
    nothing = {name: np.full((1, 3), np.nan, np.float32)}
    tamper(ward, run, outputs_digest=ward.parts.objects.put(to_bytes(nothing)))

    found = again(ward, runtimes, run)

    assert (found.identical, found.largest_difference) == (False, float("inf"))
