import pytest

from model_registry.deployments.errors import NoSuchWay
from model_registry.deployments.models import Mode
from model_registry.deployments.transitions import TRANSITIONS, Evidence, People, transition


def test_every_way_to_a_patient_takes_all_the_evidence_and_two_people() -> None:
    for step in TRANSITIONS:
        if step.after in {Mode.CANARY, Mode.LIVE}:
            assert step.evidence is Evidence.ALL
            assert step.people is People.MANAGER_AND_OFFICER


def test_every_running_deployment_can_be_suspended_by_anybody_at_once() -> None:
    for mode in (Mode.SHADOW, Mode.CANARY, Mode.LIVE):
        step = transition(mode, Mode.SUSPENDED)
        assert step.is_towards_safety
        assert step.evidence is Evidence.NONE


def test_nothing_but_shadow_and_suspended_is_ever_towards_safety() -> None:
    safe = {(step.before, step.after) for step in TRANSITIONS if step.is_towards_safety}
    assert {after for _, after in safe} == {Mode.SHADOW, Mode.SUSPENDED}
    assert (Mode.SUSPENDED, Mode.SHADOW) not in safe


def test_no_version_begins_with_patients() -> None:
    for mode in (Mode.CANARY, Mode.LIVE):
        with pytest.raises(NoSuchWay):
            transition(None, mode)


def test_what_is_retired_comes_back_only_as_the_one_that_was_live() -> None:
    ways = {step.after for step in TRANSITIONS if step.before is Mode.RETIRED}
    assert ways == {Mode.LIVE}
