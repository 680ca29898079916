"""The queue's task `versions.admit`: examine a version in a worker, never in the web process."""

from dataclasses import asdict, dataclass
from typing import Any

from model_registry.admission import service as admission
from model_registry.admission.checks import Verdict
from model_registry.admission.runner import GoldenRunner
from model_registry.versions import service as versions
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

    def _examine(self, version_id: str) -> list[dict[str, Any]]:
        with self.parts.database.read() as session:
            digest = versions.version(session, _ADMISSION, version_id).digest
        verdicts = admission.examine(digest=digest, runner=self.runner, objects=self.parts.objects)
        return [asdict(verdict) for verdict in verdicts]


def _keep(session: WriteSession, version_id: str, verdicts: list[dict[str, Any]]) -> None:
    version = versions.version(session, _ADMISSION, version_id)
    admission.keep(
        session,
        _ADMISSION,
        version=version,
        verdicts=[Verdict(**verdict) for verdict in verdicts],
    )
