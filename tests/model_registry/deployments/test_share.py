from datetime import UTC, datetime

import pytest

from model_registry.deployments.models import Deployment, Mode
from model_registry.deployments.share import in_canary
from vigil.kernel.keys import Keys

PATIENTS = [f"patient {number}" for number in range(4000)]


def _canary(share: int, name: str = "dep_one") -> Deployment:
    return Deployment(
        id=name,
        model_id="mdl",
        version_id="ver",
        site_id="site",
        mode=Mode.CANARY,
        share=share,
        revision=1,
        thresholds={},
        created_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


def _included(keys: Keys, canary: Deployment) -> set[str]:
    return {patient for patient in PATIENTS if in_canary(keys, patient, canary)}


@pytest.mark.parametrize("share", [1, 20, 75, 99])
def test_about_the_share_of_patients_is_included(keys: Keys, share: int) -> None:
    included = len(_included(keys, _canary(share))) / len(PATIENTS) * 100
    # Four standard errors of a proportion over 4000 patients are at most 3.2 points.
    assert included == pytest.approx(share, abs=3.2)


def test_a_patient_stays_included_when_the_share_grows(keys: Keys) -> None:
    assert _included(keys, _canary(5)) < _included(keys, _canary(20))


def test_the_next_canary_falls_on_other_patients(keys: Keys) -> None:
    first, second = (_included(keys, _canary(10, name)) for name in ("dep_one", "dep_two"))
    assert len(first & second) < len(first) / 2


def test_at_its_ends_a_share_is_nobody_or_everybody(keys: Keys) -> None:
    assert _included(keys, _canary(0)) == set()
    assert _included(keys, _canary(100)) == set(PATIENTS)


def test_who_is_included_is_the_same_at_every_study_and_after_every_restart(keys: Keys) -> None:
    again = Keys(keys.master)
    assert _included(keys, _canary(20)) == _included(again, _canary(20))
    assert _included(keys, _canary(20)) != _included(Keys(b"else" * 8), _canary(20))
