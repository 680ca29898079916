"""The admission task: examined outside a transaction, kept within one."""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from factories.identity import SETUP
from factories.versions import LinearRunner, create_version

from model_registry.admission import service as admission
from model_registry.admission.runner import LoadedModel
from model_registry.packages.archive import ModelPackage
from model_registry.packages.arrays import Array
from model_registry.versions import service
from model_registry.versions.models import VersionStatus
from model_registry.versions.tasks import VersionTasks
from vigil.kernel.db import Database
from vigil.kernel.engine.errors import StepFailed
from vigil.kernel.parts import Parts

Outcome = TypeVar("Outcome")


class StepsAtOnce:
    """Does each step at once; outcomes go through JSON as they would in the engine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run(
        self,
        name: str,
        step: Callable[..., Outcome],
        *arguments: Any,
        attempts: int = 3,
        interval: float = 1.0,
    ) -> Outcome:
        try:
            outcome: Outcome = json.loads(json.dumps(step(*arguments)))
        except ArithmeticError as error:
            raise StepFailed(name, type(error).__name__, attempts) from error
        return outcome

    def transact(
        self,
        name: str,
        step: Callable[..., Outcome],
        *arguments: Any,
        attempts: int = 5,
        interval: float = 0.2,
    ) -> Outcome:
        with self._database.write() as session:
            return step(session, *arguments)


class BrokenRunner:
    def load(self, package: ModelPackage, *, cases: int = 1) -> LoadedModel:
        raise ZeroDivisionError

    def prepare(self, package: ModelPackage, dicom: Sequence[bytes]) -> dict[str, Array]:
        raise ZeroDivisionError


def test_a_good_version_becomes_checked(parts: Parts) -> None:
    with parts.database.write() as session:
        version = create_version(session, parts.objects)
    VersionTasks(parts, LinearRunner()).admit(StepsAtOnce(parts.database), version.id)
    with parts.database.read() as session:
        assert service.version(session, SETUP, version.id).status is VersionStatus.CHECKED
        assert admission.has_passed(session, SETUP, version.id)


def test_an_examination_that_breaks_down_is_said_and_can_be_repeated(parts: Parts) -> None:
    with parts.database.write() as session:
        version = create_version(session, parts.objects)
    steps = StepsAtOnce(parts.database)
    VersionTasks(parts, BrokenRunner()).admit(steps, version.id)
    with parts.database.read() as session:
        (check,) = admission.checks(session, SETUP, version.id)
        assert service.version(session, SETUP, version.id).status is VersionStatus.REFUSED
    assert check.evidence == "not completed after 3 attempts: ZeroDivisionError"
    VersionTasks(parts, LinearRunner()).admit(steps, version.id)
    with parts.database.read() as session:
        assert service.version(session, SETUP, version.id).status is VersionStatus.CHECKED
