import pytest
from factories.safety import create_cast, create_version

from model_registry.safety.configuration import (
    check_thresholds,
    configuration_digest,
    effective_thresholds,
)
from model_registry.safety.errors import BadThresholds
from vigil.kernel.db import Database


def test_a_site_without_thresholds_of_its_own_takes_the_suppliers(sqlite: Database) -> None:
    with sqlite.write() as session:
        version = create_version(session, create_cast(session))

    assert effective_thresholds(version, {}) == {"pneumonia": 0.5, "effusion": 0.6}
    assert effective_thresholds(version, {"effusion": 0.7})["effusion"] == 0.7


def test_naming_the_suppliers_own_threshold_is_the_same_configuration(sqlite: Database) -> None:
    with sqlite.write() as session:
        version = create_version(session, create_cast(session))

    assert configuration_digest(version, {"pneumonia": 0.5}) == configuration_digest(version, {})


def test_another_threshold_version_or_preprocessing_is_another_configuration(
    sqlite: Database,
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version, next_version = (create_version(session, cast, v) for v in ("1.0.0", "1.0.1"))
    plain = configuration_digest(version, {})
    prepared = version.model_copy(update={"preprocessing_digest": "0" * 64})

    others = {
        configuration_digest(version, {"pneumonia": 0.51}),
        configuration_digest(next_version, {}),
        configuration_digest(prepared, {}),
    }
    assert len(others | {plain}) == 4


@pytest.mark.parametrize(
    "thresholds",
    [{"fracture": 0.5}, {"pneumonia": 0.0}, {"pneumonia": 1.0}, {"pneumonia": float("nan")}],
)
def test_a_threshold_that_does_not_fit_the_model_is_refused(
    sqlite: Database, thresholds: dict[str, float]
) -> None:
    with sqlite.write() as session:
        version = create_version(session, create_cast(session))

    with pytest.raises(BadThresholds) as caught:
        check_thresholds(version, thresholds)
    assert caught.value.faults[0].field == f"thresholds.{next(iter(thresholds))}"
