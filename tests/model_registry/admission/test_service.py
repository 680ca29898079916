"""Admission: each check with its verdict and evidence; broken packages are refused."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from factories import packages
from factories.identity import SETUP, create_organisation, create_person
from factories.runners import Computed
from factories.versions import LinearRunner, create_checked_version, create_version
from sqlmodel import select

from model_registry.admission import service
from model_registry.admission.checks import NAMES
from model_registry.admission.errors import AlreadyDecided
from model_registry.admission.models import AdmissionCheck
from model_registry.admission.runner import GoldenRunner, LoadedModel
from model_registry.packages.archive import ModelPackage
from model_registry.packages.arrays import Array
from model_registry.versions import service as versions
from model_registry.versions.errors import UnknownVersion
from model_registry.versions.models import VersionStatus
from vigil.kernel.db import Database
from vigil.kernel.errors import Unavailable
from vigil.kernel.events import Events
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore


def admitted(
    database: Database, objects: LocalObjectStore, runner: GoldenRunner, **options: Any
) -> tuple[VersionStatus, dict[str, AdmissionCheck]]:
    with database.write() as session:
        version = create_version(session, objects, **options)
        found = service.admit(session, SETUP, version=version, runner=runner, objects=objects)
    return version.status, {check.name: check for check in found}


class Giving:
    """A runner that gives the same whatever it is asked."""

    def __init__(self, **outputs: Array) -> None:
        self._outputs = outputs

    def load(self, package: ModelPackage, *, cases: int = 1) -> LoadedModel:
        return Computed(lambda _inputs: self._outputs)

    def prepare(self, package: ModelPackage, dicom: Sequence[bytes]) -> dict[str, Array]:
        return {}


def test_a_valid_package_passes_every_check(database: Database, objects: LocalObjectStore) -> None:
    status, checks = admitted(database, objects, LinearRunner())
    assert status is VersionStatus.CHECKED
    assert tuple(checks) == NAMES
    assert all(check.passed and check.evidence for check in checks.values())


@pytest.mark.parametrize(
    ("broken", "check", "evidence"),
    [
        (
            {"model_onnx": packages.onnx_model(output="probs").SerializeToString()},
            "interface",
            "manifest.yaml:output.0.name: the model has no output scores. Use: probs",
        ),
        (
            {"model_onnx": packages.onnx_model(classes=2).SerializeToString()},
            "interface",
            "findings.1.index: the output has 2. Use 0 to 1",
        ),
        (
            {"model_onnx": packages.external_model().SerializeToString()},
            "structure",
            "model.onnx:external_data: the tensor 'weights' is elsewhere. Save it",
        ),
        ({"wrong_golden": True}, "golden", "Case ramp, output scores: differs by 0.25, tolerance"),
        ({"card_yaml": b"summary_public: x"}, "documents", "card.yaml:intended_use"),
        ({"golden__image_npy": None}, "interface", "golden/image.npy is missing. Add the file"),
    ],
)
def test_a_broken_package_is_refused_with_field_and_remedy(
    sqlite: Database,
    objects: LocalObjectStore,
    broken: dict[str, Any],
    check: str,
    evidence: str,
) -> None:
    status, checks = admitted(sqlite, objects, LinearRunner(), **broken)
    assert status is VersionStatus.REFUSED
    assert not checks[check].passed
    assert evidence in checks[check].evidence


def test_a_model_that_gives_other_bits_each_time_is_refused(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    status, checks = admitted(sqlite, objects, LinearRunner(drift=1e-7))
    assert status is VersionStatus.REFUSED
    assert checks["golden"].passed
    assert "other bits" in checks["determinism"].evidence


@pytest.mark.parametrize(
    ("outputs", "evidence"),
    [
        ({}, "gave none"),
        ({"scores": np.zeros((1, 2))}, "shape (1, 2), expected (1, 3)"),
        ({"scores": np.full((1, 3), np.nan)}, "differs by nan"),
    ],
)
def test_outputs_that_cannot_be_compared_are_refused(
    sqlite: Database, objects: LocalObjectStore, outputs: dict[str, Any], evidence: str
) -> None:
    _, checks = admitted(sqlite, objects, Giving(**outputs))
    assert evidence in checks["golden"].evidence


def test_a_golden_case_may_be_dicom(sqlite: Database, objects: LocalObjectStore) -> None:
    expected = {"scores": packages.scores_of(packages.IMAGE).tolist()}
    case = {"name": "file", "input": "chest.dcm", "expected": expected, "tolerance": 1e-5}
    files = {
        "golden__cases_yaml": packages.yaml_bytes({"cases": [case]}),
        "golden__chest_dcm": bytes(128) + b"DICM",
    }
    status, _ = admitted(sqlite, objects, LinearRunner(), **files)
    assert status is VersionStatus.CHECKED


def test_an_installation_that_fails_does_not_refuse_the_version(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    class Away(Giving):
        def load(self, package: ModelPackage, *, cases: int = 1) -> LoadedModel:
            raise Unavailable("The runtime does not answer.")

    with sqlite.write() as session:
        version = create_version(session, objects)
        with pytest.raises(Unavailable):
            service.admit(session, SETUP, version=version, runner=Away(), objects=objects)
        assert version.status is VersionStatus.SUBMITTED


def test_a_second_admission_replaces_the_first(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        version = create_version(session, objects)
        for runner in (Giving(), LinearRunner()):
            service.admit(session, SETUP, version=version, runner=runner, objects=objects)
        assert len(service.checks(session, SETUP, version.id)) == len(NAMES)
        assert service.has_passed(session, SETUP, version.id)


def test_what_was_withdrawn_is_not_admitted(sqlite: Database, objects: LocalObjectStore) -> None:
    with sqlite.write() as session:
        version = create_version(session, objects)
        versions.withdraw(
            session, SETUP, version_id=version.id, reason="a fault was found", events=Events()
        )
        with pytest.raises(AlreadyDecided):
            service.keep(session, SETUP, version=version, verdicts=[])


def test_another_supplier_does_not_see_the_checks(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        version = create_checked_version(session, objects)
        create_organisation(session, "OTHER", OrganisationKind.SUPPLIER)
        other = create_person(session, "OTHER", Role.SUPPLIER)
        with pytest.raises(UnknownVersion):
            service.checks(session, other, version.id)


def test_checks_are_told_in_the_order_in_which_they_are_asked(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        version = create_checked_version(session, objects)
        kept = session.exec(select(AdmissionCheck)).all()
        # Ids of one instant are in no order.
        for number, check in enumerate(sorted(kept, key=lambda one: one.name)):
            session.delete(check)
            session.flush()
            session.add(AdmissionCheck(**(check.model_dump() | {"id": f"adm_{number:02}"})))
        session.flush()
        told = [check.name for check in service.checks(session, SETUP, version.id)]
    assert told == list(NAMES)
