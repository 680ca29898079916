"""The queue's task `versions.admit`: examine a version in a worker, never in the web process."""

from dataclasses import asdict, dataclass
from typing import Any

from model_registry.admission import service as admission
from model_registry.admission.runner import GoldenRunner
from model_registry.admission.verdict import Verdict
from model_registry.keys.service import known_keys
from model_registry.plans import service as plans
from model_registry.versions import service as versions
from model_registry.versions.models import VersionStatus
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.errors import StepFailed
from vigil.kernel.engine.queue import Steps
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

_ADMISSION = system_actor("admission")


@dataclass(frozen=True)
class VersionTasks:
    """The tasks of this noun, with what they need."""

    parts: Parts
    runner: GoldenRunner

    def admit(self, steps: Steps, version_id: str) -> None:
        """Examine a version and keep what was found, also that it could not be examined."""
        try:
            verdicts = steps.run("examine", self._examine, version_id)
        except StepFailed as error:
            evidence = f"not completed after {error.attempts} attempts: {error.cause}"
            verdicts = [asdict(Verdict("examination", passed=False, evidence=evidence, seconds=0))]
        steps.transact("keep", _keep, version_id, verdicts)
        plan = steps.run("read plan", self._read_plan, version_id)
        if plan is not None:
            steps.transact("keep plan", _keep_plan, version_id, plan)

    def _examine(self, version_id: str) -> list[dict[str, Any]]:
        with self.parts.database.read() as session:
            version = versions.version(session, _ADMISSION, version_id)
            keys = known_keys(session, version.organisation_id)
        verdicts = admission.examine(
            digest=version.digest, runner=self.runner, objects=self.parts.objects, keys=keys
        )
        return [asdict(verdict) for verdict in verdicts]

    def _read_plan(self, version_id: str) -> dict[str, Any] | None:
        with self.parts.database.read() as session:
            version = versions.version(session, _ADMISSION, version_id)
            if version.status is not VersionStatus.CHECKED:
                return None
            return plans.read(session, self.parts.objects, version)


def _keep(session: WriteSession, version_id: str, verdicts: list[dict[str, Any]]) -> None:
    version = versions.version(session, _ADMISSION, version_id)
    admission.keep(
        session,
        _ADMISSION,
        version=version,
        verdicts=[Verdict.from_json(verdict) for verdict in verdicts],
    )


def _keep_plan(session: WriteSession, version_id: str, plan: dict[str, Any]) -> None:
    version = versions.version(session, _ADMISSION, version_id)
    plans.keep(session, _ADMISSION, version=version, read=plan, reason="its checks passed")
