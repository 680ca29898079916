"""The queue's task `submissions.rehearse`: test a draft's package in a worker."""

from dataclasses import asdict, dataclass
from typing import Any

from model_registry.admission.runner import GoldenRunner
from model_registry.admission.verdict import Verdict
from model_registry.keys import service as keys
from model_registry.submissions import rehearsal, uploads
from model_registry.submissions.folder import UploadFolder
from model_registry.submissions.settings import settings_of
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.errors import StepFailed
from vigil.kernel.engine.queue import Steps
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

_TESTER = system_actor("test run")


@dataclass(frozen=True)
class SubmissionTasks:
    """The tasks of this noun, with what they need."""

    parts: Parts
    runner: GoldenRunner

    def rehearse(self, steps: Steps, upload_id: str) -> None:
        """Test a package and keep what was found, also that it could not be tested."""
        try:
            verdicts = steps.run("rehearse", self._rehearse, upload_id)
        except StepFailed as error:
            evidence = f"not completed after {error.attempts} attempts: {error.cause}"
            verdicts = [asdict(Verdict("examination", passed=False, evidence=evidence, seconds=0))]
        steps.transact("keep", _keep, upload_id, verdicts)

    def _rehearse(self, upload_id: str) -> list[dict[str, Any]]:
        with self.parts.database.read() as session:
            upload = uploads.upload(session, _TESTER, upload_id)
            known = keys.known_keys(session, upload.organisation_id)
        archive = UploadFolder(settings_of(self.parts.settings).uploads).read(upload_id)
        verdicts = rehearsal.rehearse(archive, runner=self.runner, keys=known)
        return [asdict(verdict) for verdict in verdicts]


def _keep(session: WriteSession, upload_id: str, verdicts: list[dict[str, Any]]) -> None:
    rehearsal.keep(session, _TESTER, upload_id=upload_id, verdicts=verdicts)
